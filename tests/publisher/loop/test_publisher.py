"""The publisher's loop: each expiry on its own, a cadence that never piles up, and a heartbeat that says what is so."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any, Literal

import orjson
import pytest
from redis.asyncio import Redis

from chain.clock import Clock, ManualClock
from chain.errors import RedisUnavailableError
from chain.model.keys import ChainId, KeySchema
from chain.model.snapshot import Snapshot, decode
from chain.redis.connect.connection import RedisTarget
from chain.redis.contract.publish.draft import PublishVerdict
from chain.redis.contract.publish.writer import snapshot_writer
from chain.redis.contract.store import Store
from chain.redis.server.embedded import EmbeddedServer
from chain.tasks import end
from chain.thresholds import Thresholds
from publisher.loop.publisher import Publisher
from publisher.source import SourceError
from tests.support.builders import (
    AS_OF,
    SPX,
    ScriptedSource,
    assert_contract_kept,
    contracts,
    eventually,
    expiries,
    held,
    items_in,
    small,
)
from tests.support.contexts import context_of
from tests.support.engines import running_parts
from tests.support.fault_proxy import Fate, FaultProxy, always

DATES = expiries(8)
INTERVAL_S = 0.05
QUICK = Thresholds(INTERVAL_S, 6.0)
BEAT = "mock_massive:heartbeat"


@pytest.fixture(autouse=True)
async def contract_kept(redis: Redis) -> AsyncIterator[None]:
    """After each test: every contract key has a deadline, and no pointer dangles."""
    yield
    await assert_contract_kept(redis)


def two_underlyings(**changes: Any) -> ScriptedSource:
    return ScriptedSource({"SPX": DATES, "NDX": DATES}, **changes)


def publisher_of(
    redis: Redis, source: ScriptedSource, clock: Clock | None = None, thresholds: Thresholds = QUICK, **options: Any
) -> Publisher:
    return Publisher(
        redis, source, context_of(clock, interval_s=thresholds.interval_s, ttl_s=thresholds.ttl_s), **options
    )


async def last_beat(redis: Redis) -> dict[str, Any]:
    raw = await redis.get(BEAT)
    return orjson.loads(raw) if raw else {}


async def chains_held(redis: Redis) -> set[ChainId]:
    return await Store(redis, KeySchema()).discover()


def chains_of(underlying: str, dates: tuple[date, ...] = DATES[:6]) -> set[ChainId]:
    return {ChainId(underlying, day) for day in dates}


# One cycle


async def test_a_cycle_publishes_the_next_six_expirations_of_every_underlying(redis: Redis) -> None:
    source, clock = two_underlyings(), ManualClock(time.time_ns())
    cycle = await publisher_of(redis, source, clock).cycle()
    assert cycle.whole
    assert {outcome.id.chain for outcome in cycle.outcomes} == chains_of("SPX") | chains_of("NDX")
    assert await chains_held(redis) == chains_of("SPX") | chains_of("NDX")
    for outcome in cycle.outcomes:
        assert outcome.id.ts_ms == clock.wall_ns() // 1_000_000
        found = await held(redis, outcome.id.chain)
        assert found is not None
        assert found.payload is not None
        snapshot = decode(found.payload, outcome.id)
        assert (snapshot.atm, snapshot.range_points) == (6930, 24)
        assert items_in(found.payload) == tuple(contracts(outcome.id.chain))
        assert snapshot.ts == clock.wall_ns() / 1e9


async def test_what_waits_for_the_first_underlying_has_its_moment_once_and_outside_the_cycles_time(
    redis: Redis,
) -> None:
    source, clock = two_underlyings(), ManualClock(time.time_ns())
    seen: list[set[ChainId]] = []

    async def look() -> None:
        seen.append(await chains_held(redis))
        clock.mono += 0.7

    publisher = publisher_of(redis, source, clock, after_first=look)
    cycles = [await publisher.cycle() for _ in range(2)]
    assert seen == [chains_of("SPX")]
    assert [(cycle.whole, cycle.wall_ms) for cycle in cycles] == [(True, 0.0)] * 2


async def test_who_listens_hears_of_what_is_in_redis_under_the_id_it_has_there_and_of_nothing_else(
    redis: Redis,
) -> None:
    heard: list[Snapshot] = []
    source, clock = two_underlyings(), ManualClock(time.time_ns())
    listening = publisher_of(redis, source, clock, on_published=heard.extend)
    taken = small(ChainId("SPX", DATES[0]), clock.wall_ns() // 1_000_000, mark=9)
    older = small(ChainId("SPX", DATES[1]), clock.wall_ns() // 1_000_000 + 1_000)
    await snapshot_writer(redis, KeySchema(), kind="mock").publish([taken, older], 6.0)
    await listening.cycle()
    assert {snapshot.id.chain for snapshot in heard} == (chains_of("SPX") | chains_of("NDX")) - {older.id.chain}
    for snapshot in heard:
        found = await held(redis, snapshot.id.chain)
        assert found is not None
        assert found.payload is not None
        assert decode(found.payload, snapshot.id).ts == snapshot.ts
    assert next(s for s in heard if s.id.chain == taken.id.chain).id.ts_ms == taken.id.ts_ms + 1


@pytest.mark.parametrize(("count", "listed", "published"), [(1, 8, 1), (3, 8, 3), (6, 2, 2)])
async def test_as_many_expirations_as_asked_for_and_listed(
    redis: Redis, count: int, listed: int, published: int
) -> None:
    source = ScriptedSource({"SPX": DATES[:listed]})
    publisher = publisher_of(redis, source, expirations=count)
    assert (await publisher.cycle()).whole
    assert await chains_held(redis) == chains_of("SPX", DATES[:published])
    assert publisher.heartbeat().chain.depth == count


async def test_dates_that_the_data_have_passed_are_not_published(redis: Redis) -> None:
    source = ScriptedSource({"SPX": (date(2025, 12, 19), date(2025, 12, 26), SPX.expiry)}, as_of=AS_OF)
    await publisher_of(redis, source).cycle()
    assert await chains_held(redis) == {ChainId("SPX", date(2025, 12, 26)), SPX}  # today counts at 10:14
    source.as_of += 6 * 3600
    await redis.flushall()
    await publisher_of(redis, source).cycle()
    assert await chains_held(redis) == {SPX}


@pytest.mark.parametrize(
    ("listed", "told"),
    [
        ((), "SPX: no expirations listed"),
        ((date(2025, 12, 19), date(2025, 12, 24)), "SPX: all 2 expirations that the source lists are over"),
    ],
)
async def test_an_underlying_with_nothing_to_publish_says_why(
    redis: Redis, listed: tuple[date, ...], told: str, caplog: pytest.LogCaptureFixture
) -> None:
    source = ScriptedSource({"SPX": listed, "NDX": (SPX.expiry,)}, as_of=AS_OF)
    cycle = await publisher_of(redis, source).cycle()
    assert (cycle.surveys, cycle.whole) == ({"SPX": told}, False)
    assert caplog.messages[-1].endswith(f"; {told}")
    assert await chains_held(redis) == {ChainId("NDX", SPX.expiry)}


async def test_one_failing_expiry_stops_no_other_and_its_reason_is_told(redis: Redis) -> None:
    failing = [ChainId("SPX", DATES[0]), ChainId("NDX", DATES[3])]
    source = two_underlyings(
        window_faults={failing[0]: SourceError("no quotes today"), failing[1]: SourceError("page 3 of 4 is missing")}
    )
    publisher = publisher_of(redis, source)
    cycle = await publisher.cycle()
    assert not cycle.whole
    assert await chains_held(redis) == (chains_of("SPX") | chains_of("NDX")) - set(failing)
    beat = publisher.heartbeat()
    assert beat.chain.failures == {failing[0]: "no quotes today", failing[1]: "page 3 of 4 is missing"}
    assert set(beat.chain.expected) == chains_of("SPX") | chains_of("NDX")
    source.window_faults.clear()
    assert (await publisher.cycle()).whole
    assert publisher.heartbeat().chain.failures == {}


async def test_a_defect_of_the_source_is_isolated_too_and_leaves_its_trace_in_the_log(
    redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    failing = ChainId("SPX", DATES[2])
    source = two_underlyings(window_faults={failing: ZeroDivisionError("one of those")})
    publisher = publisher_of(redis, source)
    await publisher.cycle()
    assert await chains_held(redis) == (chains_of("SPX") | chains_of("NDX")) - {failing}
    assert publisher.heartbeat().chain.failures == {failing: "the source failed: ZeroDivisionError (see the log)"}
    assert "one of those" in caplog.text


async def test_an_expiry_with_nothing_in_its_range_is_in_trouble_alone(redis: Redis) -> None:
    source = two_underlyings(strikes=())
    cycle = await publisher_of(redis, source).cycle()
    assert set(cycle.failures) == chains_of("SPX") | chains_of("NDX")
    assert set(cycle.failures.values()) == {f"{chain} has no contracts in its range" for chain in cycle.failures}
    assert cycle.outcomes == ()
    assert not cycle.whole


@pytest.mark.parametrize(
    ("fault", "told"),
    [(SourceError("vendor says 503"), "vendor says 503"), (KeyError("x"), "the source failed: KeyError (see the log)")],
)
async def test_a_failing_survey_concerns_its_underlying_alone_which_stays_announced(
    redis: Redis, fault: Exception, told: str
) -> None:
    source = two_underlyings()
    publisher = publisher_of(redis, source)
    await publisher.cycle()
    before = {chain: await held(redis, chain) for chain in chains_of("SPX")}
    source.survey_faults["SPX"] = fault
    cycle = await publisher.cycle()
    assert cycle.surveys == {"SPX": told}
    assert {outcome.id.chain for outcome in cycle.outcomes} == chains_of("NDX")
    beat = publisher.heartbeat()
    assert set(beat.chain.expected) == chains_of("SPX") | chains_of("NDX")
    assert beat.chain.failures == dict.fromkeys(chains_of("SPX"), told)
    assert {chain: await held(redis, chain) for chain in chains_of("SPX")} == before
    source.survey_faults.clear()
    assert (await publisher.cycle()).whole


@pytest.mark.parametrize("fault", [SourceError("no file"), RuntimeError("no file")])
async def test_a_cycle_that_cannot_begin_leaves_every_chain_in_trouble_and_the_next_one_heals(
    redis: Redis, fault: Exception
) -> None:
    source = two_underlyings()
    publisher = publisher_of(redis, source)
    await publisher.cycle()
    source.cycle_fault = fault
    cycle = await publisher.cycle()
    assert (cycle.outcomes, set(cycle.surveys)) == ((), {"SPX", "NDX"})
    assert set(publisher.heartbeat().chain.failures) == chains_of("SPX") | chains_of("NDX")
    source.cycle_fault = None
    assert (await publisher.cycle()).whole


async def test_windows_are_published_as_they_arrive(redis: Redis) -> None:
    slow = ChainId("SPX", DATES[0])
    source = ScriptedSource({"SPX": DATES}, gates={slow: asyncio.Event()})
    cycling = asyncio.create_task(publisher_of(redis, source).cycle())

    async def all_but_one() -> bool:
        return await chains_held(redis) == chains_of("SPX") - {slow}

    await eventually(all_but_one)
    assert not cycling.done()
    source.gates[slow].set()
    assert (await cycling).whole
    assert await chains_held(redis) == chains_of("SPX")


async def test_a_window_or_survey_that_never_comes_is_given_up_and_said(redis: Redis) -> None:
    stuck = ChainId("SPX", DATES[1])
    source, clock = two_underlyings(gates={stuck: asyncio.Event(), "NDX": asyncio.Event()}), ManualClock(time.time_ns())
    work = asyncio.create_task(publisher_of(redis, source, clock).cycle())
    for limit_s in (1, 2):  # of the slice, then of the survey
        await eventually(lambda: clock.waiting == 1)
        await clock.run(limit_s - clock.mono - 1 / 1024)
        assert not work.done()
        await clock.run(1 / 1024)
    cycle = await work
    assert cycle.failures == {stuck: "no answer from the source within 1 s"}
    assert cycle.surveys == {"NDX": "no answer from the source within 1 s"}
    assert await chains_held(redis) == chains_of("SPX") - {stuck}


# Counting


async def test_counters_add_up_over_cycles(redis: Redis) -> None:
    source = two_underlyings(counters={"vendor_requests": 12})
    publisher = publisher_of(redis, source)
    first = await publisher.cycle()
    source.window_faults[SPX] = SourceError("gone")
    source.survey_faults["NDX"] = SourceError("gone too")
    second = await publisher.cycle()
    size = sum(outcome.size for outcome in (*first.outcomes, *second.outcomes))
    counters = publisher.heartbeat().chain.counters
    assert counters == {
        "cycles": 2,
        "published": 12 + 5,
        "refused_older": 0,
        "failed": 1 + 6,
        "bytes": size,
        "vendor_requests": 12,
    }
    assert publisher.last_words() == "17 snapshots in 2 cycles"


async def test_an_older_publisher_is_refused_and_counted_without_trouble(redis: Redis) -> None:
    now = time.time_ns()
    await publisher_of(redis, two_underlyings(), ManualClock(now)).cycle()
    late = publisher_of(redis, two_underlyings(), ManualClock(now - 7_000_000))
    cycle = await late.cycle()
    assert {outcome.verdict for outcome in cycle.outcomes} == {PublishVerdict.REFUSED_OLDER}
    assert not cycle.whole
    counters = late.heartbeat().chain.counters
    assert (counters["refused_older"], counters["published"], counters["failed"]) == (12, 0, 0)
    assert late.heartbeat().chain.failures == {}
    found = await held(redis)
    assert found is not None
    assert found.ts_ms == now // 1_000_000


@pytest.mark.parametrize(("skew_s", "published"), [(-120, 12), (120, 0)])
async def test_a_skewed_clock_is_told_and_does_not_poison(redis: Redis, skew_s: int, published: int) -> None:
    skewed = publisher_of(redis, two_underlyings(), ManualClock(time.time_ns() + skew_s * 10**9))
    await skewed.cycle()
    assert skewed.heartbeat().chain.counters["published"] == published
    if not published:
        assert all("clock is ahead" in reason for reason in skewed.heartbeat().chain.failures.values())
    honest = publisher_of(redis, two_underlyings())
    assert (await honest.cycle()).whole


async def test_out_of_memory_is_trouble_of_each_chain_and_over_when_it_is_over(
    short_dir: Path, holder: EmbeddedServer
) -> None:
    async with Redis.from_url(holder.start_or_attach(short_dir).url) as own:
        publisher = publisher_of(own, two_underlyings())
        assert (await publisher.cycle()).whole
        await own.config_set("maxmemory-policy", "noeviction")
        await own.config_set("maxmemory", 1)
        cycle = await publisher.cycle()
        assert len(cycle.failures) == 12
        assert all(reason.startswith("Redis is out of memory") for reason in cycle.failures.values())
        assert publisher.heartbeat().chain.counters["failed"] == 12
        await publisher.beat()
        await own.config_set("maxmemory", 0)
        assert (await publisher.cycle()).whole


# A Redis that goes and comes


async def test_a_lost_redis_fails_each_chain_with_a_reason_and_comes_back_alone(
    redis: Redis, redis_url: str, short_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with FaultProxy(redis_url, short_dir) as proxy, RedisTarget(proxy.url).connect() as client:
        source = two_underlyings()
        publisher = publisher_of(client, source)
        async with running_parts(publisher):
            await eventually(lambda: publisher.heartbeat().chain.counters.get("published", 0) >= 12)
            proxy.rule = always(Fate.CUT)
            await eventually(lambda: len(publisher.heartbeat().chain.failures) == 12)
            reasons = set(publisher.heartbeat().chain.failures.values())
            assert all(reason.startswith("Redis: ") for reason in reasons)
            await eventually(lambda: "heartbeat not written" in caplog.text)
            proxy.rule = always(Fate.DELIVER)
            await eventually(lambda: not publisher.heartbeat().chain.failures)
    assert str(short_dir) not in caplog.text


async def test_a_lost_redis_raises_nothing_in_a_single_cycle(redis_url: str, short_dir: Path) -> None:
    async with FaultProxy(redis_url, short_dir) as proxy, RedisTarget(proxy.url).connect() as client:
        await proxy.refuse()
        publisher = publisher_of(client, two_underlyings())
        cycle = await publisher.cycle()
        await publisher.beat()
        assert {outcome.verdict for outcome in cycle.outcomes} == {PublishVerdict.FAILED}
        assert set(cycle.failures) == chains_of("SPX") | chains_of("NDX")
        with pytest.raises(RedisUnavailableError):
            await snapshot_writer(client, KeySchema()).publish([small()], 60)


# The cadence


class Schedule:
    """A publisher of one chain on a clock moved by hand; its source notes when each cycle begins, in seconds."""

    def __init__(self, redis: Redis, thresholds: Thresholds, *, gated: bool = False) -> None:
        self.clock = ManualClock(time.time_ns())
        gates: dict[ChainId | str, asyncio.Event] = {"SPX": asyncio.Event()} if gated else {}
        self.source = ScriptedSource({"SPX": DATES[:1]}, gates=gates, clock=self.clock)
        self.publisher = publisher_of(redis, self.source, self.clock, thresholds)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the publisher's parts, and nothing else that waits on this clock."""
        tasks = [asyncio.create_task(part.run()) for part in self.publisher.parts()]
        try:
            yield
        finally:
            await end(tasks)

    async def waits_after(self, *begun: float) -> None:
        """Wait until these cycles have ended and the publisher waits for its next turn and its next beat."""
        await eventually(lambda: self._cycles == len(begun) and self.clock.waiting == 2)
        assert self.source.begun == list(begun)

    @property
    def _cycles(self) -> int:
        return self.publisher.heartbeat().chain.counters["cycles"]


