"""A source of stream frames on a script, and a stream in Redis as any program reads it."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis

from chain.model.keys import KeySchema
from chain.model.snapshot import Snapshot
from chain.pipeline.events import Quote, StreamEvent, Trade
from chain.pipeline.frame import ReceivedFrame, encode_frame
from publisher.stream.source import StreamState, StreamStatus

TICKER = "O:SPXW260102C06930000"


def trade(ts_ms: int, price: float = 7.7, *, ticker: str = TICKER, seq: int = 1) -> Trade:
    """Return a trade of one contract."""
    return Trade(ticker, price, 1.0, ts_ms, seq)


def quote(ts_ms: int, bid: float = 7.6, ask: float = 7.9, *, ticker: str = TICKER, seq: int = 1) -> Quote:
    """Return a quote of five by six contracts."""
    return Quote(ticker, bid, ask, 5.0, 6.0, ts_ms, seq)


def frame(ts: float, *events: StreamEvent) -> ReceivedFrame:
    """Return a frame received at `ts`, epoch seconds; of one trade where no events are given."""
    held = events or (trade(round(ts * 1000)),)
    return ReceivedFrame(ts, encode_frame(held), len(held))


@dataclass(slots=True)
class ScriptedStream:
    """A source that yields what is put into it; an exception put into it is raised."""

    topics: frozenset[str] = frozenset()
    waiting: "asyncio.Queue[ReceivedFrame | Exception]" = field(default_factory=asyncio.Queue)
    opened: int = 0  # how often
    open: bool = False
    published: list[Snapshot] = field(default_factory=list)

    def status(self) -> StreamStatus:
        return StreamStatus(state=StreamState.STREAMING, subscriptions=len(self.topics), left_out=3)

    def on_published(self, snapshots: Sequence[Snapshot]) -> None:
        self.published.extend(snapshots)

    def put(self, frames: Iterable[ReceivedFrame | Exception]) -> None:
        """Let these be the next to come."""
        for each in frames:
            self.waiting.put_nowait(each)

    async def frames(self) -> AsyncGenerator[ReceivedFrame, None]:
        self.opened += 1
        self.open = True
        try:
            while True:
                each = await self.waiting.get()
                if isinstance(each, Exception):
                    raise each
                yield each
        finally:
            self.open = False


async def entries(redis: Redis, keys: KeySchema | None = None) -> list[dict[bytes, bytes]]:
    """Return the fields of every entry of the stream, oldest first."""
    found: Any = await redis.xrange((keys or KeySchema()).stream())
    return [fields for _, fields in found]


async def counts(redis: Redis, keys: KeySchema | None = None) -> dict[str, str]:
    """Return the hash beside the stream."""
    found: dict[Any, Any] = await redis.hgetall((keys or KeySchema()).stream_analytics())
    return {name.decode(): value.decode() for name, value in found.items()}
