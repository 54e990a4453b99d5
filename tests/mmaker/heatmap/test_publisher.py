"""The publisher of models: its pace, what readers hear, and what is not published and why."""

from collections.abc import AsyncIterator
from datetime import timedelta

import orjson
import pytest
from msgspec.structs import replace
from redis.asyncio import Redis
from redis.asyncio.client import PubSub

from chain.clock import ManualClock
from chain.context import Context
from chain.model.keys import ChainId, KeySchema
from chain.monitor.states import State
from chain.pipeline.follow import HeatmapFollower
from chain.pipeline.heatmap import HeatmapDiff, read_diff
from chain.redis.contract.models import LeaseHeld, fetch_model
from mmaker.heatmap.options import HeatmapOptions, Pace
from mmaker.heatmap.publisher import HeatmapPublisher
from mmaker.inputs import ChainInput
from tests.support.builders import SPX, TS_MS, TS_NS
from tests.support.contexts import context_of
from tests.support.staged import Quoted, flush_of, meta_of, option

KEYS = KeySchema()
LATER = ChainId("SPX", SPX.expiry + timedelta(days=1))
OPTIONS = HeatmapOptions({"SPX": (5.0, 10.0), "NDX": (10.0,)})
STRIKES = range(6900, 6965, 5)
QUOTED: Quoted = {option(side, strike): (9.0, TS_MS) for side in ("call", "put") for strike in STRIKES}
FRESH = ChainInput(SPX, State.FRESH, life_ms=60_000, dte=7)
REASON = "its snapshot is 36 s old, stale beyond 35 s"
STALE = replace(FRESH, state=State.STALE, reason=REASON)


class Desk:
    """A publisher on a clock that is moved by hand, and what a reader of its channel hears."""

    def __init__(self, redis: Redis, channel: PubSub, context: Context, clock: ManualClock) -> None:
        self.redis, self.channel, self.clock = redis, channel, clock
        self.leads = True
        self.inputs = {SPX: FRESH}
        self.publisher = HeatmapPublisher(
            redis, context, lambda: self.leads, lambda: self.inputs, options=OPTIONS, pace=Pace(0.25, 5.0)
        )
        self.quoted = dict(QUOTED)

    def whole(self, ts_ms: int = TS_MS) -> None:
        """Flush all contracts, as after a snapshot."""
        self.publisher.on_flush(flush_of(self.quoted, meta=meta_of(ts_ms=ts_ms)))

    def quote(self, mid: float) -> None:
        """Flush one contract with another mid."""
        call = option("call", 6930)
        self.quoted[call] = (mid, TS_MS)
        self.publisher.on_flush(flush_of(self.quoted, dirty=[call], meta=meta_of(position=f"{mid}-0")))

    async def tick(self, seconds: float = 0.25) -> None:
        """Let time pass, then publish what is due."""
        self.clock.advance(seconds)
        await self.publisher.publish_due()

    async def heard(self) -> list[HeatmapDiff]:
        """Return what was announced since the last call."""
        found = []
        while message := await self.channel.get_message(timeout=0.02):
            found.append(read_diff(message["data"], "SPX"))
        return found

    async def version(self) -> str | None:
        """Return the version of the whole in Redis."""
        model = await fetch_model(self.redis, KEYS, "SPX")
        return model.version if model else None

    @property
    def reason(self) -> str:
        """Why the model is not published."""
        return self.publisher.status()[0].reason


@pytest.fixture
async def desk(redis: Redis) -> AsyncIterator[Desk]:
    clock = ManualClock(TS_NS)
    async with redis.pubsub(ignore_subscribe_messages=True) as channel:
        await channel.subscribe(KEYS.heatmap_diffs("SPX"))
        await channel.get_message(timeout=1)
        yield Desk(redis, channel, context_of(clock), clock)


