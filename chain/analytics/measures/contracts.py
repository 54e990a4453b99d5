"""Contract by contract: the volatility that its mid implies, and the vendor's greeks held against Black-Scholes."""

from collections import Counter
from collections.abc import Iterator

from msgspec import Struct

from chain.analytics.black_scholes import Valuation, black_scholes, implied_vol
from chain.analytics.measures.gamma import GexConvention, contract_gex
from chain.analytics.measures.measure import FRACTION, Measure
from chain.analytics.measures.wings import deviations
from chain.analytics.slice import ChainSlice, no_mid
from chain.model.grid import IV_SHOWN, Leg, StrikeRow

DELTA_APART = 0.05  # more than this, and the vendor's delta is of another moment or of other assumptions
GAMMA_APART = 0.25  # of the larger of both gammas
_MATERIAL = (0.05, 0.95)  # of |delta|: beyond, a greek says more of rounding than of its moment

IV_OF_MID = "volatility at which Black (1976) on the implied forward gives the mid, r = 0"

_WORDS = (
    f"share of contracts whose vendor delta is more than {DELTA_APART:g}, or gamma more than {GAMMA_APART:.0%}, from "
    f"Black-Scholes at the vendor's IV on the implied forward, r = 0, where |delta| is {_MATERIAL[0]:g} to "
    f"{_MATERIAL[1]:g}"
)


class ContractCheck(Struct, frozen=True, gc=False):
    """One contract's figures computed anew; None where an input is missing. IV a fraction, greeks per share.

    `gex` is its gamma exposure, signed, by the convention that was asked for. `disagrees`: the vendor's delta or gamma
    is far from ours at the vendor's IV; None where they cannot be compared.
    """

    root: str
    strike: float
    side: str
    deviations: float | None  # of the strike from the forward, in standard deviations
    iv_mid: float | None
    iv_why: str  # why the mid implies none
    delta: float | None
    gamma: float | None
    disagrees: bool | None
    gex: float | None


def contract_checks(
    chain: ChainSlice, forward: float | None, move: float | None, convention: GexConvention
) -> tuple[ContractCheck, ...]:
    """Return every contract computed anew, rows as in the grid, calls first; `forward` and `move` in points.

    Without an implied forward, spot stands for it.
    """
    centre = chain.spot if forward is None else forward
    years, factors = {root: chain.years_of(root) for root in chain.maturities}, convention.factors(chain.spot)
    found = []
    at: tuple[StrikeRow, float] | None = None  # call and put of one volatility share their worth
    worth: Valuation | None = None
    for row, side, leg in chain.contracts():
        if leg.iv is None or centre is None:
            worth = at = None
        elif at is None or at[0] is not row or at[1] != leg.iv:
            at, worth = (row, leg.iv), black_scholes(centre, row.strike, leg.iv, years[row.root])
        mid = chain.mids.get((row.root, row.strike, side))
        iv, why = _iv_of_mid(row.strike, side, leg, mid, centre, years[row.root])
        away, gex = deviations(row.strike, centre, move), contract_gex(leg, factors.get(side))
        found.append(_check(row, side, leg, worth, (iv, why), away, gex))
    return tuple(found)


def _iv_of_mid(
    strike: float, side: str, leg: Leg, mid: float | None, forward: float | None, years: float
) -> tuple[float | None, str]:
    if mid is None or forward is None:
        return None, no_mid(leg) if mid is None else "no spot"
    iv = implied_vol(mid, forward, strike, years, side, leg.iv)
    if iv is None:
        return None, "mid not above intrinsic value"
    return (iv, "") if IV_SHOWN[0] < iv < IV_SHOWN[1] else (None, "implausible IV")


def _check(
    row: StrikeRow,
    side: str,
    leg: Leg,
    worth: Valuation | None,
    iv: tuple[float | None, str],
    away: float | None,
    gex: float | None,
) -> ContractCheck:
    if worth is None:
        return ContractCheck(row.root, row.strike, side, away, *iv, None, None, None, gex)
    delta = worth.call_delta if side == "call" else worth.call_delta - 1
    disagrees = _disagrees(leg, delta, worth.gamma)
    return ContractCheck(row.root, row.strike, side, away, *iv, delta, worth.gamma, disagrees, gex)


def _disagrees(leg: Leg, delta: float, gamma: float) -> bool | None:
    if leg.delta is None or leg.gamma is None or not _MATERIAL[0] <= abs(delta) <= _MATERIAL[1]:
        return None
    return abs(leg.delta - delta) > DELTA_APART or abs(leg.gamma - gamma) > GAMMA_APART * max(leg.gamma, gamma)


def greeks_check(chain: ChainSlice, checks: tuple[ContractCheck, ...]) -> Measure:
    """Return the share of contracts whose vendor greeks disagree with Black-Scholes."""
    compared = [check.disagrees for check in checks if check.disagrees is not None]
    apart = sum(compared)
    value = apart / len(compared) if compared else None
    skipped = Counter(_uncompared(chain, checks))
    note = "" if compared else "no contract can be compared"
    inputs: dict[str, float | None] = {"disagree": apart if compared else None}
    words = f"{_WORDS}; {chain.exercise}"
    return Measure(value, FRACTION, words, chain.snapshots, len(compared), skipped, inputs, note=note)


def _uncompared(chain: ChainSlice, checks: tuple[ContractCheck, ...]) -> Iterator[str]:
    for (_, _, leg), check in zip(chain.contracts(), checks, strict=True):
        if check.disagrees is None:
            if check.delta is None:
                yield "no IV" if leg.iv is None else "no spot"
            else:
                yield "delta too near 0 or 1" if leg.delta is not None and leg.gamma is not None else "no greeks"
