"""Chains that nobody announces are found beside the poll, however many keys Redis holds."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from chain.clock import Instant, ManualClock, SystemClock
from chain.model.keys import ChainId, KeySchema
from chain.monitor.board import Board
from chain.monitor.discovery import DISCOVER_EVERY_S
from chain.monitor.evaluate.report import HealthReport
from chain.monitor.evaluate.signals import evaluate
from chain.monitor.states import DeckState
from chain.monitor.watch.redis_reader import RedisReader
from chain.monitor.watch.watcher import Watcher
from chain.redis.connect.connection import RedisTarget
from chain.redis.contract.publish.writer import snapshot_writer
from chain.redis.contract.scan import PointerScan
from chain.supervisor import Supervisor
from chain.tasks import end
from chaindeck.engine.services import Services
from tests.support.fault_proxy import Command, Fate, FaultProxy, first
from tests.support.scenes import NDX, SPX, snapshot
from tests.support.waiting import wait_until_async

NAMES = KeySchema()
CLOCK = SystemClock()
_FILL = "for i = 1, tonumber(ARGV[1]) do redis.call('SET', 'desk:other:' .. i, i) end"


def slow(seconds: float) -> Callable[[Command], Awaitable[Fate]]:
    """Return the rule of a line on which every command takes a while."""

    async def rule(_: Command) -> Fate:
        await asyncio.sleep(seconds)
        return Fate.DELIVER

    return rule


async def publish(redis: Redis, *chains: ChainId) -> None:
    await snapshot_writer(redis, NAMES).publish([snapshot(chain, CLOCK.wall_ns()) for chain in chains], 60)


def chains_of(board: Board) -> set[ChainId]:
    return {record.chain for record in board.chains.records}


async def lateness(found: list[float]) -> None:
    """Tell how late this loop wakes whoever sleeps: a machine with other work holds up polls too."""
    while True:
        due = CLOCK.monotonic() + 0.05
        await CLOCK.sleep_until(due)
        found.append(CLOCK.monotonic() - due)


@pytest.mark.slow
async def test_polls_stay_quick_and_good_while_a_crowded_far_redis_is_searched(
    redis: Redis, redis_url: str, short_dir: Path
) -> None:
    await redis.eval(_FILL, 0, 60_000)
    await publish(redis, SPX, NDX)
    boards: list[tuple[float, Board]] = []
    late: list[float] = []
    async with FaultProxy(redis_url, short_dir) as proxy, RedisTarget(proxy.url).connect() as client:
        proxy.rule = slow(0.02)
        reader = RedisReader(client, NAMES, CLOCK, discover_after_s=0.3)  # not before the first Board
        services = Services(Supervisor(CLOCK), Watcher(reader, CLOCK))
        task = asyncio.create_task(services.run(lambda board: boards.append((CLOCK.monotonic(), board))))
        beside = asyncio.create_task(lateness(late))
        await wait_until_async(lambda: boards and chains_of(boards[-1][1]) == {SPX, NDX}, 15, "both chains")
        await end([task, beside])
    assert all(board.redis.health.ok for _, board in boards)
    searching = [
        evaluate(board, Instant(CLOCK.wall_ns(), board.clock.polled)) for _, board in boards if not board.chains.records
    ]
    assert searching
    assert {report.signals[0].name for report in searching} == {"starting"}  # not yet: nothing is published
    assert len(proxy.seen(b"SCAN")) >= 20
    gaps = [later - at for (at, _), (later, _) in itertools.pairwise(boards)]
    assert max(gaps) < 1.9 + max(late)


async def test_a_step_that_is_cut_off_is_done_again_and_not_the_whole_walk(
    redis: Redis, redis_url: str, short_dir: Path
) -> None:
    await redis.eval(_FILL, 0, 5_000)
    await publish(redis, SPX)
    async with FaultProxy(redis_url, short_dir) as proxy, RedisTarget(proxy.url).connect() as client:
        scan, found, steps = PointerScan(client, NAMES), set[ChainId](), 0
        over = False
        while not over:
            if steps == 2:
                proxy.rule = first(b"SCAN", Fate.CUT)  # redis-py asks once more
            more, over = await scan.step()
            found |= more
            steps += 1
    assert found == {SPX}
    cursors = [command[1] for command in proxy.seen(b"SCAN")]
    assert cursors.count(b"0") == 1
    assert cursors[2] == cursors[3]  # the one that was cut


async def test_a_user_who_may_not_scan_sees_what_is_announced_and_is_told_what_is_not(
    redis: Redis, redis_url: str
) -> None:
    await publish(redis, SPX)
    may: dict[str, Any] = {"keys": ["*"], "channels": ["*"], "categories": ["+@all"], "commands": ["-scan"]}
    await redis.acl_setuser("eye", enabled=True, reset=True, passwords="+pw", **may)
    async with Redis.from_url(redis_url.replace("unix://", "unix://eye:pw@")) as client:
        report = await look(Watcher(RedisReader(client, NAMES, CLOCK), CLOCK))
    await redis.acl_deluser("eye")
    assert report.board.redis.health.ok
    [told] = [signal for signal in report.signals if signal.name == "discovery"]
    assert told.text == ("chains that no publisher announces cannot be found: this Redis user has no right to run SCAN")
    assert report.state is DeckState.CRITICAL  # for nothing is seen
    [nothing] = [signal.text for signal in report.signals if signal.name == "nothing-published"]
    assert nothing.endswith("none is announced, and others cannot be looked for")  # what is not known is not claimed


async def look(watcher: Watcher) -> HealthReport:
    return evaluate(await watcher.poll_once(), Instant.now(CLOCK))


@pytest.mark.parametrize(("after_s", "asked"), [(DISCOVER_EVERY_S - 0.001, 1), (DISCOVER_EVERY_S, 2)])
async def test_a_walk_follows_another_at_a_slow_cadence(redis: Redis, after_s: float, asked: int) -> None:
    clock = ManualClock(CLOCK.wall_ns(), 100.0)
    watcher = Watcher(RedisReader(redis, NAMES, clock), clock)
    await redis.config_resetstat()
    await watcher.poll_once()
    clock.advance(after_s)
    await watcher.poll_once()
    stats: Any = await redis.info("commandstats")
    assert stats["cmdstat_scan"]["calls"] == asked


async def test_a_chain_that_came_and_went_is_found_again(redis: Redis) -> None:
    clock = ManualClock(CLOCK.wall_ns(), 100.0)
    watcher = Watcher(RedisReader(redis, NAMES, clock), clock)
    await publish(redis, SPX)
    assert chains_of(await watcher.poll_once()) == {SPX}
    watcher.tracker.registry.chains.clear()  # as where a publisher that did not announce it spoke for its underlying
    clock.advance(DISCOVER_EVERY_S)
    assert chains_of(await watcher.poll_once()) == {SPX}
