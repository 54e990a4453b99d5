"""One publishing cycle: every underlying that we lead, each expiration independently."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Protocol

from chain.context import Context
from chain.errors import ChaindeckError, InvalidSnapshotError, RedisUnavailableError
from chain.model.keys import ChainId, SnapshotId
from chain.model.session import tradable
from chain.model.snapshot import EncodedSnapshot, Snapshot
from chain.redis.contract.publish.analytics import ChainAnalytics
from chain.redis.contract.publish.draft import PublishResult, PublishVerdict
from publisher.loop.asking import Asking
from publisher.loop.cycle import Cycle
from publisher.loop.tally import Tally
from publisher.protection.publish_gate import PublishGate
from publisher.source import ChainWindow, Source, SourceError, Survey

log = logging.getLogger(__name__)


class Writer(Protocol):
    """Whatever snapshots are published to: the `SnapshotWriter` of a Redis, or a store in memory."""

    async def publish(self, snapshots: Sequence[Snapshot | EncodedSnapshot], ttl_s: float) -> list[PublishResult]:
        """Take snapshots that live for so many seconds; one outcome each, in order."""


@dataclass(slots=True)
class _Progress:
    """What the current cycle has done so far; fields as in Cycle."""

    outcomes: list[PublishResult] = field(default_factory=list)
    failures: dict[ChainId, str] = field(default_factory=dict)
    surveys: dict[str, str] = field(default_factory=dict)

    def end(self, planned: dict[str, tuple[date, ...]], wall_ms: float) -> Cycle:
        """Return the cycle; where a survey failed, every chain planned there counts as failed."""
        for underlying, reason in self.surveys.items():
            self.failures |= {ChainId(underlying, expiry): reason for expiry in planned.get(underlying, ())}
        return Cycle(tuple(self.outcomes), self.failures, self.surveys, wall_ms)


class CycleRunner:
    """Publishes a source's chains, one cycle per call; keeps the plan, the last cycle and the total counters."""

    def __init__(
        self,
        writer: Writer,
        source: Source,
        context: Context,
        gate: PublishGate,
        expirations: int,
        on_plan: Callable[[], Awaitable[None]],
        analytics: ChainAnalytics | None = None,
    ) -> None:
        """`expirations`: how many per underlying; `on_plan` is awaited when the planned set changes.

        `analytics`: where snapshots are counted for others to see.
        """
        self.planned: dict[str, tuple[date, ...]] = {}  # expirations by underlying
        self.counters: Counter[str] = Counter(cycles=0)
        self.last = Cycle()
        self.after_first: Callable[[], Awaitable[None]] | None = None  # awaited once, when something is published
        self.on_published: Callable[[Sequence[Snapshot]], None] | None = None  # told of snapshots, as they are written
        self._writer = writer
        self._source = source
        self._asking = Asking(source, context.clock, max(1.0, context.thresholds.interval_s))
        self._clock = context.clock
        self._ttl_s = context.thresholds.ttl_s
        self._gate = gate
        self.expirations = expirations
        self._on_plan = on_plan
        self._analytics = analytics
        self._tally = Tally(context.clock, context.thresholds.warn_s)
        self._kind = source.status().kind

    def chains(self, underlyings: Sequence[str]) -> tuple[ChainId, ...]:
        """Return the planned chains of some underlyings."""
        return tuple(ChainId(name, expiry) for name in underlyings for expiry in self.planned.get(name, ()))

    async def check(self, *, met: bool = False, within_s: float = float("inf")) -> None:
        """Withdraw everything planned if there is a live publisher, or renew our live mark."""
        await self._gate.check(self.chains([*self.planned]), met=met, within_s=within_s)

    async def run(self) -> Cycle:
        """Publish every underlying's next expirations once; failures are counted and reported, never raised."""
        began, progress = self._clock.monotonic(), _Progress()
        try:
            led, paused_s = await self._publish_all(progress)
        except asyncio.CancelledError:  # what was published counts, although the cycle does not
            self.counters["published"] += Cycle(tuple(progress.outcomes)).count()["published"]
            raise
        wall_ms = (self._clock.monotonic() - began - paused_s) * 1000
        before, self.last = self.last, progress.end(self.planned, wall_ms)
        counts = self.last.count()
        self.counters.update(counts)
        if led:
            self.last.tell(self.counters["cycles"], counts, self._kind, before)
        if self._analytics is not None:
            self._tally.fail(counts["failed"])
            await self._analytics.add(self._tally.take(self._asking.take_fetch_ms()))
        return self.last

    async def _publish_all(self, progress: _Progress) -> tuple[list[str], float]:
        """Publish all that we lead; return that, and how many seconds the cycle waited for the screen."""
        await self.check()
        paused_s = 0.0
        try:
            await self._asking.ask(self._source.begin_cycle)
        except ChaindeckError as error:
            progress.surveys = dict.fromkeys(self._source.underlyings, str(error))
        led = [*filter(self._gate.leads, self._source.underlyings)]
        for underlying in led:
            if underlying in progress.surveys:
                continue
            try:
                survey = await self._asking.ask(self._source.survey, underlying)
            except ChaindeckError as error:
                progress.surveys[underlying] = str(error)
                continue
            await self._publish_underlying(survey, progress)
            if progress.outcomes:
                paused_s += await self._pause_once()
        return led, paused_s

    async def _pause_once(self) -> float:
        """Await `after_first` once, now that there is something to show; return how many seconds it took."""
        if self.after_first is None:
            return 0.0
        began, wait, self.after_first = self._clock.monotonic(), self.after_first, None
        await wait()
        return self._clock.monotonic() - began

    async def _publish_underlying(self, survey: Survey, progress: _Progress) -> None:
        """Publish windows as they arrive, all that are ready in one batch; a failure affects only its expiry."""
        underlying, listed = survey.underlying, survey.expirations
        expiries = tuple(tradable(listed, survey.as_of, survey.calendar)[: self.expirations])
        announced = self.planned.get(underlying) == expiries
        self.planned[underlying] = expiries
        async with aclosing(self._asking.windows(survey, expiries)) as arriving:
            async for ready in arriving:
                if not self._gate.leads(underlying):
                    break  # the lease was lost while we waited for the source
                windows = [found for found in ready.values() if isinstance(found, ChainWindow)]
                failed = {expiry: found for expiry, found in ready.items() if isinstance(found, SourceError)}
                progress.failures |= {ChainId(underlying, expiry): str(error) for expiry, error in failed.items()}
                await self._publish(self._snapshots(windows, progress), progress)
        if not announced:
            await self._on_plan()
        if not expiries:
            why = f"all {len(listed)} expirations that the source lists are over" if listed else "no expirations listed"
            progress.surveys[underlying] = f"{underlying}: {why}"

    def _snapshots(self, windows: Sequence[ChainWindow], progress: _Progress) -> list[Snapshot]:
        """Return windows as snapshots stamped now, without those that break the contract."""
        snapshots: list[Snapshot] = []
        ts_ns = self._clock.wall_ns()
        for window in windows:
            try:
                snapshots.append(
                    Snapshot.at(
                        SnapshotId(window.chain, ts_ns // 1_000_000),
                        ts_ns,
                        atm=window.atm,
                        range_points=window.range_points,
                        contracts=window.contracts,
                    )
                )
            except InvalidSnapshotError as error:
                progress.failures[window.chain] = str(error)
        return snapshots

    async def _publish(self, snapshots: Sequence[Snapshot], progress: _Progress) -> None:
        if not snapshots:
            return
        await self._gate.claim()
        try:
            ended = await self._writer.publish(snapshots, self._ttl_s)
        except RedisUnavailableError as error:
            ended = [PublishResult(each.id, PublishVerdict.FAILED, reason=f"Redis: {error}") for each in snapshots]
        progress.outcomes.extend(ended)
        self._tally.add(snapshots, ended)
        progress.failures |= {end.id.chain: end.reason for end in ended if end.failed}
        if self.on_published is not None:
            pairs = zip(snapshots, ended, strict=True)
            self.on_published([_as_written(s, end) for s, end in pairs if end.verdict is PublishVerdict.PUBLISHED])
        if any(end.verdict is PublishVerdict.LEFT_TO_LIVE for end in ended):
            await self.check(met=True)


def _as_written(snapshot: Snapshot, end: PublishResult) -> Snapshot:
    """Return a snapshot under the id that it was given in Redis, where its millisecond may have been taken."""
    return snapshot if end.id == snapshot.id else replace(snapshot, id=end.id, ts=end.id.ts_ms / 1000)
