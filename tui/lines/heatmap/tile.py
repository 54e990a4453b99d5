"""One tile: in a line under the heatmap, and in full beside it."""

from datetime import date
from itertools import zip_longest

from chain.pipeline.heatmap import HeatmapModel, Tile
from tui.lines import figures
from tui.lines.heatmap.choice import Across
from tui.lines.heatmap.matrix import Column, Matrix
from tui.lines.line import EMPTY, Ground, Line, Role, Span, dimmed, justify, left, right

_NOWHERE = ("", "0-0")  # before the first entry of the stream
_LABEL = 16
_NUMBER = 12
_COLUMN = 38  # cells, of one of two columns


def tile_summary(matrix: Matrix) -> str:
    """Return the tile under the cursor in a line: what it is, what it costs, and what it can bring.

    Where columns are expirations, it says which; of one whose snapshot is old, in which state that is.
    """
    place = _place(matrix)
    if place is None:
        return "no tile"
    column, tile = place[1], matrix.chosen
    day = f"{date.fromisoformat(column.expiration):%m-%d} " if matrix.across is Across.EXPIRATION else ""
    state = "" if column.is_current else f"{column.state} "
    name = f"{day}{state}{_named(*place, matrix)}:"
    if tile is None:
        return f"{name} no tile, a leg has no mid"
    if tile.debit is None:
        return f"{name} NA, the mids give a negative debit"
    profit, loss = _bound(tile.max_profit, tile), _bound(tile.max_loss, tile)
    return f"{name} debit {figures.price(tile.debit)}, max profit {profit}, max loss {loss}"


def tile_title(badge: str, width: int) -> Line:
    """Return the line over a tile in full."""
    return justify([Span(" TILE", Role.HEAD)], [Span(badge, Role.BADGE), Span(" ")], width, Ground.BAR)


def tile_lines(matrix: Matrix, model: HeatmapModel, now_s: float, width: int) -> list[Line]:
    """Return all that is known of the tile under the cursor, whose age counts up to `now_s`, epoch seconds.

    What it costs stands over what it is made of; in a panel that is wide enough, beside it.
    """
    place = _place(matrix)
    if place is None:
        return []
    strike, column = place
    day = figures.day(date.fromisoformat(column.expiration))
    head: list[Line] = [(Span(left(f" {day} {_named(strike, column, matrix)}", width), Role.STRONG),)]
    beside = width >= 2 * _COLUMN
    each = _COLUMN if beside else width
    tile = matrix.chosen
    money: list[Line]
    legs: list[Line]
    if tile is None:
        money, legs = [(Span(left(" no tile: a leg has no mid", each), Role.DIM),)], []
    else:
        money, legs = _money(tile, now_s, each), _legs(tile, each)
        money = money if column.is_current else [dimmed(line) for line in money]
    origin = _origin(column, model, each)
    if not beside:
        return [*head, EMPTY, *money, *([EMPTY, *legs] if legs else []), EMPTY, *origin]
    blank: Line = (Span(" " * each),)
    return [*head, *((*one, *other) for one, other in zip_longest(money, [*legs, *origin], fillvalue=blank))]


def _money(tile: Tile, now_s: float, width: int) -> list[Line]:
    debit = "NA, negative" if tile.debit is None else figures.price(tile.debit)
    lines = [
        _entry("debit", debit, width, Role.STRONG),
        _entry("max profit", _bound(tile.max_profit, tile), width),
        _entry("max loss", _bound(tile.max_loss, tile), width),
    ]
    if tile.debit and tile.max_profit is not None:
        lines.append(_entry("profit to loss", f"{tile.max_profit / tile.debit:.1f}", width))
    return [*lines, _entry("oldest leg", figures.how_old(max(0.0, now_s - tile.oldest_ms / 1000)), width)]


def _legs(tile: Tile, width: int) -> list[Line]:
    words = (f"{'buy' if count > 0 else 'sell'} {abs(count)} x {figures.strike(strike)}" for strike, count in tile.legs)
    return [_entry("" if at else "legs", text, width) for at, text in enumerate(words)]


def _origin(column: Column, model: HeatmapModel, width: int) -> list[Line]:
    """Return what the tile was made of."""
    made = next((one for one in model.expirations if one.expiration == column.expiration), None)
    if made is None:
        return []
    stamp = made.snapshot.rpartition(":")[2]
    when = figures.clock(int(stamp) / 1000) if stamp.isdecimal() else figures.MISSING
    return [
        _entry("snapshot", f"{when} {made.state}", width, Role.TEXT if column.is_current else Role.ALARM),
        _entry("stream up to", figures.MISSING if made.position in _NOWHERE else made.position, width),
        _entry("model", model.version[:12], width),
    ]


def _entry(name: str, text: str, width: int, role: Role = Role.TEXT) -> Line:
    shown = right(text, _NUMBER) if len(text) <= _NUMBER else text
    return (Span(left(f" {name}", _LABEL), Role.DIM), Span(left(shown, max(0, width - _LABEL)), role))


def _bound(value: float | None, tile: Tile) -> str:
    """Return the most that a tile can bring or cost; nothing is known of one whose debit is not."""
    if value is not None:
        return figures.price(value)
    return figures.MISSING if tile.debit is None else "unlimited"


def _place(matrix: Matrix) -> tuple[float, Column] | None:
    if matrix.row is None or matrix.column is None:
        return None
    return matrix.strikes[matrix.row], matrix.columns[matrix.column]


def _named(strike: float, column: Column, matrix: Matrix) -> str:
    """Return what a tile of a day is called: `6930 butterfly call 25 wide`."""
    wide = "" if matrix.strategy == "single" else f" {column.width:.10g} wide"
    return f"{figures.strike(strike)} {matrix.strategy} {matrix.side}{wide}"
