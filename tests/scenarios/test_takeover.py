"""Two publishers on one Redis: one leads, the other stands by, and no death, sleep or delay puts old over new."""

import asyncio
import json
import signal
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from chain.clock import ManualClock, SystemClock
from chain.model.keys import ChainId, KeySchema, lease_key
from chain.monitor.watch.redis_reader import RedisReader
from chain.monitor.watch.watcher import Watcher
from chain.redis.connect.connection import RedisTarget
from chain.redis.contract.coordination.lease import Lease
from chain.redis.contract.store import Store
from chain.tasks import end
from publisher.loop.publisher import Publisher
from publisher.protection.publish_gate import PublishGate
from tests.support.builders import ScriptedSource, assert_contract_kept
from tests.support.contexts import context_of
from tests.support.engines import run_publisher
from tests.support.fault_proxy import Command, Fate, FaultProxy
from tests.support.product import start
from tests.support.waiting import wait_until_async
from tests.support.witness import Witness, witness

LEADER, STANDBY = "mock_massive:heartbeat", "mock_massive:standby:heartbeat"
CHAINS = 2


class Running:
    """One `chaindeck publish` and what it says."""

    def __init__(self, home: Path, url: str, interval_s: float) -> None:
        ttl = max(10.0, 4 * interval_s + 5)
        self.process = start(
            home, "publish", "--redis-url", url, "--underlyings", "SPX", "--expirations", str(CHAINS),
            "--interval", str(interval_s), "--ttl", str(ttl),
        )  # fmt: skip
        self.said: list[str] = []
        self._ear = threading.Thread(target=self._listen, daemon=True)
        self._ear.start()

    def _listen(self) -> None:
        assert self.process.stderr is not None
        self.said.extend(iter(self.process.stderr.readline, ""))

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def cycles(self) -> list[str]:
        """The lines that tell of a cycle: only one that leads has any."""
        return [line for line in list(self.said) if ": cycle " in line]

    def tell(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self._ear.join(5)
        assert self.process.stderr is not None
        self.process.stderr.close()


@pytest.fixture
def publish(short_dir: Path, redis_url: str) -> Iterator[Callable[..., Running]]:
    """Start publishers, each at home in a folder of its own; whatever becomes of them, none is left."""
    with ExitStack() as ends:

        def run(interval_s: float, url: str = redis_url) -> Running:
            home = short_dir / str(len(list(short_dir.iterdir())))
            home.mkdir()
            running = Running(home, url, interval_s)
            ends.callback(running.end)
            return running

        yield run


async def beat_of(redis: Redis, key: str) -> dict[str, Any]:
    raw = await redis.get(key)
    return json.loads(raw) if raw else {}


async def leads(redis: Redis, running: Running) -> bool:
    beat = await beat_of(redis, LEADER)
    return beat.get("pid") == running.pid and beat["status"] == "running"


async def stands_by(redis: Redis, running: Running) -> bool:
    beat = await beat_of(redis, STANDBY)
    return beat.get("pid") == running.pid and beat["status"] == "standby"


@asynccontextmanager
async def pair(
    redis: Redis, publish: Callable[..., Running], interval_s: float
) -> AsyncIterator[tuple[Running, Running, Witness]]:
    """Give a leader, a standby and a witness; after it the contract holds, and nothing old was seen over new."""
    leader = publish(interval_s)
    await wait_until_async(lambda: leads(redis, leader), 15, "the first to lead")
    standby = publish(interval_s)
    await wait_until_async(lambda: stands_by(redis, standby), 15, "the second to stand by")
    chains = sorted(await Store(redis, KeySchema()).discover())
    assert len(chains) == CHAINS
    async with witness(redis, chains) as seen:
        yield leader, standby, seen
    assert (seen.fell, seen.dangled) == ([], [])
    await assert_contract_kept(redis)


async def test_a_dead_leader_is_replaced_within_one_interval(
    redis: Redis, publish: Callable[..., Running], record_property: Callable[[str, object], None]
) -> None:
    interval_s = 5.0
    async with pair(redis, publish, interval_s) as (leader, standby, seen):
        board = await Watcher(RedisReader(redis, KeySchema(), SystemClock()), SystemClock()).poll_once()
        assert board.publishers.standbys == 1
        assert not standby.cycles
        leader.tell(signal.SIGKILL)
        died = time.monotonic()
        moved = await wait_until_async(lambda: seen.moved_since(died), 3 * interval_s, "pointers to move again")
        print("takeover_s", round(moved - died, 2))
        assert moved - died <= interval_s
        await wait_until_async(lambda: leads(redis, standby), what="the new leader to say so")
        board = await Watcher(RedisReader(redis, KeySchema(), SystemClock()), SystemClock()).poll_once()
        assert board.publishers.standbys == 0


async def test_a_leader_told_to_stop_hands_over_at_once(
    redis: Redis, publish: Callable[..., Running], record_property: Callable[[str, object], None]
) -> None:
    interval_s = 10.0  # its lease would run for six seconds more
    async with pair(redis, publish, interval_s) as (leader, standby, seen):
        told = time.monotonic()
        leader.tell(signal.SIGTERM)
        moved = await wait_until_async(lambda: seen.moved_since(told), 2 * interval_s, "pointers to move again")
        print("handover_s", round(moved - told, 2))
        assert moved - told < 0.6 * interval_s - 1
        await wait_until_async(lambda: leads(redis, standby), what="the new leader to say so")
        assert await asyncio.to_thread(leader.process.wait, 10) == 0
        assert "stopped as told" in leader.said[-1]


async def test_a_standby_told_to_stop_says_so_and_the_leader_goes_on(
    redis: Redis, publish: Callable[..., Running]
) -> None:
    async with pair(redis, publish, 1.0) as (leader, standby, seen):
        standby.tell(signal.SIGTERM)
        assert await asyncio.to_thread(standby.process.wait, 10) == 0
        assert (await beat_of(redis, STANDBY))["status"] == "stopped"
        assert not standby.cycles
        ended = time.monotonic()
        await wait_until_async(lambda: seen.moved_since(ended), 5, "the leader to go on")
        assert await leads(redis, leader)
        assert (
            await Watcher(RedisReader(redis, KeySchema(), SystemClock()), SystemClock()).poll_once()
        ).publishers.standbys == 0


async def test_a_leader_that_slept_wakes_as_a_standby(redis: Redis, publish: Callable[..., Running]) -> None:
    async with pair(redis, publish, 1.0) as (leader, standby, _):
        before = len(leader.cycles)
        await wait_until_async(lambda: len(leader.cycles) > before, 5, "the leader between two cycles")
        leader.tell(signal.SIGSTOP)
        slept = time.monotonic()
        await wait_until_async(lambda: leads(redis, standby), 8, "the standby to lead")
        await wait_until_async(lambda: time.monotonic() - slept > 4, 8)
        told = len(leader.cycles)
        assert len(standby.cycles) >= 2
        leader.tell(signal.SIGCONT)
        await wait_until_async(lambda: stands_by(redis, leader), 8, "the one that slept to stand by")
        woke = len(standby.cycles)
        await wait_until_async(lambda: len(standby.cycles) >= woke + 3, 8, "three more cycles of the new leader")
        assert await leads(redis, standby)
        assert len(leader.cycles) == told, "it published though another led"
        assert (await beat_of(redis, LEADER))["chain"]["counters"]["refused_older"] == 0
        standby.tell(signal.SIGKILL)
        await wait_until_async(lambda: leads(redis, leader), 8, "the one that slept to lead again")


async def test_of_two_started_together_one_leads(redis: Redis, publish: Callable[..., Running]) -> None:
    running = [publish(1.0), publish(1.0)]

    async def settled() -> bool:
        leading, waiting = await beat_of(redis, LEADER), await beat_of(redis, STANDBY)
        return {leading.get("pid"), waiting.get("pid")} == {one.pid for one in running}

    await wait_until_async(settled, 15, "one to lead and one to stand by")
    leader_pid = (await beat_of(redis, LEADER))["pid"]
    [waiting] = [one for one in running if one.pid != leader_pid]
    [leading] = [one for one in running if one.pid == leader_pid]
    await wait_until_async(lambda: len(leading.cycles) >= 3, 10)
    assert not waiting.cycles


# Without processes: what only a hand on the clock, or on the line, can do


async def test_a_leader_that_slept_in_the_middle_of_a_cycle_ends_it_in_silence(redis: Redis) -> None:
    day = datetime.now(UTC).date() + timedelta(days=7)
    # Behind Redis's clock by more than it is moved on: a stamp ahead would be refused whoever leads.
    chain, clock = ChainId("SPX", day), ManualClock(time.time_ns() - 30 * 10**9)
    sources = [ScriptedSource({"SPX": (day,)}, as_of=time.time()) for _ in range(2)]
    leases = [Lease(redis, context_of(clock), ("SPX",)) for _ in sources]
    one, two = (
        Publisher(redis, source, context_of(clock), gate=PublishGate(lease))
        for source, lease in zip(sources, leases, strict=True)
    )
    await leases[0].renew()
    gate = sources[0].gates[chain] = asyncio.Event()
    cycle = asyncio.create_task(one.cycle())
    await wait_until_async(lambda: sources[0].begun)
    clock.advance(7)  # longer than its lease
    await redis.delete(lease_key("massive", "SPX"))
    assert await leases[1].renew() == ["SPX"]
    assert (await two.cycle()).whole
    clock.advance(1)
    gate.set()
    assert not (await cycle).outcomes


class Delay:
    """Holds back every command from the first move of a pointer on, and delivers them all in the end."""

    def __init__(self) -> None:
        self.moves: list[Command] = []
        self.armed = False
        self.struck = asyncio.Event()
        self.over = asyncio.Event()

    async def __call__(self, command: Command) -> Fate:
        if self.armed and command[0] == b"EVALSHA" and any(b":chain:latest:" in word for word in command):
            self.moves.append(command)
            self.struck.set()
        if self.struck.is_set():
            await self.over.wait()
        return Fate.DELIVER


def led_publisher(client: Redis, source: ScriptedSource) -> Publisher:
    context = context_of(interval_s=0.2, ttl_s=10.0)
    return Publisher(client, source, context, gate=PublishGate(Lease(client, context, source.underlyings)))


async def test_writes_that_were_long_on_their_way_arrive_in_vain(redis: Redis, redis_url: str, short_dir: Path) -> None:
    """The leader's pointer move leaves it, the line holds it, another leads and publishes, and then it arrives."""
    day = datetime.now(UTC).date() + timedelta(days=7)
    chain = ChainId("SPX", day)
    one, two = (ScriptedSource({"SPX": (day,)}, as_of=time.time()) for _ in range(2))
    delay = Delay()
    async with FaultProxy(redis_url, short_dir) as proxy, RedisTarget(proxy.url).connect() as far:
        proxy.rule = delay
        leading = asyncio.create_task(run_publisher(led_publisher(far, one)))
        await wait_until_async(lambda: len(one.fetched) >= 2)
        async with witness(redis, [chain]) as seen:
            waiting = asyncio.create_task(run_publisher(led_publisher(redis, two)))
            delay.armed = True
            await asyncio.wait_for(delay.struck.wait(), 5)
            late = delay.moves[0][4]
            await wait_until_async(lambda: len(two.fetched) >= 3, 8, "the standby to lead and publish")
            async with redis.monitor() as monitor:
                delay.over.set()
                async with asyncio.timeout(5):
                    while late.decode() not in (await monitor.next_command())["command"]:
                        pass
            after = time.monotonic()
            await wait_until_async(lambda: seen.moved_since(after), what="the new leader to go on")
        late_ms = int(late.rpartition(b":")[2])
        assert late_ms not in [stamp for _, stamp in seen.moves[chain]]
        assert (seen.fell, seen.dangled) == ([], [])
        await end([leading, waiting])
    await assert_contract_kept(redis)