async def test_a_cycle_begins_every_interval_and_not_a_millisecond_early(redis: Redis) -> None:
    schedule = Schedule(redis, Thresholds(2, 60))
    async with schedule.running():
        await schedule.waits_after(0)
        for turn in range(4):
            begun = [2.0 * number for number in range(turn + 1)]
            await schedule.clock.run(2 - 1 / 1024)
            await schedule.waits_after(*begun)
            await schedule.clock.run(1 / 1024)
            await schedule.waits_after(*begun, 2.0 * (turn + 1))


async def test_a_cycle_that_overruns_skips_turns_and_none_piles_up(redis: Redis) -> None:
    schedule = Schedule(redis, Thresholds(1 / 16, 6), gated=True)
    async with schedule.running():
        await eventually(lambda: schedule.source.begun)
        await schedule.clock.run(8.5 / 16)
        assert schedule.source.begun == [0]
        schedule.source.gates["SPX"].set()
        await schedule.waits_after(0)
        await schedule.clock.run(1 / 32)
        await schedule.waits_after(0, 9 / 16)
        await schedule.clock.run(1 / 16)
        await schedule.waits_after(0, 9 / 16, 10 / 16)  # none of those missed is made up for
        assert schedule.publisher.heartbeat().chain.counters["skipped"] == 8


