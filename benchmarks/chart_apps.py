"""One curve, drawn in several ways on a terminal: the deck's own cells, plotext, and pixels of half blocks.

`python -m benchmarks.chart_apps WAY COLOURS WIDTHxHEIGHT REPORT` runs one and leaves in the file REPORT what it cost.
"""

import math
import random
import sys
import time
from pathlib import Path
from typing import Any

import orjson
from rich.segment import Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.strip import Strip
from textual.widget import Widget
from textual_plotext import PlotextPlot

from tui.lines.charts.plot.chart import Axis, Curves, Mark, Series
from tui.lines.charts.plot.curves import curves_lines
from tui.panels.line_panel import LinePanel
from tui.terminal.depth import Depth
from tui.terminal.symbols import Symbols
from tui.terminal.themes import own_themes

EVERY_S = 0.1
WARM_UP, FULL, UPDATES = 4, 6, 12
_POINTS = 80

Values = list[float]


def smiles(count: int) -> list[Values]:
    """Return successive smiles of one chain, percent: each a little off the one before, as a new snapshot is."""
    rng = random.Random(7)
    level, found = 13.0, []
    for _ in range(count):
        level += rng.uniform(-0.1, 0.1)
        found.append([level + 6 * (at / _POINTS - 0.6) ** 2 + rng.uniform(-0.02, 0.02) for at in range(_POINTS)])
    return found


def curves(values: Values) -> Curves:
    """Return a smile as the deck's chart has it."""
    points = tuple((6700.0 + 5 * at, value) for at, value in enumerate(values))
    return Curves(Axis("strike, points"), Axis("IV, %"), (Series("", points),), (Mark(6931.42, "spot 6,931.42"),))


class CellsPanel(LinePanel):
    """The deck's own way, on one level of characters."""

    def __init__(self, symbols: Symbols) -> None:
        super().__init__(id="plot")
        self._symbols = symbols

    def draw(self, values: Values) -> None:
        """Show a smile."""
        lines = curves_lines(curves(values), *self.size, self._symbols)
        assert not isinstance(lines, str)
        self.show((), lines, top=0)


class PlotextPanel(PlotextPlot):
    """The same by plotext, in braille."""

    def draw(self, values: Values) -> None:
        """Show a smile."""
        plot: Any = self.plt
        plot.clear_figure()
        plot.plot([6700 + 5 * at for at in range(len(values))], values, marker="braille")
        plot.vertical_line(6931.42)
        plot.ylabel("IV, %")
        plot.xlabel("strike, points")
        self.refresh()


class PixelPanel(Widget):
    """The same as an area in pixels, two to a cell, each of a colour of its own: as pictures are drawn."""

    _values: Values | None = None

    def draw(self, values: Values) -> None:
        """Show a smile."""
        self._values = values
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return one line of cells."""
        width = self.size.width
        values = self._values
        if values is None:
            return Strip([Segment(" " * width, Style())], width)
        styles = (
            Style(color=self._colour(values, x, 2 * y), bgcolor=self._colour(values, x, 2 * y + 1))
            for x in range(width)
        )
        return Strip([Segment("▀", style) for style in styles], width)

    def _colour(self, values: Values, x: int, y: int) -> str:
        low, high = min(values), max(values)
        share = (values[x * len(values) // self.size.width] - low) / (high - low)
        depth = (1 - share) * (2 * self.size.height - 1) - y
        shade = 40 if depth > 0 else min(255, round(90 - 12 * depth))
        return f"#{shade // 2:02x}{shade:02x}{min(255, math.floor(shade * 1.2)):02x}"


class ChartApp(App[None]):
    """Draws at a fixed pace: first whole frames, then successive smiles; measures both, and ends."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, way: str, colours: str, size: tuple[int, int], report: Path) -> None:
        super().__init__()
        self.depth = {"true": Depth.TRUE, "16": Depth.SIXTEEN, "none": Depth.NONE}[colours]
        for theme in own_themes(self.depth):
            self.register_theme(theme)
        self.theme = "chaindeck" if colours == "true" else "ansi-dark"
        self._room, self._report = size, report
        self._widget = {"plotext": PlotextPanel, "pixels": PixelPanel}.get(way, lambda: CellsPanel(Symbols(way)))()
        self._smiles = smiles(WARM_UP + FULL + UPDATES)
        self._at = 0
        self._marks: dict[str, tuple[float, float]] = {}

    def compose(self) -> ComposeResult:
        """Show one chart."""
        self._widget.styles.width, self._widget.styles.height = self._room
        yield self._widget

    def on_mount(self) -> None:
        """Begin to draw."""
        self.set_interval(EVERY_S, self._tick)

    def _tick(self) -> None:
        at, self._at = self._at, self._at + 1
        for name, begin in (("full", WARM_UP), ("updates", WARM_UP + FULL), ("end", WARM_UP + FULL + UPDATES)):
            if at == begin:
                self._marks[name] = (time.monotonic(), time.process_time())
        if at == WARM_UP + FULL + UPDATES:
            self._report.write_bytes(orjson.dumps(self._marks))
            self.exit()
        elif WARM_UP <= at < WARM_UP + FULL:
            self._widget.refresh()
        else:
            self._widget.draw(self._smiles[at])


def main(way: str, colours: str, size: str, report: str) -> None:
    """Run one app."""
    width, height = map(int, size.split("x"))
    ChartApp(way, colours, (width, height), Path(report)).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
