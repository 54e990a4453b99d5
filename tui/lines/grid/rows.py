"""The body of the strike grid: one line a strike, in-the-money sides shaded, the spot ruled between two strikes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from msgspec import Struct

from chain.model.grid import Leg, PriceSource, StrikeGrid
from chain.model.placement import Place
from tui.lines import figures
from tui.lines.grid.annotations import NOT_ANNOTATED, Annotations
from tui.lines.grid.cells import NOT_LISTED, Axis, Side, strike_line
from tui.lines.grid.changes import NO_CHANGES, Changes, LegChanges, by_leg
from tui.lines.grid.columns.bars import bar_heading, scale_of
from tui.lines.grid.columns.catalogue import (
    NARROWEST,
    NO_FACTS,
    ROOT_WIDTH,
    STRIKE,
    STRIKE_WIDTH,
    Column,
    Facts,
    Figure,
)
from tui.lines.grid.columns.sets import STANDARD, ColumnSet, Layout, layout_for, mirrored
from tui.lines.line import Line, Role, Span, left, right

_LEGS_KEPT = 1024  # of a chain and its neighbours

Streamed = Mapping[Place, tuple[str, ...]]  # columns by contract
NOTHING_STREAMED: Streamed = {}


class CellSpan(NamedTuple):
    """Where a cell stands in every row: its figure ends before the column `end`, and has a blank on either side."""

    side: str  # "call" or "put"
    column: str
    begin: int
    end: int


class GridTable(Struct, frozen=True):
    """The grid as lines. `atm` and `spot` are body line numbers, None where there is none.

    `rows` says which strike and root each body line shows, None where it shows none; `cells` are from left to right.
    """

    head: tuple[Line, ...]
    body: tuple[Line, ...]
    atm: int | None
    spot: int | None
    rows: tuple[tuple[float, str] | None, ...] = ()
    cells: tuple[CellSpan, ...] = ()


def grid_table(
    grid: StrikeGrid,
    width: int,
    *,
    columns: ColumnSet = STANDARD,
    highest_first: bool = True,
    bars: bool = False,
    changed: Changes = NO_CHANGES,
    streamed: Streamed = NOTHING_STREAMED,
    notes: Annotations = NOT_ANNOTATED,
) -> GridTable:
    """Return the grid for a panel of `width`; figures that `streamed` names are marked as the stream's.

    With `notes` there are marks beside the strike.
    """
    layout = _layout(grid, width, columns, bars=bars, tags=notes is not NOT_ANNOTATED)
    full = scale_of(_drawn(grid, layout))
    order = range(len(grid.rows) - 1, -1, -1) if highest_first else range(len(grid.rows))
    rule_before = rule_place([row.strike for row in grid.rows], grid.spot, highest_first=highest_first)
    parts_of = _parts(grid, layout, by_leg(changed), streamed, notes)
    body: list[Line] = []
    rows: list[tuple[float, str] | None] = []
    atm = spot = None
    for index in order:
        row = grid.rows[index]
        if index == rule_before:
            spot = len(body)
            body.append(rule(grid.spot, width))
            rows.append(None)
        if index == grid.atm:
            atm = len(body)
        rows.append((row.strike, row.root))
        body.append(strike_line(*parts_of(index), layout, full))
    head = (_headings(layout, full, notes.gex),)
    return GridTable(head, tuple(body), atm, spot, tuple(rows), _cells(layout))


def _parts(
    grid: StrikeGrid, layout: Layout, moved: Mapping[Place, LegChanges], streamed: Streamed, notes: Annotations
) -> Callable[[int], tuple[Side, Axis, Side]]:
    """Return what tells of a row's index all that its line is made of: call, strike axis and put."""
    puts = mirrored(layout.columns)

    def side(leg: Leg | None, place: Place, columns: tuple[Column, ...]) -> Side:
        if leg is None:
            return NOT_LISTED
        known = notes.facts.get(place, NO_FACTS)
        return Side(
            _figures(leg, known, columns),
            leg.condition,
            known.apart,
            moved.get(place, ()),
            streamed.get(place, ()),
        )

    def parts(index: int) -> tuple[Side, Axis, Side]:
        row, spot = grid.rows[index], grid.spot
        itm = (spot is not None and row.strike < spot, spot is not None and row.strike > spot)
        tags, band = notes.tags.get(index, ()), notes.bands.get(index, " ")
        return (
            side(row.call, Place(row.strike, row.root, "call"), layout.columns),
            Axis(row.strike, row.root, index == grid.atm, itm, tags, band),
            side(row.put, Place(row.strike, row.root, "put"), puts),
        )

    return parts


