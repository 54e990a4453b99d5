"""Heartbeat and event as JSON, by type: what is written, what is read, and the published schemas are all this.

A field that may be left out of what is written is `| UnsetType`; every other one is always written, and where it has a
default, a reader does without it.
"""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from chain.decode.form import Form
from chain.decode.limits import Limits
from chain.decode.salvage import CORE
from chain.model.keys import EPOCH_MAX_S, EPOCH_MIN_S, LIVE_PREFIX
from chain.redis.contract.glance import BESIDE_BYTES
from chain.supervisor import PartState
from chain.thresholds import DEFAULT_EXPIRATIONS, DEFAULT_INTERVAL_S, DEFAULT_TTL_S

MAX_CHAINS = 5_000
MAX_COUNTERS = 256
MAX_SESSIONS = 200
MAX_PARTS = 32
_PERIOD_S = 7 * 86_400.0
_EXACT = 2**53  # above it, not every reader of JSON holds an integer exactly


def _promise(**words: object) -> Meta:
    """Return what the schema says of what we write, and a reader does not insist on."""
    return Meta(extra_json_schema=dict(words))


_DECK_STATES = ["OK", "STARTING", "WARNING", "PARTIAL DEGRADATION", "DEGRADED", "CRITICAL"]
_CHAIN_STATES = ["UNREACHABLE", "MISSING", "DANGLING", "INVALID", "FUTURE", "STALE", "AGING", "FRESH"]
_SOURCES = "what kinds of source the chains come from: mock, or 12 live, 6 mock"
_SINCE = "epoch seconds; null where it was so before anybody looked"

