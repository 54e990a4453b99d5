"""Bounded looks: whatever stands under a key, no more of it is read than its limit, and all else is seen as ever."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from redis.asyncio import Redis

from chain.errors import OversizedError
from chain.model.keys import ChainId, KeySchema, SnapshotId
from chain.model.snapshot import MAX_PAYLOAD_BYTES
from chain.redis.connect.connection import RedisTarget, redis_call
from chain.redis.contract.poll_command import HEARTBEAT_BYTES, POINTER_BYTES
from chain.redis.contract.store import Store
from tests.support.builders import SPX

MEGABYTE = 1 << 20
HUGE = b"x" * (40 * MEGABYTE)
NDX = ChainId("NDX", SPX.expiry)
CHAINS = [SPX, NDX]
BEATS = ["massive:heartbeat", "mock_massive:heartbeat"]
NAMES = KeySchema()
POLL_BYTES = 64 * 1024 + 2 * 280 + 2 * (HEARTBEAT_BYTES + 24)  # what a look at all of them may take
IN_FLIGHT = 16 * MEGABYTE  # what a server puts into buffers before it notices that nobody reads


@pytest.fixture
async def store(redis_url: str) -> AsyncIterator[Store]:
    client = RedisTarget(redis_url).connect()
    yield Store(client, NAMES)
    await client.aclose()


async def sent(redis: Redis, action: Callable[[], Awaitable[object]]) -> int:
    """Return how many bytes the server sent for an action."""
    before = int((await redis.info("stats"))["total_net_output_bytes"])
    await action()
    return int((await redis.info("stats"))["total_net_output_bytes"]) - before


async def settle(redis: Redis) -> None:
    await redis.mset({NAMES.latest(SPX): "p-spx", NAMES.latest(NDX): "p-ndx", **dict.fromkeys(BEATS, "{}")})
    await redis.hset(KeySchema().stream_analytics(), "last_ts", "1766762051.5")


@pytest.mark.parametrize("key", [NAMES.latest(SPX), BEATS[0]])
async def test_a_vast_value_is_never_read_whole_and_hides_nothing_else(redis: Redis, store: Store, key: str) -> None:
    await settle(redis)
    await redis.set(key, HUGE)
    limit = HEARTBEAT_BYTES if key in BEATS else POINTER_BYTES
    first = await sent(redis, lambda: store.poll(CHAINS, BEATS))
    assert first < IN_FLIGHT
    for _ in range(3):
        assert await sent(redis, lambda: store.poll(CHAINS, BEATS)) < limit + 20_000
    found = await store.poll(CHAINS, BEATS)
    wanted: dict[str, bytes] = {NAMES.latest(SPX): b"p-spx", NAMES.latest(NDX): b"p-ndx"} | dict.fromkeys(BEATS, b"{}")
    wanted[key] = HUGE[: limit + 1]
    assert {NAMES.latest(chain): value for chain, value in found.pointers.items()} | dict(found.beside) == wanted
    assert found.stream.frame == 1766762051.5


async def test_what_shrinks_again_is_read_again_and_what_goes_is_gone(redis: Redis, store: Store) -> None:
    await settle(redis)
    pointer = NAMES.latest(SPX)
    for body, seen in ((HUGE, HUGE[: POINTER_BYTES + 1]), (b"again", b"again"), (HUGE, HUGE[: POINTER_BYTES + 1])):
        await redis.set(pointer, body)
        assert (await store.poll(CHAINS, BEATS)).pointers[SPX] == seen
    await redis.delete(pointer)
    for _ in range(2):
        assert (await store.poll(CHAINS, BEATS)).pointers == {SPX: None, NDX: b"p-ndx"}
    await redis.set(pointer, b"")
    assert (await store.poll(CHAINS, BEATS)).pointers[SPX] == b""


@pytest.mark.parametrize("size", [POINTER_BYTES, POINTER_BYTES + 1, 3_000])
async def test_a_pointer_a_little_too_long_comes_as_its_beginning(redis: Redis, store: Store, size: int) -> None:
    await settle(redis)
    await redis.set(NAMES.latest(SPX), b"y" * size)
    for _ in range(3):
        found = await store.poll(CHAINS, BEATS)
        assert found.pointers[SPX] == b"y" * min(size, POINTER_BYTES + 1)


async def test_a_vast_mark_of_the_stream_is_no_mark(redis: Redis, store: Store) -> None:
    await settle(redis)
    await redis.hset(KeySchema().stream_analytics(), "last_ts", HUGE)
    for _ in range(3):
        assert (await store.poll(CHAINS, BEATS)).stream.frame is None
    assert await sent(redis, lambda: store.poll(CHAINS, BEATS)) < 20_000
    await redis.hset(KeySchema().stream_analytics(), "last_ts", "1766762059.5")
    await store.poll(CHAINS, BEATS)
    assert (await store.poll(CHAINS, BEATS)).stream.frame == 1766762059.5


async def test_many_vast_payloads_at_once_are_each_read_to_their_limit(redis: Redis, store: Store) -> None:
    ids = [SnapshotId(ChainId("SPX", SPX.expiry.replace(day=day)), 1_766_762_051_149) for day in range(1, 7)]
    for one in ids:
        await redis.set(NAMES.snapshot(one), HUGE[: 12 * MEGABYTE], px=60_000)
    found = await store.fetch(ids)
    assert [len(payload.raw or b"") for payload in found] == [MAX_PAYLOAD_BYTES + 1] * len(ids)


async def test_a_spent_budget_ends_the_connection_and_not_the_client(redis: Redis, redis_url: str) -> None:
    await redis.set("vast", HUGE)
    async with RedisTarget(redis_url).connect() as client:
        with pytest.raises(OversizedError, match="more than 1000 bytes"):
            async with redis_call(most=1000):
                await client.get("vast")
        async with redis_call(most=1000):
            assert await client.get("other") is None
    await redis.delete("vast")
