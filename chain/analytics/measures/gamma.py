"""Gamma exposure of one expiry by strike: the net, its walls, and where its running sum changes sign.

All by the common assumption that dealers are long calls and short puts, which nobody can see in a snapshot.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from itertools import accumulate

from msgspec import Struct
from msgspec.structs import replace

from chain.analytics.measures.measure import ABSURD, POINTS, Measure
from chain.analytics.slice import ChainSlice
from chain.model.grid import Leg
from chain.model.keys import SnapshotId
from chain.model.placement import STANDARD_SHARES

NO_GAMMA = "no contract has gamma and open interest"
_RUNNING = "where the sum of GEX from the lowest strike upwards changes sign nearest to spot, linear between strikes"


class GexUnit(Enum):
    """What gamma * open interest is multiplied by: its words, and the power of spot."""

    PERCENT = ("dollars per 1 % move", 2, STANDARD_SHARES * 0.01)
    POINT = ("dollars per point", 1, float(STANDARD_SHARES))
    SHARES = ("shares per point", 0, float(STANDARD_SHARES))

    @property
    def words(self) -> str:
        """The unit as it is shown."""
        return self.value[0]

    def factor(self, spot: float) -> float:
        """Return what gamma * open interest is multiplied by, where the underlying is at `spot` points."""
        _, power, scale = self.value
        return scale * float(spot**power)


class GexSigns(Enum):
    """How calls and puts count."""

    NAIVE = ("calls +, puts -", -1.0)
    UNSIGNED = ("calls +, puts +", 1.0)


class GexConvention(Struct, frozen=True):
    """Unit and signs of gamma exposure."""

    unit: GexUnit = GexUnit.PERCENT
    signs: GexSigns = GexSigns.NAIVE

    @property
    def following(self) -> "GexConvention":
        """The next of all: first each unit with these signs, then with others."""
        units, signs = list(GexUnit), list(GexSigns)
        at = units.index(self.unit) + 1
        turn = at // len(units)
        return GexConvention(units[at % len(units)], signs[(signs.index(self.signs) + turn) % len(signs)])

    @property
    def words(self) -> str:
        """The formula in words."""
        return f"vendor gamma * open interest in {self.unit.words}, {self.signs.value[0]}"

    def factors(self, spot: float | None) -> dict[str, float]:
        """Return by side what gamma * open interest is multiplied by, the underlying at `spot`; nothing without one."""
        if spot is None:
            return {}
        factor = self.unit.factor(spot)
        return {"call": factor, "put": self.signs.value[1] * factor}


def contract_gex(leg: Leg, factor: float | None) -> float | None:
    """Return the signed gamma exposure of one contract; None where a figure of it is missing."""
    if leg.gamma is None or leg.open_interest is None or factor is None:
        return None
    return leg.gamma * leg.open_interest * factor


AS_DERIVED = GexConvention()


class StrikeGex(Struct, frozen=True, gc=False):
    """Gamma exposure of one strike, all roots together, puts signed as they count; None for a side without any."""

    strike: float
    call: float | None
    put: float | None

    @property
    def net(self) -> float:
        """Both sides together."""
        return (self.call or 0.0) + (self.put or 0.0)


class Exposure(Struct, frozen=True):
    """Gamma exposure by strike, ascending, of one snapshot or of several; strikes without any figure are not in it.

    Where open interest is zero everywhere there is no strike: some plans send a zero for what they do not know.
    """

    strikes: tuple[StrikeGex, ...]
    spot: float | None
    convention: GexConvention
    snapshots: tuple[SnapshotId, ...]
    used: int
    skipped: dict[str, int]
    note: str = ""

    def measure(self, value: float | None, unit: str, words: str, note: str = "", **inputs: float | None) -> Measure:
        """Return a measure of this exposure, without a value where a strike's net is beyond every number."""
        if not all(math.isfinite(each.net) for each in self.strikes):
            value, note = None, ABSURD
        note = note or (self.note if value is None else "")
        about = {"spot": self.spot, **inputs}
        return Measure(value, unit, words, self.snapshots, self.used, self.skipped, about, slice_only=True, note=note)


