"""What a snapshot says of one contract, as staging shows it: every value with its time."""

from datetime import date
from functools import lru_cache

from msgspec import UNSET, Struct, UnsetType

from chain.model.contract import Day, Item, Quote, Trade, number, part
from chain.model.grid import leg_of, midpoint
from chain.model.placement import Place
from chain.pipeline.staging import Held, StagedContract, Value
from chain.pipeline.ticker import OptionTicker
from chain.thresholds import FUTURE_TOLERANCE_MS

_NS_PER_MS = 1_000_000


class Backdrop(Struct, frozen=True, gc=False):
    """A contract without the stream; `quote_ms` and `trade_ms` are the vendor's times of both, epoch ms, -1 for none.

    A value of the stream is painted over it where it is later.
    """

    staged: StagedContract
    quote_ms: int = -1
    trade_ms: int = -1


@lru_cache(maxsize=16_384)  # a chain keeps its contracts from one snapshot to the next
def ticker_of(at: Place, expiry: date) -> str:
    """Return the ticker of a contract by its place: what its own item calls it is not relied on."""
    return str(OptionTicker(at.root, expiry, "call" if at.side == "call" else "put", at.strike))


def backdrop(item: Item, at: Place, snapshot_ms: int) -> Backdrop:
    """Return what a snapshot made at `snapshot_ms`, epoch ms, says of the contract at a place."""
    leg = leg_of(item)
    quote, trade = part(item.last_quote, Quote), part(item.last_trade, Trade)
    quote_ms = _vendor_ms(quote.last_updated, snapshot_ms)
    trade_ms = _vendor_ms(trade.sip_timestamp, snapshot_ms)
    day_ms = _vendor_ms(part(item.day, Day).last_updated, snapshot_ms)
    quoted, traded = leg.bid is not None or leg.ask is not None, leg.last is not None
    staged = StagedContract(
        side="call" if at.side == "call" else "put",
        strike=at.strike,
        root=at.root,
        bid=_value(leg.bid, quote_ms),
        ask=_value(leg.ask, quote_ms),
        bid_size=_value(_size(quote.bid_size), quote_ms) if quoted else UNSET,
        ask_size=_value(_size(quote.ask_size), quote_ms) if quoted else UNSET,
        last=_value(leg.last, trade_ms),
        last_size=_value(_size(trade.size), trade_ms) if traded else UNSET,
        mid=_value(midpoint(leg.bid, leg.ask), quote_ms),
        iv=_value(leg.iv, snapshot_ms),
        delta=_value(leg.delta, snapshot_ms),
        gamma=_value(leg.gamma, snapshot_ms),
        theta=_value(leg.theta, snapshot_ms),
        vega=_value(leg.vega, snapshot_ms),
        open_interest=_value(leg.open_interest, snapshot_ms),
        volume=_value(leg.volume, day_ms),
    )
    return Backdrop(staged, quote_ms if quoted else -1, trade_ms if traded else -1)


def _vendor_ms(stamp_ns: object, snapshot_ms: int) -> int:
    """Return a stamp of the vendor's in ms; the snapshot's own time where there is none, or one that cannot be."""
    if not isinstance(stamp_ns, int) or isinstance(stamp_ns, bool):
        return snapshot_ms
    stamp_ms = stamp_ns // _NS_PER_MS
    return stamp_ms if 0 < stamp_ms <= snapshot_ms + FUTURE_TOLERANCE_MS else snapshot_ms


def _size(size: object) -> float | None:
    found = number(size)
    return found if found is not None and found >= 0 else None


def _value(value: float | None, ts_ms: int) -> Held | UnsetType:
    return UNSET if value is None else Value(value, ts_ms, "snapshot")
