"""Judging a Board: a pure function of the Board and two clock readings. Every voice of the product speaks its words."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from chain.model.keys import ChainId
from chain.model.session import days_to_expiry, new_york
from chain.monitor.board import Accepted, Board, DeckState, Entry, Flag, State
from chain.monitor.freshness import Now, reason_of, state_of
from chain.monitor.heartbeat import STOPPED
from chain.monitor.provenance import off_hours, old_source
from chain.thresholds import (
    CLOCK_JUMP_S,
    EVICTION_SHOWN_S,
    REDIS_OVERDUE_S,
    STREAM_ACTIVE_S,
)

_SAFE_POLICIES = ("volatile-ttl", "noeviction")
_SOURCE_FLAGS = {"mock": Flag.MOCK, "capture": Flag.CAPTURE, "replay": Flag.REPLAY}
_USABLE = (State.FRESH, State.AGING, State.STALE, State.FUTURE)
_USELESS = (State.MISSING, State.DANGLING, State.INVALID, State.STALE)


@dataclass(frozen=True, slots=True)
class Reading:
    """One chain judged at one instant. Ages and TTL in seconds, `since` epoch seconds, None where unknown."""

    entry: Entry
    state: State
    flags: tuple[Flag, ...]
    age_s: float | None
    ttl_s: float | None
    dte: int
    since: float | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Signal:
    """Something that is wrong now, in words; `since` is epoch seconds, None where it was so before we looked."""

    name: str
    severity: DeckState
    text: str
    since: float | None
    subject: str = ""  # the underlying it concerns, empty for the whole deck


@dataclass(frozen=True, slots=True)
class Report:
    """A Board judged at one instant: readings in the Board's order, signals gravest first."""

    now: Now
    board: Board
    state: DeckState
    readings: tuple[Reading, ...]
    signals: tuple[Signal, ...]

    def of(self, underlying: str) -> tuple[Reading, ...]:
        """The readings of one underlying."""
        return tuple(r for r in self.readings if r.entry.chain.underlying == underlying)


def judge(board: Board, now: Now) -> Report:
    """Return what is true of a Board at `now`."""
    lost = _contact_lost(board, now)
    readings = tuple(_read(entry, now, unreachable=lost is not None) for entry in board.entries)
    signals = [lost] if lost else []
    signals += _depth(board, readings)
    signals += _stream(board, readings, now)
    signals += _by_state(readings, now)
    signals += _by_flag(readings)
    signals += _publishers(board)
    signals += _clock(board, now)
    signals += _memory(board, now)
    signals += _nothing(board)
    if readings and not lost and all(r.state in _USELESS for r in readings):
        since = max((r.since for r in readings if r.since is not None), default=None)
        signals.insert(0, Signal("all-stale", DeckState.CRITICAL, "no chain has a usable snapshot", since))
    signals.sort(key=lambda signal: -signal.severity.rank)
    state = signals[0].severity if signals else DeckState.OK
    return Report(now, board, state, readings, tuple(signals))


def usable(reading: Reading) -> bool:
    """Whether a chain has a snapshot that counts towards depth."""
    return reading.state in _USABLE


def states(board: Board, now: Now) -> Iterator[tuple[ChainId, State]]:
    """Yield each chain's state alone, as `judge` would say it; nothing while Redis or the poll loop is lost."""
    if _contact_lost(board, now) is None:
        wall_ms, mono = now.wall_ms, now.mono
        for entry in board.entries:
            yield entry.chain, state_of(entry, wall_ms, mono)[0]


def _read(entry: Entry, now: Now, *, unreachable: bool) -> Reading:
    state, age = state_of(entry, now.wall_ms, now.mono)
    since, note = reason_of(entry, state, age, now)
    if unreachable:
        state, since, note = State.UNREACHABLE, None, ""
    as_of = entry.source.as_of if entry.source.as_of is not None else now.wall_s
    ttl = max(0.0, entry.deadline - now.mono) if entry.deadline is not None and entry.pointer else None
    return Reading(
        entry=entry,
        state=state,
        flags=_flags(entry, entry.last_good, now),
        age_s=None if age is None else age / 1000,
        ttl_s=ttl,
        dte=days_to_expiry(entry.chain.expiry, as_of),
        since=since,
        note=note,
    )


