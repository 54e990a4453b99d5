"""The body of the strike grid: one line a strike, in-the-money sides shaded, the spot ruled between two strikes."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeVar

from msgspec import Struct

from chain.model.grid import Condition, Leg, PriceSource, StrikeGrid, StrikeRow
from chain.model.placement import Place
from tui.lines import figures
from tui.lines.grid.changes import NO_CHANGES, Changes, LegChanges, by_leg
from tui.lines.grid.columns import ROOT_WIDTH, STRIKE, STRIKE_WIDTH, Column, columns_for, margin, mirrored
from tui.lines.line import Ground, Line, Role, Span, justify, left, right

CONDITION_SIGN = {Condition.CROSSED: "x", Condition.LOCKED: "=", Condition.NEGATIVE: "n"}
_ROWS_KEPT, _SIDES_KEPT = 256, 512  # lines of the snapshot before, which most of a new one reads like
_NOTHING: tuple[tuple[()], tuple[()]] = ((), ())
STREAM_SIGN = "*"  # before a figure that the stream has painted over the snapshot's

Streamed = Mapping[Place, tuple[str, ...]]  # columns by contract
NOTHING_STREAMED: Streamed = {}
Told = TypeVar("Told")


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
    highest_first: bool = True,
    changed: Changes = NO_CHANGES,
    streamed: Streamed = NOTHING_STREAMED,
) -> GridTable:
    """Return the grid for a panel of `width`; figures that `streamed` names are marked as the stream's."""
    roots = len(grid.roots) > 1
    columns = columns_for(width, roots=roots, quotes=grid.price_source is PriceSource.MID)
    order = range(len(grid.rows) - 1, -1, -1) if highest_first else range(len(grid.rows))
    rule_before = rule_place([row.strike for row in grid.rows], grid.spot, highest_first=highest_first)
    by_place = by_leg(changed)
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
        itm = (grid.spot is not None and row.strike < grid.spot, grid.spot is not None and row.strike > grid.spot)
        moved = _of_sides(by_place, row) if by_place else _NOTHING
        newer = _of_sides(streamed, row) if streamed else _NOTHING
        body.append(_row(row, index == grid.atm, itm, columns, width, roots, moved, newer))
    head = (_headings(columns, width, roots=roots),)
    return GridTable(head, tuple(body), atm, spot, tuple(rows), _cells(columns, width, roots=roots))


@lru_cache
def _cells(columns: tuple[Column, ...], width: int, *, roots: bool) -> tuple[CellSpan, ...]:
    """Return where the cells of a row stand, the strike's among them."""
    at, found = margin(columns, width, roots=roots), []
    for column in columns:
        found.append(CellSpan("call", column.name, at, at + column.width))
        at += column.width
    at += 2 + (ROOT_WIDTH if roots else 0)
    found.append(CellSpan("call", STRIKE, at, at + STRIKE_WIDTH))
    at += STRIKE_WIDTH + 2
    for column in mirrored(columns):
        found.append(CellSpan("put", column.name, at, at + column.width))
        at += column.width
    return tuple(found)


def _of_sides(by_place: Mapping[Place, tuple[Told, ...]], row: StrikeRow) -> tuple[tuple[Told, ...], tuple[Told, ...]]:
    """Return what is told of a strike's call and of its put."""
    call, put = (Place(row.strike, row.root, side) for side in ("call", "put"))
    return by_place.get(call, ()), by_place.get(put, ())


def _headings(columns: tuple[Column, ...], width: int, *, roots: bool) -> Line:
    calls = "".join(right(column.name, column.width) for column in columns)
    puts = "".join(right(column.name, column.width) for column in mirrored(columns))
    middle = (left(" root", ROOT_WIDTH) if roots else "") + right(STRIKE, STRIKE_WIDTH)
    pad = " " * margin(columns, width, roots=roots)
    return (Span(left(f"{pad}{calls} │{middle} │{puts}", width), Role.DIM),)


@lru_cache(maxsize=_ROWS_KEPT)
def _row(
    row: StrikeRow,
    is_atm: bool,
    itm: tuple[bool, bool],
    columns: tuple[Column, ...],
    width: int,
    roots: bool,
    moved: tuple[LegChanges, LegChanges],
    newer: tuple[tuple[str, ...], tuple[str, ...]],
) -> Line:
    """Return one strike's line; most rows of a new snapshot read as they did in the one before."""
    base = Ground.ATM if is_atm else Ground.PLAIN
    sides = [base if base is not Ground.PLAIN or not inside else Ground.ITM for inside in itm]
    spans = [Span(" " * margin(columns, width, roots=roots), Role.TEXT, base)]
    spans += _side(row.call, columns, sides[0], moved[0], newer[0])
    spans += middle(row.strike, row.root, is_atm=is_atm, itm=itm, roots=roots, ground=base)
    spans += _side(row.put, mirrored(columns), sides[1], moved[1], newer[1])
    return justify(spans, [], width, base)


def middle(
    strike: float, root: str, *, is_atm: bool, itm: tuple[bool, bool], roots: bool, ground: Ground
) -> list[Span]:
    """The strike between two rules; the rule beside an in-the-money leg is heavy, so that it reads without colour."""
    text = figures.strike(strike)
    shown = f"[{text}]" if is_atm else f"{text} "
    spans = [Span(" ┃" if itm[0] else " │", Role.DIM, ground)]
    if roots:
        spans.append(Span(left(f" {root}", ROOT_WIDTH), Role.DIM, ground))
    spans.append(Span(right(shown, STRIKE_WIDTH), Role.STRONG if is_atm else Role.HEAD, ground))
    spans.append(Span(" ┃" if itm[1] else " │", Role.DIM, ground))
    return spans


@lru_cache(maxsize=_SIDES_KEPT)
def _side(
    leg: Leg | None, columns: tuple[Column, ...], ground: Ground, moved: LegChanges, newer: tuple[str, ...]
) -> tuple[Span, ...]:
    """One leg's cells, neighbours of one meaning joined."""
    directions = dict(moved)
    spans: list[Span] = []
    joined, meaning = "", Role.TEXT
    for column in columns:
        text = figures.MISSING if leg is None else column.text(leg)
        is_newer = column.name in newer and text != figures.MISSING
        direction = 0 if is_newer else directions.get(column.name, 0)  # that of the snapshot says nothing of it
        role = Role.DIM if text == figures.MISSING else (Role.TEXT, Role.UP, Role.DOWN)[direction]
        sign = STREAM_SIGN if is_newer else ""
        if leg is not None and column.name in ("Bid", "Ask"):
            text += CONDITION_SIGN.get(leg.condition, "")
            sign = sign or _arrow(direction)
        text = sign + text if len(text) + len(sign) < column.width else text
        if joined and role is not meaning:
            spans.append(Span(joined, meaning, ground))
            joined = ""
        joined, meaning = f"{joined} {right(text, column.width - 1)}", role
    return (*spans, Span(joined, meaning, ground))


def _arrow(direction: int) -> str:
    return ("", "▴", "▾")[direction]


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
