"""Knows the tapes that a replay plays: what is recorded when, the marks on it, and where a step leads.

A replay itself only knows what comes next. So this reads the same tapes a second time, on a thread of its own, and only
while somebody looks at the timeline or asks for a step.
"""

import logging
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from chain.clock import Clock
from chain.supervisor import error_words
from chain.text import clean
from chaindeck.engine.travel.line import Kept, LineOfTime
from chaindeck.engine.travel.walk import answered, stepped
from tape.errors import TapeError
from tape.play.reel import FilePart, Part, Reel, tape_paths
from tui.ports.time_travel import Stride, Timeline

log = logging.getLogger(__name__)

_SLICE_S = 0.015  # of searching for marks at once
_NAP_S = 0.05  # between two slices: the replay needs the processor more
_LOOKED_AT_S = 2.0  # after somebody looked at the timeline, who may look again


class Guide:
    """Answers on its thread; what is asked for of it is asked on the screen's."""

    def __init__(
        self, path: Path, first: Timeline, clock: Clock, *, at: Callable[[], int], go: Callable[[int], None]
    ) -> None:
        """`first` is told until more is known.

        `at` tells where the replay is, epoch ns; `go` has it stand at an instant, and returns at once.
        """
        self.note = ""  # what keeps the last step from leading anywhere
        self._reel = Reel([FilePart(one) for one in tape_paths(path)])
        self._line = LineOfTime(self._reel)
        self._clock = clock
        self._at = at
        self._go = go
        self._timeline = first
        self._trouble = ""
        self._looked_at = float("-inf")  # when somebody last looked at the timeline, monotonic seconds
        self._asked = threading.Condition()
        self._steps: list[Callable[[], None]] = []
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="replay-guide", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, and close the tapes."""
        with self._asked:
            self._ended = True
            self._asked.notify()
        if self._thread.is_alive():
            self._thread.join()
        self._reel.close()

    def timeline(self) -> Timeline:
        """Return what is known of the tape on which the replay is."""
        self._looked_at = self._clock.monotonic()
        if self._asked.acquire(blocking=False):
            self._asked.notify()
            self._asked.release()
        return self._timeline

    def step(self, stride: Stride, by: int) -> None:
        """Have the replay stand so many strides further, or before where `by` is below zero."""
        with self._asked:
            self._steps.append(partial(self._step, stride, by))
            self._asked.notify()

    def turn(self) -> float | None:
        """Do what is to be done; return after how many seconds there is more, None where nobody wants anything."""
        with self._asked:
            steps, self._steps = self._steps, []
        for step in steps:
            try:
                step()
            except TapeError as error:
                self._trouble = str(error)
        if self._clock.monotonic() - self._looked_at > _LOOKED_AT_S:
            return None
        more = self._search(self._clock.monotonic() + _SLICE_S)
        if parts := self._parts():
            self._timeline = self._line.told(parts, Kept(f"REPLAY {clean(parts[0].name, 60)}"), self._trouble)
        return _NAP_S if more else _LOOKED_AT_S

    def _run(self) -> None:
        while not self._ended:
            try:
                wait_s = self.turn()
            except Exception as error:
                log.exception("what the replay plays is not shown")
                self._trouble, wait_s = error_words(error), _LOOKED_AT_S
            with self._asked:
                if not self._steps and not self._ended:
                    self._asked.wait(wait_s)

    def _step(self, stride: Stride, by: int) -> None:
        place = self._reel.at(self._at())
        if place is None:
            return
        if stride is Stride.TRANSITION:
            self.note = "looking for a change"
            self._search_around(answered(self._reel, place), by)
        there = stepped(self._reel, place, stride, by, self._line.marks([place.part]))
        self.note = ""
        if there != place:
            self._go(answered(self._reel, there))
        elif stride is Stride.TRANSITION:
            self.note = f"no change {'after' if by > 0 else 'before'} this"

    def _search_around(self, at_ns: int, by: int) -> None:
        """Search until it is known where a step between marks leads: the marks on the way, or all of them."""
        while not self._ended and not self._line.knows(self._parts(), at_ns, by) and self._search(float("inf")):
            pass

    def _search(self, until: float) -> bool:
        """Search for marks up to a monotonic time; return whether there is more to search."""
        return self._line.search(self._parts(), lambda: self._ended or self._clock.monotonic() > until, grows=False)

    def _parts(self) -> list[Part]:
        """Return the tape on which the replay is."""
        place = self._reel.at(self._at())
        return [place.part] if place else []
