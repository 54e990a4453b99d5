"""What charts over strikes share: which strike is nearest to spot, and in which power of a unit figures are told."""

from collections.abc import Iterable, Sequence

from tui.lines.charts.plot.scale import usable

_POWERS = ((1e12, "trillion "), (1e9, "billion "), (1e6, "million "), (1e3, "thousand "))


def nearest(strikes: Sequence[float], spot: float | None) -> int:
    """Return the place of the strike nearest to spot, the lower of two; of the middle one where there is no spot."""
    if spot is None or not strikes:
        return len(strikes) // 2
    return min(range(len(strikes)), key=lambda place: abs(strikes[place] - spot))


def scale_of(values: Iterable[float | None]) -> tuple[float, str]:
    """Return by what values are divided, so that the largest has at most three digits, and the word for it."""
    largest = max((abs(value) for value in values if usable(value)), default=0.0)
    return next(((power, word) for power, word in _POWERS if largest >= power), (1.0, ""))
