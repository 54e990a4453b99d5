"""A reader that also passes its answers to a recorder, without being slowed or stopped by it."""

from collections.abc import Callable

from chain.model.keys import KeySchema
from chain.monitor.watch.port import Answer, Request, SnapshotReader
from chain.supervisor import Part


class RecordingReader:
    """Wraps a reader; `offer` gets each answer, and must neither wait nor raise."""

    def __init__(self, inner: SnapshotReader, offer: Callable[[Request, Answer], object]) -> None:
        self._inner = inner
        self._offer = offer

    @property
    def keys(self) -> KeySchema:
        """The keys of the wrapped reader."""
        return self._inner.keys

    async def ask(self, request: Request) -> Answer:
        """Return the wrapped reader's answer."""
        answer = await self._inner.ask(request)
        self._offer(request, answer)
        return answer

    async def search(self, within_s: float) -> bool:
        """Let the wrapped reader search."""
        return await self._inner.search(within_s)

    def parts(self) -> tuple[Part, ...]:
        """Return the parts of the wrapped reader."""
        return self._inner.parts()
