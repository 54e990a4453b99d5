"""Root cause first: which signals can follow from which, and signals in that order.

A silent publisher explains why its chains are missing; a missing chain explains nothing about its publisher. Somebody
who reads only one line should read the cause.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from chain.monitor.evaluate.report import Signal
from chain.monitor.states import DeckState

_LATE = ("aging", "stale", "stream-over-stale", "all-stale", "model-withheld")  # snapshots are late
_GONE = (*_LATE, "depth", "dangling", "nothing-published")  # or missing

# What can follow from each signal. A part is listed under its own name. If two explain a signal, the first counts.
CONSEQUENCES: Mapping[str, Sequence[str]] = {
    "watcher": ("poll-silent",),
    "redis-unreachable": (
        "publisher-silent",
        "publisher-unknown",
        "source",
        "failing",
        "part-failed",
        "recorder-silent",
        "compositor-silent",
        *_GONE,
    ),
    "eviction": (
        "publisher-silent",
        "recorder-silent",
        "compositor-silent",
        "publisher-unknown",
        "depth",
        "dangling",
        "all-stale",
        "nothing-published",
    ),
    "clock-skew": ("publisher-clock", "stream-clock", "future", *_LATE),
    "clock-step": ("publisher-clock", "stream-clock", "future", *_LATE),
    "publisher-clock": ("future", *_LATE),
    "publisher": ("publisher-silent", "failing", *_GONE),
    "heartbeat": ("publisher-silent", "publisher-unknown"),
    "heartbeat-refused": ("publisher-silent", "publisher-unknown"),
    "withdrawn": _GONE,
    "source": ("failing", "partial", "old-source", *_GONE),
    "publisher-silent": ("publisher-unknown", *_GONE),
    "publisher-unknown": _GONE,
    "failing": _GONE,
    "discovery": ("nothing-published",),
}

_ORDER = list(CONSEQUENCES)
_BY_UNDERLYING = ("depth", "dangling", "invalid", "future", "stale", "aging")  # one signal for each


class Incident(Struct, frozen=True):
    """A root cause among the current signals, and what follows from it, most severe first."""

    root: Signal
    follows: tuple[Signal, ...] = ()

    @property
    def severity(self) -> DeckState:
        """The most severe of its signals: the cause's impact on the desk."""
        return max((signal.severity for signal in (self.root, *self.follows)), key=lambda severity: severity.rank)


def incidents(signals: Iterable[Signal]) -> tuple[Incident, ...]:
    """Return every signal once, under the first root cause that explains it; the most severe incident first.

    A signal that nothing explains is a root. Signals of equal severity keep their order.
    """
    standing = tuple(signals)
    known = (signal for signal in standing if _source(signal) in CONSEQUENCES)
    causes = sorted(known, key=lambda signal: _ORDER.index(_source(signal)))
    groups: dict[int, list[Signal]] = {}
    for signal in standing:
        groups.setdefault(id(_root_of(signal, causes)), []).append(signal)
    found = [
        Incident(root, _most_severe_first(one for one in groups[id(root)] if one is not root))
        for root in standing
        if id(root) in groups
    ]
    return tuple(sorted(found, key=lambda incident: -incident.severity.rank))


def root_first(signals: Iterable[Signal]) -> tuple[Signal, ...]:
    """Return the signals incident by incident, each root cause before what follows from it."""
    return tuple(signal for incident in incidents(signals) for signal in (incident.root, *incident.follows))


def explains(cause: Signal, effect: Signal) -> bool:
    """Return whether one signal can follow from another: by their names, and by the underlyings that they concern."""
    if effect.name not in CONSEQUENCES.get(_source(cause), ()):
        return False
    if cause.concerns is None:
        return True
    return effect.subject in cause.concerns if effect.name in _BY_UNDERLYING else bool(cause.concerns)


def _root_of(signal: Signal, causes: Sequence[Signal]) -> Signal:
    """Return the root cause of a signal; the table has no cycles, so the search ends."""
    while cause := next((one for one in causes if explains(one, signal)), None):
        signal = cause
    return signal


def _source(cause: Signal) -> str:
    return cause.subject if cause.name == "part-failed" else cause.name


def _most_severe_first(signals: Iterable[Signal]) -> tuple[Signal, ...]:
    return tuple(sorted(signals, key=lambda signal: -signal.severity.rank))
