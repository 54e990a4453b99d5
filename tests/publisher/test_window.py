"""From a whole expiry to its window: golden numbers computed by hand, and laws over any ladder of strikes."""

import itertools
import math
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from chain.model.keys import ChainId
from chain.model.snapshot import Contract
from publisher.source import ChainWindow, SourceError
from publisher.window import (
    EM_MULT,
    MIN_STRIKES_EACH_SIDE,
    ExpiryChain,
    atm_iv,
    cut,
    index_expiry,
    nearest_strike,
    range_points,
    to_points,
    widen,
)
from tests.support.builders import SPX, contract, contracts, law

NVDA = ChainId("NVDA", date(2026, 7, 17))

# Strikes as exchanges list them: halves and up, in quarters at the finest.
strike_values = st.integers(2, 40_000).map(lambda quarters: quarters / 4)
ladders = st.lists(strike_values, min_size=1, max_size=80, unique=True).map(sorted)
spots = st.floats(0.5, 10_000, allow_nan=False)


def whole(strikes: list[float], chain: ChainId = SPX) -> ExpiryChain:
    """Return a whole expiry with a call and a put at each strike."""
    return index_expiry(contracts(chain, strikes))


def cut_at(chain_id: ChainId, chain: ExpiryChain, *, spot: float, points: int) -> ChainWindow:
    """Return the window of a chain without volatilities, another one being such that the range is `points`."""
    bare = tuple({name: part for name, part in row.items() if name != "implied_volatility"} for row in chain.contracts)
    sigma = (points - 0.5) / (EM_MULT * spot * math.sqrt(1 / 365))
    return cut(chain_id, replace(chain, contracts=bare), spot=spot, dte=1, otherwise=sigma)


def vol(item: Contract, value: object) -> Contract:
    return item | {"implied_volatility": value}


# The range, in points


@pytest.mark.parametrize(
    ("spot", "sigma", "dte", "points"),
    [
        (6930.0, 0.20, 7, 384),  # 2 * 6930 * 0.20 = 2772; sqrt(7/365) = 0.138486; 383.88
        (6930.0, 0.136, 1, 99),  # 2 * 6930 * 0.136 = 1884.96; sqrt(1/365) = 0.052342; 98.66
        (6930.0, 0.136, 0, 99),  # the day of expiry counts as one
        (6930.0, 0.136, -3, 99),
        (100.0, 0.50, 365, 100),  # a year: 2 * 100 * 0.50 to the point
        (752.06, 0.12, 30, 52),  # 180.4944 * 0.286691 = 51.75
        (10.0, 0.30, 1, 1),  # 6 * 0.052342 = 0.31, up to one
    ],
)
def test_two_expected_moves_by_hand(spot: float, sigma: float, dte: int, points: int) -> None:
    assert EM_MULT == 2.0
    assert range_points(spot, sigma, dte) == points


@pytest.mark.parametrize(
    ("spot", "dte", "points"),
    [(6930.0, 1, 208), (6930.0, 0, 208), (6930.0, 4, 416), (6930.0, 7, 551), (100.0, 9, 9)],
)  # 3 % of 6930 is 207.9; times 2 is 415.8; times sqrt(7) = 2.645751 is 550.05
def test_without_a_volatility_three_percent_a_root_day(spot: float, dte: int, points: int) -> None:
    assert range_points(spot, None, dte) == points
    assert range_points(spot, None, dte, mult=9.0) == points


def test_the_multiplier_scales_the_move() -> None:
    assert range_points(6930.0, 0.20, 7, mult=1.0) == 192  # half of 383.88
    assert range_points(6930.0, 0.20, 7, mult=3.0) == 576  # 575.82


@law
@given(spots, st.floats(0.011, 4.99), st.integers(0, 1000))
def test_the_range_is_the_next_whole_point_up(spot: float, sigma: float, dte: int) -> None:
    points = range_points(spot, sigma, dte)
    move = 2 * spot * sigma * math.sqrt(max(dte, 1)) / math.sqrt(365)
    assert points - 1 - 1e-6 <= move <= points + 1e-6


# The strike nearest to spot


