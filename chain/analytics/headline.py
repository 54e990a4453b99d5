"""Numbers derived from one strike grid; each knows its method and how many contracts it could use."""

import math
from collections.abc import Sequence

from msgspec import Struct

from chain.model.calendar import RULE, Calendar
from chain.model.grid import StrikeGrid, StrikeRow
from chain.model.session import settlement, years_to_expiry

MIN_YEARS = 60 / (365 * 86_400)  # a minute: keeps the last moments of an expiry finite


class Measure(Struct, frozen=True):
    """A derived value with its provenance: `used` of `of` contracts went into it; None where it cannot be had."""

    value: float | None
    method: str
    used: int
    of: int


class Headline(Struct, frozen=True):
    """What stands over a grid. IV a fraction; straddle and moves in points of the underlying."""

    atm_iv: Measure
    straddle: Measure
    move: Measure


def expected_move(spot: float, sigma: float, years: float) -> float:
    """Return one standard deviation in points: `S * sigma * sqrt(T)`, T in years of 365 days."""
    return spot * sigma * math.sqrt(years)


def headline(grid: StrikeGrid, at: float, calendar: Calendar = RULE) -> Headline:
    """Return ATM IV, straddle and expected move as of `at`, epoch seconds; `calendar` says when the expiry closes.

    Where the snapshot's own figures contradict each other, there are none.
    Where two roots share the date, the afternoon-settled one is meant, as it carries the date's whole session.
    """
    row = _atm(grid)
    legs = [leg for leg in (row.call, row.put) if leg] if row else []
    ivs = [leg.iv for leg in legs if leg.iv is not None]
    source = grid.price_source
    prices = [price for leg in legs if (price := leg.price(source)) is not None]
    sigma = sum(ivs) / len(ivs) if ivs else None
    straddle = sum(prices) if len(prices) == 2 else None
    move = None
    if row and sigma is not None and grid.spot is not None:
        years = years_to_expiry(grid.snapshot.id.chain.expiry, at, settlement(row.root), calendar)
        move = expected_move(grid.spot, sigma, max(years, MIN_YEARS))
    return Headline(
        atm_iv=Measure(sigma, "mean of ATM call and put", len(ivs), 2),
        straddle=Measure(straddle, source, len(prices), 2),
        move=Measure(move, "IV", len(ivs), 2),
    )


def _atm(grid: StrikeGrid) -> StrikeRow | None:
    if grid.atm is None or grid.off_centre:
        return None
    row = grid.rows[grid.atm]
    same: Sequence[StrikeRow] = [r for r in grid.rows if r.strike == row.strike]
    return next((r for r in same if settlement(r.root) == "PM"), row)
