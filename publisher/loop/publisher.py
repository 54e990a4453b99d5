"""A publisher: cycles on a fixed cadence, with heartbeats."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial

from redis.asyncio import Redis

from chain.context import Context
from chain.model.snapshot import Snapshot
from chain.monitor.heartbeat import STOPPED, Heartbeat
from chain.monitor.heartbeat_loop import HeartbeatLoop
from chain.redis.contract.publish.analytics import ChainAnalytics
from chain.redis.contract.publish.writer import snapshot_writer
from chain.supervisor import Part
from chain.thresholds import DEFAULT_EXPIRATIONS
from publisher.loop.cadence import Cadence
from publisher.loop.cycle import Cycle
from publisher.loop.cycle_runner import CycleRunner
from publisher.loop.own_heartbeat import OwnHeartbeat, ProgramStatus
from publisher.protection.publish_gate import PublishGate
from publisher.source import Source

log = logging.getLogger(__name__)

_FAREWELL_S = 3.0  # a Redis that does not answer must not delay the exit


class Publisher:
    """Publishes one source's chains. Runs on one event loop; `publish_now`, `pause` and `resume` belong to it."""

    def __init__(
        self,
        redis: Redis,
        source: Source,
        context: Context,
        *,
        expirations: int = DEFAULT_EXPIRATIONS,
        gate: PublishGate | None = None,
        program: ProgramStatus | None = None,
        system_redis: Redis | None = None,
        after_first: Callable[[], Awaitable[None]] | None = None,
        on_published: Callable[[Sequence[Snapshot]], None] | None = None,
    ) -> None:
        """`expirations`: how many per underlying; `system_redis` gets heartbeats too.

        Without a gate it leads, and never withdraws. `after_first` is awaited once, when the first underlying
        is published. `on_published` is told of snapshots as soon as they are in Redis; it must not raise.
        """
        gate = gate or PublishGate()
        self._context = context
        self._gate = gate
        self._paused = False
        writer = snapshot_writer(redis, context.keys, kind=source.status().kind, among_live=gate.among_live)
        analytics = ChainAnalytics(redis, context.keys)
        self._runner = CycleRunner(writer, source, context, gate, expirations, self.beat, analytics)
        self._runner.after_first = after_first
        self._runner.on_published = on_published
        interval_s = context.thresholds.interval_s
        after = gate.lease.tried if gate.lease else None
        self._cadence = Cadence(context.clock, interval_s, self._turn, after=after, skipped=self._skipped)
        self._own = OwnHeartbeat(source, context, gate, self._runner, program or ProgramStatus())
        self._beats = HeartbeatLoop(
            redis, system_redis, context.clock, self._own.now, silent=lambda: self._paused, before=self._look_in_passing
        )

    def parts(self) -> list[Part]:
        """Return the parts to run concurrently; heartbeats to one Redis never wait for another."""
        parts = [Part("publisher", self._cadence.run), *self._beats.parts()]
        guard, lease = self._gate.guard, self._gate.lease
        if guard is not None and guard.searches:
            parts.append(Part("live guard", guard.run))
        if lease is not None:
            parts.append(Part("lease", partial(lease.run, self.publish_now)))
        return parts

    async def leave(self) -> None:
        """Announce that we stopped and release the lead, within a few seconds."""
        with suppress(TimeoutError):
            async with self._context.clock.timeout(_FAREWELL_S):
                await self.beat_everywhere(STOPPED)
                await self._gate.release()

    @property
    def withdrawn(self) -> str:
        """Why it withdrew in favour of a live publisher, or ""."""
        return self._gate.withdrawn

    def publish_now(self, *, asked: bool = False) -> None:
        """Start the next cycle at once; the cadence does not change.

        If `asked` by an operator, a withdrawn publisher checks whether it may publish again.
        """
        if asked:
            self._gate.retry()
        self._cadence.turn_now()

    def pause(self) -> None:
        """Stop publishing and sending heartbeats, as a hung publisher would."""
        self._paused = True

    def resume(self) -> None:
        """Publish again, at once."""
        self._paused = False
        self._cadence.turn_now()

    async def cycle(self) -> Cycle:
        """Publish every underlying's next expirations once; failures are counted and told, never raised."""
        return await self._runner.run()

    async def beat(self, status: str = "running") -> None:
        """Write and publish one heartbeat; another part sends one to the system Redis."""
        await self._beats.beat(status)

    async def beat_everywhere(self, status: str = "running") -> None:
        """Write and publish one heartbeat to each Redis at once."""
        await self._beats.beat_everywhere(status)

    def heartbeat(self, status: str = "running") -> Heartbeat:
        """Return the current heartbeat."""
        return self._own.now(status)

    def last_words(self) -> str:
        """Return the totals, for the last line of the log."""
        counts = self._runner.counters
        return f"{counts['published']} snapshots in {counts['cycles']} cycles"

    async def _turn(self) -> None:
        if not self._paused:
            await self.cycle()
            await self.beat()

    async def _look_in_passing(self) -> None:
        """Check for a live publisher, without waiting for a scan."""
        await self._runner.check(within_s=0.0)

    def _skipped(self, turns: int) -> None:
        self._runner.counters["skipped"] += turns
        limits = self._context.thresholds
        gap_s = (turns + 1) * limits.interval_s
        if gap_s > limits.stale_s:  # readers have seen it, and are told why
            lapsed = "; pointers have lapsed meanwhile" if gap_s > limits.ttl_s else ""
            log.warning(
                "nothing was published for %.0f s: the source was slow or this program stood still; "
                "%d cycles were left out%s",
                gap_s,
                turns,
                lapsed,
            )
