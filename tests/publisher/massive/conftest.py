"""The live source at a desk: a fake vendor with a small chain, asked without the waits that spare the real one."""

from collections.abc import AsyncIterator, Iterator

import pytest
from redis.asyncio import Redis

from tests.fake_massive import FakeMassive
from tests.support.live_scene import Desk, desk, hurried, small_book


@pytest.fixture
def quick() -> Iterator[None]:
    """Ask and retry without waits."""
    with hurried():
        yield


@pytest.fixture
def fake() -> Iterator[FakeMassive]:
    """The vendor with one small chain of SPX."""
    with FakeMassive(small_book()) as server:
        yield server


@pytest.fixture
async def spx(fake: FakeMassive, redis: Redis) -> AsyncIterator[Desk]:
    """A desk that publishes that chain."""
    async with desk(fake, redis) as here:
        yield here
