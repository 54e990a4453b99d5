"""A cluster of three nodes, where a pointer and its payload live in different slots, mostly on different nodes."""

import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.asyncio.cluster import ClusterNode

from chain.clock import Instant, SystemClock
from chain.model.keys import ChainId, KeySchema
from chain.model.snapshot import decode
from chain.monitor.evaluate.signals import HealthReport, evaluate
from chain.monitor.heartbeat import beat
from chain.monitor.states import State
from chain.monitor.watch.redis_reader import RedisReader
from chain.monitor.watch.watcher import Watcher
from chain.redis.connect.connection import RedisTarget
from chain.redis.contract.coordination.lease import Lease
from chain.redis.contract.poll_command import POINTER_BYTES
from chain.redis.contract.publish.draft import PublishVerdict
from chain.redis.contract.publish.records import KindRecords
from chain.redis.contract.publish.writer import SnapshotWriter, snapshot_writer
from chain.redis.contract.store import Store
from publisher.loop.publisher import Publisher
from publisher.protection.guard import Guard
from publisher.protection.publish_gate import PublishGate
from tests.support.builders import ScriptedSource, expiries, small, value_at
from tests.support.contexts import context_of
from tests.support.product import run
from tests.support.scenes import heartbeat
from tests.support.servers import Server, Servers, cluster_ok, cluster_url, in_step
from tests.support.waiting import cancelled_after, wait_until, wait_until_async

pytestmark = pytest.mark.slow

CLOCK = SystemClock()
NAMES = KeySchema()
TTL_S = 60.0
IN_WORDS_S = 3.0  # from the loss of a node to the word for it
DATES = expiries(50, datetime.now(UTC).date() + timedelta(days=2))
CHAINS = [ChainId(underlying, day) for day, underlying in product(DATES, ("SPX", "NDX", "RUT", "XSP", "OEX", "DJX"))]


@pytest.fixture(scope="module")
def cluster() -> Iterator[list[Server]]:
    with Servers() as servers:
        yield servers.cluster(3)


@pytest.fixture
def nodes(cluster: list[Server]) -> list[Server]:
    """The cluster's nodes, whole and empty, their counters at nought; one that a failed test left dead lives again."""
    for node in cluster:
        if node.process.poll() is not None:
            node.start()
    wait_until(lambda: all(cluster_ok(node, 3) for node in cluster), 20, "the cluster to be whole")
    for node in cluster:
        node.admin.flushall()
        node.admin.config_resetstat()
    return cluster


@pytest.fixture
async def client(nodes: list[Server]) -> AsyncIterator[Redis]:
    redis = RedisTarget(cluster_url(nodes)).connect()
    yield redis
    await redis.aclose()
    for node in nodes:
        assert "CROSSSLOT" not in str(node.admin.info("errorstats")), "a command named keys of two slots"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


async def publish(redis: Redis | SnapshotWriter, chains: list[ChainId], mark: int = 1) -> None:
    stamp, writer = now_ms(), redis if isinstance(redis, SnapshotWriter) else snapshot_writer(redis, NAMES)
    outcomes = await writer.publish([small(chain, stamp, mark) for chain in chains], TTL_S)
    assert {(outcome.verdict, outcome.reason) for outcome in outcomes} == {(PublishVerdict.PUBLISHED, "")}


async def report(watcher: Watcher) -> HealthReport:
    return evaluate(await watcher.poll_once(), Instant.now(CLOCK))


def states(found: HealthReport) -> set[State]:
    return {status.state for status in found.statuses}


async def test_every_pointer_leads_to_its_payload_and_dies_with_it(client: Redis, nodes: list[Server]) -> None:
    await publish(client, CHAINS[:60])
    assert min(node.admin.dbsize() for node in nodes) > 20  # each has its share
    for chain in CHAINS[:60]:
        pointer = NAMES.latest(chain)
        target = (await value_at(client, pointer)).decode()
        body = await value_at(client, target)
        assert decode(body, NAMES.parse_snapshot(target)).id.chain == chain
        apart = await client.pexpiretime(pointer) - await client.pexpiretime(target)
        assert abs(apart) <= 1


