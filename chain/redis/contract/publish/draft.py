"""A snapshot on its way into Redis, and the outcome of publishing it."""

from dataclasses import replace
from enum import StrEnum

from msgspec import Struct

from chain.errors import InvalidSnapshotError
from chain.model.keys import KeySchema, SnapshotId
from chain.model.snapshot import EncodedSnapshot, Snapshot, SnapshotHeader, encode
from chain.redis.contract.publish.reply import WriteReply, WriteWord
from chain.text import clean

_TAIL_BYTES = 64
_EVICTED = "Redis evicted at once what was written: raise maxmemory"
_REASONS = {
    WriteWord.OLDER: "a newer snapshot is already there",
    WriteWord.LIVE: "left to a live publisher",
    WriteWord.LOST: _EVICTED,
    WriteWord.FUTURE: "the publisher's clock is ahead of Redis's: set the time on its machine",
    WriteWord.LATE: "written too late: its time to live had passed",
}


class PublishVerdict(StrEnum):
    """What happened to one snapshot."""

    PUBLISHED = "published"
    REFUSED_OLDER = "refused-older"
    LEFT_TO_LIVE = "left-to-live"
    FAILED = "failed"


_VERDICTS = {
    WriteWord.MOVED: PublishVerdict.PUBLISHED,
    WriteWord.OLDER: PublishVerdict.REFUSED_OLDER,
    WriteWord.LIVE: PublishVerdict.LEFT_TO_LIVE,
}


class PublishResult(Struct, frozen=True):
    """The outcome of one publish: `id` as written (its millisecond may have been increased), payload size in bytes."""

    id: SnapshotId
    verdict: PublishVerdict
    size: int = 0
    reason: str = ""

    @property
    def failed(self) -> bool:
        """Whether it failed and nothing newer is there either."""
        return self.verdict in (PublishVerdict.FAILED, PublishVerdict.LEFT_TO_LIVE)


class Draft(Struct, frozen=True):
    """A snapshot to publish: its keys, its JSON, and why it cannot be sent, if so."""

    snapshot: SnapshotHeader
    pointer: str
    payload: str
    body: bytes
    refusal: str = ""

    @classmethod
    def from_snapshot(cls, snapshot: Snapshot | EncodedSnapshot, keys: KeySchema) -> "Draft":
        """Return a snapshot ready to be sent, or refused if no reader would accept it.

        A snapshot that was read is sent as the bytes it was read from.
        """
        body, refusal = b"", ""
        try:
            body = snapshot.raw if isinstance(snapshot, EncodedSnapshot) else encode(snapshot)
        except (InvalidSnapshotError, TypeError) as error:
            refusal = clean(error, 120)
        return cls(snapshot, keys.latest(snapshot.id.chain), keys.snapshot(snapshot.id), body, refusal)

    @classmethod
    def written(cls, snapshot: SnapshotHeader, keys: KeySchema) -> "Draft":
        """Return a draft without bytes, for a payload that is already there."""
        return cls(snapshot, keys.latest(snapshot.id.chain), keys.snapshot(snapshot.id), b"")

    @property
    def tail(self) -> bytes:
        """The payload's last bytes, which identify it together with its length."""
        return self.body[-_TAIL_BYTES:]

    def later(self, keys: KeySchema) -> "Draft | None":
        """Return the same draft one millisecond later; None if its bytes, and so its timestamp, are fixed."""
        if not isinstance(self.snapshot, Snapshot):
            return None
        stamp = self.snapshot.id.ts_ms + 1
        moved = replace(self.snapshot, id=SnapshotId(self.snapshot.id.chain, stamp), ts=stamp / 1000)
        return Draft.from_snapshot(moved, keys)

    def ended(self, reply: WriteReply) -> PublishResult | None:
        """Return the outcome; None if its millisecond is taken by other bytes."""
        if reply.word is WriteWord.TAKEN:
            return None
        if reply.word is WriteWord.MOVED and not reply.there:
            return self.failed(_EVICTED)
        verdict = _VERDICTS.get(reply.word, PublishVerdict.FAILED)
        return PublishResult(self.snapshot.id, verdict, len(self.body), reply.error or _REASONS.get(reply.word, ""))

    def failed(self, reason: str) -> PublishResult:
        """Return the outcome of a failure."""
        return PublishResult(self.snapshot.id, PublishVerdict.FAILED, len(self.body), reason)
