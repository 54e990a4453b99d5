"""A while of publishing and watching on a real Redis, on a clock moved by hand: seconds of real time, and exact."""

import asyncio
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis

from chain.clock import Instant, ManualClock
from chain.monitor.board import Board
from chain.monitor.evaluate.signals import evaluate
from chain.monitor.states import State
from chain.redis.connect.connection import RedisTarget
from chain.tasks import end
from chaindeck.config.file import resolve
from chaindeck.config.redis_location import RedisLocation
from chaindeck.engine.compose import publishing_services
from tests.support.builders import ScriptedSource
from tests.support.contexts import context_for

INTERVAL_S = 10
DAY = datetime.now(UTC).date() + timedelta(days=7)
CHAINS = 2

pytestmark = pytest.mark.slow


def is_idle(redis: Redis) -> bool:
    """Return whether no connection of a client is in use."""
    _, (used, _) = redis.connection_pool.get_connection_count()
    return used == 0


@pytest.mark.parametrize("seconds", [900, pytest.param(3_600, marks=pytest.mark.hostile)])
async def test_a_while_has_exactly_its_cycles_and_polls(redis: Redis, redis_url: str, seconds: int) -> None:
    # It ends in the present: Redis refuses a stamp ahead of its own clock.
    clock = ManualClock(time.time_ns() - (seconds + 60) * 10**9)
    settings = resolve({"interval": str(INTERVAL_S), "expirations": "1", "stream": False}, environ={}).settings
    source = ScriptedSource({"SPX": (DAY,), "NDX": (DAY,)}, as_of=clock.wall / 1e9, in_memory=True)
    looks: list[float] = []
    states: Counter[State] = Counter()
    ages: list[float] = []

    def see(board: Board) -> None:
        looks.append(clock.mono)
        if clock.mono >= 1 and len(looks) % 10 == 0:
            for status in evaluate(board, Instant.now(clock)).statuses:
                states[status.state] += 1
                ages.append(status.age_s or 0.0)

    place = RedisLocation(RedisTarget(redis_url))
    async with publishing_services(place, source, settings, context_for(settings, clock)) as services:
        assert services.publishing is not None
        running = asyncio.ensure_future(services.run(see))
        ours = services.publishing.redis
        await clock.run(seconds - 0.5, settled=lambda: is_idle(ours))
        counters = services.publishing.publisher.heartbeat().chain.counters
        await end([running])
    cycles = seconds // INTERVAL_S
    exact = {"cycles": cycles, "published": cycles * CHAINS, "failed": 0, "refused_older": 0}
    assert {name: counters.get(name, 0) for name in (*exact, "skipped")} == {**exact, "skipped": 0}
    # After the eager beginning one look a second, none doubled and none left out.
    assert sum(at >= 1 for at in looks) == seconds - 1
    assert set(states) == {State.FRESH}
    assert max(ages) < INTERVAL_S