async def test_an_older_snapshot_is_refused_there_too(client: Redis) -> None:
    await publish(client, CHAINS[:6])
    late = [small(chain, now_ms() - 5_000, 2) for chain in CHAINS[:6]]
    outcomes = await snapshot_writer(client, NAMES).publish(late, TTL_S)
    assert {outcome.verdict for outcome in outcomes} == {PublishVerdict.REFUSED_OLDER}
    assert states(await report(Watcher(RedisReader(client, NAMES, CLOCK), CLOCK))) == {State.FRESH}


async def test_a_publisher_in_turn_and_a_watcher_work_as_on_one_server(client: Redis, nodes: list[Server]) -> None:
    source = ScriptedSource({"SPX": DATES, "NDX": DATES}, as_of=time.time())
    leases = [Lease(client, context_of(CLOCK), source.underlyings) for _ in range(2)]
    leading, waiting = (Publisher(client, source, context_of(CLOCK), gate=PublishGate(lease)) for lease in leases)
    assert (await leases[0].renew(), await leases[1].renew()) == (["SPX", "NDX"], [])
    assert leases[1].leader == dict.fromkeys(source.underlyings, leases[0].me)
    assert (await leading.cycle()).whole
    assert not (await waiting.cycle()).outcomes
    for publisher in (leading, waiting):
        await publisher.beat()
    watcher = Watcher(RedisReader(client, NAMES, CLOCK), CLOCK)
    found = await report(watcher)
    assert (len(found.statuses), states(found)) == (12, {State.FRESH})
    assert (len(found.board.publishers.known), found.board.redis.server.name[:6]) == (1, "valkey")
    await leases[0].release()
    assert await leases[1].renew() == ["SPX", "NDX"]
    assert (await waiting.cycle()).whole


async def test_live_data_are_protected_there_too(client: Redis) -> None:
    day, as_of = DATES[:1], time.time()
    live, mock = ScriptedSource({"SPX": day}, as_of, "massive"), ScriptedSource({"SPX": day, "NDX": day}, as_of)
    guards = [Guard(client, context_of(CLOCK), source.kind) for source in (live, mock)]
    publishers = [
        Publisher(client, one, context_of(CLOCK), gate=PublishGate(guard=guard))
        for one, guard in zip((live, mock), guards, strict=True)
    ]
    assert (await publishers[1].cycle()).whole
    assert (await publishers[0].cycle()).whole
    assert not await client.exists(NAMES.latest(ChainId("NDX", day[0])))  # taken away, whatever its slot
    unguarded = await Publisher(client, ScriptedSource({"SPX": day}, as_of), context_of(CLOCK)).cycle()
    assert {outcome.verdict for outcome in unguarded.outcomes} == {PublishVerdict.LEFT_TO_LIVE}  # in its slot
    assert not (await publishers[1].cycle()).outcomes
    held = await KindRecords(client, NAMES).held([ChainId("SPX", day[0])])
    assert [kind for _, kind in held.values()] == ["massive"]


async def test_without_a_heartbeat_chains_are_found_on_all_nodes(client: Redis) -> None:
    await publish(client, CHAINS[:30])
    assert await Store(client, NAMES).discover() == set(CHAINS[:30])


def test_the_commands_take_the_urls_of_clusters(nodes: list[Server], short_dir: Path) -> None:
    url = cluster_url(nodes[:1])  # one is enough: it knows the others
    ended = run(short_dir, "publish", "--once", "--redis-url", url)
    assert ended.returncode == 0, ended.stderr
    ended = run(short_dir, "check", url)
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout
    assert ended.stdout.startswith("CHAIN OK - 18 chains fresh")
    ended = run(short_dir, "status", url, "--json")
    assert (ended.returncode, ended.stderr) == (0, "")
    told = json.loads(ended.stdout)
    assert {expiry["state"] for expiry in told["expiries"]} == {"FRESH"}
    assert told["redis"]["url"] == url


