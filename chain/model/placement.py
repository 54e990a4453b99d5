"""A contract's place in its chain: the one rule for which rows are usable, in the grid and in every count."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from msgspec import UNSET, Struct

from chain.model.contract import MAX_LEVEL, Asset, Details, Item, number, part
from chain.model.keys import ChainId, vendor_symbol
from chain.model.snapshot import Received
from chain.text import clean, shown

MAX_STRIKE = MAX_LEVEL
STANDARD_SHARES = 100
_ROUNDING = 0.5  # `atm` is a strike rounded to an int
_TICK = 0.001  # the smallest step of a strike in an option's symbol
_TICKER = re.compile(r"O:([A-Z0-9.]{1,6}?)(\d{6}[CP])(\d{8})", re.ASCII)
_HEAD, _AFTER_ROOT = re.compile(r"O:([A-Z0-9.]{1,6})"), 15

# What a root may add to its underlying's name: the W of SPXW and the P of NDXP, the digit of an adjusted TSLA1.
_INDEX_SUFFIX, _SHARE_SUFFIX = re.compile(r"[A-Z]{0,2}"), re.compile(r"[0-9]?")
_OTHER_ROOTS = {"OEX": "XEO", "DJI": "DJX"}  # the indices whose options are not named after them
_NO_LETTER = re.compile(r"[^A-Z0-9]")


class Place(NamedTuple):
    """A contract's own cell: no two usable contracts of a chain share one."""

    strike: float
    root: str
    side: str  # "call" or "put"


class Misfit(NamedTuple):
    """Why a contract has no place. Adjusted contracts are left out by rule; any other reason is a fault."""

    reason: str
    adjusted: bool = False


class Centre(NamedTuple):
    """What a snapshot is centred on: the underlying's price in points, None if there is no plausible one.

    `fault` says how price, ATM and strikes contradict each other; figures that depend on them are then wrong.
    """

    spot: float | None
    fault: str = ""


def centred(snapshot: Received, lowest: float, highest: float, spot: float | None) -> Centre:
    """Return the centre of a snapshot whose usable strikes lie from `lowest` to `highest`, in points."""
    atm, half_width = snapshot.atm, snapshot.range_points + _ROUNDING
    if not lowest - half_width <= atm <= highest + half_width:
        return Centre(
            None, f"its ATM {atm} ± {snapshot.range_points} is far from its strikes, {lowest:g} to {highest:g}"
        )
    if spot is not None and abs(spot - atm) > half_width:
        return Centre(None, f"its spot {spot:g} lies outside its range, {atm} ± {snapshot.range_points}")
    return Centre(spot)


def placed(contracts: Iterable[Item], chain: ChainId) -> Iterator[tuple[Item, Place | Misfit]]:
    """Yield each contract with its place in the chain, or why it has none: the second in a place has none either."""
    terms = _terms(chain)
    taken: set[Place] = set()
    for item in contracts:
        at = _place(item, terms)
        if isinstance(at, Place):
            if at in taken:
                at = Misfit(f"a second {at.root} {at.side} at {at.strike:g}")
            else:
                taken.add(at)
        yield item, at


class _Terms(Struct, frozen=True):
    """What all contracts of one chain must have in common, as spelled in them."""

    underlying: str
    symbol: str  # of the underlying, as in the vendor's path
    expiration: str
    days: Mapping[str, str]  # the expiration and the side as in an option's symbol, by side


@lru_cache(maxsize=4096)
def _terms(chain: ChainId) -> _Terms:
    day = f"{chain.expiry:%y%m%d}"
    days = {"call": f"{day}C", "put": f"{day}P"}
    return _Terms(chain.underlying, vendor_symbol(chain.underlying), chain.expiry.isoformat(), days)


