"""Recent changes, newest first: one line for chains that changed together, one for an outage and its end."""

import logging
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from msgspec.structs import replace

from chain.model.keys import ChainId
from chain.monitor.board import Transition
from chain.monitor.changes import Change
from chain.monitor.states import State

log = logging.getLogger(__name__)

_KEPT = 50
_TOGETHER_S = 10.0  # chains that change the same way within this time are one line


@dataclass(slots=True)
class History:
    """Transitions of chains and of the deck. Owned by one watcher; times are epoch seconds."""

    _kept: deque[Transition] = field(default_factory=lambda: deque(maxlen=_KEPT))
    _back: str = ""  # the end of an outage, held until the states of the chains are known

    @property
    def transitions(self) -> tuple[Transition, ...]:
        """The last ones, newest first."""
        return tuple(self._kept)

    @property
    def awaited(self) -> str:
        """The end of an outage that is not in the history yet; empty if there is none."""
        return self._back

    @classmethod
    def resume(cls, transitions: Sequence[Transition], awaited: str) -> Self:
        """Return a history that goes on from there."""
        return cls(deque(transitions, maxlen=_KEPT), awaited)

    def note(self, at: float, text: str, chains: Sequence[ChainId] = ()) -> None:
        """Record a change; chains that change as others did a moment ago are added to that line."""
        for place, known in enumerate(self._kept):
            alike = chains and known.chains and known.text == text and 0 <= at - known.at < _TOGETHER_S
            if alike and not set(known.chains) & set(chains):
                self._kept[place] = replace(known, chains=(*known.chains, *chains))
                return
        self._kept.appendleft(Transition(at, tuple(chains), text))

    def back(self, text: str) -> None:
        """Record that Redis is back; the line also says in which states the chains are."""
        self._back = text

    def on_changes(
        self, at: float, changes: Mapping[Change, Sequence[ChainId]], states: Mapping[ChainId, State]
    ) -> None:
        """Record state changes, those of one kind together; after an outage, the states of all chains."""
        for (before, after), chains in changes.items():
            log.info("%s %s to %s", listed(chains), before, after)
            if not self._back:
                self.note(at, f"{before} to {after}", chains)
        if self._back:
            self.note(at, ": ".join(filter(None, (self._back, _tallied(Counter(states.values()))))))
            self._back = ""


def listed(chains: Sequence[ChainId]) -> str:
    """Name up to two chains, and count the rest."""
    more = len(chains) - 2
    return ", ".join(map(str, chains[:2])) + (f" and {more} more" if more > 0 else "")


def _tallied(states: Counter[State]) -> str:
    """Say how many chains are in each state: `18 chains FRESH again`, or `12 FRESH, 6 STALE`."""
    if set(states) == {State.FRESH}:
        return f"{states.total()} chains FRESH again"
    return ", ".join(f"{states[state]} {state}" for state in reversed(State) if states[state])