def _flags(entry: Entry, good: Accepted | None, now: Now) -> tuple[Flag, ...]:
    flags: list[Flag] = []
    if entry.trouble or (good and not (good.summary.calls and good.summary.puts)):
        flags.append(Flag.PARTIAL)
    if good:
        summary = good.summary
        if summary.delayed:
            flags.append(Flag.DELAYED)
        if old_source(entry, good):
            flags.append(Flag.OLD_SOURCE)
    if entry.rolled_back_from:
        flags.append(Flag.ROLLED_BACK)
    if entry.source.kind in _SOURCE_FLAGS:
        flags.append(_SOURCE_FLAGS[entry.source.kind])
    elif entry.source.kind != "massive":
        flags.append(Flag.SOURCE_UNKNOWN)
    if off_hours(entry, now):
        flags.append(Flag.OFF_HOURS)
    return tuple(flags)


def _contact_lost(board: Board, now: Now) -> Signal | None:
    contact = board.contact
    if contact.asked is None:
        return None
    overdue = now.mono - board.polled
    if overdue > max(REDIS_OVERDUE_S, 3.0):
        text = f"the poll loop has been silent for {math.floor(overdue)} s: nothing on this screen is being refreshed"
        return Signal("poll-silent", DeckState.CRITICAL, text, now.wall_s - overdue)
    if contact.ok:
        return None
    return Signal("redis-unreachable", DeckState.CRITICAL, f"Redis unreachable: {contact.error}", contact.since)


def _depth(board: Board, readings: Sequence[Reading]) -> Iterable[Signal]:
    groups: dict[str, list[Reading]] = {}
    for reading in readings:
        groups.setdefault(reading.entry.chain.underlying, []).append(reading)
    for underlying, wanted in board.depth.items():
        mine = groups.get(underlying, [])
        if any(r.state is State.UNREACHABLE for r in mine):
            continue
        lost = [r for r in mine if not usable(r)]
        have = len(mine) - len(lost)
        if have >= wanted:
            continue
        states = " or ".join(dict.fromkeys(r.state for r in lost))
        why = f"{_list(lost)} {states}" if lost else "the publisher lists no more"
        text = f"{underlying} depth {have} of {wanted}: {why}"
        yield Signal("depth", DeckState.PARTIAL_DEGRADATION, text, _earliest(lost), underlying)


def _stream(board: Board, readings: Sequence[Reading], now: Now) -> Iterable[Signal]:
    stale = [r for r in readings if r.state is State.STALE]
    if board.stream_ts is None or not stale or now.wall_s - board.stream_ts > STREAM_ACTIVE_S:
        return
    oldest = math.floor(max(r.age_s or 0.0 for r in stale))
    text = f"stream active while {_list(stale)} {'is' if len(stale) == 1 else 'are'} STALE, {oldest} s"
    yield Signal("stream-over-stale", DeckState.DEGRADED, text, _earliest(stale))


def _by_state(readings: Sequence[Reading], now: Now) -> Iterable[Signal]:
    """One signal for each underlying and state that is not FRESH; depth already tells of what is missing."""
    for state in (State.DANGLING, State.INVALID, State.FUTURE, State.STALE, State.AGING):
        groups: dict[str, list[Reading]] = {}
        for reading in readings:
            if reading.state is state:
                groups.setdefault(reading.entry.chain.underlying, []).append(reading)
        for underlying, group in groups.items():
            note = f": {group[0].note}" if group[0].note else ""
            if state in (State.STALE, State.AGING):
                note = f", {math.floor(max(r.age_s or 0.0 for r in group))} s old"
            text = f"{_list(group)} {state}{note}"
            yield Signal(state.lower(), DeckState.WARNING, text, _earliest(group), underlying)


