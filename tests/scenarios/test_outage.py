"""Redis in trouble: each way of it is told in words within three seconds, ages go on, and its end needs no hand."""

import asyncio
import contextlib
import logging
import statistics
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from chain.clock import Clock, Instant, ManualClock, SystemClock
from chain.errors import RedisUnavailableError
from chain.model.keys import ChainId, KeySchema, SnapshotId
from chain.monitor.board import Board
from chain.monitor.evaluate.signals import HealthReport, evaluate
from chain.monitor.heartbeat import beat
from chain.monitor.states import DeckState, Flag, State
from chain.monitor.watch.redis_reader import SERVER_EVERY_S, RedisReader
from chain.monitor.watch.watcher import Watcher
from chain.redis.connect.connection import RedisTarget, redis_call
from chain.redis.contract.coordination.lease import Lease
from chain.redis.contract.publish.draft import PublishVerdict
from chain.redis.contract.publish.writer import snapshot_writer
from chain.redis.contract.store import Payload, Store
from chain.tasks import end
from chain.thresholds import EVICTION_SHOWN_S
from chaindeck.commands.check import exit_code
from chaindeck.config.file import resolve
from chaindeck.engine.board_slot import BoardSlot
from chaindeck.engine.engine import Engine
from chaindeck.engine.sources import make_source
from publisher.loop.publisher import Publisher
from publisher.protection.publish_gate import PublishGate
from tests.support.builders import ScriptedSource, assert_contract_kept, expiries, small, value_at
from tests.support.contexts import context_of
from tests.support.engines import publishing_engine, run_publisher, watching_engine
from tests.support.fault_proxy import Command, Fate, FaultProxy, Rule, always, deliver, first
from tests.support.product import run, start
from tests.support.scenes import heartbeat
from tests.support.servers import Server, Servers, in_step, linked, mend, sever
from tests.support.waiting import wait_until_async
from tui.app import DeckApp
from tui.panels.line_panel import LinePanel

CLOCK = SystemClock()
NAMES = KeySchema()
IN_WORDS_S = 3.0  # from a fault to the word for it
BUSY_S = 0.5  # what a busy machine adds
DATES = expiries(6, datetime.now(UTC).date() + timedelta(days=2))
CHAINS = [ChainId("SPX", day) for day in DATES]
SECOND = 1_000_000_000


async def publish(redis: Redis, mark: int = 1, *, ts_ms: int | None = None) -> int:
    """Publish every chain; return the stamp."""
    stamp = ts_ms or time.time_ns() // 1_000_000
    outcomes = await snapshot_writer(redis, NAMES).publish([small(chain, stamp, mark) for chain in CHAINS], 60)
    assert {outcome.verdict for outcome in outcomes} == {PublishVerdict.PUBLISHED}
    return stamp


async def report(watcher: Watcher, clock: Clock = CLOCK) -> HealthReport:
    return evaluate(await watcher.poll_once(), Instant.now(clock))


async def reported_in_time(watcher: Watcher) -> HealthReport:
    """Return a report, which must not be long in coming."""
    began = time.monotonic()
    found = await report(watcher)
    assert time.monotonic() - began < IN_WORDS_S
    return found


def states(found: HealthReport) -> set[State]:
    return {status.state for status in found.statuses}


def ages(found: HealthReport) -> list[float]:
    return [status.age_s or 0.0 for status in found.statuses]


def shown(found: HealthReport) -> set[int]:
    return {status.record.last_good.snapshot.id.ts_ms for status in found.statuses if status.record.last_good}


def reason(found: HealthReport) -> str:
    """What the gravest signal says is wrong with Redis."""
    assert (found.state, found.signals[0].name) == (DeckState.CRITICAL, "redis-unreachable")
    return found.signals[0].text.removeprefix("Redis unreachable: ")


async def outage(watcher: Watcher, before: HealthReport, words: str) -> HealthReport:
    """Fail unless two polls tell of an outage as it should be told; return the second."""
    found = await reported_in_time(watcher)
    assert states(found) == {State.UNREACHABLE}
    assert reason(found) == words
    assert all(now > then for now, then in zip(ages(found), ages(before), strict=True))
    again = await reported_in_time(watcher)
    assert states(again) == {State.UNREACHABLE}
    assert all(now > then for now, then in zip(ages(again), ages(found), strict=True))
    assert again.signals[0].since == found.signals[0].since
    return again


