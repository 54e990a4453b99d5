"""How old a chain's snapshot is, and which state that makes: pure functions of an Entry and two clock readings."""

from dataclasses import dataclass

from chain.clock import Clock
from chain.model.keys import SnapshotId
from chain.monitor.board import Accepted, Entry, State
from chain.thresholds import FUTURE_TOLERANCE_MS


@dataclass(frozen=True, slots=True)
class Now:
    """One instant on both clocks: epoch nanoseconds and monotonic seconds."""

    wall_ns: int
    mono: float

    @classmethod
    def of(cls, clock: Clock) -> "Now":
        """Read both clocks."""
        return cls(clock.wall_ns(), clock.monotonic())

    @property
    def wall_ms(self) -> int:
        """Whole epoch milliseconds."""
        return self.wall_ns // 1_000_000

    @property
    def wall_s(self) -> float:
        """Epoch seconds."""
        return self.wall_ns / 1e9


def age_ms(accepted: Accepted, now: Now) -> int:
    """Return the worse of two ages, ms: by the wall clock since `ts`, and since we first saw the pointer.

    The second starts at the age that the snapshot had then, so a wall clock stepping back takes nothing away.
    """
    return _age(accepted, now.wall_ms, now.mono)


def is_ahead(snapshot: SnapshotId, wall_ms: int) -> bool:
    """Return whether a snapshot's stamp lies in our future, beyond what clocks differ by."""
    return snapshot.ts_ms - wall_ms > FUTURE_TOLERANCE_MS


def _age(accepted: Accepted, wall_ms: int, mono: float) -> int:
    by_sight = accepted.age_then_ms + round((mono - accepted.first_seen) * 1000)
    return max(wall_ms - accepted.snapshot.id.ts_ms, by_sight, 0)


def state_of(entry: Entry, wall_ms: int, mono: float) -> tuple[State, int | None]:
    """Return a chain's state and its age, ms."""
    good = entry.last_good
    if good is None:
        return entry.fault.state if entry.fault else State.MISSING, None
    age, limits = _age(good, wall_ms, mono), entry.thresholds
    if entry.fault:
        return entry.fault.state, age
    if is_ahead(good.snapshot.id, wall_ms):
        return State.FUTURE, age
    if age <= limits.warn_ms:
        return State.FRESH, age
    return (State.AGING if age <= limits.stale_ms else State.STALE), age


def reason_of(entry: Entry, state: State, age: int | None, now: Now) -> tuple[float | None, str]:
    """Return since when a state holds, epoch seconds, and why."""
    good = entry.last_good
    if entry.fault:
        return entry.fault.since, entry.fault.reason
    if good is None or age is None:
        return None, "not read yet"
    if state is State.FUTURE:
        return None, f"its clock is {good.snapshot.ts - now.wall_s:.1f} s ahead of ours"
    limits = {State.STALE: entry.thresholds.stale_ms, State.AGING: entry.thresholds.warn_ms}
    return (now.wall_s - (age - limits[state]) / 1000 if state in limits else None), ""
