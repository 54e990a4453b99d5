"""Publishing on a real server: whole or not at all, forward only, and never without a deadline."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from chain.errors import RedisUnavailableError
from chain.model.keys import ChainId, KeySchema, SnapshotId
from chain.model.snapshot import Snapshot, decode, encode
from chain.redis.connect.connection import RedisTarget
from chain.redis.contract.publish.draft import Draft, PublishResult, PublishVerdict
from chain.redis.contract.publish.reply import PutReply, WriteReply
from chain.redis.contract.publish.step_writer import StepWriter, WriteTarget
from chain.redis.contract.publish.writer import SnapshotWriter, snapshot_writer
from chain.redis.contract.scripts import ScriptRunner
from chain.redis.contract.store import Store
from chain.redis.contract.stream.signs import StreamSigns
from chain.redis.server.embedded import EmbeddedServer
from tests.support.builders import (
    SPX,
    Held,
    assert_contract_kept,
    eventually,
    expiries,
    golden_snapshot,
    held,
    items_in,
    payload_at,
    small,
)
from tests.support.fault_proxy import Command, Fate, FaultProxy, always, first

TTL_S = 60.0
NDX = ChainId("NDX", SPX.expiry)
POINTER = KeySchema().latest(SPX)


@pytest.fixture(autouse=True)
async def contract_kept(redis: Redis) -> AsyncIterator[None]:
    """After each test: every contract key has a deadline, and no pointer dangles."""
    yield
    await assert_contract_kept(redis)


@pytest.fixture
def store(redis: Redis) -> Store:
    return Store(redis, KeySchema())


@pytest.fixture
def writer(redis: Redis) -> SnapshotWriter:
    return snapshot_writer(redis, KeySchema())


Between = Callable[[Sequence[PutReply]], Awaitable[None]]


class InterruptedWriter(StepWriter):
    """Writes payload and pointer apart, as on a cluster, and lets something happen between the two."""

    def __init__(self, redis: Redis, runner: ScriptRunner, between: Between | None) -> None:
        super().__init__(redis, runner, WriteTarget(KeySchema()))
        self._between = between

    async def move(self, drafts: Sequence[Draft], puts: Sequence[PutReply]) -> list[WriteReply]:
        if self._between is not None:
            await self._between(puts)
        return await super().move(drafts, puts)


def in_steps(redis: Redis, between: Between | None = None) -> SnapshotWriter:
    runner = ScriptRunner(redis)
    return SnapshotWriter(redis, KeySchema(), runner, InterruptedWriter(redis, runner, between))


async def now_ms(redis: Redis) -> int:
    """Redis's own clock."""
    seconds, micros = await redis.time()
    return int(seconds * 1000 + micros // 1000)


async def holds(redis: Redis, chain: ChainId = SPX) -> Held:
    """What Redis holds of a chain that has a pointer."""
    found = await held(redis, chain)
    assert found is not None
    return found


async def commands_of(redis: Redis, act: Callable[[], Any]) -> list[tuple[str, list[str]]]:
    """Return every command that the server ran meanwhile, with who sent it ("lua" for a script's own)."""
    seen = []
    async with redis.monitor() as monitor:
        await redis.echo("the start")
        while (await monitor.next_command())["command"] != "ECHO the start":
            pass
        await act()
        await redis.echo("the end")
        while (met := await monitor.next_command())["command"] != "ECHO the end":
            seen.append((met["client_type"], met["command"].split(" ")))
    return seen


@asynccontextmanager
async def proxied(redis_url: str, folder: Path) -> AsyncIterator[tuple[FaultProxy, SnapshotWriter]]:
    """A writer as the product connects it, with a proxy between that obeys the test."""
    async with FaultProxy(redis_url, folder) as proxy, RedisTarget(proxy.url).connect() as client:
        yield proxy, snapshot_writer(client, KeySchema())


async def crash(_: Sequence[PutReply]) -> None:
    raise SystemError("killed")


# What stands in Redis after a publish


async def test_payload_and_pointer_as_the_contract_has_them(redis: Redis, writer: SnapshotWriter) -> None:
    made = golden_snapshot(ts_ns=await now_ms(redis) * 1_000_000 + 389_123)
    [outcome] = await writer.publish([made], TTL_S)
    assert outcome == PublishResult(made.id, PublishVerdict.PUBLISHED, len(encode(made)))
    key = f"massive:chain:snapshot:SPX:2026-01-02:{made.id.ts_ms}".encode()
    assert set(await redis.keys()) == {b"massive:chain:latest:SPX:2026-01-02", key}
    assert await redis.get("massive:chain:latest:SPX:2026-01-02") == key
    raw = await redis.get(key)
    assert raw == encode(made)
    assert decode(raw, made.id).id == made.id
    assert items_in(raw) == made.contracts


async def test_a_prefix_of_its_own_is_a_world_of_its_own(redis: Redis, writer: SnapshotWriter) -> None:
    stamp = await now_ms(redis)
    replay = snapshot_writer(redis, KeySchema("massive:replay"))
    await replay.publish([small(ts_ms=stamp)], TTL_S)
    assert await held(redis) is None
    await writer.publish([small(ts_ms=stamp - 5_000, mark=2)], TTL_S)
    assert (await holds(redis)).ts_ms == stamp - 5_000
    assert set(await redis.keys("massive:replay:chain:*")) == {
        b"massive:replay:chain:latest:SPX:2026-01-02",
        f"massive:replay:chain:snapshot:SPX:2026-01-02:{stamp}".encode(),
    }


@pytest.mark.parametrize("apart", [False, True])
async def test_every_payload_is_written_before_its_pointer_and_with_the_same_deadline(
    redis: Redis, writer: SnapshotWriter, apart: bool
) -> None:
    stamp = await now_ms(redis)
    batch = [small(SPX, stamp, 1), small(NDX, stamp, 2)]
    keys = [(KeySchema().snapshot(made.id), KeySchema().latest(made.id.chain)) for made in batch]
    seen = await commands_of(redis, lambda: (in_steps(redis) if apart else writer).publish(batch, TTL_S))
    sets = [words for _, words in seen if words[0].upper() == "SET"]
    assert [words[1] for words in sets] == [key for pair in zip(*keys, strict=True) for key in pair]
    payloads = dict(keys)
    assert all(("NX" in words) == (words[1] in payloads) for words in sets)
    for payload, pointer in keys:
        assert await redis.pexpiretime(payload) == await redis.pexpiretime(pointer) > stamp
    assert not {words[0].upper() for _, words in seen} & {"DEL", "EXPIRE", "PERSIST", "MULTI", "KEYS", "SCAN"}


@pytest.mark.parametrize("skew_s", [-120, -3600 * 24 * 365, 0, 1])
async def test_the_deadline_is_of_rediss_clock_whatever_ours_says(
    redis: Redis, writer: SnapshotWriter, skew_s: int
) -> None:
    before = await now_ms(redis)
    [outcome] = await writer.publish([small(ts_ms=before + skew_s * 1000)], TTL_S)
    after = await now_ms(redis)
    found = await holds(redis)
    assert outcome.verdict is PublishVerdict.PUBLISHED
    assert found.ts_ms == before + skew_s * 1000
    assert before + 60_000 <= found.deadline <= after + 60_000
    assert abs(found.deadline - found.payload_deadline) <= 1


async def test_nothing_to_publish_is_no_outcome(redis: Redis, writer: SnapshotWriter) -> None:
    assert await writer.publish([], TTL_S) == []
    assert await redis.dbsize() == 0


async def test_a_snapshot_that_no_reader_would_take_fails_alone(redis: Redis, writer: SnapshotWriter) -> None:
    stamp = await now_ms(redis)
    bad = replace(small(NDX, stamp), contracts=({"name": "x" * 10_000},))
    worse = replace(small(SPX, stamp, 2), contracts=({"set": {1}},))
    good = small(SPX, stamp)
    outcomes = await writer.publish([bad, worse, good], TTL_S)
    assert [outcome.verdict for outcome in outcomes] == [
        PublishVerdict.FAILED,
        PublishVerdict.FAILED,
        PublishVerdict.PUBLISHED,
    ]
    assert "string" in outcomes[0].reason
    assert "not JSON serializable" in outcomes[1].reason
    assert await held(redis, NDX) is None
    assert (await holds(redis)).payload == encode(good)


# Forward only


async def test_an_older_snapshot_is_refused_by_name(redis: Redis, writer: SnapshotWriter) -> None:
    stamp = await now_ms(redis)
    await writer.publish([small(ts_ms=stamp, mark=1), small(NDX, stamp - 900, mark=2)], TTL_S)
    before = await holds(redis)
    older, newer = small(ts_ms=stamp - 1, mark=3), small(NDX, stamp, mark=4)
    outcomes = await writer.publish([older, newer], TTL_S)
    assert outcomes[0] == PublishResult(
        older.id, PublishVerdict.REFUSED_OLDER, len(encode(older)), "a newer snapshot is already there"
    )
    assert outcomes[1].verdict is PublishVerdict.PUBLISHED
    assert await holds(redis) == before
    assert (await holds(redis, NDX)).ts_ms == stamp


async def test_after_the_pointer_expired_an_older_snapshot_is_the_newest_again(
    redis: Redis, writer: SnapshotWriter
) -> None:
    stamp = await now_ms(redis)
    await writer.publish([small(ts_ms=stamp)], 0.05)

    async def gone() -> bool:
        return await held(redis) is None

    await eventually(gone)
    [outcome] = await writer.publish([small(ts_ms=stamp - 1000, mark=2)], TTL_S)
    assert outcome.verdict is PublishVerdict.PUBLISHED
    assert (await holds(redis)).ts_ms == stamp - 1000


@pytest.mark.parametrize(("ahead_ms", "verdict"), [(1500, PublishVerdict.PUBLISHED), (2500, PublishVerdict.FAILED)])
async def test_a_stamp_ahead_of_redis_beyond_tolerance_is_refused(
    redis: Redis, writer: SnapshotWriter, ahead_ms: int, verdict: PublishVerdict
) -> None:
    [outcome] = await writer.publish([small(ts_ms=await now_ms(redis) + ahead_ms)], TTL_S)
    assert outcome.verdict is verdict
    if verdict is PublishVerdict.FAILED:
        assert "clock is ahead" in outcome.reason
        assert await held(redis) is None


async def poison(redis: Redis, value: str, ttl_s: int | None = 3600) -> None:
    await redis.set(POINTER, value, ex=ttl_s)


@pytest.mark.parametrize("ahead_s", [3, 3600, 10**9])
async def test_a_pointer_poisoned_from_the_future_holds_no_honest_writer_back(
    redis: Redis, writer: SnapshotWriter, ahead_s: int
) -> None:
    now = await now_ms(redis)
    await poison(redis, KeySchema().snapshot(SnapshotId(SPX, now + ahead_s * 1000)))
    [outcome] = await writer.publish([small(ts_ms=now)], TTL_S)
    assert outcome.verdict is PublishVerdict.PUBLISHED
    assert (await holds(redis)).ts_ms == now


# The stamp `{}` is half a second newer than the honest writer's: only the grammar can tell these from real ones.
FOREIGN = [
    "",
    "hello",
    POINTER,
    "massive:heartbeat",
    "massive:chain:snapshot:NDX:2026-01-02:{}",
    "massive:chain:snapshot:SPX:2026-01-03:{}",
    "massive:replay:chain:snapshot:SPX:2026-01-02:{}",
    "massive:chain:snapshot:SPX:2026-01-02:x:{}",
    "massive:chain:snapshot:SPX:2026-01-02:0{}",
    "massive:chain:snapshot:SPX:2026-01-02:{}\n",
    "massive:chain:snapshot:SPX:2026-01-02:{}.5",
    "massive:chain:snapshot:SPX:2026-01-02:",
    "massive:chain:snapshot:SPX:2026-01-02:-{}",
    "massive:chain:snapshot:SPX:2026-01-02:" + "9" * 400,
    "x" * 1_000_000,
]


@pytest.mark.parametrize("value", FOREIGN, ids=lambda value: value[-20:])
@pytest.mark.parametrize("ttl_s", [3600, None])
async def test_a_foreign_pointer_is_replaced(
    redis: Redis, writer: SnapshotWriter, value: str, ttl_s: int | None
) -> None:
    now = await now_ms(redis)
    await poison(redis, value.replace("{}", str(now + 500)), ttl_s)
    [outcome] = await writer.publish([small(ts_ms=now)], TTL_S)
    assert outcome.verdict is PublishVerdict.PUBLISHED
    found = await holds(redis)
    assert (found.ts_ms, found.payload) == (now, encode(small(ts_ms=now)))


@pytest.mark.parametrize("words", ["LPUSH {} x", "HSET {} x 1", "SADD {} x", "ZADD {} 1 x", "XADD {} * x 1"])
async def test_a_pointer_of_another_type_is_replaced(redis: Redis, writer: SnapshotWriter, words: str) -> None:
    await redis.execute_command(*words.format(POINTER).split(" "))
    [outcome] = await writer.publish([small(ts_ms=await now_ms(redis))], TTL_S)
    assert outcome.verdict is PublishVerdict.PUBLISHED


async def test_the_batch_survives_a_payload_key_of_another_type(redis: Redis, writer: SnapshotWriter) -> None:
    stamp = await now_ms(redis)
    wrong = KeySchema().snapshot(SnapshotId(SPX, stamp))
    await redis.lpush(wrong, "x")
    await redis.expire(wrong, 60)
    outcomes = await writer.publish([small(SPX, stamp), small(NDX, stamp)], TTL_S)
    assert [outcome.verdict for outcome in outcomes] == [PublishVerdict.PUBLISHED, PublishVerdict.PUBLISHED]
    assert outcomes[0].id.ts_ms == stamp + 1


# Immutable payloads


async def test_a_millisecond_taken_by_other_bytes_is_stepped_over(redis: Redis, writer: SnapshotWriter) -> None:
    stamp = await now_ms(redis)
    ones = [small(ts_ms=stamp, mark=mark) for mark in range(1, 5)]
    ends = [(await writer.publish([one], TTL_S))[0] for one in ones]
    assert [end.id.ts_ms - stamp for end in ends] == [0, 1, 2, 3]
    assert all(end.verdict is PublishVerdict.PUBLISHED for end in ends)
    for one, end in zip(ones, ends, strict=True):
        assert items_in(await payload_at(redis, end.id)) == one.contracts
    assert (await holds(redis)).ts_ms == stamp + 3


async def occupy(redis: Redis, stamp: int, count: int) -> None:
    for step in range(count):
        await redis.set(KeySchema().snapshot(SnapshotId(SPX, stamp + step)), "foreign", ex=60)


async def test_two_publishers_in_one_millisecond_both_land_unharmed(redis: Redis, redis_url: str) -> None:
    stamp = await now_ms(redis)
    async with Redis.from_url(redis_url) as one, Redis.from_url(redis_url) as other:
        for turn in range(20):
            left, right = (small(ts_ms=stamp + 10 * turn, mark=2 * turn + side) for side in (1, 2))
            ends = await asyncio.gather(
                snapshot_writer(one, KeySchema()).publish([left], TTL_S),
                snapshot_writer(other, KeySchema()).publish([right], TTL_S),
            )
            written = {}
            for made, [end] in zip((left, right), ends, strict=True):
                assert end.verdict in (PublishVerdict.PUBLISHED, PublishVerdict.REFUSED_OLDER)
                assert items_in(await payload_at(redis, end.id)) == made.contracts
                written[end.id.ts_ms] = end.verdict
            assert sorted(written) == [stamp + 10 * turn, stamp + 10 * turn + 1]
            assert written[stamp + 10 * turn + 1] is PublishVerdict.PUBLISHED
            assert (await holds(redis)).ts_ms == stamp + 10 * turn + 1


async def test_the_last_millisecond_tried_is_as_good_as_the_first(redis: Redis, writer: SnapshotWriter) -> None:
    stamp = await now_ms(redis)
    await occupy(redis, stamp, 8)
    [outcome] = await writer.publish([small(ts_ms=stamp)], TTL_S)
    assert (outcome.verdict, outcome.id.ts_ms) == (PublishVerdict.PUBLISHED, stamp + 8)


async def test_when_no_millisecond_is_free_it_says_so_and_overwrites_nothing(
    redis: Redis, writer: SnapshotWriter
) -> None:
    stamp = await now_ms(redis)
    await occupy(redis, stamp, 12)
    [outcome] = await writer.publish([small(ts_ms=stamp)], TTL_S)
    assert outcome.verdict is PublishVerdict.FAILED
    assert "every millisecond tried" in outcome.reason
    assert await held(redis) is None
    assert await redis.mget(await redis.keys("*snapshot*")) == [b"foreign"] * 12


@pytest.mark.parametrize("second_ttl_s", [5.0, 60.0, 600.0])
async def test_the_same_snapshot_again_changes_nothing(
    redis: Redis, writer: SnapshotWriter, second_ttl_s: float
) -> None:
    made = small(ts_ms=await now_ms(redis))
    await writer.publish([made], TTL_S)
    before = await holds(redis)
    [outcome] = await writer.publish([made], second_ttl_s)
    assert outcome == PublishResult(made.id, PublishVerdict.PUBLISHED, len(encode(made)))
    assert await holds(redis) == before
    assert await redis.dbsize() == 2


@pytest.mark.parametrize("second_ttl_s", [5.0, 600.0])
async def test_the_same_snapshot_under_a_lost_pointer_dies_with_its_payload(
    redis: Redis, writer: SnapshotWriter, second_ttl_s: float
) -> None:
    made = small(ts_ms=await now_ms(redis))
    await writer.publish([made], TTL_S)
    await redis.delete(POINTER)
    [outcome] = await writer.publish([made], second_ttl_s)
    assert outcome.verdict is PublishVerdict.PUBLISHED
    found = await holds(redis)
    assert abs(found.deadline - found.payload_deadline) <= 1


# Interrupted


async def test_a_crash_before_the_pointer_leaves_the_old_snapshot_and_a_mortal_orphan(
    redis: Redis, writer: SnapshotWriter
) -> None:
    stamp = await now_ms(redis)
    await writer.publish([small(ts_ms=stamp - 1000)], TTL_S)
    before = await holds(redis)
    with pytest.raises(SystemError):
        await in_steps(redis, crash).publish([small(ts_ms=stamp, mark=2)], TTL_S)
    assert await holds(redis) == before
    orphan = KeySchema().snapshot(SnapshotId(SPX, stamp))
    assert 0 < await redis.pttl(orphan) <= 60_000
    [outcome] = await writer.publish([small(ts_ms=stamp + 1, mark=3)], TTL_S)
    assert outcome.verdict is PublishVerdict.PUBLISHED
    assert (await holds(redis)).ts_ms == stamp + 1


async def test_a_restart_with_the_same_snapshot_finishes_what_the_crash_began(
    redis: Redis,
) -> None:
    made = small(ts_ms=await now_ms(redis))
    with pytest.raises(SystemError):
        await in_steps(redis, crash).publish([made], 30.0)
    [outcome] = await in_steps(redis).publish([made], TTL_S)
    assert outcome.verdict is PublishVerdict.PUBLISHED
    found = await holds(redis)
    assert (found.payload, found.deadline) == (encode(made), found.payload_deadline)


async def test_a_pause_beyond_the_deadline_is_late_not_published(redis: Redis) -> None:
    async def until_the_deadline(puts: Sequence[PutReply]) -> None:
        async def passed() -> bool:
            return await now_ms(redis) >= puts[0].deadline_ms

        await eventually(passed)

    [outcome] = await in_steps(redis, until_the_deadline).publish([small(ts_ms=await now_ms(redis))], 0.05)
    assert outcome.verdict is PublishVerdict.FAILED
    assert "too late" in outcome.reason
    assert await redis.keys("*") == []


async def test_a_publisher_that_slept_while_another_went_on_is_fenced_at_the_pointer(
    redis: Redis, writer: SnapshotWriter
) -> None:
    stamp, written, awake = await now_ms(redis), asyncio.Event(), asyncio.Event()

    async def asleep(_: Sequence[PutReply]) -> None:
        written.set()
        await awake.wait()

    publishing = asyncio.create_task(in_steps(redis, asleep).publish([small(ts_ms=stamp)], TTL_S))
    await written.wait()
    await writer.publish([small(ts_ms=stamp + 10, mark=2)], TTL_S)
    awake.set()
    [outcome] = await publishing
    assert outcome.verdict is PublishVerdict.REFUSED_OLDER
    assert (await holds(redis)).ts_ms == stamp + 10


# A faulty line


@pytest.mark.parametrize("word", [b"SET", b"EVAL", b"EVALSHA", b"EXISTS"])
@pytest.mark.parametrize("fate", [Fate.SWALLOW, Fate.CUT])
async def test_one_lost_reply_or_connection_is_published_once(
    redis: Redis, redis_url: str, short_dir: Path, word: bytes, fate: Fate
) -> None:
    stamp = await now_ms(redis)
    batch = [small(SPX, stamp, 1), small(NDX, stamp, 2)]
    async with proxied(redis_url, short_dir) as (proxy, writer):
        proxy.rule = first(word, fate)
        outcomes = await writer.publish(batch, TTL_S)
    assert outcomes == [PublishResult(made.id, PublishVerdict.PUBLISHED, len(encode(made))) for made in batch]
    assert len(proxy.seen(word)) > (len(batch) if word == b"SET" else 1)
    assert await redis.dbsize() == 4
    for made in batch:
        found = await holds(redis, made.id.chain)
        assert (found.ts_ms, found.payload) == (stamp, encode(made))


async def test_a_lost_reply_while_stepping_over_a_millisecond(redis: Redis, redis_url: str, short_dir: Path) -> None:
    stamp = await now_ms(redis)
    await snapshot_writer(redis, KeySchema()).publish([small(ts_ms=stamp, mark=1)], TTL_S)
    taken = KeySchema().snapshot(SnapshotId(SPX, stamp + 1)).encode()

    async def lose_the_second_set(command: Command) -> Fate:
        lost = command[:2] == (b"SET", taken) and len([c for c in proxy.commands if c[:2] == command[:2]]) == 1
        return Fate.SWALLOW if lost else Fate.DELIVER

    async with proxied(redis_url, short_dir) as (proxy, writer):
        proxy.rule = lose_the_second_set
        [outcome] = await writer.publish([small(ts_ms=stamp, mark=2)], TTL_S)
    assert (outcome.verdict, outcome.id.ts_ms) == (PublishVerdict.PUBLISHED, stamp + 1)
    assert await redis.dbsize() == 3


@pytest.mark.parametrize("word", [b"SET", b"EVAL"])
async def test_a_line_that_always_breaks_is_one_clear_error_and_then_forgotten(
    redis: Redis, redis_url: str, short_dir: Path, word: bytes
) -> None:
    async def rule(command: Command) -> Fate:
        return Fate.SWALLOW if command[0] == word else Fate.DELIVER

    stamp = await now_ms(redis)
    async with proxied(redis_url, short_dir) as (proxy, writer):
        proxy.rule = rule
        with pytest.raises(RedisUnavailableError) as error:
            await writer.publish([small(ts_ms=stamp)], TTL_S)
        assert str(error.value).isprintable()
        await assert_contract_kept(redis)
        proxy.rule = always(Fate.DELIVER)
        [outcome] = await writer.publish([small(ts_ms=stamp)], TTL_S)
    assert outcome.verdict is PublishVerdict.PUBLISHED
    assert await redis.dbsize() == 2


@pytest.mark.slow
@pytest.mark.parametrize("word", [b"CLIENT", b"SET", b"EVAL", b"EVALSHA"])
async def test_a_black_hole_is_no_answer_in_time(redis: Redis, redis_url: str, short_dir: Path, word: bytes) -> None:
    async def rule(command: Command) -> Fate:
        return Fate.HOLD if command[0] == word else Fate.DELIVER

    stamp = await now_ms(redis)
    async with proxied(redis_url, short_dir) as (proxy, writer):
        proxy.rule = rule
        with pytest.raises(RedisUnavailableError, match="no answer in time"):
            async with asyncio.timeout(8):
                await writer.publish([small(ts_ms=stamp)], TTL_S)
        proxy.rule = always(Fate.DELIVER)
        [outcome] = await writer.publish([small(ts_ms=stamp)], TTL_S)
    assert outcome.verdict is PublishVerdict.PUBLISHED


async def test_a_refused_connection_is_named_and_over_when_it_is_over(
    redis: Redis, redis_url: str, short_dir: Path
) -> None:
    stamp = await now_ms(redis)
    async with proxied(redis_url, short_dir) as (proxy, writer):
        await proxy.refuse()
        with pytest.raises(RedisUnavailableError, match=r"refused|no such socket|reset|closed"):
            await writer.publish([small(ts_ms=stamp)], TTL_S)
        await proxy.listen()
        [outcome] = await writer.publish([small(ts_ms=stamp)], TTL_S)
    assert outcome.verdict is PublishVerdict.PUBLISHED


async def test_slow_replies_only_delay(redis: Redis, redis_url: str, short_dir: Path) -> None:
    async def slowly(_: Command) -> Fate:
        await asyncio.sleep(0.02)
        return Fate.DELIVER

    async with proxied(redis_url, short_dir) as (proxy, writer):
        proxy.rule = slowly
        [outcome] = await writer.publish([small(ts_ms=await now_ms(redis))], TTL_S)
    assert outcome.verdict is PublishVerdict.PUBLISHED


# Published means visible


@pytest.mark.parametrize("victim", ["pointer", "payload"])
async def test_what_is_gone_before_the_last_look_is_not_published(
    redis: Redis, redis_url: str, short_dir: Path, victim: str
) -> None:
    stamp = await now_ms(redis)
    key = POINTER if victim == "pointer" else KeySchema().snapshot(SnapshotId(SPX, stamp))

    async def evict(command: Command) -> Fate:
        if command[0] == b"EXISTS" and len(proxy.seen(b"EXISTS")) == 1:
            # What was sent before it is on its way to the server; the pointer's coming says that it arrived.
            await eventually(lambda: redis.exists(POINTER))
            await redis.delete(key)
        return Fate.DELIVER

    async with proxied(redis_url, short_dir) as (proxy, writer):
        proxy.rule = evict
        [outcome] = await writer.publish([small(ts_ms=stamp)], TTL_S)
    assert outcome.verdict is PublishVerdict.FAILED
    assert "evicted at once" in outcome.reason
    await redis.delete(POINTER)


@pytest.fixture
async def own(short_dir: Path, holder: EmbeddedServer) -> AsyncIterator[Redis]:
    """Client of a server whose memory the test may bound."""
    async with Redis.from_url(holder.start_or_attach(short_dir).url) as client:
        yield client


async def test_out_of_memory_fails_loudly_keeps_the_old_and_recovers(own: Redis) -> None:
    writer, stamp = snapshot_writer(own, KeySchema()), await now_ms(own)
    await writer.publish([small(ts_ms=stamp)], TTL_S)
    await own.config_set("maxmemory-policy", "noeviction")
    await own.config_set("maxmemory", 1)
    for turn in (1, 2):
        [outcome] = await writer.publish([small(ts_ms=stamp + turn, mark=2)], TTL_S)
        assert outcome.verdict is PublishVerdict.FAILED
        assert outcome.reason == "Redis is out of memory: raise maxmemory or set maxmemory-policy volatile-ttl"
        assert (await holds(own)).ts_ms == stamp
    await own.config_set("maxmemory", 0)
    [outcome] = await writer.publish([small(ts_ms=stamp + 3, mark=2)], TTL_S)
    assert outcome.verdict is PublishVerdict.PUBLISHED
    assert (await holds(own)).ts_ms == stamp + 3
    await assert_contract_kept(own)


@pytest.mark.parametrize("policy", ["volatile-ttl", "allkeys-random"])
async def test_what_eviction_took_is_never_called_published(own: Redis, policy: str) -> None:
    writer = snapshot_writer(own, KeySchema())
    chains = [ChainId("SPX", expiry) for expiry in expiries(12)]
    await own.config_set("maxmemory-policy", policy)
    limit = (await own.info("memory"))["used_memory"] + 600_000
    verdicts = set()
    for turn in range(10):
        stamp = await now_ms(own)
        batch = [small(chain, stamp, turn + 1, padding=100_000) for chain in chains]
        await own.config_set("maxmemory", limit)
        outcomes = await writer.publish(batch, TTL_S)
        await own.config_set("maxmemory", 0)  # so that looking pushes nothing out
        for outcome in outcomes:
            verdicts.add(outcome.verdict)
            key, pointer = KeySchema().snapshot(outcome.id), KeySchema().latest(outcome.id.chain)
            visible = await own.get(pointer) == key.encode() and await own.exists(key) == 1
            assert visible or outcome.verdict is PublishVerdict.FAILED, outcome
            assert outcome.verdict is PublishVerdict.PUBLISHED or "Redis" in outcome.reason
    assert verdicts == {PublishVerdict.PUBLISHED, PublishVerdict.FAILED}
    assert (await own.info("stats"))["evicted_keys"] > 0


async def test_a_replica_is_told_from_a_broken_redis(own: Redis) -> None:
    writer, stamp = snapshot_writer(own, KeySchema()), await now_ms(own)
    await own.replicaof("127.0.0.1", "1")
    [outcome] = await writer.publish([small(ts_ms=stamp)], TTL_S)
    assert outcome.verdict is PublishVerdict.FAILED
    assert outcome.reason == "this Redis is a read-only replica: publish to the primary"
    await own.replicaof("NO", "ONE")
    [outcome] = await writer.publish([small(ts_ms=stamp)], TTL_S)
    assert outcome.verdict is PublishVerdict.PUBLISHED


# Reading


async def test_one_poll_reads_all_pointers_and_what_stands_beside_them(
    redis: Redis, store: Store, writer: SnapshotWriter
) -> None:
    stamp = await now_ms(redis)
    [one, other] = await writer.publish([small(SPX, stamp, 1), small(NDX, stamp, 2)], TTL_S)
    await redis.set("mock_massive:heartbeat", "beat", ex=15)
    await redis.hset("massive:ws:analytics", "last_ts", "1766762051.5")
    await redis.expire("massive:ws:analytics", 15)
    missing = ChainId("SPX", date(2026, 1, 5))
    held_keys = [KeySchema().snapshot(end.id).encode() for end in (one, other)]
    seen = await commands_of(
        redis,
        lambda: store.poll([SPX, missing, NDX], ["massive:heartbeat", "mock_massive:heartbeat"], held_keys),
    )
    assert [words[0] for _, words in seen] == ["MGET", "HMGET", "EVAL_RO", "XREVRANGE", "XLEN", "XINFO", "EXISTS"]
    poll = await store.poll([SPX, missing, NDX], ["massive:heartbeat", "mock_massive:heartbeat"], held_keys)
    assert poll.pointers == {
        SPX: KeySchema().snapshot(one.id).encode(),
        missing: None,
        NDX: KeySchema().snapshot(other.id).encode(),
    }
    assert poll.beside == {"massive:heartbeat": None, "mock_massive:heartbeat": b"beat"}
    assert (poll.stream, poll.payloads) == (StreamSigns(1766762051.5, None), 2)


@pytest.mark.parametrize(
    ("newest", "seconds"),
    [
        ("1766762051500-3", 1766762051.5),
        ("1-1", None),
        ("1766762051-0", None),
        ("99999999999999-0", None),
        (None, None),
    ],
)
async def test_the_newest_id_of_the_stream_is_read_and_its_entry_is_not(
    redis: Redis, store: Store, newest: str | None, seconds: float | None
) -> None:
    if newest is None:
        await redis.set("massive:ws:stream", "no stream")
    else:
        await redis.xadd("massive:ws:stream", {"frame": b"x" * 4_000_000}, id=newest)
    await redis.expire("massive:ws:stream", 15)
    out = (await redis.info("stats"))["total_net_output_bytes"]
    poll = await store.poll([SPX])
    is_stream = newest is not None
    misread = is_stream and seconds is None
    assert poll.stream == StreamSigns(None, seconds, misread=misread, length=1 if is_stream else None)
    assert (await redis.info("stats"))["total_net_output_bytes"] - out < 100_000


async def test_recheck_tells_a_pointer_from_its_payload(redis: Redis, store: Store, writer: SnapshotWriter) -> None:
    stamp = await now_ms(redis)
    [one, other] = await writer.publish([small(SPX, stamp, 1), small(NDX, stamp, 2)], TTL_S)
    await redis.delete(KeySchema().snapshot(other.id))
    assert await store.recheck([one.id, other.id]) == [
        (KeySchema().snapshot(one.id).encode(), True),
        (KeySchema().snapshot(other.id).encode(), False),
    ]
    await redis.delete(KeySchema().latest(NDX))
    assert (await store.recheck([other.id])) == [(None, False)]


async def test_fetch_reads_each_payload_with_the_time_it_has_left(
    redis: Redis, store: Store, writer: SnapshotWriter
) -> None:
    stamp = await now_ms(redis)
    chains = [ChainId("SPX", expiry) for expiry in expiries(40)]
    made = [small(chain, stamp, mark) for mark, chain in enumerate(chains, start=1)]
    await writer.publish(made, TTL_S)
    absent = SnapshotId(NDX, stamp)
    wrong = SnapshotId(NDX, stamp + 1)
    await redis.lpush(KeySchema().snapshot(wrong), "x")
    *found, nothing, mistyped = await store.fetch([*(one.id for one in made), absent, wrong])
    assert [payload.raw for payload in found] == [encode(one) for one in made]
    assert all(payload.ttl_ms is not None and 0 < payload.ttl_ms <= 60_000 for payload in found)
    assert (nothing.raw, nothing.ttl_ms, nothing.error) == (None, None, "")
    assert mistyped.raw is None
    assert "wrong kind" in mistyped.error
    await redis.delete(KeySchema().snapshot(wrong))


async def test_fetch_never_reads_more_than_the_limit_and_one_byte(
    redis: Redis, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chain.redis.contract.store.MAX_PAYLOAD_BYTES", 100)
    snapshot_id = SnapshotId(SPX, await now_ms(redis))
    await redis.set(KeySchema().snapshot(snapshot_id), b"x" * 10_000, ex=60)
    [payload] = await store.fetch([snapshot_id])
    assert payload.raw == b"x" * 101


async def test_discovery_takes_pointers_of_the_grammar_only(redis: Redis, store: Store, writer: SnapshotWriter) -> None:
    stamp = await now_ms(redis)
    await writer.publish([small(SPX, stamp, 1), small(NDX, stamp, 2)], TTL_S)
    strays = ["massive:chain:latest", "massive:chain:latest:SPX", "massive:chain:latest:spx:2026-01-02"]
    strays += ["massive:chain:latest:SPX:tomorrow", "massive:replay:chain:latest:SPX:2026-01-09"]
    for stray in strays:
        await redis.set(stray, "x", ex=60)
    seen = await commands_of(redis, store.discover)
    assert await store.discover() == {SPX, NDX}
    assert {tuple(words[2:4]) for _, words in seen if words[0] == "SCAN"} == {("MATCH", "massive:chain:latest:*")}
    await redis.delete(*strays)


async def test_a_second_look_tells_a_pointer_of_another_type_from_none(
    redis: Redis, store: Store, writer: SnapshotWriter
) -> None:
    [end] = await writer.publish([small(ts_ms=await now_ms(redis))], TTL_S)
    await redis.lpush(KeySchema().latest(NDX), "x")
    missing = ChainId("SPX", date(2026, 1, 5))
    pointers, types = await store.recheck_pointers([SPX, NDX, missing])
    assert pointers == {SPX: KeySchema().snapshot(end.id).encode(), NDX: None, missing: None}
    assert types == {NDX: "list", missing: "none"}
    assert await store.recheck_pointers([]) == ({}, {})
    await redis.delete(KeySchema().latest(NDX))


def test_snapshots_differ_by_mark_alone() -> None:
    one, other = small(mark=1), small(mark=2)
    assert isinstance(one, Snapshot)
    assert one.id == other.id
    assert encode(one) != encode(other)


async def test_a_cancelled_call_ends_and_leaves_no_reply_for_the_next(
    redis: Redis, store: Store, writer: SnapshotWriter
) -> None:
    stamp = await now_ms(redis)
    chains = [ChainId("SPX", expiry) for expiry in expiries(4)]
    made = [small(chain, stamp, mark) for mark, chain in enumerate(chains, start=1)]
    await writer.publish(made, TTL_S)

    async def read_for_ever() -> None:
        while True:
            await store.poll(chains)

    for turn in range(300):
        status = asyncio.create_task(read_for_ever())
        for _ in range(2 + turn % 23):
            await asyncio.sleep(0)
        status.cancel()
        done, _ = await asyncio.wait([status], timeout=3)
        assert done, f"the cancellation was lost at turn {turn}"
        one = made[turn % 4]
        assert (await store.fetch([one.id]))[0].raw == encode(one)


async def test_renewed_snapshots_live_for_so_long_from_now_and_payload_and_pointer_end_together(
    redis: Redis, writer: SnapshotWriter
) -> None:
    snapshot = golden_snapshot()
    [published] = await writer.publish([snapshot], 5.0)
    payload = KeySchema().snapshot(published.id)
    seconds, microseconds = await redis.time()
    [renewed] = await writer.renew([snapshot], 90.0)
    assert (renewed.verdict, renewed.failed) == (PublishVerdict.PUBLISHED, False)
    ends = await redis.pexpiretime(payload), await redis.pexpiretime(POINTER)
    assert ends[0] == ends[1]
    assert 0 <= ends[0] - (seconds * 1000 + microseconds // 1000) - 90_000 < 20_000
    assert await writer.renew([], 90.0) == []


async def test_a_payload_that_is_gone_is_not_renewed(redis: Redis, writer: SnapshotWriter) -> None:
    [ended] = await writer.renew([golden_snapshot()], 90.0)
    assert (ended.verdict, ended.failed) == (PublishVerdict.FAILED, True)
    assert not await redis.exists(POINTER)


@pytest.mark.parametrize("verdict", PublishVerdict)
def test_what_failed_left_nothing_newer_there(verdict: PublishVerdict) -> None:
    result = PublishResult(SnapshotId(SPX, 1_767_366_000_000), verdict)
    assert result.failed is (verdict in (PublishVerdict.FAILED, PublishVerdict.LEFT_TO_LIVE))
