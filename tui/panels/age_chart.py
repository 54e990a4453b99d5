"""The age chart: the selected chain's age over the last two minutes, against warn and stale."""

import math
from typing import Any

from rich.style import Style
from textual.app import ComposeResult
from textual.containers import Container
from textual.widgets import Static

from chain.model.keys import ChainId
from chain.thresholds import Thresholds
from tui.lines.line import Ground, Role
from tui.palette import palette_of
from tui.view import WINDOW_S, Ages

HEIGHT = 9  # lines
_REDRAW_EVERY_S = 10.0
_FIRST_AFTER_S = 3.0  # by then the grid is on screen, and loading plotext delays nothing

Colour = str | int | tuple[int, ...]


class AgeChart(Container):
    """Draws with plotext, which loads only when the first chart is due: it costs more than the rest of the screen."""

    DEFAULT_CSS = f"""
    AgeChart {{ height: {HEIGHT}; }}
    AgeChart > PlotextPlot {{ width: 1fr; height: 1fr; }}
    AgeChart > Static {{ color: $text-muted; padding: 0 1; }}
    """

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._plot: Any = None
        self._drawn = float("-inf")
        self._of: tuple[ChainId, str] | None = None  # what is drawn, and in which theme

    def compose(self) -> ComposeResult:
        """Start with words; the plot is mounted on first use."""
        yield Static("", markup=False)

    def draw(self, chain: ChainId, ages: Ages, limits: Thresholds, now: float) -> None:
        """Draw a chain's ages up to `now` (monotonic seconds); at once for another chain, else every ten seconds."""
        same = self._of == (chain, self.app.theme)
        if not self.display or (same and now - self._drawn < _REDRAW_EVERY_S):
            return
        enough = len(ages) > 2 and ages[-1][0] - ages[0][0] >= _FIRST_AFTER_S
        words = self.query_one(Static)
        words.display = not enough
        if self._plot is not None:
            self._plot.display = enough
        if not enough:  # a point is no trend
            words.update(f"AGE {chain.underlying} {chain.expiry:%m-%d}   too few readings for a chart yet")
            return
        self._drawn, self._of = now, (chain, self.app.theme)
        self._paint(chain, ages, limits, now)

    def _paint(self, chain: ChainId, ages: Ages, limits: Thresholds, now: float) -> None:
        if self._plot is None:
            from plotext._dict import themes  # noqa: PLC0415 - see the class
            from textual_plotext import PlotextPlot  # noqa: PLC0415

            # The colours of themes are kept there for as long as the process lives, whatever screen they were for.
            for name in [name for name in themes if name.startswith("textual-auto-")]:
                del themes[name]
            self._plot = PlotextPlot()
            self.mount(self._plot)
        styles = palette_of(self.app)
        self._plot.theme = "clear" if self.app.native_ansi_color else "auto"
        plot, top = self._plot.plt, scale(ages, limits)
        plot.clear_figure()
        warn, stale = f"warn {limits.warn_s:g} s", f"stale {limits.stale_s:g} s"
        plot.title(f"AGE {chain.underlying} {chain.expiry:%m-%d}   {warn}   {stale}")
        for limit, role in ((limits.warn_s, Role.CAUTION), (limits.stale_s, Role.ALARM)):
            if limit <= top:
                colour = _colour(styles[role, Ground.PLAIN])
                plot.plot([-WINDOW_S, 0], [limit, limit], marker="─", color=colour)
        line = _colour(styles[Role.ACCENT, Ground.PLAIN])
        plot.plot([at - now for at, _ in ages], [age for _, age in ages], marker="braille", color=line)
        plot.yticks([0, top // 2, top])
        plot.xlim(-WINDOW_S, 0)
        plot.ylim(0, top)
        plot.xticks([-WINDOW_S, -WINDOW_S / 2, 0], [f"-{WINDOW_S:g} s", f"-{WINDOW_S / 2:g} s", "now"])
        self._plot.refresh()


def scale(ages: Ages, limits: Thresholds) -> int:
    """Return the top of the chart, seconds: above every age, and with it the limits that it comes near to."""
    peak = max(age for _, age in ages)
    near = [limit for limit in (limits.warn_s, limits.stale_s) if peak > limit / 2]
    return max(5, math.ceil(max(peak, limits.interval_s, *near) / 5) * 5)


def _colour(style: Style) -> Colour:
    """Return a style's colour as plotext takes it: exact, or the number of one of the terminal's own."""
    colour = style.color
    if colour is None or colour.is_default:
        return "default"
    return colour.number if colour.number is not None else tuple(colour.get_truecolor())