# What a poll costs


@asynccontextmanager
async def counted() -> AsyncIterator[list[int]]:
    """Give the ports to which batches go meanwhile, one entry for each batch."""
    sent: list[int] = []
    real = ClusterNode.execute_pipeline

    async def counting(node: ClusterNode, commands: list[Any]) -> bool:
        sent.append(int(node.port))
        return await real(node, commands)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ClusterNode, "execute_pipeline", counting)
        yield sent


@pytest.mark.parametrize("count", [6, 60, 300])
async def test_a_poll_with_nothing_new_is_one_batch_to_each_node(
    client: Redis, nodes: list[Server], count: int
) -> None:
    chains = CHAINS[:count]
    await publish(client, chains)
    await beat(client, heartbeat(*chains, ts=time.time()))
    watcher = Watcher(RedisReader(client, NAMES, CLOCK), CLOCK)
    assert states(await report(watcher)) == {State.FRESH}
    for node in nodes:
        node.admin.config_resetstat()
    async with counted() as sent:
        found = await report(watcher)
    assert (len(found.statuses), states(found)) == (count, {State.FRESH})
    assert sorted(sent) == sorted(node.port for node in nodes)
    calls: dict[str, int] = {}
    for node in nodes:
        for name, value in node.admin.info("commandstats").items():
            calls[name] = calls.get(name, 0) + value["calls"]
    assert calls["cmdstat_exists"] == count
    assert calls["cmdstat_get"] == count + 5  # beside the pointers the heartbeats, a recorder's among them
    assert calls["cmdstat_getrange"] == 2  # of a compositor's and a standby's heartbeat: no payload is read again


async def test_publishing_is_two_batches_to_each_node_whatever_the_number(client: Redis) -> None:
    writer = snapshot_writer(client, NAMES)
    await publish(writer, CHAINS[:60])  # which asks once whether scripts run, and lets every node learn them
    for count in (6, 300):
        async with counted() as sent:
            await publish(writer, CHAINS[:count], mark=2)
        assert max(sent.count(port) for port in sent) <= 2, count


# A node that goes


async def told_in_words(watcher: Watcher, began: float) -> HealthReport:
    """Return the first report that says that Redis cannot be reached, which must not be long in coming."""
    found = await wait_until_async(lambda: lost(watcher), 10, "the word for it")
    assert time.monotonic() - began < IN_WORDS_S
    return found


async def lost(watcher: Watcher) -> HealthReport | None:
    found = await report(watcher)
    return None if found.board.redis.health.ok else found


async def back(watcher: Watcher) -> HealthReport | None:
    found = await report(watcher)
    return found if found.board.redis.health.ok else None


@pytest.mark.parametrize("victim", [0, 2])
async def test_a_killed_node_is_told_in_words_and_over_when_it_is_back(
    client: Redis, nodes: list[Server], victim: int
) -> None:
    await publish(client, CHAINS[:12])
    watcher = Watcher(RedisReader(client, NAMES, CLOCK), CLOCK)
    assert states(await report(watcher)) == {State.FRESH}
    nodes[victim].kill()
    found = await told_in_words(watcher, time.monotonic())
    assert states(found) == {State.UNREACHABLE}
    ages = [status.age_s or 0.0 for status in found.statuses]
    assert found.signals[0].text.startswith("Redis unreachable: connection ")
    again = await report(watcher)
    assert all((status.age_s or 0.0) > age for status, age in zip(again.statuses, ages, strict=True))
    nodes[victim].start()
    found = await wait_until_async(lambda: back(watcher), 15, "the cluster to be back")
    # What that node held is gone, and is not said to be there.
    assert states(found) <= {State.FRESH, State.MISSING, State.DANGLING}
    assert states(found) & {State.MISSING, State.DANGLING}
    await publish(client, CHAINS[:12])
    assert states(await report(watcher)) == {State.FRESH}


