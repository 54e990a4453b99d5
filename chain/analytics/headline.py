"""The measures that stand over a strike grid, each with how many of the two ATM contracts it could use."""

from msgspec import Struct

from chain.analytics.measures import atm
from chain.analytics.measures.measure import Measure
from chain.analytics.slice import slice_of
from chain.model.calendar import RULE, Calendar
from chain.model.grid import StrikeGrid


class HeadlineFigure(Struct, frozen=True):
    """A measure in short: `used` of `of` contracts went into it; None where it cannot be had."""

    value: float | None
    method: str
    used: int
    of: int = 2


class Headline(Struct, frozen=True):
    """What stands over a grid. IV a fraction; straddle and moves in points of the underlying."""

    atm_iv: HeadlineFigure
    straddle: HeadlineFigure
    move: HeadlineFigure


def headline(grid: StrikeGrid, at: float, calendar: Calendar = RULE) -> Headline:
    """Return ATM IV, straddle and expected move as of `at`, epoch seconds; `calendar` says when the expiry closes."""
    chain = slice_of(grid, at, calendar)
    sigma = atm.atm_iv(chain)
    return Headline(
        atm_iv=_short(sigma, "mean of ATM call and put"),
        straddle=_short(atm.straddle(chain), chain.source),
        move=_short(atm.expected_move_iv(chain, sigma), "IV"),
    )


def _short(measure: Measure, method: str) -> HeadlineFigure:
    return HeadlineFigure(measure.value, method, measure.used)
