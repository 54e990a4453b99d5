"""The tiles of a page: a row for each strike, a column for each width of one expiration or each expiration."""

from collections.abc import Mapping

from msgspec import Struct

from chain.monitor.states import State
from chain.pipeline.heatmap import HeatmapModel, Strategy, Tile, tile_name
from chain.pipeline.heatmap_index import HeatmapIndex
from tui.lines.heatmap.choice import Across, TileChoice


class Column(Struct, frozen=True):
    """One column: the expiration and the width, in points, of its tiles, and the state of what they are made of."""

    expiration: str
    width: float
    dte: int | None = None
    state: str = ""

    @property
    def is_current(self) -> bool:
        """Whether what stands in it may be taken for now."""
        return self.state in ("", State.FRESH, State.AGING)


class Matrix(Struct, frozen=True):
    """A page. Strikes ascend; `tiles` are by strike, then by column; `atm` and the cursor are places in them."""

    strategy: Strategy
    side: str
    across: Across
    columns: tuple[Column, ...]
    strikes: tuple[float, ...]
    tiles: tuple[tuple[Tile | None, ...], ...]
    spot: float | None
    atm: int | None
    row: int | None  # of the cursor
    column: int | None

    @property
    def debits(self) -> list[float]:
        """What its tiles cost, in points, those of a negative debit left out."""
        return [tile.debit for row in self.tiles for tile in row if tile is not None and tile.debit is not None]

    @property
    def chosen(self) -> Tile | None:
        """The tile under the cursor."""
        return None if self.row is None or self.column is None else self.tiles[self.row][self.column]


def matrix_of(
    model: HeatmapModel, index: HeatmapIndex, choice: TileChoice, expiration: str, across: Across | None = None
) -> Matrix:
    """Return the page that a choice is about; `expiration` is the one that is looked at.

    `across` is what its columns are, where that is not what the choice says.
    """
    across = across or choice.across
    columns = _columns(model, index, choice, expiration, across)
    by_column = [index.strikes.get((column.expiration, choice.side), ()) for column in columns]
    listed = sorted({strike for some in by_column for strike in some})
    rows = {
        strike: tuple(
            model.tiles.get(tile_name(choice.strategy, c.expiration, c.width, strike, choice.side)) for c in columns
        )
        for strike in listed
    }
    centre = float(model.atm) if model.spot is None else model.spot
    strikes = _trimmed(rows, centre)
    tiles = tuple(rows[strike] for strike in strikes)
    atm = nearest(strikes, centre)
    row = atm if choice.strike is None else nearest(strikes, choice.strike)
    return Matrix(
        choice.strategy,
        choice.side,
        across,
        columns,
        strikes,
        tiles,
        model.spot,
        atm,
        row,
        _cursor(columns, across, expiration, choice.width_in(index)),
    )


def _trimmed(rows: Mapping[float, tuple[Tile | None, ...]], centre: float) -> tuple[float, ...]:
    """Return the strikes from the first that has a tile to the last, and the one nearest to the centre in any case."""
    strikes = tuple(rows)
    kept = [strike for strike, tiles in rows.items() if any(tile is not None for tile in tiles)]
    middle = nearest(strikes, centre)
    if middle is None:
        return ()
    kept.append(strikes[middle])
    return tuple(strike for strike in strikes if min(kept) <= strike <= max(kept))


def nearest(strikes: tuple[float, ...], level: float) -> int | None:
    """Return the place of the strike nearest to a level, of two the lower; None where there are none."""
    return min(range(len(strikes)), key=lambda at: abs(strikes[at] - level), default=None)


def _columns(
    model: HeatmapModel, index: HeatmapIndex, choice: TileChoice, expiration: str, across: Across
) -> tuple[Column, ...]:
    made = {one.expiration: one for one in model.expirations}

    def column(day: str, width: float) -> Column:
        of = made.get(day)
        return Column(day, width, of.dte if of else None, of.state if of else "")

    if across is Across.WIDTH:
        return tuple(column(expiration, width) for width in index.widths.get(choice.strategy, ()))
    width = choice.width_in(index)
    return tuple(column(day, width) for day in index.expirations if (day, choice.side) in index.strikes)


def _cursor(columns: tuple[Column, ...], across: Across, expiration: str, width: float) -> int | None:
    for at, column in enumerate(columns):
        if column.width == width if across is Across.WIDTH else column.expiration == expiration:
            return at
    return 0 if columns else None
