"""The publisher's loop: a fixed cadence, each expiry on its own, and a heartbeat that says what is meant and done."""

import asyncio
import logging
import math
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from datetime import date
from functools import partial

from redis.asyncio import Redis

from chain.context import Context
from chain.errors import ChaindeckError, InvalidSnapshotError, RedisUnavailableError
from chain.model.keys import ChainId, SnapshotId, standby_service
from chain.model.session import tradable
from chain.model.snapshot import Snapshot
from chain.monitor.evaluate.serialize import health_block
from chain.monitor.evaluate.signals import HealthReport
from chain.monitor.heartbeat import STOPPED, WITHDRAWN, ChainPlan, Heartbeat, SourceInfo
from chain.redis.contract.publish.draft import PublishResult, PublishVerdict
from chain.redis.contract.store import Store
from chain.supervisor import Part, PartStatus
from chain.thresholds import DEFAULT_EXPIRATIONS, HEARTBEAT_EVERY_S
from publisher.loop.asking import Asking
from publisher.loop.cycle import Cycle
from publisher.loop.heartbeat_loop import Beats
from publisher.protection.guard import Guard
from publisher.protection.lease import Lease
from publisher.source import ChainWindow, Source, SourceError, Survey, service_name

log = logging.getLogger(__name__)

_FAREWELL_S = 3.0  # a Redis that does not answer keeps nobody from leaving


