"""What a position costs by the mids of its legs. Prices are whole ticks, so that no sum of decimals loses a digit."""

from collections.abc import Mapping

from msgspec import Struct

from chain.pipeline.heatmap import Leg, Tile

TICKS = 1_000_000  # a point: every price quoted, and the mid of any two, is a whole number of these

Mid = tuple[int, int]  # a price in ticks, and its time in epoch ms
Mids = Mapping[str, Mid]  # by ticker; a contract without a usable quote is not there


def in_ticks(points: float) -> int:
    """Return a price in ticks; what a price has beyond them is rounded off."""
    return round(points * TICKS)


class Butterfly(Struct, frozen=True, gc=False):
    """Long one option on each wing, short two at the centre. Legs by ticker; width in ticks."""

    lower: str
    centre: str
    upper: str
    width: int
    legs: tuple[Leg, ...]

    @property
    def tickers(self) -> tuple[str, ...]:
        """The contracts it consists of."""
        return (self.lower, self.centre, self.upper)

    def tile(self, mids: Mids) -> Tile | None:
        """Return its tile; None if a leg has no mid. The debit is m(K-w) - 2 m(K) + m(K+w)."""
        try:
            (low, low_ms), (centre, centre_ms), (high, high_ms) = mids[self.lower], mids[self.centre], mids[self.upper]
        except KeyError:
            return None
        return _spread(low - 2 * centre + high, self.width, self.legs, min(low_ms, centre_ms, high_ms))


class Vertical(Struct, frozen=True, gc=False):
    """Long one option, short the one a width further out of the money. Legs by ticker; width in ticks."""

    long: str
    short: str
    width: int
    legs: tuple[Leg, ...]

    @property
    def tickers(self) -> tuple[str, ...]:
        """The contracts it consists of."""
        return (self.long, self.short)

    def tile(self, mids: Mids) -> Tile | None:
        """Return its tile; None if a leg has no mid. The debit is m(K) - m(K+w) of calls, m(K) - m(K-w) of puts."""
        try:
            (long, long_ms), (short, short_ms) = mids[self.long], mids[self.short]
        except KeyError:
            return None
        return _spread(long - short, self.width, self.legs, min(long_ms, short_ms))


class Single(Struct, frozen=True, gc=False):
    """Long one option. `most` is the most that it can be worth in ticks: a put's strike, nothing for a call."""

    long: str
    most: int | None
    legs: tuple[Leg, ...]

    @property
    def tickers(self) -> tuple[str, ...]:
        """The contract it consists of."""
        return (self.long,)

    def tile(self, mids: Mids) -> Tile | None:
        """Return its tile; None if it has no mid."""
        mid = mids.get(self.long)
        if mid is None:
            return None
        debit = mid[0] / TICKS
        gain = None if self.most is None else (self.most - mid[0]) / TICKS
        return Tile(debit, gain, debit, self.legs, mid[1])


Position = Butterfly | Vertical | Single


def _spread(debit: int, width: int, legs: tuple[Leg, ...], oldest_ms: int) -> Tile:
    """Return the tile of a spread: at most its width is gained, less the debit, which is the most that is lost.

    Mids that give a negative debit are no price at which anybody trades.
    """
    if debit < 0:
        return Tile(None, None, None, legs, oldest_ms, True)
    points = debit / TICKS  # the division is rounded once, so the shortest text of the result is the exact decimal
    return Tile(points, (width - debit) / TICKS, points, legs, oldest_ms)
