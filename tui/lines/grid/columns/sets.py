"""Which columns are shown: named sets and the reader's own list, and how much of them fits a width."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby, product

from msgspec import Struct
from msgspec.structs import replace

from tui.lines.grid.columns.catalogue import COLUMNS, NARROWEST, QUOTED, ROOT_WIDTH, STRIKE_WIDTH, Column

OWN = "own"
_LEAST_TAGS, _TAGS, _MOST_TAGS = 2, 5, 8  # width of the tags beside the strike: for one, two, and three
_LEAST_COLUMNS = 2
_MOST_BAR = 28
_RULES = 4  # columns of the two rules beside the strike, with their blanks

# From the strike outwards, for all sets that do not say otherwise.
_OUTWARDS = (
    *("ASz", "Ask", "Bid", "BSz", "Mid", "Spr%", "Spr", "Quote", "Lag", "D", "IV", "IVmid", "Gamma", "Theta", "Vega"),
    *("Last", "Traded", "Close", "GEX", "Vol/OI", "Vol", "Vol bar", "OI", "OI bar"),
)
_BLOCKS = (("BSz", "Bid", "Ask", "ASz"), ("Last", "Close"))  # where neighbours, in this order on both sides
_PLACE_IN_BLOCK = {name: at for block in _BLOCKS for at, name in enumerate(block)}
_BLOCK_OF = {name: block for block in _BLOCKS for name in block}


class ColumnSet(Struct, frozen=True):
    """A choice of columns, the most important first; where there is no room for all, the last are left out.

    `outwards`: their order from the strike to the edge.
    """

    name: str
    ranked: tuple[str, ...]
    outwards: tuple[str, ...] = _OUTWARDS


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split(", "))


COLUMN_SETS = {
    one.name: one
    for one in (
        ColumnSet(
            "standard",
            _names("Bid, Ask, D, IV, OI, Vol, Gamma, Mid, Theta, Spr%, Vega, OI bar, Lag, Last, Vol bar, Vol/OI, GEX"),
        ),
        ColumnSet(
            "price", _names("Bid, Ask, Mid, Spr%, Last, Spr, D, IV, BSz, ASz, Lag, Traded, Close, OI, Vol, OI bar")
        ),
        ColumnSet("greeks", _names("D, IV, Gamma, Theta, Vega, Ask, Bid, Mid, IVmid, OI, GEX, OI bar, Vol, Spr%")),
        ColumnSet(
            "flow",
            _names("OI, Vol, OI bar, GEX, Vol/OI, Vol bar, Bid, Ask, D, IV, Gamma, Last"),
            _names("OI bar, OI, Vol bar, Vol, Vol/OI, GEX, Ask, Bid, Last, D, IV, Gamma"),
        ),
        ColumnSet("quality", _names("Bid, Ask, Spr%, Lag, BSz, ASz, Quote, Mid, Spr, Last, Traded, IV, IVmid, D")),
    )
}
STANDARD = COLUMN_SETS["standard"]


def own_columns(names: tuple[str, ...]) -> ColumnSet:
    """Return the reader's own columns, which are named from the strike outwards, the most important first."""
    return ColumnSet(OWN, names, names)


class Layout(Struct, frozen=True):
    """The columns of a grid from the left edge to the strike, and how wide everything is. All widths in characters.

    `tags` is the room for the marks of levels beside the strike, 0 where there is none.
    """

    columns: tuple[Column, ...]
    width: int
    strike: int
    tags: int
    roots: bool

    @property
    def before_strike(self) -> int:
        """How wide what stands between the calls and the strike is."""
        return _RULES // 2 + self.tags + (ROOT_WIDTH if self.roots else 0)

    @property
    def used(self) -> int:
        """How wide the grid is."""
        sides = 2 * sum(column.width for column in self.columns)
        return sides + self.before_strike + self.strike + _RULES // 2

    @property
    def margin(self) -> int:
        """How many blank columns stand left of the grid, so that it is centred."""
        return max(0, (self.width - self.used) // 2)


@lru_cache(maxsize=64)
def layout_for(
    width: int,
    chosen: ColumnSet = STANDARD,
    *,
    roots: bool = False,
    quotes: bool = True,
    strike: int = STRIKE_WIDTH,
    tags: bool = False,
    bars: bool = False,
) -> Layout:
    """Return as many of the chosen columns as fit twice beside the strike; what is left widens tags and bars.

    Without quotes the last trade and the close stand in place of what needs them. `strike`: its width; `tags`: with
    marks beside it.
    """
    bare = Layout((), width, strike, _LEAST_TAGS if tags else 0, roots)
    kept, room = _fitting(chosen, (width - bare.used) // 2, quotes=quotes, bars=bars)
    more = min(_TAGS - _LEAST_TAGS, 2 * room) if tags else 0
    order = {name: at for at, name in enumerate(chosen.outwards)}
    outwards = sorted(_stretched(kept, room - -(-more // 2)), key=lambda column: order.get(column.name, 0))
    found = replace(bare, columns=_in_order(outwards[::-1]))
    return replace(found, tags=min(_MOST_TAGS, bare.tags + max(0, width - found.used))) if tags else found


def _fitting(chosen: ColumnSet, room: int, *, quotes: bool, bars: bool) -> tuple[list[Column], int]:
    """Return what fits into the room of one side, at least two columns, and how much of it is left.

    A column that does not fit gives way to less important ones that do.
    """
    names = [name for name in chosen.ranked if bars or not COLUMNS[name].bar]
    if not quotes:
        names = ["Last", "Close", *(name for name in names if name not in QUOTED and name != "Close")]
    kept: list[Column] = []
    for name in names:
        column = COLUMNS[name]
        if len(kept) < _LEAST_COLUMNS or column.width <= room:
            kept.append(column)
            room -= column.width
    return kept, max(0, room)


def _stretched(columns: list[Column], room: int) -> list[Column]:
    """Return columns with their bars as wide as the room that is left allows."""
    bars = sum(column.bar for column in columns)
    more = room // bars if bars else 0
    return [
        replace(column, width=min(_MOST_BAR, column.width + more)) if column.bar and more else column
        for column in columns
    ]


@lru_cache(maxsize=64)
def mirrored(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Return the put side: mirrored from the strike outwards, but bid still before ask."""
    return _in_order(columns[::-1])


def _in_order(columns: Sequence[Column]) -> tuple[Column, ...]:
    """Return columns from left to right, those that stand beside others of their block in its own order."""
    found: list[Column] = []
    for _, group in groupby(columns, key=lambda column: _BLOCK_OF.get(column.name)):
        found += sorted(group, key=lambda column: _PLACE_IN_BLOCK.get(column.name, 0))
    return tuple(found)


@lru_cache(maxsize=64)
def idle_columns(width: int) -> int:
    """Return how many of `width` columns the standard grid makes no use of, whatever its chain's roots and quotes."""
    idle = []
    for roots, quotes in product((False, True), repeat=2):
        bare = Layout((), width, NARROWEST, _LEAST_TAGS, roots)
        kept, _ = _fitting(STANDARD, (width - bare.used) // 2, quotes=quotes, bars=True)
        idle.append(width - replace(bare, columns=tuple(kept)).used)
    return min(idle)
