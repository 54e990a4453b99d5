"""The summary: its usable contracts are exactly those that the grid shows, and it says in words what is lacking."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.analytics.headline import headline
from chain.model.grid import build_grid
from chain.model.placement import MAX_STRIKE
from chain.model.snapshot import Contract
from chain.model.summary import Summary, summarise
from tests.support.scenes import SPOT, SPX, START_S, item, law, received, snapshot, surface

STRIKES = range(6800, 6920, 10)


def with_details(contract: Contract, **changes: Any) -> Contract:
    return contract | {"details": contract["details"] | changes}


def summary(contracts: list[Contract]) -> Summary:
    return summarise(received(snapshot(contracts=contracts)).contracts, SPX)


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
    ],
)
def test_where_nothing_is_usable_the_first_reason_is_told(changes: dict[str, Any], why: str) -> None:
    spoiled = [with_details(contract, **changes) for contract in surface(STRIKES)]
    assert summary(spoiled).unusable == f"none of its 24 contracts is usable: {why}"


def test_a_snapshot_without_contracts_cannot_be_used() -> None:
    assert summary([]).unusable == "no contracts"


def test_the_highest_strike_there_can_be_is_usable() -> None:
    assert summary([with_details(item(6930, "call"), strike_price=MAX_STRIKE)]).usable == 1


def test_what_is_lacking_is_told_with_how_many_of_how_many() -> None:
    whole = surface(STRIKES)
    half = [with_details(c, strike_price="x") if n % 2 else c for n, c in enumerate(whole)]
    one = [c if n == 0 else with_details(c, strike_price=None) for n, c in enumerate(whole)]
    adjusted = [with_details(c, shares_per_contract=25) if n < 2 else c for n, c in enumerate(whole)]
    assert summary(whole).shortfall == ""
    assert summary(half).shortfall == "12 of 24 contracts usable: strike_price is missing or not a positive number"
    assert summary(one).shortfall == "1 of 24 contracts usable: strike_price is missing or not a positive number"
    assert summary(adjusted).shortfall == ""  # left out by rule, not lost
    assert summary([*whole, whole[0]]).shortfall == "24 of 25 contracts usable: a second SPXW call at 6800"


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


@pytest.mark.parametrize("price", [0, -3.5, None, "6931", True, float("nan"), float("inf"), []])
def test_an_underlying_without_a_price_above_zero_has_none(price: Any) -> None:
    contracts = surface((6920, 6930, 6940), underlying_asset={"ticker": "SPX", "price": price})
    grid = build_grid(received(snapshot(contracts=contracts)))
    assert summary(contracts).spot is None
    assert grid.spot is None
    assert headline(grid, float(START_S)).move.value is None


def test_a_price_of_zero_beside_a_value_is_passed_over() -> None:
    assert summary(surface(underlying_asset={"ticker": "I:SPX", "price": 0, "value": SPOT})).spot == SPOT
