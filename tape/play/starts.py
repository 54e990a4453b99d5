"""Where on a tape it is known what the watcher knew: states on it, recorders that began, states kept in memory."""

from bisect import bisect_left, bisect_right, insort
from typing import NamedTuple

from chain.errors import DecodeError
from chain.monitor.watch.state import TrackerState, encode_state
from chain.monitor.watch.tracker import Tracker
from tape.errors import TapeError
from tape.play.reader import TapeReader
from tape.store.codec import Packed, Packer, unpack
from tape.store.facts import FactKind, MomentKind
from tape.store.file import TapeFile
from tape.store.rows import typed
from tape.store.states import read_state, state_at

_RUNS = "SELECT id FROM moments WHERE kind = ? AND id > ? ORDER BY id"
_STATES = """SELECT f.moment FROM facts f WHERE f.subject = (SELECT id FROM subjects WHERE kind = ? AND name = '')
AND f.moment > ? ORDER BY f.moment"""
_KEPT_BYTES = 8 * 1024 * 1024


class _Id(NamedTuple):
    id: int


class Start(NamedTuple):
    """A tracker that is to be given a look next; `state` is what it knows, None where its watcher had just begun."""

    tracker: Tracker
    state: TrackerState | None


class Starts:
    """The looks of a tape at which playing can begin, by number. What cannot be believed is tried once."""

    def __init__(self, tape: TapeFile, reader: TapeReader, label: str) -> None:
        """Raises TapeError."""
        self._tape = tape
        self._reader = reader
        self._label = label
        self._states: dict[int, int] = {}  # by the look before which it holds: the moment of a state
        self._runs: dict[int, int] = {}  # by first look: the moment at which a recorder began
        self._kept = KeptStates()
        self._searched = 0  # up to which moment
        self._numbers = [0]  # looks of all of them, in order
        self.refresh()

    def refresh(self) -> None:
        """Take in what was written on the tape since; raise TapeError."""
        ids = [look.id for look in self._reader.looks]
        if not ids:
            return
        for sql, kind, found in ((_RUNS, MomentKind.RUN, self._runs), (_STATES, FactKind.STATE, self._states)):
            for row in self._tape.rows(sql, kind, self._searched):
                moment = typed(row, _Id, "moment").id
                if moment < ids[-1]:  # one after the last look is read once it is known before which
                    found[bisect_left(ids, moment)] = moment
        self._searched = ids[-1]
        self._numbers = sorted({0, *self._runs, *self._states, *self._kept.numbers})

    def before(self, number: int) -> int:
        """Return the last look, up to this one, at which playing can begin."""
        return self._numbers[bisect_right(self._numbers, number) - 1]

    def is_told(self, number: int) -> bool:
        """Return whether the tape tells what was known before a look, whoever has played up to it."""
        return number in self._runs or number in self._states

    def has_state(self, number: int) -> bool:
        """Return whether the tape holds what was known before a look."""
        return self._states.get(number, 0) > self._runs.get(number, 0)

    def begin(self, number: int, *, whole: bool = True) -> Start | None:
        """Return a tracker to be given this look next; None where what is told of it cannot be believed.

        One that is not `whole` tells all but what its snapshots hold.
        """
        if (state := self._state(number, whole=whole)) is not None:
            try:
                return Start(Tracker.resume(self._reader.keys, state, self._label), state)
            except DecodeError:
                self._states.pop(number, None)
        if number == 0 or number in self._runs:
            return Start(Tracker(self._reader.keys, self._label), None)
        if number in self._numbers:
            self._numbers.remove(number)
        return None

    def keep(self, number: int, tracker: Tracker) -> None:
        """Remember what a tracker knows before it is given this look."""
        if number not in self._kept.numbers and self._kept.put(number, encode_state(tracker.state())):
            insort(self._numbers, number)

    def _state(self, number: int, *, whole: bool) -> TrackerState | None:
        keys = self._reader.keys
        try:
            if self.has_state(number):
                return state_at(self._tape, keys, self._states[number], whole=whole)
            if (kept := self._kept.get(number)) is not None:
                return read_state(self._tape, keys, kept, self._reader.looks[number].id)
        except (DecodeError, TapeError):
            self._states.pop(number, None)
        return None


class KeptStates:
    """States in memory, packed as on a tape, up to so many bytes."""

    def __init__(self, most: int = _KEPT_BYTES) -> None:
        self._most = most
        self._packer = Packer()
        self._packed: list[Packed] = []
        self._held = 0
        self.numbers: dict[int, int] = {}  # by look: where it is packed

    def put(self, number: int, raw: bytes) -> bool:
        """Keep the state before a look; return whether there was room."""
        if self._held >= self._most:
            return False
        self.numbers[number] = self._packer.pack(0, raw, self._store)
        return True

    def get(self, number: int) -> bytes | None:
        """Return the state before a look, None where none is kept."""
        at = self.numbers.get(number)
        return None if at is None else self._unpacked(at)

    def _store(self, packed: Packed) -> int:
        self._packed.append(packed)
        self._held += len(packed.data)
        return len(self._packed) - 1

    def _unpacked(self, at: int) -> bytes:
        packed = self._packed[at]
        return unpack(packed, None if packed.parent is None else self._unpacked(packed.parent))