@pytest.mark.parametrize(
    ("still_s", "words"),
    [(8.999, []), (9.001, ["for 9 s", "8 cycles"]), (62.001, ["for 62 s", "61 cycles", "pointers have lapsed"])],
)
async def test_a_gap_that_readers_have_seen_is_told(
    redis: Redis, caplog: pytest.LogCaptureFixture, still_s: float, words: list[str]
) -> None:
    schedule = Schedule(redis, Thresholds(1, 60))  # stale at 8 s
    async with schedule.running():
        await schedule.waits_after(0)
        schedule.clock.advance(still_s)  # as where the process is stopped
        await schedule.waits_after(0, still_s)
    told = [message for message in caplog.messages if "nothing was published" in message]
    assert len(told) == bool(words)
    assert all(word in told[0] for word in words)


async def test_publish_now_starts_a_cycle_at_once_and_the_cadence_stays(redis: Redis) -> None:
    schedule = Schedule(redis, Thresholds(600, 3600))
    async with schedule.running():
        await schedule.waits_after(0)
        schedule.publisher.publish_now()
        await schedule.waits_after(0, 0)
        await schedule.clock.run(200)
        schedule.publisher.publish_now()
        await schedule.waits_after(0, 0, 200)
        await schedule.clock.run(399)
        await schedule.waits_after(0, 0, 200)
        await schedule.clock.run(1)
        await schedule.waits_after(0, 0, 200, 600)


