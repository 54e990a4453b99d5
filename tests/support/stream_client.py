"""A client of the vendor's stream in a test: read all the time, on any clock, against a fake on a real socket."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from chain.clock import Clock, ManualClock, SystemClock
from chain.pipeline.frame import ReceivedFrame
from publisher.massive.stream.backoff import Backoff
from publisher.massive.stream.massive_stream import MassiveStream
from publisher.massive.stream.session import Session
from publisher.stream.source import StreamState
from tests.fake_massive.stream import FakeStream
from tests.support.builders import golden_snapshot
from tests.support.waiting import wait_until_async

KEY = "demo"
NAMES = [item["details"]["ticker"] for item in golden_snapshot().contracts]
TOPICS = {f"{kind}{name}" for kind in ("Q.", "T.") for name in NAMES}


@dataclass
class Client:
    """A stream that is read all the time, and what it handed on."""

    stream: MassiveStream
    clock: Clock
    frames: list[ReceivedFrame] = field(default_factory=list)

    async def until(self, what: str, settled: Callable[[], object]) -> None:
        """Wait until something is so."""
        await wait_until_async(settled, what=what)

    async def subscribed(self, fake: FakeStream, topics: set[str] = TOPICS) -> None:
        """Wait until both sides hold all that is wanted."""
        await self.until("subscriptions", lambda: fake.held == topics and self.stream.topics == topics)

    async def read(self) -> None:
        """Read until cancelled."""
        async for frame in self.stream.frames():
            self.frames.append(frame)


@asynccontextmanager
async def client_of(
    fake: FakeStream, clock: Clock | None = None, *, key: str = KEY, delayed: FakeStream | None = None, **how: Any
) -> AsyncIterator[Client]:
    """Give a client that wants the golden snapshot's contracts; what its stream raises is raised after."""
    clock = clock or SystemClock()
    session = Session(can_be_delayed=delayed is not None, backoff=Backoff(lambda: 0.0))
    stream = MassiveStream(key, clock, session, url=fake.url, delayed_url=delayed.url if delayed else "", **how)
    stream.on_published([golden_snapshot()])
    client = Client(stream, clock)
    reading = asyncio.ensure_future(client.read())
    try:
        yield client
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        if not reading.cancelled():
            reading.result()


async def advance_until(client: Client, what: str, settled: Callable[[], object], most_s: float = 3_600.0) -> float:
    """Move the client's clock a second at a time until something is so; return how many seconds it took."""
    assert isinstance(client.clock, ManualClock)
    for passed in range(round(most_s)):
        for _ in range(8):
            if settled():
                return passed
            await asyncio.sleep(0.001)
        client.clock.advance(1.0)
    raise AssertionError(f"{what} is not so within {most_s:g} s of the clock")


async def waiting(client: Client) -> str:
    """Wait until the client waits to connect again; return why."""
    await client.until("back-off", lambda: client.stream.status().state is StreamState.WAITING)
    return client.stream.status().error


async def drained(frames: AsyncIterator[ReceivedFrame]) -> None:
    """Read frames to their end."""
    async for _ in frames:
        pass
