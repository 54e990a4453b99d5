"""Where a move leads, and what is passed on the way. No thread, no clock, no screen."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from chain.model.keys import ChainId, SnapshotId
from chain.monitor.board import Board
from chain.monitor.evaluate.marks import Mark
from tape.play.reel import GAP_NS, Place, Reel
from tui.ports.time_travel import Stride

_MINUTE_NS = 60 * 10**9


def stepped(reel: Reel, place: Place, stride: Stride, by: int, marks: Sequence[Mark]) -> Place:
    """Return the look so many strides on, or back where `by` is below zero; at an end, the last there is."""
    way = 1 if by > 0 else -1
    for _ in range(abs(by)):
        place = _step(reel, place, stride, way, marks)
    return place


def _step(reel: Reel, place: Place, stride: Stride, way: int, marks: Sequence[Mark]) -> Place:
    match stride:
        case Stride.LOOK:
            return reel.moved(place, way)
        case Stride.MINUTE:
            return _to(reel, place, reel.instant(place) + way * _MINUTE_NS, way)
        case Stride.SNAPSHOT:
            return _to_snapshot(reel, place, way)
        case Stride.TRANSITION:
            return _to_mark(reel, place, way, [mark.at for mark in marks])


def _to(reel: Reel, place: Place, wall_ns: int, way: int) -> Place:
    """Return the look of an instant; where that is no step at all, as before a gap, the next look that way."""
    found = reel.at(wall_ns) or place
    at, there = reel.instant(place), reel.instant(found)
    return found if (there - at) * way > 0 else reel.moved(place, way)


def _to_mark(reel: Reel, place: Place, way: int, times: Sequence[int]) -> Place:
    """Return the look that shows the next mark that way, of those at `times`; where there is none, the same look."""
    if way > 0:
        known = bisect_right(times, answered(reel, place))
        return _shows(reel, times[known]) or place if known < len(times) else place
    before = reel.moved(place, -1)
    known = 0 if before == place else bisect_right(times, answered(reel, before))
    return _shows(reel, times[known - 1]) or place if known else place


def _shows(reel: Reel, wall_ns: int) -> Place | None:
    """Return the first look that was answered at or after an instant: what happened then is on its Board."""
    found = reel.at(wall_ns)
    return found if found is None or answered(reel, found) >= wall_ns else reel.moved(found, 1)


def answered(reel: Reel, place: Place) -> int:
    """Return the instant of a look's last answer, by which its Board is evaluated, epoch ns; raise TapeError."""
    return reel.glanced(place).now.wall_ns


def _to_snapshot(reel: Reel, place: Place, way: int) -> Place:
    """Return the next look that way at which a snapshot came in; where there is none, the last look that way."""
    while True:
        player = reel.player(place.part)
        fetches = player.fetches if player else []
        if way > 0 and (at := bisect_right(fetches, place.number)) < len(fetches):
            return Place(place.part, fetches[at])
        if way < 0 and (at := bisect_left(fetches, place.number)) > 0:
            return Place(place.part, fetches[at - 1])
        edge = Place(place.part, len(player) - 1 if player and way > 0 else 0)
        beyond = reel.moved(edge, way)
        if beyond.part is place.part:
            return edge
        place = Place(beyond.part, -1 if way > 0 else beyond.number + 1)


def over_gap(reel: Reel, place: Place) -> Place | None:
    """Return the look behind the gap that follows a look; None where none follows."""
    after = reel.moved(place, 1)
    return after if after != place and reel.instant(after) - reel.instant(place) > GAP_NS else None


def stops(reel: Reel, place: Place, until: Place) -> list[Place]:
    """Return the looks after one, up to another, at which snapshots came in; both are of one part."""
    player = reel.player(place.part)
    fetches = player.fetches if player else []
    found = fetches[bisect_right(fetches, place.number) : bisect_right(fetches, until.number)]
    return [Place(place.part, number) for number in found]


class Passed:
    """Counts the snapshots that go by, each once."""

    def __init__(self) -> None:
        self.count = 0
        self._last: dict[ChainId, SnapshotId] = {}

    def on_board(self, board: Board) -> None:
        """Take in a Board of a later look."""
        for record in board.chains.records:
            good = record.last_good
            if good is not None and self._last.get(record.chain) != good.snapshot.id:
                self.count += record.chain in self._last
                self._last[record.chain] = good.snapshot.id
