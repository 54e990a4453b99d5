"""A primary, a replica and Sentinels: publishing outlives the primary, and what a failover took back is said."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from chain.clock import Instant, SystemClock
from chain.model.keys import ChainId, KeySchema
from chain.monitor.evaluate.signals import HealthReport, evaluate
from chain.monitor.states import Flag, State
from chain.monitor.watch.redis_reader import RedisReader
from chain.monitor.watch.watcher import Watcher
from chain.redis.connect.connection import RedisTarget
from chain.redis.contract.coordination.lease import Lease
from chain.redis.contract.publish.draft import PublishVerdict
from chain.redis.contract.publish.writer import snapshot_writer
from chain.tasks import end
from publisher.loop.publisher import Publisher
from publisher.protection.publish_gate import PublishGate
from tests.support.builders import ScriptedSource, expiries, small
from tests.support.contexts import context_of
from tests.support.engines import run_publisher
from tests.support.product import run
from tests.support.servers import (
    SERVICE,
    Server,
    Servers,
    free_port,
    hurry,
    in_step,
    linked,
    primary_of,
    sentinel_url,
    sever,
)
from tests.support.waiting import wait_until, wait_until_async
from tests.support.witness import witness

pytestmark = pytest.mark.slow

CLOCK = SystemClock()
NAMES = KeySchema()
DATES = expiries(4, datetime.now(UTC).date() + timedelta(days=2))
CHAINS = [ChainId("SPX", day) for day in DATES]
FAILOVER_S = 20.0  # at most, for Sentinels that need a second to call a primary down


@dataclass
class Watched:
    """One primary, its replica, and those who watch over them."""

    primary: Server
    replica: Server
    sentinels: list[Server]

    @property
    def url(self) -> str:
        return sentinel_url(self.sentinels)

    async def failed_over(self) -> None:
        """Wait until every Sentinel names the replica."""
        await wait_until_async(
            lambda: {primary_of(sentinel) for sentinel in self.sentinels} == {self.replica.port},
            FAILOVER_S,
            "the Sentinels to name the replica",
        )


def watched(servers: Servers, count: int) -> Watched:
    primary = servers.alone()
    replica = servers.replica(primary)
    return Watched(primary, replica, servers.sentinels(primary, count))


@pytest.fixture
def desk(request: pytest.FixtureRequest) -> Iterator[Watched]:
    """A watched primary; the number of Sentinels is the fixture's parameter, one where there is none."""
    with Servers() as servers:
        yield watched(servers, getattr(request, "param", 1))


async def publish(redis: Redis, mark: int = 1) -> int:
    """Publish every chain; return the stamp."""
    stamp = time.time_ns() // 1_000_000
    outcomes = await snapshot_writer(redis, NAMES).publish([small(chain, stamp, mark) for chain in CHAINS], 60)
    assert {outcome.verdict for outcome in outcomes} == {PublishVerdict.PUBLISHED}
    return stamp


async def report(watcher: Watcher) -> HealthReport:
    return evaluate(await watcher.poll_once(), Instant.now(CLOCK))


async def reached(watcher: Watcher) -> HealthReport | None:
    found = await report(watcher)
    return found if found.board.redis.health.ok else None


def shown(found: HealthReport) -> set[int]:
    return {status.record.last_good.snapshot.id.ts_ms for status in found.statuses if status.record.last_good}


def states(found: HealthReport) -> set[State]:
    return {status.state for status in found.statuses}


class Screen:
    """What a reader of the deck saw: polls once in a while, and fails where older came for newer without a word."""

    def __init__(self, watcher: Watcher) -> None:
        self.reports: list[HealthReport] = []
        self._watcher = watcher
        self._done = asyncio.Event()

    async def run(self) -> None:
        while not self._done.is_set():
            self.reports.append(await report(self._watcher))
            await asyncio.sleep(0.1)

    def end(self) -> None:
        self._done.set()
        newest: dict[ChainId, int] = {}
        for found in self.reports:
            for status in found.statuses:
                if status.record.last_good is None:
                    continue
                stamp = status.record.last_good.snapshot.id.ts_ms
                known = newest.setdefault(status.record.chain, stamp)
                assert stamp >= known or Flag.ROLLED_BACK in status.flags, f"{status.record.chain} went back unsaid"
                newest[status.record.chain] = max(known, stamp)

    @property
    def words(self) -> list[str]:
        """The first signals of the reports that did not reach Redis."""
        return [found.signals[0].text for found in self.reports if not found.board.redis.health.ok]


@pytest.mark.parametrize("desk", [3], indirect=True)
async def test_publishing_goes_on_after_the_primary_was_killed(desk: Watched) -> None:
    ours, eyes, theirs = (RedisTarget(desk.url).connect() for _ in range(3))
    source = ScriptedSource({"SPX": DATES}, as_of=time.time())
    context = context_of(CLOCK, interval_s=1.0, ttl_s=20.0)
    publisher = Publisher(ours, source, context, gate=PublishGate(Lease(ours, context, source.underlyings)))
    publishing = asyncio.create_task(run_publisher(publisher))
    await wait_until_async(lambda: publisher.heartbeat().chain.counters.get("published", 0) >= 8)
    screen = Screen(Watcher(RedisReader(eyes, NAMES, CLOCK), CLOCK))
    watching = asyncio.create_task(screen.run())
    async with witness(theirs, CHAINS) as seen:
        desk.primary.kill()
        died = time.monotonic()
        moved = await wait_until_async(lambda: seen.moved_since(died), FAILOVER_S, "publishing to go on")
        print(f"Sentinel failover: pointers move again {moved - died:.2f} s after kill -9")
        assert primary_of(desk.sentinels[0]) == desk.replica.port
        # The old primary comes back empty, and is made a replica: nobody is sent to it.
        hurry(desk.sentinels)
        desk.primary.start()
        await wait_until_async(lambda: linked(desk.primary), FAILOVER_S, "the old primary to follow")
        later = time.monotonic()
        await wait_until_async(lambda: seen.moved_since(later), 10, "publishing to go on still")
    screen.end()
    await watching
    assert seen.dangled == []
    assert screen.words
    assert all(text.startswith("Redis unreachable: ") for text in screen.words)
    assert states(screen.reports[-1]) == {State.FRESH}
    await end([publishing])
    for client in (ours, eyes, theirs):
        await client.aclose()


