"""The compositors' group on real servers, old and new, by both protocols: nothing read is forgotten."""

from collections.abc import AsyncIterator, Iterator
from itertools import chain

import pytest
from redis.asyncio import Redis

from chain.errors import OversizedError
from chain.model.keys import KeySchema
from chain.pipeline.events import FRAME_BYTES
from chain.redis.connect.connection import RedisTarget
from chain.redis.contract.stream.group import BATCH_BYTES, GROUP, GroupGoneError, StreamGroup
from chain.redis.contract.stream.ids import START, StreamId
from tests.support.binaries import program
from tests.support.servers import Server, Servers

KEYS = KeySchema()
STREAM = KEYS.stream()
AT_MS = 1_766_437_799_445


@pytest.fixture(scope="module", params=["valkey 9", "redis 6.2"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with Servers() as servers:
        yield servers.alone(program=program(request.param))


@pytest.fixture(params=[2, 3])
async def redis(server: Server, request: pytest.FixtureRequest) -> AsyncIterator[Redis]:
    server.admin.flushall()
    async with RedisTarget(f"{server.url}?protocol={request.param}").connect() as redis:
        yield redis


@pytest.fixture
def group(redis: Redis) -> StreamGroup:
    return StreamGroup(redis, KEYS, "ours")


async def add(redis: Redis, count: int, *, first: int = 1) -> list[StreamId]:
    """Add entries `AT_MS-n`, whose payloads are their numbers."""
    ids = [StreamId(AT_MS, number) for number in range(first, first + count)]
    for each in ids:
        await redis.xadd(STREAM, {"ts": repr(AT_MS / 1000), "payload": str(each.number)}, id=str(each))
    return ids


def payloads(entries: object) -> list[bytes]:
    assert isinstance(entries, list)
    return [entry.payload for entry in entries]


async def test_without_a_stream_nothing_is_made(redis: Redis, group: StreamGroup) -> None:
    assert await group.place() is None
    for call in (group.create(START), group.read(1), group.strays(), group.claim(START, 1)):
        with pytest.raises(GroupGoneError):
            await call
    assert await redis.keys() == []


async def test_a_place_is_told_before_and_after_the_group(redis: Redis, group: StreamGroup) -> None:
    ids = await add(redis, 5)
    place = await group.place()
    assert place is not None
    assert (place.oldest, place.last, place.delivered, place.lag, place.pending) == (ids[0], ids[-1], None, None, 0)
    await group.create(ids[1])
    await group.create(START)  # it is there, and stays as it is
    assert payloads((await group.read(2)).entries) == [b"3", b"4"]
    place = await group.place()
    assert place is not None and (place.delivered, place.pending) == (ids[3], 2)
    await group.read(5)
    place = await group.place()
    assert place is not None and (place.lag, place.pending) == (0, 3)


async def test_the_lag_is_told_where_redis_knows_it(redis: Redis, group: StreamGroup, server: Server) -> None:
    await add(redis, 5)
    await group.create(START)
    await group.read(2)
    place = await group.place()
    knows = not str(server.admin.info("server").get("redis_version")).startswith("6.2")
    assert place is not None and place.lag == (3 if knows else None)


async def test_what_was_read_is_read_by_nobody_else_until_it_is_claimed(redis: Redis, group: StreamGroup) -> None:
    ids = await add(redis, 3)
    await group.create(START)
    await group.read(3)
    heir = StreamGroup(redis, KEYS, "heir")
    assert (await heir.read(3)).entries == []
    assert (await group.strays(), await heir.strays()) == (False, True)
    claim = await heir.claim(START, 100)
    assert payloads(claim.entries) == [b"1", b"2", b"3"]
    assert [StreamId.parse(each) for each in claim.ids] == ids and claim.more_after is None
    assert (await group.strays(), await heir.strays()) == (True, False)
    await heir.acknowledge(claim.ids[:1])
    assert payloads((await heir.claim(START, 100)).entries) == [b"2", b"3"]


async def test_pending_entries_are_claimed_in_pages(redis: Redis, group: StreamGroup) -> None:
    ids = await add(redis, 5)
    await group.create(START)
    await group.read(5)
    first = await group.claim(START, 2)
    assert (payloads(first.entries), first.more_after) == ([b"1", b"2"], ids[1])
    assert payloads((await group.claim(ids[3], 2)).entries) == [b"5"]


async def test_what_was_trimmed_while_pending_can_only_be_acknowledged(redis: Redis, group: StreamGroup) -> None:
    ids = await add(redis, 3)
    await group.create(START)
    await group.read(3)
    await redis.xtrim(STREAM, maxlen=1, approximate=False)
    claim = await StreamGroup(redis, KEYS, "heir").claim(START, 100)
    assert len(claim.ids) == 3 and payloads(claim.entries) == [b"3"]
    await group.acknowledge(claim.ids)
    place = await group.place()
    assert place is not None and (place.pending, place.oldest) == (0, ids[2])


async def test_reading_acknowledges_what_came_before_and_tells_the_oldest(redis: Redis, group: StreamGroup) -> None:
    ids = await add(redis, 4)
    await group.create(START)
    first = await group.read(2)
    assert first.oldest == ids[0]
    await redis.xtrim(STREAM, maxlen=1, approximate=False)
    second = await group.read(2, [entry.id for entry in first.entries])
    assert (payloads(second.entries), second.oldest) == ([b"4"], ids[3])
    place = await group.place()
    assert place is not None and place.pending == 1


async def test_the_past_is_read_without_the_group(redis: Redis, group: StreamGroup) -> None:
    ids = await add(redis, 5)
    assert payloads(await group.between(ids[0], ids[3], 2)) == [b"2", b"3"]
    assert payloads(await group.between(ids[2], ids[3], 9)) == [b"4"]
    assert await group.between(ids[4], ids[4], 9) == []


async def test_consumers_that_hold_nothing_are_forgotten(redis: Redis, group: StreamGroup) -> None:
    await add(redis, 2)
    await group.create(START)
    for name in ("idle", "holds"):
        await StreamGroup(redis, KEYS, name).read(1)
    await group.acknowledge([f"{AT_MS}-1".encode()])
    await group.read(1)
    await group.forget_others()
    names = {each["name"] for each in await redis.xinfo_consumers(STREAM, GROUP)}
    assert b"holds" in names and b"idle" not in names


@pytest.mark.parametrize(
    ("fields", "received_ms", "payload"),
    [
        ({"ts": "1766437799.4457", "payload": "x"}, 1_766_437_799_445, b"x"),
        ({"ts": "soon", "payload": "x"}, AT_MS, b"x"),
        ({"ts": "nan", "payload": "x"}, AT_MS, b"x"),
        ({"ts": "1766437799445", "payload": "x"}, AT_MS, b"x"),  # no seconds
        ({"payload": "x"}, AT_MS, b"x"),
        ({"other": "x"}, AT_MS, b""),
    ],
)
async def test_an_entry_was_received_when_it_says_else_when_it_was_added(
    redis: Redis, group: StreamGroup, fields: dict[str, str], received_ms: int, payload: bytes
) -> None:
    await redis.execute_command("XADD", STREAM, f"{AT_MS}-1", *chain(*fields.items()))
    await group.create(START)
    [entry] = (await group.read(1)).entries
    assert (entry.received_ms, entry.payload) == (received_ms, payload)


async def test_more_than_a_reply_may_hold_is_refused_and_stays_pending(
    redis: Redis, group: StreamGroup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chain.redis.contract.stream.group.BATCH_BYTES", 1_000_000)
    for number in range(1, 5):
        await redis.xadd(STREAM, {"payload": b"x" * 700_000}, id=f"{AT_MS}-{number}")
    await group.create(START)
    with pytest.raises(OversizedError):
        await group.read(4)
    assert len((await group.claim(START, 1)).entries) == 1


async def test_an_entry_larger_than_any_frame_is_left_out_where_it_is(redis: Redis, group: StreamGroup) -> None:
    """However large, first, last or between: it crosses no wire, and can be acknowledged like any other."""
    for number, payload in enumerate([b"x" * (BATCH_BYTES + 1), b"2", b"x" * (FRAME_BYTES + 1)], 1):
        await redis.xadd(STREAM, {"payload": payload, "beside": "y"}, id=f"{AT_MS}-{number}")
    await group.create(START)
    place = await group.place()
    assert place is not None and (place.oldest, place.last) == (StreamId(AT_MS, 1), StreamId(AT_MS, 3))
    batch = await group.read(9)
    claim = await group.claim(START, 9)
    past = await group.between(START, place.last, 9)
    assert payloads(batch.entries) == payloads(claim.entries) == payloads(past) == [b"", b"2", b""]
    await group.acknowledge(claim.ids)
    place = await group.place()
    assert place is not None and place.pending == 0


@pytest.mark.parametrize("text", ["", "1", "1-", "-1", "1-2-3", "a-b", f"{2**64}-1", None, 7, b"\xff-1", "1-2 "])
def test_what_is_no_id_is_none(text: object) -> None:
    assert StreamId.parse(text) is None


def test_ids_are_ordered_by_number_not_by_letter() -> None:
    texts = ("9-1", "10-0", "10-2", "10-10")
    assert sorted(map(StreamId.parse, texts), key=str) != list(map(StreamId.parse, texts))
    assert [str(each) for each in sorted(filter(None, map(StreamId.parse, reversed(texts))))] == list(texts)
