"""What stands beside a chain's state: flags, as pure functions of an Entry and an instant."""

from dataclasses import replace

from chain.model.kinds import LIVE
from chain.model.session import closing, days_to_expiry
from chain.monitor.board import Entry, Flag
from chain.monitor.evaluate.freshness import Now
from chain.monitor.evaluate.provenance import made_at, off_hours, old_source, source_changed

_SOURCE_FLAGS = {"mock": Flag.MOCK, "capture": Flag.CAPTURE, "replay": Flag.REPLAY}


def flags_of(entry: Entry, now: Now) -> tuple[Flag, ...]:
    """Return every flag of a chain, faults first."""
    flags = [*faults_of(entry)]
    if is_past(entry, now):
        flags.append(Flag.PAST_DATED)
    if entry.last_good and entry.last_good.summary.delayed:
        flags.append(Flag.DELAYED)
    if entry.kind in _SOURCE_FLAGS:
        flags.append(_SOURCE_FLAGS[entry.kind])
    elif entry.kind != LIVE:
        flags.append(Flag.SOURCE_UNKNOWN)
    if source_changed(entry, now):
        flags.append(Flag.SOURCE_CHANGED)
    if off_hours(entry, now):
        flags.append(Flag.OFF_HOURS)
    return tuple(flags)


def is_over(entry: Entry, now: Now) -> bool:
    """Return whether a chain's last session has closed at the instant that counts for it."""
    as_of = _as_of(entry, now)
    days = days_to_expiry(entry.chain.expiry, as_of)
    return days < 0 or (days == 0 and as_of >= _closing_s(entry))


def is_past(entry: Entry, now: Now) -> bool:
    """Return whether a chain is still published though its date has passed, or its session has closed.

    What was made before the close is no fault of anybody on that day: it is let run out.
    """
    as_of, good = _as_of(entry, now), entry.last_good
    if days_to_expiry(entry.chain.expiry, as_of) < 0:
        return True
    return good is not None and is_over(entry, now) and min(made_at(entry, good), as_of) >= _closing_s(entry)


def _as_of(entry: Entry, now: Now) -> float:
    return now.wall_s if entry.source.as_of is None else entry.source.as_of


def _closing_s(entry: Entry) -> float:
    return closing(entry.chain.expiry, entry.source.calendar).timestamp()


def faults_of(entry: Entry) -> tuple[Flag, ...]:
    """Return the flags that tell of a fault; they depend on what was read alone, not on the time."""
    good, flags = entry.last_good, list[Flag]()
    if entry.trouble:
        flags.append(Flag.FAILING)
    if good and good.summary.shortfall:
        flags.append(Flag.PARTIAL)
    if good and old_source(entry, good):
        flags.append(Flag.OLD_SOURCE)
    if entry.rolled_back_from:
        flags.append(Flag.ROLLED_BACK)
    return tuple(flags)


def remembered(entry: Entry, now: Now) -> Entry:
    """Return an entry that knows since when each of its faults stands; one that is gone for a poll begins anew.

    What the snapshot itself shows is as old as its stamp: it was so when it was made.
    """
    standing = faults_of(entry)
    if not standing and not entry.flagged:
        return entry
    made = min(entry.last_good.snapshot.ts, now.wall_s) if entry.last_good else now.wall_s
    first = {Flag.PARTIAL: made, Flag.OLD_SOURCE: made}
    return replace(entry, flagged={flag: entry.flagged.get(flag, first.get(flag, now.wall_s)) for flag in standing})
