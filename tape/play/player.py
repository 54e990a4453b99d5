"""Boards of a tape at any of its looks: those that the watcher made then, wherever one begins to play.

What a watcher knows follows from all it was answered since it began. So a tape holds its state now and then, and a
Board is made from the last state before it and the answers since. Where a tape holds none, as one of an older recorder
or what is left of one, states are kept in memory as it is played.
"""

from bisect import bisect_right
from dataclasses import dataclass
from typing import NamedTuple

from chain.clock import Instant
from chain.monitor.board import Board
from chain.monitor.watch.port import Answer, Request
from chain.monitor.watch.state import TrackerState
from chain.monitor.watch.tracker import Tracker
from tape.play.reader import TapeReader
from tape.play.starts import Starts
from tape.store.facts import MomentKind
from tape.store.file import TapeFile
from tape.store.rows import typed
from tape.store.states import StatePace

_FETCHES = "SELECT id FROM moments WHERE kind = ? AND id >= ? ORDER BY id"


class _Id(NamedTuple):
    id: int


@dataclass(frozen=True, slots=True)
class Played:
    """The Board of one look, by its number, and the instant of its last answer."""

    number: int
    board: Board
    now: Instant


class Player:
    """Plays a tape, one look after the other or from any look on. Owned by one thread."""

    def __init__(self, tape: TapeFile, label: str = "") -> None:
        """`label` names on screen what is read. Raises TapeError."""
        self.tape = tape
        self.reader = TapeReader(tape)
        self._starts = Starts(tape, self.reader, label)
        self._tracker = Tracker(self.reader.keys, label)
        self._next = -1  # the look that the tracker is given next, -1 where it knows nothing of this tape
        self._started: float | None = None  # monotonic seconds at which the watcher began, where that is known
        self._begins = False  # whether it is to begin with its next look
        self._pace = StatePace()
        self._last: Played | None = None
        self.fetches: list[int] = []  # looks at which payloads were read
        self._note_fetches()

    def __len__(self) -> int:
        """Return how many looks there are."""
        return len(self.reader.looks)

    def refresh(self) -> bool:
        """Take in what was written on the tape since; return whether there are new looks. Raises TapeError."""
        known = len(self)
        if not self.reader.refresh():
            return False
        if self._next >= known:  # of what was the last look, not all may have been written
            self._next = -1
        if self._last is not None and self._last.number >= known - 1:
            self._last = None
        self._starts.refresh()
        self._note_fetches()
        return True

    def _note_fetches(self) -> None:
        ids = [look.id for look in self.reader.looks]
        known = self.fetches[-1] if self.fetches else -1
        first = self.reader.looks[known].id if known >= 0 else 0
        for row in self.tape.rows(_FETCHES, MomentKind.FETCH, first):
            number = bisect_right(ids, typed(row, _Id, "moment").id) - 1
            if number > known:
                self.fetches.append(number)
                known = number

    def at(self, number: int) -> Played:
        """Return the Board of a look that there is, by its number from 0; raise TapeError where it cannot be read."""
        if self._last is not None and self._last.number == number:
            return self._last
        if self._starts.has_state(number + 1) and self._adopt(number + 1):
            self._last = self._as_told(number, self._tracker, self._started)
            return self._last
        if not self._starts.before(number) <= self._next <= number:
            self._begin(number)
        while self._next <= number:
            self._last = self._look()
        assert self._last is not None
        return self._last

    def glance(self, number: int) -> Played:
        """Return the Board of a look as `at` does, but, where the tape tells it, without its payloads' bytes."""
        if self._starts.has_state(number + 1):
            start = self._starts.begin(number + 1, whole=False)
            if start is not None and start.state is not None:
                return self._as_told(number, start.tracker, start.state.started)
        return self.at(number)

    def told_after(self, number: int, within: int) -> int | None:
        """Return the next look of which `glance` needs not play the looks before it; None where none is so near."""
        return next((one for one in range(number + 1, number + 1 + within) if self._starts.has_state(one + 1)), None)

    def known_before(self, number: int) -> TrackerState | None:
        """Return what the watcher knew before a look, None where it began with it; raise TapeError."""
        if number == 0 or self._starts.is_told(number):
            start = self._starts.begin(number)
            if start is not None:
                return start.state
        self.at(number - 1)
        return self._tracker.state()

    @staticmethod
    def _as_told(number: int, tracker: Tracker, started: float | None) -> Played:
        """Return the Board of a look from what the watcher knew after it."""
        return Played(number, tracker.board(started=started), tracker.now)

    def _begin(self, number: int) -> None:
        """Have the tracker know what the watcher knew before a look, or as short before it as that can be read."""
        at = self._starts.before(number)
        while not self._adopt(at):
            at = self._starts.before(at - 1)

    def _adopt(self, number: int) -> bool:
        """Have the tracker know what is told before a look; return whether that can be believed."""
        start = self._starts.begin(number)
        if start is None:
            return False
        self._tracker, state = start
        self._begins = state is None
        self._started = None if state is None else state.started
        if number != self._next or state is None:
            self.reader.go_to(number, known=state is not None)
        self._next, self._pace = number, StatePace()
        return True

    def _look(self) -> Played:
        number = self._next
        asked: list[Answer] = []
        request: Request | None = self._tracker.begin()
        while request is not None:
            answer = self.reader.answer(request)
            asked.append(answer)
            self._pace.on_answer(request, answer)
            request = self._tracker.on_answer(answer)
        if self._begins:
            self._started, self._begins = asked[0].asked.mono, False
        played = Played(number, self._tracker.board(started=self._started), asked[-1].received)
        self._next = number + 1
        if self._starts.is_told(self._next):
            self._adopt(self._next)
        elif self._pace.take_due():
            self._starts.keep(self._next, self._tracker)
        return played
