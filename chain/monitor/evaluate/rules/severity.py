"""How grave each signal is, in every voice: deck, check, events and alert rules all look here."""

from collections.abc import Iterable

from chain.monitor.evaluate.report import Signal
from chain.monitor.states import DeckState

_W, _C = DeckState.WARNING, DeckState.CRITICAL

# The contract's own scale: an old snapshot is a warning, a missing expiration is partial degradation, a stream that
# runs over a stale snapshot is degraded. Critical is what leaves the desk without any data to work with.
SEVERITY = {
    "starting": DeckState.STARTING,
    "poll-silent": _C,
    "redis-unreachable": _C,
    "all-stale": _C,
    "nothing-published": _C,
    "stream-over-stale": DeckState.DEGRADED,
    "part-failed": DeckState.DEGRADED,  # of this program or of a publisher: data may still come, for now
    "depth": DeckState.PARTIAL_DEGRADATION,
    "dangling": _W,
    "invalid": _W,
    "future": _W,
    "stale": _W,
    "aging": _W,
    "partial": _W,
    "failing": _W,
    "old-source": _W,
    "rolled-back": _W,
    "past-dated": _W,
    "limits-unfit": _W,
    "source-changed": _W,
    "mixed-sources": _W,
    "withdrawn": DeckState.OK,
    "publisher-unknown": _W,
    "heartbeat-refused": _W,
    "heartbeat-misfit": _W,
    "publisher-silent": _W,
    "source": _W,
    "clock-step": _W,
    "clock-skew": _W,
    "publisher-clock": _W,
    "stream-clock": _W,
    "eviction": _W,
    "eviction-policy": _W,
    "discovery": _W,
    "rule-failed": _W,
}


def signal(
    name: str,
    text: str,
    since: float | None = None,
    subject: str = "",
    *,
    concerns: Iterable[str] | None = None,
) -> Signal:
    """Return a signal with the severity of its name; raises KeyError for a name that has none."""
    return Signal(name, SEVERITY[name], text, since, subject, None if concerns is None else frozenset(concerns))
