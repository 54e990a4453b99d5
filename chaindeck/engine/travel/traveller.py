"""The thread that travels: it moves the cursor through what is recorded, plays it, and shows where it stands.

The screen asks, and goes on; of moves that were asked for in a row only the last is shown. The thread that polls and
publishes never waits for this one.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from chain.clock import Clock
from chain.model.keys import ChainId
from chain.monitor.analytics import RecentAnalytics
from chain.monitor.evaluate.marks import thinned
from chain.supervisor import error_words
from chaindeck.engine.board_slot import BoardSlot
from chaindeck.engine.travel.heatmaps import PastHeatmaps
from chaindeck.engine.travel.line import Kept, LineOfTime
from chaindeck.engine.travel.spots import PastSpots
from chaindeck.engine.travel.walk import Passed, answered, over_gap, stepped, stops
from tape.errors import TapeError
from tape.play.player import Played
from tape.play.reel import Part, Place, Reel
from tui.ports.board_source import Scene
from tui.ports.time_travel import Cursor, Stride, Timeline

log = logging.getLogger(__name__)

_IDLE_S = 0.25
_FRAME_S = 1 / 12
_SLICE_S = 0.015  # of searching, before whoever asks for something is heard
_NAP_S = 0.005  # between two slices: the screen computes too
_PLAYED_S = 0.1  # at most, of playing for one frame

Move = Callable[[], object]


class Traveller:
    """The screen's port to what a reel holds. All but the port's own methods belong to its thread.

    Where there is a present, the line of time spans all parts; else that part in which the cursor stands.
    """

    def __init__(
        self,
        reel: Reel,
        slot: BoardSlot,
        clock: Clock,
        *,
        kept: Callable[[Part | None], Kept],
        take_in: Callable[[], bool] = lambda: False,
        can_be_live: bool,
    ) -> None:
        """`kept` says where a part is kept; `take_in` adds what is new, and returns whether anything was."""
        self.can_be_live = can_be_live
        self.passed = Passed()
        self._reel = reel
        self._slot = slot
        self._clock = clock
        self._kept = kept
        self._take_in = take_in
        self._changed = threading.Condition()
        self._moves: list[Move] = []
        self._ended = False
        self._cursor = Cursor()
        self._timeline = Timeline("")
        self._selected: ChainId | None = None
        self._recent = RecentAnalytics()
        self._heatmaps = PastHeatmaps()
        self._place: Place | None = None  # None in the present
        self._speed = 0.0
        self._base = (0, 0.0)  # from where it is played: recorded epoch ns, and monotonic seconds
        self._line = LineOfTime(reel)
        self._spots = PastSpots(self._line)
        self._told_at = float("-inf")  # when the line of time was last brought up to date, monotonic seconds
        self._untold = False
        self._trouble = ""
        self._note = ""  # why the last move led nowhere
        self._thread = threading.Thread(target=self._run, name="traveller", daemon=True)
        slot.on_select(self._select)
        if not can_be_live:  # nobody else fills the slot
            slot.fill_by(self._ask)

    def timeline(self, columns: int) -> Timeline:
        """Return what is recorded, with the gravest mark for each of so many columns."""
        known = self._timeline
        marks = thinned(known.marks, known.begin or 0, known.end or 0, columns)
        return replace(known, marks=marks)

    def cursor(self) -> Cursor:
        """Return where one stands."""
        return self._cursor

    def seek(self, wall_ns: int) -> None:
        """Stand at the last look at or before an instant, epoch ns."""
        self._cursor = replace(self._cursor, wanted=wall_ns)
        self._ask(partial(self._seek, wall_ns))

    def step(self, stride: Stride, by: int) -> None:
        """Move by so many strides, and pause."""
        self._ask(partial(self._step, stride, by))

    def play(self, speed: float) -> None:
        """Let the past go on, so many times as fast as it went."""
        self._ask(partial(self._play, speed))

    def pause(self) -> None:
        """Stand still in the past."""
        self._ask(partial(self._play, 0.0))

    def live(self) -> None:
        """Go back to the present; where there is none, to the end."""
        self._ask(self._live)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, and close what it has open."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join()
        self._reel.close()

    def turn(self) -> float:
        """Do what is to be done; return after how many seconds there is more, if nobody asks for anything."""
        with self._changed:
            moves, self._moves = self._moves, []
        news = self._take_in()
        moved = self._stay_on_reel() or bool(moves)
        for move in moves:
            self._note = ""
            self._try(move)
        if self._speed and not moves:
            moved |= self._play_on()
        if moved and not self._moves:
            self._try(self._show)
        more = not moved and not self._speed and self._search()
        if self._spots.has_come(self._shown_parts()):
            self._try(self._show)
        self._untold |= news or self._line.take_found()
        now = self._clock.monotonic()
        if moved or (self._untold and not (more and now - self._told_at < _IDLE_S)):
            self._told_at, self._untold = now, False
            self._try(self._tell)
        return _NAP_S if more else _FRAME_S if self._speed else _IDLE_S

    def _run(self) -> None:
        while not self._ended:
            try:
                wait_s = self.turn()
            except Exception as error:
                log.exception("time travel failed")
                self._trouble, self._speed, wait_s = error_words(error), 0.0, 1.0
            with self._changed:
                if not self._moves and not self._ended:
                    self._changed.wait(wait_s)

    def _ask(self, move: Move) -> None:
        with self._changed:
            self._moves.append(move)
            self._changed.notify()

    def _try(self, move: Move) -> None:
        """Do what reads a tape; where that cannot be read, say so, and stay where one stands."""
        try:
            move()
        except TapeError as error:
            self._trouble, self._speed = str(error), 0.0
            self._cursor = replace(self._cursor, speed=0.0, wanted=None)

    def _select(self, chain: ChainId | None) -> None:
        """Hear, on the screen's thread, which chain is looked at."""
        self._selected = chain
        if not self._cursor.is_live:
            self._ask(lambda: None)

    def _seek(self, wall_ns: int) -> None:
        self._stand(self._reel.at(wall_ns))

    def _step(self, stride: Stride, by: int) -> None:
        place = self._place or self._reel.last()
        self._speed = 0.0
        if place is None:
            return
        if stride is Stride.TRANSITION:
            self._search_around(answered(self._reel, place), by)
        there = stepped(self._reel, place, stride, by, self._line.marks(self._shown_parts()))
        if stride is Stride.TRANSITION and there == place and not self._moves:
            self._note = f"no change {'after' if by > 0 else 'before'} this"
        self._stand(there)

    def _search_around(self, at: int, by: int) -> None:
        """Search until `by` marks are known after an instant, or, below zero, all before it.

        It ends where all is searched, or something else is asked for.
        """
        while not (self._moves or self._ended or self._line.knows(self._shown_parts(), at, by)) and self._search():
            pass

    def _play(self, speed: float) -> None:
        self._speed = max(0.0, speed)
        self._stand(self._place or self._reel.last())
        self.passed = Passed()

    def _live(self) -> None:
        self._speed = 0.0
        self._stand(None if self.can_be_live else self._reel.last())

    def _stand(self, place: Place | None) -> None:
        """Stand at a look, and play on from there."""
        self._place = place
        if place is None:
            self._speed = 0.0
        else:
            self._base = self._reel.instant(place), self._clock.monotonic()

    def _stay_on_reel(self) -> bool:
        """Move on where the part that one stood in was let go; return whether it was."""
        if self._place is None or self._place.part in self._reel.parts:
            return False
        self._stand(self._reel.first())
        return True

    def _play_on(self) -> bool:
        """Go on to where the cursor should be by now, past every snapshot; return whether it moved."""
        place, now = self._place, self._clock.monotonic()
        if place is None:
            return False
        until = self._reel.at(self._base[0] + round((now - self._base[1]) * self._speed * 1e9))
        if until is None or until.part is not place.part:
            until = self._reel.last_of(place.part)
        if until.number <= place.number:
            return self._play_over(place)
        for stop in stops(self._reel, place, until):
            self.passed.on_board(self._reel.glanced(stop).board)
            place = stop
            if self._clock.monotonic() - now > _PLAYED_S:  # this machine cannot go so fast: nothing is left out
                self._stand(stop)
                return True
        self._place = until
        return True

    def _play_over(self, place: Place) -> bool:
        """Go over the gap, or into the part, that follows a look; at the end of all, pause."""
        after = self._reel.moved(place, 1)
        if after == place:
            self._speed = 0.0
            return True
        if after.part is place.part and over_gap(self._reel, place) is None:
            return False
        self._stand(after)
        return True

    def _show(self) -> None:
        """Show the look at which one stands."""
        place = self._place
        if place is None:
            self._cursor = Cursor()
            self._slot.look_back(None)
            return
        played: Played = self._reel.played(place)
        self.passed.on_board(played.board)
        slot, at = self._slot, self._reel.instant(place)
        analytics, across = self._recent.look(played.board, self._selected, slot.gex, across=slot.is_across)
        across = self._spots.beside(across, self._shown_parts(), at)
        heatmap = self._heatmaps.view(played.board, played.now, slot.heatmap_of)
        self._cursor = Cursor(at, self._speed, note=self._note)
        slot.look_back(Scene(played.board, analytics, played.now, heatmap=heatmap, across=across))

    def _shown_parts(self) -> list[Part]:
        """Return the parts that the line of time spans."""
        if self.can_be_live:
            return list(self._reel.parts)
        place = self._place or self._reel.last()
        return [place.part] if place else []

    def _search(self) -> bool:
        """Search for marks for a moment; return whether there is more to search."""
        began = self._clock.monotonic()

        def is_enough() -> bool:
            return self._clock.monotonic() - began > _SLICE_S

        return self._line.search(self._shown_parts(), is_enough, grows=self.can_be_live)

    def _tell(self) -> None:
        """Bring the line of time up to date."""
        kept = self._kept(self._place.part if self._place else None)
        timeline = self._line.told(self._shown_parts(), kept, self._trouble)
        if timeline != self._timeline:
            self._timeline = timeline
            self._slot.wake_reader()
