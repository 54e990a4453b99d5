"""Worth, greeks and implied volatility against QuantLib, on contracts drawn at random."""

import math
import random
from collections.abc import Iterator
from typing import NamedTuple

import pytest
import QuantLib
from hypothesis import given
from hypothesis import strategies as st

from chain.analytics.black_scholes import Valuation, black_scholes, implied_vol
from tests.support.scenes import law

CONTRACTS = 10_000
EXACT = 1e-8
YEARS = (1 / 8760, 1 / 365, 3 / 365, 7 / 365, 30 / 365, 0.5, 2.0)  # an hour to two years


class Drawn(NamedTuple):
    spot: float
    strike: float
    vol: float
    years: float
    side: str

    @property
    def deviation(self) -> float:
        return self.vol * math.sqrt(self.years)

    def worth(self) -> Valuation:
        return black_scholes(self.spot, self.strike, self.vol, self.years)

    def price(self) -> float:
        worth = self.worth()
        return worth.call if self.side == "call" else worth.put


def drawn() -> Iterator[Drawn]:
    """Yield contracts up to four standard deviations away from spot."""
    chance = random.Random(20260102)
    for _ in range(CONTRACTS):
        spot, vol, years = chance.uniform(5, 10_000), chance.uniform(0.03, 2.5), chance.choice(YEARS)
        strike = spot * math.exp(chance.uniform(-4, 4) * vol * math.sqrt(years))
        yield Drawn(spot, strike, vol, years, chance.choice(("call", "put")))


def theirs(contract: Drawn) -> QuantLib.BlackCalculator:
    kind = QuantLib.Option.Call if contract.side == "call" else QuantLib.Option.Put
    payoff = QuantLib.PlainVanillaPayoff(kind, contract.strike)
    return QuantLib.BlackCalculator(payoff, contract.spot, contract.deviation, 1.0)


def test_worth_and_greeks_are_those_of_quantlib() -> None:
    apart = dict.fromkeys(("price", "delta", "gamma", "theta", "vega"), 0.0)
    for contract in drawn():
        worth, other = contract.worth(), theirs(contract)
        ours = {
            "price": contract.price(),
            "delta": worth.call_delta - (contract.side == "put"),
            "gamma": worth.gamma,
            "theta": worth.theta,
            "vega": worth.vega,
        }
        expected = {
            "price": other.value(),
            "delta": other.delta(contract.spot),
            "gamma": other.gamma(contract.spot),
            "theta": other.theta(contract.spot, contract.years) / 365,
            "vega": other.vega(contract.years) / 100,
        }
        for name, value in ours.items():
            scale = max(1.0, abs(expected[name]))
            apart[name] = max(apart[name], abs(value - expected[name]) / scale)
    assert max(apart.values()) < EXACT, apart


def test_the_volatility_of_quantlibs_price_is_the_one_that_made_it() -> None:
    """Wherever a price in points tells the volatility at all: its vega is above a hundred-millionth of spot."""
    told = 0
    for contract in drawn():
        if contract.worth().vega < 1e-8 * contract.spot:
            continue
        told += 1
        price = theirs(contract).value()
        found = implied_vol(price, contract.spot, contract.strike, contract.years, contract.side)
        assert found is not None
        assert abs(found - contract.vol) < EXACT, contract
    assert told > CONTRACTS * 0.9


def test_the_solver_agrees_with_quantlibs() -> None:
    for contract in list(drawn())[:1000]:
        kind = QuantLib.Option.Call if contract.side == "call" else QuantLib.Option.Put
        price = contract.price()
        if contract.worth().vega < 1e-4 * contract.spot:
            continue
        other = QuantLib.blackFormulaImpliedStdDev(
            kind, contract.strike, contract.spot, price, 1.0, 0.0, contract.deviation, 1e-12, 200
        )
        found = implied_vol(price, contract.spot, contract.strike, contract.years, contract.side)
        assert found == pytest.approx(other / math.sqrt(contract.years), abs=EXACT), contract


@law
@given(st.floats(1, 1e5), st.floats(-3, 3), st.floats(0.02, 4), st.sampled_from(YEARS), st.floats(0.2, 5) | st.none())
def test_any_beginning_leads_to_the_same_volatility(
    spot: float, away: float, vol: float, years: float, wrong_by: float | None
) -> None:
    contract = Drawn(spot, spot * math.exp(away * vol * math.sqrt(years)), vol, years, "call" if away > 0 else "put")
    guess = None if wrong_by is None else vol * wrong_by
    found = implied_vol(contract.price(), spot, contract.strike, years, contract.side, guess)
    assert found == pytest.approx(vol, rel=1e-6)


@pytest.mark.parametrize(
    ("price", "forward", "strike", "side"),
    [
        (30.0, 6930, 6900, "call"),  # exactly its intrinsic value
        (29.0, 6930, 6900, "call"),
        (0.0, 6930, 6950, "call"),
        (6930.0, 6930, 6950, "call"),  # the forward itself: no volatility is enough
        (6950.0, 6930, 6950, "put"),
        (-1.0, 6930, 6930, "put"),
    ],
)
def test_a_price_outside_its_bounds_has_no_volatility(price: float, forward: float, strike: float, side: str) -> None:
    assert implied_vol(price, forward, strike, 7 / 365, side) is None


@given(
    price=st.floats(allow_nan=False), forward=st.floats(1e-3, 1e7), strike=st.floats(1e-3, 1e7), years=st.floats(0, 99)
)
def test_the_solver_ends_whatever_it_is_given(price: float, forward: float, strike: float, years: float) -> None:
    for side in ("call", "put"):
        found = implied_vol(price, forward, strike, years, side, 0.14)
        assert found is None or (math.isfinite(found) and found > 0)
