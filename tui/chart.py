"""The age chart: the selected chain's age over the last two minutes, against warn and stale."""

import math
from collections.abc import Sequence
from typing import Any

from textual.app import ComposeResult
from textual.containers import Container

from chain.thresholds import Thresholds

WINDOW_S = 120
_REDRAW_EVERY_S = 10.0
_FIRST_AFTER_S = 3.0  # by then the grid is on screen, and loading plotext delays nothing
_LINE = (95, 211, 197)


class AgeChart(Container):
    """Draws with plotext, which loads only when the first chart is due: it costs more than the rest of the screen."""

    DEFAULT_CSS = "AgeChart { height: 9; } AgeChart > PlotextPlot { width: 1fr; height: 1fr; }"

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._plot: Any = None
        self._drawn = float("-inf")

    def compose(self) -> ComposeResult:
        """Start empty; the plot is mounted on first use."""
        yield from ()

    def draw(self, history: Sequence[tuple[float, float]], thresholds: Thresholds, now: float, title: str) -> None:
        """Draw ages (monotonic seconds, age in seconds) ending at `now`; at most once in five seconds."""
        if (
            not self.display
            or len(history) < 2
            or now - history[0][0] < _FIRST_AFTER_S
            or now - self._drawn < _REDRAW_EVERY_S
        ):
            return
        self._drawn = now
        if self._plot is None:
            from textual_plotext import PlotextPlot  # noqa: PLC0415 - see the class

            self._plot = PlotextPlot()
            self.mount(self._plot)
        self._plot.theme = "clear" if self.app.native_ansi_color else "auto"
        plot = self._plot.plt
        plot.clear_figure()
        plot.title(f"{title}   warn {thresholds.warn_s:g} s   stale {thresholds.stale_s:g} s")
        plot.plot([at - now for at, _ in history], [age for _, age in history], marker="braille", color=_LINE)
        peak = max(age for _, age in history)
        for limit in (thresholds.warn_s, thresholds.stale_s):
            if peak > limit / 2:
                plot.hline(limit)
        top = math.ceil(max(peak, thresholds.interval_s) / 5) * 5
        plot.yticks([0, top // 2, top])
        plot.xlim(-WINDOW_S, 0)
        plot.ylim(0, top)
        plot.xticks([-WINDOW_S, -WINDOW_S / 2, 0], [f"-{WINDOW_S} s", f"-{WINDOW_S // 2} s", "now"])
        self._plot.refresh()
