"""A whole chart at one size: its title, its picture or why there is none, and under it what it rests on."""

import math
from functools import lru_cache
from typing import NamedTuple

from tui.lines.charts.plot.bars import bars_lines, reach
from tui.lines.charts.plot.chart import NOTHING, Bars, Chart, Curves
from tui.lines.charts.plot.curves import curves_lines
from tui.lines.line import EMPTY, Ground, Line, Role, Span, dimmed, justify, left, length
from tui.lines.strip import as_of
from tui.terminal.symbols import Symbols

_LEAST_PICTURE, _SHARE = 6, 0.6  # lines, and of a chart: below, the words under the picture give way
_LINES_OF_WORDS = 2
_PICTURES_KEPT = 8


class Standing(NamedTuple):
    """How what is drawn stands: whose data they are, which instant of the past is shown, and when it was frozen."""

    badge: str = ""
    as_of: str = ""
    frozen: str = ""


def chart_lines(
    chart: Chart, standing: Standing, width: int, height: int, symbols: Symbols, *, chosen: bool = False, shift: int = 0
) -> list[Line]:
    """Return a chart of exactly this size."""
    under = _under(chart, width, height)
    room = max(0, height - 1 - len(under))
    drawn = _picture(chart, width, room, symbols, shift)
    if isinstance(drawn, str):
        told = wrapped(drawn, width - 3, room - 1)
        lines: list[Line] = [EMPTY, *((Span(left(f"   {line}", width), Role.TEXT),) for line in told)]
    else:
        lines = [dimmed(line) for line in drawn] if chart.dim else drawn
    lines = [*lines, *[EMPTY] * (room - len(lines))][:room]
    return [_title(chart, standing, width, chosen=chosen), *lines, *under]


def _picture(chart: Chart, width: int, height: int, symbols: Symbols, shift: int) -> list[Line] | str:
    """Return the picture proper, or in words why there is none."""
    drawn = chart.words if chart.picture is None else _drawn(chart.picture, width, height, symbols, shift)
    return (chart.words or drawn) if drawn == NOTHING else drawn


@lru_cache(maxsize=_PICTURES_KEPT)
def _drawn(picture: Curves | Bars, width: int, height: int, symbols: Symbols, shift: int) -> list[Line] | str:
    """Return a picture; the words around it change every second, what it shows does not."""
    if isinstance(picture, Bars):
        return bars_lines(picture, width, height, symbols, shift=shift)
    return curves_lines(picture, width, height, symbols)


def _title(chart: Chart, standing: Standing, width: int, *, chosen: bool) -> Line:
    """Return the line over a chart; what it is of gives way before what warns of it."""
    end = [Span(f" {standing.badge} ", Role.BADGE)] if standing.badge else []
    start = [
        Span(f"{'>' if chosen else ' '}{chart.name} ", Role.HEAD if not chosen else Role.STRONG),
        *as_of(standing.as_of),
    ]
    if standing.frozen:
        start.append(Span(f" FROZEN {standing.frozen} ", Role.CAUTION))
    if chart.last_good:
        start.append(Span(f" {chart.last_good} ", Role.CAUTION))
    if length([*start, *end]) + len(chart.subject) <= width:
        start.insert(1, Span(f"{chart.subject} ", Role.TEXT))
    return justify(start, end, width, Ground.BAR)


def shift_within(chart: Chart, width: int, height: int, shift: int) -> int:
    """Return a shift of a chart's window as far as it moves it, on a chart of this size."""
    if not isinstance(chart.picture, Bars):
        return 0
    low, high = reach(chart.picture, height - 1 - len(_under(chart, width, height)))
    return max(low, min(high, shift))


def _under(chart: Chart, width: int, height: int) -> list[Line]:
    """Return what stands under a picture, as far as that leaves room for it.

    First its figures and what it leaves out, then its sources, last its convention.
    """
    told = [
        (chart.figures, Role.TEXT, _LINES_OF_WORDS),
        (chart.words if chart.picture is not None else "", Role.TEXT, 1),
        (chart.about, Role.DIM, _LINES_OF_WORDS),
        (chart.convention, Role.DIM, _LINES_OF_WORDS),
    ]
    lines: list[Line] = [
        (Span(left(f" {line}", width), role),) for text, role, most in told for line in wrapped(text, width - 1, most)
    ]
    return lines[: max(0, height - 1 - max(_LEAST_PICTURE, math.floor(height * _SHARE)))]


def wrapped(text: str, width: int, most: int) -> list[str]:
    """Return a text in at most so many lines; what does not fit ends in an ellipsis."""
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    if len(lines) > most > 0:
        rest = " ".join(lines[most - 1 :])
        lines[most - 1 :] = [left(rest, width)]
    return lines[: max(0, most)]
