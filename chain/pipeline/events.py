"""Trades and quotes, read from the frames of the vendor's stream: a JSON array of events, or a single one."""

from msgspec import Struct


class Trade(Struct, frozen=True, gc=False):
    """A trade; price in points, size in contracts, `ts_ms` epoch ms, `seq` rises within a contract."""

    ticker: str
    price: float
    size: float
    ts_ms: int
    seq: int = 0


class Quote(Struct, frozen=True, gc=False):
    """A two-sided quote; prices in points, sizes in contracts, `ts_ms` epoch ms, `seq` rises within a contract."""

    ticker: str
    bid: float
    ask: float
    bid_size: float
    ask_size: float
    ts_ms: int
    seq: int = 0


StreamEvent = Trade | Quote
