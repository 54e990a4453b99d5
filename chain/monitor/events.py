"""What changed and since when: signals raised and ended, an event for each, in the health collector's envelope."""

from collections.abc import Set
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec
from msgspec import Struct
from redis.asyncio import Redis

from chain.model.keys import ChainId
from chain.monitor.evaluate.serialize import event_data
from chain.monitor.evaluate.signals import HealthReport, Signal
from chain.monitor.messages.event import EventData, EventMessage
from chain.monitor.states import DeckState, Level, State
from chain.redis.contract.coordination.announce import append_event

HOLD = 2  # consecutive reports before a change counts: one late poll raises no alarm

Key = tuple[str, str]

# Signals of lateness, and the state of their chains. A chain that went on to a worse state has not recovered.
_LATE = {"aging": State.AGING, "stale": State.STALE, "stream-over-stale": State.STALE}
_WORST_FIRST = list(State)


class Event(Struct, frozen=True):
    """One change. `ts` is epoch seconds."""

    ts: float
    type: str
    severity: Level
    service: str
    message: str
    data: EventData

    def encode(self) -> bytes:
        """Return the envelope `ts, ts_iso, type, severity, service, message, data`."""
        iso = datetime.fromtimestamp(self.ts, UTC).isoformat(timespec="milliseconds")
        return msgspec.json.encode(
            EventMessage(self.ts, iso, self.type, self.severity, self.service, self.message, self.data)
        )


@dataclass(slots=True)
class EventLog:
    """Turns reports into events: a signal is raised when two reports in a row have it, and ended when two do not.

    Lateness that gives way to something worse ends once its chains are better than late.
    """

    service: str
    _raised: dict[Key, Signal] = field(default_factory=dict)
    _standing: dict[tuple[Key, DeckState], int] = field(default_factory=dict)  # consecutive reports at one severity
    _gone: dict[Key, int] = field(default_factory=dict)
    _late: dict[str, frozenset[ChainId]] = field(
        default_factory=dict
    )  # by signal: the chains late in the last report that had it

    def on_report(self, report: HealthReport) -> list[Event]:
        """Return the events due with this report, raised ones first."""
        lasting = [signal for signal in report.signals if signal.severity is not DeckState.STARTING]
        present = {(signal.name, signal.subject): signal for signal in lasting}
        as_now = [(key, signal.severity) for key, signal in present.items()]
        self._standing = {known: self._standing.get(known, 0) + 1 for known in as_now}
        known = report.board.redis.health.ok  # without an answer no signal can be known to have ended
        self._remember_late(report, {name for name, _ in present})
        gone = [key for key in self._raised if key not in present and not self._got_worse(key[0], report)]
        self._gone = {key: self._gone.get(key, 0) + known for key in gone}
        raised = [
            present[key]
            for (key, severity), count in self._standing.items()
            if count >= HOLD and not self._is_raised(key, severity)
        ]
        ended = [key for key, count in self._gone.items() if count >= HOLD]
        events = [self._raise(signal, report) for signal in raised]
        return events + [self._end(key, report) for key in ended]

    def _remember_late(self, report: HealthReport, present: Set[str]) -> None:
        for name, state in _LATE.items():
            if name in present:
                self._late[name] = frozenset(r.chain for r in report.statuses if r.state is state)

    def _got_worse(self, name: str, report: HealthReport) -> bool:
        """Return whether a chain of a lateness signal is now in a worse state."""
        if name not in _LATE:
            return False
        worse = _WORST_FIRST[: _WORST_FIRST.index(_LATE[name])]
        return any(r.state in worse and r.chain in self._late.get(name, ()) for r in report.statuses)

    def _is_raised(self, key: Key, severity: DeckState) -> bool:
        return key in self._raised and self._raised[key].severity is severity

    def _raise(self, signal: Signal, report: HealthReport) -> Event:
        self._raised[signal.name, signal.subject] = signal
        return self._event(f"chain_{_snake(signal.name)}", signal.severity.level, signal.text, signal, report)

    def _end(self, key: Key, report: HealthReport) -> Event:
        signal = self._raised.pop(key)
        self._gone.pop(key)
        return self._event(
            f"chain_{_snake(signal.name)}_recovered", Level.INFO, f"ended: {signal.text}", signal, report
        )

    def _event(self, kind: str, severity: Level, message: str, signal: Signal, report: HealthReport) -> Event:
        return Event(report.now.wall_s, kind, severity, self.service, message, event_data(signal, report))


async def emit(redis: Redis, service: str, event: Event) -> str:
    """Append an event to the stream and publish it; return what was refused and why, or "".

    Raises RedisUnavailableError.
    """
    return await append_event(redis, service, event.encode())


def _snake(name: str) -> str:
    return name.replace("-", "_")