@pytest.mark.parametrize(
    ("spot", "strike"),
    [(6931.37, 6930), (6934.99, 6930), (6935.0, 6930), (6935.01, 6940), (1.0, 6910), (9999.0, 6950), (6940.0, 6940)],
)
def test_nearest_strike(spot: float, strike: float) -> None:
    assert nearest_strike([6910, 6920, 6930, 6940, 6950], spot) == strike


@law
@given(ladders, spots)
def test_no_listed_strike_is_nearer(listed: list[float], spot: float) -> None:
    found = nearest_strike(listed, spot)
    assert found in listed
    assert abs(found - spot) == min(abs(strike - spot) for strike in listed)


def test_no_strikes_is_said() -> None:
    with pytest.raises(SourceError, match="no strikes listed"):
        nearest_strike([], 100.0)


@pytest.mark.parametrize(
    ("strike", "points"), [(207.5, 208), (207.49, 207), (208.0, 208), (208.5, 209), (0.5, 1), (2.25, 2)]
)
def test_a_fractional_strike_as_the_contracts_int(strike: float, points: int) -> None:
    assert to_points(strike) == points
    assert isinstance(to_points(strike), int)


# The volatility at the money


def test_atm_iv_is_the_mean_of_what_is_usable_at_that_strike() -> None:
    rows = contracts(strikes=[6920, 6930, 6940])
    rows[2:4] = vol(rows[2], 0.14), vol(rows[3], 0.18)
    assert atm_iv(index_expiry(rows), 6930) == pytest.approx(0.16)


@pytest.mark.parametrize("bad", [None, 0, 0.01, 1e-5, 5.0, 12.0, -0.2, "0.2", {"v": 0.2}])
def test_a_volatility_out_of_bounds_counts_for_nothing(bad: object) -> None:
    rows = contracts(strikes=[6930])
    assert atm_iv(index_expiry([vol(rows[0], bad), vol(rows[1], 0.21)]), 6930) == 0.21
    assert atm_iv(index_expiry([vol(rows[0], bad), vol(rows[1], bad)]), 6930) is None


def test_a_contract_without_volatility_counts_for_nothing() -> None:
    rows = contracts(strikes=[6930])
    del rows[0]["implied_volatility"]
    assert atm_iv(index_expiry([rows[0], vol(rows[1], 0.21)]), 6930) == 0.21


def test_both_roots_of_a_strike_count() -> None:
    pair = [vol(contract(SPX, 6930, "call", n, root=root), iv) for n, root, iv in ((1, "SPX", 0.1), (2, "SPXW", 0.3))]
    assert atm_iv(index_expiry(pair), 6930) == pytest.approx(0.2)


# The index


def test_sorted_by_strike_side_and_ticker_whatever_the_order_of_arrival() -> None:
    places = itertools.product((6950, 6910), ("put", "call"), ("SPXW", "SPX"))
    rows = [contract(SPX, strike, side, 0, root=root) for strike, side, root in places]
    for arrival in (rows, rows[::-1], rows[3:] + rows[:3]):
        assert [item["details"]["ticker"] for item in index_expiry(arrival).contracts] == [
            "O:SPX260102C06910000",
            "O:SPXW260102C06910000",
            "O:SPX260102P06910000",
            "O:SPXW260102P06910000",
            "O:SPX260102C06950000",
            "O:SPXW260102C06950000",
            "O:SPX260102P06950000",
            "O:SPXW260102P06950000",
        ]


def test_adjusted_and_odd_contracts_are_counted_and_left_out() -> None:
    rows = contracts(strikes=[6920, 6930])
    odd = [
        contract(SPX, 6925, "call", 1, shares_per_contract=150),
        contract(SPX, 6925, "put", 2, shares_per_contract=10),
        contract(SPX, 6935, "call", 3, contract_type="other"),
    ]
    unsaid = contract(SPX, 6940, "call", 4)
    del unsaid["details"]["shares_per_contract"]
    indexed = index_expiry([odd[0], *rows, odd[1], unsaid, odd[2]])
    assert indexed.adjusted == 3
    assert list(indexed.contracts) == [*rows, unsaid]
    assert list(indexed.listed) == [6920, 6930, 6940]
    assert list(indexed.strikes) == [6920, 6920, 6930, 6930, 6940]
    assert cut_at(SPX, indexed, spot=6930, points=5).adjusted == 3


