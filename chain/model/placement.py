"""Where a contract stands in its chain: the one rule by which a row is usable, for the grid and for every count."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from msgspec import UNSET

from chain.model.contract import Details, Item, number, part
from chain.model.keys import ChainId
from chain.text import clean, shown

# An option symbol holds strikes up to 99,999.999: what is a hundred times beyond is no strike of any index.
MAX_STRIKE = 1e7
STANDARD_SHARES = 100
_TICKER = re.compile(r"O:([A-Z0-9.]{1,6}?)(\d{6})([CP])(\d{8})", re.ASCII)


class Place(NamedTuple):
    """A contract's own cell: no two usable contracts of a chain share one."""

    strike: float
    root: str
    side: str  # "call" or "put"


class Misfit(NamedTuple):
    """Why a contract has no place. An adjusted contract is left out by rule; any other misfit is a fault."""

    reason: str
    adjusted: bool = False


def placed(contracts: Iterable[Item], chain: ChainId) -> Iterator[tuple[Item, Place | Misfit]]:
    """Yield each contract with its place in the chain, or why it has none: the second in a place has none either."""
    taken: set[Place] = set()
    for item in contracts:
        at = _place(item, chain)
        if isinstance(at, Place):
            if at in taken:
                at = Misfit(f"a second {at.root} {at.side} at {at.strike:g}")
            else:
                taken.add(at)
        yield item, at


def _place(item: Item, chain: ChainId) -> Place | Misfit:
    details = part(item.details, Details)
    side, strike = details.contract_type, number(details.strike_price)
    if side not in ("call", "put"):
        sideless = f"contract_type {shown(side, 16)} is neither call nor put"
        known = item.details is None or isinstance(item.details, Details)
        return Misfit(sideless if known else f"details {shown(item.details, 30)} is no object")
    if strike is None or not 0 < strike <= MAX_STRIKE:
        return Misfit("strike_price is missing or not a positive number")
    expiration = chain.expiry.isoformat()
    if details.expiration_date not in (expiration, UNSET):
        return Misfit(f"expires {clean(details.expiration_date, 16)}, not {expiration}")
    shares = number(details.shares_per_contract)
    if shares is None:
        return Misfit(f"shares_per_contract {shown(details.shares_per_contract, 16)} is no number")
    if shares != STANDARD_SHARES:
        return Misfit(f"adjusted contract of {shown(details.shares_per_contract, 12)} shares", adjusted=True)
    return Place(strike, root_of(details.ticker, chain.underlying), side)


def root_of(ticker: object, underlying: str) -> str:
    """Return the root in an option ticker (`SPXW` of `O:SPXW260102C06930000`); the underlying where it has none."""
    match = _TICKER.fullmatch(ticker) if isinstance(ticker, str) else None
    return match[1] if match else underlying