async def over(watcher: Watcher, before: HealthReport) -> None:
    """Fail unless Redis is read again by the second poll, with nothing lost and no age begun anew."""
    found = await report(watcher)
    if not found.board.redis.health.ok:
        found = await report(watcher)
    assert states(found) == {State.FRESH}
    assert [r.record.pointer for r in found.statuses] == [r.record.pointer for r in before.statuses]
    assert all(now > then for now, then in zip(ages(found), ages(before), strict=True))
    assert found.board.transitions[0].text.startswith("Redis back after ")


# A line that fails


@dataclass
class Line:
    """A watcher that has read every chain through a proxy."""

    proxy: FaultProxy
    client: Redis
    watcher: Watcher


@pytest.fixture
async def line(redis: Redis, redis_url: str, short_dir: Path) -> AsyncIterator[Line]:
    await publish(redis)
    async with FaultProxy(redis_url, short_dir) as proxy, RedisTarget(proxy.url).connect() as client:
        watcher = Watcher(RedisReader(client, NAMES, CLOCK), CLOCK, shown_as="unix")
        assert states(await report(watcher)) == {State.FRESH}
        yield Line(proxy, client, watcher)


def slow(seconds: float, fate: Fate) -> Rule:
    async def rule(_: Command) -> Fate:
        await asyncio.sleep(seconds)
        return fate

    return rule


LATE, CLOSED = "no answer in time", "connection closed by the other end"
RULES: dict[str, tuple[Rule, str]] = {
    "a black hole": (always(Fate.HOLD), LATE),
    "a crawling line": (slow(3.0, Fate.DELIVER), LATE),
    "a line cut": (always(Fate.CUT), CLOSED),
    "a line cut after a while": (slow(0.4, Fate.CUT), CLOSED),
    "lost replies": (always(Fate.SWALLOW), CLOSED),
}


@pytest.mark.parametrize("fault", RULES)
async def test_a_bad_line_is_told_in_words_and_over_when_it_is_over(line: Line, fault: str) -> None:
    before = await report(line.watcher)
    line.proxy.rule, words = RULES[fault]
    await outage(line.watcher, before, words)
    line.proxy.rule = deliver
    await over(line.watcher, before)


async def test_a_server_that_says_nothing_more_is_told(line: Line) -> None:
    before = await report(line.watcher)
    line.proxy.hold_replies()
    await outage(line.watcher, before, LATE)
    line.proxy.release_replies()
    await over(line.watcher, before)


async def test_a_refused_connection_is_told(line: Line) -> None:
    before = await report(line.watcher)
    await line.proxy.refuse()
    await outage(line.watcher, before, "no such socket: no Redis listens at that path")
    await line.proxy.listen()
    await over(line.watcher, before)


@pytest.mark.parametrize("fate", [Fate.SWALLOW, Fate.CUT])
async def test_a_hiccup_within_one_poll_alarms_nobody(line: Line, fate: Fate) -> None:
    line.proxy.rule = first(b"MGET", fate)
    found = await report(line.watcher)
    assert len(line.proxy.seen(b"MGET")) > 2
    assert states(found) == {State.FRESH}
    assert not found.board.transitions


async def test_a_slow_line_is_no_outage_and_its_delay_is_shown(line: Line) -> None:
    line.proxy.rule = slow(0.2, Fate.DELIVER)
    found = await report(line.watcher)
    assert states(found) == {State.FRESH}
    assert (found.board.redis.health.ping_ms or 0) > 200


def from_the_first(word: bytes) -> Rule:
    """Return the rule of a line that turns into a black hole at the first command of one kind."""
    gone = asyncio.Event()

    async def rule(command: Command) -> Fate:
        if command[0] == word:
            gone.set()
        return Fate.HOLD if gone.is_set() else Fate.DELIVER

    return rule


@pytest.mark.parametrize("word", [b"MGET", b"GETRANGE"])
async def test_from_the_fault_to_the_word_it_is_less_than_three_seconds(line: Line, redis: Redis, word: bytes) -> None:
    """The loop runs as it does in the deck, and a screen judges its newest Board as it does between polls."""
    boards: list[Board] = []
    polling = asyncio.create_task(line.watcher.run(boards.append))
    await wait_until_async(lambda: boards)
    if word == b"MGET":
        line.proxy.rule = always(Fate.HOLD)  # right after a poll: the longest time until the next one fails
    else:
        line.proxy.rule = from_the_first(word)
        await publish(redis, mark=2)
        await wait_until_async(lambda: line.proxy.commands[-1][0] == word)
    fell = time.monotonic()
    await wait_until_async(
        lambda: State.UNREACHABLE in states(evaluate(boards[-1], Instant.now(CLOCK))), 10, "the word on the screen"
    )
    took = time.monotonic() - fell
    print(f"from the fault at {word.decode()} to UNREACHABLE: {took:.2f} s")
    assert took < IN_WORDS_S + BUSY_S
    await end([polling])


