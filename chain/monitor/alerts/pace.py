"""What is to be told, at most so often: the first at once, what comes too soon after it together with the next."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")

_MOST = 500  # that wait; of more the oldest are let go, and counted


@dataclass(frozen=True, slots=True)
class Due(Generic[T]):
    """What is told at one time, oldest first, and how many older ones were too many to keep."""

    items: tuple[T, ...]
    left_out: int = 0


@dataclass(slots=True)
class Pace(Generic[T]):
    """Holds what is to be told until its time has come. Times are monotonic seconds."""

    every_s: float
    left_out: int = 0  # of what is told next
    _waiting: deque[T] = field(default_factory=deque)
    _next_s: float = float("-inf")

    def add(self, items: Iterable[T]) -> None:
        """Take what is to be told."""
        self._waiting.extend(items)
        while len(self._waiting) > _MOST:
            self._waiting.popleft()
            self.left_out += 1

    @property
    def waiting(self) -> tuple[T, ...]:
        """What is not told yet, oldest first."""
        return tuple(self._waiting)

    @property
    def next_s(self) -> float | None:
        """From when on what waits can be told, monotonic seconds; None where nothing waits."""
        return self._next_s if self._waiting else None

    def due(self, now_s: float) -> "Due[T] | None":
        """Return what is to be told now; nothing until the last time is long enough ago."""
        if not self._waiting or now_s < self._next_s:
            return None
        told = Due(tuple(self._waiting), self.left_out)
        self._waiting.clear()
        self.left_out = 0
        self._next_s = now_s + self.every_s
        return told
