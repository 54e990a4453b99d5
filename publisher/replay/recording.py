"""What a player asks of a recording. It knows nothing of files: a tape, or anything else, stands behind it."""

from collections.abc import Generator, Mapping
from typing import Protocol

from msgspec import Struct, field

from chain.model.keys import ChainId
from chain.model.snapshot import EncodedSnapshot
from chain.monitor.heartbeat import Heartbeat
from chain.pipeline.frame import StreamEntry


class Turn(Struct, frozen=True):
    """What was new at one instant of a recording, `at_ns` (epoch ns).

    Attributes:
        snapshots: what pointers led to from then on, at most one of each chain.
        gone: chains whose pointers led nowhere from then on.
        heartbeats: beats by their services; None where one was gone.
        left_out: payloads that were no valid snapshots, and why: by chain.
        damaged: payloads that cannot be read any more, and why: by chain.
        frames: entries of the stream that were read until then, in their order.
        whole: all that stood then is in it, and what is not in it did not stand: a beginning, or one after a gap.
        resumes_ns: at a gap, when the recording goes on (epoch ns); nothing stands until then.
    """

    at_ns: int
    snapshots: tuple[EncodedSnapshot, ...] = ()
    gone: tuple[ChainId, ...] = ()
    heartbeats: Mapping[str, Heartbeat | None] = field(default_factory=dict)
    left_out: Mapping[ChainId, str] = field(default_factory=dict)
    damaged: Mapping[ChainId, str] = field(default_factory=dict)
    whole: bool = False
    resumes_ns: int | None = None
    frames: tuple[StreamEntry, ...] = ()

    @property
    def is_change(self) -> bool:
        """Whether more is new in it than heartbeats: what a step leads to."""
        return bool(self.snapshots or self.gone or self.left_out or self.damaged or self.whole or self.resumes_ns)


class Recording(Protocol):
    """Something recorded. `first_ns` and `last_ns`, epoch ns, are its first and its last look."""

    @property
    def name(self) -> str:
        """What it is called on screen and in heartbeats."""

    @property
    def underlyings(self) -> tuple[str, ...]:
        """The underlyings of which it holds something."""

    @property
    def first_ns(self) -> int:
        """When it begins."""

    @property
    def damages(self) -> int:
        """How many damaged parts of it were met so far, each left out."""

    @property
    def last_ns(self) -> int:
        """When it ends."""

    def turns(self, from_ns: int, to_ns: int) -> Generator[Turn, None, None]:
        """Yield what stood at a time as a whole turn, and every turn after it up to another time, in order.

        Memory stays flat however long that is. One pass goes on at a time.
        """
