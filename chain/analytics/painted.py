"""A strike grid with the stream's newer values painted over those of its snapshot, and which those are."""

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from chain.model.grid import Leg, StrikeGrid, condition_of, offered
from chain.model.keys import SnapshotId
from chain.model.placement import Place
from chain.pipeline.staging import Held, StagedContract, StagingMeta, Value

_QUOTE = ("bid", "ask", "bid_size", "ask_size")  # one event brings them all, or says that they are not there
# The columns that show them, or are made of them.
_QUOTED, _TRADED = ("Bid", "Ask", "Mid", "Spr%", "Spr", "BSz", "ASz", "Quote", "Lag"), ("Last", "Traded")


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
    fresh = {Place(each.strike, each.root, each.side): each for each in contracts.values() if streamed_columns(each)}
    streamed: dict[Place, tuple[str, ...]] = {}
    rows = []
    for row in grid.rows:
        legs: dict[str, Leg | None] = {"call": row.call, "put": row.put}
        for side, leg in legs.items():
            place = Place(row.strike, row.root, side)
            newer = fresh.get(place)
            if leg is not None and newer is not None:
                legs[side] = painted_leg(leg, newer)
                streamed[place] = streamed_columns(newer)
        rows.append(row if legs["call"] is row.call and legs["put"] is row.put else replace(row, **legs))
    newest = max((value.ts_ms for place in streamed for value in _streamed(fresh[place])), default=None)
    return PaintedGrid(replace(grid, rows=tuple(rows)), streamed, newest)


def _streamed(contract: StagedContract) -> list[Value]:
    """Return the values of a contract that are the stream's."""
    held = (getattr(contract, name) for name in (*_QUOTE, "last"))
    return [value for value in held if isinstance(value, Value) and value.origin == "stream"]


def streamed_columns(contract: StagedContract) -> tuple[str, ...]:
    """Return the columns of a contract's figures that are the stream's."""
    quoted = any(_is_streamed(getattr(contract, name)) for name in _QUOTE)
    return (*(_QUOTED if quoted else ()), *(_TRADED if _is_streamed(contract.last) else ()))


def _is_streamed(held: Held) -> bool:
    return isinstance(held, Value) and held.origin == "stream"


def painted_leg(leg: Leg, contract: StagedContract) -> Leg:
    """Return a contract's figures with those of the stream over them."""
    columns = streamed_columns(contract)
    if "Bid" in columns:
        bid, ask = offered(_value(contract.bid), _value(contract.ask))
        leg = replace(
            leg,
            bid=bid,
            ask=ask,
            condition=condition_of(bid, ask),
            bid_size=_value(contract.bid_size),
            ask_size=_value(contract.ask_size),
            quote_ms=max(
                (each.ts_ms for each in (contract.bid, contract.ask) if isinstance(each, Value)), default=None
            ),
        )
    if "Last" in columns and isinstance(contract.last, Value):
        leg = replace(leg, last=contract.last.value, trade_ms=contract.last.ts_ms)
    return leg


def _value(held: Held) -> float | None:
    return held.value if isinstance(held, Value) else None
