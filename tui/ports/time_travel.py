"""Travelling in time, as the screen is given it: what is recorded, where one stands in it, and how to move.

What is shown at an instant of the past comes through the same `BoardSource` as what is shown now, as a Scene with
`as_of`. Every move is asked for and returns at once; of several asked for in a row only the last needs to be shown.
"""

from bisect import bisect_right
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from operator import itemgetter
from typing import Protocol

from chain.monitor.evaluate.marks import Mark, MarkKind, thinned

__all__ = ["Cursor", "Mark", "MarkKind", "Span", "Stride", "TimeTravel", "Timeline", "thinned"]


class Stride(StrEnum):
    """What one step passes over."""

    LOOK = "look"  # to the next Board that was made
    MINUTE = "minute"
    SNAPSHOT = "snapshot"  # to where a snapshot of any chain came in
    TRANSITION = "transition"  # to the next mark


@dataclass(frozen=True, slots=True)
class Span:
    """A time from its first look to its last, epoch ns."""

    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """What is recorded. Between two spans lies a gap: nobody looked.

    `label` says where it is kept (`TAPE 2026-01-02.tape`, `LAST 38 min, 41 of 64 MB`); `searched_to`, epoch ns, up to
    where marks are known: None where nothing is recorded, the end once all are. `clock` is of a replay that was
    watched: the instants of looks, and what its clock showed at each, epoch ns.
    """

    label: str
    spans: tuple[Span, ...] = ()
    marks: tuple[Mark, ...] = ()
    searched_to: int | None = None
    unreadable: str = ""  # what of it cannot be shown, and why
    reach: str = ""  # how far back it will go, where it does not yet (`room for about 2 h`)
    clock: tuple[tuple[int, int], ...] = ()

    @property
    def begin(self) -> int | None:
        """The first instant that is recorded, epoch ns; None where nothing is."""
        return self.spans[0].begin if self.spans else None

    @property
    def end(self) -> int | None:
        """The last instant that is recorded, epoch ns; None where nothing is."""
        return self.spans[-1].end if self.spans else None

    def shown_at(self, at: int) -> int:
        """Return by its own clock when that was which was seen at an instant, both epoch ns."""
        if not self.clock:
            return at
        return self.clock[max(0, bisect_right(self.clock, at, key=itemgetter(0)) - 1)][1]

    def seen_at(self, shown: int) -> int | None:
        """Return the last instant at which that clock showed a time, both epoch ns; None where it never did."""
        if not self.clock:
            return shown
        last, end = self.clock[-1]
        passed = (at for (at, then), (_, after) in pairwise(self.clock) if then <= shown < after)
        return last if end <= shown < end + 10**9 else max(passed, default=None)


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where one stands: `at`, epoch ns, is the look that is shown, None while what is shown is live.

    `speed` is how many recorded seconds pass in one, 0.0 while paused. `wanted` is where one is about to stand, where
    that look is not shown yet. `note` says why the last move led nowhere.
    """

    at: int | None = None
    speed: float = 0.0
    wanted: int | None = None
    note: str = ""

    @property
    def is_live(self) -> bool:
        """Whether the present is shown."""
        return self.at is None and self.wanted is None


class TimeTravel(Protocol):
    """The recorded past beside the present. Its methods may be called on the screen's thread, and never wait."""

    @property
    def can_be_live(self) -> bool:
        """Whether there is a present to go back to: of a tape that was opened there is none."""

    def timeline(self, columns: int) -> Timeline:
        """Return what is recorded, with at most the gravest mark for each of so many columns of its length."""

    def cursor(self) -> Cursor:
        """Return where one stands."""

    def seek(self, wall_ns: int) -> None:
        """Stand at the last look at or before an instant (epoch ns), or at the first of all; playing goes on."""

    def step(self, stride: Stride, by: int) -> None:
        """Move on (`by` above 0) or back by so many strides from where one stands, and pause."""

    def play(self, speed: float) -> None:
        """Let the past go on from where one stands, so many times as fast as it went; at its end, pause."""

    def pause(self) -> None:
        """Stand still in the past; from the present, at the last look that is recorded."""

    def live(self) -> None:
        """Go back to the present; where there is none, to the end of what is recorded."""
