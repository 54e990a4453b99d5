"""How to request one expiration: the strikes to request follow from those found last time. Pure functions."""

import math
from bisect import bisect_left, bisect_right
from itertools import pairwise
from typing import Self

from msgspec import Struct

from publisher.massive.api.vendor import PAGE_ROWS
from publisher.source import ChainWindow
from publisher.window import MIN_STRIKES_EACH_SIDE, ExpiryChain, nearest_strike, range_points

Filters = dict[str, str | float]

_DRIFT = 0.003  # of spot: how far the ATM may move between request and answer
_MORE_ROWS = 8  # than last time: strikes are listed through the day
_DOUBTS_MOST = 3
_ENOUGH = MIN_STRIKES_EACH_SIDE + 2  # strikes per side that a wider band should hold


class Band(Struct, frozen=True):
    """Strikes from `low` to `high`, both included. Without bounds it is everything listed."""

    low: float = 0.0
    high: float = math.inf

    @classmethod
    def around(cls, centre: float, below: float, above: float) -> Self:
        """Return the band that extends this far on each side; strikes are never below zero."""
        return cls(max(0.0, centre - below), centre + above)

    @property
    def is_open(self) -> bool:
        """Whether it holds everything listed."""
        return self.low <= 0 and math.isinf(self.high)

    def filters(self) -> Filters:
        """Return the vendor's filters for it."""
        found: Filters = {} if self.low <= 0 else {"strike_price.gte": self.low}
        return found if math.isinf(self.high) else found | {"strike_price.lte": self.high}


class Profile(Struct, frozen=True):
    """What the last answer showed about an expiration's strikes; nothing about them is assumed.

    `margin` is how far the ATM may move, in points, without a second request. A side with fewer strikes than a window
    should have is asked for to its end, for one more may be listed any time.
    """

    half_width: float  # of the last window, points each side of spot
    margin: float
    thin_below: bool
    thin_above: bool
    density: float  # rows a point of strike, both sides and all roots
    calls: tuple[float, ...]  # their strikes, ascending
    puts: tuple[float, ...]
    doubts: int = 0  # consecutive answers since that were too incomplete to accept

    @classmethod
    def of(cls, chain: ExpiryChain, window: ChainWindow) -> Self:
        """Return the profile of an expiration after a window of it was cut."""
        listed = chain.listed
        below, above = sides(chain, window)
        at = bisect_left(listed, nearest_strike(listed, window.spot))
        near = listed[max(0, at - MIN_STRIKES_EACH_SIDE) : at + MIN_STRIKES_EACH_SIDE + 2]
        gap = max((b - a for a, b in pairwise(near)), default=0.0)
        rows = len(chain.contracts) + chain.adjusted
        return cls(
            half_width=window.range_points + abs(window.atm - window.spot),
            margin=max(2 * gap, _DRIFT * window.spot),
            thin_below=below < MIN_STRIKES_EACH_SIDE,
            thin_above=above < MIN_STRIKES_EACH_SIDE,
            density=rows / max(listed[-1] - listed[0], gap, 1e-9),
            calls=_strikes(chain, "call"),
            puts=_strikes(chain, "put"),
        )

    def doubted(self, chain: ExpiryChain) -> str:
        """Return why an answer is rejected: most strikes listed before are missing on both sides.

        Empty if it is accepted, also after several such answers: listings change. If only one side is
        gone, the snapshot itself shows it.
        """
        low, high = chain.listed[0], chain.listed[-1]
        counts = [
            (_within(_strikes(chain, side), low, high), _within(before, low, high))
            for side, before in (("call", self.calls), ("put", self.puts))
        ]
        if self.doubts >= _DOUBTS_MOST or any(2 * now >= before for now, before in counts):
            return ""
        (calls, calls_before), (puts, puts_before) = counts
        return f"{calls} calls and {puts} puts where {calls_before} and {puts_before} were listed before"

    def band(self, spot: float) -> Band:
        """Return the strikes to request."""
        half_width = self.half_width + self.margin
        around = Band.around(spot, half_width, half_width)
        return Band(0.0 if self.thin_below else around.low, math.inf if self.thin_above else around.high)

    def parts(self, band: Band) -> list[Filters]:
        """Return the filters of each request for a band: one, one per side, or each side in bands of one page."""
        lowest, highest = min((*self.calls, *self.puts)), max((*self.calls, *self.puts))
        low, high = max(band.low, min(lowest, band.high)), min(band.high, max(highest, band.low))
        rows = math.ceil(self.density * (high - low)) + _MORE_ROWS
        if rows <= PAGE_ROWS:
            return [band.filters()]
        bands = math.ceil(rows / 2 / PAGE_ROWS)
        edges = [low + (high - low) * at / bands for at in range(1, bands)]
        return [_side(side, between) for side in ("call", "put") for between in _between(band, edges)]


