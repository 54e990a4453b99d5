"""Staging: the working state of a chain, a hash with one field for each contract and one named `meta`.

Each value has the vendor's time and its origin, so that a reader can tell what the stream has painted over a snapshot.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from chain.decode.form import Form
from chain.decode.limits import Limits
from chain.pipeline.ticker import Side

META_FIELD = "meta"
STAGING_SCHEMA = 1

Origin = Literal["snapshot", "stream"]


class Value(Struct, frozen=True, gc=False):
    """One value of a contract: the vendor's time of it in epoch ms, and where it comes from."""

    value: float
    ts_ms: int
    origin: Origin


Held = Value | UnsetType  # a value that is absent is left out


class StagedContract(Struct, frozen=True, gc=False, kw_only=True):
    """One contract. Prices in points, IV as a fraction, greeks in the vendor's units, sizes in contracts.

    `mid` exists only where bid and ask are a usable two-sided quote, and has the older of their times. `quote_seq` and
    `trade_seq` are the vendor's sequence numbers of the last events taken in; with them the order is complete.
    """

    side: Side
    strike: float
    root: str
    bid: Held = UNSET
    ask: Held = UNSET
    bid_size: Held = UNSET
    ask_size: Held = UNSET
    last: Held = UNSET
    last_size: Held = UNSET
    mid: Held = UNSET
    iv: Held = UNSET
    delta: Held = UNSET
    gamma: Held = UNSET
    theta: Held = UNSET
    vega: Held = UNSET
    open_interest: Held = UNSET
    volume: Held = UNSET
    quote_seq: int | UnsetType = UNSET
    trade_seq: int | UnsetType = UNSET

    def encode(self) -> bytes:
        """Return the JSON of the hash's field."""
        return _ENCODER.encode(self)


class Dropped(Struct, frozen=True):
    """How many events were left out, by reason, since their compositor began; crossed quotes only of the mids."""

    unknown: int = 0  # of contracts that the snapshot does not have
    older: int = 0  # not later than what is held
    malformed: int = 0  # without what an event of its kind must have
    absurd: int = 0  # prices or times that cannot be
    crossed: int = 0  # bid above ask: both are kept, without a mid


class StagingMeta(Struct, frozen=True, kw_only=True):
    """The field `meta`: which snapshot the values stand on, and how much of the stream they include."""

    schema: int = STAGING_SCHEMA
    snapshot: Annotated[str, Meta(description="payload key of the snapshot beneath")]
    ts: Annotated[float, Meta(description="that snapshot's ts, epoch seconds")]
    kind: Annotated[str, Meta(description="that snapshot's kind of source: massive, mock, ...; empty if unknown")] = ""
    spot: float | None = None  # points, from the snapshot
    atm: int
    position: Annotated[str, Meta(description="id of the last entry of the stream included; 0-0 before the first")]
    events: int = 0  # taken in since the compositor began
    dropped: Dropped = Dropped()
    flushed: Annotated[float, Meta(description="epoch seconds of the write")]

    def encode(self) -> bytes:
        """Return the JSON of the field."""
        return _ENCODER.encode(self)


class Flush(Struct, frozen=True, kw_only=True):
    """The notice of a write: which fields of a staging hash are new. `whole`: it was replaced, read all of it."""

    underlying: str
    expiration: str
    position: str
    flushed: float  # epoch seconds
    fields: tuple[str, ...] = ()
    whole: bool = False

    def encode(self) -> bytes:
        """Return the JSON of the message."""
        return _ENCODER.encode(self)


_ENCODER = msgspec.json.Encoder()
CONTRACT_FORM = Form(StagedContract, Limits(8_192))
META_FORM = Form(StagingMeta, Limits(8_192))
FLUSH_FORM = Form(Flush, Limits(256 * 1024))