def exposure(chain: ChainSlice, convention: GexConvention | None = None) -> Exposure:
    """Return a chain's gamma exposure by strike; none of it where there is no spot."""
    convention = convention or GexConvention()
    spot = chain.spot
    factors = convention.factors(spot)
    by_strike: dict[float, list[float | None]] = {}
    skipped, used = Counter[str](), 0
    for row, side, leg in chain.contracts():
        gex = contract_gex(leg, factors.get(side))
        if gex is None:
            skipped[
                "no gamma" if leg.gamma is None else "no open interest" if leg.open_interest is None else "no spot"
            ] += 1
            continue
        used += 1
        sides = by_strike.setdefault(row.strike, [None, None])
        at = 0 if side == "call" else 1
        sides[at] = (sides[at] or 0.0) + gex
    strikes = tuple(StrikeGex(strike, *sides) for strike, sides in sorted(by_strike.items()))
    if not any(each.call or each.put for each in strikes):
        strikes = ()
    note = "" if strikes else (chain.grid.off_centre or "no spot") if spot is None else NO_GAMMA
    return Exposure(strikes, spot, convention, chain.snapshots, used, dict(skipped), note)


def told_in(found: Exposure, convention: GexConvention) -> Exposure:
    """Return an exposure of one snapshot by another convention; as it is where there is no spot."""
    scales = rescaled(found, convention)
    if not scales:
        return found
    strikes = tuple(
        StrikeGex(each.strike, _scaled(each.call, scales["call"]), _scaled(each.put, scales["put"]))
        for each in found.strikes
    )
    return replace(found, strikes=strikes, convention=convention)


def rescaled(found: Exposure, convention: GexConvention) -> dict[str, float]:
    """Return by side what another convention multiplies figures of this exposure by; nothing where all stays."""
    spot, was = found.spot, found.convention
    if spot is None or was == convention:
        return {}
    before = was.factors(spot)
    return {side: factor / before[side] for side, factor in convention.factors(spot).items()}


def _scaled(figure: float | None, scale: float) -> float | None:
    return None if figure is None else figure * scale


def gex_net(found: Exposure) -> Measure:
    """Return the gamma exposure of all strikes together."""
    value = sum(each.net for each in found.strikes) if found.strikes else None
    calls, puts = (_sum(found, side) for side in ("call", "put"))
    return found.measure(value, found.convention.unit.words, found.convention.words, calls=calls, puts=puts)


def call_wall(naive: Exposure) -> Measure:
    """Return the strike with the largest positive net, points."""
    return _wall(naive, max, 1, "largest positive")


def put_wall(naive: Exposure) -> Measure:
    """Return the strike with the most negative net, points."""
    return _wall(naive, min, -1, "most negative")


def _wall(naive: Exposure, extreme: Callable[[list[float]], float], sign: int, words: str) -> Measure:
    nets = [each.net for each in naive.strikes]
    most = extreme(nets) if nets else 0.0
    said = f"strike with the {words} net GEX, calls +, puts -, the lowest of a tie"
    if most * sign <= 0:
        note = "" if not nets else f"no strike's net is {'positive' if sign > 0 else 'negative'}"
        return naive.measure(None, POINTS, said, note, net=None)
    tied = nets.count(most)
    note = f"a tie of {tied} strikes" if tied > 1 else ""
    return naive.measure(naive.strikes[nets.index(most)].strike, POINTS, said, note, net=most)


def zero_gamma_cumulative(naive: Exposure) -> Measure:
    """Return where the running sum of net GEX over strikes changes sign, points; of several places the one at spot."""
    places = crossings([each.strike for each in naive.strikes], accumulate(each.net for each in naive.strikes))
    if not places:
        note = "" if not naive.strikes else "the sum does not change sign within the slice"
        return naive.measure(None, POINTS, _RUNNING, note, below=None, above=None)
    spot = naive.spot or 0.0
    below, value, above = min(places, key=lambda place: (abs(place[1] - spot), place[1]))
    note = f"nearest to spot of {len(places)} changes of sign" if len(places) > 1 else ""
    return naive.measure(value, POINTS, _RUNNING, note, below=below, above=above)


def crossings(strikes: Sequence[float], sums: Iterable[float]) -> list[tuple[float, float, float]]:
    """Return each place where sums change sign: the strikes around it, and between them the place itself."""
    found: list[tuple[float, float, float]] = []
    before: tuple[float, float] | None = None  # the last strike with a sum that is not zero
    touched: float | None = None  # the first strike since then at which the sum is zero
    for strike, total in zip(strikes, sums, strict=True):
        if total == 0:
            touched = strike if touched is None else touched
            continue
        if before is not None and (before[1] > 0) != (total > 0):
            low, held = before
            between = low + (strike - low) * held / (held - total)
            found.append((low, between if touched is None else touched, strike))
        before, touched = (strike, total), None
    return found


def _sum(found: Exposure, side: str) -> float | None:
    figures = [figure for each in found.strikes if (figure := getattr(each, side)) is not None]
    return sum(figures) if figures else None
