"""What a model covers and how often it is published; how wide spreads are where nobody says it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import pairwise

from msgspec import Struct, field

THOUSANDTHS = 1_000  # of a point: what strikes are written in

# Points, as MarketSwarm sets them.
DEFAULT_WIDTHS: Mapping[str, tuple[float, ...]] = {
    "SPX": (20.0, 25.0, 30.0, 35.0, 40.0, 45.0, 50.0),
    "NDX": (50.0, 60.0, 70.0, 80.0, 100.0, 120.0, 130.0),
}
DEFAULT_STRIKES = 50
_STEPS = range(4, 11)  # as many steps as SPX's widths have


class HeatmapOptions(Struct, frozen=True):
    """What a model covers: widths in points by underlying, and at most how many strikes of an expiration."""

    widths: Mapping[str, tuple[float, ...]] = field(default_factory=lambda: DEFAULT_WIDTHS)
    strikes: int = DEFAULT_STRIKES


DEFAULT_OPTIONS = HeatmapOptions()


class Pace(Struct, frozen=True):
    """At least how many seconds lie between two diffs, and between two wholes, of one underlying.

    Where a reader has joined, or diffs cannot lead readers on, a whole comes sooner: `SOONEST_WHOLE_S` after the last.
    """

    diff_s: float = 1.0
    whole_s: float = 5.0


DEFAULT_PACE = Pace()
SOONEST_WHOLE_S = 1.0


def widths_by_step(strikes: Iterable[Iterable[float]]) -> tuple[float, ...]:
    """Return widths in points: 4 to 10 times the commonest step between neighbouring strikes, the smaller of equals.

    `strikes` are those of each root and expiration; there are no widths where none has two.
    """
    steps = Counter(
        later - earlier
        for listed in strikes
        for earlier, later in pairwise(sorted({round(strike * THOUSANDTHS) for strike in listed}))
    )
    if not steps:
        return ()
    step = min(steps, key=lambda each: (-steps[each], each))
    return tuple(count * step / THOUSANDTHS for count in _STEPS)
