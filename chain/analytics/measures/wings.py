"""The smile of one expiry, and what it says at 25 delta: risk reversal and butterfly, never beyond the slice."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from msgspec import Struct

from chain.analytics.measures.measure import FRACTION, Measure
from chain.analytics.slice import ChainSlice

_WING = 0.25
_NEIGHBOURS = 2  # contracts between which a wing lies
_BY_DELTA = "the vendor's IV, linear in the vendor's delta between strikes, no extrapolation"
_RR = f"25-delta call less put; {_BY_DELTA}"
_BF = f"mean of the 25-delta call and put less ATM IV; {_BY_DELTA}"


class SmilePoint(Struct, frozen=True, gc=False):
    """One strike of the smile. IV, fractions, `iv` of the side that is out of the money; `deviations` from F in SD."""

    strike: float
    deviations: float | None
    call: float | None
    put: float | None
    iv: float | None


class Wing(Struct, frozen=True):
    """IV at 25 delta of one side; `note` says why there is none."""

    iv: float | None
    note: str = ""


def smile(chain: ChainSlice, forward: float | None, move: float | None) -> tuple[SmilePoint, ...]:
    """Return the smile of the root at the money, strikes ascending; `forward` and `move` in points."""
    centre = chain.spot if forward is None else forward
    points = []
    for row in chain.rows:
        call, put = (leg.iv if leg else None for leg in (row.call, row.put))
        outer = None if centre is None else (call if row.strike >= centre else put)
        points.append(SmilePoint(row.strike, deviations(row.strike, centre, move), call, put, outer))
    return tuple(points)


def deviations(strike: float, forward: float | None, move: float | None) -> float | None:
    """Return how far a strike lies above the forward in standard deviations: (K - F) / expected move."""
    return (strike - forward) / move if forward is not None and move else None


def wings(chain: ChainSlice, sigma: Measure) -> tuple[Measure, Measure]:
    """Return RR25 and BF25, fractions: IV of the 25-delta call less put, and their mean less ATM IV."""
    call, put = _wing(chain, "call"), _wing(chain, "put")
    used = sum(_NEIGHBOURS for wing in (call, put) if wing.iv is not None)
    skipped = _skipped(chain)
    note = chain.no_atm or "; ".join(filter(None, (call.note, put.note)))
    inputs = {"iv_call_25": call.iv, "iv_put_25": put.iv}
    reversal = butterfly = None
    if call.iv is not None and put.iv is not None:
        reversal = call.iv - put.iv
        butterfly = None if sigma.value is None else (call.iv + put.iv) / 2 - sigma.value
    rr25 = Measure(reversal, FRACTION, _RR, chain.snapshots, used, skipped, inputs, slice_only=True, note=note)
    inputs = inputs | {"atm_iv": sigma.value}
    note = note or sigma.note
    bf25 = Measure(butterfly, FRACTION, _BF, chain.snapshots, used, skipped, inputs, slice_only=True, note=note)
    return rr25, bf25


def _skipped(chain: ChainSlice) -> Counter[str]:
    skipped = Counter[str]()
    for row in chain.rows:
        for leg in (row.call, row.put):
            if leg is not None and (leg.iv is None or leg.delta is None):
                skipped["no IV" if leg.iv is None else "no delta"] += 1
    return skipped


def _wing(chain: ChainSlice, side: str) -> Wing:
    """Return IV at 25 delta of a side, from the pair of neighbours that includes it nearest to the money."""
    sign = 1 if side == "call" else -1
    rows = chain.rows if side == "call" else chain.rows[::-1]
    legs = [row.call if side == "call" else row.put for row in rows]
    found = [(sign * leg.delta, leg.iv) for leg in legs if leg and leg.delta is not None and leg.iv is not None]
    iv = _interpolated(found)
    if iv is not None:
        return Wing(iv)
    if not found:
        return Wing(None, f"no {side} has delta and IV")
    reach = [delta for delta, _ in found]
    words = f"no 25-delta {side} in the slice, whose deltas are {sign * min(reach):.2f} to {sign * max(reach):.2f}"
    return Wing(None, words)


def _interpolated(points: Sequence[tuple[float, float]]) -> float | None:
    """Return IV at 25 delta, from points (delta, IV) from in the money outwards; None beyond the outermost."""
    for (inner, inner_iv), (outer, outer_iv) in pairwise(points):
        if inner >= _WING >= outer and inner > outer:
            return inner_iv + (outer_iv - inner_iv) * (inner - _WING) / (inner - outer)
    return None
