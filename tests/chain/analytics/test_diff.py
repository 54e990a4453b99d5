"""What changed between two snapshots: laws, and one example in which every number is its own."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.analytics.diff import GridDiff, LegDiff, diff
from chain.model.grid import PriceSource, StrikeGrid, build_grid
from chain.model.keys import ChainId
from chain.model.snapshot import Contract
from tests.support.scenes import NDX, SPX, START_NS, item, received, snapshot

LATER_NS = START_NS + 60 * 10**9

Figure = st.none() | st.floats(0.01, 900, allow_nan=False).map(lambda value: round(value, 2))


def grid(*contracts: Contract, chain: ChainId = SPX, ts_ns: int = START_NS) -> StrikeGrid:
    return build_grid(received(snapshot(chain, ts_ns, contracts)))


@st.composite
def contracts(draw: st.DrawFn) -> list[Contract]:
    """Contracts of which any may be absent, each with or without any of its figures."""
    made = []
    for strike in (6920.0, 6930.0, 6940.0):
        for side in ("call", "put"):
            if draw(st.booleans()):
                bid, iv, volume = draw(Figure), draw(Figure), draw(Figure)
                parts: dict[str, Any] = {
                    "last_quote": None if bid is None else {"bid": bid, "ask": bid + 0.4},
                    "implied_volatility": None if iv is None else iv / 200,
                    "open_interest": draw(Figure),
                    "greeks": {"delta": draw(st.none() | st.floats(-1, 1))},
                    "day": {} if volume is None else {"volume": volume},
                }
                made.append(item(strike, side, **parts))
    return made


def figures_of(leg: LegDiff | None) -> tuple[float | None, ...]:
    return () if leg is None else (leg.price, leg.iv, leg.delta, leg.open_interest, leg.volume)


def legs(found: GridDiff) -> dict[tuple[float, str], tuple[float | None, ...]]:
    sides = [((row.strike, side), getattr(row, side)) for row in found.rows for side in ("call", "put")]
    return {place: figures_of(leg) for place, leg in sides if leg is not None}


@given(contracts())
def test_a_snapshot_does_not_differ_from_itself(made: list[Contract]) -> None:
    found = diff(grid(*made), grid(*made))
    assert {value for leg in legs(found).values() for value in leg} <= {0.0, None}
    assert (found.only_before, found.only_after, found.in_both) == (0, 0, len(made))


@given(contracts(), contracts())
def test_back_is_forth_with_the_other_sign(one: list[Contract], other: list[Contract]) -> None:
    before, after = grid(*one), grid(*other)
    forth, back = diff(before, after), diff(after, before)
    assert legs(back) == {
        place: tuple(None if value is None else -value for value in leg) for place, leg in legs(forth).items()
    }
    assert (forth.only_before, forth.only_after) == (back.only_after, back.only_before)


@given(contracts(), contracts())
def test_every_contract_is_compared_or_counted(one: list[Contract], other: list[Contract]) -> None:
    found = diff(grid(*one), grid(*other))
    assert found.only_before + found.in_both == len(one)
    assert found.only_after + found.in_both == len(other)
    assert [(row.strike, row.root) for row in found.rows] == sorted({(row.strike, row.root) for row in found.rows})


@given(contracts(), contracts())
def test_what_either_side_lacks_is_not_there(one: list[Contract], other: list[Contract]) -> None:
    before, after = grid(*one), grid(*other)
    found = legs(diff(before, after))
    old, new = (
        {(row.strike, side): getattr(row, side) for row in which.rows for side in ("call", "put")}
        for which in (before, after)
    )
    for place, values in found.items():
        for name, value in zip(("iv", "delta", "open_interest", "volume"), values[1:], strict=True):
            assert (value is None) == (getattr(old[place], name) is None or getattr(new[place], name) is None)


def test_every_number_is_the_later_less_the_earlier() -> None:
    def leg(bid: float, ask: float, iv: float, delta: float, oi: int, volume: int, spot: float) -> Contract:
        quote = {"bid": bid, "ask": ask}
        parts: dict[str, Any] = {
            "last_quote": quote,
            "implied_volatility": iv,
            "greeks": {"delta": delta},
            "open_interest": oi,
        }
        return item(6930, "call", spot=spot, day={"volume": volume}, **parts)

    before = grid(leg(10.1, 10.4, 0.141, 0.52, 900, 1200, 6931.0), item(6920, "put"))
    after = grid(leg(11.3, 11.9, 0.138, 0.59, 907, 1520, 6942.25), item(6940, "put"), ts_ns=LATER_NS)
    found = diff(before, after)
    assert legs(found) == {(6930.0, "call"): (1.35, -0.003, 0.07, 7.0, 320.0)}
    assert (found.before.ts, found.after.ts) == (START_NS / 1e9, LATER_NS / 1e9)
    assert (found.only_before, found.only_after, found.spot, found.spot_moved) == (1, 1, 6942.25, 11.25)
    assert found.price_source is PriceSource.MID
    assert found.atm is not None and found.rows[found.atm].strike == after.rows[after.atm or 0].strike


def test_prices_of_two_kinds_are_not_compared() -> None:
    quoted = grid(item(6930, "call"))
    traded = grid(item(6930, "call", last_quote=None, last_trade={"price": 9.0}))
    found = diff(quoted, traded)
    assert found.price_source is PriceSource.NONE
    assert legs(found) == {(6930.0, "call"): (None, 0.0, 0.0, 0.0, 0.0)}
    later = grid(item(6930, "call", last_quote=None, last_trade={"price": 9.25}))
    assert legs(diff(traded, later))[6930.0, "call"][0] == 0.25


def test_two_chains_are_not_compared() -> None:
    with pytest.raises(ValueError, match="two chains"):
        diff(grid(item(6930, "call")), grid(item(6930, "call", chain=NDX), chain=NDX))
