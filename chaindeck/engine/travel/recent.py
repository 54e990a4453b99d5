"""The ring of recent answers as the past of a live deck: its thread packs what the watcher was answered."""

from chain.clock import Clock
from chain.model.keys import KeySchema
from chaindeck.engine.board_slot import BoardSlot
from chaindeck.engine.travel.line import Kept
from chaindeck.engine.travel.traveller import Traveller
from tape.memory import MemoryTape
from tape.play.reel import MemoryPart, Part, Reel
from tape.record.backlog import Backlog
from tape.record.ring import OPEN_PARTS, Ring

_MB = 1_000_000
_MINUTE_S, _HOUR_S = 60, 3_600
_TELLING_S = 60  # what was kept for less does not show how fast room is taken
_NEARLY_FULL = 0.8  # from here on it goes back about as far as it ever will
_SLOW = "this machine could not keep up"


class Recent:
    """Answers from the watcher's thread to the traveller's, and there into the ring."""

    def __init__(self, keys: KeySchema, most: int, shown_as: str) -> None:
        """`most`: bytes that may be kept; `shown_as` names on screen what is read from."""
        self.backlog = Backlog(max(most // 4, _MB))
        self.reel = Reel((), OPEN_PARTS)
        self._ring = Ring(keys, most)
        self._shown_as = shown_as
        self._parts: dict[MemoryTape, Part] = {}

    def traveller(self, slot: BoardSlot, clock: Clock) -> Traveller:
        """Return what travels in the ring."""
        return Traveller(self.reel, slot, clock, kept=self.kept, take_in=self.take_in, can_be_live=True)

    def take_in(self) -> bool:
        """Keep what was answered since; return whether anything was."""
        waiting = self.backlog.take(0.0)
        if missed := self.backlog.take_missed():
            self._ring.miss(missed, _SLOW)
        for one in waiting:
            self._ring.write(one)
        if not waiting:
            return False
        self._ring.commit()
        self._parts = {tape: self._parts.get(tape) or MemoryPart(tape, self._shown_as) for tape in self._ring.parts}
        self.reel.parts = [*self._parts.values()]
        for part in self.reel.parts[-1:]:
            part.player().refresh()
        return True

    def kept(self, _: Part | None) -> Kept:
        """Say how far back the ring goes, how much of its room that takes, and how far it will go at this pace."""
        first, last = self.reel.first(), self.reel.last()
        seconds = (self.reel.instant(last) - self.reel.instant(first)) // 10**9 if first and last else 0
        label = f"LAST {_length(seconds)}, {self._ring.size / _MB:.0f} of {self._ring.most / _MB:.0f} MB"
        filled = self._ring.filled
        if seconds < _TELLING_S or not 0 < filled < _NEARLY_FULL:
            return Kept(label)
        return Kept(label, f"room for about {_length(round(seconds / filled))}")


def _length(seconds: int) -> str:
    """Return a length of time in one unit: 59 s, 119 min, 2 h."""
    if seconds < _MINUTE_S:
        return f"{seconds} s"
    return f"{seconds // _MINUTE_S} min" if seconds < 2 * _HOUR_S else f"{seconds // _HOUR_S} h"
