"""The strike grid of one snapshot: rows by root and strike, calls beside puts, and every contract accounted for."""

import sys
from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from chain.model.contract import Day, Greeks, Item, Quote, Trade, number, part, stamp_ns
from chain.model.placement import Centre, Misfit, Place, centred, placed
from chain.model.snapshot import Received, SnapshotHeader

IV_SHOWN = (0.001, 10.0)  # fractions; a solver's floor such as 1e-5 is no volatility

_NO_QUOTE = Quote()
_STEPS = 10_000  # of a point: quoted ticks are whole numbers of them
_EXACT_BELOW = 1e9  # points: below, no two of them are the same float
_GREATEST = sys.float_info.max


class Condition(StrEnum):
    """What is wrong with a two-sided quote. It is shown as it is, and left out of every derived number."""

    OK = ""
    NONE = "none"
    ONE_SIDED = "one-sided"
    LOCKED = "locked"
    CROSSED = "crossed"
    NEGATIVE = "negative"


class PriceSource(StrEnum):
    """The kind of a chain's prices: data plans differ in what they send, and one must not be mistaken for another."""

    MID = "mids"
    TRADE = "last trades"
    CLOSE = "day closes"
    NONE = "prices"


class Leg(Struct, frozen=True, gc=False):
    """One contract's figures; None is "not there", never zero. IV is a fraction, sizes are in contracts.

    `quote_ms` and `trade_ms` are the vendor's own times of quote and last trade, epoch ms.
    """

    quoted: bool  # whether the data plan sends quotes, even if there is none here
    bid: float | None
    ask: float | None
    condition: Condition
    last: float | None
    close: float | None
    iv: float | None
    delta: float | None
    gamma: float | None
    theta: float | None
    vega: float | None
    volume: float | None
    open_interest: float | None
    bid_size: float | None = None
    ask_size: float | None = None
    quote_ms: int | None = None
    trade_ms: int | None = None

    @property
    def mid(self) -> float | None:
        """Midpoint of a sound two-sided quote."""
        return midpoint(self.bid, self.ask)

    @property
    def spread(self) -> float | None:
        """Ask less bid, points; below zero where they are crossed."""
        return self.ask - self.bid if self.ask is not None and self.bid is not None else None

    @property
    def relative_spread(self) -> float | None:
        """The spread of a sound quote as a fraction of its mid."""
        spread, mid = self.spread, self.mid
        return spread / mid if spread is not None and mid else None

    @property
    def volume_on_interest(self) -> float | None:
        """The day's volume over the open interest of the evening before."""
        return self.volume / self.open_interest if self.volume is not None and self.open_interest else None

    def price(self, source: PriceSource) -> float | None:
        """The price of one kind."""
        if source is PriceSource.MID:
            return self.mid
        return {PriceSource.TRADE: self.last, PriceSource.CLOSE: self.close}.get(source)


class StrikeRow(Struct, frozen=True, gc=False):
    """One strike of one root."""

    root: str
    strike: float
    call: Leg | None
    put: Leg | None


class Rejected(Struct, frozen=True, gc=False):
    """A contract that is not in the grid, by its position in the payload."""

    index: int
    reason: str


class StrikeGrid(Struct, frozen=True):
    """Rows ascending by strike then root. `atm` is the index of the ATM row, None where there are no rows."""

    snapshot: SnapshotHeader
    rows: tuple[StrikeRow, ...]
    rejected: tuple[Rejected, ...]
    spot: float | None
    atm: int | None
    off_centre: str = ""  # in what spot, ATM and strikes contradict each other

    @property
    def roots(self) -> tuple[str, ...]:
        """The distinct roots, sorted."""
        return tuple(sorted({row.root for row in self.rows}))

    @property
    def legs(self) -> tuple[Leg, ...]:
        """The contracts that the rows hold."""
        return tuple(leg for row in self.rows for leg in (row.call, row.put) if leg)

    @property
    def price_source(self) -> PriceSource:
        """The best kind of price that the plan sends: quotes, else trades, else the day's close."""
        legs = self.legs
        if any(leg.quoted for leg in legs):
            return PriceSource.MID
        if any(leg.last is not None for leg in legs):
            return PriceSource.TRADE
        return PriceSource.CLOSE if any(leg.close is not None for leg in legs) else PriceSource.NONE


