"""The stream as MarketSwarm's readers know it: two fields an entry, a bounded length, and the hash of its counts."""

import orjson
import pytest
from redis.asyncio import Redis

from chain.errors import RedisUnavailableError
from chain.model.keys import REPLAY_PREFIX, KeySchema
from chain.pipeline.frame import ReceivedFrame
from chain.redis.connect.connection import RedisTarget
from chain.redis.contract.stream.writer import LastWriter, StreamWriter
from tests.support.servers import HOST, Server, Servers
from tests.support.streams import counts, entries, frame, quote, trade

NAMES = KeySchema()
NOW_S = 1_766_437_800.25


def writer_of(redis: Redis, kind: str = "mock", *, keys: KeySchema = NAMES, maxlen: int = 1_000) -> StreamWriter:
    return StreamWriter(redis, keys, kind=kind, who="desk:1:abc", maxlen=maxlen)


async def test_an_entry_has_the_time_of_its_receipt_and_the_frame_as_it_came(redis: Redis) -> None:
    frames = [frame(NOW_S), ReceivedFrame(NOW_S + 0.5, b'[{"ev":"status","status":"connected"}]')]
    assert await writer_of(redis).add(frames) == ""
    assert await entries(redis) == [{b"ts": repr(each.ts).encode(), b"payload": each.payload} for each in frames]


async def test_frames_have_the_vendors_own_shape(redis: Redis) -> None:
    await writer_of(redis).add([frame(NOW_S, trade(1_766_437_799_445, seq=9), quote(1_766_437_799_446, seq=10))])
    [entry] = await entries(redis)
    head = {"sym": "O:SPXW260102C06930000"}
    assert orjson.loads(entry[b"payload"]) == [
        {"ev": "T"} | head | {"x": 302, "p": 7.7, "s": 1, "c": [209], "t": 1_766_437_799_445, "q": 9},
        {"ev": "Q"}
        | head
        | {"bx": 302, "ax": 302, "bp": 7.6, "ap": 7.9, "bs": 5, "as": 6, "t": 1_766_437_799_446, "q": 10},
    ]


async def test_what_was_written_is_counted_and_goes_on_from_what_stands_there(redis: Redis) -> None:
    await redis.hset(NAMES.stream_analytics(), mapping={"frames": 10, "bytes": 1_000})
    idle = ReceivedFrame(NOW_S + 2, b"[]")
    writer = writer_of(redis)
    await writer.add([frame(NOW_S, trade(1), quote(2)), idle])
    found = await counts(redis)
    size = sum(len(entry[b"payload"]) for entry in await entries(redis))
    assert (found["frames"], found["bytes"]) == ("12", str(1_000 + size))
    assert found["messages_processed"] == "2"
    assert (found["last_ts"], found["last_tick_ts"]) == (repr(NOW_S + 2), repr(NOW_S))


async def test_the_stream_is_bounded(redis: Redis) -> None:
    writer = writer_of(redis, maxlen=200)
    for batch in range(10):
        await writer.add([frame(NOW_S + batch)] * 100)
    assert 200 <= await redis.xlen(NAMES.stream()) < 400  # by whole nodes of the stream, a hundred entries each


async def test_subscriptions_are_replaced_and_their_changes_counted(redis: Redis) -> None:
    await redis.sadd(NAMES.stream_subscriptions(), "T.O:LEFT_BY_ANOTHER")
    writer = writer_of(redis)
    await writer.set_subscriptions({"Q.O:A", "Q.O:B"}, NOW_S)
    assert await redis.smembers(NAMES.stream_subscriptions()) == {b"Q.O:A", b"Q.O:B"}
    await writer.set_subscriptions({"Q.O:B", "Q.O:C", "Q.O:D"}, NOW_S + 1)
    found = await counts(redis)
    names = ("subscriptions_current", "subscriptions_added_last", "subscriptions_removed_last")
    assert [found[name] for name in names] == ["3", "2", "1"]
    assert found["last_subscription_update_ts"] == repr(NOW_S + 1)
    await writer.set_subscriptions((), NOW_S + 2)
    assert not await redis.exists(NAMES.stream_subscriptions())


async def test_who_wrote_last_is_known_of_our_own_writers_and_unknown_once_another_has_written(redis: Redis) -> None:
    writer = writer_of(redis)
    assert await writer.last_writer() is None
    await writer.add([frame(NOW_S)])
    assert await writer_of(redis, "massive").last_writer() == LastWriter(NOW_S, "mock", "desk:1:abc")
    await redis.hset(NAMES.stream_analytics(), "last_ts", NOW_S + 1)  # as MarketSwarm does
    assert await writer.last_writer() == LastWriter(NOW_S + 1)
    await writer.add([frame(NOW_S + 2)])
    assert await writer.last_writer() == LastWriter(NOW_S + 2, "mock", "desk:1:abc")


@pytest.mark.parametrize("mark", [b"", b"soon", b"NaN", b"-1", b"1766437800250", b'{"ts": 1}', b"9" * 5_000])
async def test_a_mark_that_is_no_time_is_nobodys(redis: Redis, mark: bytes) -> None:
    await redis.hset(NAMES.stream_analytics(), mapping={"last_ts": mark, "writer": b"mock a:1:b " + mark})
    assert await writer_of(redis).last_writer() is None


@pytest.mark.parametrize("by", [b"", b"\xff\xfe", b"mock", b"root a:1:b 1766437800.25", b"mock a:1:b 1766437800.2"])
async def test_a_writer_that_cannot_be_read_is_unknown(redis: Redis, by: bytes) -> None:
    await redis.hset(NAMES.stream_analytics(), mapping={"last_ts": repr(NOW_S), "writer": by})
    assert await writer_of(redis).last_writer() == LastWriter(NOW_S)


async def test_a_replay_has_a_stream_of_its_own(redis: Redis) -> None:
    await writer_of(redis, "replay", keys=KeySchema(REPLAY_PREFIX)).add([frame(NOW_S)])
    assert {*await redis.keys()} == {b"massive:replay:ws:stream", b"massive:replay:ws:analytics"}


async def test_a_stream_key_of_another_type_is_said(redis: Redis) -> None:
    await redis.set(NAMES.stream(), "text")
    with pytest.raises(RedisUnavailableError, match="WRONGTYPE"):
        await writer_of(redis).add([frame(NOW_S)])


async def test_without_the_right_to_count_frames_are_added_all_the_same() -> None:
    with Servers() as servers:
        server: Server = servers.alone()
        rights = f"~{NAMES.stream()} ~{NAMES.stream_subscriptions()} +xadd +hset +hincrby +sadd +del".split()
        server.admin.execute_command("ACL", "SETUSER", "poor", "reset", "on", ">pw", *rights)
        async with RedisTarget(f"redis://poor:pw@{HOST}:{server.port}").connect() as redis:
            writer = writer_of(redis)
            assert await writer.add([frame(NOW_S)]) == "not counted: this Redis user has no right to the key"
            assert await writer.last_writer() is None
        assert server.admin.xlen(NAMES.stream()) == 1