async def test_the_first_model_is_written_whole_and_its_version_announced(desk: Desk) -> None:
    desk.whole()
    await desk.tick()
    [said] = await desk.heard()
    assert (said.before, said.changed, said.version) == ("", {}, await desk.version())
    [status] = desk.publisher.status()
    assert (status.underlying, status.version, status.reason) == ("SPX", said.version, "")
    assert status.published == desk.clock.wall / 1e9
    model = await fetch_model(desk.redis, KEYS, "SPX")
    assert model is not None
    assert status.tiles == len(model.tiles) > 50


async def test_while_nobody_listens_tiles_are_made_again_for_each_whole_only(desk: Desk) -> None:
    await desk.channel.unsubscribe()
    desk.whole()
    await desk.tick()
    first, made = await desk.version(), desk.publisher.status()[0].version
    for turn in range(19):
        desk.quote(9.1 + turn)
        await desk.tick()
        assert desk.publisher.status()[0].version == made
    await desk.tick()  # the fifth second
    assert first != await desk.version() == desk.publisher.status()[0].version


async def test_whoever_joins_is_led_on_from_a_whole_that_comes_within_a_second(desk: Desk) -> None:
    await desk.channel.unsubscribe()
    desk.whole()
    for _ in range(5):
        await desk.tick()
    desk.quote(9.5)
    await desk.tick()
    await desk.channel.subscribe(KEYS.heatmap_diffs("SPX"))
    for _ in range(2):  # what Redis says of leaving, and of joining
        await desk.channel.get_message(timeout=1)
    before = await desk.version()
    await desk.tick()
    said = await desk.heard()
    assert said and said[-1].version == await desk.version() != before
    desk.quote(9.6)
    await desk.tick()
    [diff] = await desk.heard()
    assert diff.before == said[-1].version


async def test_a_first_model_waits_for_all_chains_but_not_for_long(desk: Desk) -> None:
    desk.inputs[LATER] = replace(FRESH, chain=LATER)
    desk.whole()
    await desk.tick(1.9)
    assert await desk.version() is None
    await desk.tick(0.1)
    assert await desk.version() is not None


@pytest.mark.parametrize("complete", ["flushed", "stale", "another underlying"])
async def test_a_first_model_waits_only_for_what_can_come(desk: Desk, complete: str) -> None:
    other = ChainId("NDX", LATER.expiry) if complete == "another underlying" else LATER
    desk.inputs[other] = replace(STALE if complete == "stale" else FRESH, chain=other)
    desk.whole()
    if complete == "flushed":
        desk.publisher.on_flush(flush_of({option("call", 6930, LATER): (9.0, TS_MS)}, LATER, meta=meta_of(LATER)))
    await desk.tick()
    assert await desk.version() is not None


async def test_diffs_follow_at_each_turn_and_the_whole_every_five_seconds(desk: Desk) -> None:
    desk.whole()
    await desk.tick()
    wholes = []
    for turn in range(42):
        desk.quote(9.1 + turn)
        await desk.tick()
        wholes.append(await desk.version())
    first, *diffs = await desk.heard()
    assert len(diffs) == 42
    assert [diff.before for diff in diffs] == [first.version, *(diff.version for diff in diffs[:-1])]
    assert [wholes.index(version) for version in dict.fromkeys(wholes)] == [0, 19, 39]
    await desk.tick(5.0)
    assert await desk.version() == diffs[-1].version


async def test_a_whole_comes_a_second_after_a_reader_has_joined(desk: Desk) -> None:
    desk.whole()
    await desk.tick()
    async with desk.redis.pubsub() as another:
        await another.subscribe(KEYS.heatmap_diffs("SPX"))
        await another.get_message(timeout=1)
        for turn, written in ((1, False), (2, False), (3, False), (4, True), (5, False)):
            desk.quote(9.1 + turn)
            await desk.tick()
            assert (await desk.version() == desk.publisher.status()[0].version) is written, turn


async def test_a_reader_that_joins_at_any_moment_comes_to_the_newest(desk: Desk) -> None:
    desk.whole()
    await desk.tick()
    follower = HeatmapFollower()
    for turn in range(40):
        desk.quote(9.05 + turn)
        await desk.tick()
        heard = await desk.heard()
        if turn < 3:
            continue
        for diff in heard:
            follower.on_diff(diff)
        if follower.behind and (model := await fetch_model(desk.redis, KEYS, "SPX")):
            follower.on_whole(model)
    assert not follower.behind
    await desk.tick(5.0)
    assert follower.model == await fetch_model(desk.redis, KEYS, "SPX")


