"""The content of a tape: moments at which a reader was answered, each with the facts that were new."""

from dataclasses import dataclass
from enum import StrEnum

from chain.clock import Instant


class MomentKind(StrEnum):
    """What kind of answer came, or what became of the recording itself."""

    RUN = "run"  # a recorder begins: facts before it are no longer in force
    POLL = "poll"
    RECHECK = "recheck"
    FETCH = "fetch"
    LOST = "lost"  # no answer: contact lost
    MISSED = "missed"  # answers that could not be recorded
    END = "end"  # the recorder ended normally
    FRAMES = "frames"  # entries of the stream, as they were read
    STATE = "state"  # what the watcher whose answers these are knew after a look


class FactKind(StrEnum):
    """What a fact is about. Facts of a kind and a name replace each other: the last one is in force."""

    ASKED = "asked"  # which chains a poll asked for
    POINTER = "pointer"  # by chain
    RECHECK = "recheck"  # by chain: a pointer at a second look, and the Redis type of what stands there
    PAYLOAD = "payload"  # by chain
    HEARTBEAT = "heartbeat"  # by key
    REFUSED = "refused"
    STREAM = "stream"
    SERVER = "server"
    SKEW = "skew"
    SEARCH = "search"
    FOUND = "found"  # by chain: that it was discovered
    FRAMES = "frames"  # of the stream, as `tape.frames` has them; none replaces another
    STATE = "state"  # of a watcher, as `chain.monitor.watch.state` has it


@dataclass(frozen=True, slots=True)
class Fact:
    """One new thing in an answer.

    `about` is JSON, `value` bytes as they stood in Redis, each None where there is none. Kinds are words, so that a
    tape with kinds that are not known here can still be verified, cut and joined.
    """

    kind: str
    name: str = ""
    about: str | None = None
    value: bytes | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """One answer: when it was asked for and received, and what was new in it.

    `begins` says that a look at all pointers begins with it: a Board follows from all moments up to the next such.
    """

    kind: str
    asked: Instant
    received: Instant
    about: str | None = None
    begins: bool = False
    facts: tuple[Fact, ...] = ()
