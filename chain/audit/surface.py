"""The contracts of one snapshot against the contract's section 4.1: a surface of calls and puts on a consistent grid.

An item is the vendor's own object, so sides, strikes and dates are looked for in its `details`.
"""

from collections.abc import Iterator, Sequence

from msgspec import UNSET, Struct

from chain.audit.clauses import Clause, Finding
from chain.model.contract import Details, Item, number, part
from chain.model.keys import ChainId
from chain.model.placement import root_of
from chain.text import clean, shown

ONE_SIDED_SHARE = 0.05  # of a window's strikes; up to here a listing that is new or ending explains them
_SIDES = ("call", "put")


class _Placed(Struct, frozen=True):
    """What of a contract places it on the surface; strike None where it is no positive number."""

    index: int
    details: Details
    root: str
    side: str
    strike: float | None


def surface_findings(contracts: Sequence[Item], chain: ChainId, around: tuple[int, int] | None) -> Iterator[Finding]:
    """Yield what the contracts of a snapshot keep and break; `around` is atm and range_points, None where unsound."""
    items = [_place(index, item, chain) for index, item in enumerate(contracts)]
    yield _both_sides(items)
    yield _strike_grid(items)
    if around is not None:
        yield _in_range(items, *around)
    yield _one_expiration(items, chain)


def _place(index: int, item: Item, chain: ChainId) -> _Placed:
    details = part(item.details, Details)
    strike = number(details.strike_price)
    root = root_of(details.ticker, chain.underlying)
    side = details.contract_type if isinstance(details.contract_type, str) else shown(details.contract_type)
    return _Placed(index, details, root, side, strike if strike and strike > 0 else None)


def _both_sides(items: Sequence[_Placed]) -> Finding:
    for item in items:
        if item.side not in _SIDES:
            return Finding(
                Clause.BOTH_SIDES,
                f"contracts[{item.index}]: contract_type {shown(item.details.contract_type)} is neither call nor put",
            )
    sides = {item.side for item in items}
    missing = [side for side in _SIDES if side not in sides]
    return Finding(Clause.BOTH_SIDES, f"{len(items)} contracts and no {missing[0]}" if missing else "")


def _strike_grid(items: Sequence[_Placed]) -> Finding:
    rows: dict[tuple[str, float], set[str]] = {}
    for item in items:
        if item.strike is None:
            strike = shown(item.details.strike_price)
            return Finding(Clause.STRIKE_GRID, f"contracts[{item.index}]: strike_price {strike} is no number above 0")
        sides = rows.setdefault((item.root, item.strike), set())
        if item.side in sides:
            where = f"{clean(item.root, 12)} {clean(item.side, 12)} {item.strike:g}"
            return Finding(Clause.STRIKE_GRID, f"contracts[{item.index}]: a second {where}")
        sides.add(item.side)
    if not all(any(side in sides for sides in rows.values()) for side in _SIDES):
        return Finding(Clause.STRIKE_GRID)  # a side that is missing altogether is another clause's
    lone = [row for row, sides in rows.items() if len(sides) == 1]
    if not lone:
        return Finding(Clause.STRIKE_GRID)
    words = f"{len(lone)} of {len(rows)} strikes have one side only, {clean(lone[0][0], 12)} {lone[0][1]:g} the first"
    few = len(lone) <= ONE_SIDED_SHARE * len(rows)
    return Finding(Clause.STRIKE_GRID, "" if few else words, words if few else "")


def _in_range(items: Sequence[_Placed], atm: int, range_points: int) -> Finding:
    for item in items:
        if item.strike is not None and abs(item.strike - atm) > range_points:
            return Finding(
                Clause.IN_RANGE, f"contracts[{item.index}]: strike {item.strike:g} is outside {atm} ± {range_points}"
            )
    return Finding(Clause.IN_RANGE)


def _one_expiration(items: Sequence[_Placed], chain: ChainId) -> Finding:
    wanted = chain.expiry.isoformat()
    for item in items:
        expires = item.details.expiration_date
        if expires not in (wanted, UNSET):  # a contract that names no date contradicts none
            return Finding(
                Clause.CONTRACT_EXPIRATION,
                f"contracts[{item.index}]: expiration_date {shown(expires)} under a key of {chain}",
            )
    return Finding(Clause.CONTRACT_EXPIRATION)
