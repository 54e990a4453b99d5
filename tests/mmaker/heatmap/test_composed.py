"""The model that a leading compositor makes, on a real server: from the stream to the reader, and over a takeover."""

from datetime import timedelta

import pytest
from redis.asyncio import Redis
from redis.asyncio.client import PubSub

from chain.clock import ManualClock
from chain.context import Context
from chain.model.keys import ChainId
from chain.model.session import new_york
from chain.pipeline.follow import HeatmapFollower
from chain.pipeline.heatmap import ENCODER, HeatmapModel, read_diff
from chain.redis.contract.models import LeaseHeld, fetch_model
from mmaker.heatmap.options import HeatmapOptions
from mmaker.heatmap.publisher import HeatmapPublisher
from mmaker.heatmap.snapshots import model_of
from mmaker.term import Term
from tests.support.composing import Surroundings
from tests.support.staged import option

OPTIONS = HeatmapOptions({"SPX": (5.0, 10.0)})
STRIKES = range(6910, 6955, 5)


class Leader:
    """A compositor that leads, turn by turn, and the publisher of its model."""

    def __init__(self, around: Surroundings, context: Context, chain: ChainId) -> None:
        self.around, self.chain = around, chain
        self._term = Term(around.redis, context)
        self._publisher = HeatmapPublisher(
            around.redis,
            context,
            lambda: True,
            lambda: self._inputs,
            lease=LeaseHeld(around.keys.compositor_lease(), str(context.identity)),
            options=OPTIONS,
        )

    async def begin(self) -> None:
        """Begin from what stands in Redis, and publish."""
        self._inputs = await self.around.inputs()
        await self._term.begin(self._inputs)
        await self.turn()

    async def turn(self) -> None:
        """Take in what is new, and publish what is due."""
        self._inputs = await self.around.inputs()
        for flush in await self._term.round(self._inputs, self.around.clock.monotonic() + 1):
            self._publisher.on_flush(flush)
        await self._publisher.publish_due()

    async def model(self) -> HeatmapModel:
        """Return what stands in Redis."""
        model = await fetch_model(self.around.redis, self.around.keys, "SPX")
        assert model is not None
        return model

    def of_snapshots(self) -> HeatmapModel:
        """Return the model of the snapshots alone."""
        return model_of("SPX", self._inputs.values(), self.around.keys, OPTIONS)


@pytest.fixture
async def clock(redis: Redis) -> ManualClock:
    redis_s, _ = await redis.time()  # snapshots from the future of Redis's clock are not published
    return ManualClock((int(redis_s) - 100) * 1_000_000_000, 1_000.0)


@pytest.fixture
async def leader(redis: Redis, clock: ManualClock) -> Leader:
    around = Surroundings(redis, clock)
    chain = ChainId("SPX", new_york(clock.wall / 1e9).date() + timedelta(days=7))
    await around.publish(chain, strikes=STRIKES)
    await around.lead()
    leader = Leader(around, around.context, chain)
    await leader.begin()
    return leader


async def heard(channel: PubSub, follower: HeatmapFollower) -> int:
    """Hand a reader what was announced; return how many messages."""
    count = 0
    while message := await channel.get_message(ignore_subscribe_messages=True, timeout=0.05):
        follower.on_diff(read_diff(message["data"], "SPX"))
        count += 1
    return count


async def test_before_the_stream_it_is_the_model_of_the_snapshots_alone(leader: Leader) -> None:
    model = await leader.model()
    assert len(model.tiles) > 50
    assert model == leader.of_snapshots()


async def test_a_quote_of_the_stream_is_in_it_with_the_next_turn_and_readers_follow(
    leader: Leader, clock: ManualClock
) -> None:
    around, call = leader.around, str(option("call", 6930, leader.chain))
    follower = HeatmapFollower()
    async with around.redis.pubsub() as channel:
        await channel.subscribe(around.keys.heatmap_diffs("SPX"))
        await heard(channel, follower)
        follower.on_whole(await leader.model())
        clock.advance(1.0)  # after which a stream that was not there is looked for again
        for seq in range(1, 8):
            clock.advance(0.2)
            last = await around.add(around.quote(call, 10.0 + seq, seq=seq))
            await leader.turn()
            assert await heard(channel, follower) == 1
            assert not follower.behind
            assert follower.model is not None
            single = follower.model.tiles[f"single:{leader.chain.expiry}:0:6930:call"]
            assert (single.debit, single.oldest_ms) == (10.1 + seq, around.now_ms)
            assert follower.model.expirations[0].position == str(last)
        clock.advance(5.0)
        await leader.turn()
        await heard(channel, follower)
    assert ENCODER.encode(follower.model) == ENCODER.encode(await leader.model())
    assert leader.of_snapshots().tiles != (await leader.model()).tiles


async def test_who_takes_over_makes_the_same_bytes(leader: Leader, clock: ManualClock) -> None:
    around = leader.around
    await around.add(*(around.quote(str(option("put", strike, leader.chain)), 9.0 + strike % 7) for strike in STRIKES))
    clock.advance(5.0)
    await leader.turn()
    before = await leader.model()
    await around.redis.delete(around.keys.compositor_lease(), around.keys.heatmap("SPX"))
    other = around.another()
    await around.lead(other)
    await Leader(around, other, leader.chain).begin()
    assert ENCODER.encode(await leader.model()) == ENCODER.encode(before)
