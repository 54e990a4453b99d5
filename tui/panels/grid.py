"""The strike grid as lines: calls at the left, strike in the middle, puts mirrored at the right, spot ruled between."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from chain.analytics.headline import Headline
from chain.model.grid import Condition, Leg, PriceSource, StrikeGrid, StrikeRow
from chain.model.session import settlement
from chain.monitor.evaluate.report import ChainStatus
from chain.monitor.states import State
from tui.panels import figures
from tui.panels.board import STATE_ROLE
from tui.panels.lines import Ground, Line, Role, Span, justify, left, length, right

_CONDITION_MARK = {Condition.CROSSED: "x", Condition.LOCKED: "=", Condition.NEGATIVE: "n"}


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One figure of a leg: its heading, how wide, how it reads, and the number by which change is told."""

    name: str
    width: int
    text: Callable[[Leg], str]
    value: Callable[[Leg], float | None]


def _spread_percent(leg: Leg) -> float | None:
    return (leg.ask - leg.bid) / leg.mid if leg.mid and leg.ask is not None and leg.bid is not None else None


_ALL = {
    column.name: column
    for column in (
        Column("OI", 6, lambda leg: figures.count(leg.open_interest), lambda leg: leg.open_interest),
        Column("Vol", 6, lambda leg: figures.count(leg.volume), lambda leg: leg.volume),
        Column("Last", 8, lambda leg: figures.price(leg.last), lambda leg: leg.last),
        Column("Vega", 7, lambda leg: figures.greek(leg.vega), lambda leg: leg.vega),
        Column("Theta", 8, lambda leg: figures.greek(leg.theta), lambda leg: leg.theta),
        Column("Gamma", 7, lambda leg: figures.greek(leg.gamma, 4), lambda leg: leg.gamma),
        Column("IV", 5, lambda leg: figures.percent(leg.iv), lambda leg: leg.iv),
        Column("D", 5, lambda leg: figures.greek(leg.delta), lambda leg: leg.delta),
        Column("Spr%", 6, lambda leg: figures.percent(_spread_percent(leg)), _spread_percent),
        Column("Mid", 8, lambda leg: figures.price(leg.mid), lambda leg: leg.mid),
        Column("Bid", 8, lambda leg: figures.price(leg.bid), lambda leg: leg.bid),
        Column("Ask", 8, lambda leg: figures.price(leg.ask), lambda leg: leg.ask),
        Column("Close", 8, lambda leg: figures.price(leg.close), lambda leg: leg.close),
    )
}
# From the edge inwards. The widest preset that fits is used.
_PRESETS = (
    ("OI", "Vol", "Last", "Vega", "Theta", "Gamma", "IV", "D", "Spr%", "Mid", "Bid", "Ask"),
    ("OI", "Vol", "Theta", "Gamma", "IV", "D", "Mid", "Bid", "Ask"),
    ("OI", "Vol", "Gamma", "IV", "D", "Bid", "Ask"),
    ("OI", "Vol", "IV", "D", "Bid", "Ask"),
    ("OI", "IV", "D", "Bid", "Ask"),
    ("IV", "D", "Bid", "Ask"),
    ("D", "Bid", "Ask"),
    ("Bid", "Ask"),
)
_QUOTED = ("Last", "Spr%", "Mid", "Bid", "Ask")
_MARKED = tuple(_ALL[name] for name in ("Bid", "Ask", "Last"))  # what moves at every tick is no news
_STRIKE_WIDTH = 8
_ROOT_WIDTH = 6

# A leg's place is its root, strike and side; the value of its column is +1 where it rose, -1 where it fell.
Place = tuple[str, float, str]
Marks = Mapping[tuple[Place, str], int]
NO_MARKS: Marks = {}
RowMarks = tuple[tuple[str, str, int], ...]  # of one row: side, column, mark


class Shown(NamedTuple):
    """How old what the grid shows is: its state, its age in seconds, and when it was frozen, epoch seconds."""

    state: State
    age_s: float | None
    frozen_at: float | None = None


@dataclass(frozen=True, slots=True)
class GridTable:
    """The grid as lines. `atm` and `spot` are body line numbers, None where there is none."""

    head: tuple[Line, ...]
    body: tuple[Line, ...]
    atm: int | None
    spot: int | None


def columns_for(width: int, *, roots: bool, quotes: bool = True) -> tuple[Column, ...]:
    """Return the widest set of columns that fits twice beside the strike; without quotes, trade and close instead."""
    room = (width - _STRIKE_WIDTH - 4 - (_ROOT_WIDTH if roots else 0)) // 2
    for preset in _PRESETS:
        names = preset if quotes else (*(n for n in preset if n not in _QUOTED), "Last", "Close")
        columns = tuple(_ALL[name] for name in names)
        if sum(column.width for column in columns) <= room:
            return columns
    return tuple(_ALL[name] for name in _PRESETS[-1])


