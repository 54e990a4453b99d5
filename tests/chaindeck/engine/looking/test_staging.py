"""The staging that the screen is given: whole, then what flushes name, whole again after an interruption."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from redis.asyncio import Redis

from chain.clock import SystemClock
from chain.model.keys import ChainId, KeySchema
from chain.pipeline.staging import StagedContract, Value
from chain.redis.connect.connection import RedisTarget
from chain.redis.contract.staging import Extent, StagingVerdict, StagingWrite, StagingWriter, read_staging
from chaindeck.engine.looking.staging import StagingReader
from tests.support.builders import TS_MS
from tests.support.looking import running
from tests.support.scenes import SPX, SPX_MON
from tests.support.staged import meta_of
from tests.support.waiting import wait_until_async
from tui.ports.board_source import StagedView

KEYS = KeySchema()
CALL, PUT = "O:SPXW260102C06930000", "O:SPXW260102P06930000"
OWNER = "desk:1:abc"


def bid(value: float) -> StagedContract:
    return StagedContract(side="call", strike=6930.0, root="SPXW", bid=Value(value, TS_MS, "stream"))


class Shown:
    """What the screen was given."""

    def __init__(self) -> None:
        self.views: list[StagedView | None] = []

    def __call__(self, view: StagedView | None) -> None:
        self.views.append(view)

    @property
    def last(self) -> StagedView | None:
        return self.views[-1] if self.views else None

    def bid(self, ticker: str = CALL) -> float | None:
        held = self.last.contracts.get(ticker) if self.last else None
        return held.bid.value if held is not None and isinstance(held.bid, Value) else None

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        await wait_until_async(condition, 8, what)


async def write(
    redis: Redis,
    contracts: dict[str, StagedContract],
    extent: Extent = Extent.WHOLE,
    *,
    chain: ChainId = SPX,
    position: str = "1-0",
    ts_ms: int = TS_MS,
) -> None:
    """Write staging as the compositor that leads; a part goes on from what is there."""
    await redis.set(KEYS.compositor_lease(), OWNER)
    there = await read_staging(redis, KEYS, chain)
    before = there.meta.position if there is not None else ""
    meta = meta_of(chain, position=position, ts_ms=ts_ms)
    written = StagingWrite(chain, meta, extent, 60_000, contracts, before=before)
    assert await StagingWriter(redis, KEYS, OWNER).write([written]) == [StagingVerdict.WRITTEN]


@pytest.fixture
async def shown() -> Shown:
    return Shown()


@pytest.fixture
async def reader(redis: Redis, shown: Shown) -> AsyncIterator[StagingReader]:
    made = StagingReader(redis, KEYS, SystemClock(), shown)
    async with running(made):
        yield made


async def test_all_is_read_once_and_then_what_flushes_name(redis: Redis, reader: StagingReader, shown: Shown) -> None:
    await write(redis, {CALL: bid(1.0), PUT: bid(2.0)})
    reader.look_at(SPX)
    await shown.until(lambda: shown.bid() == 1.0, "the whole")
    await redis.hset(KEYS.staging(SPX), PUT, bid(9.9).encode())  # behind the compositor's back: nobody names it
    await write(redis, {CALL: bid(1.5)}, Extent.PART, position="2-0")
    await shown.until(lambda: shown.bid() == 1.5, "what changed")
    assert shown.bid(PUT) == 2.0
    assert shown.last is not None and shown.last.meta is not None and shown.last.meta.position == "2-0"


async def test_a_new_snapshot_replaces_all(redis: Redis, reader: StagingReader, shown: Shown) -> None:
    await write(redis, {CALL: bid(1.0), PUT: bid(2.0)})
    reader.look_at(SPX)
    await shown.until(lambda: shown.bid() == 1.0, "the whole")
    await write(redis, {CALL: bid(3.0)}, position="2-0", ts_ms=TS_MS + 10_000)
    await shown.until(lambda: shown.bid() == 3.0 and shown.bid(PUT) is None, "the next whole")


async def test_other_chains_are_not_read(redis: Redis, reader: StagingReader, shown: Shown) -> None:
    await write(redis, {CALL: bid(1.0)})
    reader.look_at(SPX)
    await shown.until(lambda: shown.bid() == 1.0, "the whole")
    count = len(shown.views)
    await write(redis, {CALL: bid(7.0)}, chain=SPX_MON)
    await asyncio.sleep(0.6)
    assert len(shown.views) == count
    reader.look_at(SPX_MON)
    await shown.until(lambda: shown.bid() == 7.0, "the other chain")
    reader.look_at(None)
    await shown.until(lambda: shown.last is None, "that nothing is looked at")


async def test_after_a_cut_all_is_read_again(redis: Redis, reader: StagingReader, shown: Shown) -> None:
    await write(redis, {CALL: bid(1.0)})
    reader.look_at(SPX)
    await shown.until(lambda: shown.bid() == 1.0, "the whole")
    await redis.hset(KEYS.staging(SPX), CALL, bid(4.0).encode())
    await redis.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
    await shown.until(lambda: shown.bid() == 4.0, "what was written unheard")


async def test_many_flushes_are_a_few_wake_ups_a_second(redis: Redis, reader: StagingReader, shown: Shown) -> None:
    await write(redis, {CALL: bid(1.0)})
    reader.look_at(SPX)
    await shown.until(lambda: shown.bid() == 1.0, "the whole")
    before = len(shown.views)
    for number in range(40):
        await write(redis, {CALL: bid(10.0 + number)}, Extent.PART, position=f"{2 + number}-0")
        await asyncio.sleep(0.02)
    await shown.until(lambda: shown.bid() == 49.0, "the last of them")
    assert len(shown.views) - before <= 6


async def test_what_cannot_be_read_is_counted_and_the_rest_is_shown(
    redis: Redis, reader: StagingReader, shown: Shown
) -> None:
    await write(redis, {CALL: bid(1.0)})
    await redis.hset(KEYS.staging(SPX), PUT, b"\xff not json")
    reader.look_at(SPX)
    await shown.until(lambda: shown.bid() == 1.0, "the whole")
    assert shown.last is not None and shown.last.fault == "1 fields cannot be read"


async def test_a_notice_that_is_none_is_taken_for_any_change(redis: Redis, reader: StagingReader, shown: Shown) -> None:
    await write(redis, {CALL: bid(1.0)})
    reader.look_at(SPX)
    await shown.until(lambda: shown.bid() == 1.0, "the whole")
    await redis.hset(KEYS.staging(SPX), CALL, bid(4.0).encode())
    await redis.publish(KEYS.staging_flushes(), b"{")
    await shown.until(lambda: shown.bid() == 4.0, "all of it again")


async def test_a_user_without_the_right_is_told_in_a_line(redis: Redis, redis_url: str) -> None:
    await write(redis, {CALL: bid(1.0)})
    await redis.execute_command("ACL", "SETUSER", "deaf", "on", ">pw", "~*", "resetchannels", "+@all")
    shown = Shown()
    async with RedisTarget(redis_url.replace("unix://", "unix://deaf:pw@")).connect() as deaf:
        reader = StagingReader(deaf, KEYS, SystemClock(), shown)
        async with running(reader):
            reader.look_at(SPX)
            await shown.until(lambda: shown.last is not None, "why there is none")
    await redis.execute_command("ACL", "DELUSER", "deaf")
    assert shown.last is not None and "no right to the channel" in shown.last.fault
