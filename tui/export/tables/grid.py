"""The strike grid as a table: a row a strike, every figure of call and put, with what of them is the stream's."""

from collections.abc import Iterator

from chain.analytics.derive import ChainAnalytics
from chain.analytics.measures.contracts import ContractCheck
from chain.analytics.painted import PaintedGrid
from chain.model.grid import Leg, StrikeRow
from chain.model.placement import Place
from chain.monitor.explain.fields import AGES, CHECKED, FIGURES, STRIKE
from tui.export.table import About, Cell, Table

_FIGURES = tuple(figure for name, figure in FIGURES.items() if name != STRIKE)
_SIDES = ("call", "put")


def grid_table(about: About, analytics: ChainAnalytics, painted: PaintedGrid | None) -> Table:
    """Return a grid as a table, rows ascending; `painted` is the same with the stream's values, if they are shown."""
    grid, measures = analytics.grid, analytics.measures
    checks = {Place(each.strike, each.root, each.side): each for each in measures.contracts}
    gex = measures.gex.convention.unit.words
    heads = [f"{side} {name}" for side in _SIDES for name in _names(gex)]
    streamed = [f"{side} of the stream" for side in _SIDES] if painted is not None else []
    rows = [_row(row, checks, painted) for row in (grid if painted is None else painted.grid).rows]
    about = [
        *about,
        ("ATM", str(grid.snapshot.atm)),
        ("range, points", str(grid.snapshot.range_points)),
        ("spot, points", "" if grid.spot is None else repr(grid.spot)),
        ("contracts left out", str(len(grid.rejected))),
    ]
    return Table(about, ["root", "strike (points)", *heads, *streamed], rows)


def _names(gex: str) -> Iterator[str]:
    """Yield the headings of one side."""
    yield "quote"
    for figure in _FIGURES:
        yield f"{figure.words} ({figure.unit})"
    for check in CHECKED.values():
        yield f"{check.words} ({check.unit or gex})"
    for age in AGES.values():
        yield f"{age.words.removeprefix('age of the ')} time (epoch ms)"


def _row(row: StrikeRow, checks: dict[Place, ContractCheck], painted: PaintedGrid | None) -> list[Cell]:
    places = [Place(row.strike, row.root, side) for side in _SIDES]
    cells: list[Cell] = [row.root, row.strike]
    for place, leg in zip(places, (row.call, row.put), strict=True):
        cells += _side(leg, checks.get(place))
    if painted is not None:
        cells += [" ".join(painted.streamed.get(place, ())) for place in places]
    return cells


def _side(leg: Leg | None, check: ContractCheck | None) -> Iterator[Cell]:
    yield "not listed" if leg is None else leg.condition.value or "sound"
    yield from (figure.of(leg) if leg else None for figure in _FIGURES)
    yield from (one.of(check) if check else None for one in CHECKED.values())
    yield from (age.of(leg) if leg else None for age in AGES.values())
