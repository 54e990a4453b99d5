"""A reader whose answers are also handed to a recorder, which slows or ends nothing."""

from collections.abc import Callable

from chain.model.keys import KeySchema
from chain.monitor.watch.port import Answer, Request, SnapshotReader
from chain.supervisor import Part


class RecordingReader:
    """Passes another reader's answers through; `offer` hears each, and must neither wait nor raise."""

    def __init__(self, inner: SnapshotReader, offer: Callable[[Request, Answer], object]) -> None:
        self._inner = inner
        self._offer = offer

    @property
    def keys(self) -> KeySchema:
        """The keys of the reader behind."""
        return self._inner.keys

    async def ask(self, request: Request) -> Answer:
        """Return what the reader behind answers."""
        answer = await self._inner.ask(request)
        self._offer(request, answer)
        return answer

    async def search(self, within_s: float) -> bool:
        """Let the reader behind search."""
        return await self._inner.search(within_s)

    def parts(self) -> tuple[Part, ...]:
        """Return what runs beside the reader behind."""
        return self._inner.parts()
