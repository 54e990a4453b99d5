"""Pure updates of a chain's record: from the record before an answer to the one after it."""

from msgspec.structs import replace

from chain.clock import Instant
from chain.errors import InvalidSnapshotError
from chain.model.keys import SnapshotId
from chain.model.kinds import UNKNOWN
from chain.model.snapshot import EncodedSnapshot, Received
from chain.model.summary import summarise
from chain.monitor.board import ChainRecord, Fault, LastGood
from chain.monitor.evaluate.freshness import age_ms, condition_of, is_ahead, reason_of, state_of
from chain.monitor.heartbeat import SourceInfo
from chain.monitor.states import State
from chain.redis.contract.kinds import NO_RECORD, KindRecord, SourceChange
from chain.thresholds import LONGEST_LIFE_MS, NO_EXPIRY_LIFE_MS


def missing(record: ChainRecord, now: Instant, last_seen: float | None) -> ChainRecord:
    """Return the record of a chain without a pointer; its last good snapshot stays.

    `last_seen` is when everything not at fault was last seen in Redis, epoch seconds.
    """
    return replace(_at_fault(record, State.MISSING, "no pointer", now, last_seen), rolled_back_from=None)


def faulty(
    record: ChainRecord,
    state: State,
    reason: str,
    now: Instant,
    last_seen: float | None,
    pointer: SnapshotId | None = None,
) -> ChainRecord:
    """Return the record of a chain whose pointer or payload cannot be used (DANGLING, INVALID)."""
    return replace(_at_fault(record, state, reason, now, last_seen), pointer=pointer)


def accept(
    record: ChainRecord,
    snapshot: Received,
    raw: bytes,
    ttl_ms: int | None,
    now: Instant,
    kind_record: KindRecord = NO_RECORD,
) -> ChainRecord:
    """Return the record with a valid snapshot read through its pointer.

    A known snapshot keeps the time it was first seen. One older than ours does not replace it on first
    sight: the record says ROLLED-BACK until the publisher moves again. One from the future is replaced by the first
    with a plausible timestamp.

    Snapshots of different kinds of source are not compared: a mock's timestamps say nothing about live ones.

    Raises:
        InvalidSnapshotError: none of its contracts can be used.
    """
    kind = kind_record.kind or (UNKNOWN if record.last_good is not None and record.last_good.kind else "")
    good = _comparable(record, snapshot.id, kind, now)
    rolled_back_from = _rolled_back_from(record, good, snapshot.id)
    went_back_now = rolled_back_from is not None and record.rolled_back_from is None
    if good is not None and (went_back_now or snapshot.id == good.snapshot.id):
        accepted = good
    else:
        accepted = _first_sight(snapshot, raw, ttl_ms, now, good, record.source, kind)
    after = replace(
        record,
        pointer=snapshot.id,
        last_good=accepted,
        fault=None,
        deadline=None if ttl_ms is None else now.mono + ttl_ms / 1000,
        rolled_back_from=rolled_back_from,
        carried=None,
        change=_change(record, kind, kind_record, now),
    )
    carried = _carried(record, after, now)
    return replace(after, carried=carried) if carried else after


def _comparable(record: ChainRecord, of: SnapshotId, kind: str, now: Instant) -> LastGood | None:
    """Return the snapshot to compare a new one with; None if there is none comparable."""
    good = record.last_good
    if good is None or (good.kind and good.kind != kind):
        return None
    if good.ahead and good.snapshot.id != of and not is_ahead(of, record.source, now.wall_ms, now.mono):
        return None  # the one held had a timestamp in the future, so it proves nothing about this one
    if record.source.speed is not None and of.ts_ms < good.snapshot.id.ts_ms:
        return None  # a replay may jump back: its history restarts there
    return good


def _rolled_back_from(record: ChainRecord, good: LastGood | None, of: SnapshotId) -> SnapshotId | None:
    """Return the snapshot from which the pointer went back, until a snapshot at least as new arrives."""
    if good is None or of == good.snapshot.id:
        return None
    returned = record.fault is not None and record.fault.state is State.MISSING
    if of.ts_ms < good.snapshot.id.ts_ms and not returned:
        return record.rolled_back_from or good.snapshot.id
    held = record.rolled_back_from
    return held if held is not None and of.ts_ms < held.ts_ms else None


def _carried(before: ChainRecord, after: ChainRecord, now: Instant) -> tuple[State, float] | None:
    """Return the condition that this update did not end and when it began; None if it ended or is unknown."""
    was, age = state_of(before, now.wall_ms, now.mono)
    condition = condition_of(was)
    if condition is State.FRESH or condition is not condition_of(state_of(after, now.wall_ms, now.mono)[0]):
        return None
    since, _ = reason_of(before, was, age, now)
    return None if since is None else (condition, since)


def _change(record: ChainRecord, kind: str, kind_record: KindRecord, now: Instant) -> SourceChange | None:
    """Return the last change of kind: as recorded in Redis, else as we observed it."""
    if kind_record.change is not None:
        return kind_record.change
    before = record.last_good.kind if record.last_good else ""
    if before not in ("", kind):
        return SourceChange(before, kind, now.wall_s)
    known = record.change
    if known is None or known.after != kind:
        return None
    # A recorded change that has gone from Redis was acknowledged in another deck.
    return None if known.recorded and kind_record.kind == kind and record.fault is None else known


def _first_sight(
    snapshot: Received,
    raw: bytes,
    ttl_ms: int | None,
    now: Instant,
    before: LastGood | None,
    source: SourceInfo,
    kind: str,
) -> LastGood:
    """Return a new snapshot with its age; if made before the one we hold, it is that much older than it."""
    age = max(0, now.wall_ms - snapshot.id.ts_ms)
    if before is not None and before.snapshot.id.ts_ms > snapshot.id.ts_ms:
        age = max(age, age_ms(before, now, source) + before.snapshot.id.ts_ms - snapshot.id.ts_ms)
    ahead = is_ahead(snapshot.id, source, now.wall_ms, now.mono)
    summary = summarise(snapshot)
    if summary.unusable:
        raise InvalidSnapshotError(summary.unusable)
    life = _life_ms(ttl_ms, age, ahead=ahead)
    return LastGood(EncodedSnapshot.from_received(snapshot, raw), summary, now.mono, age, life, kind, ahead)


def _life_ms(ttl_ms: int | None, age_ms: int, *, ahead: bool) -> int:
    """Return a snapshot's life from its creation, ms; unknown, so the maximum, if its timestamp is in the future."""
    if ahead:
        return LONGEST_LIFE_MS
    return NO_EXPIRY_LIFE_MS if ttl_ms is None else min(ttl_ms + age_ms, LONGEST_LIFE_MS)


def _at_fault(record: ChainRecord, state: State, reason: str, now: Instant, last_seen: float | None) -> ChainRecord:
    """Return the record with a fault; one found at our first poll has no known beginning."""
    before = record.fault
    since: float | None = now.wall_s
    if before is not None:
        since = before.since  # there was nothing good in between
        last_seen = record.last_present if before.state in (state, State.MISSING) else last_seen
    elif before is None and record.last_good is None:
        since = last_seen = None
    return replace(record, pointer=None, deadline=None, last_present=last_seen, fault=Fault(state, reason, since))
