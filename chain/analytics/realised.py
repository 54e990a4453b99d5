"""Realised volatility of an underlying from the spots of the snapshots that were seen, and how it compares to implied.

The annualised square root of realised variance, the sum of squared log returns (Andersen, Bollerslev, Diebold and
Labys, Modeling and Forecasting Realized Volatility, 2003), taken over the time that the returns span:

    sqrt(sum(r^2) / sum(t) * year)

with a year of 252 regular sessions of 6.5 hours. The mean return is taken for zero, as is usual within a day.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from chain.analytics.measures.measure import FRACTION, Measure
from chain.analytics.measures.underlying import UnderlyingMeasures
from chain.model.calendar import RULE, Calendar
from chain.model.keys import SnapshotId
from chain.model.session import new_york, regular_hours

INTERVAL_S = 60.0  # between two samples: nearer ones say more of how a spot is quoted than of how it moves
LONGEST_S = 300.0  # that a return may span
LEAST_RETURNS = 20  # the standard error is then 16 % of the value
KEPT = 400  # samples: a session has 390 minutes
_YEAR_S = 252 * 6.5 * 3600

_WORDS = (
    f"sqrt(sum r^2 / sum t), annualised by 252 sessions of 6.5 h; log returns of spot at least {INTERVAL_S:g} s apart, "
    f"of one source, within regular hours; nights and gaps over {LONGEST_S / 60:g} min left out"
)
_LESS = "realised vol less ATM IV, which counts nights and weekends, too"
OUTSIDE, GAP = "outside regular hours", "gap"


class SpotSample(Struct, frozen=True, gc=False):
    """An underlying's spot in points as a snapshot has it, which describes the instant `at`, epoch s.

    `source` says whose it is.
    """

    at: float
    spot: float
    snapshot: SnapshotId
    source: str


@dataclass(slots=True)
class SpotSeries:
    """The samples of one underlying, ascending, at most `KEPT`. It never knows what comes after its last sample."""

    samples: list[SpotSample] = field(default_factory=list)

    def add(self, sample: SpotSample) -> bool:
        """Take a sample where it is due; return whether that changed anything.

        Another source begins anew. A clock that steps back takes what is later with it.
        """
        kept = self.samples
        before = len(kept)
        if kept and kept[-1].source != sample.source:
            kept.clear()
        while kept and kept[-1].at > sample.at:
            kept.pop()
        if kept and sample.at - kept[-1].at < INTERVAL_S:
            return len(kept) != before
        kept.append(sample)
        del kept[:-KEPT]
        return True


def realised_vol(samples: Sequence[SpotSample], calendar: Calendar = RULE) -> Measure:
    """Return the realised volatility of an underlying, an annual fraction, from samples of one source, ascending.

    `used` and `skipped` count returns. `inputs` has how many minutes they span, and the standard error of the value.
    """
    inside = [regular_hours(sample.at, calendar) for sample in samples]
    squares, spanned = 0.0, 0.0
    used: list[SpotSample] = []
    skipped, returns = Counter[str](), 0
    for (one, in_one), (other, in_other) in pairwise(zip(samples, inside, strict=True)):
        why = _left_out(one, other, inside=in_one and in_other)
        if why:
            skipped[why] += 1
            continue
        squares += math.log(other.spot / one.spot) ** 2
        spanned += other.at - one.at
        returns += 1
        used += [one, other] if not used or used[-1] is not one else [other]
    value = math.sqrt(squares / spanned * _YEAR_S) if returns >= LEAST_RETURNS and squares > 0 else None
    error = None if value is None else value / math.sqrt(2 * returns)
    inputs = {"minutes": spanned / 60, "standard_error": error}
    snapshots = tuple(sample.snapshot for sample in used or samples[-1:])
    return Measure(value, FRACTION, _WORDS, snapshots, returns, dict(skipped), inputs, note=_note(returns, squares))


def _left_out(one: SpotSample, other: SpotSample, *, inside: bool) -> str:
    if not inside or new_york(one.at).date() != new_york(other.at).date():
        return OUTSIDE
    return GAP if other.at - one.at > LONGEST_S else ""


def _note(returns: int, squares: float) -> str:
    if returns < LEAST_RETURNS:
        return f"{returns} of {LEAST_RETURNS} returns so far, of a minute each, within regular hours"
    return "" if squares > 0 else "spot has not moved"


def unrealised(snapshot: SnapshotId, why: str) -> Measure:
    """Return that realised volatility cannot be had at a snapshot, and why."""
    return Measure(None, FRACTION, _WORDS, (snapshot,), 0, {}, {}, note=why)


def realised_less_implied(realised: Measure, sigma: Measure) -> Measure:
    """Return realised volatility less ATM IV, a fraction; `inputs` has both and their ratio."""
    value = ratio = None
    if realised.value is not None and sigma.value is not None:
        value, ratio = realised.value - sigma.value, realised.value / sigma.value
    inputs = {"realised_vol": realised.value, "atm_iv": sigma.value, "ratio": ratio}
    both = (*realised.snapshots, *sigma.snapshots)
    return Measure(value, FRACTION, _LESS, both, sigma.used, sigma.skipped, inputs, note=realised.note or sigma.note)


def with_realised(across: UnderlyingMeasures, realised: Measure) -> UnderlyingMeasures:
    """Return what an underlying's snapshots say, with what its spots have realised beside it."""
    less = tuple(realised_less_implied(realised, chain["atm_iv"]) for chain in across.chains)
    return replace(across, realised=realised, less_implied=less)
