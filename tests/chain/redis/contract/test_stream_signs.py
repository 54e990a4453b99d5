"""What a poll reads of the stream on a real Redis: counts, entries, and how far compositors have come."""

import re
from typing import Any

from redis.asyncio import Redis

from chain.model.keys import ChainId, KeySchema
from chain.redis.contract.store import Store
from chain.redis.contract.stream.signs import GROUP, StreamSigns
from tests.support.scenes import SPX

KEYS = KeySchema()
CHAINS: list[ChainId] = [SPX]


async def poll(redis: Redis) -> StreamSigns:
    return (await Store(redis, KEYS).poll(CHAINS)).stream


async def test_counts_entries_and_the_groups_progress(redis: Redis) -> None:
    counts: dict[Any, Any] = {
        "last_ts": "1766762051.5",
        "frames": "7",
        "messages_processed": "70",
        "subscriptions_current": "12",
    }
    await redis.hset(KEYS.stream_analytics(), mapping=counts)
    for at in range(1, 8):
        await redis.xadd(KEYS.stream(), {"ts": "1", "payload": "[]"}, id=f"176676205150{at}-0")
    assert await poll(redis) == StreamSigns(
        1766762051.5, 1766762051.507, frames=7, events=70, subscriptions=12, length=7
    )
    await redis.xgroup_create(KEYS.stream(), GROUP, "0")
    await redis.xgroup_create(KEYS.stream(), "ws_hydrator", "$")  # another program's group is none of ours
    read = await redis.xreadgroup(GROUP, "a", {KEYS.stream(): ">"}, count=5)
    ids = re.findall(r"\d{13}-0", str(read))
    seen = await poll(redis)
    assert (seen.lag, seen.pending) == (2, 5)
    await redis.xack(KEYS.stream(), GROUP, *ids[:4])
    seen = await poll(redis)
    assert (seen.lag, seen.pending) == (2, 1)


async def test_what_is_no_count_is_unknown(redis: Redis) -> None:
    await redis.hset(
        KEYS.stream_analytics(),
        mapping={"frames": "many", "messages_processed": "-3", "subscriptions_current": "1e300"},
    )
    seen = await poll(redis)
    assert (seen.frames, seen.events, seen.subscriptions, seen.misread) == (None, None, None, False)


async def test_a_stream_whose_ids_are_no_times_is_not_taken_for_none(redis: Redis) -> None:
    await redis.xadd(KEYS.stream(), {"payload": "[]"}, id="99999999999999-0")
    seen = await poll(redis)
    assert (seen.entry, seen.misread, seen.length) == (None, True, 1)
    await redis.hset(KEYS.stream_analytics(), mapping={"last_ts": "1766762051.5"})  # its writer says when
    seen = await poll(redis)
    assert (seen.frame, seen.misread) == (1766762051.5, False)


async def test_a_vast_count_is_read_once_and_then_only_its_size(redis: Redis) -> None:
    await redis.hset(KEYS.stream_analytics(), mapping={"last_ts": "1766762051.5", "frames": b"9" * 3_000_000})
    store = Store(redis, KEYS)
    await store.poll(CHAINS)
    for _ in range(3):
        before = (await redis.info("stats"))["total_net_output_bytes"]
        await store.poll(CHAINS)
        assert (await redis.info("stats"))["total_net_output_bytes"] - before < 20_000
    await redis.hset(KEYS.stream_analytics(), "frames", "9")
    await store.poll(CHAINS)
    assert (await store.poll(CHAINS)).stream == StreamSigns(1766762051.5, frames=9)


async def test_a_vast_heartbeat_of_a_compositor_costs_its_beginning_and_nothing_else(redis: Redis) -> None:
    await redis.set("mmaker:heartbeat", b"x" * 3_000_000)
    await redis.set(KEYS.latest(SPX), "pointer")
    found = await Store(redis, KEYS).poll(CHAINS, apart=["mmaker:heartbeat"])
    assert found.pointers == {SPX: b"pointer"}
    assert len(found.beside["mmaker:heartbeat"] or b"") == 256 * 1024 + 1


async def test_keys_of_another_type_are_as_if_they_were_not_there(redis: Redis) -> None:
    await redis.set(KEYS.stream(), "no stream")
    await redis.rpush(KEYS.stream_analytics(), "no hash")
    await redis.rpush("mmaker:heartbeat", "no string")
    found = await Store(redis, KEYS).poll(CHAINS, apart=["mmaker:heartbeat"])
    assert (found.stream, found.beside) == (StreamSigns(), {"mmaker:heartbeat": None})
