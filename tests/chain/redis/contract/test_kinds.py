"""The kind of source beside each chain: written with the pointer, told for an hour after a change, acknowledged."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from chain.model.keys import ChainId, KeySchema, SnapshotId
from chain.model.snapshot import Snapshot
from chain.redis.contract.kinds import KindRecord, SourceChange, parse_record
from chain.redis.contract.publish.draft import PublishVerdict
from chain.redis.contract.publish.records import KindRecords
from chain.redis.contract.publish.writer import snapshot_writer
from chain.redis.contract.store import Store
from tests.support.builders import contracts, law

NAMES = KeySchema()
SPX = ChainId("SPX", datetime.now(UTC).date() + timedelta(days=7))
MADE = 1_766_762_051_149


async def publish(redis: Redis, kind: str, *, ago_ms: int = 0, among_live: bool = False) -> PublishVerdict:
    ts_ns = time.time_ns() - ago_ms * 1_000_000
    snapshot = Snapshot.at(
        SnapshotId(SPX, ts_ns // 1_000_000), ts_ns, atm=6930, range_points=24, contracts=contracts(SPX)
    )
    [end] = await snapshot_writer(redis, NAMES, kind=kind, among_live=among_live).publish([snapshot], 60)
    return end.verdict


async def record(redis: Redis) -> KindRecord:
    [payload] = await Store(redis, NAMES).fetch([(await KindRecords(redis, NAMES).held([SPX]))[SPX][0]])
    return payload.kind_record


async def test_the_kind_is_written_with_the_pointer_and_is_no_change_at_first(redis: Redis) -> None:
    assert await publish(redis, "mock") is PublishVerdict.PUBLISHED
    assert await record(redis) == KindRecord("mock")
    assert await publish(redis, "mock") is PublishVerdict.PUBLISHED
    assert await record(redis) == KindRecord("mock")
    outlives_ms = await redis.pexpiretime(NAMES.source(SPX)) - await redis.pexpiretime(NAMES.latest(SPX))
    assert outlives_ms == 3_600_000  # a change is known across a gap


@pytest.mark.parametrize(
    "kinds", [("mock", "massive"), ("capture", "mock"), ("replay", "massive"), ("mock", "capture")]
)
async def test_a_change_of_kind_is_kept_with_both_kinds_and_its_moment(redis: Redis, kinds: tuple[str, str]) -> None:
    before, after = kinds
    await publish(redis, before, ago_ms=20)
    began = time.time()
    await publish(redis, after, ago_ms=10)
    first = await record(redis)
    assert first.kind == after
    assert first.change is not None
    assert (first.change.before, first.change.after) == kinds
    assert abs(first.change.at - began) < 5
    await publish(redis, after)
    assert await record(redis) == first


async def test_live_to_mock_is_a_change_once_the_live_snapshot_has_run_out(redis: Redis) -> None:
    await publish(redis, "massive", ago_ms=10)
    assert await publish(redis, "mock") is PublishVerdict.LEFT_TO_LIVE
    assert await publish(redis, "mock", among_live=True) is PublishVerdict.LEFT_TO_LIVE
    await redis.delete(NAMES.latest(SPX))
    assert await publish(redis, "mock") is PublishVerdict.PUBLISHED
    found = await record(redis)
    assert found.change is not None
    assert (found.kind, found.change.before) == ("mock", "massive")


async def test_a_publisher_that_records_nothing_is_unknown_and_may_be_live(redis: Redis) -> None:
    await publish(redis, "mock", ago_ms=20)
    await publish(redis, "", ago_ms=10)
    found = await record(redis)
    assert found.kind == "unknown"
    assert found.change is not None
    assert (found.change.before, found.change.after) == ("mock", "unknown")
    assert await publish(redis, "mock") is PublishVerdict.LEFT_TO_LIVE
    assert await publish(redis, "massive") is PublishVerdict.PUBLISHED
    after = (await record(redis)).change
    assert after is not None
    assert (after.before, after.after) == ("unknown", "massive")


async def test_a_change_is_forgotten_when_it_is_an_hour_old_and_not_before(redis: Redis) -> None:
    for age_s, told in ((3_595, True), (3_601, False)):
        now_ms = time.time_ns() // 1_000_000
        await redis.flushall()
        await publish(redis, "massive", ago_ms=20)
        await redis.set(NAMES.source(SPX), f"massive {now_ms - 20} mock {now_ms - age_s * 1000}")
        await redis.set(NAMES.latest(SPX), NAMES.snapshot(SnapshotId(SPX, now_ms - 20)), px=60_000)
        await publish(redis, "massive")
        assert ((await record(redis)).change is not None) is told


async def test_what_is_acknowledged_is_told_no_more_and_the_next_change_is(redis: Redis) -> None:
    records = KindRecords(redis, NAMES)
    assert await records.acknowledge([SPX]) == 0
    await publish(redis, "mock", ago_ms=20)
    await publish(redis, "massive", ago_ms=15)
    assert await records.acknowledge([SPX]) == 1
    assert await records.acknowledge([SPX]) == 0
    await publish(redis, "massive", ago_ms=10)
    assert await record(redis) == KindRecord("massive")
    await publish(redis, "", ago_ms=5)  # somebody who records nothing
    assert (await record(redis)).kind == "unknown"
    assert await records.acknowledge([SPX]) == 1
    await publish(redis, "")
    assert await record(redis) == KindRecord("unknown")


@pytest.mark.parametrize("pointer", [b"", b"massive:chain:snapshot:SPX:x:1", b"\xff\x00"])
async def test_a_pointer_that_is_none_holds_nobody_back(redis: Redis, pointer: bytes) -> None:
    await redis.set(NAMES.latest(SPX), pointer, px=60_000)
    assert await KindRecords(redis, NAMES).held([SPX]) == {}
    assert await publish(redis, "mock") is PublishVerdict.PUBLISHED


async def test_keys_of_other_types_are_no_records(redis: Redis) -> None:
    await redis.lpush(NAMES.source(SPX), "mock 1")
    assert (await publish(redis, "mock")) is PublishVerdict.PUBLISHED
    assert (await record(redis)).kind == "mock"


def test_a_change_that_redis_tells_is_recorded() -> None:
    told = parse_record(f"massive {MADE} mock {MADE - 7}".encode(), MADE).change
    assert told == SourceChange("mock", "massive", (MADE - 7) / 1000)
    unrecorded = parse_record(f"massive {MADE}".encode(), MADE + 1).change  # somebody without records has published
    assert unrecorded == SourceChange("massive", "unknown", MADE / 1000)
    assert told.recorded and unrecorded.recorded
    assert not SourceChange("mock", "massive", 1.0).recorded


def test_what_was_read_before_a_change_of_kind_keeps_its_own() -> None:
    later = f"massive {MADE + 50} mock {MADE + 40}".encode()  # its publisher moved on while the reader was on its way
    assert parse_record(later, MADE).kind == "mock"
    assert parse_record(later, MADE + 45).kind == "massive"


@law
@given(st.binary(max_size=120))
def test_any_bytes_are_a_record_or_none(raw: bytes) -> None:
    found = parse_record(raw, MADE)
    assert found.kind.isalpha() if raw else found.kind == ""


@pytest.mark.parametrize("raw", [b"mock", b"mock \xff", b"MOCK 1767366000000", b'{"kind":"mock"}', b"x" * 81])
def test_a_record_that_cannot_be_read_leaves_the_kind_unknown(raw: bytes) -> None:
    """A mock's might be cut or of another form: what its publisher announces is then no word on this snapshot."""
    assert parse_record(raw, MADE) == KindRecord("unknown")


@law
@given(
    kind=st.sampled_from(["mock", "massive", "capture"]),
    stamp=st.integers(MADE - 2, MADE + 2),
    change=st.none() | st.just(("massive", MADE - 60_000)),
)
def test_a_record_speaks_for_the_snapshot_of_its_stamp_alone(
    kind: str, stamp: int, change: tuple[str, int] | None
) -> None:
    tail = f" {change[0]} {change[1]}" if change else ""
    found = parse_record(f"{kind} {MADE}{tail}".encode(), stamp)
    if stamp <= MADE:
        assert found == KindRecord(kind, SourceChange(change[0], kind, change[1] / 1000) if change else None)
    else:
        assert found == KindRecord("unknown", SourceChange(kind, "unknown", MADE / 1000))
