"""Which figures of a contract are shown: columns with heading, width and text, and which of them fit a width."""

from collections.abc import Callable
from functools import lru_cache

from msgspec import Struct

from chain.model.grid import Leg
from tui.lines import figures


class Column(Struct, frozen=True, eq=False):
    """One figure of a leg: its heading, how wide, how it reads, and the number by which change is told."""

    name: str
    width: int
    text: Callable[[Leg], str]
    value: Callable[[Leg], float | None]


def _spread_percent(leg: Leg) -> float | None:
    return (leg.ask - leg.bid) / leg.mid if leg.mid and leg.ask is not None and leg.bid is not None else None


COLUMNS = {
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
STRIKE = "STRIKE"  # the heading between the two sides
STRIKE_WIDTH = 8
ROOT_WIDTH = 6


def columns_for(width: int, *, roots: bool, quotes: bool = True) -> tuple[Column, ...]:
    """Return the widest set of columns that fits twice beside the strike; without quotes, trade and close instead."""
    room = (width - STRIKE_WIDTH - 4 - (ROOT_WIDTH if roots else 0)) // 2
    for preset in _PRESETS:
        names = preset if quotes else (*(n for n in preset if n not in _QUOTED), "Last", "Close")
        columns = tuple(COLUMNS[name] for name in names)
        if sum(column.width for column in columns) <= room:
            return columns
    return tuple(COLUMNS[name] for name in _PRESETS[-1])


def idle_columns(width: int) -> int:
    """Return how many of `width` columns no grid makes use of, whatever its chain's roots and quotes are."""
    shapes = [(roots, quotes) for roots in (False, True) for quotes in (False, True)]
    return min(width - _used(columns_for(width, roots=roots, quotes=quotes), roots=roots) for roots, quotes in shapes)


@lru_cache
def mirrored(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Return the put side: mirrored from the strike outwards, but bid still before ask."""
    *outer, first, second = columns
    return (first, second, *reversed(outer))


def margin(columns: tuple[Column, ...], width: int, *, roots: bool) -> int:
    """Return how many blank cells stand left of the columns, so that they are centred."""
    return max(0, (width - _used(columns, roots=roots)) // 2)


def _used(columns: tuple[Column, ...], *, roots: bool) -> int:
    """Return how wide the columns are, both sides and the strike between them."""
    return 2 * sum(column.width for column in columns) + STRIKE_WIDTH + 4 + (ROOT_WIDTH if roots else 0)
