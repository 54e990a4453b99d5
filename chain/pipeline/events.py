"""Trades and quotes, read from the frames of the vendor's stream: a JSON array of events, or a single one.

Decoded by type, in one step where a frame holds only trades and quotes, which is nearly always so; any other frame is
read event by event, so that a malformed one never costs its neighbours.
"""

from typing import Annotated

import msgspec
from msgspec import Meta, Raw, Struct, structs

from chain.decode.form import malformed
from chain.errors import DecodeError, OverLimitError
from chain.model.keys import EPOCH_MAX_S, EPOCH_MIN_S

FRAME_BYTES = 1024 * 1024  # the vendor's largest frames hold some hundreds of events of about 130 bytes

_Ticker = Annotated[str, Meta(min_length=1, max_length=32)]
_TimeMs = Annotated[int, Meta(ge=EPOCH_MIN_S * 1000, lt=EPOCH_MAX_S * 1000)]
_NAMES = {
    "ticker": "sym",
    "price": "p",
    "size": "s",
    "bid": "bp",
    "ask": "ap",
    "bid_size": "bs",
    "ask_size": "as",
    "ts_ms": "t",
    "seq": "q",
}


class Trade(Struct, frozen=True, gc=False, tag_field="ev", tag="T", rename=_NAMES):
    """A trade; price in points, size in contracts, `ts_ms` epoch ms, `seq` rises within a contract.

    Its JSON is the vendor's event.
    """

    ticker: _Ticker
    price: float
    size: float
    ts_ms: _TimeMs
    seq: int = 0


class Quote(Struct, frozen=True, gc=False, tag_field="ev", tag="Q", rename=_NAMES):
    """A two-sided quote; prices in points, sizes in contracts, `ts_ms` epoch ms, `seq` rises within a contract.

    Its JSON is the vendor's event.
    """

    ticker: _Ticker
    bid: float
    ask: float
    bid_size: float
    ask_size: float
    ts_ms: _TimeMs
    seq: int = 0


StreamEvent = Trade | Quote


class Frame(Struct, frozen=True, gc=False):
    """What a frame holds: its trades and quotes in order, and how many other and malformed events."""

    events: list[StreamEvent]
    others: int = 0  # status messages, bars and other kinds of event
    malformed: int = 0


class _ShortQuote(Struct, frozen=True, tag_field="ev", tag="Q", rename={**_NAMES, "bid": "b", "ask": "a"}):
    """A quote whose prices are named `b` and `a`, as that of a share may be; sizes may be missing."""

    ticker: _Ticker
    bid: float
    ask: float
    ts_ms: _TimeMs
    bid_size: float = 0.0
    ask_size: float = 0.0
    seq: int = 0


class _Kind(Struct, frozen=True):
    ev: str | None = None


_FRAME = msgspec.json.Decoder(list[StreamEvent])
_EACH = msgspec.json.Decoder(list[Raw])
_EVENT: msgspec.json.Decoder[StreamEvent] = msgspec.json.Decoder(StreamEvent)
_SHORT_QUOTE = msgspec.json.Decoder(_ShortQuote)
_KIND = msgspec.json.Decoder(_Kind)
_INVALID = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)


def decode_frame(payload: bytes) -> Frame:
    """Return the events of a frame as the vendor sent it; raise DecodeError for what is no frame.

    Nothing is read but the fields of trades and quotes, so the frame's size bounds all that is made of it.
    """
    if len(payload) > FRAME_BYTES:
        raise OverLimitError(f"larger than {FRAME_BYTES} bytes")
    try:
        return Frame(_FRAME.decode(payload))
    except _INVALID:
        return _read_each(payload)


def _read_each(payload: bytes) -> Frame:
    """Read a frame event by event."""
    text = payload.strip()
    try:
        parts = _EACH.decode(b"[%b]" % text if text.startswith(b"{") else text)
    except _INVALID as error:
        raise DecodeError(malformed(error)) from None
    events: list[StreamEvent] = []
    others = 0
    for part in parts:
        try:
            if (event := _read_event(part)) is None:
                others += 1
            else:
                events.append(event)
        except _INVALID:
            pass  # counted as what is left over
    return Frame(events, others, len(parts) - len(events) - others)


def _read_event(part: Raw) -> StreamEvent | None:
    """Return an event; None for one of another kind. Raises one of _INVALID."""
    kind = _KIND.decode(part).ev
    if kind == "T":
        return _EVENT.decode(part)
    if kind != "Q":
        return None
    try:
        return _EVENT.decode(part)
    except msgspec.ValidationError:
        return Quote(**structs.asdict(_SHORT_QUOTE.decode(part)))
