"""The strike grid as a table: a row a strike, every figure of call and put, with what of them is the stream's."""

from chain.analytics.painted import PaintedGrid
from chain.model.grid import Leg, StrikeGrid, StrikeRow
from chain.model.placement import Place
from chain.monitor.explain.fields import FIGURES, STRIKE
from tui.export.table import About, Cell, Table

_FIGURES = tuple((name, figure) for name, figure in FIGURES.items() if name != STRIKE)
_SIDES = ("call", "put")


def grid_table(about: About, grid: StrikeGrid, painted: PaintedGrid | None) -> Table:
    """Return a grid as a table, rows ascending; `painted` is the same with the stream's values, if they are shown."""
    shown = grid if painted is None else painted.grid
    figures = [f"{side} {figure.words} ({figure.unit})" for side in _SIDES for _, figure in _FIGURES]
    heads = ["root", "strike (points)", *figures, *(f"{side} quote" for side in _SIDES)]
    streamed = [f"{side} of the stream" for side in _SIDES] if painted is not None else []
    rows = [_row(row, painted) for row in shown.rows]
    about = [*about, ("ATM", str(grid.snapshot.atm)), ("range, points", str(grid.snapshot.range_points))]
    if grid.spot is not None:
        about.append(("spot, points", repr(grid.spot)))
    about.append(("contracts left out", str(len(grid.rejected))))
    return Table(about, [*heads, *streamed], rows)


def _row(row: StrikeRow, painted: PaintedGrid | None) -> list[Cell]:
    legs = (row.call, row.put)
    cells: list[Cell] = [row.root, row.strike]
    cells += [figure.of(leg) if leg else None for leg in legs for _, figure in _FIGURES]
    cells += [_condition(leg) for leg in legs]
    if painted is not None:
        places = (Place(row.strike, row.root, side) for side in _SIDES)
        cells += [" ".join(painted.streamed.get(place, ())) for place in places]
    return cells


def _condition(leg: Leg | None) -> str:
    return "not listed" if leg is None else leg.condition.value or "sound"
