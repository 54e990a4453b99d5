"""The cursor of the strike grid: which contract's figure it stands on, where a key takes it, and how it looks."""

from typing import NamedTuple

from chain.model.placement import Place
from tui.lines.grid.columns.catalogue import STRIKE
from tui.lines.grid.rows import GridTable
from tui.lines.line import Ground, Line, Role, Span

_FIRST = "Bid"  # the column on which it stands before it is moved


class GridCell(NamedTuple):
    """A figure of the grid: its contract, and the heading of its column. On the strike itself `side` is "call"."""

    place: Place
    column: str


class Spot(NamedTuple):
    """Where the cursor stands in a table: a body line, and an index into its cells."""

    line: int
    cell: int


def cell_at(table: GridTable, at: Spot) -> GridCell | None:
    """Return what stands somewhere; None on a line that shows no strike."""
    row, cell = table.rows[at.line], table.cells[at.cell]
    return None if row is None else GridCell(Place(*row, cell.side), cell.column)


def located(table: GridTable, cell: GridCell | None) -> Spot | None:
    """Return where a cell stands, or what is nearest to it where its strike or its column is not shown.

    Without a cell that is the bid of the call at the money. None where the table has no strike.
    """
    lines = [line for line, row in enumerate(table.rows) if row is not None]
    if not lines or not table.cells:
        return None
    if cell is None:
        return Spot(lines[0] if table.atm is None else table.atm, _column(table, "call", _FIRST))
    place = cell.place

    def away(line: int) -> tuple[float, bool]:
        strike, root = table.rows[line] or (0.0, "")
        return abs(strike - place.strike), root != place.root

    return Spot(min(lines, key=away), _column(table, place.side, cell.column))


def _column(table: GridTable, side: str, name: str) -> int:
    """Return the index of a column on a side; where it is not shown, of the one beside the strike."""
    places = [at for at, cell in enumerate(table.cells) if cell.side == side or cell.column == STRIKE]
    inwards = places[::-1] if side == "call" else places  # the strike first, then what stands beside it
    beside_strike = inwards[1] if len(inwards) > 1 else inwards[0]
    return next((at for at in places if table.cells[at].column == name), beside_strike)


def moved(table: GridTable, at: Spot, lines: int, columns: int) -> Spot:
    """Return where so many strikes down and columns to the right lead; an end is an end."""
    shown = [line for line, row in enumerate(table.rows) if row is not None]
    line = shown[max(0, min(len(shown) - 1, shown.index(at.line) + lines))]
    return Spot(line, max(0, min(len(table.cells) - 1, at.cell + columns)))


def under(table: GridTable, line: int, x: int) -> Spot | None:
    """Return what stands on a body line in a column of the panel; None beside every cell."""
    if line >= len(table.rows) or table.rows[line] is None:
        return None
    return next((Spot(line, at) for at, cell in enumerate(table.cells) if cell.begin <= x < cell.end), None)


def pointed(line: Line, begin: int, end: int) -> Line:
    """Return a line with the figure between two columns in brackets and on the cursor's ground."""
    text = "".join(span.text for span in line)
    figure = text[begin:end]
    first, last = begin + len(figure) - len(figure.lstrip()), begin + len(figure.rstrip())
    if not figure.lstrip().startswith("["):  # as the strike at the money does already
        first = max(begin, first - 1)  # a mark may stand where the bracket goes
        text = f"{text[:first]}[{text[first + 1 : last]}]{text[last + 1 :]}"[: len(text)]  # none fits at the very edge
        last = min(len(text), last + 1)
    cursor = Span(text[first:last], Role.STRONG, Ground.CURSOR)
    return (*_upto(line, 0, first), cursor, *_upto(line, last, len(text)))


def _upto(line: Line, begin: int, end: int) -> Line:
    """Return the part of a line between two columns."""
    part: list[Span] = []
    at = 0
    for span in line:
        text = span.text[max(0, begin - at) : max(0, end - at)]
        if text:
            part.append(span._replace(text=text))
        at += len(span.text)
    return tuple(part)
