"""Staging on real servers: written in one step by who leads, never back behind a later position, and read bounded."""

import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from msgspec.structs import replace
from redis.asyncio import Redis

from chain.errors import DecodeError, OverLimitError, RedisUnavailableError
from chain.model.keys import KeySchema
from chain.pipeline.staging import FLUSH_FORM, StagedContract, StagingMeta, Value
from chain.redis.connect.connection import RedisTarget
from chain.redis.contract.staging import (
    STAGING_BYTES,
    Extent,
    Staging,
    StagingVerdict,
    StagingWrite,
    StagingWriter,
    read_staging,
)
from tests.support.binaries import program
from tests.support.builders import SPX
from tests.support.servers import Server, Servers

KEYS = KeySchema()
KEY = KEYS.staging(SPX)
META = StagingMeta(snapshot="massive:chain:snapshot:SPX:2026-01-02:1", ts=1.5, atm=6930, position="10-2", flushed=2.5)
CALL = StagedContract(side="call", strike=6930.0, root="SPXW", bid=Value(7.6, 9, "stream"), quote_seq=3)
PUT = StagedContract(side="put", strike=6930.0, root="SPXW")


@pytest.fixture(scope="module", params=["valkey 9", "redis 6.2"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with Servers() as servers:
        yield servers.alone(program=program(request.param))


@pytest.fixture
async def redis(server: Server) -> AsyncIterator[Redis]:
    """A client of an empty server, on which `ours` leads."""
    server.admin.flushall()
    server.admin.set(KEYS.compositor_lease(), "ours")
    async with RedisTarget(server.url).connect() as redis:
        yield redis


def part(position: str = "10-2", before: str = "10-2", **changes: Any) -> StagingWrite:
    write = StagingWrite(SPX, replace(META, position=position), Extent.PART, 60_000, {"C": CALL}, before=before)
    return replace(write, **changes)


def whole(position: str = "10-2", **changes: Any) -> StagingWrite:
    return part(position, **{"extent": Extent.WHOLE, "contracts": {"C": CALL, "P": PUT}, **changes})


async def write(redis: Redis, *writes: StagingWrite, owner: str = "ours") -> list[StagingVerdict]:
    return await StagingWriter(redis, KEYS, owner).write(writes)


async def test_what_is_written_is_read_again(redis: Redis) -> None:
    assert await write(redis, whole()) == [StagingVerdict.WRITTEN]
    assert await read_staging(redis, KEYS, SPX) == Staging(META, {"C": CALL, "P": PUT})
    assert await read_staging(redis, KEYS, SPX, ["P", "X"]) == Staging(META, {"P": PUT})
    assert 50_000 < await redis.pttl(KEY) <= 60_000


async def test_a_part_changes_its_fields_and_takes_others_away(redis: Redis) -> None:
    await write(redis, whole())
    later = replace(CALL, quote_seq=4)
    assert await write(redis, part("10-3", contracts={"C": later}, removed=("P",))) == [StagingVerdict.WRITTEN]
    assert await read_staging(redis, KEYS, SPX) == Staging(replace(META, position="10-3"), {"C": later})


async def test_the_whole_replaces_all_that_stood_there(redis: Redis) -> None:
    await redis.hset(KEY, mapping={"old": "{}"})
    await write(redis, whole())
    assert sorted(await redis.hkeys(KEY)) == [b"C", b"P", b"meta"]


@pytest.mark.parametrize("held", ["", "10-1", "9-2"])
async def test_a_part_changes_only_what_was_written_before(redis: Redis, held: str) -> None:
    """Not what Redis lost, nor what it went back to, as a replica does that had not heard all."""
    if held:
        await write(redis, whole(held))
    assert await write(redis, part("10-3")) == [StagingVerdict.OTHER]
    found = await read_staging(redis, KEYS, SPX)
    assert (found.meta.position if found else "") == held


@pytest.mark.parametrize("owner", ["theirs", ""])
async def test_only_who_holds_the_lease_writes(redis: Redis, owner: str) -> None:
    if owner:
        await redis.set(KEYS.compositor_lease(), owner)
    else:
        await redis.delete(KEYS.compositor_lease())
    assert await write(redis, whole()) == [StagingVerdict.LOST]
    assert not await redis.exists(KEY)


@pytest.mark.parametrize(
    ("held", "ours", "verdict"),
    [
        ("10-2", "10-2", StagingVerdict.WRITTEN),
        ("10-2", "10-3", StagingVerdict.WRITTEN),
        ("10-3", "10-2", StagingVerdict.BEHIND),
        ("10-10", "10-9", StagingVerdict.BEHIND),
        ("9-10", "10-1", StagingVerdict.WRITTEN),
        ("11-0", "10-9", StagingVerdict.BEHIND),
        ("100-0", "99-9", StagingVerdict.BEHIND),
        (f"{2**60 + 1}-0", f"{2**60}-0", StagingVerdict.BEHIND),  # more than Lua counts exactly
        (f"10-{2**60 + 1}", f"10-{2**60}", StagingVerdict.BEHIND),
        (f"{2**60}-0", f"{2**60 + 1}-0", StagingVerdict.WRITTEN),
    ],
)
@pytest.mark.parametrize("extent", [Extent.PART, Extent.WHOLE])
async def test_no_write_goes_back_behind_a_later_position(
    redis: Redis, held: str, ours: str, verdict: StagingVerdict, extent: Extent
) -> None:
    await write(redis, whole(held))
    assert await write(redis, part(ours, held, extent=extent)) == [verdict]
    found = await read_staging(redis, KEYS, SPX)
    assert found is not None and found.meta.position == (ours if verdict is StagingVerdict.WRITTEN else held)


async def test_what_is_of_a_stream_that_is_gone_is_replaced_whatever_its_position(redis: Redis) -> None:
    await write(redis, whole("99-0"))
    assert await write(redis, whole("1-0", extent=Extent.ANEW)) == [StagingVerdict.WRITTEN]


async def test_each_write_is_announced(redis: Redis) -> None:
    async with redis.pubsub() as ear:
        await ear.subscribe(KEYS.staging_flushes())
        await ear.get_message(timeout=1)
        await write(redis, whole())
        await write(redis, part("10-3"))
        told = [await ear.get_message(timeout=1) for _ in range(2)]
    notices = [FLUSH_FORM.decode(each["data"]) for each in told if each]
    assert [(each.whole, each.fields, each.position) for each in notices] == [
        (True, (), "10-2"),
        (False, ("C",), "10-3"),
    ]


async def test_a_large_chain_is_one_step(redis: Redis) -> None:
    many = {f"O:SPXW260102C{strike:08d}": CALL for strike in range(5_000)}
    assert await write(redis, whole(contracts=many)) == [StagingVerdict.WRITTEN]
    assert await write(redis, part("11-0", contracts={}, removed=tuple(many)[1:])) == [StagingVerdict.WRITTEN]
    assert await redis.hlen(KEY) == 2


async def test_a_write_that_is_refused_says_which_command(redis: Redis) -> None:
    await redis.set(KEY, "no hash")
    with pytest.raises(RedisUnavailableError, match="wrong kind of value"):
        await write(redis, whole())


async def test_a_user_who_may_not_announce_writes_all_the_same_and_says_so_once(
    server: Server, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    server.admin.execute_command("ACL", "SETUSER", "mute", "reset", "on", ">pw", "~*", "+@all", "resetchannels")
    async with RedisTarget(server.url.replace("//", "//mute:pw@")).connect() as mute:
        writer = StagingWriter(mute, KEYS, "ours")
        with caplog.at_level(logging.WARNING):
            for _ in range(2):
                assert await writer.write([whole()]) == [StagingVerdict.UNHEARD]
    assert len(caplog.records) == 1


# Reading


async def test_where_there_is_none_there_is_none(redis: Redis) -> None:
    assert await read_staging(redis, KEYS, SPX) is None
    assert await read_staging(redis, KEYS, SPX, ["C"]) is None


@pytest.mark.parametrize("raw", [b"", b"7", b"{}", b'{"side":"call"}', b"\xff", b"[" * 9_000])
async def test_a_field_that_cannot_be_read_costs_no_other(redis: Redis, raw: bytes) -> None:
    await write(redis, whole())
    await redis.hset(KEY, "P", raw)
    assert await read_staging(redis, KEYS, SPX) == Staging(META, {"C": CALL}, malformed=1)


async def test_without_a_meta_that_can_be_read_it_says_why(redis: Redis) -> None:
    await write(redis, whole())
    await redis.hset(KEY, "meta", b"{}")
    with pytest.raises(DecodeError, match="missing"):
        await read_staging(redis, KEYS, SPX)


async def test_a_key_that_is_no_staging_says_why(redis: Redis) -> None:
    await redis.set(KEY, "junk")
    for fields in (None, ["C"]):
        with pytest.raises(DecodeError, match="not a hash"):
            await read_staging(redis, KEYS, SPX, fields)
    await redis.delete(KEY)
    await redis.hset(KEY, "meta", b"x" * (STAGING_BYTES + 1))
    with pytest.raises(OverLimitError, match="larger than"):
        await read_staging(redis, KEYS, SPX)