@law
@given(
    st.lists(st.tuples(strike_values, st.sampled_from(["call", "put"]), st.sampled_from([100, 100, 10])), max_size=40)
)
def test_every_contract_is_indexed_or_counted(rows: list[tuple[float, str, int]]) -> None:
    items = [
        contract(SPX, strike, side, n, shares_per_contract=shares) for n, (strike, side, shares) in enumerate(rows)
    ]
    indexed = index_expiry(items)
    assert len(indexed.contracts) + indexed.adjusted == len(items)
    assert all(any(kept is item for item in items) for kept in indexed.contracts)


# The cut


def test_both_ends_of_the_range_are_in_the_window() -> None:
    chain = whole([5.0 * n for n in range(1300, 1500)])  # 6500 to 7495
    piece = cut_at(SPX, chain, spot=6931.37, points=60)
    assert (piece.chain, piece.spot, piece.atm, piece.range_points) == (SPX, 6931.37, 6930, 60)
    strikes = [item["details"]["strike_price"] for item in piece.contracts]
    assert strikes == [strike for strike in [5.0 * n for n in range(1374, 1399)] for _ in "cp"]
    assert (min(strikes), max(strikes)) == (6870, 6990)
    assert cut_at(SPX, chain, spot=6931.37, points=64).contracts == piece.contracts
    assert len(cut_at(SPX, chain, spot=6931.37, points=65).contracts) == len(piece.contracts) + 4


def test_the_items_are_the_vendors_own_objects() -> None:
    items = contracts(strikes=[6920, 6930])
    piece = cut(SPX, index_expiry(items), spot=6930, dte=7)
    assert [id(item) for item in piece.contracts] == [id(item) for item in items]


def test_few_strikes_widen_the_range_to_ten_each_side() -> None:
    chain = whole([25.0 * n for n in range(200, 300)])
    piece = cut_at(SPX, chain, spot=6231.0, points=40)
    assert (piece.atm, piece.range_points) == (6225, 250)
    assert len(piece.contracts) == 2 * 21


def test_a_ladder_that_ends_widens_to_its_end_alone() -> None:
    listed = [100.0, 101, 102, 103, 110, 120]
    assert widen(listed, 102, 1) == 18
    assert widen([102.0], 102, 3) == 3
    assert widen(listed, 100, 1) == 20
    assert widen(listed, 120, 1) == 20


def test_a_fractional_atm_is_inside_its_own_window() -> None:
    """NVDA at 207.5: the contract's int is 208, which is no listed strike; the range counts from 208."""
    chain = whole([2.5 * n for n in range(60, 110)], NVDA)
    piece = cut_at(NVDA, chain, spot=207.6, points=2)
    strikes = {item["details"]["strike_price"] for item in piece.contracts}
    assert piece.atm == 208
    assert 207.5 in strikes
    assert (min(strikes), max(strikes)) == (185.0, 232.5)  # ten below 208 from 207.5 down, ten above up to 232.5
    assert piece.range_points == 25  # 232.5 - 208 = 24.5, up


def test_the_range_of_a_whole_chain_follows_from_its_own_atm_volatility() -> None:
    strikes = [5.0 * n for n in range(1200, 1600)]
    rows = [vol(item, 0.20 if item["details"]["strike_price"] == 6930 else 0.9) for item in contracts(strikes=strikes)]
    assert cut(SPX, index_expiry(rows), spot=6930, dte=7).range_points == 384
    assert cut(SPX, index_expiry(rows), spot=6930, dte=7, mult=1.0).range_points == 192


def test_without_a_usable_atm_volatility_the_range_is_three_percent_a_root_day() -> None:
    strikes = [5.0 * n for n in range(1200, 1600)]
    rows = [
        vol(item, 1e-5 if abs(item["details"]["strike_price"] - 6930) <= 50 else 0.2)
        for item in contracts(strikes=strikes)
    ]
    assert cut(SPX, index_expiry(rows), spot=6930, dte=7).range_points == 551
    assert cut(SPX, index_expiry(rows), spot=6930, dte=7, otherwise=0.2).range_points == 384