async def test_publish_now_during_a_cycle_means_one_more_after_it(redis: Redis) -> None:
    schedule = Schedule(redis, Thresholds(600, 3600), gated=True)
    async with schedule.running():
        await eventually(lambda: schedule.source.begun)
        schedule.publisher.publish_now()
        schedule.publisher.publish_now()
        schedule.source.gates["SPX"].set()
        await schedule.waits_after(0, 0)


async def test_paused_it_neither_publishes_nor_beats_and_resumed_it_does_at_once(redis: Redis) -> None:
    schedule = Schedule(redis, Thresholds(10, 60))
    async with schedule.running():
        await schedule.waits_after(0)
        schedule.publisher.pause()
        await redis.delete(BEAT)
        schedule.publisher.publish_now()
        await schedule.clock.run(58)
        await schedule.waits_after(0)
        assert not await redis.exists(BEAT)
        schedule.publisher.resume()
        await schedule.waits_after(0, 58)
        assert await redis.exists(BEAT)


async def test_resumed_it_does_not_wait_for_its_turn(redis: Redis) -> None:
    schedule = Schedule(redis, Thresholds(600, 3600))
    async with schedule.running():
        await schedule.waits_after(0)
        schedule.publisher.pause()
        schedule.publisher.resume()
        await schedule.waits_after(0, 0)