async def test_a_node_that_falls_silent_is_told_in_words_and_nothing_is_lost(
    client: Redis, nodes: list[Server]
) -> None:
    await publish(client, CHAINS[:12])
    watcher = Watcher(RedisReader(client, NAMES, CLOCK), CLOCK)
    before = await report(watcher)
    assert states(before) == {State.FRESH}
    nodes[1].pause()
    try:
        found = await told_in_words(watcher, time.monotonic())
        assert states(found) == {State.UNREACHABLE}
        assert "no answer in time" in found.signals[0].text
    finally:
        nodes[1].resume()
    found = await wait_until_async(lambda: back(watcher), 15, "the node to be back")
    assert states(found) == {State.FRESH}
    for now, then in zip(found.statuses, before.statuses, strict=True):
        assert now.record.pointer == then.record.pointer
        assert (now.age_s or 0.0) > (then.age_s or 0.0)


async def test_a_node_lost_between_pointer_and_payload_is_unreachable_not_invalid(
    client: Redis, nodes: list[Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish(client, CHAINS[:12])
    watcher = Watcher(RedisReader(client, NAMES, CLOCK), CLOCK)
    await report(watcher)
    await publish(client, CHAINS[:12], mark=2)
    real = Store.fetch

    async def too_late(store: Store, wanted: object) -> object:
        nodes[1].pause()
        return await real(store, wanted)  # type: ignore[arg-type]

    monkeypatch.setattr(Store, "fetch", too_late)
    found = await report(watcher)
    monkeypatch.undo()
    nodes[1].resume()
    assert states(found) == {State.UNREACHABLE}
    found = await wait_until_async(lambda: back(watcher), 15, "the node to be back")
    assert states(found) == {State.FRESH}  # read again, though no pointer moved since


async def test_a_node_with_a_replica_fails_over_and_publishing_goes_on() -> None:
    with Servers() as servers:
        nodes = servers.cluster(3, replicas=1)
        client = RedisTarget(cluster_url(nodes[1:3])).connect()
        await publish(client, CHAINS[:12])
        wait_until(lambda: in_step(nodes[0], nodes[3]))
        watcher = Watcher(RedisReader(client, NAMES, CLOCK), CLOCK)
        assert states(await report(watcher)) == {State.FRESH}
        nodes[0].kill()
        died = time.monotonic()
        await told_in_words(watcher, died)
        found = await wait_until_async(lambda: back(watcher), 20, "the replica to take over")
        print(f"cluster failover: readable again after {time.monotonic() - died:.2f} s")
        assert states(found) == {State.FRESH}
        await publish(client, CHAINS[:12], mark=2)
        assert states(await report(watcher)) == {State.FRESH}
        await client.aclose()


# Interrupted commands


async def test_cancelled_reads_leave_no_reply_for_another_to_take(client: Redis) -> None:
    store = Store(client, NAMES)
    await publish(client, CHAINS[:12])
    ids = [NAMES.parse_snapshot(await value_at(client, NAMES.latest(chain))) for chain in CHAINS[:12]]
    cancelled = 0
    for turn in range(150):
        cancelled += await cancelled_after(turn % 20, store.fetch(ids[:6]))
        for asked, payload in zip(ids[6:], await store.fetch(ids[6:]), strict=True):
            assert payload.raw is not None
            assert decode(payload.raw, asked).id == asked
    assert cancelled > 50


async def test_a_vast_value_on_one_node_is_read_by_its_beginning_and_hides_nothing(
    nodes: list[Server], client: Redis
) -> None:
    await publish(client, CHAINS[:12])
    store, vast = Store(client, NAMES), b"x" * (40 << 20)
    await client.set(NAMES.latest(CHAINS[0]), vast)
    for _ in range(3):
        found = await store.poll(CHAINS[:12])
        assert found.pointers[CHAINS[0]] == vast[: POINTER_BYTES + 1]
        assert all(found.pointers[chain] for chain in CHAINS[:12])
    await client.delete(NAMES.latest(CHAINS[0]))
    for _ in range(2):
        assert (await store.poll(CHAINS[:12])).pointers[CHAINS[0]] is None
