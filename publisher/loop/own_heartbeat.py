"""A publisher's report about itself: proof of life, what it plans to publish, and how that is going."""

from collections.abc import Callable

from msgspec import Struct

from chain.context import Context
from chain.model.keys import standby_service
from chain.monitor.evaluate.serialize import health_block
from chain.monitor.evaluate.signals import HealthReport
from chain.monitor.heartbeat import WITHDRAWN, ChainPlan, Heartbeat, SourceInfo
from chain.monitor.messages.heartbeat import FeedBlock
from chain.monitor.messages.services import service_name
from chain.supervisor import PartStatus
from publisher.loop.cycle_runner import CycleRunner
from publisher.protection.publish_gate import PublishGate
from publisher.source import Source, SourceStatus
from publisher.stream.source import StreamStatus


class ProgramStatus(Struct, frozen=True):
    """What the surrounding program contributes to a heartbeat.

    Its own watcher's report, its parts' status, and that of the stream it feeds.
    """

    report: Callable[[], HealthReport | None] = lambda: None
    parts: Callable[[], tuple[PartStatus, ...]] = tuple
    feed: Callable[[], StreamStatus | None] = lambda: None


class OwnHeartbeat(Struct, frozen=True):
    """Assembles the heartbeat."""

    source: Source
    context: Context
    gate: PublishGate
    runner: CycleRunner
    program: ProgramStatus

    def now(self, status: str) -> Heartbeat:
        """Return the current heartbeat; `running` is refined to `standby` or `withdrawn` where that applies."""
        source, report = self.source.status(), self.program.report()
        led = [*filter(self.gate.leads, self.source.underlyings)]
        service = service_name(source.kind, self.context.keys)
        if self.gate.withdrawn:
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
            lease=self.gate.leaders,
            parts=self.program.parts(),
            feed=_feed(self.program.feed()),
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
            last_error=self.gate.withdrawn or source.last_error,
        )

    def _plan(self, source: SourceStatus, led: list[str]) -> ChainPlan:
        last = self.runner.last
        return ChainPlan(
            prefix=self.context.keys.prefix,
            thresholds=self.context.thresholds,
            depth=self.runner.expirations,
            expected=self.runner.chains(led),
            failures=last.failures,
            cycle_ms=last.wall_ms,
            counters=dict(self.runner.counters) | source.counters,
        )


def _feed(status: StreamStatus | None) -> FeedBlock | None:
    if status is None:
        return None
    return FeedBlock(
        state=status.state,
        detail=status.detail,
        delayed=status.delayed,
        limits=status.limits,
        subscriptions=status.subscriptions,
        left_out=status.left_out,
        reconnects=status.reconnects,
        dropped=status.dropped,
        since=status.since,
        error=status.error,
    )
