"""A poll of 300 pointers of which none moved, against reading the 300 payloads one by one."""

import asyncio
import time

from redis.asyncio import Redis

from benchmarks.chains import many_snapshots
from benchmarks.rows import Row, exactly, less_by
from benchmarks.server import commands_processed, counting, embedded_client
from chain.clock import Instant, SystemClock
from chain.model.keys import KeySchema
from chain.model.snapshot import Snapshot
from chain.monitor.evaluate.signals import evaluate
from chain.monitor.heartbeat import ChainPlan, Heartbeat, SourceInfo, beat
from chain.monitor.states import State
from chain.monitor.watch.redis_reader import RedisReader
from chain.monitor.watch.watcher import Watcher
from chain.redis.contract.publish.draft import PublishVerdict
from chain.redis.contract.publish.writer import snapshot_writer
from chain.thresholds import Thresholds

_CHAINS = 300
_SIZES = (60_000, 120_000)
_ROUNDS = 9
_POLLS_A_ROUND = 20
_THRESHOLDS = Thresholds(60.0, 600.0)  # long enough that nothing ages or expires while it is measured
_AIM = 50.0


def run() -> list[Row]:
    """Return processor time, ms, and round trips of a poll."""
    return asyncio.run(_measure())


async def _measure() -> list[Row]:
    ours: list[float] = []
    baseline: list[float] = []
    async with embedded_client() as redis:
        snapshots = await many_snapshots(_CHAINS, _SIZES)
        await _publish(redis, snapshots)
        keys = [KeySchema().snapshot(s.id) for s in snapshots]
        watcher = Watcher(RedisReader(redis, KeySchema(), SystemClock()), SystemClock())
        for _ in range(_ROUNDS):
            await _settle(redis, watcher, snapshots)
            began = time.process_time()
            for _ in range(_POLLS_A_ROUND):
                await watcher.poll_once()
            ours.append((time.process_time() - began) * 1000 / _POLLS_A_ROUND)
            began = time.process_time()
            for key in keys:
                await redis.get(key)
            baseline.append((time.process_time() - began) * 1000)
        await _settle(redis, watcher, snapshots)
        requests, commands = await _count(redis, watcher)
    note = f"{_CHAINS} payloads of {_SIZES[0] // 1000} to {_SIZES[1] // 1000} kB"
    return [
        less_by(_AIM, f"poll-{_CHAINS} cpu", "ms", ours, baseline, note),
        exactly(1, f"poll-{_CHAINS} round trips", "", requests, _CHAINS, f"{commands} commands in them"),
    ]


async def _publish(redis: Redis, snapshots: list[Snapshot]) -> None:
    for start in range(0, len(snapshots), 50):
        for end in await snapshot_writer(redis, KeySchema()).publish(snapshots[start : start + 50], _THRESHOLDS.ttl_s):
            assert end.verdict is PublishVerdict.PUBLISHED, end


async def _settle(redis: Redis, watcher: Watcher, snapshots: list[Snapshot]) -> None:
    """Let the watcher hear of every chain, read it and find it fresh, so that the next polls have nothing to do."""
    plan = ChainPlan(thresholds=_THRESHOLDS, expected=tuple(s.id.chain for s in snapshots))
    clock = SystemClock()
    await beat(redis, Heartbeat("mock_massive", clock.wall_ns() / 1e9, 1, "running", SourceInfo("mock"), plan))
    board = await watcher.poll_once()
    states = [status.state for status in evaluate(board, Instant.now(clock)).statuses]
    assert states == [State.FRESH] * len(snapshots), states


async def _count(redis: Redis, watcher: Watcher) -> tuple[int, int]:
    """Return requests sent and commands run by one poll."""
    before = await commands_processed(redis)
    with counting(redis) as sent:
        await watcher.poll_once()
    return sent.requests, await commands_processed(redis) - before - 1
