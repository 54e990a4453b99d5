"""Finds the marks on the line of time, a little at a time, while nothing else is to be done."""

from dataclasses import dataclass, field

from chain.monitor.evaluate.marks import Mark, MarkFinder
from chain.monitor.evaluate.signals import evaluate
from tape.errors import TapeError
from tape.play.player import Player
from tape.play.reel import Part

_LOOKS = 30  # a state is told at the latest after so many


@dataclass(slots=True)
class Searched:
    """What was found on one part; `number` is the last look that was searched, -1 before the first."""

    part: Part
    number: int = -1
    marks: list[Mark] = field(default_factory=list)
    searched_to: int | None = None  # the instant up to which marks are known, epoch ns
    is_over: bool = False
    clock: list[tuple[int, int]] = field(default_factory=list)  # looks, and a replay's clock at each, epoch ns
    _finder: MarkFinder = field(default_factory=MarkFinder)
    _known: set[Mark] = field(default_factory=set)

    def go_on(self, player: Player, *, grows: bool) -> bool:
        """Search the next look of which something may be told; return whether there was one.

        Where the part `grows`, that is every look but the last, of which some answers may be still to come.
        """
        told = player.told_after(self.number, _LOOKS) if self.number >= 0 and not grows else None
        number = self.number + 1 if told is None or told >= len(player) else told
        if number >= len(player) - grows:
            return False
        try:
            played = player.glance(number)
        except TapeError:
            self.number = number  # what cannot be read tells nothing
            return True
        begin = player.reader.looks[0].asked_wall_ns
        found = self._finder.on_report(evaluate(played.board, played.now))
        # What the watcher remembers of before is on the part before.
        new = [mark for mark in found if mark not in self._known and (mark.at >= begin or self.number < 0)]
        self._known.update(new)
        self.marks = sorted((*self.marks, *new), key=lambda mark: mark.at) if new else self.marks
        self.number, self.searched_to = number, player.reader.looks[number].asked_wall_ns
        shown_s = played.board.played_s(played.now)
        if shown_s is not None:
            self.clock.append((self.searched_to, round(shown_s * 1e9)))
        return True
