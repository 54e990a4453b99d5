"""The page of straddles as lines: strikes down, expirations across, in each cell what call and put cost together."""

from collections.abc import Sequence
from enum import Enum

from msgspec import Struct

from chain.analytics.measures.atm import StrikeStraddle
from chain.model.keys import ChainId
from tui.lines import figures
from tui.lines.expirations import in_view
from tui.lines.line import Ground, Line, Role, Span, justify, left, length, right
from tui.lines.straddles.choice import REACH, STEPS, Rows, StraddleChoice
from tui.lines.straddles.columns import Head, StraddleColumn
from tui.lines.strip import as_of

LABEL = 12
_STRADDLE, _IV, _SIDE = 9, 6, 8  # columns of a cell's parts; signs stand in the first and last of a straddle's


class Layout(Enum):
    """What a cell shows, and in how many columns; the wider ones where all expirations have room for them."""

    STRADDLE = 11
    WITH_IV = 16
    WITH_SIDES = 31


class StraddleRows(Struct, frozen=True):
    """The rows as lines, without a cursor: `shown` are the columns in view, `keys` as they are chosen."""

    layout: Layout
    shown: slice
    rows: Rows
    keys: tuple[float, ...]
    lines: tuple[Line, ...]


class StraddleTable(Struct, frozen=True):
    """The page as lines: `keys` are the rows', `cells` where columns stand and of which chain, `cursor` a body line."""

    head: tuple[Line, ...]
    body: tuple[Line, ...]
    keys: tuple[float, ...]
    cells: tuple[tuple[int, int, ChainId], ...]
    cursor: int | None


def layout_for(width: int, columns: int) -> Layout:
    """Return the widest layout in which all expirations have room, else the narrowest."""
    room = width - LABEL
    return next((one for one in reversed(Layout) if one.value * columns <= room), Layout.STRADDLE)


def straddles_title(
    underlying: str, badge: str, width: int, rows: Rows, *, at: str = "", frozen: str = "", last_good: str = ""
) -> Line:
    """Return the line over the page.

    `at` is the instant of the past that is shown, `frozen` the time of day at which the view was frozen, `last_good`
    that of the snapshot of the chosen chain where it has no current one.
    """
    end = [Span(" "), Span(badge, Role.BADGE), Span(" ")]
    start = [Span(f" STRADDLES {underlying} ", Role.HEAD), *as_of(at)]
    start += [Span(f" FROZEN {frozen} ", Role.CAUTION)] if frozen else []
    start += [Span(f" LAST GOOD {last_good} ", Role.CAUTION)] if last_good else []
    room = width - length([*start, *end])
    told = (f" call + put in points, by {rows} ", f" by {rows} ")
    start += [Span(words) for words in told if len(words) <= room][:1]
    return justify(start, end, width, Ground.BAR)


def row_keys(columns: Sequence[StraddleColumn], rows: Rows, *, highest_first: bool) -> tuple[float, ...]:
    """Return what the rows are: every strike that any expiration lists, or quarters of a standard deviation."""
    if rows is Rows.STRIKE:
        keys = sorted({strike for column in columns for strike in column.strikes})
    else:
        keys = [float(step) for step in range(-REACH * STEPS, REACH * STEPS + 1)]
    return tuple(keys[::-1] if highest_first else keys)


