"""A vendor's contract item: the fields that we use, each tolerant of a value of another type.

One field of another type must not cost the whole chain, so it is kept as it is, and checked where it is used.
Fields that we do not use are only checked to be JSON.
"""

import math
from typing import Annotated, TypeVar, cast

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

B = TypeVar("B", bound=Struct)

MAX_LEVEL = 1e7  # a hundred times the largest strike of an option symbol: no underlying has such a price
_LATEST_NS = 2**63  # of a vendor's stamp, epoch ns: what is later is no time
_WIDEST = 2**1000  # a larger integer may not fit a float


def _means(kind: str) -> Meta:
    """Return metadata by which the published schema names the intended type."""
    return Meta(extra_json_schema={"means": {"type": kind}})


_Odd = float | str | bool | list[Raw] | None  # what may be there instead of a block
Word = Annotated[_Odd | dict[str, Raw], _means("string")]
Figure = Annotated[_Odd | dict[str, Raw], _means("number")]
Whole = Annotated[int | _Odd | dict[str, Raw], _means("integer")]


class Details(Struct, frozen=True, gc=False):
    """Which contract it is. Strike in points."""

    ticker: Word = None
    contract_type: Word = None
    expiration_date: Word | UnsetType = UNSET
    strike_price: Figure = None
    shares_per_contract: Whole = 100


class Quote(Struct, frozen=True, gc=False):
    """The last two-sided quote."""

    bid: Figure = None
    ask: Figure = None
    bid_size: Figure = None
    ask_size: Figure = None
    last_updated: Whole = None  # epoch ns, exact only as an integer
    timeframe: Word = None


class Trade(Struct, frozen=True, gc=False):
    """The last trade."""

    price: Figure = None
    size: Figure = None
    sip_timestamp: Whole = None  # epoch ns
    timeframe: Word = None


class Day(Struct, frozen=True, gc=False):
    """The trading day so far."""

    close: Figure = None
    volume: Figure = None
    last_updated: Whole = None  # epoch ns, exact only as an integer


class Greeks(Struct, frozen=True, gc=False):
    """Sensitivities per share."""

    delta: Figure = None
    gamma: Figure = None
    theta: Figure = None
    vega: Figure = None


class Asset(Struct, frozen=True, gc=False):
    """The underlying: `price` of a share, `value` of an index, whose ticker begins with `I:`."""

    ticker: Word = None
    price: Figure = None
    value: Figure = None
    last_updated: Whole = None  # epoch ns, exact only as an integer
    timeframe: Word = None


class Item(Struct, frozen=True, gc=False):
    """One option contract. A block that is missing, null or of another type reads as an empty one through `part`."""

    details: Details | _Odd = None
    last_quote: Quote | _Odd = None
    last_trade: Trade | _Odd = None
    day: Day | _Odd = None
    greeks: Greeks | _Odd = None
    underlying_asset: Asset | _Odd = None
    implied_volatility: Figure = None  # a fraction
    open_interest: Figure = None

    @property
    def spot(self) -> float | None:
        """The underlying's price in the item, always above 0; None if it has none."""
        asset = part(self.underlying_asset, Asset)
        found = (number(asset.price), number(asset.value))
        return next((level for level in found if level is not None and 0 < level <= MAX_LEVEL), None)


_EMPTY: dict[type[Struct], Struct] = {kind: kind() for kind in (Details, Quote, Trade, Day, Greeks, Asset)}


def stamp_ns(value: object) -> int | None:
    """Return a vendor's time, epoch ns; None for what is none."""
    return value if type(value) is int and 0 < value < _LATEST_NS else None


def number(value: object) -> float | None:
    """Return a JSON number as a float; None for anything else, NaN, infinity and what no float can hold included."""
    if type(value) is float:
        return value if math.isfinite(value) else None
    return float(value) if type(value) is int and abs(value) < _WIDEST else None


def part(value: object, kind: type[B]) -> B:
    """Return a block of an item if it is one of that kind, else an empty one."""
    return value if isinstance(value, kind) else cast(B, _EMPTY[kind])