async def test_wishes_to_publish_while_paused_do_not_delay_what_comes_after(redis: Redis) -> None:
    schedule = Schedule(redis, Thresholds(10, 60))
    async with schedule.running():
        await schedule.waits_after(0)
        schedule.publisher.pause()
        for _ in range(40):
            schedule.publisher.publish_now()
            await schedule.waits_after(0)
        schedule.publisher.resume()
        await schedule.waits_after(0, 0)
        await schedule.clock.run(10)
        await schedule.waits_after(0, 0, 10)  # by the cadence, not forty intervals later


async def test_a_cancelled_publisher_cancels_what_it_asked_for(redis: Redis) -> None:
    source = ScriptedSource({"SPX": DATES[:2]}, gates={SPX: asyncio.Event()})
    async with running_parts(publisher_of(redis, source, thresholds=Thresholds(600, 3600))):
        await eventually(lambda: source.fetched)
    left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    await eventually(lambda: all(task.done() for task in left))


# The heartbeat


async def test_the_beat_is_set_for_fifteen_seconds_and_published_in_the_same_bytes(redis: Redis) -> None:
    failing = ChainId("SPX", DATES[1])
    clock = ManualClock(time.time_ns())
    source = ScriptedSource({"SPX": DATES}, window_faults={failing: SourceError("no quotes today")})
    publisher = publisher_of(redis, source, clock, thresholds=Thresholds(7, 77), expirations=3)
    cycle = await publisher.cycle()
    async with redis.pubsub() as channel:
        await channel.subscribe(BEAT)
        await eventually(lambda: channel.get_message(timeout=1))
        await publisher.beat()
        message = await eventually(lambda: channel.get_message(ignore_subscribe_messages=True, timeout=1))
    raw = await redis.get(BEAT)
    assert isinstance(raw, bytes)
    assert message["data"] == raw
    assert 14_000 < await redis.pttl(BEAT) <= 15_000
    body = orjson.loads(raw)
    assert {name: body[name] for name in ("service", "ts", "pid", "status")} == {
        "service": "mock_massive",
        "ts": clock.wall_ns() / 1e9,
        "pid": os.getpid(),
        "status": "running",
    }
    assert (body["source"]["kind"], body["source"]["detail"], body["source"]["as_of"]) == ("mock", "scripted", None)
    assert body["chain"] == {
        "prefix": "massive",
        "interval_s": 7,
        "ttl_s": 77,
        "depth": 3,
        "expected": {"SPX": [day.isoformat() for day in DATES[:3]]},
        "trouble": {"SPX 2026-01-03": "no quotes today"},
        "cycle_ms": 0.0,
        "counters": {
            "cycles": 1,
            "published": 2,
            "refused_older": 0,
            "failed": 1,
            "bytes": sum(outcome.size for outcome in cycle.outcomes),
        },
    }


