"""The form that MarketSwarm's own readers know, byte for byte."""

from chain.model.keys import ChainId
from mmaker.heatmap.builder import HeatmapBuilder
from mmaker.heatmap.legacy import legacy_body
from mmaker.heatmap.options import HeatmapOptions
from tests.support.builders import SPX, TS_MS
from tests.support.staged import Quoted, flush_of, meta_of, option

CALLS = {6910: 25.4, 6930: 12.35, 6950: 0.65}
PUTS = {6910: 0.7, 6930: 11.2, 6950: 24.0}

GOLDEN = (
    b'{"ts":1766762051.5,"symbol":"I:SPX","epoch":"current","version":1766762051500,"dtes_available":[7],'
    b'"dte_tile_counts":{"7":7},"tiles":{'
    b'"butterfly:7:20:6930":{"symbol":"I:SPX","strategy":"butterfly","dte":7,"strike":6930.0,"width":20,'
    b'"call":{"debit":1.35,"max_profit":18.65,"max_loss":1.35,"market_debit":1.35},'
    b'"put":{"debit":2.3,"max_profit":17.7,"max_loss":2.3,"market_debit":2.3}},'
    b'"single:7:0:6910":{"symbol":"I:SPX","strategy":"single","dte":7,"strike":6910.0,"width":0,'
    b'"call":{"mid":25.4,"market_mid":25.4},"put":{"mid":0.7,"market_mid":0.7}},'
    b'"single:7:0:6930":{"symbol":"I:SPX","strategy":"single","dte":7,"strike":6930.0,"width":0,'
    b'"call":{"mid":12.35,"market_mid":12.35},"put":{"mid":11.2,"market_mid":11.2}},'
    b'"single:7:0:6950":{"symbol":"I:SPX","strategy":"single","dte":7,"strike":6950.0,"width":0,'
    b'"call":{"mid":0.65,"market_mid":0.65},"put":{"mid":24.0,"market_mid":24.0}},'
    b'"vertical:7:20:6910":{"symbol":"I:SPX","strategy":"vertical","dte":7,"strike":6910.0,"width":20,'
    b'"call":{"debit":13.05,"max_profit":6.95,"max_loss":13.05,"market_debit":13.05}},'
    b'"vertical:7:20:6930":{"symbol":"I:SPX","strategy":"vertical","dte":7,"strike":6930.0,"width":20,'
    b'"call":{"debit":11.7,"max_profit":8.3,"max_loss":11.7,"market_debit":11.7},'
    b'"put":{"debit":10.5,"max_profit":9.5,"max_loss":10.5,"market_debit":10.5}},'
    b'"vertical:7:20:6950":{"symbol":"I:SPX","strategy":"vertical","dte":7,"strike":6950.0,"width":20,'
    b'"put":{"debit":12.8,"max_profit":7.2,"max_loss":12.8,"market_debit":12.8}}}}'
)


def body_of(quoted: Quoted, chain: ChainId = SPX, **options: tuple[float, ...]) -> bytes:
    builder = HeatmapBuilder(chain.underlying, HeatmapOptions(options))
    builder.update(flush_of(quoted, chain, meta=meta_of(chain)))
    builder.take()
    return legacy_body(builder.model(), 1_766_762_051.5)


def test_a_model_is_written_as_marketswarms_readers_know_it() -> None:
    quoted: Quoted = {
        **{option("call", strike): (mid, TS_MS) for strike, mid in CALLS.items()},
        **{option("put", strike): (mid, TS_MS) for strike, mid in PUTS.items()},
    }
    assert body_of(quoted, SPX=(20.0,)) == GOLDEN


def test_a_butterfly_without_both_sides_and_a_debit_that_is_not_available_are_left_out() -> None:
    calls: Quoted = {option("call", strike): (mid, TS_MS) for strike, mid in CALLS.items()}
    crossed: Quoted = {option("put", strike): (mid, TS_MS) for strike, mid in zip(PUTS, (0.7, 20.0, 24.0), strict=True)}
    assert b"butterfly" not in body_of(calls, SPX=(20.0,))
    assert b"butterfly" not in body_of({**calls, **crossed}, SPX=(20.0,))


def test_the_root_that_settles_in_the_afternoon_is_the_one_that_they_know() -> None:
    quoted: Quoted = {option("call", 6930): (12.0, TS_MS), option("call", 6930, root="SPX"): (11.0, TS_MS)}
    assert b'"single:7:0:6930"' in body_of(quoted)
    assert b"11.0" not in body_of(quoted)


def test_a_share_has_no_prefix_and_widths_of_half_points_stay() -> None:
    chain = ChainId("TSLA", SPX.expiry)
    quoted: Quoted = {option("call", strike, chain, "TSLA"): (mid, TS_MS) for strike, mid in ((400, 9.0), (402.5, 8.0))}
    body = body_of(quoted, chain, TSLA=(2.5,))
    assert b'"symbol":"TSLA"' in body
    assert b'"vertical:7:2.5:400":' in body
