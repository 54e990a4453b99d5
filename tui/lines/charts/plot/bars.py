"""Bars to both sides of the strikes, at any size: around the centre as many as there is room for, all on one scale."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tui.lines import figures
from tui.lines.charts.plot.chart import NO_ROOM, NOTHING, Bar, Bars
from tui.lines.charts.plot.glyphs import Glyphs, bar_glyphs
from tui.lines.charts.plot.raster import Ink, Raster
from tui.lines.charts.plot.scale import LEAST, rounded_out, usable
from tui.lines.line import Line, Role, Span, justify, left, right
from tui.terminal.symbols import Symbols

_AROUND = 3  # lines beside the bars: heading, scale, legend
_LEAST_COLUMNS = 5  # of bars on either side
_BESIDE_FIGURES = 8  # of bars, from which on there is room for figures too
_BESIDE_NOTES = 12
_SPACE = 1
_SHARES = 9  # round ones, at most, into which the room of a bar is divided


class _Columns(NamedTuple):
    """How a width is shared: figures, bars and strike; the other side mirrors them, and notes stand at the right."""

    figures: tuple[int, ...]  # one a layer, none where there is no room
    bars: int
    strike: int
    label: int  # of the longest strike
    notes: int

    @property
    def outside(self) -> int:
        """The width of the figures of one side, and of the space between them and the bars."""
        return sum(self.figures) + _SPACE if self.figures else 0


def bars_lines(bars: Bars, width: int, height: int, symbols: Symbols, *, shift: int = 0) -> list[Line] | str:
    """Return a picture of exactly this size, highest strike on top; in words why there is none.

    `shift` is by how many strikes the window stands above the centre.
    """
    if not any(usable(each) and each for bar in bars.bars for each in _values(bar)):
        return NOTHING
    rows, shares = height - _AROUND, _shared(bars, width)
    if rows < 1 or shares is None:
        return NO_ROOM
    first = window(bars, rows, shift)
    shown = bars.bars[first : first + rows][::-1]
    longest = max((abs(each) for bar in shown for each in _values(bar) if usable(each)), default=0.0)
    end = rounded_out(0.0, longest, _SHARES)[-1].value if longest > LEAST else 1.0
    left_half, right_half = (
        _drawn(bars, shown, side, shares.bars, end, bar_glyphs(symbols)).lines() for side in (-1, 1)
    )
    drawn = zip(shown, left_half, right_half, strict=True)
    body = [_row(bars, bar, shares, (to_left, to_right), width) for bar, to_left, to_right in drawn]
    body += [(Span(" " * width),)] * (rows - len(body))
    foot = _scale(bars, end, shares, width), _legend(bars, shown, symbols, width)
    return [_heading(bars, shares, width), *body, *foot]


def window(bars: Bars, rows: int, shift: int) -> int:
    """Return the first bar, from the lowest strike, of those that are shown in so many rows."""
    return max(0, min(bars.centre + shift - rows // 2, len(bars.bars) - rows))


def reach(bars: Bars, height: int) -> tuple[int, int]:
    """Return the least and the largest shift that move the window of a picture of this height."""
    rows = min(max(1, height - _AROUND), len(bars.bars))
    start = bars.centre - rows // 2
    return -max(0, start), max(0, len(bars.bars) - rows - start)


def _values(bar: Bar) -> Iterator[float | None]:
    yield from bar.left
    yield from bar.right


def _shared(bars: Bars, width: int) -> _Columns | None:
    """Share a width: figures where there is room for them beside the bars, then notes; None if there is too little."""
    label = max((len(bar.label) for bar in bars.bars), default=0)
    strike = max(label, len("strike")) + 2
    told = tuple(
        max(len(name), *(len(_figure(side[at], bars)) for bar in bars.bars for side in (bar.left, bar.right))) + _SPACE
        for at, name in enumerate(bars.layers)
    )
    notes = max((len(bar.note) + _SPACE for bar in bars.bars), default=0)
    for numbers, noted, least in ((told, notes, _BESIDE_NOTES), (told, 0, _BESIDE_FIGURES), ((), 0, _LEAST_COLUMNS)):
        shares = _Columns(numbers, 0, strike, label, noted)
        columns = (width - strike - noted) // 2 - shares.outside
        if columns >= least:
            return shares._replace(bars=columns)
    return None


def _figure(value: float | None, bars: Bars) -> str:
    """Return a value as it is written: a count, or where it has decimals as many as all others."""
    if value is None:
        return bars.missing
    if not usable(value):
        return "#"
    return figures.count(value) if bars.places is None else f"{round(value, bars.places) + 0.0:,.{bars.places}f}"


def _drawn(bars: Bars, shown: Sequence[Bar], side: int, columns: int, end: float, glyphs: Glyphs) -> Raster:
    """Draw one side: -1 to the left of the strikes, 1 to the right."""
    raster = Raster(columns, len(shown), glyphs)
    ink = Ink(bars.left_role if side < 0 else bars.right_role)
    dots, each = columns * glyphs.across, glyphs.down // len(bars.layers)
    for row, bar in enumerate(shown):
        for layer, value in enumerate(bar.left if side < 0 else bar.right):
            if not usable(value) or not value:
                continue
            long = max(1, round(abs(value) / end * dots))  # what is there is seen
            for x in range(long):
                for y in range(each):
                    raster.dot(dots - 1 - x if side < 0 else x, row * glyphs.down + layer * each + y, ink)
    return raster


def _row(bars: Bars, bar: Bar, shares: _Columns, halves: tuple[Line, Line], width: int) -> Line:
    numbers = [
        [Span(right(_figure(value, bars), room), bar.role) for value, room in zip(values, shares.figures, strict=False)]
        for values in (bar.left, bar.right)
    ]
    space = [Span(" " * _SPACE)] if shares.figures else []
    strike = Span(bar.label.rjust(shares.label).center(shares.strike), bar.role)
    note = [Span(f" {bar.note}", bar.role)] if shares.notes and bar.note else []
    left_side, right_side = [*numbers[0], *space, *halves[0]], [*halves[1], *space, *reversed(numbers[1])]
    return justify([*left_side, strike, *right_side, *note], [], width)


def _heading(bars: Bars, shares: _Columns, width: int) -> Line:
    """Return what stands in which column."""
    names = [right(name, room) for name, room in zip(bars.layers, shares.figures, strict=False)]
    outer, mirrored = "".join(names), "".join(reversed(names))
    to_left, to_right = (side if len(side) <= shares.bars else "" for side in (bars.left, bars.right))
    middle = f"{to_left.rjust(shares.bars)}{'strike'.center(shares.strike)}{to_right.ljust(shares.bars)}"
    text = f"{outer.ljust(shares.outside)}{middle}{mirrored.rjust(shares.outside)}"
    return (Span(left(text, width), Role.DIM),)


def _scale(bars: Bars, end: float, shares: _Columns, width: int) -> Line:
    """Return what the ends of the bars' room stand for."""
    most, room = _figure(end, bars), shares.bars
    has_room = len(most) + len("0 ") <= room
    to_left = f"{most}{'0'.rjust(room - len(most))}" if has_room else " " * room
    to_right = f"0{most.rjust(room - 1)}" if has_room else ""
    return (Span(left(f"{' ' * shares.outside}{to_left}{' ' * shares.strike}{to_right}", width), Role.DIM),)


def _legend(bars: Bars, shown: Sequence[Bar], symbols: Symbols, width: int) -> Line:
    """Return the unit, what stands for which layer, and which strikes are shown where not all are."""
    told = f" {bars.unit}"
    if len(bars.layers) == 2:
        glyphs = bar_glyphs(symbols)
        upper, lower = _halves(glyphs)
        first, second = bars.layers
        told += f"   {glyphs.cells[upper]} {first}  {glyphs.cells[lower]} {second}  {glyphs.cells[upper | lower]} both"
    count = len(bars.bars)
    seen = f"  {shown[-1].label} to {shown[0].label}: {len(shown)} of {count} " if len(shown) < count else ""
    return justify([Span(told, Role.DIM)], [Span(seen, Role.DIM)] if len(seen) <= width else [], width)


def _halves(glyphs: Glyphs) -> tuple[int, int]:
    """Return the bits of the upper and of the lower half of a cell."""
    half = glyphs.down // 2
    return sum(map(sum, glyphs.bits[:half])), sum(map(sum, glyphs.bits[half:]))
