"""A picture in dots, several to a character cell, each cell in the colour of what was drawn on it last."""

from collections.abc import Iterable
from itertools import groupby
from typing import NamedTuple

from tui.lines.charts.plot.glyphs import Glyphs
from tui.lines.line import Line, Role, Span

Cell = tuple[str, Role]


class Ink(NamedTuple):
    """What a line is drawn in; its letter stands for its dots where characters alone tell lines apart."""

    role: Role
    letter: str = ""


class Raster:
    """Cells of a chart, `columns` x `rows`. Dots count from the upper left; none outside it is drawn."""

    def __init__(self, columns: int, rows: int, glyphs: Glyphs) -> None:
        self.columns, self.rows, self.glyphs = columns, rows, glyphs
        self._bits = [[0] * columns for _ in range(rows)]
        self._inks: dict[tuple[int, int], Ink] = {}
        self._written: dict[tuple[int, int], Cell] = {}
        self._behind: dict[tuple[int, int], Cell] = {}

    def dot(self, x: int, y: int, ink: Ink) -> None:
        """Draw one dot."""
        (row, line), (column, place) = divmod(y, self.glyphs.down), divmod(x, self.glyphs.across)
        if 0 <= row < self.rows and 0 <= column < self.columns:
            self._bits[row][column] |= self.glyphs.bits[line][place]
            self._inks[row, column] = ink

    def line(self, start: tuple[int, int], end: tuple[int, int], ink: Ink) -> None:
        """Draw a straight line between two dots, both ends included."""
        (x, y), (to_x, to_y) = start, end
        steps = max(abs(to_x - x), abs(to_y - y), 1)
        for step in range(steps + 1):
            self.dot(x + round((to_x - x) * step / steps), y + round((to_y - y) * step / steps), ink)

    def point(self, x: int, y: int, ink: Ink) -> None:
        """Mark one value by a character of its own."""
        text = ink.letter if self.glyphs.lettered and ink.letter else self.glyphs.point
        self.write(x // self.glyphs.across, y // self.glyphs.down, text, ink.role)

    def write(self, column: int, row: int, text: str, role: Role) -> None:
        """Write over what is drawn."""
        self._written |= self._cells(column, row, text, role)

    def behind(self, column: int, row: int, text: str, role: Role) -> None:
        """Write what shows only where nothing is drawn."""
        self._behind |= self._cells(column, row, text, role)

    def is_free(self, column: int, row: int, length: int) -> bool:
        """Whether nothing is drawn or written in so many cells, and all of them are there."""
        if not (0 <= row < self.rows and column >= 0 and column + length <= self.columns):
            return False
        cells = range(column, column + length)
        return not any(self._bits[row][at] or (row, at) in self._written for at in cells)

    def lines(self) -> list[Line]:
        """Return the cells as lines of exactly their width."""
        return [_joined(self._cell(row, column) for column in range(self.columns)) for row in range(self.rows)]

    def _cells(self, column: int, row: int, text: str, role: Role) -> dict[tuple[int, int], Cell]:
        inside = 0 <= row < self.rows
        return {
            (row, column + at): (char, role)
            for at, char in enumerate(text)
            if inside and 0 <= column + at < self.columns
        }

    def _cell(self, row: int, column: int) -> Cell:
        written = self._written.get((row, column))
        if written is not None:
            return written
        bits = self._bits[row][column]
        if not bits:
            return self._behind.get((row, column), (" ", Role.TEXT))
        ink = self._inks[row, column]
        return (ink.letter if self.glyphs.lettered else "") or self.glyphs.cells[bits], ink.role


def _joined(cells: Iterable[Cell]) -> Line:
    """Return a line of as few spans as its roles allow."""
    runs = groupby(cells, key=lambda cell: cell[1])
    return tuple(Span("".join(char for char, _ in run), role) for role, run in runs)
