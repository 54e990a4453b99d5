"""One pointer through time: what it names, whether that is there, how long both live, and that it only moves on."""

from collections.abc import Iterator
from dataclasses import dataclass

from msgspec import Struct

from chain.audit.clauses import Clause, Finding
from chain.errors import InvalidNameError
from chain.model.keys import ChainId, KeySchema, SnapshotId
from chain.text import clean

NO_EXPIRY = -1  # as PEXPIRETIME and PTTL answer
NO_KEY = -2

_ENDING_MS = 2  # so near its end, a pointer may outlive its payload by the millisecond that the mirror allows
_RENEWED_MS = 100  # a deadline that moves on by more than a reading by PTTL can be off


class PointerSeen(Struct, frozen=True):
    """One reading of a chain's pointer. Deadlines in epoch ms of Redis's clock, or NO_EXPIRY or NO_KEY.

    `value` is None for a key that is no string; `payload_deadline` is None where the value was not followed, or the
    pointer moved while both were read. `tolerance_ms` is how far apart two equal deadlines may be read.
    """

    chain: ChainId
    value: bytes | None
    deadline: int
    payload_deadline: int | None = None
    tolerance_ms: int = 1

    @property
    def mirror_ms(self) -> int | None:
        """By how much the pointer ends after its payload; None where either has no deadline."""
        if self.payload_deadline is None or min(self.deadline, self.payload_deadline) < 0:
            return None
        return self.deadline - self.payload_deadline

    @property
    def suspect(self) -> bool:
        """Whether a move between two reads may explain what was seen, so that it has to be read once more."""
        if self.deadline == NO_KEY or self.value == b"" or self.payload_deadline == NO_KEY:
            return True
        return self.mirror_ms is not None and abs(self.mirror_ms) > self.tolerance_ms


def follow(keys: KeySchema, chain: ChainId, value: bytes | None) -> SnapshotId | None:
    """Return the snapshot that a pointer's value names, if it may be followed: the exact grammar, and its own chain."""
    try:
        target = keys.parse_snapshot(value or b"")
    except InvalidNameError:
        return None
    return target if target.chain == chain else None


@dataclass(slots=True)
class PointerTrack:
    """What is remembered of one pointer from look to look. Times in ms of Redis's clock; TTL and gaps in ms."""

    keys: KeySchema
    chain: ChainId
    present: bool = False
    met: bool = False  # whether it ever was there
    target: SnapshotId | None = None
    moves: int = 0
    ttl_ms: int = 0  # the longest time to live seen
    gap_ms: int = 0  # the longest time seen between two renewals
    mirror_ms: int = 0  # the largest difference seen between the ends of pointer and payload
    by_pttl: bool = False
    _value: bytes | None = None
    _deadline: int = NO_KEY
    _renewed_ms: int | None = None

    def see(self, seen: PointerSeen, at_ms: int, *, expired: bool) -> Iterator[Finding]:
        """Yield what one reading keeps and breaks; the pointer of an `expired` chain may come to its end."""
        if seen.deadline == NO_KEY:
            if self.present and not expired:
                yield Finding(Clause.POINTER_KEPT, f"the pointer lapsed: {self._last(at_ms)}")
            self.present, self.target = False, None
            return
        yield Finding(Clause.POINTER_TTL, "the pointer has no time to live" if seen.deadline == NO_EXPIRY else "")
        if seen.value != self._value or not self.present:
            yield from self._value_findings(seen.value)
            target = follow(self.keys, self.chain, seen.value)
            yield from self._move(target)
            self.target = target or self.target
        yield from self._renewal(seen, at_ms)
        if seen.payload_deadline is not None:
            yield from self._payload(seen, at_ms)
        self.met = True
        self.present, self._value, self._deadline = True, seen.value, seen.deadline

    def _last(self, at_ms: int) -> str:
        if self._renewed_ms is None:
            return "it was not renewed while watched"
        return f"last renewed {(at_ms - self._renewed_ms) / 1000:.1f} s before"

    def _value_findings(self, value: bytes | None) -> Iterator[Finding]:
        if value is None:
            yield Finding(Clause.POINTER_VALUE, "the key holds no Redis string")
            return
        own = self.keys.snapshot(SnapshotId(self.chain, 0)).removesuffix("0").encode()
        try:
            target = self.keys.parse_snapshot(value)
        except InvalidNameError as error:
            if value.startswith(own):
                yield Finding(Clause.POINTER_VALUE)
                yield Finding(Clause.PAYLOAD_KEY, str(error))
            else:
                shown = clean(value.decode("utf-8", "replace"), 90)
                what = "JSON" if value[:1] in (b'"', b"{", b"[") else "no payload key of this prefix and chain"
                yield Finding(Clause.POINTER_VALUE, f"its value is {what}: {shown!r}")
            return
        yield Finding(Clause.PAYLOAD_KEY)
        same = target.chain == self.chain
        yield Finding(Clause.POINTER_VALUE, "" if same else f"it names a payload of {target.chain}")

    def _move(self, target: SnapshotId | None) -> Iterator[Finding]:
        """Judge the way from the last snapshot to this one; after a lapse there is none."""
        if target is None or self.target is None or target == self.target:
            return
        self.moves += 1
        back = self.target.ts_ms - target.ts_ms
        yield Finding(Clause.POINTER_FORWARD, f"back by {back} ms, to {target.ts_ms}" if back > 0 else "")

    def _renewal(self, seen: PointerSeen, at_ms: int) -> Iterator[Finding]:
        """Measure from renewal to renewal; the first was seen only if the pointer was there before it."""
        known = self._deadline != NO_KEY
        if known and seen.value == self._value and seen.deadline - self._deadline <= _RENEWED_MS:
            return
        self.ttl_ms = max(self.ttl_ms, seen.deadline - at_ms)
        if known:
            if self._renewed_ms is not None:
                self.gap_ms = max(self.gap_ms, at_ms - self._renewed_ms)
            self._renewed_ms = at_ms
            yield Finding(Clause.POINTER_KEPT)

    def _payload(self, seen: PointerSeen, at_ms: int) -> Iterator[Finding]:
        """Judge the payload's presence and its time to live against the pointer's."""
        gone = seen.payload_deadline == NO_KEY
        if gone and seen.deadline >= 0 and seen.deadline - at_ms <= _ENDING_MS:
            return
        shown = clean((seen.value or b"").decode("utf-8", "replace"), 130)
        yield Finding(Clause.POINTER_RESOLVES, f"it names {shown}, which is not there" if gone else "")
        if gone:
            return
        endless = seen.payload_deadline == NO_EXPIRY
        yield Finding(Clause.PAYLOAD_TTL, f"{shown} has no time to live" if endless else "")
        apart = seen.mirror_ms
        if apart is None:
            return
        self.mirror_ms = max(self.mirror_ms, abs(apart))
        self.by_pttl = self.by_pttl or seen.tolerance_ms > 1
        late = f"the pointer ends {abs(apart)} ms {'after' if apart > 0 else 'before'} its payload"
        yield Finding(Clause.TTL_MIRROR, late if abs(apart) > seen.tolerance_ms else "")