async def test_what_could_not_be_read_for_a_moment_is_read_later(
    line: Line, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pointers were read and moved, the payloads could not be: that must not stay so once they can."""
    newer = await publish(redis, mark=2)
    real = Store.fetch

    async def unlucky(store: Store, wanted: list[SnapshotId]) -> list[Payload]:
        line.proxy.rule = always(Fate.CUT)
        return await real(store, wanted)

    monkeypatch.setattr(Store, "fetch", unlucky)
    assert states(await report(line.watcher)) == {State.UNREACHABLE}
    monkeypatch.undo()
    line.proxy.rule = deliver
    found = await report(line.watcher)
    assert (states(found), shown(found)) == ({State.FRESH}, {newer})


# A server that fails


@pytest.fixture
def servers() -> Iterator[Servers]:
    with Servers() as some:
        yield some


@pytest.fixture
async def watched(servers: Servers) -> AsyncIterator[tuple[Server, Watcher]]:
    """A server of the test's own whose chains a watcher has read."""
    server = servers.alone("--enable-debug-command", "local", "--rdbcompression", "no")
    async with RedisTarget(server.url).connect() as client:
        await publish(client)
        watcher = Watcher(RedisReader(client, NAMES, CLOCK), CLOCK)
        assert states(await report(watcher)) == {State.FRESH}
        yield server, watcher


async def test_a_server_that_hangs_is_told(watched: tuple[Server, Watcher]) -> None:
    server, watcher = watched
    before = await report(watcher)
    server.pause()
    await outage(watcher, before, LATE)
    server.resume()
    await over(watcher, before)


async def test_a_password_set_meanwhile_is_told(watched: tuple[Server, Watcher]) -> None:
    server, watcher = watched
    before = await report(watcher)
    server.admin.config_set("requirepass", "new")
    server.admin.client_kill_filter(_type="normal", skipme=True)
    await outage(watcher, before, "this Redis asks for a password: write it into the URL: redis://:PASSWORD@host")
    server.admin.config_set("requirepass", "")
    await over(watcher, before)


async def test_a_server_that_loads_its_data_is_told(watched: tuple[Server, Watcher]) -> None:
    server, watcher = watched
    before = await report(watcher)
    server.admin.mset({f"filler:{n}": "x" * 2_000 for n in range(60)})
    server.admin.config_set("loading-process-events-interval-bytes", 1024)
    server.admin.config_set("key-load-delay", 50_000)
    loading = threading.Thread(target=server.admin.execute_command, args=("DEBUG", "RELOAD"))
    loading.start()

    async def begun() -> bool:
        return not (await watcher.poll_once()).redis.health.ok

    await wait_until_async(begun, what="the server to load")
    found = await reported_in_time(watcher)
    assert (states(found), reason(found)) == ({State.UNREACHABLE}, "Redis is loading its data")
    await asyncio.to_thread(loading.join)
    await over(watcher, before)


async def test_a_server_that_lost_all_is_empty_not_stale(watched: tuple[Server, Watcher]) -> None:
    server, watcher = watched
    before = await report(watcher)
    server.kill()
    await outage(watcher, before, "connection refused: no Redis listens at that address")
    server.start()
    found = await report(watcher)
    assert (states(found), found.board.redis.health.ok) == ({State.MISSING}, True)
    assert all(now > then for now, then in zip(ages(found), ages(before), strict=True))
    assert all(status.record.last_present for status in found.statuses)


# A replica


async def test_a_replica_that_hears_nothing_more_ages_to_stale_though_it_answers(servers: Servers) -> None:
    primary = servers.alone()
    replica = servers.replica(primary)
    clock = ManualClock(time.time_ns() - 40 * SECOND, 500.0)
    async with RedisTarget(primary.url).connect() as redis, RedisTarget(replica.url).connect() as eyes:
        older = await publish(redis, ts_ms=clock.wall // 1_000_000)
        await wait_until_async(lambda: in_step(primary, replica))
        watcher = Watcher(RedisReader(eyes, NAMES, clock), clock)
        assert states(await report(watcher, clock)) == {State.FRESH}
        sever(primary)
        await wait_until_async(lambda: not linked(replica))
        newer = await publish(redis, mark=2)
        for passed, state in ((20.0, State.FRESH), (10.0, State.AGING), (10.0, State.STALE)):
            clock.advance(passed)
            found = await report(watcher, clock)
            assert (states(found), shown(found), found.board.redis.health.ok) == ({state}, {older}, True)
        assert found.state is DeckState.CRITICAL  # nothing usable is left
        mend(primary)
        await wait_until_async(lambda: in_step(primary, replica), 15)
        found = await report(watcher, clock)
        assert (states(found), shown(found)) == ({State.FRESH}, {newer})


def test_publishing_to_a_replica_is_refused_in_words(servers: Servers, short_dir: Path) -> None:
    replica = servers.replica(servers.alone())
    words = "this Redis is a read-only replica: publish to the primary"
    ended = run(short_dir, "publish", "--once", "--redis-url", replica.url, "--underlyings", "SPX")
    assert ended.returncode == 2
    assert "published 0, refused older 0, failed 6" in ended.stderr
    assert words in ended.stderr
    publishing = start(short_dir, "publish", "--redis-url", replica.url, "--underlyings", "SPX")
    assert publishing.stderr is not None
    try:
        line = next(line for line in publishing.stderr if "lease on SPX" in line)
    finally:
        publishing.kill()
        publishing.wait()
        publishing.stderr.close()
    assert words in line


# Memory


def publisher_of(redis: Redis, clock: Clock, *, in_turn: bool = False) -> Publisher:
    source = ScriptedSource({"SPX": DATES}, as_of=time.time())
    context = context_of(clock, interval_s=0.3, ttl_s=30.0)
    lease = Lease(redis, context, source.underlyings) if in_turn else None
    return Publisher(redis, source, context, gate=PublishGate(lease))


async def test_out_of_memory_is_said_once_and_over_when_it_is_over(
    servers: Servers, caplog: pytest.LogCaptureFixture
) -> None:
    server = servers.alone("--maxmemory-policy", "noeviction")
    caplog.set_level(logging.INFO)

    def told(words: str) -> int:
        return sum(r.name == "publisher.loop.cycle" and words in r.getMessage() for r in caplog.records)

    async with RedisTarget(server.url).connect() as redis:
        publisher = publisher_of(redis, CLOCK, in_turn=True)
        watcher = Watcher(RedisReader(redis, NAMES, CLOCK), CLOCK)
        publishing = asyncio.create_task(run_publisher(publisher))
        await wait_until_async(lambda: told("published 6"))
        server.admin.config_set("maxmemory", 1)
        await wait_until_async(lambda: publisher.heartbeat().chain.counters["failed"] >= 18)
        assert told("Redis is out of memory: raise maxmemory") == 1  # a failure that goes on is no news
        counters = publisher.heartbeat().chain.counters
        assert counters["failed"] % 6 == 0
        assert set(publisher.heartbeat().chain.failures) == set(CHAINS)
        found = await report(watcher)
        assert found.board.redis.health.ok  # reading goes on
        assert states(found) == {State.FRESH}
        server.admin.config_set("maxmemory", 0)
        published = told("published 6")
        await wait_until_async(lambda: told("published 6") > published)
        assert not publisher.heartbeat().chain.failures
        await end([publishing])
        await assert_contract_kept(redis)


@pytest.mark.parametrize("policy", ["volatile-random", "allkeys-random"])
async def test_what_eviction_takes_is_seen_within_one_poll_and_published_again(servers: Servers, policy: str) -> None:
    server = servers.alone("--maxmemory-policy", policy)
    async with RedisTarget(server.url).connect() as redis:
        watcher = Watcher(RedisReader(redis, NAMES, CLOCK), CLOCK)
        await publish(redis)
        assert states(await report(watcher)) == {State.FRESH}
        wanted = {chain: await value_at(redis, NAMES.latest(chain)) for chain in CHAINS}
        limit = server.admin.info("memory")["used_memory"] + 200_000
        seen: set[State] = set()
        for turn in range(200):
            server.admin.config_set("maxmemory", limit)
            await redis.set(f"other:{turn}", b"x" * 20_000, px=60_000)
            server.admin.config_set("maxmemory", 0)  # so that looking takes nothing more
            found = await report(watcher)
            for status in found.statuses:
                chain = status.record.chain
                pointer, payload = [await redis.exists(key) for key in (NAMES.latest(chain), wanted[chain])]
                expected = State.MISSING if not pointer else State.FRESH if payload else State.DANGLING
                assert status.state is expected
                seen.add(status.state)
            if {State.MISSING, State.DANGLING} <= seen:
                break
            if State.FRESH not in states(found):
                await publish(redis, mark=3 + turn)
                wanted = {chain: await value_at(redis, NAMES.latest(chain)) for chain in CHAINS}
        assert {State.MISSING, State.DANGLING} <= seen
        assert (await redis.info("stats"))["evicted_keys"] > 0
        await publish(redis, mark=2)
        assert states(await report(watcher)) == {State.FRESH}


async def test_evictions_are_counted_from_the_first_look_on_and_told_for_a_minute(servers: Servers) -> None:
    server, clock = servers.alone("--maxmemory-policy", "volatile-random"), ManualClock(time.time_ns())

    async def push_out(redis: Redis) -> int:
        server.admin.config_set("maxmemory", server.admin.info("memory")["used_memory"] + 300_000)
        for turn in range(40):
            await redis.set(f"other:{turn}", b"x" * 20_000, px=600_000)
        server.admin.config_set("maxmemory", 10**9)
        return int(server.admin.info("stats")["evicted_keys"])

    async with RedisTarget(server.url).connect() as redis:
        earlier = await push_out(redis)
        watcher = Watcher(RedisReader(redis, NAMES, clock), clock)
        assert (await report(watcher, clock)).board.redis.server.evicted == 0
        later = await push_out(redis)
        clock.advance(SERVER_EVERY_S + 0.001)
        found = await report(watcher, clock)
        told = {signal.name: signal for signal in found.signals}
        assert (found.board.redis.server.evicted, told["eviction"].since) == (later - earlier, found.now.wall_s)
        assert later > earlier
        assert "volatile-random" in told["eviction-policy"].text
        clock.advance(EVICTION_SHOWN_S)
        keys = [signal.name for signal in (await report(watcher, clock)).signals]
        assert "eviction-policy" in keys and "eviction" not in keys


# Clocks


async def test_a_publisher_two_minutes_slow_publishes_with_its_honest_stamp(redis: Redis) -> None:
    clock = ManualClock(time.time_ns() - 120 * SECOND)
    slow_one = publisher_of(redis, clock)
    await slow_one.cycle()
    assert not slow_one.heartbeat().chain.failures
    await beat(redis, heartbeat(*CHAINS, ts=time.time()))
    watcher = Watcher(RedisReader(redis, NAMES, CLOCK), CLOCK)
    found = await report(watcher)
    assert shown(found) == {clock.wall // 1_000_000}
    assert states(found) == {State.STALE}
    assert min(ages(found)) >= 120
    assert await redis.pttl(NAMES.latest(CHAINS[0])) > 25_000  # it lives as long as any
    await publish(redis, mark=2)
    assert states(await report(watcher)) == {State.FRESH}


async def test_a_publisher_two_minutes_fast_is_refused_and_poisons_nothing(redis: Redis) -> None:
    fast_one = publisher_of(redis, ManualClock(time.time_ns() + 120 * SECOND))
    await fast_one.cycle()
    await fast_one.beat()
    watcher = Watcher(RedisReader(redis, NAMES, CLOCK), CLOCK)
    found = await report(watcher)
    assert states(found) == {State.MISSING}
    told = " ".join(signal.text for signal in found.signals)
    assert "the publisher's clock is ahead of Redis's: set the time on its machine" in told
    await publish(redis)
    found = await report(watcher)
    assert states(found) == {State.FRESH}
    assert max(ages(found)) < 60


# The stream


@pytest.mark.parametrize("market", ["open", "closed"])
@pytest.mark.parametrize("active", [True, False])
@pytest.mark.parametrize("stale", [True, False])
async def test_only_an_active_stream_over_a_stale_snapshot_is_degraded(
    redis: Redis, *, active: bool, stale: bool, market: str
) -> None:
    clock = ManualClock(time.time_ns(), 500.0)
    await publish(redis)
    await beat(redis, heartbeat(*CHAINS, ts=time.time(), market=market))
    watcher = Watcher(RedisReader(redis, NAMES, clock), clock)
    assert states(await report(watcher, clock)) == {State.FRESH}
    clock.advance(35.5 if stale else 5.0)
    await beat(redis, heartbeat(*CHAINS, ts=clock.wall / 1e9, market=market))
    await redis.hset("massive:ws:analytics", "last_ts", str(clock.wall / 1e9 - (1 if active else 600)))
    found = await report(watcher, clock)
    assert states(found) == {State.STALE if stale else State.FRESH}
    said = [signal.severity for signal in found.signals if signal.name == "stream-over-stale"]
    assert said == ([DeckState.DEGRADED] if active and stale else [])
    assert all((Flag.OFF_HOURS in status.flags) is (market == "closed") for status in found.statuses)
    assert min(ages(found)) == pytest.approx(35.5 if stale else 5.0, abs=1)  # off hours soften no age


# The screen


def text(app: DeckApp, *panels: str) -> str:
    """What some panels show, line by line."""
    found = (app.deck.query_one(panel, LinePanel) for panel in panels)
    return "\n".join(panel.render_line(y).text for panel in found for y in range(panel.size.height))


@contextlib.contextmanager
def running(engine: Engine) -> Iterator[None]:
    engine.start()
    try:
        yield
    finally:
        engine.stop()


async def test_keys_are_answered_while_redis_is_a_black_hole(redis: Redis, redis_url: str, short_dir: Path) -> None:
    """Publisher and watcher hang in one thread; what is pressed in the other is on screen as ever."""
    settings = resolve({"interval": 1.0, "ttl": 10.0, "underlyings": "SPX", "stream": False}, None, {}).settings
    source = make_source("mock", settings, (), CLOCK)

    async with FaultProxy(redis_url, short_dir) as proxy:
        slot = BoardSlot()
        engine = publishing_engine(proxy.url, source, settings, CLOCK, slot)
        app = DeckApp(slot, CLOCK)
        async with app.run_test(size=(150, 44)) as pilot:
            with running(engine):
                await wait_until_async(lambda: text(app, "#board").count("FRESH") == 6, 15, "the first Board")
                proxy.rule = always(Fate.HOLD)
                fell = time.monotonic()
                answers: list[float] = []
                while time.monotonic() - fell < 4 or "UNREACHABLE" not in text(app, "#board"):
                    selected = app.deck.view.selected
                    shown_before, pressed = text(app, "#board"), time.monotonic()
                    await pilot.press("j" if len(answers) % 10 < 5 else "k")
                    await wait_until_async(lambda: text(app, "#board") != shown_before)  # noqa: B023
                    answers.append(time.monotonic() - pressed)
                    assert app.deck.view.selected != selected
                assert "Redis unreachable: no answer in time" in text(app, "#strip")
                proxy.rule = deliver
                await wait_until_async(lambda: "FRESH" in text(app, "#board"), 8, "the recovery on the screen")
    middle = statistics.median(answers)
    print(f"{len(answers)} keys: half within {middle * 1000:.0f} ms, all within {max(answers) * 1000:.0f} ms")
    assert middle < 0.5  # a screen that waited for Redis would take a second and more


async def test_a_dead_poll_loop_is_on_the_screen_and_check_calls_it_critical(redis: Redis, redis_url: str) -> None:
    await publish(redis)
    clock, slot = ManualClock(time.time_ns(), 500.0), BoardSlot()
    engine = watching_engine(redis_url, clock, slot)
    app = DeckApp(slot, clock)
    async with app.run_test(size=(150, 44)):
        with running(engine):
            await wait_until_async(lambda: text(app, "#board").count("FRESH") == 6, 15, "the first Board")
        clock.advance(3.0)
        board = slot.latest()
        assert board is not None
        assert exit_code(evaluate(board, Instant.now(clock))) < 2
        clock.advance(0.5)
        assert exit_code(evaluate(board, Instant.now(clock))) == 2
        await wait_until_async(lambda: "the poll loop has been silent for 3 s" in text(app, "#strip"), 2)
        assert "FRESH" not in text(app, "#board")


# Loops that are told to stop


async def test_no_cancellation_is_lost_on_the_way_through_redis(redis_url: str) -> None:
    """A loop whose cancellation redis-py swallowed would go on for ever: on SIGTERM the publisher would not end."""
    async with RedisTarget(redis_url).connect() as client:

        async def loop() -> None:
            while True:
                with contextlib.suppress(RedisUnavailableError):
                    async with redis_call():
                        await client.get("x")
                await asyncio.sleep(0.0005)

        for turn in range(100):
            task = asyncio.create_task(loop())
            await asyncio.sleep(0.001 + turn % 50 * 0.00005)
            task.cancel()
            done, _ = await asyncio.wait([task], timeout=5)
            assert done, f"turn {turn}: it goes on"
