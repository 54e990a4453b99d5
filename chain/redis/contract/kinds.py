"""Which kind of source each chain's snapshot comes from, as it is recorded beside its pointer.

A record reads `KIND TS_MS`, and for an hour after a change of kind `KIND TS_MS BEFORE CHANGED_MS`. It speaks for the
snapshot of that stamp: where the pointer names a later one, somebody who records nothing has published since. Record
and pointer share a slot, so a script sees and changes both in one step, on a cluster too.
"""

import re
from dataclasses import dataclass, field

from chain.model.kinds import UNKNOWN

RECORD_BYTES = 80
CHANGE_TOLD_S = 3600.0
_RECORD = re.compile(rb"([a-z]{1,20}) ([1-9]\d{11,13})(?: ([a-z]{1,20}) ([1-9]\d{11,13}))?")


@dataclass(frozen=True, slots=True)
class SourceChange:
    """A chain's change of kind; `at` is epoch seconds of Redis's clock, or of the last snapshot whose kind was told."""

    before: str
    after: str
    at: float
    recorded: bool = field(default=False, compare=False)  # in Redis, not only seen by us


@dataclass(frozen=True, slots=True)
class KindRecord:
    """The kind of source of one snapshot, empty where nothing is recorded, and the last change of it."""

    kind: str = ""
    change: SourceChange | None = None


NO_RECORD = KindRecord()


def parse_record(raw: object, ts_ms: int) -> KindRecord:
    """Return what a record says of the snapshot of `ts_ms`, epoch milliseconds.

    One of an earlier snapshot, or one that cannot be read, says that this one's kind is unknown. One of a later
    snapshot was read after its publisher moved on: its change tells which kind the one before had.
    """
    found = _RECORD.fullmatch(raw) if isinstance(raw, bytes) else None
    if found is None:
        return KindRecord(UNKNOWN) if isinstance(raw, bytes) and raw else NO_RECORD
    kind, made, before, at = (part.decode() if part else "" for part in found.groups())
    if int(made) > ts_ms and before and ts_ms < int(at):
        return KindRecord(before)
    if int(made) < ts_ms:
        change = SourceChange(kind, UNKNOWN, int(made) / 1000, recorded=True) if kind != UNKNOWN else None
        return KindRecord(UNKNOWN, change)
    return KindRecord(kind, SourceChange(before, kind, int(at) / 1000, recorded=True) if before else None)
