"""The age of a chain's snapshot, and the state it implies: pure functions of a record and both clocks."""

import math
from collections.abc import Iterable
from typing import NamedTuple, Self

from chain.clock import Instant
from chain.model.keys import SnapshotId
from chain.monitor.board import ChainRecord, LastGood
from chain.monitor.heartbeat import SourceInfo
from chain.monitor.states import State
from chain.thresholds import FUTURE_TOLERANCE_MS, LIFE_SLACK_MS, Thresholds

_UNTOLD = SourceInfo()
LOST = (State.STALE, State.INVALID, State.DANGLING, State.MISSING)


def age_ms(accepted: LastGood, now: Instant, source: SourceInfo = _UNTOLD) -> int:
    """Return the worse of two ages, ms: by the wall clock since `ts`, and since we first saw the pointer.

    The second starts at the age the snapshot had then, so a wall clock stepping back cannot make it younger. A
    replay has one age, by its own clock.
    """
    return _age(accepted, source, now.wall_ms, now.mono)


class Ages(NamedTuple):
    """A snapshot's age by each clock, ms; `by_sight` is None of a replay, which has its own clock alone."""

    by_stamp: int
    by_sight: int | None


def ages_ms(accepted: LastGood, now: Instant, source: SourceInfo = _UNTOLD) -> Ages:
    """Return the ages of which `age_ms` is the worse; below zero where the stamp is ahead of the clock."""
    played = source.played_s(now.mono)
    clock_ms = now.wall_ms if played is None else round(played * 1000)
    by_sight = None if played is not None else accepted.age_then_ms + round((now.mono - accepted.first_seen) * 1000)
    return Ages(clock_ms - accepted.snapshot.id.ts_ms, by_sight)


def is_ahead(snapshot: SnapshotId, source: SourceInfo, wall_ms: int, mono: float) -> bool:
    """Return whether a snapshot's timestamp is in the future by more than clocks may differ.

    A replay is judged by its own clock.
    """
    played = source.played_s(mono)
    if played is None:
        return snapshot.ts_ms - wall_ms > FUTURE_TOLERANCE_MS
    return snapshot.ts_ms - played * 1000 > FUTURE_TOLERANCE_MS * max(1.0, source.speed or 0.0)


def _age(accepted: LastGood, source: SourceInfo, wall_ms: int, mono: float) -> int:
    if (played := source.played_s(mono)) is not None:
        return max(round(played * 1000) - accepted.snapshot.id.ts_ms, 0)
    by_sight = accepted.age_then_ms + round((mono - accepted.first_seen) * 1000)
    return max(wall_ms - accepted.snapshot.id.ts_ms, by_sight, 0)


def limits_of(record: ChainRecord) -> Thresholds:
    """Return a chain's age limits: those announced, if its snapshots live long enough to reach them.

    An interval of days would make any age fresh. Limits set by an operator are kept. A replay announces those of its
    recording, which have nothing to do with how long its snapshots live in Redis.
    """
    limits, good = record.thresholds, record.last_good
    if good is None or record.source.speed is not None or limits.own_stale_s is not None:
        return limits
    if limits.stale_ms <= good.life_ms + LIFE_SLACK_MS:
        return limits
    return limits.within(good.life_ms / 1000)


def state_of(record: ChainRecord, wall_ms: int, mono: float) -> tuple[State, int | None]:
    """Return a chain's state and its age, ms."""
    good = record.last_good
    if good is None:
        return record.fault.state if record.fault else State.MISSING, None
    age, limits = _age(good, record.source, wall_ms, mono), limits_of(record)
    if record.fault:
        return record.fault.state, age
    if is_ahead(good.snapshot.id, record.source, wall_ms, mono):
        return State.FUTURE, age
    if age <= limits.warn_ms:
        return State.FRESH, age
    return (State.AGING if age <= limits.stale_ms else State.STALE), age


class Steady(NamedTuple):
    """A period in which no state changes unless something new is read: epoch ms and monotonic seconds, inclusive."""

    after_ms: float = -math.inf
    until_ms: float = math.inf
    until_mono: float = math.inf

    def holds(self, wall_ms: int, mono: float) -> bool:
        """Whether an instant is within the period; `mono` never goes back."""
        return self.after_ms <= wall_ms <= self.until_ms and mono <= self.until_mono

    @classmethod
    def of_all(cls, times: Iterable[Self]) -> Self:
        """Return the period common to all of them."""
        after, until, until_mono = -math.inf, math.inf, math.inf
        for time in times:
            after, until = max(after, time.after_ms), min(until, time.until_ms)
            until_mono = min(until_mono, time.until_mono)
        return cls(after, until, until_mono)


def steady(record: ChainRecord, state: State, mono: float) -> Steady:
    """Return how long a chain stays in the state that `state_of` returns at `mono`, whatever the wall clock does."""
    good = record.last_good
    if good is None or record.fault:
        return Steady()
    if record.source.speed is not None:
        return Steady(until_mono=-math.inf)  # each heartbeat may set its clock
    stamp, limits = good.snapshot.id.ts_ms, limits_of(record)
    after: float = stamp - FUTURE_TOLERANCE_MS
    if state is State.FUTURE:
        return Steady(until_ms=after - 1)
    upper = {State.FRESH: limits.warn_ms, State.AGING: limits.stale_ms}.get(state, math.inf)
    lower = {State.AGING: limits.warn_ms, State.STALE: limits.stale_ms}.get(state, -math.inf)
    if _age(good, record.source, stamp, mono) <= lower:  # late only by the wall clock, which may be set back
        after = stamp + lower + 1
    return Steady(after, stamp + upper, good.first_seen + (upper - good.age_then_ms) / 1000)


def condition_of(state: State) -> State:
    """Return the condition of a state: all states without a usable snapshot are one condition, STALE."""
    return State.STALE if state in LOST else state


def reason_of(record: ChainRecord, state: State, age: int | None, now: Instant) -> tuple[float | None, str]:
    """Return since when a state's condition holds, epoch seconds, and why.

    A condition that gets worse keeps its start: a chain that was STALE before it went MISSING counts from then.
    """
    good, fault = record.last_good, record.fault
    if state is State.FRESH:
        return None, ""
    if fault is None and (good is None or age is None):
        return None, "not read yet"
    began = [fault.since] if fault else []
    if good is not None and age is not None:
        began.append(_began(record, good, state, age, now))
    if record.carried and record.carried[0] is condition_of(state):
        began.append(record.carried[1])
    known = [at for at in began if at is not None]
    since = min(known) if known and not (fault and fault.since is None) else None
    if fault:
        return since, fault.reason
    if good is not None and state is State.FUTURE:
        played = record.source.played_s(now.mono)
        judged, whose = (now.wall_s, "ours") if played is None else (played, "the replay's")
        return since, f"its clock is {good.snapshot.ts - judged:.1f} s ahead of {whose}"
    return since, ""


def _began(record: ChainRecord, good: LastGood, state: State, age: int, now: Instant) -> float | None:
    """Return when the accepted snapshot itself entered the condition of a state; None if it is not in it."""
    if state is State.FUTURE:
        return now.wall_s - (now.mono - good.first_seen) if good.ahead else None  # else our clock was set back
    limits = limits_of(record)
    limit = limits.warn_ms if state is State.AGING else limits.stale_ms
    if age <= limit:
        return None
    return now.wall_s - (age - limit) / 1000 / max(1.0, record.source.speed or 0.0)
