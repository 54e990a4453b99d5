"""Flags, shown in addition to a chain's state: pure functions of a record and an instant."""

from msgspec.structs import replace

from chain.clock import Instant
from chain.model.kinds import LIVE, RECORDED
from chain.model.session import closing, days_to_expiry
from chain.monitor.board import ChainRecord
from chain.monitor.evaluate.provenance import made_at, off_hours, old_source, source_changed
from chain.monitor.states import Flag

_SOURCE_FLAGS = {kind: Flag(kind.upper()) for kind in RECORDED}


def flags_of(record: ChainRecord, now: Instant) -> tuple[Flag, ...]:
    """Return every flag of a chain, faults first."""
    flags = [*faults_of(record)]
    if is_past(record, now):
        flags.append(Flag.PAST_DATED)
    if record.last_good and record.last_good.summary.delayed:
        flags.append(Flag.DELAYED)
    if record.kind in _SOURCE_FLAGS:
        flags.append(_SOURCE_FLAGS[record.kind])
    elif record.kind != LIVE:
        flags.append(Flag.SOURCE_UNKNOWN)
    if source_changed(record, now):
        flags.append(Flag.SOURCE_CHANGED)
    if off_hours(record, now):
        flags.append(Flag.OFF_HOURS)
    return tuple(flags)


def is_over(record: ChainRecord, now: Instant) -> bool:
    """Return whether a chain's last session has closed, by the time its data are judged by."""
    as_of = _as_of(record, now)
    days = days_to_expiry(record.chain.expiry, as_of)
    return days < 0 or (days == 0 and as_of >= _closing_s(record))


def is_past(record: ChainRecord, now: Instant) -> bool:
    """Return whether a chain is still published though its date has passed, or its session has closed.

    A snapshot made before the close is no fault on that day: it may expire on its own.
    """
    as_of, good = _as_of(record, now), record.last_good
    if days_to_expiry(record.chain.expiry, as_of) < 0:
        return True
    return good is not None and is_over(record, now) and min(made_at(record, good), as_of) >= _closing_s(record)


def _as_of(record: ChainRecord, now: Instant) -> float:
    return record.source.now_s(now)


def _closing_s(record: ChainRecord) -> float:
    return closing(record.chain.expiry, record.source.calendar).timestamp()


def faults_of(record: ChainRecord) -> tuple[Flag, ...]:
    """Return the fault flags; they depend only on what was read, not on the time."""
    good, flags = record.last_good, list[Flag]()
    if record.last_error:
        flags.append(Flag.FAILING)
    if good and good.summary.shortfall:
        flags.append(Flag.PARTIAL)
    if good and old_source(record, good):
        flags.append(Flag.OLD_SOURCE)
    if record.rolled_back_from:
        flags.append(Flag.ROLLED_BACK)
    return tuple(flags)


def remembered(record: ChainRecord, now: Instant) -> ChainRecord:
    """Return the record with the start of each of its faults; one absent for a poll starts again.

    A fault of the snapshot itself started at its timestamp: it was there when it was made.
    """
    standing = faults_of(record)
    if not standing and not record.flagged:
        return record
    made = min(record.last_good.snapshot.ts, now.wall_s) if record.last_good else now.wall_s
    first = {Flag.PARTIAL: made, Flag.OLD_SOURCE: made}
    return replace(record, flagged={flag: record.flagged.get(flag, first.get(flag, now.wall_s)) for flag in standing})
