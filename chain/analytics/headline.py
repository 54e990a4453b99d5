"""The measures that stand over a strike grid, each with how many of the two ATM contracts it could use."""

from msgspec import Struct

from chain.analytics.measures.chain import ChainMeasures, measures_of
from chain.analytics.measures.measure import Measure
from chain.model.calendar import RULE, Calendar
from chain.model.grid import PriceSource, StrikeGrid


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
    return headline_of(measures_of(grid, at, calendar), grid.price_source)


def headline_of(measures: ChainMeasures, source: PriceSource) -> Headline:
    """Return ATM IV, straddle and expected move of a chain's measures; `source` is the kind of its prices."""
    return Headline(
        atm_iv=_short(measures["atm_iv"], "mean of ATM call and put"),
        straddle=_short(measures["straddle"], source),
        move=_short(measures["expected_move_iv"], "IV"),
    )


def _short(measure: Measure, method: str) -> HeadlineFigure:
    return HeadlineFigure(measure.value, method, measure.used)
