"""Which step of the colours a debit has: steps that hold about as many tiles each, between round numbers."""

import math
from bisect import bisect_right
from collections.abc import Sequence

from msgspec import Struct

_ROUND = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
_FINER = tuple(tenths / 10 for tenths in range(10, 101))  # for debits that lie close together
_LEAST = 0.01  # points: what a price is rounded to
_FULL = 2.0  # a step with more than so many times its share of the tiles serves no longer


class Scale(Struct, frozen=True):
    """The debits, in points and ascending, at which a step ends and the next begins."""

    bounds: tuple[float, ...] = ()

    def step(self, debit: float) -> int:
        """Return a debit's step, 0 for the lowest."""
        return bisect_right(self.bounds, debit)

    def serves(self, debits: Sequence[float], steps: int) -> bool:
        """Whether it still tells these debits apart, so that colours need not change their meaning."""
        counts = [0] * (len(self.bounds) + 1)
        for debit in debits:
            counts[self.step(debit)] += 1
        return max(counts) <= _FULL * len(debits) / steps or self == fitted(debits, steps)


def fitted(debits: Sequence[float], steps: int) -> Scale:
    """Return the scale that shares these debits out over so many steps, fewer where they hardly differ."""
    ranked = sorted(debits)
    cuts = [ranked[len(ranked) * part // steps] for part in range(1, steps)] if ranked else []
    bounds: list[float] = []
    for mantissas in (_ROUND, _FINER):
        rounded = sorted({_rounded(cut, mantissas) for cut in cuts})
        bounds = [bound for bound in rounded if ranked[0] < bound <= ranked[-1]]
        if len(bounds) == len(cuts):
            break
    return Scale(tuple(bounds))


def _rounded(value: float, mantissas: Sequence[float]) -> float:
    """Return the nearest number with one of these mantissas, a hundredth at least."""
    if value <= _LEAST:
        return _LEAST
    power = 10.0 ** math.floor(math.log10(value))
    nearest = min(mantissas, key=lambda mantissa: abs(mantissa - value / power))
    return round(nearest * power, 10)
