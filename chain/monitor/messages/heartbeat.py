"""A publisher's heartbeat: `Beat` is what is read, `FullBeat` what is written."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from chain.decode.form import Form
from chain.decode.limits import Limits
from chain.decode.salvage import CORE
from chain.model.keys import LIVE_PREFIX
from chain.monitor.messages.fields import (
    EXACT,
    PERIOD_S,
    ChainName,
    Count,
    DateText,
    DeckWord,
    Epoch,
    Period,
    Sources,
    Underlying,
    promise,
)
from chain.monitor.messages.health import Depths, Expiries, SignalBlock, WatchedStreamBlock
from chain.monitor.messages.services import SERVICES, STANDBYS
from chain.redis.contract.poll_command import HEARTBEAT_BYTES
from chain.supervisor import PartState
from chain.thresholds import DEFAULT_EXPIRATIONS, DEFAULT_INTERVAL_S, DEFAULT_TTL_S

MAX_CHAINS = 5_000
MAX_COUNTERS = 256
MAX_SESSIONS = 200
MAX_PARTS = 32
MAX_SPEED = 1_000_000

Session = Annotated[str, promise(pattern=r"^(closed|\d{2}:\d{2})$")]


class SourceBlock(Struct, frozen=True):
    """What the data come from."""

    kind: Annotated[str, promise(enum=["mock", "capture", "massive", "replay"])] = "unknown"
    detail: str = ""
    record: str = ""
    as_of: Annotated[Epoch | None, Meta(description="epoch seconds that stand for now where the data are recorded")] = (
        None
    )
    as_of_by: Annotated[dict[Underlying, Epoch], Meta(description="the same for each underlying that is recorded")] = {}
    sessions: Annotated[
        dict[Annotated[str, promise(pattern=r"^\d{4}-\d{2}-\d{2}$")], Session],
        Meta(
            max_length=MAX_SESSIONS,
            description="what the source was told of single trading days: closed, or New York's time of the close",
        ),
    ] = {}
    market: str = ""
    trouble: str = ""
    speed: (
        Annotated[
            float,
            Meta(
                ge=0,
                le=MAX_SPEED,
                description="of a replay alone: by how many seconds its clock, as_of, goes on in a second, 0 while it "
                "is paused; the ages of its snapshots count by that clock",
            ),
        ]
        | UnsetType
    ) = UNSET


class PlanBlock(Struct, frozen=True):
    """What a publisher plans to keep in Redis, and how that is going."""

    expected: dict[Underlying, list[DateText]]
    prefix: Annotated[str, CORE] = LIVE_PREFIX
    interval_s: Period = DEFAULT_INTERVAL_S
    ttl_s: Period = DEFAULT_TTL_S
    depth: Annotated[int, Meta(ge=1, le=MAX_CHAINS)] = DEFAULT_EXPIRATIONS
    trouble: Annotated[dict[ChainName, str], Meta(description="reason by chain, as in `SPX 2026-01-02`")] = {}
    cycle_ms: Annotated[float, Meta(ge=0, le=PERIOD_S * 1000)] | None = None
    counters: Annotated[dict[str, Count], Meta(max_length=MAX_COUNTERS)] = {}


class PartBlock(Struct, frozen=True):
    """The status of one part of the publisher."""

    name: str
    state: PartState
    error: str = ""
    since: Annotated[
        Epoch | None, Meta(description="epoch seconds of the first failure of a row; null while it runs well")
    ] = None
    restarts: Annotated[Count, Meta(description="since the publisher began")] = 0


class FeedBlock(Struct, frozen=True):
    """The stream that a publisher feeds beside its snapshots, and how that is going."""

    state: Annotated[str, promise(enum=["standby", "refused", "connecting", "waiting", "streaming", "failing"])] = ""
    detail: Annotated[str, Meta(description="whose stream: the vendor's host")] = ""
    delayed: Annotated[bool, Meta(description="whether what it carries is 15 minutes old")] = False
    limits: Annotated[str, Meta(description="what the vendor leaves out, and what it says of that")] = ""
    subscriptions: Annotated[Count, Meta(description="contracts")] = 0
    left_out: Annotated[Count, Meta(description="contracts of the snapshots for whose quotes there was no room")] = 0
    reconnects: Annotated[Count, Meta(description="since the publisher began")] = 0
    dropped: Annotated[Count, Meta(description="frames for which Redis was too slow, since the publisher began")] = 0
    since: Annotated[Epoch | None, Meta(description="epoch seconds since which the state holds")] = None
    error: Annotated[str, Meta(description="why nothing comes, or nothing is written")] = ""


class Beat(Struct, frozen=True):
    """The part of a heartbeat that readers use. A plain heartbeat of another service has no `chain`."""

    service: Annotated[str, promise(enum=[*SERVICES, *STANDBYS])]
    ts: Epoch
    pid: Annotated[int, Meta(ge=0, le=EXACT)] = 0
    status: Annotated[str, promise(enum=["running", "standby", "withdrawn", "stopped"])] = ""
    source: SourceBlock = SourceBlock()
    chain: Annotated[PlanBlock | None, CORE] = None
    lease: Annotated[dict[Underlying, str], Meta(description="who leads each underlying")] = {}
    parts: Annotated[list[PartBlock], Meta(max_length=MAX_PARTS, description="how the publisher's own parts fare")] = []
    feed: FeedBlock | UnsetType = UNSET


class FullBeat(Beat, frozen=True, kw_only=True):
    """A heartbeat as written: including what the publisher's own watcher sees, all of its fields or none."""

    pid: Annotated[int, Meta(ge=1, le=EXACT)]
    chain: PlanBlock
    state: DeckWord | UnsetType = UNSET
    sources: Sources | UnsetType = UNSET
    signals: list[SignalBlock] | UnsetType = UNSET
    expiries: Expiries | UnsetType = UNSET
    depth: Depths | UnsetType = UNSET
    stream: WatchedStreamBlock | UnsetType = UNSET


BEAT = Form(Beat, Limits(HEARTBEAT_BYTES))