def chosen_key(keys: Sequence[float], column: StraddleColumn | None, choice: StraddleChoice) -> float | None:
    """Return the row under the cursor: the chosen one or what is nearest to it, else the ATM of a column."""
    if choice.rows is Rows.SD:
        wanted: float | None = choice.step
    else:
        wanted = choice.strike if choice.strike is not None or column is None else column.atm
    if wanted is None:
        return keys[len(keys) // 2] if keys else None
    return min(keys, key=lambda key: abs(key - wanted), default=None)


def straddle_rows(
    columns: Sequence[StraddleColumn], rows: Rows, at: int, width: int, *, highest_first: bool
) -> StraddleRows:
    """Return the rows as lines, without a cursor; `at` is the column that has to be in view."""
    layout = layout_for(width, len(columns))
    shown = in_view(columns, at, (width - LABEL) // layout.value)
    keys = row_keys(columns, rows, highest_first=highest_first)
    lines = tuple(_row(key, columns[shown], rows, layout) for key in keys)
    return StraddleRows(layout, shown, rows, keys, lines)


def straddle_table(
    rows: StraddleRows, columns: Sequence[StraddleColumn], heads: Sequence[Head], choice: StraddleChoice, at: int
) -> StraddleTable:
    """Return the page as lines, with a cursor in the column `at`."""
    shown, layout = columns[rows.shown], rows.layout
    chosen = columns[at] if columns else None
    key = chosen_key(rows.keys, chosen, choice)
    more = f"+{len(columns) - len(shown)}" if len(shown) < len(columns) else ""
    head = [_heading(head, shown, chosen, layout, more if number == 0 else "") for number, head in enumerate(heads)]
    begins = range(LABEL, LABEL + layout.value * len(shown), layout.value)
    cells = tuple(
        (begin, begin + layout.value, column.expiration.chain) for begin, column in zip(begins, shown, strict=True)
    )
    body, cursor = rows.lines, None
    if key is not None:
        cursor = rows.keys.index(key)
        line = _row(key, shown, rows.rows, layout, chosen)
        body = (*body[:cursor], line, *body[cursor + 1 :])
    return StraddleTable((*head, _names(shown, rows.rows, layout)), body, rows.keys, cells, cursor)


def _heading(
    head: Head, shown: Sequence[StraddleColumn], chosen: StraddleColumn | None, layout: Layout, more: str
) -> Line:
    spans = [Span(left(f" {head.label}"[: LABEL - len(more)], LABEL - len(more)), Role.DIM), Span(more, Role.ACCENT)]
    for column in shown:
        text, role, _ = head.span(column)
        mark = ">" if role is Role.HEAD and column is chosen else ""
        if column.expiration.is_past and role is Role.TEXT:
            role = Role.DIM
        spans.append(Span(right(f"{mark}{text}", layout.value - 1) + " ", role))
    return tuple(spans)


def _names(shown: Sequence[StraddleColumn], rows: Rows, layout: Layout) -> Line:
    """Return the line that says what the parts of a cell are."""
    iv = right("IV %", _IV)
    words = {
        Layout.STRADDLE: "straddle ",
        Layout.WITH_IV: f"{iv} straddle ",
        Layout.WITH_SIDES: f"{right('call', _SIDE)}{right('put', _SIDE)}{iv}{right('C + P ', _STRADDLE)}",
    }[layout]
    label = "strike" if rows is Rows.STRIKE else "SD"
    return (Span(left(f" {label}", LABEL), Role.DIM), *(Span(right(words, layout.value), Role.DIM) for _ in shown))


def _row(
    key: float, shown: Sequence[StraddleColumn], rows: Rows, layout: Layout, chosen: StraddleColumn | None = None
) -> Line:
    """Return a row; `chosen` is the column in which the cursor stands on it."""
    by_strike = rows is Rows.STRIKE
    label = figures.strike(key) if by_strike else f"{key / STEPS:+.2f}"
    spans = [Span(right(label, LABEL - 1) + " ", Role.STRONG if chosen is not None else Role.TEXT)]
    for column in shown:
        strike = key if by_strike else column.at_step(round(key))
        found = None if strike is None else column.straddles.get(strike)
        spans += _cell(found, column, layout, under=column is chosen)
    return tuple(spans)


def _cell(found: StrikeStraddle | None, column: StraddleColumn, layout: Layout, *, under: bool) -> list[Span]:
    """Return a cell; `under`: the cursor stands on it."""
    value, iv = (found.value, found.iv) if found else (None, None)
    is_atm = found is not None and found.strike == column.atm
    quiet = column.expiration.is_past
    role = Role.DIM if quiet or value is None else Role.TEXT
    begin, end = ("[", "]") if is_atm else (" ", " ")
    ground = Ground.ATM if is_atm else Ground.PLAIN
    if under:
        begin, end, ground, role = ">", "]" if is_atm else "<", Ground.CURSOR, Role.STRONG
    straddle = Span(f"{begin}{right(figures.price(value), _STRADDLE - 2)}{end}", role, ground)
    spans = []
    if layout is Layout.WITH_SIDES:
        sides = (found.call, found.put) if found else (None, None)
        texts = "".join(right(figures.price(each), _SIDE) for each in sides)
        spans.append(Span(texts, Role.DIM if quiet or found is None else Role.TEXT))
    if layout is not Layout.STRADDLE:
        spans.append(Span(right(figures.percent(iv), _IV), Role.DIM))
    return [*spans, Span(" " * (layout.value - length(spans) - _STRADDLE)), straddle]


def straddle_foot(table: StraddleTable, columns: Sequence[StraddleColumn], chosen: int, choice: StraddleChoice) -> str:
    """Return the cell under the cursor in words: what it is made of, and how far it is from the money."""
    if table.cursor is None or not columns:
        return ""
    column, key = columns[chosen], table.keys[table.cursor]
    day = column.expiration.day
    strike = key if choice.rows is Rows.STRIKE else column.at_step(round(key))
    if strike is None:
        return f"{day}: the slice does not reach {key / STEPS:+.2f} SD" if column.strikes else f"{day}: no snapshot"
    found = column.straddles.get(strike)
    if found is None:
        return (
            f"{day}: {figures.strike(strike)} is not listed in its slice" if column.strikes else f"{day}: no snapshot"
        )
    away = column.deviations(strike)
    words = f"{day} {figures.strike(strike)}: call {figures.price(found.call)} + put {figures.price(found.put)}"
    words += f" = {figures.price(found.value)}, {column.source}"
    words += "" if away is None else f"; {away:+.2f} SD"
    words += f"; IV {figures.percent(found.iv)} %, mean of both"
    return words if away is None else f"{words}; SD from the forward {figures.level(column.forward)}"
