"""How long publishing took and how late its snapshots were seen, over the last minutes: kept by the screen."""

from collections import deque
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from chain.model.keys import ChainId
from chain.monitor.evaluate.report import HealthReport

WINDOW_S = 600.0  # seconds of readings that are kept
_CHAINS_KEPT = 600
_PUBLISHERS_KEPT = 20


class Reading(NamedTuple):
    """One reading: `at` monotonic seconds, `value` in ms."""

    at: float
    value: float


Readings = tuple[Reading, ...]


@dataclass(slots=True)
class _Kept:
    """The readings of one thing; `last` names the newest, which is read again and again."""

    last: Hashable = None
    readings: deque[Reading] = field(default_factory=deque)

    def add(self, name: Hashable, reading: Reading) -> None:
        """Keep a reading that is not known yet."""
        if name == self.last:
            return
        self.last = name
        self.readings.append(reading)
        while reading.at - self.readings[0].at > WINDOW_S:
            self.readings.popleft()


@dataclass(slots=True)
class Timings:
    """Readings by chain and by publisher. It belongs to the screen's thread."""

    _seen: dict[ChainId, _Kept] = field(default_factory=dict)
    _cycles: dict[str, _Kept] = field(default_factory=dict)

    def on_report(self, report: HealthReport) -> None:
        """Note each snapshot once, and each heartbeat that tells of a cycle."""
        for status in report.statuses[:_CHAINS_KEPT]:
            good = status.record.last_good
            if good is not None:
                kept = self._seen.setdefault(status.chain, _Kept())
                kept.add(good.snapshot.id, Reading(good.first_seen, float(good.age_then_ms)))
        for publisher in report.board.publishers.known[:_PUBLISHERS_KEPT]:
            beat = publisher.heartbeat
            if beat.chain.cycle_ms is not None:
                kept = self._cycles.setdefault(f"{beat.service} {beat.pid}", _Kept())
                kept.add(beat.ts, Reading(publisher.seen, beat.chain.cycle_ms))
        self._forget(report)

    def seen_after(self, chain: ChainId) -> Readings:
        """Return how late the snapshots of a chain were first seen after their timestamps, oldest first."""
        return tuple(self._seen[chain].readings) if chain in self._seen else ()

    @property
    def cycles(self) -> Mapping[str, Readings]:
        """How long cycles took, by publisher, oldest first."""
        return {name: tuple(kept.readings) for name, kept in self._cycles.items()}

    def _forget(self, report: HealthReport) -> None:
        """Forget chains that are expected no longer, and publishers of which nothing is left to show."""
        if len(self._seen) > len(report.statuses):
            expected = {status.chain for status in report.statuses}
            self._seen = {chain: kept for chain, kept in self._seen.items() if chain in expected}
        self._cycles = {
            name: kept for name, kept in self._cycles.items() if report.now.mono - kept.readings[-1].at <= WINDOW_S
        }