def _strikes(chain: ExpiryChain, side: str) -> tuple[float, ...]:
    rows = zip(chain.contracts, chain.strikes, strict=True)
    return tuple(strike for row, strike in rows if row["details"]["contract_type"] == side)


def _within(strikes: tuple[float, ...], low: float, high: float) -> int:
    return bisect_right(strikes, high) - bisect_left(strikes, low)


def _side(side: str, between: Filters) -> Filters:
    return {"contract_type": side, **between}


def _between(band: Band, edges: list[float]) -> list[Filters]:
    """Return the filters of a band split at some strikes, without gaps or overlaps."""
    found: list[Filters] = []
    for first, last in pairwise([None, *edges, None]):
        part = Band(band.low if first is None else first, band.high if last is None else math.inf).filters()
        found.append(part if last is None else {**part, "strike_price.lt": last})
    return found


def first_band(spot: float, dte: int) -> Band:
    """Return the strikes to request for an expiration about which nothing is known."""
    half_width = range_points(spot, None, dte) + 2 * _DRIFT * spot
    return Band.around(spot, half_width, half_width)


def sides(chain: ExpiryChain, window: ChainWindow) -> tuple[int, int]:
    """Return how many strikes are known below and above both the ATM and the strike that it is rounded from."""
    centre = nearest_strike(chain.listed, window.spot)
    below = bisect_left(chain.listed, min(centre, window.atm))
    above = len(chain.listed) - bisect_right(chain.listed, max(centre, window.atm))
    return below, above


def wider(band: Band, chain: ExpiryChain, window: ChainWindow, *, last: bool) -> Band | None:
    """Return the band to request instead, None if this one holds everything the window may need.

    Where a side is too short, both are asked for as far as its strikes' distances suggest; where they suggest nothing,
    and on the `last` try, all that is listed.
    """
    below, above = sides(chain, window)
    distances: list[float | None] = []
    if band.low > 0 and (below < MIN_STRIKES_EACH_SIDE or window.atm - window.range_points < band.low):
        distances.append(_further(window.spot - band.low, below, window))
    if math.isfinite(band.high) and (above < MIN_STRIKES_EACH_SIDE or window.atm + window.range_points > band.high):
        distances.append(_further(band.high - window.spot, above, window))
    if not distances:
        return None
    known = [distance for distance in distances if distance is not None]
    if last or len(known) < len(distances):
        return Band()
    around = Band.around(window.spot, max(known), max(known))  # a window reaches as far on both sides
    return Band(min(band.low, around.low), max(band.high, around.high))


def _further(distance: float, strikes: int, window: ChainWindow) -> float | None:
    """Return how far to request on a side that held this many strikes; None if that cannot be estimated."""
    if strikes < 2 or distance <= 0:
        return None
    needed = window.range_points + abs(window.atm - window.spot) + 2 * _DRIFT * window.spot
    return max(needed, distance * max(1.0, _ENOUGH / strikes))