@pytest.mark.parametrize(
    ("kind", "key"),
    [("massive", "massive:heartbeat"), ("mock", BEAT), ("capture", BEAT), ("replay", BEAT)],
)
async def test_only_the_vendors_own_data_beat_as_massive(redis: Redis, kind: Any, key: str) -> None:
    await publisher_of(redis, ScriptedSource({"SPX": DATES}, kind=kind)).beat()
    assert await redis.keys("*heartbeat*") == [key.encode()]


async def test_it_beats_between_cycles_and_says_when_it_stopped(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chain.monitor.heartbeat_loop.HEARTBEAT_EVERY_S", 0.02)
    source = ScriptedSource({"SPX": DATES[:1]})
    async with running_parts(publisher_of(redis, source, thresholds=Thresholds(600, 3600))):
        await eventually(lambda: redis.exists(BEAT))
        first = await last_beat(redis)
        assert first["status"] == "running"
        for _ in range(3):

            async def renewed(before: float = (await last_beat(redis))["ts"]) -> bool:
                return bool((await last_beat(redis))["ts"] > before)

            await eventually(renewed)
        assert len(source.begun) == 1
    assert (await last_beat(redis))["status"] == "stopped"
    assert 0 < await redis.pttl(BEAT) <= 15_000


async def test_the_expected_set_is_announced_in_the_first_beat_that_anyone_can_read(redis: Redis) -> None:
    source = two_underlyings()
    async with running_parts(publisher_of(redis, source)):
        await eventually(lambda: redis.exists(BEAT))

        async def both() -> bool:
            return set((await last_beat(redis))["chain"]["expected"]) == {"SPX", "NDX"}

        await eventually(both)
    assert (await last_beat(redis))["chain"]["expected"]["SPX"] == [day.isoformat() for day in DATES[:6]]


async def test_what_an_interrupted_cycle_published_is_counted(redis: Redis) -> None:
    met = asyncio.Event()

    class Gate(asyncio.Event):
        async def wait(self) -> Literal[True]:
            met.set()
            return await super().wait()

    publisher = publisher_of(redis, ScriptedSource({"SPX": DATES, "NDX": DATES}, gates={"NDX": Gate()}))
    cycling = asyncio.create_task(publisher.cycle())
    await met.wait()  # SPX is published, and NDX asked for
    cycling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cycling
    assert publisher.last_words() == "6 snapshots in 0 cycles"
