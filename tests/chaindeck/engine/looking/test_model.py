"""The model that the screen is given: whole, then by diffs, and whole again after every interruption."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from redis.asyncio import Redis

from chain.clock import SystemClock
from chain.model.keys import REPLAY_PREFIX, KeySchema
from chain.pipeline.heatmap import HeatmapModel, Tile
from chain.redis.connect.connection import RedisTarget
from chain.redis.contract.models import ModelWriter
from chaindeck.engine.looking.model import ModelReader
from tests.support.heatmaps import DATES, heatmap_model
from tests.support.looking import publish_change, publish_whole, running
from tests.support.servers import Servers, cluster_url
from tests.support.waiting import wait_until_async
from tui.ports.board_source import HeatmapView

KEYS = KeySchema()
NAME = f"butterfly:{DATES[0].isoformat()}:20:6930:call"
MODEL = heatmap_model(dates=DATES[:2])


def priced(debit: float) -> Tile:
    return Tile(debit, 20.0 - debit, debit, ((6910.0, 1), (6930.0, -2), (6950.0, 1)), 1)


class Shown:
    """What the screen was given."""

    def __init__(self) -> None:
        self.views: list[HeatmapView | None] = []

    def __call__(self, view: HeatmapView | None) -> None:
        self.views.append(view)

    @property
    def last(self) -> HeatmapView | None:
        return self.views[-1] if self.views else None

    @property
    def model(self) -> HeatmapModel | None:
        return self.last.model if self.last else None

    async def until(self, condition: Callable[[HeatmapView], bool], what: str) -> HeatmapView:
        await wait_until_async(lambda: self.last is not None and condition(self.last), 8, what)
        assert self.last is not None
        return self.last


@pytest.fixture
async def shown() -> Shown:
    return Shown()


@pytest.fixture
async def reader(redis: Redis, shown: Shown) -> AsyncIterator[ModelReader]:
    made = ModelReader(redis, KEYS, SystemClock(), shown)
    async with running(made):
        yield made


async def test_the_whole_is_read_and_then_its_diffs(redis: Redis, reader: ModelReader, shown: Shown) -> None:
    writer = ModelWriter(redis, KEYS)
    await publish_whole(writer, MODEL)
    reader.look_at("SPX")
    first = await shown.until(lambda view: view.model is not None, "the whole")
    assert first.model == MODEL and not first.fault
    assert first.index.expirations == tuple(day.isoformat() for day in DATES[:2])
    after = await publish_change(writer, MODEL, NAME, priced(9.5))
    view = await shown.until(lambda view: view.model == after, "the diff")
    assert view.index is first.index  # the same tiles lie on the same axes


async def test_a_model_that_comes_later_is_shown_when_it_comes(redis: Redis, reader: ModelReader, shown: Shown) -> None:
    reader.look_at("SPX")
    await shown.until(lambda view: view.model is None, "that there is none")
    await publish_whole(ModelWriter(redis, KEYS), MODEL)
    await shown.until(lambda view: view.model == MODEL, "the model")


async def test_after_a_diff_that_was_missed_the_whole_is_read_again(
    redis: Redis, reader: ModelReader, shown: Shown
) -> None:
    writer = ModelWriter(redis, KEYS)
    await publish_whole(writer, MODEL)
    reader.look_at("SPX")
    await shown.until(lambda view: view.model == MODEL, "the whole")
    unheard = heatmap_model(dates=DATES[:2], spot=6_940.0)
    later = await publish_change(writer, unheard, NAME, priced(8.5))
    await asyncio.sleep(0.3)
    assert shown.model == MODEL  # a diff that leads on from another version changes nothing
    await publish_whole(writer, later)
    await shown.until(lambda view: view.model == later, "the whole again")


async def test_a_connection_that_is_cut_is_made_again_and_nothing_is_missed(
    redis: Redis, reader: ModelReader, shown: Shown
) -> None:
    writer = ModelWriter(redis, KEYS)
    await publish_whole(writer, MODEL)
    reader.look_at("SPX")
    await shown.until(lambda view: view.model == MODEL, "the whole")
    await redis.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
    moved = heatmap_model(dates=DATES[:2], spot=6_950.0)
    await publish_whole(writer, moved)
    await shown.until(lambda view: view.model == moved, "the model after the cut")
    after = await publish_change(writer, moved, NAME, priced(7.5))
    await shown.until(lambda view: view.model == after, "a diff after the cut")


async def test_what_is_no_model_is_refused_in_words_and_the_last_good_one_stays(
    redis: Redis, reader: ModelReader, shown: Shown
) -> None:
    writer = ModelWriter(redis, KEYS)
    await publish_whole(writer, MODEL)
    reader.look_at("SPX")
    await shown.until(lambda view: view.model == MODEL, "the whole")
    await redis.set(KEYS.heatmap("SPX"), b'{"schema":1,"underlying":"\x1b[2J"}')
    await redis.publish(KEYS.heatmap_diffs("SPX"), b"no diff at all")
    view = await shown.until(lambda view: view.fault != "", "why there is no newer one")
    assert view.model == MODEL and "\x1b" not in view.fault
    await publish_whole(writer, MODEL)
    await shown.until(lambda view: not view.fault, "that all is well again")


async def test_a_user_who_may_not_listen_reads_again_and_again_and_is_told(redis: Redis, redis_url: str) -> None:
    await publish_whole(ModelWriter(redis, KEYS), MODEL)
    await redis.execute_command("ACL", "SETUSER", "deaf", "on", ">pw", "~*", "resetchannels", "+@all")
    url = redis_url.replace("unix://", "unix://deaf:pw@")
    shown = Shown()
    deaf = RedisTarget(url).connect()
    try:
        reader = ModelReader(deaf, KEYS, SystemClock(), shown)
        async with running(reader):
            reader.look_at("SPX")
            view = await shown.until(lambda view: view.model == MODEL, "the model")
            assert "read every 2 s" in view.fault and "channel" in view.fault
            moved = heatmap_model(dates=DATES[:2], spot=6_950.0)
            await publish_whole(ModelWriter(redis, KEYS), moved)
            await shown.until(lambda view: view.model == moved, "the newer model")
    finally:
        await deaf.aclose()
        await redis.execute_command("ACL", "DELUSER", "deaf")


async def test_nothing_is_read_of_what_nobody_looks_at(redis: Redis, reader: ModelReader, shown: Shown) -> None:
    writer = ModelWriter(redis, KEYS)
    await publish_whole(writer, MODEL)
    reader.look_at("SPX")
    await shown.until(lambda view: view.model == MODEL, "the whole")
    reader.look_at("NDX")
    await shown.until(lambda view: view.underlying == "NDX" and view.model is None, "the other underlying")
    reader.look_at(None)
    await wait_until_async(lambda: shown.last is None, 5, "that nothing is looked at")
    count = len(shown.views)
    await wait_until_async(lambda: _deaf(redis), 5, "that nobody listens")
    await publish_whole(writer, heatmap_model(dates=DATES[:2], spot=6_950.0))
    await asyncio.sleep(0.3)
    assert len(shown.views) == count


async def _deaf(redis: Redis) -> bool:
    reply = await redis.execute_command("PUBSUB", "NUMSUB", KEYS.heatmap_diffs("SPX"))
    return bool(reply[1] == 0)


async def test_many_diffs_wake_the_screen_a_few_times_a_second(redis: Redis, reader: ModelReader, shown: Shown) -> None:
    writer = ModelWriter(redis, KEYS)
    await publish_whole(writer, MODEL)
    reader.look_at("SPX")
    await shown.until(lambda view: view.model == MODEL, "the whole")
    before, model = len(shown.views), MODEL
    for number in range(60):
        model = await publish_change(writer, model, NAME, priced(1.0 + number / 20))
        await asyncio.sleep(0.02)
    await shown.until(lambda view: view.model == model, "the last of them")
    assert len(shown.views) - before <= 8


async def test_a_replays_model_is_its_own(redis: Redis) -> None:
    keys, shown = KeySchema(REPLAY_PREFIX), Shown()
    await publish_whole(ModelWriter(redis, KEYS), MODEL)
    played = heatmap_model(dates=DATES[:2], spot=6_900.0)
    await publish_whole(ModelWriter(redis, keys), played)
    reader = ModelReader(redis, keys, SystemClock(), shown)
    async with running(reader):
        reader.look_at("SPX")
        await shown.until(lambda view: view.model == played, "the replay's model")


async def test_by_resp3_too(redis: Redis, redis_url: str) -> None:
    shown, modern = Shown(), RedisTarget(f"{redis_url}?protocol=3").connect()
    try:
        reader = ModelReader(modern, KEYS, SystemClock(), shown)
        async with running(reader):
            await publish_whole(ModelWriter(redis, KEYS), MODEL)
            reader.look_at("SPX")
            await shown.until(lambda view: view.model == MODEL, "the whole")
            after = await publish_change(ModelWriter(redis, KEYS), MODEL, NAME, priced(9.5))
            await shown.until(lambda view: view.model == after, "the diff")
    finally:
        await modern.aclose()


@pytest.mark.slow
async def test_on_a_cluster() -> None:
    shown = Shown()
    with Servers() as servers:
        async with RedisTarget(cluster_url(servers.cluster())).connect() as cluster:
            reader, writer = ModelReader(cluster, KEYS, SystemClock(), shown), ModelWriter(cluster, KEYS)
            async with running(reader):
                await publish_whole(writer, MODEL)
                reader.look_at("SPX")
                await shown.until(lambda view: view.model == MODEL, "the whole")
                after = await publish_change(writer, MODEL, NAME, priced(9.5))
                await shown.until(lambda view: view.model == after, "the diff")
