"""Whether Redis answers, since when, and whether the wall clock has stepped."""

import logging

from msgspec.structs import replace

from chain.clock import Instant
from chain.monitor.board import RedisHealth
from chain.monitor.history import History
from chain.thresholds import CLOCK_JUMP_S

_STEP_SHOWN_S = 60.0

log = logging.getLogger(__name__)


class Contact:
    """Contact with Redis: found and lost, each entered in the history once."""

    def __init__(self, history: History, shown_as: str, health: RedisHealth | None = None) -> None:
        self.health = health or RedisHealth()
        self._history = history
        self._shown_as = shown_as

    def on_found(self, asked: Instant, answered: Instant, now: Instant) -> None:
        """Note that a poll was answered; at `now` all its follow-up requests were, too."""
        before = self.health
        if not before.ok and before.since is not None:
            self._history.back(f"Redis back after {now.wall_s - before.since:.1f} s")
        since = before.since if before.ok else now.wall_s
        self.health = RedisHealth(True, asked.mono, now.mono, since, "", (answered.mono - asked.mono) * 1000)

    def on_lost(self, asked: Instant, now: Instant, error: str) -> None:
        """Note that there was no answer, and why; the last answer stays known."""
        before = self.health
        since = before.since if before.since is not None and not before.ok else now.wall_s
        self.health = replace(before, ok=False, asked=asked.mono, since=since, error=error, ping_ms=None)
        if before.ok or before.asked is None:
            self._history.note(now.wall_s, self.health.trouble)
            if not self.health.is_damaged_tape:
                log.warning("redis unreachable at %s: %s", self._shown_as, error)


class WallClock:
    """Compares the wall clock with the monotonic one: a step is reported for a minute."""

    def __init__(self, history: History, drift: float | None = None, step: tuple[float, float] = (0.0, 0.0)) -> None:
        """`drift`: wall minus monotonic clock, seconds; `step`: the last one, seconds, and its monotonic time."""
        self._history = history
        self.drift = drift
        self.step = step

    def on_instant(self, now: Instant) -> None:
        """Check whether the clocks drifted apart since the last instant."""
        drift = now.wall_s - now.mono
        if self.drift is not None and abs(drift - self.drift) > CLOCK_JUMP_S:
            self.step = (drift - self.drift, now.mono)
            self._history.note(now.wall_s, f"wall clock stepped by {self.step[0]:+.1f} s")
        self.drift = drift

    def step_shown(self, now: Instant) -> tuple[float, float]:
        """Return the last step in seconds and its monotonic time; zeros if it was over a minute ago, or none."""
        return self.step if now.mono - self.step[1] < _STEP_SHOWN_S else (0.0, 0.0)
