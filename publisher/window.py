"""Cuts an expiry to its window around the ATM: one rule for every source, as pure functions."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter

from msgspec import Struct

from chain.model.contract import number
from chain.model.keys import ChainId
from chain.model.snapshot import Contract
from publisher.source import ChainWindow, SourceError

EM_MULT = 2.0
MIN_STRIKES_EACH_SIDE = 10
IV_USABLE = (0.01, 5.0)  # fractions; anything outside is a solver's floor or a unit error
FALLBACK_DAILY_MOVE = 0.03  # of spot, per square root of a day, when no volatility is known


class ExpiryChain(Struct, frozen=True):
    """All contracts of one expiry, indexed once so that each window is two bisections."""

    contracts: tuple[Contract, ...]  # by strike, side, ticker
    strikes: tuple[float, ...]  # of each contract, the same order
    listed: tuple[float, ...]  # distinct, ascending
    adjusted: int
    sides: frozenset[str]  # "call", "put" or both


def index_expiry(items: Iterable[Contract]) -> ExpiryChain:
    """Return the items sorted by strike, side and ticker; those not of 100 shares or not call or put left out."""
    kept: list[tuple[float, str, str, Contract]] = []
    adjusted = 0
    for item in items:
        details = item["details"]
        side = details["contract_type"]
        if details.get("shares_per_contract", 100) != 100 or side not in ("call", "put"):
            adjusted += 1
            continue
        kept.append((float(details["strike_price"]), side, details["ticker"], item))
    kept.sort(key=itemgetter(0, 1, 2))
    strikes = tuple(row[0] for row in kept)
    sides = frozenset(row[1] for row in kept)
    return ExpiryChain(tuple(row[3] for row in kept), strikes, tuple(sorted(set(strikes))), adjusted, sides)


def nearest_strike(listed: Sequence[float], spot: float) -> float:
    """Return the listed strike nearest to spot, the lower of two equally near; raise SourceError if none."""
    if not listed:
        raise SourceError("no strikes listed")
    at = bisect_left(listed, spot)
    if at == 0 or at == len(listed):
        return listed[min(at, len(listed) - 1)]
    below, above = listed[at - 1], listed[at]
    return below if spot - below <= above - spot else above


def to_points(strike: float) -> int:
    """Return a strike as the contract's int `atm`, halves up (207.5 gives 208)."""
    return math.floor(strike + 0.5)


def atm_iv(chain: ExpiryChain, spot: float) -> float | None:
    """Return the ATM IV (fraction): the mean of usable IVs at the nearest strike that has any.

    Looked for within ten strikes on each side of the one nearest to spot, which every window holds: what is known of
    the chain further out then makes no difference. None where none of them has a usable one.
    """
    for strike in _outwards(chain.listed, spot):
        usable = _usable_ivs(chain, strike)
        if usable:
            return sum(usable) / len(usable)
    return None


def _outwards(listed: Sequence[float], spot: float) -> Iterator[float]:
    """Yield the strikes around spot, nearest first; sorts only if the nearest is not enough."""
    centre = nearest_strike(listed, spot)
    yield centre
    at = bisect_left(listed, centre)
    around = [*listed[max(0, at - MIN_STRIKES_EACH_SIDE) : at], *listed[at + 1 : at + MIN_STRIKES_EACH_SIDE + 1]]
    yield from sorted(around, key=lambda strike: (abs(strike - spot), strike))


def _usable_ivs(chain: ExpiryChain, strike: float) -> list[float]:
    rows = chain.contracts[bisect_left(chain.strikes, strike) : bisect_right(chain.strikes, strike)]
    low, high = IV_USABLE
    return [iv for row in rows if (iv := number(row.get("implied_volatility"))) is not None and low < iv < high]


def range_points(spot: float, sigma: float | None, dte: int, mult: float = EM_MULT) -> int:
    """Return how many points each side: `ceil(mult * S * sigma * sqrt(max(dte, 1) / 365))`.

    Without a usable sigma: 3 % of spot per square root of a day.
    """
    days = max(dte, 1)
    if sigma is None:
        return math.ceil(FALLBACK_DAILY_MOVE * math.sqrt(days) * spot)
    return math.ceil(mult * spot * sigma * math.sqrt(days / 365))


def widen(listed: Sequence[float], atm: int, points: int) -> int:
    """Return `points`, or as many more as put ten listed strikes on each side of `atm` where that many exist."""
    first = max(0, bisect_left(listed, atm) - MIN_STRIKES_EACH_SIDE)
    last = min(len(listed), bisect_right(listed, atm) + MIN_STRIKES_EACH_SIDE) - 1
    return max(points, math.ceil(atm - listed[first]), math.ceil(listed[last] - atm))


def cut(
    chain_id: ChainId,
    chain: ExpiryChain,
    *,
    spot: float,
    dte: int,
    mult: float = EM_MULT,
    otherwise: float | None = None,
) -> ChainWindow:
    """Return the window `atm - range <= strike <= atm + range` of one expiry, both ends included.

    The range follows from the expiry's own IV at the money, else from the volatility `otherwise` (a fraction), else
    from a fixed share of spot; it is wider where ten strikes on each side need more. The same for every source, and
    whether the chain is known whole or just around its window. Raises SourceError where the expiry lists no strikes.
    """
    centre = nearest_strike(chain.listed, spot)
    atm = to_points(centre)
    sigma = atm_iv(chain, spot)
    half_width = widen(chain.listed, atm, range_points(spot, otherwise if sigma is None else sigma, dte, mult))
    first = bisect_left(chain.strikes, atm - half_width)
    last = bisect_right(chain.strikes, atm + half_width)
    return ChainWindow(chain_id, spot, atm, half_width, list(chain.contracts[first:last]), chain.adjusted)
