"""Finds the marks on the line of time and the spots along it, a little at a time, while nothing else is to be done."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple

from chain.analytics.realised import INTERVAL_S, LONGEST_S, SpotSample
from chain.model.calendar import Calendar
from chain.monitor.board import Board
from chain.monitor.evaluate.marks import Mark, MarkFinder
from chain.monitor.evaluate.signals import evaluate
from chaindeck.engine.spots import samples_of
from tape.errors import TapeError
from tape.play.player import Player
from tape.play.reel import Part

_LOOKS = 30  # a state is told at the latest after so many
_SOON_NS = round(
    (INTERVAL_S - 10) * 1e9
)  # after a sample the next may come; a snapshot is seen a while after its stamp
_LONG_NS = round(LONGEST_S * 1e9)  # after a sample nothing is waited for


class Spot(NamedTuple):
    """A sample of an underlying's spot, and when it was seen, epoch ns."""

    seen: int
    underlying: str
    sample: SpotSample
    calendar: Calendar


@dataclass(slots=True)
class Searched:
    """What was found on one part; `number` is the last look that was searched, -1 before the first."""

    part: Part
    number: int = -1
    marks: list[Mark] = field(default_factory=list)
    searched_to: int | None = None  # the instant up to which marks are known, epoch ns
    is_over: bool = False
    clock: list[tuple[int, int]] = field(default_factory=list)  # looks, and a replay's clock at each, epoch ns
    spots: list[Spot] = field(default_factory=list)  # in the order in which they were seen
    _finder: MarkFinder = field(default_factory=MarkFinder)
    _known: set[Mark] = field(default_factory=set)
    _last: dict[str, Spot] = field(default_factory=dict)  # of each underlying

    def follow(self, before: "Searched | None") -> None:
        """Go on with the samples of the part before."""
        self._last = dict(before._last) if before else {}

    def go_on(self, player: Player, *, grows: bool) -> bool:
        """Search the next look of which something may be told; return whether there was one.

        Where the part `grows`, that is every look but the last, of which some answers may be still to come.
        """
        told = player.told_after(self.number, _LOOKS) if self.number >= 0 and not grows else None
        number = self.number + 1 if told is None or told >= len(player) else told
        number = self._with_sample(player, number)
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
        self._note_spots(played.board)
        shown_s = played.board.played_s(played.now)
        if shown_s is not None:
            self.clock.append((self.searched_to, round(shown_s * 1e9)))
        return True

    def _with_sample(self, player: Player, number: int) -> int:
        """Return the look to search: one before `number` where a sample may have come, so that it is what was live."""
        fetches, looks = player.fetches, player.reader.looks
        for at in range(bisect_right(fetches, self.number), bisect_left(fetches, number)):
            seen = looks[fetches[at]].asked_wall_ns
            if any(_SOON_NS <= seen - spot.seen <= _LONG_NS for spot in self._last.values()):
                return fetches[at]
        return number

    def _note_spots(self, board: Board) -> None:
        """Note the spots of a look, but for those that come too soon after the ones before to be a sample."""
        assert self.searched_to is not None
        for record, sample in samples_of(board):
            spot = Spot(self.searched_to, record.chain.underlying, sample, record.source.calendar)
            last = self._last.get(spot.underlying)
            if last is None or not 0 <= sample.at - last.sample.at < INTERVAL_S or sample.source != last.sample.source:
                self._last[spot.underlying] = spot
                self.spots.append(spot)
