"""What changed of one chain between two snapshots, contract by contract."""

from collections.abc import Iterator
from decimal import Decimal

from msgspec import Struct

from chain.model.grid import Leg, PriceSource, StrikeGrid, StrikeRow
from chain.model.snapshot import SnapshotHeader


class LegDiff(Struct, frozen=True):
    """How far one contract's figures moved, after less before; None where either side lacks the figure.

    The price in points, IV a fraction, delta a number from -2 to 2, open interest and volume in contracts.
    """

    price: float | None
    iv: float | None
    delta: float | None
    open_interest: float | None
    volume: float | None


class RowDiff(Struct, frozen=True):
    """One strike of one root; a side is None where the contract is not in both snapshots."""

    root: str
    strike: float
    call: LegDiff | None
    put: LegDiff | None


class GridDiff(Struct, frozen=True):
    """Rows ascending by strike then root: every strike that either snapshot lists.

    `price_source` says what was compared as price, NONE where the two snapshots have different kinds. `atm` is the
    index of the later snapshot's ATM row, `spot` its spot, points.
    """

    before: SnapshotHeader
    after: SnapshotHeader
    rows: tuple[RowDiff, ...]
    price_source: PriceSource
    only_before: int  # contracts
    only_after: int
    spot: float | None
    spot_moved: float | None  # points
    atm: int | None

    @property
    def in_both(self) -> int:
        """How many contracts could be compared."""
        return sum(side is not None for row in self.rows for side in (row.call, row.put))


def diff(before: StrikeGrid, after: StrikeGrid) -> GridDiff:
    """Return what changed from one snapshot of a chain to another; both must be of one chain."""
    if before.snapshot.id.chain != after.snapshot.id.chain:
        raise ValueError(f"{before.snapshot.id.chain} and {after.snapshot.id.chain} are two chains")
    source = before.price_source if before.price_source is after.price_source else PriceSource.NONE
    old, new = ({(row.strike, row.root): row for row in grid.rows} for grid in (before, after))
    pairs = [(old.get(key), new.get(key)) for key in sorted(old.keys() | new.keys())]
    rows = tuple(_row(was, now, source) for was, now in pairs)
    legs = [pair for was, now in pairs for pair in _legs(was, now)]
    centre = None if after.atm is None else after.rows[after.atm]
    return GridDiff(
        before=before.snapshot,
        after=after.snapshot,
        rows=rows,
        price_source=source,
        only_before=sum(now is None for _, now in legs),
        only_after=sum(was is None for was, _ in legs),
        spot=after.spot,
        spot_moved=_moved(before.spot, after.spot),
        atm=next((at for at, (_, now) in enumerate(pairs) if now is not None and now is centre), None),
    )


def _legs(was: StrikeRow | None, now: StrikeRow | None) -> Iterator[tuple[Leg | None, Leg | None]]:
    """Yield call and put of one strike as they were and are, where there is one at all."""
    for old, new in zip(_sides(was), _sides(now), strict=True):
        if old or new:
            yield old, new


def _sides(row: StrikeRow | None) -> tuple[Leg | None, Leg | None]:
    return (row.call, row.put) if row else (None, None)


def _row(was: StrikeRow | None, now: StrikeRow | None, source: PriceSource) -> RowDiff:
    either = now or was
    assert either is not None
    call, put = (_leg(old, new, source) for old, new in zip(_sides(was), _sides(now), strict=True))
    return RowDiff(either.root, either.strike, call, put)


def _leg(was: Leg | None, now: Leg | None, source: PriceSource) -> LegDiff | None:
    if was is None or now is None:
        return None
    return LegDiff(
        price=_moved(was.price(source), now.price(source)),
        iv=_moved(was.iv, now.iv),
        delta=_moved(was.delta, now.delta),
        open_interest=_moved(was.open_interest, now.open_interest),
        volume=_moved(was.volume, now.volume),
    )


def _moved(was: float | None, now: float | None) -> float | None:
    """Return the difference of two figures as they are written, not of their binary neighbours."""
    if was is None or now is None:
        return None
    return float(Decimal(repr(now)) - Decimal(repr(was))) if was != now else 0.0
