"""A snapshot on its way into Redis, and what the answers of the scripts that write it mean."""

from dataclasses import dataclass, replace
from enum import StrEnum

from redis.exceptions import ResponseError

from chain.errors import InvalidSnapshotError
from chain.model.keys import KeySchema, SnapshotId
from chain.model.snapshot import Snapshot, encode
from chain.redis.connect.causes import SCRIPT_REFUSED, redis_cause
from chain.text import clean

_TAIL_BYTES = 64
_REFUSALS = {
    "lost": "Redis evicted at once what was written: raise maxmemory",
    "future": "the publisher's clock is ahead of Redis's: set the time on its machine",
    "late": "written too late: its time to live had passed",
}


class PublishVerdict(StrEnum):
    """What became of one snapshot."""

    PUBLISHED = "published"
    REFUSED_OLDER = "refused-older"
    LEFT_TO_LIVE = "left-to-live"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PublishResult:
    """The end of one publish: `id` as written (its millisecond may have been stepped on), payload size in bytes."""

    id: SnapshotId
    verdict: PublishVerdict
    size: int = 0
    reason: str = ""

    @property
    def failed(self) -> bool:
        """Whether nothing newer than it is there either."""
        return self.verdict in (PublishVerdict.FAILED, PublishVerdict.LEFT_TO_LIVE)


_LEFT = {
    "older": (PublishVerdict.REFUSED_OLDER, "a newer snapshot is already there"),
    "live": (PublishVerdict.LEFT_TO_LIVE, "left to a live publisher"),
}

# What a script said, and whether both keys are there after it.
Answer = tuple[object, bool]


@dataclass(frozen=True, slots=True)
class Draft:
    """A snapshot on its way: its keys, its JSON, and why it cannot be sent, if so."""

    snapshot: Snapshot
    pointer: str
    payload: str
    body: bytes
    refusal: str = ""

    @classmethod
    def of(cls, snapshot: Snapshot, keys: KeySchema) -> "Draft":
        """Return a snapshot ready to be sent, or refused where no reader would take it."""
        body, refusal = b"", ""
        try:
            body = encode(snapshot)
        except (InvalidSnapshotError, TypeError) as error:
            refusal = clean(error, 120)
        return cls(snapshot, keys.latest(snapshot.id.chain), keys.snapshot(snapshot.id), body, refusal)

    @property
    def marks(self) -> tuple[str, int, int, bytes]:
        """What tells its keys and its bytes from others: what its payload keys begin with, stamp, length and end."""
        return self.head, self.snapshot.id.ts_ms, len(self.body), self.body[-_TAIL_BYTES:]

    @property
    def head(self) -> str:
        """What every payload key of its chain begins with."""
        return self.payload[: self.payload.rindex(":") + 1]

    def later(self, keys: KeySchema) -> "Draft":
        """Return the same a millisecond later."""
        stamp = self.snapshot.id.ts_ms + 1
        moved = replace(self.snapshot, id=SnapshotId(self.snapshot.id.chain, stamp), ts=stamp / 1000)
        return Draft.of(moved, keys)

    def ended(self, answer: Answer) -> PublishResult | None:
        """Return its end; None where its millisecond is taken by other bytes."""
        said, there = answer
        word = said.decode() if isinstance(said, bytes) else str(said)
        if word == "moved" and there:
            return PublishResult(self.snapshot.id, PublishVerdict.PUBLISHED, len(self.body))
        if word == "clash":
            return None
        if word in _LEFT:
            verdict, reason = _LEFT[word]
            return PublishResult(self.snapshot.id, verdict, len(self.body), reason)
        if word == "moved":
            return self.failed(_REFUSALS["lost"])
        if word.startswith(SCRIPT_REFUSED):
            said = ResponseError(word)
        if isinstance(said, Exception):
            return self.failed(str(redis_cause(said)))
        return self.failed(_REFUSALS.get(str(word)) or f"Redis answered {clean(word, 40)!r}")

    def failed(self, reason: str) -> PublishResult:
        """Return a failure as its end."""
        return PublishResult(self.snapshot.id, PublishVerdict.FAILED, len(self.body), reason)
