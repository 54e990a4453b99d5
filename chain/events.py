"""What changed and since when: signals raised and ended, told once each, in the health collector's envelope."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from redis.asyncio import Redis

from chain.board import DeckState
from chain.health import signal_json
from chain.signals import Report, Signal

EVENTS_KEPT = 1_000
EVENTS_TTL_S = 7 * 86_400
HOLD = 2  # reports in a row before a change is believed: one late poll raises no alarm
_SEVERITY = {
    DeckState.OK: "info",
    DeckState.WARNING: "warning",
    DeckState.PARTIAL_DEGRADATION: "warning",
    DeckState.DEGRADED: "critical",
    DeckState.CRITICAL: "critical",
}

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Event:
    """One change. `ts` is epoch seconds, `data` JSON types."""

    ts: float
    type: str
    severity: str
    service: str
    message: str
    data: dict[str, Any]

    def encode(self) -> bytes:
        """Return the envelope `ts, ts_iso, type, severity, service, message, data`."""
        iso = datetime.fromtimestamp(self.ts, UTC).isoformat(timespec="milliseconds")
        return orjson.dumps(
            {
                "ts": self.ts,
                "ts_iso": iso,
                "type": self.type,
                "severity": self.severity,
                "service": self.service,
                "message": self.message,
                "data": self.data,
            }
        )


def events_name(service: str) -> str:
    """Return the channel on which events are published, and the stream that keeps the last of them."""
    return f"{service}:events"


@dataclass(slots=True)
class EventLog:
    """Turns Reports into events: a signal is told when it has stood, and ended when it has been gone, for two."""

    service: str
    _raised: dict[Key, Signal] = field(default_factory=dict)
    _standing: dict[Key, int] = field(default_factory=dict)
    _gone: dict[Key, int] = field(default_factory=dict)

    def take(self, report: Report) -> list[Event]:
        """Return the events that this report completes, raised ones first."""
        present = {(signal.name, signal.subject): signal for signal in report.signals}
        self._standing = {key: self._standing.get(key, 0) + 1 for key in present}
        self._gone = {key: self._gone.get(key, 0) + 1 for key in self._raised if key not in present}
        raised = [
            signal
            for key, signal in present.items()
            if self._standing[key] >= HOLD and self._differs(self._raised.get(key), signal)
        ]
        ended = [key for key, count in self._gone.items() if count >= HOLD]
        events = [self._raise(signal, report) for signal in raised]
        return events + [self._end(key, report) for key in ended]

    @staticmethod
    def _differs(before: Signal | None, after: Signal) -> bool:
        return before is None or before.severity is not after.severity

    def _raise(self, signal: Signal, report: Report) -> Event:
        self._raised[signal.name, signal.subject] = signal
        return self._event(f"chain_{_snake(signal.name)}", _SEVERITY[signal.severity], signal.text, signal, report)

    def _end(self, key: Key, report: Report) -> Event:
        signal = self._raised.pop(key)
        self._gone.pop(key)
        return self._event(f"chain_{_snake(signal.name)}_recovered", "info", f"ended: {signal.text}", signal, report)

    def _event(self, kind: str, severity: str, message: str, signal: Signal, report: Report) -> Event:
        data = signal_json(signal) | {"subject": signal.subject, "state": report.state}
        return Event(report.now.wall_s, kind, severity, self.service, message, data)


async def emit(redis: Redis, service: str, events: Iterable[Event]) -> None:
    """Publish events on their channel and keep them in a bounded stream, entries of one field `event`."""
    name = events_name(service)
    for event in events:
        body = event.encode()
        await redis.xadd(name, {"event": body}, maxlen=EVENTS_KEPT, approximate=True)
        await redis.publish(name, body)
    await redis.expire(name, EVENTS_TTL_S)


def _snake(name: str) -> str:
    return name.replace("-", "_")
