"""What `status --json` prints: one Board, evaluated at the moment of its poll."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from chain.monitor.messages.compositor import CompositorBeat
from chain.monitor.messages.fields import (
    Count,
    DateText,
    DeckWord,
    Epoch,
    Period,
    Seconds,
    Sources,
    StateWord,
    Underlying,
    promise,
)
from chain.monitor.messages.health import Kind, SignalBlock, StateSince, StreamBlock
from chain.monitor.messages.heartbeat import FeedBlock, PartBlock
from chain.monitor.messages.recorder import RecorderBeat
from chain.monitor.states import CompositorState, RecorderState


class RedisBlock(Struct, frozen=True):
    """The Redis that was asked."""

    url: Annotated[str, Meta(description="without user and password")]
    server: Annotated[str | None, Meta(description="name and version; null where it did not say")]
    limits: Annotated[list[str], Meta(description="what this Redis or this user does not allow, and why")]
    ping_ms: Annotated[float, Meta(ge=0)] | None


class PublisherBlock(Struct, frozen=True):
    """What the publisher that speaks says of its source and itself; of nobody, only that the kind is unknown."""

    kind: str
    detail: str | UnsetType = UNSET
    record: str | UnsetType = UNSET
    as_of: Epoch | UnsetType | None = UNSET
    speed: Annotated[float, Meta(ge=0, description="of a replay: seconds of as_of a second")] | UnsetType = UNSET
    service: str | UnsetType = UNSET
    status: Annotated[str, promise(examples=["running", "withdrawn", "stopped", "silent"])] | UnsetType = UNSET
    pid: Count | UnsetType = UNSET
    ts: Epoch | UnsetType = UNSET
    interval_s: Period | UnsetType = UNSET
    ttl_s: Period | UnsetType = UNSET
    cycle_ms: Annotated[float, Meta(ge=0)] | UnsetType | None = UNSET
    counters: dict[str, Count] | UnsetType = UNSET


class StatusPart(PartBlock, frozen=True, kw_only=True):
    """The status of one part of a living publisher."""

    service: str


class RecorderBlock(RecorderBeat, frozen=True, kw_only=True):
    """The recorder of the prefix: its last heartbeat, and what that means now."""

    status: Annotated[str, promise(enum=[str(state) for state in RecorderState])]
    behind_s: Annotated[
        Seconds | None,
        Meta(description="by how much the tape was behind what is answered; null before anything is on it"),
    ]


class CompositorBlock(CompositorBeat, frozen=True, kw_only=True):
    """The compositor of the prefix: its last heartbeat, and how it fares now."""

    status: Annotated[str, promise(enum=[str(state) for state in CompositorState])]


class ChangeBlock(Struct, frozen=True):
    """A change of the kind of source that stands for an hour, or until it is acknowledged."""

    before: str
    after: str
    at: Epoch


class StatusExpiry(Struct, frozen=True):
    """One chain: its state, and what its last good snapshot holds, null where there is none."""

    underlying: Underlying
    expiry: DateText
    dte: Annotated[int, Meta(description="calendar days to expiration, in New York")]
    state: StateWord
    flags: list[str]
    source: Kind
    age_s: Seconds | None
    ttl_s: Seconds | None
    since: StateSince
    source_changed: ChangeBlock | None
    ts: Epoch | None
    contracts: Count | None
    calls: Count | None
    puts: Count | None
    strikes: Count | None
    atm: Annotated[int, Meta(description="the listed strike next to spot, in points")] | None
    range_points: Annotated[int, Meta(ge=0)] | None
    payload_key: str | None


class StatusBody(Struct, frozen=True):
    """One Board, evaluated."""

    state: DeckWord
    signals: Annotated[list[SignalBlock], Meta(description="root cause first")]
    redis: RedisBlock
    sources: Sources
    source: PublisherBlock
    stream: StreamBlock
    feed: Annotated[FeedBlock | None, Meta(description="of a living publisher; null where none feeds the stream")]
    compositor: Annotated[CompositorBlock | None, Meta(description="null where none was ever heard")]
    recorder: Annotated[RecorderBlock | None, Meta(description="null where none was ever heard")]
    parts: list[StatusPart]
    expected: Annotated[Count, Meta(description="how many chains should be there, or were found")]
    expiries: list[StatusExpiry]
    log: Annotated[str, Meta(description="path of the log file")]
