"""The port through which a watcher reads: requests, frozen answers, and the reader that gives one for the other.

Redis is one reader; a recording, or the answers of the last minutes, are others. Each answer carries the instants at
which it was asked for and received, and what a watcher makes of answers depends on them alone: the same answers, fed
again at any later time, give the same Boards.
"""

from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct, field

from chain.clock import Instant
from chain.model.keys import ChainId, KeySchema, SnapshotId
from chain.monitor.discovery import Search
from chain.redis.contract.store import Payload
from chain.redis.contract.stream.signs import StreamSigns
from chain.redis.server.info import Server
from chain.supervisor import Part


class PollRequest(Struct, frozen=True):
    """Requests the pointers of chains, and which of the payloads held by the watcher are gone.

    `held` are payload keys as pointers gave them. Heartbeats come along, except where a watcher that has just heard
    them asks for the chains that they announced.
    """

    chains: tuple[ChainId, ...]
    held: tuple[bytes, ...] = ()
    heartbeats: bool = True


class RecheckRequest(Struct, frozen=True):
    """Requests another read of pointers that were absent, or that named a missing payload."""

    chains: tuple[ChainId, ...]


class FetchRequest(Struct, frozen=True):
    """Requests payloads, with their pointers' time to live and their kind of source."""

    snapshots: tuple[SnapshotId, ...]


class PollAnswer(Struct, frozen=True):
    """What one poll found; values as in Redis, cut one byte past their limit.

    `asked` and `received` span the round trip that read the pointers. What is asked less often than each poll, and what
    is found beside it, comes as last known.
    """

    asked: Instant
    received: Instant
    pointers: Mapping[ChainId, bytes | None]  # of every chain requested; None if there is no string
    gone: frozenset[bytes] = frozenset()  # of the payloads held; their chains' pointers were read after that was seen
    heartbeats: Mapping[str, bytes | None] = field(default_factory=dict)  # by key; empty if not requested
    refused: str = ""  # why heartbeats could not be read, or ""
    stream: StreamSigns = field(default_factory=StreamSigns)
    server: Server = field(default_factory=Server)
    skew_s: float | None = None  # how far this machine's clock is ahead of Redis's; None if unknown
    discovered: frozenset[ChainId] = frozenset()  # chains found since the last poll, whoever publishes them
    search: Search = field(default_factory=Search)  # progress of the search for such chains


class RecheckAnswer(Struct, frozen=True):
    """Pointers read again, and the Redis type of each that is not a string: `none`, `hash`, ..."""

    asked: Instant
    received: Instant
    pointers: Mapping[ChainId, bytes | None]
    types: Mapping[ChainId, str] = field(default_factory=dict)


class FetchAnswer(Struct, frozen=True):
    """A payload for each snapshot asked for."""

    asked: Instant
    received: Instant
    payloads: Mapping[SnapshotId, Payload]


class ContactLost(Struct, frozen=True):
    """No answer to a request: why, in one line fit to show, and the cause's code if known."""

    asked: Instant
    received: Instant  # when the request was given up
    error: str
    code: str = ""


Request = PollRequest | RecheckRequest | FetchRequest
Answer = PollAnswer | RecheckAnswer | FetchAnswer | ContactLost


class SnapshotReader(Protocol):
    """The port: anything chain snapshots can be read from."""

    @property
    def keys(self) -> KeySchema:
        """The contract's keys under the prefix that is read."""

    async def ask(self, request: Request) -> Answer:
        """Return the answer that matches the request, or ContactLost; never raise for a failing Redis."""

    async def search(self, within_s: float) -> bool:
        """Search at once, if a search is due, for chains that nobody announces, at most that many seconds.

        Return whether one was made: the next poll then tells what it found.
        """

    def parts(self) -> tuple[Part, ...]:
        """Return the parts to run alongside a continuous watcher."""