Epoch = Annotated[float, Meta(ge=EPOCH_MIN_S, lt=EPOCH_MAX_S, description="epoch seconds")]
Period = Annotated[float, Meta(gt=0, le=_PERIOD_S)]
Count = Annotated[int, Meta(ge=0, le=_EXACT)]
Underlying = Annotated[str, _promise(pattern="^[A-Z0-9.^-]{1,12}$")]
ChainName = Annotated[str, _promise(pattern="^[A-Z0-9.^-]{1,12} [0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Day = Annotated[str, _promise(format="date")]
Session = Annotated[str, _promise(pattern=r"^(closed|\d{2}:\d{2})$")]
DeckWord = Annotated[str, _promise(enum=_DECK_STATES)]
SignalName = Annotated[str, _promise(pattern="^[a-z][a-z-]*$")]
Since = Annotated[float | None, Meta(description=_SINCE)]


class SourceBlock(Struct, frozen=True):
    """What the data come from."""

    kind: Annotated[str, _promise(enum=["mock", "capture", "massive", "replay"])] = "unknown"
    detail: str = ""
    record: str = ""
    as_of: Annotated[Epoch | None, Meta(description="epoch seconds that stand for now where the data are recorded")] = (
        None
    )
    as_of_by: Annotated[dict[Underlying, Epoch], Meta(description="the same for each underlying that is recorded")] = {}
    sessions: Annotated[
        dict[Annotated[str, _promise(pattern=r"^\d{4}-\d{2}-\d{2}$")], Session],
        Meta(
            max_length=MAX_SESSIONS,
            description="what the source was told of single trading days: closed, or New York's time of the close",
        ),
    ] = {}
    market: str = ""
    trouble: str = ""


class PlanBlock(Struct, frozen=True):
    """What a publisher means to keep in Redis, and how it fares."""

    expected: dict[Underlying, list[Day]]
    prefix: Annotated[str, CORE] = LIVE_PREFIX
    interval_s: Period = DEFAULT_INTERVAL_S
    ttl_s: Period = DEFAULT_TTL_S
    depth: Annotated[int, Meta(ge=1, le=MAX_CHAINS)] = DEFAULT_EXPIRATIONS
    trouble: Annotated[dict[ChainName, str], Meta(description="reason by chain, as in `SPX 2026-01-02`")] = {}
    cycle_ms: Annotated[float, Meta(ge=0, le=_PERIOD_S * 1000)] | None = None
    counters: Annotated[dict[str, Count], Meta(max_length=MAX_COUNTERS)] = {}


class PartBlock(Struct, frozen=True):
    """How one part of the publisher fares."""

    name: str
    state: PartState
    error: str = ""
    since: Annotated[
        Epoch | None, Meta(description="epoch seconds of the first failure of a row; null while it runs well")
    ] = None
    restarts: Annotated[Count, Meta(description="since the publisher began")] = 0


class Beat(Struct, frozen=True):
    """The part of a heartbeat that readers take in. A service's plain beat has no `chain`."""

    service: Annotated[str, _promise(enum=["massive", "mock_massive", "massive:standby", "mock_massive:standby"])]
    ts: Epoch
    pid: Annotated[int, Meta(ge=0, le=_EXACT)] = 0
    status: Annotated[str, _promise(enum=["running", "standby", "withdrawn", "stopped"])] = ""
    source: SourceBlock = SourceBlock()
    chain: Annotated[PlanBlock | None, CORE] = None
    lease: Annotated[dict[Underlying, str], Meta(description="who leads each underlying")] = {}
    parts: Annotated[list[PartBlock], Meta(max_length=MAX_PARTS, description="how the publisher's own parts fare")] = []


class SignalBlock(Struct, frozen=True, forbid_unknown_fields=True):
    """One signal."""

    name: SignalName
    severity: DeckWord
    text: str
    since: Since


class ExpiryBlock(Struct, frozen=True):
    """One chain's state, and its ages in seconds."""

    state: Annotated[str, _promise(enum=_CHAIN_STATES)]
    age_s: Annotated[float, Meta(ge=0)] | None
    ttl_s: Annotated[float, Meta(ge=0)] | None
    flags: list[str] | UnsetType = UNSET
    source: Annotated[str, Meta(description="the kind of source that the chain's snapshot comes from")] | UnsetType = (
        UNSET
    )
    since: (
        Annotated[
            float | None,
            Meta(
                description="epoch seconds since which the state holds, kept while it gets worse; null where it is "
                "fresh, or was so before anybody looked"
            ),
        ]
        | UnsetType
    ) = UNSET


class StreamBlock(Struct, frozen=True):
    """Whether the stream's reader is at work."""

    active: bool
    age_s: Annotated[float, Meta(ge=0)] | None


class FullBeat(Beat, frozen=True, kw_only=True):
    """A heartbeat as it is written: with what the publisher's own watcher sees, all of it or none."""

    pid: Annotated[int, Meta(ge=1, le=_EXACT)]
    chain: PlanBlock
    state: DeckWord | UnsetType = UNSET
    sources: Annotated[str, Meta(description=_SOURCES)] | UnsetType = UNSET
    signals: list[SignalBlock] | UnsetType = UNSET
    expiries: (
        Annotated[
            dict[ChainName, ExpiryBlock],
            Meta(description="what the publisher's own watcher sees, by chain, as in `SPX 2026-01-02`"),
        ]
        | UnsetType
    ) = UNSET
    depth: (
        Annotated[
            dict[Underlying, Annotated[list[Count], Meta(min_length=2, max_length=2)]],
            Meta(description="[have, wanted] by underlying"),
        ]
        | UnsetType
    ) = UNSET
    stream: StreamBlock | UnsetType = UNSET


class EventData(Struct, frozen=True):
    """The signal that an event tells of, and the deck's state at the time."""

    name: SignalName
    severity: DeckWord
    text: str
    since: Since
    subject: Annotated[str, Meta(description="the underlying concerned, empty for the whole deck")]
    state: DeckWord
    sources: Annotated[str, Meta(description=_SOURCES)] = ""


class EventMessage(Struct, frozen=True, forbid_unknown_fields=True):
    """An event's envelope."""

    ts: float
    ts_iso: Annotated[str, _promise(format="date-time")]
    type: Annotated[
        str,
        _promise(pattern="^chain_[a-z_]+$", description="chain_ and the signal's name; _recovered at its end"),
    ]
    severity: Annotated[str, _promise(enum=["info", "warning", "critical"])]
    service: str
    message: str
    data: EventData


class Mark(Struct, frozen=True):
    """What a live publisher leaves where it publishes: `publisher` is host:process:letters."""

    service: str = ""
    kind: str = ""
    publisher: str = ""
    since: Epoch | None = None


BEAT = Form(Beat, Limits(BESIDE_BYTES))
MARK = Form(Mark, Limits(1024))