def changes(before: StrikeGrid | None, after: StrikeGrid) -> Marks:
    """Return which quotes and trades read differently in two snapshots of one chain; nothing on a first sight."""
    if before is None or before.snapshot.id.chain != after.snapshot.id.chain:
        return NO_MARKS
    old = dict(_places(before))
    marks: dict[tuple[Place, str], int] = {}
    for place, leg in _places(after):
        past = old.get(place)
        if past is None or past == leg:
            continue
        for column in _MARKED:
            was, now = column.value(past), column.value(leg)
            if was is None or now is None or was == now:
                continue
            if column.text(past) != column.text(leg):
                marks[place, column.name] = 1 if now > was else -1
    return marks


def _places(grid: StrikeGrid) -> Iterator[tuple[Place, Leg]]:
    for row in grid.rows:
        for side, leg in (("call", row.call), ("put", row.put)):
            if leg is not None:
                yield (row.root, row.strike, side), leg


def grid_table(grid: StrikeGrid, width: int, *, highest_first: bool = True, marks: Marks = NO_MARKS) -> GridTable:
    """Return the grid for a panel of `width`."""
    roots = len(grid.roots) > 1
    columns = columns_for(width, roots=roots, quotes=grid.price_source is PriceSource.MID)
    order = range(len(grid.rows) - 1, -1, -1) if highest_first else range(len(grid.rows))
    rule_before = _rule_place(grid, highest_first=highest_first)
    marked = _by_row(marks)
    body: list[Line] = []
    atm = spot = None
    for index in order:
        if index == rule_before:
            spot = len(body)
            body.append(_rule(grid, width))
        if index == grid.atm:
            atm = len(body)
        row = grid.rows[index]
        itm = (grid.spot is not None and row.strike < grid.spot, grid.spot is not None and row.strike > grid.spot)
        body.append(_row(row, index == grid.atm, itm, columns, width, roots, marked.get((row.root, row.strike), ())))
    return GridTable((_headings(columns, width, roots=roots),), tuple(body), atm, spot)


def grid_title(
    grid: StrikeGrid | None, status: ChainStatus | None, badge: str, width: int, shown: Shown | None = None
) -> Line:
    """Return the line over the grid: which chain, how fresh, and where that is not what it should be, of when."""
    end = [Span(" "), Span(badge, Role.BADGE), Span(" ")]
    if status is None:
        return justify([Span(" STRIKES", Role.HEAD)], end, width, Ground.BAR)
    chain = status.record.chain
    state = shown.state if shown else status.state
    age_s = shown.age_s if shown else status.age_s
    told = [Span(f"{state} ", STATE_ROLE[state])]
    if shown and shown.frozen_at is not None:
        told.insert(0, Span(f"FROZEN {figures.clock(shown.frozen_at)} ", Role.CAUTION))
    if grid and is_past(state):
        told.append(Span(f"LAST GOOD {figures.clock(grid.snapshot.ts)} ", Role.CAUTION))
    told.append(Span(f"{figures.age(age_s)} s" if age_s is not None else "", Role.TEXT))
    start = [Span(f" {chain.underlying} {chain.expiry.isoformat()} ", Role.HEAD)]
    roots = "  ".join(f"{root} {settlement(root)}" for root in grid.roots) if grid else ""
    for words in (f"{figures.day(chain.expiry)[-3:]}  ", f"{status.dte} DTE  ", f"{roots}  " if roots else ""):
        if length([*start, *told, *end]) + len(words) <= width:
            start.append(Span(words, Role.TEXT))
    return justify([*start, *told], end, width, Ground.BAR)


def is_past(state: State) -> bool:
    """Return whether what is shown of a chain in this state was true once, and need not be now."""
    return state not in (State.FRESH, State.AGING, State.FUTURE)


def grid_headline(grid: StrikeGrid, top: Headline, width: int) -> Line:
    """Return what the ATM says, each number with its method and how many contracts it could use."""
    straddle, move = top.straddle, top.move
    start = [
        Span(" straddle ", Role.DIM),
        Span(figures.price(straddle.value), Role.STRONG),
        Span(f" {straddle.used}/{straddle.of} {straddle.method}   EM ", Role.DIM),
        Span(f"±{figures.price(move.value)}", Role.STRONG),
        Span(f" 1 SD by {move.method} {figures.percent(top.atm_iv.value)}, {move.used}/{move.of}", Role.DIM),
    ]
    return justify(start, [Span(f"made {figures.clock(grid.snapshot.ts)} ", Role.DIM)], width)


def grid_foot(grid: StrikeGrid, width: int) -> Line:
    """Return the line that accounts for every contract of the payload."""
    rejected = len(grid.rejected)
    total = len(grid.legs) + rejected
    odd = sum(leg.condition in _CONDITION_MARK for leg in grid.legs)
    words = f" {total} contracts: {len(grid.legs)} in {len(grid.rows)} rows"
    if rejected:
        words += f", {rejected} rejected ({grid.rejected[0].reason}{', ...' if rejected > 1 else ''})"
    if odd:
        words += f", {odd} quotes crossed, locked or negative"
    reach = f"ATM {grid.snapshot.atm} ±{grid.snapshot.range_points} "
    return justify([Span(words, Role.DIM)], [Span(reach, Role.DIM)], width)