def _place(item: Item, terms: _Terms) -> Place | Misfit:
    details = part(item.details, Details)
    side, strike = details.contract_type, number(details.strike_price)
    if not isinstance(side, str) or side not in terms.days:
        sideless = f"contract_type {shown(side, 16)} is neither call nor put"
        known = item.details is None or isinstance(item.details, Details)
        return Misfit(sideless if known else f"details {shown(item.details, 30)} is no object")
    if strike is None or not 0 < strike <= MAX_STRIKE:
        return Misfit("strike_price is missing or not a positive number")
    if details.expiration_date != terms.expiration and details.expiration_date is not UNSET:
        return Misfit(f"expires {clean(details.expiration_date, 16)}, not {terms.expiration}")
    if details.shares_per_contract != STANDARD_SHARES:
        how_many = shown(details.shares_per_contract, 16)
        known = number(details.shares_per_contract) is not None
        words = f"adjusted contract of {how_many} shares" if known else f"shares_per_contract {how_many} is no number"
        return Misfit(words, adjusted=known)
    named, ticker, unlike = part(item.underlying_asset, Asset).ticker, details.ticker, ""
    root = _root_before(ticker, terms.days[side] + _thousandths(strike))
    if root is None and (match := _symbol(ticker)):
        root, unlike = match[1], _mismatch(match, terms.days[side], terms.expiration, side, strike)
    other = _foreign(named if isinstance(named, str) else None, root, terms.symbol) or unlike
    return Misfit(other) if other else Place(strike, root or terms.underlying, side)


def _root_before(ticker: object, expected: str) -> str | None:
    """Return the root of a symbol that ends to the letter as the fields beside it say, which is nearly always so.

    None for any other, which needs a closer look.
    """
    if isinstance(ticker, str) and ticker[-_AFTER_ROOT:] == expected:
        return _root_in(ticker[:-_AFTER_ROOT])
    return None


@lru_cache(maxsize=1024)
def _root_in(head: str) -> str | None:
    match = _HEAD.fullmatch(head)
    return match[1] if match else None


@lru_cache(maxsize=8192)  # both sides of all chains ask the same, again and again
def _thousandths(strike: float) -> str:
    """Return a strike as symbols write it, in thousandths of a point; more digits than they have where it is larger."""
    return f"{strike * 1000:08.0f}"


def mismatch(ticker: object, expiration: str, side: str, strike: float) -> str:
    """Return how an option's symbol contradicts its other fields; "" if it does not, or is not a symbol."""
    match = _symbol(ticker)
    day = expiration[2:].replace("-", "") + side[0].upper()
    return _mismatch(match, day, expiration, side, strike) if match else ""


def _mismatch(match: re.Match[str], day: str, expiration: str, side: str, strike: float) -> str:
    """The symbol is what the exchanges call the contract: where the two differ, nobody knows which one is meant."""
    if match[2] != day:
        return f"a {side} of {clean(expiration, 16)} by its fields, {match[0]} by its symbol"
    return f"strike_price {strike:g} of the contract {match[0]}" if abs(int(match[3]) / 1000 - strike) >= _TICK else ""


def not_of(named: object, ticker: object, symbol: str) -> str:
    """Return which other underlying or root a standard contract belongs to; "" if it belongs to `symbol`.

    Judged by the underlying that the vendor names, `named`, and by the root in the contract's `ticker`; `symbol` is the
    underlying as in the vendor's path.
    """
    match = _symbol(ticker)
    return _foreign(named if isinstance(named, str) else None, match[1] if match else None, symbol)


@lru_cache(maxsize=1024)  # all contracts of a chain ask the same, once per root
def _foreign(named: str | None, root: str | None, symbol: str) -> str:
    if named is not None and named.removeprefix("I:") != symbol.removeprefix("I:"):
        return f"of the underlying {clean(named, 16)}"
    own = _NO_LETTER.sub("", symbol.removeprefix("I:"))
    root = own if root is None else _NO_LETTER.sub("", root)
    is_index = symbol.startswith("I:") or (named is not None and named.startswith("I:"))
    suffix = _INDEX_SUFFIX if is_index else _SHARE_SUFFIX
    related = root.startswith(own) and suffix.fullmatch(root, len(own))
    return "" if related or root == _OTHER_ROOTS.get(own) else f"of the root {clean(root, 12)}"


def _symbol(ticker: object) -> re.Match[str] | None:
    return _TICKER.fullmatch(ticker) if isinstance(ticker, str) else None


def root_of(ticker: object, underlying: str) -> str:
    """Return the root in an option ticker (`SPXW` of `O:SPXW260102C06930000`); the underlying where it has none."""
    match = _symbol(ticker)
    return match[1] if match else underlying
