"""Lines over a common x, at any size: plot, axes, what each line is at its end, and the marks with their figures."""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from tui.lines.charts.plot.axes import Under, labels, range_of, under
from tui.lines.charts.plot.chart import NO_ROOM, NOTHING, Curves, Look, Mark, Series
from tui.lines.charts.plot.glyphs import glyphs_of
from tui.lines.charts.plot.raster import Ink, Raster
from tui.lines.charts.plot.scale import Scale, Tick, rounded_out, usable
from tui.lines.line import EMPTY, Line, Role, Span, left, right
from tui.terminal.symbols import Symbols

_LEAST_COLUMNS, _LEAST_ROWS = 12, 3
_AROUND = 3  # lines: the units above, the axis and its labels below
_ROWS_OF_A_TICK = 2
_TREND = 3  # points: fewer in a row are not connected
_SPARSE = 4  # columns between values, from which on each is marked
_LINES_OF_LEGEND = 2
_APART = "   "
_LETTERS = "abcdefghijklmnopqrstuvwxyz"

Range = tuple[float, float]


class _Plot(NamedTuple):
    """The plot proper: its cells, and where values lie. Right of its `columns` is room for labels."""

    raster: Raster
    columns: int
    x: Scale
    y: Scale

    def dot(self, x: float, y: float) -> tuple[int, int]:
        """Return the dot of a point, counted from the upper left."""
        return self.x.dot(x), self.y.dots - 1 - self.y.dot(y)

    def column(self, x: float) -> int:
        """Return the column of an x."""
        return self.x.dot(x) // self.raster.glyphs.across

    def row(self, y: float) -> int:
        """Return the row of a y."""
        return (self.y.dots - 1 - self.y.dot(y)) // self.raster.glyphs.down


