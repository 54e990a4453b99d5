"""When each look of a tape was, as far as its clocks can be believed, and which look an instant leads to.

A wall clock may be set, and a forged or damaged look may tell any time; neither may hide the looks around it. A wall
clock that is wrong for a while and then right again is found out by the monotonic clock beside it, which nobody sets:
the looks of that while are placed by it. A clock that is set and stays so is believed.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

from tape.store.facts import MomentKind
from tape.store.file import TapeFile
from tape.store.rows import EARLIEST_NS, LATEST_NS, is_monotonic_time, is_wall_time, typed

FAR_NS = 60 * 10**9  # a clock that moves by more than this was set
_SQL = """SELECT id, asked_wall_ns, asked_mono, begins FROM moments
WHERE (begins OR kind = ?) AND id > ? ORDER BY id"""
_FIRST = """SELECT min(asked_wall_ns) FROM (
  SELECT asked_wall_ns FROM moments NOT INDEXED
  WHERE begins AND asked_wall_ns BETWEEN ?1 AND ?2 ORDER BY id LIMIT 3)"""
_LAST = """SELECT max(received_wall_ns) FROM moments WHERE received_wall_ns BETWEEN ?1 AND ?2 AND id >= (
  SELECT id FROM moments NOT INDEXED WHERE begins AND asked_wall_ns BETWEEN ?1 AND ?2 ORDER BY id DESC LIMIT 1)"""
_MOST_LEADS = 16  # times that a clock was set which are remembered, in case that it is set back


class _Row(NamedTuple):
    id: int
    asked_wall_ns: int
    asked_mono: float
    begins: int


@dataclass(frozen=True, slots=True)
class Look:
    """One look at everything: the id of the moment that began it, and when that was asked for (epoch ns, seconds)."""

    id: int
    asked_wall_ns: int
    asked_mono: float


@dataclass(slots=True)
class _Lead:
    """By how much the wall clock led the monotonic one for so many looks, and the number of the last of them."""

    ns: int
    looks: int
    last: int


def first_look_ns(tape: TapeFile) -> int | None:
    """Return when the first look was asked for, epoch ns; None where there is none.

    It is the earliest of the first three: a clock may be wrong at first, and no others need to be read.
    """
    return _time_of(tape, _FIRST)


def last_answer_ns(tape: TapeFile) -> int | None:
    """Return when the last answer came, or the recorder ended, epoch ns; None where there is no look."""
    return _time_of(tape, _LAST)


def _time_of(tape: TapeFile, sql: str) -> int | None:
    return next((wall_ns for (wall_ns,) in tape.rows(sql, EARLIEST_NS, LATEST_NS) if isinstance(wall_ns, int)), None)


class LookTimes:
    """The looks of a tape in the order in which they were written. Owned by one thread."""

    def __init__(self, tape: TapeFile) -> None:
        """Raises TapeError where they cannot be read."""
        self.looks: list[Look] = []
        self._tape = tape
        self._read = 0  # up to which moment
        self._leads: list[_Lead] = []  # of this run of the recorder
        self._run = 0  # its first look
        self._falls: list[int] = []  # looks that are earlier than the one before them
        self._compared = 0  # looks of which that is known
        self.refresh()

    def refresh(self) -> bool:
        """Take in what was written on the tape since; return whether there are new looks. Raises TapeError."""
        known = len(self.looks)
        for columns in self._tape.rows(_SQL, MomentKind.RUN, self._read):
            row = typed(columns, _Row, "moment")
            self._read = row.id
            if row.begins:
                self._add(Look(*row[:3]))
            else:
                self._leads, self._run = [], len(self.looks)
        return len(self.looks) > known

    def number_at(self, wall_ns: int) -> int:
        """Return the number of the look that an instant (epoch ns) leads to, the first where none is before it.

        That is the last look at or before it; where it is far from all after a clock was set back, the nearest before.
        """
        best = -1
        for begin, end in self._rising():
            at = bisect_right(self.looks, wall_ns, begin, end, key=lambda look: look.asked_wall_ns) - 1
            if at >= begin and (best < 0 or self.looks[at].asked_wall_ns > self.looks[best].asked_wall_ns):
                best = at
                if wall_ns - self.looks[at].asked_wall_ns <= FAR_NS:
                    break
        return max(0, best)

    def _add(self, look: Look) -> None:
        """Take in a look. One with a time that no clock shows is told as damaged once it is read, and stands here."""
        before = self.looks[-1] if self.looks else Look(0, 0, 0.0)
        if not is_monotonic_time(look.asked_mono):
            look = replace(look, asked_mono=before.asked_mono)
        if is_wall_time(look.asked_wall_ns):
            self.looks.append(look)
            self._believe(len(self.looks) - 1)
        else:
            since_ns = round(max(0.0, look.asked_mono - before.asked_mono) * 1e9)
            self.looks.append(replace(look, asked_wall_ns=min(before.asked_wall_ns + since_ns, LATEST_NS)))

    def _believe(self, number: int) -> None:
        """Take in by how much a look's wall clock leads; where it did so before, place the looks of the meantime.

        A clock that was wrong for more looks than it was right before is believed all the same.
        """
        look = self.looks[number]
        ns = look.asked_wall_ns - round(look.asked_mono * 1e9)
        for at in range(len(self._leads) - 1, -1, -1):
            known = self._leads[at]
            if abs(ns - known.ns) <= FAR_NS and number - known.last <= known.looks + 1:
                if known.last < number - 1:
                    self._place(known.last + 1, number, known.ns)
                    del self._leads[at + 1 :]
                known.ns, known.looks, known.last = ns, known.looks + 1, number
                return
        if not self._leads:
            self._place(self._run, number, ns)
        self._leads = [*self._leads[1 - _MOST_LEADS :], _Lead(ns, 1, number)]

    def _place(self, first: int, end: int, lead_ns: int) -> None:
        """Place looks between the one before them and the one at `end` by their monotonic clock."""
        lowest, highest = self.looks[first - 1].asked_wall_ns if first else 0, self.looks[end].asked_wall_ns
        for number in range(first, end):
            wall_ns = lead_ns + round(self.looks[number].asked_mono * 1e9)
            self.looks[number] = replace(self.looks[number], asked_wall_ns=min(highest, max(lowest, wall_ns)))
        if first < end:
            self._falls = [number for number in self._falls if number < first]
            self._compared = min(self._compared, first)

    def _rising(self) -> Iterator[tuple[int, int]]:
        """Yield stretches of looks whose times do not fall, the last one first: from a look up to before another."""
        for number in range(max(1, self._compared), len(self.looks)):
            if self.looks[number].asked_wall_ns < self.looks[number - 1].asked_wall_ns:
                self._falls.append(number)
        self._compared = len(self.looks)
        yield from reversed([*pairwise([0, *self._falls, len(self.looks)])])
