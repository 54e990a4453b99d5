"""A strike grid with the stream's newer values painted over those of its snapshot, and which those are."""

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from chain.model.grid import Leg, StrikeGrid, condition_of, offered
from chain.model.keys import SnapshotId
from chain.model.placement import Place
from chain.pipeline.staging import Held, StagedContract, StagingMeta, Value

# What the stream brings, and the columns that show it or are made of it.
_COLUMNS = {"bid": ("Bid", "Mid", "Spr%"), "ask": ("Ask", "Mid", "Spr%"), "last": ("Last",)}


class PaintedGrid(Struct, frozen=True):
    """A grid, and which of its figures are the stream's, or made of such: columns by contract.

    `newest_ms` is the vendor's time of the newest of them, epoch ms; None where there are none.
    """

    grid: StrikeGrid
    streamed: Mapping[Place, tuple[str, ...]] = MappingProxyType({})
    newest_ms: int | None = None

    @property
    def of(self) -> SnapshotId:
        """The snapshot beneath."""
        return self.grid.snapshot.id


def stands_on(meta: StagingMeta, snapshot: SnapshotId) -> bool:
    """Whether staging stands on a snapshot or a later one, so that nothing of the stream in it is older."""
    stamp = meta.snapshot.rpartition(":")[2]
    return stamp.isdecimal() and int(stamp) >= snapshot.ts_ms


def painted(grid: StrikeGrid, meta: StagingMeta, contracts: Mapping[str, StagedContract]) -> PaintedGrid:
    """Return a grid with the values of the stream over its own; as it is where staging stands on an older snapshot.

    Which contracts there are is the snapshot's affair alone.
    """
    if not stands_on(meta, grid.snapshot.id):
        return PaintedGrid(grid)
    fresh: dict[Place, Mapping[str, Value]] = {}
    for contract in contracts.values():
        values = {name: value for name in _COLUMNS if (value := _of_stream(getattr(contract, name))) is not None}
        if values:
            fresh[Place(contract.strike, contract.root, contract.side)] = values
    streamed: dict[Place, tuple[str, ...]] = {}
    rows = []
    for row in grid.rows:
        legs: dict[str, Leg | None] = {"call": row.call, "put": row.put}
        for side, leg in legs.items():
            place = Place(row.strike, row.root, side)
            newer = fresh.get(place)
            if leg is not None and newer:
                legs[side] = _painted(leg, newer)
                streamed[place] = tuple(dict.fromkeys(column for name in newer for column in _COLUMNS[name]))
        rows.append(row if legs["call"] is row.call and legs["put"] is row.put else replace(row, **legs))
    newest = max((value.ts_ms for place in streamed for value in fresh[place].values()), default=None)
    return PaintedGrid(replace(grid, rows=tuple(rows)), streamed, newest)


def _of_stream(held: Held) -> Value | None:
    return held if isinstance(held, Value) and held.origin == "stream" else None


def _painted(leg: Leg, values: Mapping[str, Value]) -> Leg:
    bid = values["bid"].value if "bid" in values else leg.bid
    ask = values["ask"].value if "ask" in values else leg.ask
    last = values["last"].value if "last" in values else leg.last
    bid, ask = offered(bid, ask)
    return replace(leg, bid=bid, ask=ask, condition=condition_of(bid, ask), last=last)