def curves_lines(curves: Curves, width: int, height: int, symbols: Symbols) -> list[Line] | str:
    """Return a picture of exactly this size; in words why there is none."""
    glyphs = glyphs_of(symbols)
    runs = [run for series in curves.series for run in _runs(series)]
    across = range_of(curves.x, (x for run in runs for x, _ in run))
    up = range_of(curves.y, (y for run in runs for _, y in run))
    if across is None or up is None:
        return NOTHING
    rows = height - _AROUND - len(_legend(curves, across, up, width))
    beside = rounded_out(*up, max(3, rows // _ROWS_OF_A_TICK))
    up = beside[0].value, beside[-1].value
    indent = max(len(tick.text) for tick in beside) + 2
    margin = _margin(curves, lettered=glyphs.lettered)
    columns = width - indent - margin
    if columns < _LEAST_COLUMNS or rows < _LEAST_ROWS:
        return NO_ROOM
    raster = Raster(columns + margin, rows, glyphs)
    plot = _Plot(raster, columns, Scale(*across, columns * glyphs.across), Scale(*up, rows * glyphs.down))
    signs = _draw(curves, plot)
    foot = under(curves.x, plot.x, columns, indent, width, glyphs, signs)
    legend = [(Span(left(f" {line}", width), Role.TEXT),) for line in _legend(curves, across, up, width)]
    caption = (Span(left(f" {curves.y.unit} by {curves.x.unit}", width), Role.DIM),)
    lines = [caption, *_beside(plot, beside, indent), *foot, *legend]
    return [*lines, *[EMPTY] * (height - len(lines))]  # less may lie outside the rounded range than outside the exact


def _beside(plot: _Plot, marked: list[Tick], indent: int) -> Iterator[Line]:
    """Yield the rows of a plot behind its axis and labels."""
    glyphs, rows = plot.raster.glyphs, plot.raster.rows
    texts = labels(marked, plot.y, rows, glyphs.down)
    for row, line in enumerate(plot.raster.lines()):
        sign = glyphs.tick if row in texts else glyphs.axis
        yield (Span(f"{right(texts.get(row, ''), indent - 1)}{sign}", Role.DIM), *line)


def _runs(series: Series) -> Iterator[list[tuple[float, float]]]:
    """Yield the points that follow each other without a gap."""
    run: list[tuple[float, float]] = []
    for x, y in series.points:
        if usable(x) and usable(y):
            run.append((x, y))
        elif run:
            yield run
            run = []
    if run:
        yield run


def _margin(curves: Curves, *, lettered: bool) -> int:
    """Return how many columns the longest label needs beside the plot."""
    names = [_name("a" * lettered, series) for series in curves.series] if len(curves.series) > 1 else []
    longest = max((len(label) for label in (*names, *(mark.label for mark in curves.level))), default=0)
    return longest + 3 if longest else 0


def _name(letter: str, series: Series) -> str:
    """Return what stands at a line's end; first the letter that it is drawn in, where there is one."""
    return f"{letter} {series.label}".lstrip()


def _draw(curves: Curves, plot: _Plot) -> list[Under]:
    """Draw lines and marks, the last line on top; return the letters of the marks that stand under the plot."""
    several = len(curves.series) > 1
    lettered = list(zip(_LETTERS, curves.series, strict=False))
    for letter, series in lettered:
        _draw_series(plot, series, Ink(series.role, letter if several else ""))
    for mark in curves.level:
        _draw_level(plot, mark)
    for letter, series in reversed(lettered):
        if several:
            _label(plot, series, _name(letter * plot.raster.glyphs.lettered, series))
    return _draw_upright(curves, plot)


def _draw_series(plot: _Plot, series: Series, ink: Ink) -> None:
    for run in _runs(series):
        dots = [plot.dot(x, y) for x, y in run]
        joined = series.look is Look.LEVELS or (series.look is Look.LINE and len(run) >= _TREND)
        for start, end in pairwise(dots) if joined else ():
            plot.raster.line(start, end, ink)
        apart = min((there[0] - here[0] for here, there in pairwise(dots)), default=0) // plot.raster.glyphs.across
        for dot in dots if not joined or (series.look is Look.LINE and apart >= _SPARSE) else ():
            plot.raster.point(*dot, ink)


def _draw_level(plot: _Plot, mark: Mark) -> None:
    if usable(mark.at) and plot.y.covers(mark.at):
        row = plot.row(mark.at)
        plot.raster.behind(0, row, plot.raster.glyphs.level * plot.columns, mark.role)
        plot.raster.write(plot.columns + 1, row, mark.label, mark.role)


def _label(plot: _Plot, series: Series, text: str) -> None:
    """Write what a line is at its right end, or as near to it as there is room."""
    points = [point for run in _runs(series) for point in run]
    if not points:
        return
    x, y = points[-1]
    row, start = plot.row(y), plot.column(x) + 1
    raster = plot.raster
    for column in (start, plot.columns):
        for away in sorted(range(-raster.rows, raster.rows), key=abs):
            if raster.is_free(column, row + away, len(text) + 2):
                raster.write(column, row + away, f" {text} ", series.role)
                return


def _draw_upright(curves: Curves, plot: _Plot) -> list[Under]:
    """Draw the marks at an x; return their signs, each under its line, or beside another that is there already."""
    signs: dict[int, Under] = {}
    for sign, mark in zip(_signs(curves), curves.upright, strict=True):
        if usable(mark.at) and plot.x.covers(mark.at):
            column = plot.column(mark.at)
            for row in range(plot.raster.rows):
                plot.raster.behind(column, row, plot.raster.glyphs.upright, mark.role)
            free = (at for at in (column, column + 1, column - 1) if at not in signs and 0 <= at < plot.columns)
            foot = next(free, column)
            signs[foot] = Under(foot, sign, mark.role)
    return list(signs.values())


def _signs(curves: Curves) -> list[str]:
    """Return a sign for each mark: its own, or its first letter that no other has."""
    taken: list[str] = []
    for mark in curves.upright:
        free = (char.upper() for char in mark.label + _LETTERS if char.isalpha() and char.upper() not in taken)
        taken.append(mark.sign or next(free))
    return taken


def _legend(curves: Curves, across: Range, up: Range, width: int) -> list[str]:
    """Return in lines what the marks are, and where they lie if not in the picture."""
    told = []
    for sign, mark in zip(_signs(curves), curves.upright, strict=True):
        where = "" if across[0] <= mark.at <= across[1] else " (left)" if mark.at < across[0] else " (right)"
        told.append(f"{sign} {mark.label}{where}")
    told += [f"{mark.label} (above)" for mark in curves.level if mark.at > up[1]]
    absurd = sum(y is not None and not usable(y) for series in curves.series for _, y in series.points)
    told += [f"{absurd} absurd values left out"] if absurd else []
    return packed(told, width - 1, _LINES_OF_LEGEND)


def packed(pieces: list[str], width: int, most: int) -> list[str]:
    """Return pieces in at most so many lines, none of them torn while there is room."""
    lines: list[str] = []
    for piece in pieces:
        if lines and (len(lines[-1]) + len(_APART) + len(piece) <= width or len(lines) == most):
            lines[-1] += f"{_APART}{piece}"
        else:
            lines.append(piece)
    return lines
