"""The heatmap model in Redis: written and announced in one step, by whoever leads, and read with bounds."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from redis.asyncio.client import PubSub

from chain.errors import DecodeError, RedisUnavailableError
from chain.model.keys import KeySchema, lease_key
from chain.pipeline.heatmap import ENCODER, MODEL_BYTES, HeatmapModel, Tile
from chain.redis.connect.connection import RedisTarget
from chain.redis.contract.models import LeaseHeld, ModelReply, ModelWord, ModelWriter, fetch_model
from tests.support.servers import Servers, cluster_url

KEYS = KeySchema()
KEY = KEYS.heatmap("SPX")
LEASE = LeaseHeld(lease_key(KEYS.prefix, "stream", "mmaker"), "desk:1:abc")
MODEL = HeatmapModel(
    underlying="SPX",
    ts=1.5,
    version="a",
    spot=6931.25,
    atm=6930,
    widths=(20.0,),
    expirations=(),
    tiles={"single:2026-01-02:0:6930:call": Tile(1.0, None, 1.0, ((6930.0, 1),), 1)},
)
WHOLE = ENCODER.encode(MODEL)
WRITTEN = ModelReply(ModelWord.WRITTEN)
HEARD_BY_ONE = ModelReply(ModelWord.WRITTEN, readers=1)


@pytest.fixture
async def heard(redis: Redis) -> AsyncIterator[PubSub]:
    async with redis.pubsub(ignore_subscribe_messages=True) as channel:
        await channel.subscribe(KEYS.heatmap_diffs("SPX"))
        await channel.get_message(timeout=1)
        yield channel


async def messages(channel: PubSub) -> list[bytes]:
    found = []
    while message := await channel.get_message(timeout=0.05):
        found.append(message["data"])
    return found


async def test_a_model_is_written_with_its_deadline_and_announced(redis: Redis, heard: PubSub) -> None:
    reply = await ModelWriter(redis, KEYS).publish("SPX", ttl_ms=60_000, whole=WHOLE, diff=b"{}")
    assert reply == HEARD_BY_ONE
    assert await fetch_model(redis, KEYS, "SPX") == MODEL
    assert 59_000 < await redis.pttl(KEY) <= 60_000
    assert await messages(heard) == [b"{}"]


async def test_a_diff_alone_lets_the_whole_live_on(redis: Redis, heard: PubSub) -> None:
    await redis.set(KEY, WHOLE, px=5_000)
    assert await ModelWriter(redis, KEYS).publish("SPX", ttl_ms=60_000, diff=b"{}") == HEARD_BY_ONE
    assert await redis.get(KEY) == WHOLE
    assert await redis.pttl(KEY) > 5_000
    assert await messages(heard) == [b"{}"]


async def test_a_diff_of_a_whole_that_is_gone_is_not_announced(redis: Redis, heard: PubSub) -> None:
    assert await ModelWriter(redis, KEYS).publish("SPX", ttl_ms=60_000, diff=b"{}") == ModelReply(ModelWord.GONE)
    assert await messages(heard) == []


@pytest.mark.parametrize("holder", ["desk:2:xyz", None], ids=["another", "nobody"])
async def test_who_leads_no_more_writes_nothing(redis: Redis, heard: PubSub, holder: str | None) -> None:
    if holder:
        await redis.set(LEASE.key, holder)
    reply = await ModelWriter(redis, KEYS).publish("SPX", ttl_ms=60_000, whole=WHOLE, diff=b"{}", lease=LEASE)
    assert reply == ModelReply(ModelWord.FENCED)
    assert not await redis.exists(KEY)
    assert await messages(heard) == []


async def test_who_leads_writes(redis: Redis) -> None:
    await redis.set(LEASE.key, LEASE.owner)
    assert await ModelWriter(redis, KEYS).publish("SPX", ttl_ms=60_000, whole=WHOLE, lease=LEASE) == WRITTEN


@pytest.mark.slow
async def test_on_a_cluster_a_model_is_written_without_a_look_at_the_lease() -> None:
    with Servers() as servers:
        async with RedisTarget(cluster_url(servers.cluster())).connect() as redis:
            assert await ModelWriter(redis, KEYS).publish("SPX", ttl_ms=60_000, whole=WHOLE, lease=LEASE) == WRITTEN
            assert await fetch_model(redis, KEYS, "SPX") == MODEL


async def test_who_may_not_announce_writes_and_says_so(redis: Redis, redis_url: str) -> None:
    await redis.execute_command("ACL", "SETUSER", "mute", "reset", "on", ">pw", "~*", "resetchannels", "+@all")
    try:
        target = redis_url.replace("unix://", "unix://mute:pw@")
        async with RedisTarget(target).connect() as mute:
            reply = await ModelWriter(mute, KEYS).publish("SPX", ttl_ms=60_000, whole=WHOLE, diff=b"{}")
    finally:
        await redis.execute_command("ACL", "DELUSER", "mute")
    assert reply.word is ModelWord.WRITTEN
    assert reply.unheard.startswith("not announced: ")
    assert await redis.get(KEY) == WHOLE


async def test_a_key_of_another_type_is_an_error_in_words(redis: Redis) -> None:
    await redis.hset(KEY, "a", "b")
    with pytest.raises(RedisUnavailableError, match="wrong kind"):
        await fetch_model(redis, KEYS, "SPX")
    assert await ModelWriter(redis, KEYS).publish("SPX", ttl_ms=60_000, whole=WHOLE) == WRITTEN


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"{}", "missing"),
        (WHOLE.replace(b"SPX", b"NDX"), "underlying"),
        (WHOLE + b" " * MODEL_BYTES, "larger than"),
        (b"\xff", "not UTF-8"),
    ],
)
async def test_what_is_no_model_is_told_in_one_line(redis: Redis, raw: bytes, why: str) -> None:
    await redis.set(KEY, raw)
    with pytest.raises(DecodeError, match=why):
        await fetch_model(redis, KEYS, "SPX")


async def test_where_there_is_none_there_is_none(redis: Redis) -> None:
    assert await fetch_model(redis, KEYS, "SPX") is None
