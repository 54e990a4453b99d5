"""From values to dots, and back to the round figures that stand beside an axis."""

import math
from collections.abc import Iterable
from typing import NamedTuple, TypeGuard

LARGEST = 1e15  # beyond, a figure is absurd, and a float has no decimals left
_ALIKE = 1e-9  # of the larger end, and at least so much: a narrower range is one value
LEAST = 1e-6  # of a range: nothing that is charted is told finer
_STEPS = (1.0, 2.0, 2.5, 5.0)


def usable(value: float | None) -> TypeGuard[float]:
    """Whether a value can be drawn: it is there, a number, and not beyond all reason."""
    return value is not None and abs(value) <= LARGEST  # which NaN is not


class Scale(NamedTuple):
    """A range of values over a number of dots, counted from `low`."""

    low: float
    high: float
    dots: int

    def dot(self, value: float) -> int:
        """Return the dot of a value; that of the nearer end where it lies outside."""
        share = (value - self.low) / (self.high - self.low)
        return max(0, min(self.dots - 1, round(share * (self.dots - 1))))

    def covers(self, value: float) -> bool:
        """Whether a value lies within the range."""
        return self.low <= value <= self.high


class Tick(NamedTuple):
    """A round value beside an axis, and how it is written."""

    value: float
    text: str


def spread(values: Iterable[float | None]) -> tuple[float, float] | None:
    """Return the range of values, widened where they are all alike; None without any that can be drawn."""
    found = [value for value in values if usable(value)]
    if not found:
        return None
    low, high = min(found), max(found)
    if high - low > _ALIKE * max(1.0, abs(low), abs(high)):
        return low, high
    room = max(abs(low), abs(high)) / 100
    room = room if room > LEAST else 1.0
    return low - room, high + room


def ticks(low: float, high: float, most: int) -> list[Tick]:
    """Return at most `most` round values within a range, ascending."""
    step = next(step for step in _steps((high - low) / max(1, most)) if len(_within(low, high, step)) <= max(1, most))
    return _written(_within(low, high, step), step)


def rounded_out(low: float, high: float, most: int) -> list[Tick]:
    """Return at most `most` round values, or three, of which the outermost enclose a range."""
    raw = (high - low) / max(1, most - 1)
    step = next(step for step in _steps(raw) if len(_around(low, high, step)) <= max(3, most))
    return _written(_around(low, high, step), step)


def _within(low: float, high: float, step: float) -> range:
    """Return the multiples of a step within a range, as whole numbers of it."""
    return range(math.ceil(low / step - _ALIKE), math.floor(high / step + _ALIKE) + 1)


def _around(low: float, high: float, step: float) -> range:
    """Return the multiples of a step from the last below a range to the first above it."""
    return range(math.floor(low / step + _ALIKE), math.ceil(high / step - _ALIKE) + 1)


def _written(multiples: range, step: float) -> list[Tick]:
    """Return multiples of a step, written with as many decimals as they need."""
    places = decimals(step)
    values = [round(index * step, places) + 0.0 for index in multiples]  # no negative zero
    return [Tick(value, f"{value:,.{places}f}") for value in values]


def _steps(least: float) -> list[float]:
    """Return round steps from about `least` on."""
    power = 10.0 ** math.floor(math.log10(least))
    return [each * scale for scale in (power, power * 10, power * 100, power * 1000) for each in _STEPS]


def _count(low: float, high: float, step: float) -> int:
    return math.floor(high / step + _ALIKE) - math.ceil(low / step - _ALIKE) + 1


def decimals(step: float) -> int:
    """Return how many decimals say each multiple of a round step to its last digit."""
    power = math.floor(math.log10(step) + _ALIKE)
    is_whole = abs(step / 10.0**power - round(step / 10.0**power)) < 1e-6
    return max(0, -power + (not is_whole))
