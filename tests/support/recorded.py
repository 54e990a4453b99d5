"""Readers for tests: one that keeps what another answers, and one that answers again what was kept."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from chain.clock import ManualClock
from chain.model.keys import KeySchema
from chain.monitor.watch.port import Answer, Request, SnapshotReader
from chain.supervisor import Part

Exchange = tuple[Request, Answer]


class RecordingReader:
    """Another reader, whose answers are kept; `before` is awaited before each request."""

    def __init__(self, inner: SnapshotReader, before: Callable[[Request], Awaitable[object]] | None = None) -> None:
        self.kept: list[Exchange] = []
        self._inner = inner
        self._before = before

    @property
    def keys(self) -> KeySchema:
        return self._inner.keys

    async def ask(self, request: Request) -> Answer:
        if self._before is not None:
            await self._before(request)
        answer = await self._inner.ask(request)
        self.kept.append((request, answer))
        return answer

    async def search(self, within_s: float) -> bool:
        return await self._inner.search(within_s)

    def parts(self) -> tuple[Part, ...]:
        return self._inner.parts()


class PlaybackReader:
    """Answers what was answered then, and holds that the same was asked; after the last answer, nothing."""

    def __init__(self, kept: Sequence[Exchange], keys: KeySchema, clock: ManualClock) -> None:
        self.keys = keys
        self._kept = iter(kept)
        self._clock = clock

    async def ask(self, request: Request) -> Answer:
        asked, answer = next(self._kept, (None, None))
        if answer is None:
            await asyncio.Event().wait()
            raise AssertionError
        assert request == asked
        return answer

    async def search(self, within_s: float) -> bool:
        return False

    def parts(self) -> tuple[Part, ...]:
        return ()
