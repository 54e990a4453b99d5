"""How polling and publishing grow with the desk: 6, 300 and 1,200 chains, six expirations an underlying."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from redis.asyncio import Redis

from benchmarks.chains import many_snapshots
from benchmarks.rows import Row, at_most, below, exactly
from benchmarks.server import commands_processed, counting, embedded_client
from chain.clock import Instant, SystemClock
from chain.model.keys import ChainId, KeySchema, SnapshotId
from chain.model.snapshot import Snapshot
from chain.monitor.evaluate.signals import evaluate
from chain.monitor.heartbeat import ChainPlan, Heartbeat, SourceInfo, beat
from chain.monitor.states import State
from chain.monitor.watch.redis_reader import RedisReader
from chain.monitor.watch.watcher import POLL_EVERY_S, Watcher
from chain.redis.contract.publish.draft import PublishVerdict
from chain.redis.contract.publish.writer import snapshot_writer
from chain.thresholds import DEFAULT_INTERVAL_S, Thresholds
from chaindeck.engine.context import make_context
from publisher.loop.publisher import Publisher
from publisher.source import ChainWindow, SourceStatus, Survey

_COUNTS = (6, 300, 1_200)
_SIZES = (20_000, 60_000)
_ROUNDS = 5
_BATCH = 50
_THRESHOLDS = Thresholds(60.0, 600.0)  # nothing ages or expires while it is measured
_POLLS_A_CYCLE = round(DEFAULT_INTERVAL_S / POLL_EVERY_S)
_DESK = 300
_AIM_PERCENT = 5.0
_AIM_PER_CONTRACT = 1.25


@dataclass(frozen=True, slots=True)
class _Cost:
    """What one size costs: shares of a core in percent, microseconds of processor time a contract published."""

    polling: list[float]
    requests: int
    commands: int
    publishing: list[float]


def run() -> list[Row]:
    """Return, for each size, the share of a core that polling takes, its round trips, and publishing by contract."""
    costs = {count: asyncio.run(_measure(count)) for count in _COUNTS}
    rows: list[Row] = []
    for count, cost in costs.items():
        share = sorted(cost.polling)[len(cost.polling) // 2]
        note = f"{_POLLS_A_CYCLE} polls {POLL_EVERY_S:g} s apart; in one of them every pointer has moved"
        rows.append(
            below(_AIM_PERCENT, f"growth-{count} polling", "% of a core", share, note=note)
            if count == _DESK
            else Row(f"growth-{count} polling", "% of a core", share)
        )
        rows.append(exactly(1, f"growth-{count} round trips", "", cost.requests, 1, f"{cost.commands} commands"))
    small = costs[_COUNTS[0]].publishing
    for count in _COUNTS[1:]:
        name = f"growth-{count} publishing"
        note = f"the baseline is the same of {_COUNTS[0]} chains"
        rows.append(at_most(_AIM_PER_CONTRACT, name, "us/contract", costs[count].publishing, small, note))
    return rows


async def _measure(count: int) -> _Cost:
    async with embedded_client() as redis:
        snapshots = await many_snapshots(count, _SIZES)
        watcher = Watcher(RedisReader(redis, KeySchema(), SystemClock()), SystemClock())
        await _announce(redis, snapshots)
        await watcher.poll_once()
        polling = [await _one_interval(redis, watcher, snapshots) for _ in range(_ROUNDS)]
        await watcher.poll_once()  # what is asked every few seconds only has been asked
        before = await commands_processed(redis)
        with counting(redis) as sent:
            await watcher.poll_once()
        commands = await commands_processed(redis) - before - 1
        publisher = Publisher(redis, _Shelf(snapshots), make_context(_THRESHOLDS))
        return _Cost(
            polling, sent.requests, commands, [await _cycle(redis, publisher, snapshots) for _ in range(_ROUNDS)]
        )


async def _announce(redis: Redis, snapshots: Sequence[Snapshot]) -> None:
    plan = ChainPlan(thresholds=_THRESHOLDS, expected=tuple(s.id.chain for s in snapshots))
    await beat(redis, Heartbeat("mock_massive", time.time(), 1, "running", SourceInfo("mock"), plan))


async def _one_interval(redis: Redis, watcher: Watcher, snapshots: Sequence[Snapshot]) -> float:
    """Move every pointer, poll as often as an interval has seconds; return the share of a core, percent."""
    stamp = time.time_ns() // 1_000_000
    moved = [replace(s, id=SnapshotId(s.id.chain, stamp), ts=stamp / 1000) for s in snapshots]
    writer = snapshot_writer(redis, KeySchema())
    for start in range(0, len(moved), _BATCH):
        for end in await writer.publish(moved[start : start + _BATCH], _THRESHOLDS.ttl_s):
            assert end.verdict is PublishVerdict.PUBLISHED, end
    began = time.process_time()
    for _ in range(_POLLS_A_CYCLE):
        board = await watcher.poll_once()
    used = time.process_time() - began
    states = [chain_status.state for chain_status in evaluate(board, Instant.now(SystemClock())).statuses]
    assert states == [State.FRESH] * len(snapshots), states
    return used / DEFAULT_INTERVAL_S * 100


async def _cycle(redis: Redis, publisher: Publisher, snapshots: Sequence[Snapshot]) -> float:
    """Return microseconds of processor time a contract."""
    await redis.flushall()
    began = time.process_time()
    cycle = await publisher.cycle()
    used = time.process_time() - began
    assert cycle.whole, cycle
    return used * 1e6 / sum(len(s.contracts) for s in snapshots)


class _Shelf:
    """A source of chains that are ready."""

    in_memory = True

    def __init__(self, snapshots: Sequence[Snapshot]) -> None:
        self._chains = {s.id.chain: s for s in snapshots}
        self._dates: dict[str, list[date]] = {}
        for chain in self._chains:
            self._dates.setdefault(chain.underlying, []).append(chain.expiry)

    @property
    def underlyings(self) -> tuple[str, ...]:
        return tuple(self._dates)

    def status(self) -> SourceStatus:
        return SourceStatus("mock")

    async def begin_cycle(self) -> None:
        pass

    async def survey(self, underlying: str) -> Survey:
        return Survey(underlying, 6930.0, time.time(), tuple(self._dates[underlying]))

    async def fetch_window(self, survey: Survey, expiry: date) -> ChainWindow:
        found = self._chains[ChainId(survey.underlying, expiry)]
        return ChainWindow(found.id.chain, survey.spot, found.atm, found.range_points, list(found.contracts))

    async def aclose(self) -> None:
        pass
