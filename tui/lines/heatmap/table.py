"""The body of the heatmap: a line a strike, each debit on the ground of its step, the spot between two strikes."""

from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from chain.pipeline.heatmap import Tile
from tui.lines import figures
from tui.lines.grid.rows import rule, rule_place
from tui.lines.heatmap.choice import Across
from tui.lines.heatmap.matrix import Column, Matrix
from tui.lines.heatmap.scale import Scale
from tui.lines.line import EMPTY, HEAT, Ground, Line, Role, Span, dimmed, justify, left, right
from tui.terminal.heat import SHADES

STRIKE_WIDTH = 11
_CELL = (6, 14)  # narrowest and widest
NOT_AVAILABLE = "NA"
_STATE_SIGN = {"AGING": "·", "STALE": "!"}


class Paint(Struct, frozen=True):
    """How steps are shown: on grounds of so many colours, or by characters."""

    steps: int
    shaded: bool = False

    def swatch(self, step: int, text: str, width: int) -> Span:
        """Return a text on the ground of a step, right-aligned; shaded, the step's character stands before it."""
        step = min(step, self.steps - 1)
        if not self.shaded:
            return Span(f"{right(text, width - 1)} ", Role.TEXT, HEAT[step])
        return Span(f" {SHADES[step] * 2}{right(text, width - 4)} ")

    def meaning(self, step: int, text: str, width: int) -> Span:
        """Return what a step means, as a swatch; shaded, right behind its character, lest it be read with the next."""
        if not self.shaded:
            return self.swatch(step, text, width)
        return Span(f" {SHADES[min(step, self.steps - 1)] * 2} {left(text, width - 4)}")


class HeatTable(Struct, frozen=True):
    """The heatmap as lines. `atm`, `spot` and `cursor` are body line numbers, None where there is none."""

    head: tuple[Line, ...]
    body: tuple[Line, ...]
    strikes: tuple[float | None, ...]  # of each body line
    first: int  # the first column that fits
    cell: int  # how wide a column is
    atm: int | None
    spot: int | None
    cursor: int | None

    def padded(self, above: int, below: int) -> "HeatTable":
        """Return the same with so many empty lines above and below its body, to stand level with another."""
        empty: tuple[Line, ...] = (EMPTY,)
        atm, spot, cursor = (None if at is None else at + above for at in (self.atm, self.spot, self.cursor))
        return replace(
            self,
            body=(*empty * above, *self.body, *empty * below),
            strikes=((None,) * above + self.strikes + (None,) * below),
            atm=atm,
            spot=spot,
            cursor=cursor,
        )

    def column_at(self, x: int) -> int | None:
        """Return the column under a screen column."""
        return None if x < STRIKE_WIDTH else self.first + (x - STRIKE_WIDTH) // self.cell


def heat_table(
    matrix: Matrix, scale: Scale, paint: Paint, width: int, *, highest_first: bool, current: bool
) -> HeatTable:
    """Return a page for a panel of `width`; unless it is `current`, no debit has a step."""
    room, count = max(1, width - STRIKE_WIDTH), len(matrix.columns)
    cell = max(_CELL[0] + 2 * paint.shaded, min(_CELL[1], room // max(1, count)))
    fitting = max(1, room // cell)
    first = max(0, min((matrix.column or 0) - fitting // 2, count - fitting))
    shown = range(first, min(count, first + fitting))
    used = STRIKE_WIDTH + cell * len(shown)
    rows = range(len(matrix.strikes))
    rule_before = rule_place(matrix.strikes, matrix.spot, highest_first=highest_first)
    body: list[Line] = []
    strikes: list[float | None] = []
    spot = None
    for row in reversed(rows) if highest_first else rows:
        if row == rule_before:
            spot = len(body)
            ruled = rule(matrix.spot, min(width, used))
            body.append(ruled if current else dimmed(ruled))
            strikes.append(None)
        cells = [_cell(matrix, row, at, scale, paint, cell, current=current) for at in shown]
        body.append(justify([_strike(matrix, row), *_joined(cells)], [], width))
        strikes.append(matrix.strikes[row])
    place = {strike: line for line, strike in enumerate(strikes) if strike is not None}
    atm, cursor = (None if at is None else place[matrix.strikes[at]] for at in (matrix.atm, matrix.row))
    return HeatTable(
        (_headings(matrix, shown, cell, width),), tuple(body), tuple(strikes), first, cell, atm, spot, cursor
    )


def _strike(matrix: Matrix, row: int) -> Span:
    text = figures.strike(matrix.strikes[row])
    shown = f"[{text}] " if row == matrix.atm else f"{text}  "
    ground = Ground.ATM if row == matrix.atm else Ground.PLAIN
    return Span(right(shown, STRIKE_WIDTH), Role.STRONG if row in (matrix.atm, matrix.row) else Role.TEXT, ground)


def _cell(matrix: Matrix, row: int, at: int, scale: Scale, paint: Paint, width: int, *, current: bool) -> Span:
    tile = matrix.tiles[row][at]
    text = tile_text(tile, width - 2 - 2 * paint.shaded)
    if (row, at) == (matrix.row, matrix.column):
        return Span(f">{right(text, width - 2)}<", Role.STRONG, Ground.CURSOR)
    if tile is None or tile.debit is None or not (current and matrix.columns[at].is_current):
        return Span(f"{right(text, width - 1)} ", Role.DIM)
    return paint.swatch(scale.step(tile.debit), text, width)


def tile_text(tile: Tile | None, room: int) -> str:
    """Return a tile's debit in at most `room` characters: fewer decimals where they do not fit, else `#`."""
    if tile is None:
        return figures.MISSING
    if tile.debit is None:
        return NOT_AVAILABLE
    forms = (figures.price(tile.debit), f"{tile.debit:.1f}", f"{tile.debit:.0f}")
    return next((form for form in forms if len(form) <= room), "#" * room)


def _joined(cells: list[Span]) -> list[Span]:
    """Return cells with neighbours of one meaning as one span: a terminal is sent fewer styles."""
    spans: list[Span] = []
    for cell in cells:
        if spans and spans[-1][1:] == cell[1:]:
            spans[-1] = cell._replace(text=spans[-1].text + cell.text)
        else:
            spans.append(cell)
    return spans


def _headings(matrix: Matrix, shown: range, cell: int, width: int) -> Line:
    """Return what each column is; where not all fit, how many more there are at either side."""
    spans = [Span(right("STRIKE  ", STRIKE_WIDTH), Role.DIM)]
    for at in shown:
        text = heading(matrix.columns[at], matrix.across, cell - 2)
        chosen = at == matrix.column
        spans.append(Span(f"{right(text, cell - 1)} ", Role.ACCENT if chosen else Role.HEAD))
    more = [f"‹{shown.start}" if shown.start else "", f"{len(matrix.columns) - shown.stop}›"]
    hidden = [
        words for words, is_there in zip(more, (shown.start, shown.stop < len(matrix.columns)), strict=True) if is_there
    ]
    return justify(spans, [Span(" ".join(hidden), Role.ACCENT)] if hidden else [], width)


def heading(column: Column, across: Across, room: int) -> str:
    """Return a column's name: its width, or its date and days to expiry; with a sign where its snapshot is old."""
    if across is Across.WIDTH:
        return f"{column.width:.10g}"
    day = f"{date.fromisoformat(column.expiration):%m-%d}"
    sign = _STATE_SIGN.get(column.state, "" if column.state in ("FRESH", "") else "x")
    dte = "" if column.dte is None else f" {column.dte}d"
    return next((text for text in (f"{day}{dte}{sign}", f"{day}{sign}") if len(text) <= room), day)
