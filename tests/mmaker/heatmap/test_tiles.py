"""What positions cost: the formulas, bounds, missing legs, negative debits, roots and exact decimals."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.model.keys import ChainId
from chain.pipeline.heatmap import ENCODER, Tile, read_model
from chain.pipeline.ticker import Side
from mmaker.heatmap.builder import HeatmapBuilder
from mmaker.heatmap.options import HeatmapOptions, widths_by_step
from tests.support.builders import SPX, law
from tests.support.staged import Quoted, flush_of, meta_of, option

T = 1_766_437_799_445
SIDES: tuple[Side, ...] = ("call", "put")


def tiles_of(
    quoted: Quoted, *, widths: tuple[float, ...] = (20,), strikes: int = 50, atm: int = 6930
) -> dict[str, Tile]:
    builder = HeatmapBuilder("SPX", HeatmapOptions({"SPX": widths}, strikes))
    builder.update(flush_of(quoted, meta=meta_of(atm=atm)))
    builder.take()
    return dict(builder.model().tiles)


def test_a_butterfly_costs_its_wings_less_twice_its_centre() -> None:
    tiles = tiles_of(
        {
            option("call", 6910): (25.4, T),
            option("call", 6930): (12.35, T - 9),
            option("call", 6950): (0.65, T + 5),
        }
    )
    assert tiles["butterfly:2026-01-02:20:6930:call"] == Tile(
        debit=1.35, max_profit=18.65, max_loss=1.35, legs=((6910, 1), (6930, -2), (6950, 1)), oldest_ms=T - 9
    )


def test_a_vertical_is_short_further_out_of_the_money() -> None:
    tiles = tiles_of(
        {
            option("call", 6930): (12.35, T),
            option("call", 6950): (4.1, T - 3),
            option("put", 6930): (11.2, T - 7),
            option("put", 6910): (3.15, T),
        }
    )
    assert tiles["vertical:2026-01-02:20:6930:call"] == Tile(8.25, 11.75, 8.25, ((6930, 1), (6950, -1)), T - 3)
    assert tiles["vertical:2026-01-02:20:6930:put"] == Tile(8.05, 11.95, 8.05, ((6930, 1), (6910, -1)), T - 7)


def test_a_single_put_gains_at_most_its_strike_and_a_call_has_no_bound() -> None:
    tiles = tiles_of({option("call", 6930): (12.35, T), option("put", 6930): (0.025, T)})
    assert tiles == {
        "single:2026-01-02:0:6930:call": Tile(12.35, None, 12.35, ((6930, 1),), T),
        "single:2026-01-02:0:6930:put": Tile(0.025, 6929.975, 0.025, ((6930, 1),), T),
    }


@pytest.mark.parametrize("missing", [6910, 6930, 6950])
@pytest.mark.parametrize("listed", [True, False], ids=["without a mid", "not listed"])
def test_a_missing_leg_is_no_tile(missing: float, listed: bool) -> None:
    every: Quoted = {option("call", strike): (5.0, T) for strike in (6910, 6930, 6950)}
    without: Quoted = {
        contract: None if contract.strike == missing else mid
        for contract, mid in every.items()
        if listed or contract.strike != missing
    }
    assert not [name for name in tiles_of(without) if name.startswith("butterfly")]
    assert [name for name in tiles_of(every) if name.startswith("butterfly")]


@pytest.mark.parametrize("absurd", [1e300, 1.0000001e7, -0.05, float("inf"), float("nan")])
def test_a_mid_that_no_option_can_have_is_no_mid(absurd: float) -> None:
    assert tiles_of({option("call", 6930): (absurd, T)}) == {}
    assert tiles_of({option("call", 6930): (1e7, T)})["single:2026-01-02:0:6930:call"].debit == 1e7


@pytest.mark.parametrize(("centre", "debit"), [(5.0, 0.0), (5.005, None), (4.995, 0.01)])
def test_a_negative_debit_is_not_available(centre: float, debit: float | None) -> None:
    tiles = tiles_of({option("call", strike): (mid, T) for strike, mid in ((6910, 6.0), (6930, centre), (6950, 4.0))})
    tile = tiles["butterfly:2026-01-02:20:6930:call"]
    assert tile.debit == tile.max_loss == debit
    assert tile.na is True if debit is None else not tile.na
    assert tile.max_profit == (None if debit is None else 20 - debit)


def test_two_roots_on_one_date_make_positions_of_their_own() -> None:
    quoted: Quoted = {
        option("call", 6930, root="SPXW"): (12.0, T),
        option("call", 6930, root="SPX"): (11.0, T),
        option("call", 6950, root="SPX"): (4.0, T),
    }
    assert {name: tile.debit for name, tile in tiles_of(quoted).items()} == {
        "single:2026-01-02:0:6930:call": 12.0,
        "single:2026-01-02:0:6930:call@SPX": 11.0,
        "single:2026-01-02:0:6950:call@SPX": 4.0,
        "vertical:2026-01-02:20:6930:call@SPX": 7.0,
    }


def test_a_root_that_is_alone_needs_no_mark_though_it_settles_in_the_morning() -> None:
    assert list(tiles_of({option("put", 6930, root="SPX"): (11.0, T)})) == ["single:2026-01-02:0:6930:put"]


def test_the_strikes_nearest_to_the_atm_have_tiles_and_legs_may_lie_further_out() -> None:
    quoted: Quoted = {option("call", strike): (5.0, T) for strike in range(6900, 6965, 5)}
    names = tiles_of(quoted, widths=(10,), strikes=3, atm=6931)
    assert {name.split(":")[3] for name in names} == {"6925", "6930", "6935"}
    assert "butterfly:2026-01-02:10:6925:call" in names


def test_strikes_and_widths_of_half_points_are_as_short_as_can_be() -> None:
    chain = ChainId("SPY", SPX.expiry)
    quoted: Quoted = {option("put", strike, chain, "SPY"): (5.0, T) for strike in (692.5, 695, 697.5)}
    builder = HeatmapBuilder("SPY", HeatmapOptions({"SPY": (2.5,)}))
    builder.update(flush_of(quoted, chain))
    builder.take()
    assert "butterfly:2026-01-02:2.5:695:put" in builder.model().tiles
    assert "vertical:2026-01-02:2.5:697.5:put" in builder.model().tiles


def test_widths_follow_the_commonest_step_between_listed_strikes() -> None:
    assert widths_by_step([[600, 601, 602, 605, 610]]) == (4, 5, 6, 7, 8, 9, 10)
    assert widths_by_step([[100, 102.5, 105], [100, 105, 110]]) == (10, 12.5, 15, 17.5, 20, 22.5, 25)
    assert widths_by_step([[100], []]) == ()


quotes = st.tuples(st.integers(0, 100_000), st.integers(0, 100_000))  # bid and ask in cents


def mid_of(quote: tuple[int, int]) -> float:
    """Return a mid as it comes of floats, which may be a digit off at the end."""
    return (quote[0] / 100 + quote[1] / 100) / 2


@law
@given(low=quotes, centre=quotes, high=quotes, width=st.sampled_from([5, 20, 62.5]), side=st.sampled_from(SIDES))
def test_a_debit_is_the_exact_decimal(
    low: tuple[int, int], centre: tuple[int, int], high: tuple[int, int], width: float, side: Side
) -> None:
    prices = {6930 - width: mid_of(low), 6930: mid_of(centre), 6930 + width: mid_of(high)}
    quoted: Quoted = {option(side, strike): (mid, T) for strike, mid in prices.items()}
    tile = tiles_of(quoted, widths=(width,))[f"butterfly:2026-01-02:{width:g}:6930:{side}"]
    exact = Decimal(sum(low) - 2 * sum(centre) + sum(high)) / 200
    if exact < 0:
        assert tile == Tile(None, None, None, tile.legs, T, True)
    else:
        assert (Decimal(repr(tile.debit)), Decimal(repr(tile.max_profit))) == (exact, Decimal(str(width)) - exact)


contracts = st.tuples(
    st.sampled_from(SIDES),
    st.one_of(st.integers(1, 40).map(lambda step: step * 2.5), st.floats(0.001, 1e7)),
    st.sampled_from(["SPX", "SPXW", "S.1"]),
    st.none()
    | st.tuples(st.one_of(st.floats(), st.sampled_from([0.0, 1e7, 5e-324])), st.integers(0, 4_102_444_800_000)),
)


@law
@given(st.lists(contracts, max_size=40), st.integers(-(2**53), 2**53), st.lists(st.floats(0.001, 1e5), max_size=4))
def test_no_chain_makes_a_tile_fail(
    listed: list[tuple[Side, float, str, tuple[float, int] | None]], atm: int, widths: list[float]
) -> None:
    """Whatever is listed and quoted, there is a model, and what is written is read again as it was."""
    quoted: Quoted = {option(side, strike, root=root): mid for side, strike, root, mid in listed}
    builder = HeatmapBuilder("SPX", HeatmapOptions({"SPX": tuple(widths)} if widths else {}))
    builder.update(flush_of(quoted, meta=meta_of(atm=atm)))
    builder.take()
    model = builder.model()
    assert read_model(ENCODER.encode(model), "SPX") == model
    for tile in model.tiles.values():
        assert tile.debit is None or 0 <= tile.debit <= 4e7
