"""What happened, as marks on a line of time: changes of state, signals that began and that ended."""

import math
from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

from chain.model.keys import ChainId
from chain.monitor.board import TAPE_DAMAGED, Transition
from chain.monitor.evaluate.report import HealthReport, Signal
from chain.monitor.states import DeckState, Level, State

_LOST = "Redis unreachable"
_LEVELS = dict.fromkeys(map(str, State), Level.CRITICAL) | {State.FRESH: Level.INFO, State.AGING: Level.WARNING}
_GRAVITY = list(Level)  # mildest first


class MarkKind(StrEnum):
    """What a mark is about."""

    STATE = "state"  # chains changed their state, or the deck's Redis answered or not
    RAISED = "raised"  # a signal began
    ENDED = "ended"  # a signal ended


class Mark(Struct, frozen=True):
    """One thing that happened: when (epoch ns), how grave, to which chains (none where to the deck), and in words."""

    at: int
    kind: MarkKind
    level: Level
    text: str
    chains: tuple[ChainId, ...] = ()


class MarkFinder:
    """Finds marks in the reports of Boards, taken in the order of time."""

    def __init__(self) -> None:
        self._transitions: frozenset[Transition] | None = None
        self._signals: dict[tuple[str, str], Signal] | None = None

    def on_report(self, report: HealthReport) -> list[Mark]:
        """Return what happened since the report before, in the order of time; of the first, what it remembers."""
        marks = [*self._of_transitions(report), *self._of_signals(report)]
        return sorted(marks, key=lambda mark: mark.at)

    def _of_transitions(self, report: HealthReport) -> list[Mark]:
        known = self._transitions or frozenset()
        self._transitions = frozenset(report.board.transitions)
        return [
            Mark(_ns(one.at), MarkKind.STATE, _level(one), one.text, one.chains) for one in self._transitions - known
        ]

    def _of_signals(self, report: HealthReport) -> list[Mark]:
        lasting = [signal for signal in report.signals if signal.severity is not DeckState.STARTING]
        present = {(signal.name, signal.subject): signal for signal in lasting}
        known = {} if self._signals is None else self._signals
        now = report.now.wall_ns
        marks = [
            Mark(min(now, _ns(signal.since or report.now.wall_s)), MarkKind.RAISED, signal.severity.level,
                 signal.text)
            for key, signal in present.items() if key not in known
        ]  # fmt: skip
        marks += [
            Mark(now, MarkKind.ENDED, Level.INFO, f"ended: {signal.text}")
            for key, signal in known.items()
            if key not in present
        ]
        self._signals = present
        return marks


def thinned(marks: Sequence[Mark], begin: int, end: int, columns: int) -> tuple[Mark, ...]:
    """Return the marks from `begin` to `end`, epoch ns; of those that share a column the gravest, or its first."""
    shown: dict[int, Mark] = {}
    length = max(1, end - begin)
    for mark in marks:
        if begin <= mark.at <= end and columns > 0:
            column = min(columns - 1, (mark.at - begin) * columns // length)
            known = shown.get(column)
            if known is None or _GRAVITY.index(mark.level) > _GRAVITY.index(known.level):
                shown[column] = mark
    return tuple(shown[column] for column in sorted(shown))


def _ns(epoch_s: float) -> int:
    """Return a time in ns, cut to the ms: rounded up, it would be after the look that found it."""
    return math.floor(epoch_s * 1e3) * 10**6


def _level(transition: Transition) -> Level:
    """Return how grave a change is, by the state that it led to."""
    state = transition.text.rpartition(" to ")[2]
    level = _LEVELS.get(state, Level.INFO)
    return Level.CRITICAL if transition.text.startswith((_LOST, TAPE_DAMAGED)) else level
