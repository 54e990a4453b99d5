"""Which kind of source each chain's snapshot comes from, as recorded in a key next to its pointer.

A record reads `KIND TS_MS`, and for an hour after a change of kind `KIND TS_MS BEFORE CHANGED_MS`. It is about the
snapshot with that timestamp: if the pointer names a later one, a publisher without records has published since. Record
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
    """A chain's change of kind; `at` is epoch seconds of Redis's clock, or of the last snapshot of known kind."""

    before: str
    after: str
    at: float
    recorded: bool = field(default=False, compare=False)  # in Redis, not only observed by us


@dataclass(frozen=True, slots=True)
class KindRecord:
    """The kind of source of one snapshot, empty if not recorded, and its last change."""

    kind: str = ""
    change: SourceChange | None = None


NO_RECORD = KindRecord()


def parse_record(raw: object, ts_ms: int) -> KindRecord:
    """Return what a record says about the snapshot of `ts_ms`, epoch milliseconds.

    A record of an earlier snapshot, or an unreadable one, means that the kind is unknown. A record of a later
    snapshot was read after its publisher moved on: its change gives the kind of the one before.
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
