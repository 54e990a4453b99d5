"""The summary: its usable contracts are exactly those that the grid shows, and it says in words what is lacking."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.analytics.headline import headline
from chain.model.grid import build_grid
from chain.model.placement import MAX_STRIKE
from chain.model.snapshot import Contract
from chain.model.summary import DataTime, Origin, Summary, summarise
from tests.support.scenes import SPOT, START_S, item, law, received, snapshot, surface

STRIKES = range(6870, 6990, 10)


def with_details(contract: Contract, **changes: Any) -> Contract:
    return contract | {"details": contract["details"] | changes}


def summary(contracts: list[Contract]) -> Summary:
    return summarise(received(snapshot(contracts=contracts)))


ODD = st.sampled_from(
    [
        {},
        {"strike_price": "6930"},
        {"strike_price": -5},
        {"strike_price": 0},
        {"strike_price": 1e12},
        {"strike_price": None},
        {"strike_price": True},
        {"strike_price": [6930]},
        {"contract_type": "straddle"},
        {"contract_type": []},
        {"expiration_date": "2026-01-05"},
        {"shares_per_contract": 25},
        {"shares_per_contract": "100"},
        {"ticker": None},
    ]
)


@law
@given(odd=st.lists(st.tuples(st.sampled_from(list(STRIKES)), st.sampled_from(["call", "put"]), ODD), max_size=20))
def test_usable_is_what_the_grid_shows(odd: list[tuple[int, str, dict[str, Any]]]) -> None:
    contracts = [with_details(item(strike, side), **changes) for strike, side, changes in odd]
    told, grid = summary(contracts), build_grid(received(snapshot(contracts=contracts)))
    assert told.usable == len(grid.legs) == told.calls + told.puts
    assert told.contracts - told.usable == len(grid.rejected)
    assert told.strikes == len({row.strike for row in grid.rows})
    assert told.spot == grid.spot
    assert bool(told.unusable) is (not grid.rows)
    first = next((r.reason for r in grid.rejected if not r.reason.startswith("adjusted")), "")
    assert told.misfit == first


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"strike_price": "6930"}, "strike_price is missing or not a positive number"),
        ({"strike_price": 0}, "strike_price is missing or not a positive number"),
        ({"strike_price": MAX_STRIKE * 1.001}, "strike_price is missing or not a positive number"),
        ({"contract_type": "x"}, "contract_type 'x' is neither call nor put"),
        ({"expiration_date": "2026-01-05"}, "expires 2026-01-05, not 2026-01-02"),
        ({"shares_per_contract": 25}, "all are adjusted, of other than 100 shares"),
        ({"ticker": "O:NDXP260102C06930000"}, "of the root NDXP"),
        (
            {"ticker": "O:SPXW260105C06930000"},
            "a call of 2026-01-02 by its fields, O:SPXW260105C06930000 by its symbol",
        ),
        ({"ticker": "O:SPXW260102C16930000"}, "strike_price 6870 of the contract O:SPXW260102C16930000"),
    ],
)
def test_where_nothing_is_usable_the_first_reason_is_told(changes: dict[str, Any], why: str) -> None:
    spoiled = [with_details(contract, **changes) for contract in surface(STRIKES)]
    assert summary(spoiled).unusable == f"none of its 24 contracts is usable: {why}"


def test_a_snapshot_without_contracts_cannot_be_used() -> None:
    assert summary([]).unusable == "no contracts"


def test_the_highest_strike_there_can_be_is_usable() -> None:
    assert summary([with_details(item(6930, "call"), strike_price=MAX_STRIKE, ticker=None)]).usable == 1


def test_what_is_lacking_is_told_with_how_many_of_how_many() -> None:
    whole = surface(STRIKES)
    half = [with_details(c, strike_price="x") if n % 2 else c for n, c in enumerate(whole)]
    one = [c if n == 0 else with_details(c, strike_price=None) for n, c in enumerate(whole)]
    adjusted = [with_details(c, shares_per_contract=25) if n < 2 else c for n, c in enumerate(whole)]
    assert summary(whole).shortfall == ""
    assert summary(half).shortfall == "12 of 24 contracts usable: strike_price is missing or not a positive number"
    assert summary(one).shortfall == "1 of 24 contracts usable: strike_price is missing or not a positive number"
    assert summary(adjusted).shortfall == ""  # left out by rule, not lost
    assert summary([*whole, whole[0]]).shortfall == "24 of 25 contracts usable: a second SPXW call at 6870"


@pytest.mark.parametrize(
    ("calls", "told"), [(12, ""), (3, ""), (2, "2 calls beside 12 puts"), (0, "0 calls beside 12 puts")]
)
def test_a_side_that_has_all_but_gone_is_told(calls: int, told: str) -> None:
    puts = [item(strike, "put") for strike in STRIKES]
    assert summary([*puts, *(item(strike, "call") for strike in list(STRIKES)[:calls])]).shortfall == told


def test_contracts_without_any_price_are_too_few() -> None:
    bare = [
        item(6930, side, last_quote=None, last_trade=None, implied_volatility=None, day={"volume": 3})
        for side in ("call", "put")
    ]
    assert summary(bare).shortfall == "no price in any of its 2 contracts"
    for part in ({"last_quote": {"bid": 1.0}}, {"last_trade": {"price": 2.5}}, {"implied_volatility": 0.2}):
        assert summary([bare[0] | part, bare[1]]).shortfall == ""


@pytest.mark.parametrize("price", [0, -3.5, None, "6931", True, float("nan"), float("inf"), [], 1e308, 1.1e7])
def test_an_underlying_without_a_price_above_zero_has_none(price: Any) -> None:
    contracts = surface((6920, 6930, 6940), underlying_asset={"ticker": "SPX", "price": price})
    grid = build_grid(received(snapshot(contracts=contracts)))
    assert summary(contracts).spot is None
    assert grid.spot is None
    assert headline(grid, float(START_S)).move.value is None


def test_a_price_of_zero_beside_a_value_is_passed_over() -> None:
    assert summary(surface(underlying_asset={"ticker": "I:SPX", "price": 0, "value": SPOT})).spot == SPOT


def spoiled(**parts: Any) -> list[Contract]:
    return surface(STRIKES, **parts)


@pytest.mark.parametrize(
    ("lie", "told"),
    [
        (lambda d: {"strike_price": d["strike_price"] + 1}, "strike_price 6871 of the contract O:SPXW260102C06870000"),
        (lambda d: {"strike_price": d["strike_price"] + 0.001}, "strike_price 6870 of the contract"),
        (lambda d: {"contract_type": {"call": "put", "put": "call"}[d["contract_type"]]}, "a put of 2026-01-02"),
    ],
)
def test_a_contract_whose_symbol_says_otherwise_has_no_place(lie: Any, told: str) -> None:
    shifted = [with_details(c, **lie(c["details"])) for c in surface(STRIKES)]
    assert told in summary(shifted).unusable


def test_a_strike_a_hair_off_its_symbol_is_the_same() -> None:
    assert summary([with_details(c, strike_price=c["details"]["strike_price"] + 0.0004) for c in surface()]).usable == 6


@pytest.mark.parametrize("named", ["I:NDX", "SPY", "", "SP\u0420X", "spx"])
def test_a_price_of_another_underlying_is_no_spot(named: str) -> None:
    told = summary(spoiled(underlying_asset={"ticker": named, "value": 25_000.0}))
    assert told.unusable.startswith("none of its 24 contracts is usable: of the underlying ")
    assert told.spot is None


@pytest.mark.parametrize("named", ["I:SPX", "SPX", None, 7])
def test_an_underlying_named_with_or_without_its_prefix_is_the_same(named: object) -> None:
    assert summary(spoiled(underlying_asset={"ticker": named, "value": SPOT})).shortfall == ""


def off_centre(spot: float | None, atm: int, reach: int = 50) -> tuple[str, float | None, float | None]:
    """Return what is told of a snapshot of these, its spot, and its expected move."""
    made = replace(snapshot(contracts=surface(STRIKES, spot=spot), atm=atm), range_points=reach)
    told, grid = summarise(received(made)), build_grid(received(made))
    assert told.off_centre == grid.off_centre == told.shortfall
    assert told.spot == grid.spot
    return told.shortfall, told.spot, headline(grid, float(START_S)).move.value


@pytest.mark.parametrize(
    ("spot", "atm", "reach", "told"),
    [
        (693_142.0, 6930, 50, "its spot 693142 lies outside its range, 6930 ± 50"),
        (6.93, 6930, 50, "its spot 6.93 lies outside its range, 6930 ± 50"),
        (6980.51, 6930, 50, "its spot 6980.51 lies outside its range, 6930 ± 50"),
        (6930.51, 6930, 0, "its spot 6930.51 lies outside its range, 6930 ± 0"),
        (6931.0, 0, 50, "its ATM 0 ± 50 is far from its strikes, 6870 to 6980"),
        (None, 5000, 50, "its ATM 5000 ± 50 is far from its strikes, 6870 to 6980"),
        (6931.0, -6930, 50, "its ATM -6930 ± 50 is far from its strikes, 6870 to 6980"),
        (6931.0, 2**53, 50, f"its ATM {2**53} ± 50 is far from its strikes, 6870 to 6980"),
    ],
)
def test_figures_that_contradict_each_other_are_told_and_nothing_is_made_of_them(
    spot: float | None, atm: int, reach: int, told: str
) -> None:
    assert off_centre(spot, atm, reach) == (told, None, None)


@pytest.mark.parametrize(
    ("spot", "atm", "reach"), [(6980.5, 6930, 50), (6930.5, 6930, 0), (6880.0, 6930, 50), (6930.0, 7030, 100)]
)
def test_a_spot_at_the_edge_of_its_range_is_inside(spot: float, atm: int, reach: int) -> None:
    told, shown, move = off_centre(spot, atm, reach)
    assert (told, shown) == ("", spot)
    assert move is not None


@pytest.mark.parametrize(
    "quote",
    [{"bid": 11.0, "ask": 10.0}, {"bid": 10.0, "ask": 10.0}, {"bid": -2.0, "ask": -1.0}, {"bid": "10", "ask": "11"}],
)
def test_where_every_quote_is_odd_it_is_told(quote: dict[str, Any]) -> None:
    odd = spoiled(last_quote=quote)
    assert summary(odd).shortfall == "no sound quote: 24 are crossed, locked, negative or no numbers"
    assert summary([*odd[1:], item(6870, "call")]).shortfall == ""


@pytest.mark.parametrize(
    "quote", [None, {}, {"bid": 0, "ask": 0}, {"bid": 0.0, "ask": 0.05}, {"bid": 1.0}, {"bid": None}]
)
def test_quotes_that_are_not_there_are_no_fault(quote: dict[str, Any] | None) -> None:
    assert summary(spoiled(last_quote=quote)).shortfall == ""


def test_what_is_below_zero_is_no_price() -> None:
    below = spoiled(
        last_quote={"bid": -5.0, "ask": -4.0}, last_trade={"price": -1.0}, day={"close": -0.0}, implied_volatility=-0.5
    )
    assert summary(below).shortfall == "no price in any of its 24 contracts"
    zero = spoiled(last_quote={"bid": 0, "ask": 0}, last_trade=None, day={"close": 0.0}, implied_volatility=0)
    assert summary(zero).shortfall == "no price in any of its 24 contracts"
    assert summary([zero[0] | {"day": {"close": 0.01}}, *zero[1:]]).shortfall == ""


# The age of the data


def stamped(**blocks: int | None) -> Contract:
    """Return a contract that carries these stamps, by the block that they stand in."""
    quote = {"bid": 1.0, "ask": 1.1, "last_updated": blocks.get("quote")}
    trade = {"price": 1.0, "sip_timestamp": blocks.get("trade")}
    day = {"close": 1.0, "last_updated": blocks.get("day")}
    underlying = {"ticker": "I:SPX", "value": SPOT, "last_updated": blocks.get("underlying")}
    return item(6930, "call", last_quote=quote, last_trade=trade, day=day, underlying_asset=underlying)


@pytest.mark.parametrize(
    ("stamps", "wanted"),
    [([5], 5), ([9, 1], 1), ([9, 1, 5], 5), ([4, 9, 1, 5], 4), ([9, 1, 5, 7, 3], 5)],
)
def test_the_age_of_quotes_is_their_median_the_lower_of_two(stamps: list[int], wanted: int) -> None:
    contracts = [stamped(quote=at, underlying=1_000, trade=1_000, day=1_000) for at in stamps]
    assert summary(contracts).data == DataTime(wanted, Origin.QUOTE)


@pytest.mark.parametrize(
    ("block", "origin"), [("underlying", Origin.UNDERLYING), ("trade", Origin.TRADE), ("day", Origin.DAY)]
)
def test_without_quotes_the_newest_of_the_next_best_stamp_counts(block: str, origin: Origin) -> None:
    order = ["underlying", "trade", "day"]
    worse = dict.fromkeys(order[order.index(block) + 1 :], 1_000)
    assert summary([stamped(**{block: at}, **worse) for at in (4, 9, 1)]).data == DataTime(9, origin)


@pytest.mark.parametrize(("stamp", "counts"), [(0, False), (1, True), (-1, False), (2**63 - 1, True), (2**63, False)])
def test_a_stamp_is_an_instant_above_zero_that_64_bits_hold(stamp: int, counts: bool) -> None:
    assert summary([stamped(quote=stamp)]).data == (DataTime(stamp, Origin.QUOTE) if counts else None)


@pytest.mark.parametrize("stamp", ["5", 5.0, True, None])
def test_what_is_no_whole_number_is_no_stamp(stamp: Any) -> None:
    assert summary([stamped(quote=stamp)]).data is None


@pytest.mark.parametrize(
    ("quote", "trade", "underlying", "delayed"),
    [
        ("DELAYED", "REAL-TIME", "REAL-TIME", True),
        ("REAL-TIME", "DELAYED", "DELAYED", False),
        (None, "DELAYED", "REAL-TIME", True),
        (None, "REAL-TIME", "DELAYED", False),
        (None, None, "DELAYED", True),
        (None, None, "REAL-TIME", False),
        (None, None, None, False),
    ],
)
def test_data_are_delayed_by_the_word_of_the_quote_else_the_trade_else_the_underlying(
    quote: str | None, trade: str | None, underlying: str | None, delayed: bool
) -> None:
    blocks: dict[str, Any] = {
        "last_quote": {"bid": 1.0, "ask": 1.1, "timeframe": quote},
        "last_trade": {"price": 1.0, "timeframe": trade},
        "underlying_asset": {"ticker": "I:SPX", "value": SPOT, "timeframe": underlying},
    }
    one = item(6930, "call", **blocks)
    plain = item(6930, "put", last_quote={"bid": 1.0, "ask": 1.1})
    assert summary([plain, one]).delayed is delayed  # one contract suffices


@pytest.mark.parametrize(
    ("asset", "index"), [({"ticker": "I:SPX"}, True), ({"ticker": "SPX"}, False), ({}, False), (None, False)]
)
def test_an_underlying_is_an_index_by_its_ticker(asset: Any, index: bool) -> None:
    assert summary([item(6930, "call", underlying_asset=asset)]).index is index


def test_without_usable_contracts_nothing_is_an_index() -> None:
    assert summary([with_details(item(6930, "call"), strike_price=None)]).index is False


# The centre


@pytest.mark.parametrize(("atm", "told"), [(6819, True), (6820, False), (7030, False), (7031, True)])
def test_an_atm_lies_within_the_range_beyond_its_outermost_strikes(atm: int, told: bool) -> None:
    """The snapshot's range is 50 points, and a rounded ATM may be one off."""
    made = snapshot(contracts=surface(STRIKES, spot=None), atm=atm)
    assert bool(summarise(received(made)).off_centre) is told


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"contract_type": "s" * 20}, f"contract_type '{'s' * 15}…' is neither call nor put"),
        ({"expiration_date": "2" * 20}, f"expires {'2' * 15}…, not 2026-01-02"),
    ],
)
def test_a_reason_quotes_what_is_too_long_by_its_beginning(changes: dict[str, Any], told: str) -> None:
    assert summary([with_details(item(6930, "call"), **changes)]).misfit == told
