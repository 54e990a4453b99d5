"""What changed of a chain between two instants as a table: a row a strike, later less earlier."""

from collections.abc import Iterator

from chain.analytics.diff import GridDiff, LegDiff
from chain.model.keys import KeySchema
from chain.monitor.analytics import ChainDiff, DiffSide
from chain.monitor.explain.explanation import number, stamp
from tui.export.table import About, Cell, Table

_SIDES = ("call", "put")
_PARTS = ("{price} (points)", "IV (fraction)", "delta", "open interest (contracts)", "volume (contracts)")


def diff_table(about: About, found: ChainDiff, keys: KeySchema) -> Table | None:
    """Return what changed, rows ascending; a cell is empty where either instant lacks the figure. None without both."""
    grid = found.grid
    if grid is None:
        return None
    price = f"change of {grid.price_source}"
    heads = [f"{side} {part.format(price=price)}" for side in _SIDES for part in _PARTS]
    rows = [[row.root, row.strike, *_leg(row.call), *_leg(row.put)] for row in grid.rows]
    return Table([*about, *_moments(found, grid, keys)], ["root", "strike (points)", *heads], rows)


def _moments(found: ChainDiff, grid: GridDiff, keys: KeySchema) -> Iterator[tuple[str, str]]:
    for name, side, header in (("before", found.before, grid.before), ("after", found.after, grid.after)):
        yield f"{name} snapshot", keys.snapshot(header.id)
        yield name, _moment(side)
    yield "change of spot, points", number(grid.spot_moved)
    yield "contracts in both", str(grid.in_both)
    yield "contracts only before, only after", f"{grid.only_before}, {grid.only_after}"


def _moment(side: DiffSide) -> str:
    age = "" if side.age_s is None else f", snapshot {side.age_s:.1f} s old"
    return f"{stamp(side.at)}{age}, {side.source}"


def _leg(leg: LegDiff | None) -> Iterator[Cell]:
    if leg is None:
        yield from (None,) * len(_PARTS)
    else:
        yield from (leg.price, leg.iv, leg.delta, leg.open_interest, leg.volume)
