"""The same snapshots and the same stream give the same staging and the same heatmap, to the byte, however they came."""

import random
from collections.abc import Sequence
from datetime import timedelta
from functools import cache

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from chain.clock import ManualClock
from chain.model.keys import ChainId
from chain.model.snapshot import Received, decode, encode
from chain.pipeline.events import Quote, StreamEvent, Trade
from chain.pipeline.heatmap import ENCODER
from chain.pipeline.staging import StagingMeta
from chain.redis.contract.stream.group import GROUP
from mmaker.flush import ChainFlush
from mmaker.heatmap.builder import HeatmapBuilder
from mmaker.heatmap.options import HeatmapOptions
from mmaker.merge.market import StagedMarket
from mmaker.term import Term
from tests.support.builders import SPX, TS_MS, TS_NS, law
from tests.support.composing import Surroundings, made

CHAINS = (SPX, ChainId("SPX", SPX.expiry + timedelta(days=7)))
STRIKES = tuple(range(6910, 6955, 5))
OPTIONS = HeatmapOptions({"SPX": (5, 10, 20)}, 7)
Bytes = dict[str, bytes]


def event(chance: random.Random, seq: int, base_ms: int) -> StreamEvent:
    """Return an event of some contract, of which some are late, crossed, or not known."""
    chain, side = chance.choice(CHAINS), chance.choice("CP")
    strike = chance.choice((*STRIKES, 6800))
    ticker = f"O:SPXW{chain.expiry:%y%m%d}{side}{strike * 1000:08d}"
    ts_ms, bid = base_ms + chance.randint(-3_000, 3_000), chance.randint(0, 400) / 20
    if chance.random() < 0.2:
        return Trade(ticker, bid + 0.05, 1.0, ts_ms, seq)
    return Quote(ticker, bid, bid + chance.choice((0.1, 0.2, 0.0, -0.1)), 1.0, 2.0, ts_ms, seq)


def shuffled(events: Sequence[StreamEvent], chance: random.Random) -> list[StreamEvent]:
    """Return events in another order, some of them twice."""
    again = [*events, *chance.sample(list(events), len(events) // 3)]
    chance.shuffle(again)
    return again


@cache
def snapshots() -> Sequence[Received]:
    return [decode(encode(each), each.id) for each in (made(chain, TS_NS, strikes=STRIKES) for chain in CHAINS)]


def outcome(
    laid: Sequence[Received], events: Sequence[StreamEvent], flush_after: frozenset[int]
) -> tuple[Bytes, bytes]:
    """Return staging and heatmap after all of it, flushed after some of the events, too."""
    market, builder = StagedMarket(), HeatmapBuilder("SPX", OPTIONS)
    for snapshot in laid:
        market.apply_snapshot(snapshot)
    fields: Bytes = {}
    for at, each in enumerate(events):
        market.apply_frame(msgspec.json.encode([each]), TS_MS + 60_000)
        if at in flush_after or at == len(events) - 1:
            for flush in _flushed(market):
                builder.update(flush)
                fields |= {ticker: shown.encode() for ticker, shown in flush.contracts.items()}
            builder.take()
    return fields, ENCODER.encode(builder.model())


def _flushed(market: StagedMarket) -> list[ChainFlush]:
    """Return what a compositor would hand on now."""
    meta = StagingMeta(snapshot="s", ts=TS_MS / 1000, atm=6930, position="9-9", flushed=1.0)
    found = [(chain, state.take_changes()) for chain, state in market.chains.items() if state.dirty]
    return [ChainFlush(chain, meta, each.contracts, each.changed, each.whole) for chain, each in found]


@given(st.integers(0, 2**32), st.integers(1, 60), st.sets(st.integers(0, 80), max_size=8))
@law
def test_order_repetition_and_flushes_change_no_byte(seed: int, count: int, flush_after: set[int]) -> None:
    chance, laid = random.Random(seed), snapshots()
    events = [event(chance, seq, TS_MS) for seq in range(count)]
    plain = outcome(laid, events, frozenset())
    assert outcome(laid, shuffled(events, chance), frozenset(flush_after)) == plain
    assert outcome(laid[::-1], events, frozenset(range(0, 80, 7)))[0] == plain[0]


@pytest.mark.parametrize("batches", [(1, 7, 1_000), (3, 50, 16)])
async def test_three_runs_over_one_recording_in_batches_of_any_size(
    redis: Redis, batches: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    chance, found = random.Random(3), list[tuple[Bytes, bytes]]()
    redis_s, _ = await redis.time()
    clock = ManualClock((int(redis_s) - 100) * 1_000_000_000, 1_000.0)
    base_ms = clock.wall_ns() // 1_000_000
    events = [event(chance, seq, base_ms) for seq in range(300)]
    for run, batch in enumerate(batches):
        await redis.flushall()
        monkeypatch.setattr("mmaker.reading._BATCH", batch)
        around = Surroundings(redis, clock)
        await around.lead()
        for chain in CHAINS:
            await around.publish(chain, strikes=STRIKES)
        await redis.xgroup_create(around.keys.stream(), GROUP, "0", mkstream=True)
        for each in events if run == 0 else shuffled(events, chance):
            await around.add(each, received_ms=base_ms + 5_000)
        found.append(await _composed(around))
    assert found[0] == found[1] == found[2]
    assert b'"origin":"stream"' in b"".join(found[0][0].values()) and b"butterfly" in found[0][1]


async def _composed(around: Surroundings) -> tuple[Bytes, bytes]:
    """Return staging as it stands in Redis and the heatmap of the flushes, once all of the stream is in."""
    term, builder = Term(around.redis, around.context), HeatmapBuilder("SPX", OPTIONS)
    inputs = await around.inputs()
    await term.begin(inputs)
    place = await term.reading.place()
    assert place is not None
    while term.reading.position < place.last:
        for flush in await term.round(inputs, around.clock.monotonic()):
            meta = StagingMeta(snapshot="s", ts=1.0, atm=6930, position="9-9", flushed=1.0)
            builder.update(ChainFlush(flush.chain, meta, flush.contracts, flush.dirty, flush.whole))
        builder.take()
    fields = {ticker: value for chain in CHAINS for ticker, value in (await around.staged(chain)).items()}
    return fields, ENCODER.encode(builder.model())
