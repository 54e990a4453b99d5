"""Following the stream from its end, on a real server: nothing before, everything after, whatever becomes of it."""

from typing import Any

import pytest
from redis.asyncio import Redis

from chain.model.keys import KeySchema
from chain.pipeline.frame import StreamEntry
from chain.redis.connect.connection import RedisTarget
from chain.redis.contract.stream.tail import PAGE, StreamTail
from chain.redis.contract.stream.writer import StreamWriter
from tests.support.streams import frame

NAMES = KeySchema()
NOW_S = 1_766_437_800.25


def writer_of(redis: Redis) -> StreamWriter:
    return StreamWriter(redis, NAMES, kind="mock", who="desk:1:abc")


async def test_it_begins_at_the_end_and_misses_nothing_after(redis: Redis) -> None:
    tail, writer = StreamTail(redis, NAMES), writer_of(redis)
    await writer.add([frame(NOW_S - 1)])
    assert await tail.read() == []
    assert await tail.read() == []
    frames = [frame(NOW_S + number) for number in range(PAGE + 5)]
    await writer.add(frames)
    found = await tail.read()
    assert len(found) == PAGE
    found += await tail.read()
    assert [(entry.ts, entry.payload) for entry in found] == [(each.ts, each.payload) for each in frames]
    there: Any = await redis.xrange(NAMES.stream())
    assert [entry.id.encode() for entry in found] == [one for one, _ in there][1:]
    assert await tail.read() == []


async def test_a_stream_that_comes_later_or_anew_is_followed_from_its_beginning(redis: Redis) -> None:
    tail, writer = StreamTail(redis, NAMES), writer_of(redis)
    assert await tail.read() == []
    await writer.add([frame(NOW_S)])
    assert [entry.ts for entry in await tail.read()] == [NOW_S]
    await redis.delete(NAMES.stream())
    await redis.xadd(NAMES.stream(), {"ts": "1766437801.5", "payload": "[]"}, id="5-1")
    assert await tail.read() == [StreamEntry("5-1", 1_766_437_801.5, b"[]")]


@pytest.mark.parametrize(
    ("fields", "ts"),
    [({"payload": "x", "ts": "soon"}, 1.766), ({"payload": "x"}, 1.766), ({"payload": "x", "ts": "9" * 100}, 1.766)],
)
async def test_without_a_time_of_its_writer_an_entry_has_redis_s(
    redis: Redis, fields: dict[str, str], ts: float
) -> None:
    tail = StreamTail(redis, NAMES)
    await tail.read()
    await redis.execute_command("XADD", NAMES.stream(), "1766-7", *(part for pair in fields.items() for part in pair))
    assert await tail.read() == [StreamEntry("1766-7", ts, b"x")]


async def test_an_entry_without_a_payload_is_passed_over(redis: Redis) -> None:
    tail = StreamTail(redis, NAMES)
    await tail.read()
    await redis.xadd(NAMES.stream(), {"event": "x"})
    await writer_of(redis).add([frame(NOW_S)])
    assert [entry.ts for entry in await tail.read()] == [NOW_S]


async def test_it_only_reads(redis: Redis, redis_url: str) -> None:
    await writer_of(redis).add([frame(NOW_S)])
    await redis.execute_command("ACL", "SETUSER", "eyes", "reset", "on", "nopass", "%R~*", "+xrange", "+xrevrange")
    path = redis.connection_pool.connection_kwargs["path"]
    async with RedisTarget(f"unix://eyes:x@{path}").connect() as eyes:
        tail = StreamTail(eyes, NAMES)
        await tail.read()
        await writer_of(redis).add([frame(NOW_S + 1)])
        assert len(await tail.read()) == 1
    await redis.execute_command("ACL", "DELUSER", "eyes")
