"""A hostile neighbourhood: old servers, poor proxies, commands taken away, a cluster that goes: each told in words."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis

from chain.audit.audit import Auditor
from chain.audit.reader import AuditReader
from chain.clock import Instant, SystemClock
from chain.model.keys import ChainId, KeySchema
from chain.monitor.evaluate.report import HealthReport
from chain.monitor.evaluate.signals import evaluate
from chain.monitor.heartbeat import beat
from chain.monitor.states import State
from chain.monitor.watch.redis_reader import RedisReader
from chain.monitor.watch.watcher import Watcher
from chain.redis.connect.connection import RedisTarget
from chain.redis.contract.publish.draft import PublishResult, PublishVerdict
from chain.redis.contract.publish.writer import snapshot_writer
from tests.support.binaries import KINDS, program
from tests.support.builders import expiries, small
from tests.support.poor_proxy import KNOWN, PoorProxy
from tests.support.scenes import heartbeat
from tests.support.servers import HOST, Servers, cluster_url
from tests.support.waiting import wait_until_async

CLOCK, NAMES = SystemClock(), KeySchema()
CHAINS = [ChainId("SPX", day) for day in expiries(3, datetime.now(UTC).date() + timedelta(days=2))]
TRUTH_S = 3.0  # within which what is wrong must be said


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with Servers() as servers:
        yield servers


async def publish(redis: Redis) -> list[PublishResult]:
    stamp = time.time_ns() // 1_000_000
    outcomes = await snapshot_writer(redis, NAMES, kind="massive").publish(
        [small(chain, stamp) for chain in CHAINS], 60
    )
    if all(outcome.verdict is PublishVerdict.PUBLISHED for outcome in outcomes):
        await beat(redis, heartbeat(*CHAINS, ts=time.time()))
    return outcomes


def ends(outcomes: list[PublishResult]) -> set[tuple[PublishVerdict, str]]:
    return {(outcome.verdict, outcome.reason) for outcome in outcomes}


async def look(redis: Redis) -> HealthReport:
    return evaluate(await Watcher(RedisReader(redis, NAMES, CLOCK), CLOCK).poll_once(), Instant.now(CLOCK))


def states(report: HealthReport) -> set[State]:
    return {status.state for status in report.statuses}


PUBLISHED = {(PublishVerdict.PUBLISHED, "")}


@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize("kind", KINDS)
async def test_every_server_since_6_2_is_published_to_read_and_audited(
    servers: Servers, kind: str, protocol: int
) -> None:
    full = ("--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru")
    server = servers.alone(*full, program=program(kind))
    async with RedisTarget(f"{server.url}?protocol={protocol}").connect() as redis:
        assert ends(await publish(redis)) == PUBLISHED
        assert ends(await publish(redis)) == PUBLISHED
        report = await look(redis)
        assert states(report) == {State.FRESH}
        assert report.board.redis.server.name.startswith(kind.partition(".")[0])
        assert any("Redis would evict by allkeys-lru" in signal.text for signal in report.signals)
        for chain in CHAINS:
            pointer = NAMES.latest(chain)
            payload = await redis.get(pointer)
            assert payload is not None
            payload_left, pointer_left = await redis.pttl(payload), await redis.pttl(pointer)
            assert 50_000 < pointer_left <= payload_left <= 60_000
        auditor = Auditor(NAMES)
        reader = AuditReader(redis, auditor, SystemClock())
        await reader.discover()
        await reader.poll()
        assert auditor.conclude().pointers == 3


COURTESIES = ("HELLO", "CLIENT", "SELECT", "SCAN", "EXISTS", "INFO", "TYPE", "PUBLISH", "HGET", "XREVRANGE")


@pytest.mark.parametrize("kind", ["redis 6.2", "valkey 8", "valkey 9"])
async def test_all_courtesies_can_be_taken_away_together(servers: Servers, kind: str) -> None:
    flags = [flag for name in COURTESIES for flag in ("--rename-command", name, "")]
    server = servers.alone(*flags, program=program(kind))
    async with RedisTarget(server.url).connect() as redis:
        outcomes = await publish(redis)
        assert ends(outcomes) == PUBLISHED
        report = await look(redis)
        assert states(report) == {State.FRESH}
        assert "this Redis has no command INFO" in report.board.redis.server.unasked


@pytest.mark.parametrize("kind", ["redis 6.2", "valkey 9"])
async def test_a_command_that_a_script_lacks_is_named_and_nothing_is_left_behind(servers: Servers, kind: str) -> None:
    server = servers.alone("--rename-command", "TIME", "", program=program(kind))
    async with RedisTarget(server.url).connect() as redis:
        assert ends(await publish(redis)) == {(PublishVerdict.FAILED, "this Redis has no command TIME")}
    assert server.admin.dbsize() == 0


@pytest.mark.parametrize(
    ("gone", "reason"),
    [
        ("EVAL", "this Redis has no command EVAL: publishing needs it to move pointers forward only"),
        ("GETRANGE", "this Redis has no command GETRANGE"),
        ("MGET", "this Redis has no command MGET"),
        ("HELLO", ""),
        ("CLIENT", ""),
        ("EXISTS", ""),
        ("SELECT", ""),
        ("INFO", ""),
        ("PEXPIRETIME", ""),
        ("PUBLISH", ""),
    ],
)
async def test_a_command_that_was_taken_away_is_named_or_not_missed(servers: Servers, gone: str, reason: str) -> None:
    server = servers.alone("--rename-command", gone, "")
    async with RedisTarget(server.url).connect() as redis:
        outcomes = await publish(redis)
        assert ends(outcomes) == ({(PublishVerdict.FAILED, reason)} if reason else PUBLISHED)
        assert "local" not in reason
        if reason:
            assert server.admin.dbsize() == 0
        else:
            assert states(await look(redis)) == {State.FRESH}


@pytest.mark.parametrize("hangs_up", [False, True], ids=["refuses", "hangs up"])
async def test_a_proxy_that_knows_little_serves_a_reader_and_refuses_a_publisher_in_a_sentence(
    servers: Servers, hangs_up: bool
) -> None:
    server = servers.alone()
    async with RedisTarget(server.url).connect() as direct:
        await publish(direct)
    async with (
        PoorProxy(server.port, hangs_up=hangs_up, known=KNOWN) as proxy,
        RedisTarget(f"redis://{HOST}:{proxy.port}").connect() as redis,
    ):
        if not hangs_up:
            assert states(await look(redis)) == {State.FRESH}
            assert b"HELLO" not in proxy.refused
        keys = server.admin.dbsize()
        if hangs_up:
            watcher = Watcher(RedisReader(redis, NAMES, CLOCK), CLOCK)
            for _ in range(4):
                assert states(evaluate(await watcher.poll_once(), Instant.now(CLOCK))) == {State.FRESH}
        else:
            outcomes = await publish(redis)
            assert ends(outcomes) == {
                (
                    PublishVerdict.FAILED,
                    "this Redis has no command EVAL: publishing needs it to move pointers forward only",
                )
            }
        assert server.admin.dbsize() == keys


async def test_a_proxy_that_refuses_scripts_only_sometimes_leaves_nothing_behind(servers: Servers) -> None:
    server = servers.alone()
    some = KNOWN | frozenset(b"EVAL INFO".split())
    async with (
        PoorProxy(server.port, known=some) as proxy,
        RedisTarget(f"redis://{HOST}:{proxy.port}").connect() as redis,
    ):
        writer = snapshot_writer(redis, NAMES, kind="massive")
        stamp = time.time_ns() // 1_000_000
        assert ends(await writer.publish([small(chain, stamp) for chain in CHAINS], 60)) == PUBLISHED
        before = sorted(server.admin.keys())
        proxy.known = KNOWN
        outcomes = await writer.publish([small(chain, stamp + 1, 2) for chain in CHAINS], 60)
        assert {outcome.verdict for outcome in outcomes} == {PublishVerdict.FAILED}
        assert sorted(server.admin.keys()) == before
        proxy.known = some
        assert ends(await writer.publish([small(chain, stamp + 2, 3) for chain in CHAINS], 60)) == PUBLISHED


async def lost(watcher: Watcher) -> HealthReport | None:
    found = evaluate(await watcher.poll_once(), Instant.now(CLOCK))
    return None if found.board.redis.health.ok else found


async def back(watcher: Watcher) -> HealthReport | None:
    found = evaluate(await watcher.poll_once(), Instant.now(CLOCK))
    return found if found.board.redis.health.ok else None


@pytest.mark.hostile
async def test_a_cluster_that_goes_for_twelve_seconds_is_told_and_comes_back_alone() -> None:
    with Servers() as servers:
        nodes = await asyncio.to_thread(servers.cluster, 3)
        redis = RedisTarget(cluster_url(nodes)).connect()
        assert ends(await publish(redis)) == PUBLISHED
        watcher = Watcher(RedisReader(redis, NAMES, CLOCK), CLOCK)
        assert evaluate(await watcher.poll_once(), Instant.now(CLOCK)).board.redis.health.ok
        for node in nodes:
            node.kill()
        began = time.monotonic()
        found = await wait_until_async(lambda: lost(watcher), 10, "the word for it")
        assert time.monotonic() - began < TRUTH_S
        told = {found.board.redis.health.error}
        while time.monotonic() - began < 12:
            told.add((await watcher.poll_once()).redis.health.error)
            await asyncio.sleep(0.5)
        assert all("no node of the cluster answers" in words or "connection" in words for words in told), told
        for node in nodes:
            await asyncio.to_thread(node.start)
        await wait_until_async(lambda: back(watcher), 20, "the cluster to be back")
        assert ends(await publish(redis)) == PUBLISHED
        await redis.aclose()


Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def _silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


@pytest.mark.parametrize("scheme", ["redis", "rediss", "redis+cluster", "redis+sentinel"])
async def test_a_port_that_says_nothing_is_told_in_time_whatever_the_scheme(scheme: str) -> None:
    async with await asyncio.start_server(_silent, HOST, 0) as server:
        port = server.sockets[0].getsockname()[1]
        path = "/desk" if scheme.endswith("sentinel") else ""
        redis = RedisTarget(f"{scheme}://{HOST}:{port}{path}").connect()
        began = time.monotonic()
        report = await look(redis)
        await redis.aclose()
        assert time.monotonic() - began < TRUTH_S
        assert "no answer" in report.board.redis.health.error


async def test_an_idle_limit_and_a_killed_connection_are_no_outage(servers: Servers) -> None:
    server = servers.alone("--timeout", "1")
    async with RedisTarget(server.url).connect() as redis:
        await publish(redis)
        watcher = Watcher(RedisReader(redis, NAMES, CLOCK), CLOCK)
        assert states(evaluate(await watcher.poll_once(), Instant.now(CLOCK))) == {State.FRESH}
        server.admin.client_kill_filter(_type="normal", skipme=True)
        assert states(evaluate(await watcher.poll_once(), Instant.now(CLOCK))) == {State.FRESH}
