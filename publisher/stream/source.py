"""The interface of a source of stream frames. A source knows nothing of Redis."""

from collections.abc import AsyncGenerator, Sequence
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from chain.model.snapshot import Snapshot
from chain.pipeline.frame import ReceivedFrame


class StreamState(StrEnum):
    """What a stream does, in one word."""

    STANDBY = "standby"  # another publisher leads
    REFUSED = "refused"  # another program feeds the same stream
    CONNECTING = "connecting"
    WAITING = "waiting"  # to connect again
    STREAMING = "streaming"
    FAILING = "failing"  # frames arrive, and cannot be written


class StreamStatus(Struct, frozen=True, kw_only=True):
    """How a stream fares. `since`: epoch seconds from which the state holds; the counts are since the start."""

    state: StreamState
    error: str = ""  # one line for a person
    detail: str = ""  # whose stream it is: the vendor's host
    delayed: bool = False  # whether what it carries is 15 minutes old
    limits: str = ""  # what the vendor leaves out, for a person
    reconnects: int = 0
    subscriptions: int = 0  # contracts
    left_out: int = 0  # contracts of the snapshots for which there was no room
    since: float | None = None
    frames: int = 0
    events: int = 0
    dropped: int = 0  # frames that Redis was too slow for


class StreamSource(Protocol):
    """A supplier of frames. It is asked for frames only while they may be written."""

    def status(self) -> StreamStatus:
        """Return its own state, error, subscriptions and what it leaves out; the rest is its publisher's to say."""

    @property
    def topics(self) -> frozenset[str]:
        """What it is subscribed to, such as `Q.O:SPXW260102C06930000`; the same object until that changes."""

    def on_published(self, snapshots: Sequence[Snapshot]) -> None:
        """Take in snapshots that were just published: their contracts are those to subscribe to."""

    def frames(self) -> AsyncGenerator[ReceivedFrame, None]:
        """Yield frames as they arrive, connecting and connecting again as needed; to close it disconnects."""
