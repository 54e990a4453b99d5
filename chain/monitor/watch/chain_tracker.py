"""One chain: what is known of it, and what to read next. No I/O, no clock."""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, Self

from chain.clock import Instant
from chain.errors import InvalidNameError, InvalidSnapshotError
from chain.model.keys import KeySchema, SnapshotId
from chain.model.snapshot import decode
from chain.monitor.board import ChainRecord
from chain.monitor.states import State
from chain.monitor.watch import record_updates
from chain.monitor.watch.state import ChainState
from chain.redis.contract.store import Payload
from chain.text import clean

_GONE = "the pointer names a payload that is gone"
_NO_STRING = ("none", "string")  # a pointer set in the meantime is read at the next poll


class Next(NamedTuple):
    """What to read next for a chain: a payload, or its pointer once more."""

    fetch: SnapshotId | None = None
    recheck: bool = False


NOTHING = Next()
RECHECK = Next(recheck=True)


class _Unread(Enum):
    UNREAD = "no pointer was evaluated yet"


@dataclass(slots=True)
class ChainTracker:
    """The one owner of a chain's state. `last_seen` of its methods: when all chains were last read, epoch seconds."""

    keys: KeySchema
    record: ChainRecord
    noted: ChainRecord | None = None  # the record as of the last check of its flags
    _evaluated: bytes | _Unread | None = _Unread.UNREAD  # the pointer that led to this record
    _awaited: tuple[SnapshotId, bytes] | None = None  # the snapshot whose payload was requested, and its pointer
    _rechecked: bool = False  # a pointer is rechecked once per poll, not twice

    def state(self) -> ChainState:
        """Return everything known, between two polls."""
        pointer = self._evaluated if isinstance(self._evaluated, bytes) else None
        is_judged = self._evaluated is not _Unread.UNREAD
        return ChainState(self.record, pointer, is_judged, self.record is self.noted or self.record == self.noted)

    @classmethod
    def resume(cls, keys: KeySchema, state: ChainState) -> Self:
        """Return a tracker that continues from a state."""
        noted = state.record if state.is_noted else None
        return cls(keys, state.record, noted, state.pointer if state.is_judged else _Unread.UNREAD)

    @property
    def held(self) -> bytes | None:
        """The key of the payload that is shown as good; None if there is none."""
        return self._evaluated if self.record.fault is None and isinstance(self._evaluated, bytes) else None

    def is_current(self, pointer: bytes | None) -> bool:
        """Return whether a pointer was evaluated and cannot mean anything new: payloads are immutable.

        It can where the payload was not there, and where the pointer was no string, which reads like no pointer.
        """
        if self._evaluated != pointer:
            return False
        state = self.record.fault and self.record.fault.state
        return state is not State.DANGLING and not (state is State.INVALID and pointer is None)

    def on_pointer(self, pointer: bytes | None, at: Instant, last_seen: float | None) -> Next:
        """Process the pointer as found by a poll."""
        if self.is_current(pointer):
            return NOTHING
        self._rechecked, self._awaited = False, None
        return RECHECK if pointer is None else self._follow(pointer, at, last_seen)

    def on_payload_gone(self) -> None:
        """Note that the payload that is held is gone: its pointer may name another."""
        self._evaluated = _Unread.UNREAD

    def on_recheck(self, pointer: bytes | None, kind: str, at: Instant, last_seen: float | None) -> Next:
        """Process the pointer as found by a recheck; `kind` is its Redis type if it is not a string."""
        self._rechecked = True
        if pointer is not None:
            return self._follow(pointer, at, last_seen)
        self._awaited, self._evaluated = None, None
        if kind in _NO_STRING:
            self.record = record_updates.missing(self.record, at, last_seen)
        else:
            reason = f"pointer is a Redis {clean(kind, 12)}, not a string"
            self.record = record_updates.faulty(self.record, State.INVALID, reason, at, last_seen)
        return NOTHING

    def on_payload(self, of: SnapshotId, payload: Payload, at: Instant, last_seen: float | None) -> Next:
        """Process a payload; if it is gone, its pointer is rechecked, since it may have moved on."""
        if self._awaited is None or self._awaited[0] != of:
            return NOTHING
        if payload.raw is None and not payload.error and not self._rechecked:
            return RECHECK
        self._evaluated, self._awaited = self._awaited[1], None
        self.record = self._with(of, payload, at, last_seen)
        return NOTHING

    def _follow(self, pointer: bytes, at: Instant, last_seen: float | None) -> Next:
        """Request what a pointer names, if the key is well-formed and belongs to this chain."""
        try:
            target = self.keys.parse_snapshot(pointer)
        except InvalidNameError as error:
            reason = f"pointer: {error}"
        else:
            if target.chain == self.record.chain:
                self._awaited = (target, pointer)
                return Next(fetch=target)
            reason = f"pointer names {target.chain}"
        self._evaluated, self._awaited = pointer, None
        self.record = record_updates.faulty(self.record, State.INVALID, reason, at, last_seen)
        return NOTHING

    def _with(self, of: SnapshotId, payload: Payload, at: Instant, last_seen: float | None) -> ChainRecord:
        """Return the record after a payload was read."""
        if payload.error:
            return record_updates.faulty(self.record, State.INVALID, payload.error, at, last_seen, of)
        if payload.raw is None:
            return record_updates.faulty(self.record, State.DANGLING, _GONE, at, last_seen, of)
        try:
            snapshot = decode(payload.raw, of)
            return record_updates.accept(self.record, snapshot, payload.raw, payload.ttl_ms, at, payload.kind_record)
        except InvalidSnapshotError as error:
            return record_updates.faulty(self.record, State.INVALID, f"payload: {error}", at, last_seen, of)
