"""Frames of the vendor's stream, whole: as they were received, and as the vendor would write them."""

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from chain.pipeline.events import Quote, StreamEvent


class ReceivedFrame(Struct, frozen=True, gc=False):
    """A frame as it came. `ts`: epoch seconds of its receipt; `events`: how many trades and quotes it holds.

    `id`: of its entry, where it has been one before; Redis gives one otherwise.
    """

    ts: float
    payload: bytes
    events: int = 0
    id: str = "*"


class StreamEntry(Struct, frozen=True, gc=False, array_like=True):
    """An entry as it stood in Redis: its id, when its frame was received (epoch seconds), and the frame."""

    id: str
    ts: float
    payload: bytes


def encode_frame(events: Iterable[StreamEvent], *, exchange: int = 302) -> bytes:
    """Return a frame with these events in the vendor's own shape, all of one exchange (the vendor's id)."""
    return _ENCODER.encode([_vendor(event, exchange) for event in events])


def _vendor(event: StreamEvent, exchange: int) -> dict[str, object]:
    if isinstance(event, Quote):
        return {
            "ev": "Q",
            "sym": event.ticker,
            "bx": exchange,
            "ax": exchange,
            "bp": event.bid,
            "ap": event.ask,
            "bs": int(event.bid_size),
            "as": int(event.ask_size),
            "t": event.ts_ms,
            "q": event.seq,
        }
    return {
        "ev": "T",
        "sym": event.ticker,
        "x": exchange,
        "p": event.price,
        "s": int(event.size),
        "c": [_AUTOMATIC],
        "t": event.ts_ms,
        "q": event.seq,
    }


_AUTOMATIC = 209  # the vendor's condition of an electronic trade
_ENCODER = msgspec.json.Encoder()
