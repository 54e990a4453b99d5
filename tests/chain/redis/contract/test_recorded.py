"""Publishing what was read before: byte for byte, at its own millisecond, and kept alive without being sent again."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from chain.model.keys import REPLAY_PREFIX, KeySchema
from chain.model.snapshot import EncodedSnapshot, Snapshot, decode, encode
from chain.redis.contract.publish.draft import PublishVerdict
from chain.redis.contract.publish.records import KindRecords
from chain.redis.contract.publish.writer import SnapshotWriter, snapshot_writer
from tests.support.builders import SPX, TS_MS, Held, assert_contract_kept, held, small

KEYS = KeySchema(REPLAY_PREFIX)
POINTER = KEYS.latest(SPX)


@pytest.fixture(autouse=True)
async def contract_kept(redis: Redis) -> AsyncIterator[None]:
    """After each test: every contract key has a deadline, and no pointer dangles."""
    yield
    await assert_contract_kept(redis)


@pytest.fixture(params=["at once", "in steps"])
def writer(request: pytest.FixtureRequest, redis: Redis) -> SnapshotWriter:
    whole = snapshot_writer(redis, KEYS, kind="replay")
    return whole if request.param == "at once" else SnapshotWriter(redis, KEYS, whole._runner, whole._steps)


def recorded(snapshot: Snapshot, *, spaced: bool = False) -> EncodedSnapshot:
    """Return a snapshot as it was read, of another writer of JSON where it is `spaced`."""
    raw = encode(snapshot).replace(b'":', b'" : ') if spaced else encode(snapshot)
    return EncodedSnapshot.from_received(decode(raw, snapshot.id), raw)


async def now_held(redis: Redis) -> Held:
    found = await held(redis, SPX, REPLAY_PREFIX)
    assert found is not None
    return found


async def test_bytes_that_were_read_are_published_as_they_are(redis: Redis, writer: SnapshotWriter) -> None:
    given = recorded(small(), spaced=True)
    [end] = await writer.publish([given], 60)
    assert (end.verdict, end.id, end.size) == (PublishVerdict.PUBLISHED, given.id, len(given.raw))
    assert (await now_held(redis)).payload == given.raw != encode(small())


async def test_the_millisecond_of_given_bytes_is_theirs(redis: Redis, writer: SnapshotWriter) -> None:
    """Where other bytes stand there it fails: a step on, as for a snapshot of now, would part key and `ts`."""
    first, other = recorded(small()), recorded(small(mark=2))
    assert [end.verdict for end in await writer.publish([first], 60)] == [PublishVerdict.PUBLISHED]
    [end] = await writer.publish([other], 60)
    assert (end.verdict, end.reason) == (PublishVerdict.FAILED, "other bytes stand at its millisecond")
    assert (await now_held(redis)).payload == first.raw
    assert len(await redis.keys(f"{REPLAY_PREFIX}:chain:snapshot:*")) == 1


async def test_what_is_renewed_lives_on_with_its_payload(redis: Redis, writer: SnapshotWriter) -> None:
    given = recorded(small())
    await writer.publish([given], 5)
    before = await now_held(redis)
    [end] = await writer.renew([given.header], 60)
    after = await now_held(redis)
    assert end.verdict is PublishVerdict.PUBLISHED
    assert after.deadline == after.payload_deadline >= before.deadline + 50_000
    assert after.payload == given.raw


async def test_what_is_renewed_never_ends_sooner(redis: Redis, writer: SnapshotWriter) -> None:
    given = recorded(small())
    await writer.publish([given], 60)
    before = await now_held(redis)
    await writer.renew([given.header], 5)
    assert await now_held(redis) == before


async def test_a_pointer_that_has_moved_on_is_not_brought_back(redis: Redis, writer: SnapshotWriter) -> None:
    old, new = recorded(small()), recorded(small(ts_ms=TS_MS + 1000))
    await writer.publish([old], 60)
    await writer.publish([new], 60)
    [end] = await writer.renew([old.header], 60)
    assert end.verdict is PublishVerdict.REFUSED_OLDER
    assert (await now_held(redis)).payload == new.raw


async def test_a_pointer_that_was_taken_away_leads_there_again(redis: Redis, writer: SnapshotWriter) -> None:
    given = recorded(small())
    await writer.publish([given], 60)
    assert await KindRecords(redis, KEYS).withdraw([SPX]) == 1
    await writer.renew([given.header], 60)
    assert (await now_held(redis)).payload == given.raw


async def test_a_payload_that_is_gone_cannot_be_renewed(redis: Redis, writer: SnapshotWriter) -> None:
    given = recorded(small())
    await writer.publish([given], 60)
    await redis.delete(KEYS.snapshot(given.id), POINTER)
    [end] = await writer.renew([given.header], 60)
    assert end.verdict is PublishVerdict.FAILED
    assert await redis.exists(POINTER) == 0


async def test_live_data_are_left_alone_by_a_renewal(redis: Redis, writer: SnapshotWriter) -> None:
    given = recorded(small())
    await writer.publish([given], 60)
    await snapshot_writer(redis, KEYS, kind="massive").publish([recorded(small(ts_ms=TS_MS + 1000))], 60)
    before = await now_held(redis)
    [end] = await writer.renew([given.header], 60)
    assert end.verdict is PublishVerdict.LEFT_TO_LIVE
    assert await now_held(redis) == before


async def test_nothing_is_renewed_without_a_question(writer: SnapshotWriter) -> None:
    assert await writer.renew([], 60) == []