@pytest.mark.parametrize(
    ("usable", "sigma"),
    [
        ({6935: 0.3, 6920: 0.4}, 0.3),  # the nearest counts, whichever side it lies on
        ({6925: 0.2, 6935: 0.3}, 0.2),  # of two equally near, the lower, as for the ATM
        ({6880: 0.25}, 0.25),  # the tenth below
        ({6875: 0.25}, None),  # beyond what every window holds
        ({6980: 0.25}, 0.25),
        ({6985: 0.25}, None),
        ({}, None),
    ],
)
def test_the_volatility_is_that_of_the_nearest_strike_that_has_one(
    usable: dict[int, float], sigma: float | None
) -> None:
    rows = [
        vol(item, usable.get(item["details"]["strike_price"])) for item in contracts(strikes=list(range(6800, 7100, 5)))
    ]
    assert atm_iv(index_expiry(rows), 6930) == sigma


@law
@given(
    st.lists(st.tuples(strike_values, st.sampled_from([None, 1e-5, 0.2, 0.7, 9.0])), min_size=1, max_size=80),
    st.floats(0.5, 10_000),
    st.integers(0, 400),
)
def test_what_lies_beyond_a_window_makes_no_difference_to_it(
    rungs: list[tuple[float, float | None]], spot: float, dte: int
) -> None:
    """A source that sees some strikes cuts as one that sees all, if it sees the window and ten strikes each side."""
    ivs = dict(rungs)
    whole_chain = [vol(item, ivs[item["details"]["strike_price"]]) for item in contracts(SPX, sorted(ivs))]
    piece = cut(SPX, index_expiry(whole_chain), spot=spot, dte=dte)
    centre = nearest_strike(sorted(ivs), spot)
    below, above = sorted(k for k in ivs if k < centre)[-11:], sorted(k for k in ivs if k > centre)[:11]
    low = min([piece.atm - piece.range_points, *below])
    high = max([piece.atm + piece.range_points, *above])
    seen = [item for item in whole_chain if low <= item["details"]["strike_price"] <= high]
    again = cut(SPX, index_expiry(seen), spot=spot, dte=dte)
    assert (again.atm, again.range_points, again.contracts) == (piece.atm, piece.range_points, piece.contracts)


def test_an_expiry_without_strikes_has_no_window() -> None:
    empty = index_expiry([contract(SPX, 6930, "call", 1, shares_per_contract=7)])
    with pytest.raises(SourceError, match="no strikes listed"):
        cut_at(SPX, empty, spot=6930, points=5)
    with pytest.raises(SourceError, match="no strikes listed"):
        cut(SPX, empty, spot=6930, dte=1)


@law
@given(ladders, spots, st.integers(0, 3000))
def test_laws_of_the_cut(listed: list[float], spot: float, points: int) -> None:
    chain = whole(listed)
    piece = cut_at(SPX, chain, spot=spot, points=points)
    low, high = piece.atm - piece.range_points, piece.atm + piece.range_points
    strikes = [item["details"]["strike_price"] for item in piece.contracts]
    inside = [strike for strike in listed if low <= strike <= high]
    assert strikes == [strike for strike in inside for _ in "cp"]
    assert piece.range_points >= points
    assert nearest_strike(listed, spot) in strikes
    for side in ([k for k in listed if k < piece.atm], [k for k in listed if k > piece.atm]):
        assert len(set(side) & set(strikes)) >= min(len(side), MIN_STRIKES_EACH_SIDE)
    order = [(item["details"]["strike_price"], item["details"]["contract_type"]) for item in piece.contracts]
    assert order == sorted(order)


@law
@given(ladders, spots, st.integers(1, 500))
def test_the_range_is_widened_no_further_than_it_takes(listed: list[float], spot: float, points: int) -> None:
    piece = cut_at(SPX, whole(listed), spot=spot, points=points)
    assume(piece.range_points > points)
    low, high = piece.atm - piece.range_points + 1, piece.atm + piece.range_points - 1
    sides = [k for k in listed if k < piece.atm][-10:], [k for k in listed if k > piece.atm][:10]
    assert any(k < low or k > high for side in sides for k in side)