async def test_where_most_tiles_differ_the_whole_is_written_and_no_diff_is_sent(desk: Desk) -> None:
    desk.whole()
    await desk.tick()
    await desk.heard()
    desk.quoted = {contract: (contract.strike % 7 + 3, TS_MS + 1) for contract in desk.quoted}
    desk.whole()
    await desk.tick()
    assert await desk.heard() == []  # the last whole is not a second old
    await desk.tick(0.8)
    [said] = await desk.heard()
    assert (said.before, said.changed, said.version) == ("", {}, await desk.version())


async def test_nothing_is_published_of_stale_snapshots_and_the_reason_is_told(desk: Desk) -> None:
    desk.whole()
    await desk.tick()
    await desk.heard()
    desk.inputs = {SPX: replace(FRESH, state=State.AGING)}
    await desk.tick()
    assert desk.reason == ""
    [said] = await desk.heard()
    assert [each.state for each in said.expirations] == ["AGING"]
    desk.inputs = {SPX: STALE}
    left = await desk.redis.pttl(KEYS.heatmap("SPX"))
    desk.quote(11.0)
    await desk.tick(30.0)
    assert desk.reason == f"2026-01-02: {REASON}"
    assert await desk.heard() == []
    assert await desk.redis.pttl(KEYS.heatmap("SPX")) <= left
    desk.inputs = {SPX: FRESH}
    await desk.tick()
    assert desk.reason == ""
    assert [each.state for each in (await desk.heard())[-1].expirations] == ["FRESH"]


async def test_one_stale_expiration_is_labelled_and_the_others_go_on(desk: Desk) -> None:
    quoted: Quoted = {option("call", 6930, LATER): (9.0, TS_MS)}
    desk.whole()
    desk.publisher.on_flush(flush_of(quoted, LATER, meta=meta_of(LATER)))
    desk.inputs = {SPX: STALE, LATER: replace(FRESH, chain=LATER, dte=8)}
    await desk.tick()
    model = await fetch_model(desk.redis, KEYS, "SPX")
    assert model is not None
    assert [(each.state, each.dte) for each in model.expirations] == [("STALE", 7), ("FRESH", 8)]


@pytest.mark.parametrize(
    "gone",
    [replace(FRESH, over=True), replace(STALE, state=State.MISSING), None],
    ids=["its session is over", "its pointer is gone", "nobody expects it"],
)
async def test_an_expiration_without_a_place_drops_out(desk: Desk, gone: ChainInput | None) -> None:
    desk.inputs[LATER] = replace(FRESH, chain=LATER, dte=8)
    desk.whole()
    desk.publisher.on_flush(flush_of({option("call", 6930, LATER): (9.0, TS_MS)}, LATER, meta=meta_of(LATER)))
    await desk.tick()
    desk.inputs = {LATER: desk.inputs[LATER], **({SPX: gone} if gone else {})}
    await desk.tick(1.0)
    assert [each.dte for each in (await desk.heard())[-1].expirations] == [8]
    model = await fetch_model(desk.redis, KEYS, "SPX")
    assert model is not None
    assert list(model.tiles) == ["single:2026-01-03:0:6930:call"]


async def test_where_none_is_left_there_is_no_model(desk: Desk) -> None:
    desk.whole()
    await desk.tick()
    desk.inputs = {}
    await desk.tick()
    assert desk.publisher.status() == ()


@pytest.mark.parametrize(("life_ms", "ttl_ms"), [(90_000, 90_000), (10, 1_000), (10**9, 3_600_000)])
async def test_a_model_lives_as_long_as_its_snapshots(desk: Desk, life_ms: int, ttl_ms: int) -> None:
    desk.inputs = {SPX: replace(FRESH, life_ms=life_ms)}
    desk.whole()
    await desk.tick()
    assert ttl_ms - 900 < await desk.redis.pttl(KEYS.heatmap("SPX")) <= ttl_ms


