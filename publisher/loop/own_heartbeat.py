"""What a publisher says of itself: that it lives, what it means to publish, and how it fares."""

from collections.abc import Callable
from dataclasses import dataclass

from chain.context import Context
from chain.model.keys import standby_service
from chain.monitor.evaluate.serialize import health_block
from chain.monitor.evaluate.signals import HealthReport
from chain.monitor.heartbeat import WITHDRAWN, ChainPlan, Heartbeat, SourceInfo, service_name
from chain.supervisor import PartStatus
from publisher.loop.cycle_runner import CycleRunner
from publisher.protection.permission import Permission
from publisher.source import Source, SourceStatus


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the program around tells a publisher for its heartbeat: what its own watcher sees, and how its parts do."""

    report: Callable[[], HealthReport | None] = lambda: None
    parts: Callable[[], tuple[PartStatus, ...]] = tuple


@dataclass(frozen=True, slots=True)
class OwnHeartbeat:
    """Puts the heartbeat together from those who know."""

    source: Source
    context: Context
    permission: Permission
    runner: CycleRunner
    surroundings: Surroundings

    def now(self, status: str) -> Heartbeat:
        """Return the heartbeat as of now; one that is `running` says too where it stands by, or has given way."""
        source, report = self.source.status(), self.surroundings.report()
        led = [*filter(self.permission.leads, self.source.underlyings)]
        service = service_name(source.kind, self.context.keys)
        if self.permission.withdrawn:
            status = WITHDRAWN if status == "running" else status
        elif not led:
            service, status = standby_service(service), "standby" if status == "running" else status
        return Heartbeat(
            service=service,
            ts=self.context.clock.wall_ns() / 1e9,
            pid=self.context.identity.pid,
            status=status,
            source=self._source(source),
            chain=self._plan(source, led),
            lease=self.permission.leaders,
            parts=self.surroundings.parts(),
            health=health_block(report) if report else None,
        )

    def _source(self, source: SourceStatus) -> SourceInfo:
        return SourceInfo(
            kind=source.kind,
            detail=source.detail,
            record=source.record,
            as_of=min(source.as_of.values(), default=None),
            as_of_by=source.as_of,
            calendar=source.calendar,
            market=source.market,
            trouble=self.permission.withdrawn or source.trouble,
        )

    def _plan(self, source: SourceStatus, led: list[str]) -> ChainPlan:
        last = self.runner.last
        return ChainPlan(
            prefix=self.context.keys.prefix,
            thresholds=self.context.thresholds,
            depth=self.runner.expirations,
            expected=self.runner.chains(led),
            trouble=last.trouble,
            cycle_ms=last.wall_ms,
            counters=dict(self.runner.counters) | source.counters,
        )