async def test_what_a_failover_took_back_is_said_and_never_shown_as_newer(desk: Watched) -> None:
    redis, eyes = RedisTarget(desk.url).connect(), RedisTarget(desk.url).connect()
    watcher = Watcher(RedisReader(eyes, NAMES, CLOCK), CLOCK)
    older = await publish(redis)
    await report(watcher)
    await wait_until_async(lambda: in_step(desk.primary, desk.replica))
    sever(desk.primary)
    await wait_until_async(lambda: not linked(desk.replica))
    newer = await publish(redis, mark=2)
    assert shown(await report(watcher)) == {newer}
    desk.primary.kill()
    assert states(await report(watcher)) == {State.UNREACHABLE}
    await desk.failed_over()
    for _ in range(3):
        found = await wait_until_async(lambda: reached(watcher), FAILOVER_S)
        assert {status.record.pointer.ts_ms for status in found.statuses if status.record.pointer} == {older}
        assert shown(found) == {newer}  # still the newest that was seen, ageing
        assert all(Flag.ROLLED_BACK in status.flags for status in found.statuses)
        [told] = [signal.text for signal in found.signals if signal.name == "rolled-back"]
        assert "ROLLED-BACK: from " in told
    newest = await publish(redis, mark=3)
    found = await report(watcher)
    assert (shown(found), states(found)) == ({newest}, {State.FRESH})
    assert not any(Flag.ROLLED_BACK in status.flags for status in found.statuses)
    await redis.aclose()
    await eyes.aclose()


async def test_a_primary_demoted_alive_is_left_for_the_new_one(desk: Watched) -> None:
    redis = RedisTarget(desk.url).connect()
    await publish(redis)
    watcher = Watcher(RedisReader(redis, NAMES, CLOCK), CLOCK)
    await report(watcher)
    hurry(desk.sentinels)
    await wait_until_async(lambda: demoted(desk.sentinels[0]), FAILOVER_S, "the Sentinel to agree")
    await desk.failed_over()
    wait_until(lambda: desk.primary.admin.info("replication")["role"] == "slave", FAILOVER_S, "the demotion")
    # The old primary has closed the connection: reads must not go back there, where they would succeed.
    assert states(await report(watcher)) == {State.FRESH}
    assert "chaindeck" not in {client["name"] for client in desk.primary.admin.client_list()}
    stamp = await publish(redis, mark=2)
    assert shown(await report(watcher)) == {stamp}
    assert str(desk.replica.admin.get(NAMES.latest(CHAINS[0]))).endswith(f":{stamp}")
    await redis.aclose()


def demoted(sentinel: Server) -> bool:
    """Tell a Sentinel to fail over though nobody is down; whether it obeys, which it does not while it knows little."""
    try:
        return bool(sentinel.admin.execute_command("SENTINEL FAILOVER", SERVICE))
    except ResponseError:
        return False


def test_the_commands_take_the_urls_of_sentinels(desk: Watched, short_dir: Path) -> None:
    url = desk.url.replace("sentinel://", f"sentinel://127.0.0.1:{free_port()},")  # the first of them is down
    ended = run(short_dir, "publish", "--once", "--redis-url", url, "--underlyings", "SPX")
    assert ended.returncode == 0, ended.stderr
    ended = run(short_dir, "check", url)
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout
    assert ended.stdout.startswith("CHAIN OK - 6 chains fresh")


async def test_sentinels_that_are_gone_disturb_no_standing_connection(desk: Watched) -> None:
    redis = RedisTarget(desk.url).connect()
    stamp = await publish(redis)
    watcher = Watcher(RedisReader(redis, NAMES, CLOCK), CLOCK)
    assert shown(await report(watcher)) == {stamp}
    for sentinel in desk.sentinels:
        sentinel.kill()
    assert states(await report(watcher)) == {State.FRESH}
    desk.primary.admin.client_kill_filter(_type="normal", skipme=True)
    found = await report(watcher)
    assert states(found) == {State.UNREACHABLE}
    assert found.signals[0].text.startswith("Redis unreachable: no Sentinel ")
    desk.sentinels[0].start()
    await wait_until_async(lambda: reached(watcher), 10)
    await redis.aclose()


async def test_a_client_that_closes_leaves_no_connection_to_a_sentinel(desk: Watched) -> None:
    redis = RedisTarget(desk.url).connect(name="chaindeck-leaver")
    await redis.ping()
    servers = [desk.primary, *desk.sentinels]

    def there() -> int:
        return sum(client["name"] == "chaindeck-leaver" for at in servers for client in at.admin.client_list())

    assert there() == 2
    await redis.aclose()
    await wait_until_async(lambda: there() == 0)


async def test_a_service_that_no_sentinel_knows_is_said(desk: Watched) -> None:
    redis = RedisTarget(sentinel_url(desk.sentinels, "elsewhere")).connect()
    found = await report(Watcher(RedisReader(redis, NAMES, CLOCK), CLOCK))
    assert [signal.text for signal in found.signals] == [
        "Redis unreachable: no Sentinel names a primary: check the service's name in the URL"
    ]
    await redis.aclose()
