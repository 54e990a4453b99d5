"""Time as an input: wall clock and monotonic clock, real or moved by hand."""

import time
from dataclasses import dataclass
from typing import Protocol


class Clock(Protocol):
    """What every component asks for the time."""

    def wall_ns(self) -> int:
        """Wall clock, epoch nanoseconds; may step in either direction."""

    def monotonic(self) -> float:
        """Monotonic clock, seconds from an arbitrary start; never goes back."""


class SystemClock:
    """The machine's own clocks."""

    def wall_ns(self) -> int:
        """Epoch nanoseconds."""
        return time.time_ns()

    def monotonic(self) -> float:
        """Seconds since boot or a like start."""
        return time.monotonic()


@dataclass(slots=True)
class ManualClock:
    """Clocks that move only when told: replay, screenshots and boundary tests run on it."""

    wall: int  # epoch ns
    mono: float = 0.0  # seconds

    def wall_ns(self) -> int:
        """Epoch nanoseconds as last set."""
        return self.wall

    def monotonic(self) -> float:
        """Seconds as last set."""
        return self.mono

    def advance(self, seconds: float) -> None:
        """Move both clocks forward together."""
        self.wall += round(seconds * 1e9)
        self.mono += seconds

    def step_wall(self, seconds: float) -> None:
        """Step the wall clock alone, as a time service may."""
        self.wall += round(seconds * 1e9)
