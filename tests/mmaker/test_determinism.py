"""One recording, replayed: whatever the batches, repetitions and order across contracts, the same bytes come out.

The snapshots are those of a recorded SPX chain; the stream has quotes and trades of its contracts, in frames.
"""

import asyncio
import random
from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from chain.pipeline.events import Quote, StreamEvent, Trade
from chain.pipeline.frame import encode_frame
from chain.pipeline.heatmap import ENCODER
from mmaker.flush import ChainFlush
from mmaker.heatmap.builder import HeatmapBuilder
from mmaker.heatmap.options import HeatmapOptions
from mmaker.inputs import ChainInput
from mmaker.merge.market import StagedMarket
from tests.support.builders import law
from tests.support.places import CAPTURES
from tests.support.recorded_chains import recorded_inputs
from tests.support.staged import meta_of

EVENTS = 400
MADE_MS = 1_783_845_287_129  # when the capture was recorded


@cache
def recording() -> tuple[list[ChainInput], list[StreamEvent]]:
    """Return the snapshots of two expirations, and a stream of the minute after them."""
    [path] = CAPTURES.glob("SPX-*.jsonl.gz")
    inputs = asyncio.run(recorded_inputs(path, 2))["SPX"]
    market, chance = laid(inputs), random.Random(5)
    tickers = [
        ticker
        for each in inputs
        for ticker, shown in market.chains[each.chain].take_changes().contracts.items()
        if each.snapshot and abs(shown.strike - each.snapshot.atm) <= 60
    ]
    events = list[StreamEvent]()
    for seq in range(EVENTS):
        ticker, at = chance.choice(tickers), MADE_MS + chance.randrange(-2_000, 60_000)
        bid = chance.randrange(5, 4_000) / 20
        if seq % 5:
            events.append(Quote(ticker, bid, bid + chance.randrange(-1, 8) / 20, 3.0, 4.0, at, seq))
        else:
            events.append(Trade(ticker, bid, 1.0, at, seq))
    return inputs, events


def laid(inputs: list[ChainInput]) -> StagedMarket:
    market = StagedMarket()
    for each in inputs:
        assert each.snapshot is not None
        market.apply_snapshot(each.snapshot.open())
    return market


def replay(order: list[StreamEvent], sizes: list[int]) -> tuple[dict[str, bytes], bytes]:
    """Merge the stream in frames of these sizes, the rest in one, flushing after each; return staging and the model."""
    inputs, _ = recording()
    market, builder = laid(inputs), HeatmapBuilder("SPX", HeatmapOptions(strikes=20))
    begin = 0
    for size in [*sizes, len(order)]:
        market.apply_frame(encode_frame(order[begin : begin + size]), MADE_MS + 120_000)
        begin += size
        for each in inputs:
            changes = market.chains[each.chain].take_changes()
            meta = meta_of(each.chain, atm=7575, ts_ms=MADE_MS)
            builder.update(ChainFlush(each.chain, meta, changes.contracts, changes.changed, changes.whole))
        builder.take()
    staged = {
        ticker: shown.encode()
        for state in market.chains.values()
        for ticker, shown in state.take_changes().contracts.items()
    }
    return staged, ENCODER.encode(builder.model())


@cache
def in_order() -> tuple[dict[str, bytes], bytes]:
    return replay(recording()[1], [])


@law
@given(st.randoms(use_true_random=False), st.lists(st.integers(1, 150), max_size=8))
def test_replays_in_other_batches_with_repetitions_and_out_of_order_are_the_same_bytes(
    chance: random.Random, sizes: list[int]
) -> None:
    _, events = recording()
    mixed = [*events, *chance.sample(events, 100)]
    chance.shuffle(mixed)
    assert replay(mixed, sizes) == in_order()


def test_the_stream_shows_in_both() -> None:
    """A replay without events is another one: what is compared above is no empty thing."""
    staged, model = in_order()
    without, still = replay([], [])
    assert sum(staged[ticker] != without[ticker] for ticker in staged) > 50
    assert model != still
    assert replay(recording()[1], [50] * (EVENTS // 50)) == (staged, model)