def _by_flag(readings: Sequence[Reading]) -> Iterable[Signal]:
    for flag in (Flag.PARTIAL, Flag.OLD_SOURCE, Flag.ROLLED_BACK):
        group = [r for r in readings if flag in r.flags]
        if not group:
            continue
        reasons = dict.fromkeys(r.entry.trouble for r in group if r.entry.trouble)
        note = f": {'; '.join(reasons)}" if reasons and flag is Flag.PARTIAL else ""
        if flag is Flag.OLD_SOURCE:
            note = f": {_oldest(group)}"
        if flag is Flag.ROLLED_BACK:
            note = _moved_back(group[0].entry)
        yield Signal(flag.lower(), DeckState.WARNING, f"{_list(group)} {flag}{note}", None)


def _publishers(board: Board) -> Iterable[Signal]:
    if not board.publishers and board.entries and board.contact.ok:
        yield Signal("publisher-unknown", DeckState.WARNING, "no publisher's heartbeat: source of data unknown", None)
    for publisher in board.publishers:
        trouble = publisher.heartbeat.source.trouble
        if publisher.alive and trouble:
            yield Signal("source", DeckState.WARNING, f"source {publisher.heartbeat.source.kind}: {trouble}", None)
        if not publisher.alive:
            how = "has stopped" if publisher.heartbeat.status == STOPPED else "is silent"
            text = f"publisher {publisher.heartbeat.service} {how}"
            yield Signal("publisher-silent", DeckState.WARNING, text, publisher.gone_since)


def _nothing(board: Board) -> Iterable[Signal]:
    if not board.entries and board.contact.ok:
        yield Signal(
            "nothing-published", DeckState.CRITICAL, f"no chains under {board.prefix}: nothing is published", None
        )


def _clock(board: Board, now: Now) -> Iterable[Signal]:
    step = board.clock_step_s
    if abs(step) > CLOCK_JUMP_S:
        text = f"this machine's clock stepped by {step:+.1f} s: ages by wall clock may be off"
        yield Signal("clock-step", DeckState.WARNING, text, now.wall_s - (now.mono - board.clock_step_at))


def _memory(board: Board, now: Now) -> Iterable[Signal]:
    """A Redis that evicts takes chains away; only by `volatile-ttl` it takes the oldest snapshots first."""
    server = board.server
    if server.evicted_at is not None and now.wall_s - server.evicted_at < EVICTION_SHOWN_S:
        text = f"Redis is full: {server.evicted} keys evicted since this watcher began; raise maxmemory"
        yield Signal("eviction", DeckState.WARNING, text, server.evicted_at)
    if server.policy not in ("", *_SAFE_POLICIES):
        text = f"Redis would evict by {server.policy}, pointers too: set maxmemory-policy volatile-ttl"
        yield Signal("eviction-policy", DeckState.WARNING, text, None)


def _oldest(readings: Sequence[Reading]) -> str:
    """Tell by which stamp the first of these chains is old, and how old."""
    return next((old_source(r.entry, r.entry.last_good) for r in readings if r.entry.last_good), "")


def _moved_back(entry: Entry) -> str:
    """Tell from which snapshot to which a pointer went back, by New York's time."""
    if entry.rolled_back_from is None or entry.pointer is None:
        return ""
    stamps = (new_york(found.ts_ms / 1000) for found in (entry.rolled_back_from, entry.pointer))
    return ": from {:%H:%M:%S} to {:%H:%M:%S}".format(*stamps)


def _list(readings: Sequence[Reading]) -> str:
    """Name up to two chains, grouped under their underlying."""
    shown = [f"{r.entry.chain.underlying} {r.entry.chain.expiry:%m-%d}" for r in readings[:2]]
    if len(readings) > 1 and readings[0].entry.chain.underlying == readings[1].entry.chain.underlying:
        shown[1] = f"{readings[1].entry.chain.expiry:%m-%d}"
    more = len(readings) - 2
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def _earliest(readings: Sequence[Reading]) -> float | None:
    return min((r.since for r in readings if r.since is not None), default=None)
