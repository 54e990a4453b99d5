"""Invented and recorded data give way to live: on a real server, by heartbeat, mark and the kind beside each chain."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from redis.asyncio import Redis

from chain.clock import ManualClock, SystemClock
from chain.errors import LiveProtectedError
from chain.model.keys import REPLAY_PREFIX, ChainId, KeySchema, SnapshotId
from chain.model.kinds import SourceKind
from chain.monitor.heartbeat import STOPPED
from chain.redis.connect.connection import RedisTarget
from chain.redis.contract.publish.draft import PublishVerdict
from chain.redis.contract.publish.fault_writer import FaultWriter
from publisher.faults import FaultInjector, InjectedFault, WithholdingSource
from publisher.loop.publisher import Publisher
from publisher.protection.guard import Guard
from publisher.protection.publish_gate import PublishGate
from tests.support.builders import ScriptedSource, held
from tests.support.contexts import context_of
from tests.support.fault_proxy import Command, Fate, FaultProxy
from tests.support.waiting import wait_until_async

DAYS = tuple(datetime.now(UTC).date() + timedelta(days=ahead) for ahead in (7, 8))
SPX = ChainId("SPX", DAYS[0])
CLOCK = SystemClock()
NAMES = KeySchema()
RECORDED: tuple[SourceKind, ...] = ("mock", "capture", "replay")


def guard_of(redis: Redis, kind: str = "mock", *, keys: KeySchema = NAMES, among_live: bool = False) -> Guard:
    return Guard(redis, context_of(CLOCK, keys=keys), kind, among_live=among_live)


def publisher_of(
    redis: Redis, kind: SourceKind, underlying: str = "SPX", *, among_live: bool = False, keys: KeySchema = NAMES
) -> Publisher:
    source = ScriptedSource({underlying: DAYS}, as_of=time.time(), kind=kind, in_memory=True)
    guard = guard_of(redis, kind, among_live=among_live, keys=keys)
    return Publisher(redis, source, context_of(CLOCK, keys=keys), gate=PublishGate(guard=guard, among_live=among_live))


async def refusal(redis: Redis, kind: str = "mock") -> str:
    try:
        await guard_of(redis, kind).refuse()
    except LiveProtectedError as error:
        return str(error)
    return ""


async def kind_of(redis: Redis, chain: ChainId = SPX) -> str:
    record = await redis.get(NAMES.source(chain))
    return record.split()[0].decode() if isinstance(record, bytes) else ""


# Refused at start


@pytest.mark.parametrize("kind", RECORDED)
async def test_a_living_live_publisher_is_named_with_the_cure(redis: Redis, kind: str) -> None:
    live = publisher_of(redis, "massive")
    await live.cycle()
    await live.beat()
    words = await refusal(redis, kind)
    assert words.startswith(f"{kind} data are not published beside live data: live publisher massive (massive)")
    assert f"process {live.heartbeat().pid}" in words
    assert "since" in words
    assert "--among-live" in words
    assert "\n" not in words


async def test_an_empty_redis_and_one_of_other_mocks_are_open(redis: Redis) -> None:
    assert await refusal(redis) == ""
    other = publisher_of(redis, "mock")
    await other.cycle()
    await other.beat()
    assert await refusal(redis, "capture") == ""


async def test_a_live_publisher_is_never_refused(redis: Redis) -> None:
    await publisher_of(redis, "massive").cycle()
    assert await refusal(redis, "massive") == ""


async def test_who_insists_is_not_refused(redis: Redis) -> None:
    await publisher_of(redis, "massive").cycle()
    await guard_of(redis, among_live=True).refuse()


@pytest.mark.parametrize("gone", ["heartbeat", "mark", "both"])
async def test_unexpired_live_data_protect_though_their_publisher_is_gone(redis: Redis, gone: str) -> None:
    live = publisher_of(redis, "massive")
    await live.cycle()
    await live.beat()
    if gone != "mark":
        await redis.delete("massive:heartbeat")
    if gone != "heartbeat":
        await redis.delete(NAMES.live())
    assert "live" in await refusal(redis)


async def test_after_a_stop_live_data_protect_until_they_have_run_out(redis: Redis) -> None:
    live = publisher_of(redis, "massive")
    await live.cycle()
    await live.beat(STOPPED)
    assert "published here a moment ago" in await refusal(redis)
    assert 60_000 < await redis.pttl(NAMES.live()) <= 75_000
    for key in (NAMES.live(), *(NAMES.latest(ChainId("SPX", day)) for day in DAYS)):
        await redis.pexpire(key, 1)
    await asyncio.sleep(0.01)
    assert await refusal(redis) == ""


async def test_a_plain_foreign_heartbeat_counts_as_live(redis: Redis) -> None:
    await redis.set("massive:heartbeat", b'{"service":"massive","ts":1766762051.1}', ex=15)
    assert "may be live" in await refusal(redis)


@pytest.mark.parametrize("beat", [b"", b"\xff", b"[" * 2_000, b'{"service":"mock_massive","ts":1766762051.1}'])
async def test_what_is_no_heartbeat_stops_no_publisher_at_start_or_later(redis: Redis, beat: bytes) -> None:
    await redis.set("massive:heartbeat", beat, ex=15)
    assert await refusal(redis) == ""
    mock = publisher_of(redis, "mock")
    assert (await mock.cycle()).whole
    assert (await mock.cycle()).whole
    assert not mock.withdrawn


async def test_behind_a_heartbeat_that_cannot_be_read_a_live_publisher_is_found_by_its_chains(redis: Redis) -> None:
    mock = publisher_of(redis, "mock", "NDX")
    assert (await mock.cycle()).whole
    await redis.set("massive:heartbeat", b"\xff", ex=15)
    await redis.set(NAMES.latest(SPX), f"{NAMES.snapshot_head(SPX)}{time.time_ns() // 1_000_000}", px=60_000)
    assert f"{SPX} published by a publisher that does not say what it is" in await refusal(redis, "capture")


async def test_foreign_pointers_without_any_heartbeat_count_as_live(redis: Redis) -> None:
    await redis.set(NAMES.latest(SPX), f"{NAMES.snapshot_head(SPX)}{time.time_ns() // 1_000_000}", px=60_000)
    assert f"{SPX} published by a publisher that does not say what it is" in await refusal(redis)


async def test_live_on_one_underlying_protects_the_others_too(redis: Redis) -> None:
    live = publisher_of(redis, "massive", "SPX")
    await live.cycle()
    await live.beat()
    other = publisher_of(redis, "mock", "NDX")
    await other.cycle()
    assert "live publisher massive" in other.withdrawn
    assert not await redis.exists(NAMES.latest(ChainId("NDX", DAYS[0])))


async def test_another_prefix_is_another_place(redis: Redis) -> None:
    live = publisher_of(redis, "massive")
    await live.cycle()
    await live.beat()
    elsewhere = publisher_of(redis, "replay", keys=KeySchema(REPLAY_PREFIX))
    assert (await elsewhere.cycle()).whole
    assert not elsewhere.withdrawn


async def test_an_unreadable_heartbeat_is_said_and_live_is_still_found_by_its_mark(
    redis: Redis, redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    await redis.execute_command("ACL SETUSER narrow on >pw ~massive:chain:* &* +@all")
    try:
        path = redis_url.removeprefix("unix://")
        async with RedisTarget(f"unix://narrow:pw@{path}").connect() as narrow:
            await guard_of(narrow).refuse()
            assert "massive:heartbeat cannot be read" in caplog.text
            await publisher_of(redis, "massive").cycle()
            with pytest.raises(LiveProtectedError, match="live publisher massive"):
                await guard_of(narrow).refuse()
    finally:
        await redis.execute_command("ACL DELUSER narrow")


# While running


@pytest.mark.parametrize("kind", RECORDED)
async def test_when_live_appears_the_others_withdraw_and_stay_away_until_asked(redis: Redis, kind: SourceKind) -> None:
    mock, live = publisher_of(redis, kind), publisher_of(redis, "massive")
    assert (await mock.cycle()).whole
    assert (await live.cycle()).whole
    await live.beat()
    assert await kind_of(redis) == "massive"
    assert not (await mock.cycle()).outcomes
    beat = mock.heartbeat()
    assert (beat.service, beat.status, beat.chain.expected) == ("mock_massive", "withdrawn", ())
    assert "live publisher massive" in beat.source.last_error
    await redis.flushall()
    assert not (await mock.cycle()).outcomes  # nobody asked
    mock.publish_now(asked=True)
    assert (await mock.cycle()).whole


async def test_a_live_publisher_takes_every_invented_chain_away_before_it_publishes(redis: Redis) -> None:
    await publisher_of(redis, "mock", "NDX").cycle()
    await publisher_of(redis, "massive", "SPX").cycle()
    assert not await redis.exists(NAMES.latest(ChainId("NDX", DAYS[0])))
    assert await kind_of(redis) == "massive"


async def test_a_write_under_way_when_live_appears_arrives_in_vain(
    redis: Redis, redis_url: str, short_dir: Path
) -> None:
    live = publisher_of(redis, "massive")

    async def hold(command: Command) -> Fate:
        if command[0] == b"EVALSHA" and b"mock" in command:
            await live.cycle()
        return Fate.DELIVER

    async with FaultProxy(redis_url, short_dir) as proxy, RedisTarget(proxy.url).connect() as far:
        proxy.rule = hold
        mock = publisher_of(far, "mock")
        cycle = await mock.cycle()
    assert {outcome.verdict for outcome in cycle.outcomes} == {PublishVerdict.LEFT_TO_LIVE}
    assert mock.withdrawn
    for day in DAYS:
        chain = ChainId("SPX", day)
        found = await held(redis, chain)
        assert found is not None
        assert found.payload is not None
        assert await kind_of(redis, chain) == "massive"
    assert len([key async for key in redis.scan_iter("massive:chain:snapshot:*")]) == len(DAYS)


async def test_who_insists_leaves_the_chains_of_live_alone_and_follows_when_they_are_gone(redis: Redis) -> None:
    live, capture = publisher_of(redis, "massive"), publisher_of(redis, "capture", among_live=True)
    await live.cycle()
    assert {o.verdict for o in (await capture.cycle()).outcomes} == {PublishVerdict.LEFT_TO_LIVE}
    assert not capture.withdrawn
    assert await kind_of(redis) == "massive"
    for day in DAYS:
        await redis.delete(NAMES.latest(ChainId("SPX", day)))
    assert (await capture.cycle()).whole
    record = (await redis.get(NAMES.source(SPX)) or b"").split()
    assert (record[0], record[2]) == (b"capture", b"massive")


async def test_no_fault_of_the_demo_befalls_live_data(redis: Redis) -> None:
    source = WithholdingSource(ScriptedSource({"SPX": DAYS}, as_of=time.time(), in_memory=True))
    mock = Publisher(redis, source, context_of(CLOCK), gate=PublishGate(guard=guard_of(redis)))
    injector = FaultInjector(FaultWriter(redis, NAMES), source, mock, CLOCK)
    await publisher_of(redis, "massive").cycle()
    before = await redis.get(NAMES.latest(SPX))
    for fault in (
        InjectedFault.DROP,
        InjectedFault.DANGLE,
        InjectedFault.CORRUPT,
        InjectedFault.SKEW,
        InjectedFault.ROLL_BACK,
    ):
        with pytest.raises(LiveProtectedError):
            await injector.inject(fault, SPX)
    assert await redis.get(NAMES.latest(SPX)) == before
    assert before is not None
    assert await redis.exists(before)


async def test_evicted_heartbeat_and_mark_leave_each_chain_protected(redis: Redis) -> None:
    mock = publisher_of(redis, "mock")
    live = publisher_of(redis, "massive")
    await live.cycle()
    await redis.delete("massive:heartbeat", NAMES.live())
    guarded = Publisher(redis, ScriptedSource({"SPX": DAYS}, as_of=time.time(), in_memory=True), context_of(CLOCK))
    assert {o.verdict for o in (await guarded.cycle()).outcomes} == {PublishVerdict.LEFT_TO_LIVE}
    assert not (await mock.cycle()).outcomes


async def test_the_mark_says_who(redis: Redis) -> None:
    live = publisher_of(redis, "massive")
    await live.cycle()
    mark = orjson.loads(await redis.get(NAMES.live()) or b"{}")
    assert (mark["service"], mark["kind"]) == ("massive", "massive")
    assert f":{live.heartbeat().pid}:" in mark["publisher"]


@pytest.mark.parametrize("mark", [b"", b"x", b"{}", b'{"since":"soon","publisher":7}', b"\x1b[31m" * 99])
async def test_a_mark_that_makes_no_sense_still_protects(redis: Redis, mark: bytes) -> None:
    await redis.set(NAMES.live(), mark, px=30_000)
    words = await refusal(redis)
    assert "protected for 30 s more" in words
    assert "\x1b" not in words


async def test_a_live_publisher_that_slept_longer_than_its_mark_takes_its_place_again(redis: Redis) -> None:
    clock = ManualClock(time.time_ns(), 1_000.0)
    live = Guard(redis, context_of(clock), "massive")
    await live.claim()
    await redis.flushall()  # its time has run out, or Redis began anew
    mock = publisher_of(redis, "mock", "NDX")
    assert (await mock.cycle()).whole
    clock.advance(20)
    await live.claim()  # before it writes, be it in the middle of a cycle
    assert await redis.exists(NAMES.live())
    assert not await redis.exists(NAMES.latest(ChainId("NDX", DAYS[0])))
    assert not (await mock.cycle()).outcomes


async def test_a_live_publisher_asks_for_its_place_no_more_often_than_it_beats(redis: Redis) -> None:
    clock = ManualClock(time.time_ns(), 1_000.0)
    live = Guard(redis, context_of(clock), "massive")
    await live.claim()
    before = (await redis.info("commandstats"))["cmdstat_set"]["calls"]
    for _ in range(10):
        await live.claim()
    assert (await redis.info("commandstats"))["cmdstat_set"]["calls"] == before


# A large Redis that is far away


_FOREIGN_KEYS = 12_000
_STEP_S = 0.15  # of one SCAN: a whole walk takes some two seconds


@pytest.fixture
async def far(redis: Redis, redis_url: str, short_dir: Path) -> AsyncIterator[Redis]:
    """Give a client of a Redis that holds many foreign keys, and answers SCAN slowly."""
    await redis.mset({f"foreign:{number}": "x" for number in range(_FOREIGN_KEYS)})

    async def slow(command: Command) -> Fate:
        if command[0] == b"SCAN":
            await asyncio.sleep(_STEP_S)
        return Fate.DELIVER

    async with FaultProxy(redis_url, short_dir) as proxy, RedisTarget(proxy.url).connect() as client:
        proxy.rule = slow
        yield client


async def test_a_live_publisher_writes_before_all_keys_were_seen_and_takes_the_rest_away_later(
    redis: Redis, far: Redis
) -> None:
    await publisher_of(redis, "mock", "NDX").cycle()
    guard = guard_of(far, "massive")
    source = ScriptedSource({"SPX": DAYS}, as_of=time.time(), kind="massive", in_memory=True)
    live = Publisher(far, source, context_of(CLOCK), gate=PublishGate(guard=guard))
    began = time.monotonic()
    assert (await live.cycle()).whole
    assert time.monotonic() - began < 1.3
    assert await redis.exists(NAMES.live())
    searching = asyncio.create_task(guard.run())
    gone = [NAMES.latest(ChainId("NDX", day)) for day in DAYS]

    async def taken_back() -> bool:
        return not await redis.exists(*gone)

    await wait_until_async(taken_back, 10.0)
    searching.cancel()
    assert await kind_of(redis) == "massive"


@pytest.mark.slow
async def test_an_invented_chain_waits_for_the_walk_and_nothing_else_does(redis: Redis, far: Redis) -> None:
    foreign = ChainId("QQQ", DAYS[0])
    guard = guard_of(far, "mock")
    source = ScriptedSource({"SPX": DAYS}, as_of=time.time(), in_memory=True)
    mock = Publisher(far, source, context_of(CLOCK), gate=PublishGate(guard=guard))
    cycling = asyncio.create_task(mock.cycle())
    await asyncio.sleep(0)
    began = time.monotonic()
    await guard.check(within_s=0.0)  # as each heartbeat does
    assert time.monotonic() - began < 0.5
    assert not cycling.done()
    assert (await cycling).whole
    assert time.monotonic() - began > 8 * _STEP_S
    await redis.set(NAMES.latest(foreign), NAMES.snapshot(SnapshotId(foreign, 1)), px=60_000)  # who says nothing
    searching = asyncio.create_task(guard.run())
    guard.retry()
    began = time.monotonic()
    await mock.cycle()
    searching.cancel()
    assert "QQQ" in mock.withdrawn
    assert not await redis.exists(NAMES.latest(SPX))
