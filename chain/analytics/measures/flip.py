"""Zero gamma by profile: the level of the underlying at which total GEX is zero, every gamma computed anew there."""

import math
from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from chain.analytics.measures.measure import POINTS, Measure, together
from chain.analytics.slice import ChainSlice
from chain.model.keys import SnapshotId
from chain.model.placement import STANDARD_SHARES

_A_DEVIATION = 16  # levels in the narrowest standard deviation
_FIRST_STRIDE, _GROWTH = 4, 1.15  # of a scan outwards from spot, in levels
_REACH = 3.0  # in the widest standard deviation
_WORDS = (
    "root nearest to spot of total GEX with every gamma by Black-Scholes at that level, the vendor's IV kept, r = 0, "
    "calls +, puts -, on levels 1/16 standard deviation apart up to 3, linear between"
)
_DOLLARS = STANDARD_SHARES * 0.01 / math.sqrt(2 * math.pi)

_NOTHING, _CANCEL = "no contract has IV and open interest", "calls and puts cancel out at every strike"

Terms = tuple[tuple[float, float, float], ...]
Curve = tuple[tuple[float, float], ...]  # level of the underlying in points, total GEX in dollars per 1 % move


class Profile(Struct, frozen=True):
    """The contracts of one snapshot, or of several, by which total GEX is computed at any level of the underlying.

    Each of `terms` is (a, b, w) so that its d1 at the level S is a ln(S) + b, and its share of GEX w S exp(-d1^2 / 2):
    gamma S^2 is S exp(-d1^2 / 2) / (IV sqrt(2 pi T)), here times open interest, negative for puts.
    """

    terms: Terms
    spot: float | None
    lowest: float | None  # strike with a term, points
    highest: float | None
    snapshots: tuple[SnapshotId, ...]
    used: int
    skipped: dict[str, int]
    exercise: str
    note: str = ""

    def gex(self, level: float) -> float:
        """Return total GEX in dollars per 1 % move where the underlying is at `level` points, above zero."""
        exp, log_level = math.exp, math.log(level)
        return _DOLLARS * level * sum([w * exp(-0.5 * (d := a * log_level + b) * d) for a, b, w in self.terms])


def profile(chain: ChainSlice) -> Profile:
    """Return the profile of one chain."""
    terms: list[tuple[float, float, float]] = []
    strikes: list[float] = []
    skipped = Counter[str]()
    roots = {root: math.sqrt(chain.years_of(root)) for root in chain.maturities}
    for row, side, leg in chain.contracts():
        if leg.iv is None or leg.open_interest is None:
            skipped["no IV" if leg.iv is None else "no open interest"] += 1
            continue
        strikes.append(row.strike)
        if not leg.open_interest:
            continue
        scale = 1 / (leg.iv * roots[row.root])
        weight = leg.open_interest * (scale if side == "call" else -scale)
        shift = 0.5 / scale - math.log(row.strike) * scale
        if terms and terms[-1][0] == scale and terms[-1][1] == shift:  # call and put of one volatility
            weight += terms.pop()[2]
        terms.append((scale, shift, weight))
    note = "" if any(weight for _, _, weight in terms) else _CANCEL if terms else _NOTHING
    if chain.spot is None:
        note = chain.grid.off_centre or "no spot"
    lowest, highest = min(strikes, default=None), max(strikes, default=None)
    return Profile(
        tuple(terms), chain.spot, lowest, highest, chain.snapshots, len(strikes), dict(skipped), chain.exercise, note
    )


def summed(profiles: Sequence[Profile]) -> Profile:
    """Return the profile of several chains of one underlying together, at the spot of the newest that has one."""
    newest = max(profiles, key=lambda one: (one.spot is not None, one.snapshots[0].ts_ms))
    return Profile(
        tuple(term for one in profiles for term in one.terms),
        newest.spot,
        min((one.lowest for one in profiles if one.lowest is not None), default=None),
        max((one.highest for one in profiles if one.highest is not None), default=None),
        tuple(snapshot for one in profiles for snapshot in one.snapshots),
        sum(one.used for one in profiles),
        together(*(one.skipped for one in profiles)),
        newest.exercise,
        "" if any(not one.note for one in profiles) else newest.note,
    )


def curve(found: Profile, levels: int, flip: float | None = None) -> Curve:
    """Return total GEX at levels evenly apart from the lowest strike to the highest, at spot and at `flip`, points.

    Empty where there is no spot, no contract with IV and open interest, or where calls and puts cancel out.
    """
    low, high = found.lowest, found.highest
    if found.note or low is None or high is None or low <= 0 or levels < 2:
        return ()
    evenly = {low + (high - low) * index / (levels - 1) for index in range(levels)}
    also = {level for level in (found.spot, flip) if level is not None and low <= level <= high}
    return tuple((level, found.gex(level)) for level in sorted(evenly | also))


def zero_gamma_profile(found: Profile) -> Measure:
    """Return the level at which total GEX is zero, points."""
    value = None if found.spot is None or found.note else _flip(found, found.spot)
    note = found.note if value is None else ""
    if value is None and not note:
        note = "total GEX keeps its sign within 3 standard deviations of spot"
    elif value is not None and not (found.lowest or 0) <= value <= (found.highest or 0):
        note = "outside the strikes of the slice"
    at_spot = found.gex(found.spot) if found.spot is not None and found.terms else None
    inputs = {"spot": found.spot, "gex_at_spot": at_spot, "lowest": found.lowest, "highest": found.highest}
    used, words = found.used, f"{_WORDS}; {found.exercise}"
    return Measure(value, POINTS, words, found.snapshots, used, found.skipped, inputs, slice_only=True, note=note)


def _flip(found: Profile, spot: float) -> float | None:
    """Return the root nearest to spot: the total is followed outwards on both sides until its sign changes."""
    curve = _Curve(found, spot)
    if (here := curve.total(0)) == 0:
        return spot
    sides = dict.fromkeys((-1, 1), (0, here))
    stride, away = float(_FIRST_STRIDE), _FIRST_STRIDE
    while True:
        roots = []
        for sign, (before, held) in sides.items():
            total = curve.total(sign * away)
            if total != 0 and (total > 0) != (held > 0):
                roots.append(curve.root((before, held), (sign * away, total)))
            sides[sign] = (sign * away, total or held)
        if roots or away >= curve.reach:
            return min(roots, key=lambda root: abs(root - spot), default=None)
        stride *= _GROWTH
        away += round(stride)


class _Curve:
    """Total GEX over a grid of levels, counted from spot: each is a sixteenth of a standard deviation from the next."""

    def __init__(self, found: Profile, spot: float) -> None:
        scales = [scale for scale, _, _ in found.terms]
        self._found, self._start = found, math.log(spot)
        self._step = 1 / (_A_DEVIATION * max(scales))
        self.reach = _REACH / (min(scales) * self._step)

    def level(self, index: int) -> float:
        """Return a level in points."""
        return math.exp(self._start + index * self._step)

    def total(self, index: int) -> float:
        """Return total GEX at a level."""
        return self._found.gex(self.level(index))

    def root(self, one: tuple[int, float], other: tuple[int, float]) -> float:
        """Return the root between two levels (index, total) whose totals have both signs, linear within the grid."""
        (a, fa), (b, fb) = one, other
        while abs(b - a) > 1:
            middle = (a + b) // 2
            total = self.total(middle)
            if (total > 0) == (fa > 0):
                a, fa = middle, total
            else:
                b, fb = middle, total
        low, high = self.level(a), self.level(b)
        return low + (high - low) * fa / (fa - fb)