async def test_a_whole_that_is_gone_is_written_again(desk: Desk) -> None:
    desk.whole()
    await desk.tick()
    await desk.redis.flushall()
    desk.quote(10.0)
    await desk.tick()
    await desk.tick()
    assert await desk.version() == desk.publisher.status()[0].version


async def test_a_quiet_model_lives_on_while_its_snapshots_do(desk: Desk) -> None:
    desk.whole()
    await desk.tick()
    await desk.redis.pexpire(KEYS.heatmap("SPX"), 1_000)
    await desk.tick(19.5)
    assert await desk.redis.pttl(KEYS.heatmap("SPX")) <= 1_000
    await desk.tick(0.5)
    assert await desk.redis.pttl(KEYS.heatmap("SPX")) > 59_000


async def test_who_does_not_lead_publishes_nothing(desk: Desk) -> None:
    desk.leads = False
    desk.whole()
    await desk.tick()
    assert await desk.version() is None


async def test_who_has_lost_the_lease_hears_it_from_redis(redis: Redis) -> None:
    clock = ManualClock(TS_NS)
    publisher = HeatmapPublisher(
        redis, context_of(clock), lambda: True, lambda: {SPX: FRESH}, lease=LeaseHeld("lease", "me"), options=OPTIONS
    )
    publisher.on_flush(flush_of(QUOTED))
    await redis.set("lease", "other")
    await publisher.publish_due()
    assert publisher.status()[0].reason == "another compositor leads"
    await redis.set("lease", "me")
    clock.advance(1.0)
    await publisher.publish_due()
    assert publisher.status()[0].reason == ""


async def test_each_underlying_has_a_model_of_its_own(desk: Desk) -> None:
    ndx = ChainId("NDX", SPX.expiry)
    desk.inputs[ndx] = replace(FRESH, chain=ndx)
    desk.whole()
    desk.publisher.on_flush(
        flush_of({option("call", 20_000, ndx, "NDXP"): (9.0, TS_MS)}, ndx, meta=meta_of(ndx, atm=20_000))
    )
    await desk.tick()
    assert [status.underlying for status in desk.publisher.status()] == ["NDX", "SPX"]
    for underlying in ("NDX", "SPX"):
        model = await fetch_model(desk.redis, KEYS, underlying)
        assert model is not None
        assert model.widths == OPTIONS.widths[underlying]


@pytest.mark.parametrize("legacy", [True, False])
async def test_the_key_of_marketswarm_is_written_on_request_only(redis: Redis, legacy: bool) -> None:
    context = context_of(ManualClock(TS_NS))
    publisher = HeatmapPublisher(redis, context, lambda: True, lambda: {SPX: FRESH}, options=OPTIONS, legacy=legacy)
    publisher.on_flush(flush_of(QUOTED))
    await publisher.publish_due()
    model, theirs = await redis.exists(KEYS.heatmap("SPX")), await redis.get("massive:heatmap:model:I:SPX:latest")
    assert (model, theirs is not None, await redis.dbsize()) == (1, legacy, 1 + legacy)
    if isinstance(theirs, bytes):
        assert orjson.loads(theirs)["ts"] == TS_NS / 1e9
        assert 259_000 < await redis.ttl("massive:heatmap:model:I:SPX:latest") <= 259_200


async def test_a_model_that_no_reader_would_take_is_not_written(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.whole()
    await desk.tick()
    before = await desk.version()
    monkeypatch.setattr("mmaker.heatmap.publisher.MODEL_BYTES", 2_000)
    desk.quote(11.0)
    await desk.tick(5.0)
    assert desk.reason.endswith("bytes are more than any reader takes: choose fewer strikes or widths")
    assert await desk.version() == before
    monkeypatch.undo()
    await desk.tick(29.75)
    assert desk.reason
    await desk.tick(1.25)
    assert desk.reason == ""
    assert await desk.version() == desk.publisher.status()[0].version != before
