"""Which tile the reader looks at, and along which axes: moving along an axis names another tile."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from chain.pipeline.heatmap import STRATEGIES, Strategy
from chain.pipeline.heatmap_index import HeatmapIndex

Value = TypeVar("Value", float, str)


class Across(StrEnum):
    """What the columns of a page are."""

    WIDTH = "width"
    EXPIRATION = "DTE"

    @property
    def other(self) -> "Across":
        """The other axis."""
        return Across.EXPIRATION if self is Across.WIDTH else Across.WIDTH


@dataclass(slots=True)
class TileChoice:
    """The reader's choice. `strike` is None as long as it is the ATM; `across` is what was asked for."""

    strategy: Strategy = "butterfly"
    side: str = "call"
    width: float | None = None
    strike: float | None = None
    wanted: Across = Across.WIDTH
    detail: bool | None = None  # whether the tile is shown in full; None: where there is room

    @property
    def across(self) -> Across:
        """What the columns are: a single contract has no width."""
        return Across.EXPIRATION if self.strategy == "single" else self.wanted

    def next_strategy(self) -> None:
        """Turn to the next strategy."""
        self.strategy = STRATEGIES[(STRATEGIES.index(self.strategy) + 1) % len(STRATEGIES)]

    def next_side(self, index: HeatmapIndex) -> None:
        """Turn to the next side that the model has."""
        sides = index.sides or ("call", "put")
        self.side = sides[(sides.index(self.side) + 1) % len(sides)] if self.side in sides else sides[0]

    def turn(self) -> None:
        """Put the other axis across; a single contract has only one."""
        if self.strategy != "single":
            self.wanted = self.wanted.other

    def width_in(self, index: HeatmapIndex) -> float:
        """Return the width that is looked at: the chosen one or its nearest, else the first that there is."""
        widths = index.widths.get(self.strategy, ())
        if not widths or self.width is None:
            return widths[0] if widths else 0.0
        return min(widths, key=lambda width: abs(width - (self.width or 0.0)))

    def step_width(self, index: HeatmapIndex, by: int) -> None:
        """Move to another width."""
        if widths := index.widths.get(self.strategy, ()):
            self.width = stepped(widths, self.width_in(index), by)


def stepped(values: Sequence[Value], at: Value, by: int) -> Value:
    """Return the value so many places on, at most an end; from a value that is none of them, the first."""
    if at not in values:
        return values[0]
    return values[max(0, min(len(values) - 1, values.index(at) + by))]
