"""The state of the chains as a watcher sees it: the same blocks in heartbeat, status and events."""

from typing import Annotated

from msgspec import Meta, Struct

from chain.monitor.messages.fields import (
    ChainName,
    Count,
    DeckWord,
    Seconds,
    SignalName,
    Since,
    Sources,
    StateWord,
    Underlying,
    promise,
)
from chain.monitor.states import StreamState


class SignalBlock(Struct, frozen=True, forbid_unknown_fields=True):
    """One signal."""

    name: SignalName
    severity: DeckWord
    text: str
    since: Since


Kind = Annotated[str, Meta(description="the kind of source that the chain's snapshot comes from")]
StateSince = Annotated[
    float | None,
    Meta(
        description="epoch seconds since which the state holds, kept while it gets worse; null where it is fresh, or "
        "was so before anybody looked"
    ),
]


class ExpiryBlock(Struct, frozen=True):
    """One chain's state, and its ages in seconds."""

    state: StateWord
    flags: list[str]
    source: Kind
    age_s: Seconds | None
    ttl_s: Seconds | None
    since: StateSince


class StreamBlock(Struct, frozen=True):
    """Whether the stream's reader is at work."""

    active: bool
    age_s: Seconds | None
    state: Annotated[str, promise(enum=[str(state) for state in StreamState])] = StreamState.NONE
    entries: Annotated[Count | None, Meta(description="entries that the stream holds")] = None
    subscriptions: Annotated[Count | None, Meta(description="topics; quotes and trades of a contract are two")] = None
    group_lag: Annotated[Count | None, Meta(description="entries that compositors have not read")] = None
    group_pending: Annotated[Count | None, Meta(description="entries read and not acknowledged")] = None


class WatchedStreamBlock(StreamBlock, frozen=True):
    """The same of a watcher that goes on looking, and so knows rates."""

    frames_s: Annotated[Seconds | None, Meta(description="frames a second, over the last seconds")] = None
    events_s: Annotated[Seconds | None, Meta(description="events a second, over the last seconds")] = None


Expiries = Annotated[
    dict[ChainName, ExpiryBlock],
    Meta(description="what the publisher's own watcher sees, by chain, as in `SPX 2026-01-02`"),
]
Depths = Annotated[
    dict[Underlying, Annotated[list[Count], Meta(min_length=2, max_length=2)]],
    Meta(description="[have, wanted] by underlying"),
]


class HealthBlock(Struct, frozen=True):
    """What a watcher sees, as a heartbeat carries it among its own fields."""

    state: DeckWord
    sources: Sources
    signals: list[SignalBlock]
    expiries: Expiries
    depth: Depths
    stream: WatchedStreamBlock