def _headings(columns: tuple[Column, ...], width: int, *, roots: bool) -> Line:
    calls = "".join(right(column.name, column.width) for column in columns)
    puts = "".join(right(column.name, column.width) for column in _mirrored(columns))
    middle = (left(" root", _ROOT_WIDTH) if roots else "") + right("STRIKE", _STRIKE_WIDTH)
    pad = " " * _margin(columns, width, roots=roots)
    return (Span(left(f"{pad}{calls} │{middle} │{puts}", width), Role.DIM),)


@lru_cache
def _mirrored(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """The put side: mirrored from the strike outwards, but bid still before ask."""
    *outer, first, second = columns
    return (first, second, *reversed(outer))


def _margin(columns: tuple[Column, ...], width: int, *, roots: bool) -> int:
    used = 2 * sum(column.width for column in columns) + _STRIKE_WIDTH + 4 + (_ROOT_WIDTH if roots else 0)
    return max(0, (width - used) // 2)


def _by_row(marks: Marks) -> dict[tuple[str, float], RowMarks]:
    found: dict[tuple[str, float], RowMarks] = {}
    for ((root, strike, side), name), mark in marks.items():
        found[root, strike] = (*found.get((root, strike), ()), (side, name, mark))
    return found


@lru_cache(maxsize=4096)
def _row(
    row: StrikeRow,
    is_atm: bool,
    itm: tuple[bool, bool],
    columns: tuple[Column, ...],
    width: int,
    roots: bool,
    marks: RowMarks,
) -> Line:
    """Return one strike's line; most rows of a new snapshot read as they did in the one before."""
    base = Ground.ATM if is_atm else Ground.PLAIN
    sides = [base if base is not Ground.PLAIN or not inside else Ground.ITM for inside in itm]
    spans = [Span(" " * _margin(columns, width, roots=roots), Role.TEXT, base)]
    spans += _side(row.call, columns, sides[0], tuple(mark[1:] for mark in marks if mark[0] == "call"))
    spans += _middle(row, is_atm=is_atm, itm=itm, roots=roots, ground=base)
    spans += _side(row.put, _mirrored(columns), sides[1], tuple(mark[1:] for mark in marks if mark[0] == "put"))
    return justify(spans, [], width, base)


def _middle(row: StrikeRow, *, is_atm: bool, itm: tuple[bool, bool], roots: bool, ground: Ground) -> list[Span]:
    """The strike between two rules; the rule beside an in-the-money leg is heavy, so that it reads without colour."""
    text = figures.strike(row.strike)
    shown = f"[{text}]" if is_atm else f"{text} "
    spans = [Span(" ┃" if itm[0] else " │", Role.DIM, ground)]
    if roots:
        spans.append(Span(left(f" {row.root}", _ROOT_WIDTH), Role.DIM, ground))
    spans.append(Span(right(shown, _STRIKE_WIDTH), Role.STRONG if is_atm else Role.HEAD, ground))
    spans.append(Span(" ┃" if itm[1] else " │", Role.DIM, ground))
    return spans


@lru_cache(maxsize=4096)
def _side(
    leg: Leg | None, columns: tuple[Column, ...], ground: Ground, marks: tuple[tuple[str, int], ...]
) -> tuple[Span, ...]:
    """One leg's cells, neighbours of one meaning joined."""
    marked = dict(marks)
    spans: list[Span] = []
    joined, meaning = "", Role.TEXT
    for column in columns:
        text = figures.MISSING if leg is None else column.text(leg)
        mark = marked.get(column.name, 0)
        role = Role.DIM if text == figures.MISSING else (Role.TEXT, Role.UP, Role.DOWN)[mark]
        if leg is not None and column.name in ("Bid", "Ask"):
            text += _CONDITION_MARK.get(leg.condition, "")
            text = _arrow(mark) + text if len(text) + 1 < column.width else text
        if joined and role is not meaning:
            spans.append(Span(joined, meaning, ground))
            joined = ""
        joined, meaning = f"{joined} {right(text, column.width - 1)}", role
    return (*spans, Span(joined, meaning, ground))


def _arrow(mark: int) -> str:
    return ("", "▴", "▾")[mark]


def _rule_place(grid: StrikeGrid, *, highest_first: bool) -> int | None:
    """Return the row index before which the spot rule is drawn, in drawing order."""
    if grid.spot is None or not grid.rows:
        return None
    below = [i for i, row in enumerate(grid.rows) if row.strike <= grid.spot]
    above = [i for i, row in enumerate(grid.rows) if row.strike > grid.spot]
    if not below or not above:
        return None
    return below[-1] if highest_first else above[0]


def _rule(grid: StrikeGrid, width: int) -> Line:
    label = f" spot {figures.level(grid.spot)} "
    dashes = "- " * width
    side = (width - len(label)) // 2
    return (
        Span(dashes[:side], Role.DIM),
        Span(label, Role.ACCENT),
        Span(dashes[: width - side - len(label)], Role.DIM),
    )
