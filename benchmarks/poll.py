"""A poll of 300 pointers of which none moved, against reading the 300 payloads one by one."""

import asyncio
import time

from redis.asyncio import Redis

from benchmarks.chains import many_snapshots
from benchmarks.rows import Row, exactly, less_by
from benchmarks.server import commands_processed, counting, embedded_client
from chain.board import State
from chain.clock import SystemClock
from chain.heartbeat import ChainPlan, Heartbeat, SourceInfo
from chain.names import Names, heartbeat_key
from chain.signals import Now, judge
from chain.snapshot import Snapshot
from chain.store import Store, Verdict
from chain.thresholds import Thresholds
from chain.watcher import Watcher

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
        keys = await _publish(redis, await many_snapshots(_CHAINS, _SIZES))
        watcher = Watcher(redis, Names(), SystemClock())
        await _settle(watcher)
        for _ in range(_ROUNDS):
            began = time.process_time()
            for _ in range(_POLLS_A_ROUND):
                await watcher.poll_once()
            ours.append((time.process_time() - began) * 1000 / _POLLS_A_ROUND)
            began = time.process_time()
            for key in keys:
                await redis.get(key)
            baseline.append((time.process_time() - began) * 1000)
        requests, commands = await _count(redis, watcher)
        await _settle(watcher)
    note = f"{_CHAINS} payloads of {_SIZES[0] // 1000} to {_SIZES[1] // 1000} kB"
    return [
        less_by(_AIM, f"poll-{_CHAINS} cpu", "ms", ours, baseline, note),
        exactly(1, f"poll-{_CHAINS} round trips", "", requests, _CHAINS, f"{commands} commands in them"),
    ]


async def _publish(redis: Redis, snapshots: list[Snapshot]) -> list[str]:
    """Publish the snapshots and a heartbeat that names them; return their payload keys."""
    names = Names()
    for start in range(0, len(snapshots), 50):
        for end in await Store(redis, names).publish(snapshots[start : start + 50], _THRESHOLDS.ttl_s):
            assert end.verdict is Verdict.PUBLISHED, end
    plan = ChainPlan(thresholds=_THRESHOLDS, expected=tuple(s.id.chain for s in snapshots))
    beat = Heartbeat("mock_massive", SystemClock().wall_ns() / 1e9, 1, "running", SourceInfo("mock"), plan)
    await redis.set(heartbeat_key(beat.service), beat.encode())  # without an end: nothing new must come
    return [names.snapshot(s.id) for s in snapshots]


async def _settle(watcher: Watcher) -> None:
    """Poll once and make sure that every chain is there and fresh: else the figures are not of an idle poll."""
    board = await watcher.poll_once()
    states = [reading.state for reading in judge(board, Now.of(SystemClock())).readings]
    assert states == [State.FRESH] * _CHAINS, states


async def _count(redis: Redis, watcher: Watcher) -> tuple[int, int]:
    """Return requests sent and commands run by one poll."""
    before = await commands_processed(redis)
    with counting(redis) as sent:
        await watcher.poll_once()
    return sent.requests, await commands_processed(redis) - before - 1
