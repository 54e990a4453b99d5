"""Where a watcher's answers are drawn off: to whoever keeps them, with what the watcher knows now and then."""

from typing import Protocol

from chain.monitor.watch.port import Answer, Request
from chain.monitor.watch.state import TrackerState
from chain.monitor.watch.tracker import Tracker
from tape.store.states import StatePace


class Keeper(Protocol):
    """Whoever keeps answers; it must neither wait nor raise."""

    def offer(self, request: Request, answer: Answer) -> None:
        """Take an answer."""

    def offer_state(self, state: TrackerState, *, begins: bool = False) -> None:
        """Take what the watcher knows after a look; `begins`: it was not there to hear the answers before."""


class Tap:
    """Hands answers to its keepers, on the thread that reads. Owned by that thread."""

    def __init__(self) -> None:
        self._keepers: list[Keeper] = []
        self._joining: list[Keeper] = []
        self._pace = StatePace(at_once=True)
        self._looked = False

    def add(self, keeper: Keeper) -> None:
        """Hand it all answers from the next look on; before that, where there were looks, what the watcher knows."""
        (self._joining if self._looked else self._keepers).append(keeper)

    def remove(self, keeper: Keeper) -> None:
        """Hand it no more."""
        self._keepers = [one for one in self._keepers if one is not keeper]
        self._joining = [one for one in self._joining if one is not keeper]

    def on_answer(self, request: Request, answer: Answer) -> None:
        """Hear of an answer."""
        self._pace.on_answer(request, answer)
        for keeper in self._keepers:
            keeper.offer(request, answer)

    def on_look(self, tracker: Tracker) -> None:
        """Hear that a Board was made, by a tracker that stands between two looks."""
        self._looked = True
        due = self._pace.take_due()
        if not due and not self._joining:
            return
        state = tracker.state()
        for keeper in self._keepers if due else ():
            keeper.offer_state(state)
        for keeper in self._joining:
            keeper.offer_state(state, begins=True)
        self._keepers, self._joining = [*self._keepers, *self._joining], []