def build_grid(snapshot: Received) -> StrikeGrid:
    """Return the grid of a snapshot: contracts in = legs shown + contracts rejected with a reason."""
    legs: dict[Place, Leg] = {}
    rejected: list[Rejected] = []
    spot: float | None = None
    for index, (item, at) in enumerate(placed(snapshot.contracts, snapshot.id.chain)):
        if isinstance(at, Misfit):
            rejected.append(Rejected(index, at.reason))
        else:
            legs[at] = leg_of(item)
            spot = item.spot if spot is None else spot
    strikes = sorted({at[:2] for at in legs})
    centre = centred(snapshot, strikes[0][0], strikes[-1][0], spot) if strikes else Centre(None)
    rows = tuple(
        StrikeRow(root, strike, legs.get(Place(strike, root, "call")), legs.get(Place(strike, root, "put")))
        for strike, root in strikes
    )
    atm = _atm_row(rows, snapshot.atm, centre.spot)
    return StrikeGrid(snapshot.header, rows, tuple(rejected), centre.spot, atm, centre.fault)


def leg_of(item: Item) -> Leg:
    """Return the figures of a contract that are plausible."""
    quote, greeks, day = part(item.last_quote, Quote), part(item.greeks, Greeks), part(item.day, Day)
    trade = part(item.last_trade, Trade)
    bid, ask, condition = two_sided(quote)
    iv = number(item.implied_volatility)
    return Leg(
        quoted=quote != _NO_QUOTE,
        bid=bid,
        ask=ask,
        condition=condition,
        last=_within(trade.price, 0),
        close=_within(day.close, 0),
        iv=iv if iv is not None and IV_SHOWN[0] < iv < IV_SHOWN[1] else None,
        delta=_within(greeks.delta, -1, 1),
        gamma=_within(greeks.gamma, 0),
        theta=number(greeks.theta),
        vega=_within(greeks.vega, 0),
        volume=_within(day.volume, 0),
        open_interest=_within(item.open_interest, 0),
        bid_size=_within(quote.bid_size, 0),
        ask_size=_within(quote.ask_size, 0),
        quote_ms=_vendor_ms(quote.last_updated),
        trade_ms=_vendor_ms(trade.sip_timestamp),
    )


def _vendor_ms(value: object) -> int | None:
    """Return a vendor's time, epoch ns, as epoch ms; None for what is none."""
    at_ns = stamp_ns(value)
    return None if at_ns is None else at_ns // 1_000_000


def _within(value: object, low: float, high: float = _GREATEST) -> float | None:
    """Return a figure within its plausible range, else None."""
    found = value if type(value) is float else number(value)
    return found if found is not None and low <= found <= high else None


def two_sided(quote: Quote) -> tuple[float | None, float | None, Condition]:
    """Return bid, ask and what is wrong with them."""
    bid, ask = offered(number(quote.bid), number(quote.ask))
    return bid, ask, condition_of(bid, ask)


def offered(bid: float | None, ask: float | None) -> tuple[float | None, float | None]:
    """Return the sides that are there: a zero ask is how the vendor says that there is no quote."""
    return (bid or None, None) if ask == 0 else (bid, ask)


def midpoint(bid: float | None, ask: float | None) -> float | None:
    """Return the midpoint of a sound two-sided quote, exact in the quoted ticks; None for any other."""
    if bid is None or ask is None or condition_of(bid, ask) is not Condition.OK:
        return None
    if ask < _EXACT_BELOW:
        low, high = round(bid * _STEPS), round(ask * _STEPS)
        if low / _STEPS == bid and high / _STEPS == ask:  # as nearly all quotes are; far faster than decimals
            return (low + high) / (2 * _STEPS)
    return float((Decimal(repr(bid)) + Decimal(repr(ask))) / 2)


def condition_of(bid: float | None, ask: float | None) -> Condition:
    """Return what is wrong with two sides."""
    if bid is None and ask is None:
        return Condition.NONE
    if (bid is not None and bid < 0) or (ask is not None and ask < 0):
        return Condition.NEGATIVE
    if bid is None or ask is None or bid == 0:
        return Condition.ONE_SIDED
    if bid > ask:
        return Condition.CROSSED
    return Condition.LOCKED if bid == ask else Condition.OK


def _atm_row(rows: Sequence[StrikeRow], atm: int, spot: float | None) -> int | None:
    """Return the row that `atm` means: of strikes equally near to the rounded int, the one nearest to spot."""
    if not rows:
        return None
    centre = atm if spot is None else spot

    def distance(index: int) -> tuple[float, float, int]:
        strike = rows[index].strike
        near = abs(strike - atm)
        return (0.0 if near <= 0.5 else near, abs(strike - centre), index)

    return min(range(len(rows)), key=distance)