class Publisher:
    """Publishes one source's chains. Runs on one event loop; `publish_now`, `pause` and `resume` belong to it."""

    def __init__(
        self,
        redis: Redis,
        source: Source,
        context: Context,
        *,
        expirations: int = DEFAULT_EXPIRATIONS,
        also_beat: Redis | None = None,
        report: Callable[[], HealthReport | None] | None = None,
        lease: Lease | None = None,
        guard: Guard | None = None,
        among_live: bool = False,
        after_first: Callable[[], Awaitable[None]] | None = None,
        parts: Callable[[], tuple[PartStatus, ...]] = tuple,
    ) -> None:
        clock, thresholds = context.clock, context.thresholds
        self._beats = Beats(redis, also_beat, clock, self.heartbeat, lambda: self._paused)
        self._parts = parts
        self._report = report
        self._lease = lease
        self._guard = guard
        self._after_first = after_first  # awaited once, when the first underlying is published
        self._source = source
        self._asking = Asking(source, clock, max(1.0, thresholds.interval_s))
        self._clock = clock
        self._thresholds = thresholds
        self._pid = context.identity.pid
        self._expirations = expirations
        self._keys = context.keys
        self._kind = source.status().kind
        self._store = Store(redis, self._keys, kind=self._kind, among_live=among_live)
        self._expected: dict[str, tuple[date, ...]] = {}
        self._counters: Counter[str] = Counter(cycles=0)
        self._last = Cycle()
        self._wake = asyncio.Event()
        self._paused = False

    def parts(self) -> list[Part]:
        """Return what is to run side by side; what is beaten to one Redis never waits for another."""
        parts = [Part("publisher", self._cadence), Part("heartbeat", self._beat_on_schedule)]
        parts += self._beats.parts()
        if self._guard is not None and self._guard.searches:
            parts.append(Part("live guard", self._guard.run))
        if self._lease is not None:
            parts.append(Part("lease", partial(self._lease.run, self.publish_now)))
        return parts

    async def leave(self) -> None:
        """Say everywhere that we stopped, and let another lead; for not longer than a few seconds."""
        with suppress(TimeoutError):
            async with self._clock.timeout(_FAREWELL_S):
                await self.beat_everywhere(STOPPED)
                if self._lease:
                    await self._lease.release()

    def _leads(self, underlying: str) -> bool:
        return not self.withdrawn and (self._lease is None or self._lease.leads(underlying))

    @property
    def withdrawn(self) -> str:
        """Why it gave way to a live publisher, empty where it did not."""
        return self._guard.withdrawn if self._guard else ""

    async def _look(self, *, met: bool = False, within_s: float = math.inf) -> None:
        """Give way to a live publisher, or mark the place as live."""
        if self._guard:
            chains = [ChainId(name, expiry) for name, expiries in self._expected.items() for expiry in expiries]
            await self._guard.look(chains, met=met, within_s=within_s)

    def publish_now(self, *, asked: bool = False) -> None:
        """Start the next cycle at once; the cadence goes on as before.

        `asked` by an operator, one that gave way to a live publisher looks whether it may publish again.
        """
        if asked and self._guard:
            self._guard.ask()
        self._wake.set()

    def pause(self) -> None:
        """Stop publishing and beating, as a hung publisher would."""
        self._paused = True

    def resume(self) -> None:
        """Publish again, at once."""
        self._paused = False
        self._wake.set()

    async def _cadence(self) -> None:
        """Run cycles on a schedule of the monotonic clock; a cycle that overruns skips turns, none piles up."""
        if self._lease is not None:
            await self._lease.looked.wait()
            self._wake.clear()  # what was gained at first is published by the first cycle
        interval = self._thresholds.interval_s
        due = self._clock.monotonic()
        while True:
            await self._turn()
            due += interval
            late = self._clock.monotonic() - due
            if late > 0:
                missed = int(late // interval) + 1
                self._counters["skipped"] += missed
                due += interval * missed
            while await self._woken_before(due):
                await self._turn()

    async def _turn(self) -> None:
        if not self._paused:
            await self.cycle()
            await self.beat()

    async def _woken_before(self, due: float) -> bool:
        """Wait for `due`, monotonic seconds; return whether a wake-up came first, or since the last wait."""
        with suppress(TimeoutError):
            async with self._clock.timeout(due - self._clock.monotonic()):
                await self._wake.wait()
            self._wake.clear()
            return True
        return False

    async def _beat_on_schedule(self) -> None:
        while True:
            await self._clock.sleep(HEARTBEAT_EVERY_S)
            if not self._paused:
                await self._look(within_s=0.0)
                await self.beat()

    async def cycle(self) -> Cycle:
        """Publish every underlying's next expirations once; failures are counted and told, never raised."""
        outcomes: list[PublishResult] = []
        try:
            return await self._cycle(outcomes)
        except asyncio.CancelledError:  # what was published stands, though the cycle does not count
            self._counters["published"] += Cycle(tuple(outcomes)).count()["published"]
            raise

    async def _cycle(self, outcomes: list[PublishResult]) -> Cycle:
        began = self._clock.monotonic()
        trouble: dict[ChainId, str] = {}
        unsurveyed: dict[str, str] = {}
        await self._look()
        try:
            await self._asking.ask(self._source.begin_cycle)
        except ChaindeckError as error:
            unsurveyed = dict.fromkeys(self._source.underlyings, str(error))
        led = [underlying for underlying in self._source.underlyings if self._leads(underlying)]
        for underlying in led:
            if underlying in unsurveyed:
                continue
            try:
                survey = await self._asking.ask(self._source.survey, underlying)
            except ChaindeckError as error:
                unsurveyed[underlying] = str(error)
                continue
            await self._publish_underlying(survey, outcomes, trouble)
            if not self._expected[underlying]:
                listed = len(survey.expirations)
                unsurveyed[underlying] = f"{underlying}: " + (
                    f"all {listed} expirations that the source lists are over" if listed else "no expirations listed"
                )
            if outcomes:
                began += await self._pause_once()  # not the cycle's own time
        for underlying, reason in unsurveyed.items():
            trouble |= {ChainId(underlying, expiry): reason for expiry in self._expected.get(underlying, ())}
        wall_ms = (self._clock.monotonic() - began) * 1000
        before, self._last = self._last, Cycle(tuple(outcomes), trouble, unsurveyed, wall_ms)
        counts = self._last.count()
        self._counters.update(counts)
        if led:
            self._last.tell(self._counters["cycles"], counts, self._kind, before)
        return self._last

    async def _pause_once(self) -> float:
        """Give way to whoever asked for it, once, now that there is something to show; return for how many seconds."""
        if self._after_first is None:
            return 0.0
        began, wait, self._after_first = self._clock.monotonic(), self._after_first, None
        await wait()
        return self._clock.monotonic() - began

    async def _publish_underlying(
        self, survey: Survey, outcomes: list[PublishResult], trouble: dict[ChainId, str]
    ) -> None:
        """Publish windows as they arrive, all that are ready in one batch; a failure concerns its expiry alone."""
        expiries = tuple(tradable(survey.expirations, survey.as_of, survey.calendar)[: self._expirations])
        announced = self._expected.get(survey.underlying) == expiries
        self._expected[survey.underlying] = expiries
        async with aclosing(self._asking.windows(survey, expiries)) as arriving:
            async for ready in arriving:
                if not self._leads(survey.underlying):
                    break  # it was lost while the source took its time: another speaks now
                windows = [found for found in ready.values() if isinstance(found, ChainWindow)]
                failed = {expiry: found for expiry, found in ready.items() if isinstance(found, SourceError)}
                trouble |= {ChainId(survey.underlying, expiry): str(error) for expiry, error in failed.items()}
                await self._publish(windows, outcomes, trouble)
        if not announced:
            await self.beat()

    async def _publish(
        self, windows: Sequence[ChainWindow], outcomes: list[PublishResult], trouble: dict[ChainId, str]
    ) -> None:
        snapshots: list[Snapshot] = []
        ts_ns = self._clock.wall_ns()
        for window in windows:
            snapshot_id = SnapshotId(window.chain, ts_ns // 1_000_000)
            try:
                snapshots.append(
                    Snapshot.at(
                        snapshot_id,
                        ts_ns,
                        atm=window.atm,
                        range_points=window.range_points,
                        contracts=window.contracts,
                    )
                )
            except InvalidSnapshotError as error:
                trouble[window.chain] = str(error)
        if not snapshots:
            return
        if self._guard:
            await self._guard.claim()
        try:
            ended = await self._store.publish(snapshots, self._thresholds.ttl_s)
        except RedisUnavailableError as error:
            ended = [PublishResult(s.id, PublishVerdict.FAILED, reason=f"Redis: {error}") for s in snapshots]
        outcomes.extend(ended)
        trouble |= {end.id.chain: end.reason for end in ended if end.failed}
        if any(end.verdict is PublishVerdict.LEFT_TO_LIVE for end in ended):
            await self._look(met=True)

    def last_words(self) -> str:
        """Return what was published in all, for the log's last line."""
        counts = self._counters
        return f"{counts['published']} snapshots in {counts['cycles']} cycles"

    async def beat(self, status: str = "running") -> None:
        """Write and publish one heartbeat; the system Redis hears one beside, by its own part."""
        await self._beats.beat(status)

    async def beat_everywhere(self, status: str = "running") -> None:
        """Write and publish one heartbeat to each Redis at once."""
        await self._beats.everywhere(status)

    def heartbeat(self, status: str = "running") -> Heartbeat:
        """Return the heartbeat as of now."""
        source = self._source.status()
        report = self._report() if self._report else None
        led = filter(self._leads, self._source.underlyings)
        expected = tuple(ChainId(name, expiry) for name in led for expiry in self._expected.get(name, ()))
        service = service_name(source.kind)
        if self.withdrawn:
            status = WITHDRAWN if status == "running" else status
        elif not any(map(self._leads, self._source.underlyings)):
            service, status = standby_service(service), "standby" if status == "running" else status
        return Heartbeat(
            service=service,
            ts=self._clock.wall_ns() / 1e9,
            pid=self._pid,
            status=status,
            source=SourceInfo(
                kind=source.kind,
                detail=source.detail,
                record=source.record,
                as_of=min(source.as_of.values(), default=None),
                as_of_by=source.as_of,
                calendar=source.calendar,
                market=source.market,
                trouble=self.withdrawn or source.trouble,
            ),
            chain=ChainPlan(
                prefix=self._keys.prefix,
                thresholds=self._thresholds,
                depth=self._expirations,
                expected=expected,
                trouble=self._last.trouble,
                cycle_ms=self._last.wall_ms,
                counters=dict(self._counters) | source.counters,
            ),
            lease=dict(self._lease.leader) if self._lease else {},
            parts=self._parts(),
            health=health_block(report) if report else None,
        )