@lru_cache(maxsize=_LEGS_KEPT)
def _figures(leg: Leg, known: Facts, columns: tuple[Column, ...]) -> tuple[Figure, ...]:
    """Return what stands in a contract's cells: the same for most when only marks, or values of the stream, move."""
    return tuple([column.value(leg, known) for column in columns])


def _layout(grid: StrikeGrid, width: int, columns: ColumnSet, *, bars: bool, tags: bool) -> Layout:
    """Return the columns that fit; with tags beside it the strike is as narrow as its longest figure allows."""
    strike = STRIKE_WIDTH
    if tags:
        strike = max((len(figures.strike(row.strike)) for row in grid.rows), default=0) + 2
    return layout_for(
        width,
        columns,
        roots=len(grid.roots) > 1,
        quotes=grid.price_source is PriceSource.MID,
        strike=max(NARROWEST, strike),
        tags=tags,
        bars=bars,
    )


def _drawn(grid: StrikeGrid, layout: Layout) -> Iterable[float | None]:
    """Return every figure that is drawn as a bar."""
    drawn = [column for column in layout.columns if column.bar]
    return [column.value(leg, NO_FACTS) for column in drawn for leg in grid.legs]


@lru_cache
def _cells(layout: Layout) -> tuple[CellSpan, ...]:
    """Return where the cells of a row stand, the strike's among them; a bar is none: its figure stands elsewhere."""
    at, found = layout.margin, []
    sides = (("call", layout.columns, layout.before_strike), ("put", mirrored(layout.columns), 0))
    for side, columns, gap in sides:
        for column in columns:
            if not column.bar:
                found.append(CellSpan(side, column.name, at, at + column.width))
            at += column.width
        if gap:
            at += gap
            found.append(CellSpan(side, STRIKE, at, at + layout.strike))
            at += layout.strike + 2
    return tuple(found)


@lru_cache
def _headings(layout: Layout, full: float, gex: str) -> Line:
    def heading(column: Column, *, leftwards: bool) -> str:
        if column.bar:
            return bar_heading(column.name, full, column.width, leftwards=leftwards)
        return right(gex if column.name == "GEX" else column.name, column.width)

    calls = "".join(heading(column, leftwards=True) for column in layout.columns)
    puts = "".join(heading(column, leftwards=False) for column in mirrored(layout.columns))
    strike = (left(" root", ROOT_WIDTH) if layout.roots else "") + " " * layout.tags + right(STRIKE, layout.strike)
    return (Span(left(f"{' ' * layout.margin}{calls} │{strike} │{puts}", layout.width), Role.DIM),)


def rule_place(strikes: Sequence[float], spot: float | None, *, highest_first: bool) -> int | None:
    """Return the row index before which the spot rule is drawn, in drawing order."""
    if spot is None:
        return None
    below = [i for i, strike in enumerate(strikes) if strike <= spot]
    above = [i for i, strike in enumerate(strikes) if strike > spot]
    if not below or not above:
        return None
    return below[-1] if highest_first else above[0]


def rule(spot: float | None, width: int) -> Line:
    """Return the dashed rule that says where the spot is."""
    label = f" spot {figures.level(spot)} "
    dashes = "- " * width
    side = (width - len(label)) // 2
    return (
        Span(dashes[:side], Role.DIM),
        Span(label, Role.ACCENT),
        Span(dashes[: width - side - len(label)], Role.DIM),
    )
