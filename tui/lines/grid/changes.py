"""Which figures read differently in a new snapshot of a chain than in the one before."""

from collections.abc import Iterator, Mapping

from chain.model.grid import Leg, StrikeGrid
from chain.model.placement import Place
from tui.lines.grid.columns.catalogue import COLUMNS, NO_FACTS

_WATCHED = tuple(COLUMNS[name] for name in ("Bid", "Ask", "Last"))  # what moves at every tick is no news

Changes = Mapping[tuple[Place, str], int]  # by contract and column: +1 where it rose, -1 where it fell
NO_CHANGES: Changes = {}
LegChanges = tuple[tuple[str, int], ...]  # of one contract: column and direction


def changes(before: StrikeGrid | None, after: StrikeGrid) -> Changes:
    """Return which quotes and trades read differently in two snapshots of one chain; nothing on a first sight."""
    if before is None or before.snapshot.id.chain != after.snapshot.id.chain:
        return NO_CHANGES
    old = {(row.strike, row.root): row for row in before.rows}
    found: dict[tuple[Place, str], int] = {}
    for row in after.rows:
        past = old.get((row.strike, row.root))
        if past is None or past == row:
            continue
        for side, was, now in (("call", past.call, row.call), ("put", past.put, row.put)):
            for name, direction in _moves(was, now):
                found[Place(row.strike, row.root, side), name] = direction
    return found


def _moves(was: Leg | None, now: Leg | None) -> Iterator[tuple[str, int]]:
    """Yield the watched columns of a contract that read differently, each with its direction."""
    if was is None or now is None:
        return
    for column in _WATCHED:
        before, after = column.value(was, NO_FACTS), column.value(now, NO_FACTS)
        if before is None or after is None or before == after:
            continue
        if column.text(before) != column.text(after):
            yield column.name, 1 if after > before else -1


def by_leg(found: Changes) -> dict[Place, LegChanges]:
    """Return the changes of each contract that has any."""
    legs: dict[Place, LegChanges] = {}
    for (place, name), direction in found.items():
        legs[place] = (*legs.get(place, ()), (name, direction))
    return legs
