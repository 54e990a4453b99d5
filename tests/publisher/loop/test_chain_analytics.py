"""Snapshots are counted under MarketSwarm's names, whatever publishes them, and never at the cost of publishing."""

import logging
import time
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest
from redis.asyncio import Redis

from chain.clock import Clock, ManualClock
from chain.model.keys import ChainId, KeySchema
from chain.redis.connect.connection import RedisTarget
from publisher.loop.publisher import Publisher
from publisher.source import ChainWindow, SourceError, Survey
from tests.support.builders import GOLDEN_STRIKES, ScriptedSource, expiries
from tests.support.contexts import context_of
from tests.support.fault_proxy import Command, Fate, FaultProxy, deliver
from tests.support.servers import HOST, Servers

DATES = expiries(3)
KEY = KeySchema().chain_analytics()


@dataclass(slots=True)
class SlowSource(ScriptedSource):
    """A source whose every window takes a quarter of a second of a manual clock."""

    by: ManualClock = field(default_factory=lambda: ManualClock(time.time_ns()))

    async def fetch_window(self, survey: Survey, expiry: date) -> ChainWindow:
        self.by.mono += 0.25
        return await ScriptedSource.fetch_window(self, survey, expiry)


async def counted(redis: Redis, key: str = KEY) -> dict[str, float]:
    found: dict[bytes, bytes] = await redis.hgetall(key)  # type: ignore[assignment]
    return {name.decode(): float(value) for name, value in found.items()}


def publisher_of(redis: Redis, source: ScriptedSource, clock: Clock) -> Publisher:
    return Publisher(redis, source, context_of(clock))


def go_on(clock: ManualClock, seconds: float) -> None:
    """Let time pass, but by Redis's own clock, from which no snapshot may lie in the future, next to none."""
    clock.mono += seconds
    clock.wall += 5_000_000


async def test_the_hash_has_the_documented_fields_and_goes_on_from_what_stands_there(redis: Redis) -> None:
    clock = ManualClock(time.time_ns())
    source = SlowSource({"SPX": DATES}, in_memory=True, by=clock)
    await redis.hset(KEY, mapping={"total_snapshots": 100, "runs": 7})
    await publisher_of(redis, source, clock).cycle()
    first = clock.wall_ns() / 1e9
    assert await counted(redis) == {
        "total_snapshots": 103,
        "total_contracts": 3 * 2 * len(GOLDEN_STRIKES),
        "total_fetch_latency_ms": 750,
        "last_snapshot_ts": first,
        "publish_success": 3,
        "publish_failures": 0,
        "sla_violations": 0,
        "runs": 7,
    }


async def test_what_failed_is_counted_as_failed_and_its_time_is_not(redis: Redis) -> None:
    clock = ManualClock(time.time_ns())
    source = SlowSource({"SPX": DATES}, in_memory=True, by=clock)
    source.window_faults[ChainId("SPX", DATES[1])] = SourceError("withheld")
    await publisher_of(redis, source, clock).cycle()
    found = await counted(redis)
    assert (found["publish_success"], found["publish_failures"], found["total_fetch_latency_ms"]) == (2, 1, 500)


@pytest.mark.parametrize(("over_s", "late"), [(0.0, 0), (0.001, 3)])
async def test_a_snapshot_that_lets_the_one_before_age_beyond_the_warning_limit_is_a_violation(
    redis: Redis, over_s: float, late: int
) -> None:
    clock = ManualClock(time.time_ns(), mono=1_000.0)
    publisher = publisher_of(redis, ScriptedSource({"SPX": DATES}, in_memory=True, clock=clock), clock)
    await publisher.cycle()
    go_on(clock, 22.0 + over_s)  # warned beyond two intervals and two seconds
    await publisher.cycle()
    assert (await counted(redis))["sla_violations"] == late


async def test_counts_that_redis_did_not_take_are_added_the_next_time(
    redis: Redis, redis_url: str, short_dir: Path
) -> None:
    async def no_counts(command: Command) -> Fate:
        return Fate.CUT if command[0].upper() == b"HINCRBY" else Fate.DELIVER

    clock = ManualClock(time.time_ns())
    async with FaultProxy(redis_url, short_dir) as proxy, RedisTarget(proxy.url).connect() as through:
        publisher = publisher_of(through, ScriptedSource({"SPX": DATES}, in_memory=True), clock)
        proxy.rule = no_counts
        assert (await publisher.cycle()).whole
        assert not await redis.exists(KEY)
        proxy.rule = deliver
        go_on(clock, 10.0)
        assert (await publisher.cycle()).whole
    assert (await counted(redis))["total_snapshots"] == 6


async def test_without_the_right_to_count_all_is_published_and_it_is_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with Servers() as servers:
        server = servers.alone()
        rights = ["~*", "&*", "+@all", "-hincrby", "-hincrbyfloat", "-hset"]
        server.admin.execute_command("ACL", "SETUSER", "poor", "reset", "on", ">pw", *rights)
        async with RedisTarget(f"redis://poor:pw@{HOST}:{server.port}").connect() as redis:
            clock = ManualClock(time.time_ns())
            publisher = publisher_of(redis, ScriptedSource({"SPX": DATES}, in_memory=True), clock)
            with caplog.at_level(logging.WARNING):
                for _ in range(3):
                    assert (await publisher.cycle()).whole
                    go_on(clock, 10.0)
    assert caplog.messages == [f"snapshots are not counted in {KEY}: this Redis user has no right to run HINCRBY"]


async def test_a_key_of_another_type_keeps_nobody_from_publishing(
    redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    await redis.set(KEY, "text", px=60_000)
    publisher = publisher_of(redis, ScriptedSource({"SPX": DATES}, in_memory=True), ManualClock(time.time_ns()))
    assert (await publisher.cycle()).whole
    assert any(line.startswith(f"snapshots are not counted in {KEY}: ") for line in caplog.messages)
