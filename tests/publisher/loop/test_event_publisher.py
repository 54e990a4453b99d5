"""The event publisher and the heartbeat: what a publisher's own watcher sees is told, through outages, in order."""

import asyncio
import json
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import jsonschema
import orjson
import pytest
import redis as blocking
from msgspec.structs import replace
from redis.asyncio import Redis

from chain.clock import Instant, ManualClock
from chain.monitor.board import Board
from chain.monitor.evaluate.serialize import health_block
from chain.monitor.evaluate.signals import HealthReport, evaluate
from chain.monitor.heartbeat import STOPPED
from chain.monitor.states import DeckState, State
from chain.redis.connect.connection import RedisTarget
from chain.thresholds import STARTING_S
from publisher.loop import event_publisher
from publisher.loop.event_publisher import EventPublisher
from tests.support.fault_proxy import Command, Fate, FaultProxy, first
from tests.support.places import ROOT
from tests.support.product import start
from tests.support.scenes import NDX, SPX, START_S, board, heartbeat, in_state, manual_clock, record
from tests.support.waiting import wait_until, wait_until_async

SERVICE = "mock_massive"
EVENTS = "mock_massive:events"
HEALTH = {"state", "signals", "expiries", "depth", "stream"}
SMALL = ("--underlyings", "SPX", "--expirations", "2", "--interval", "15")


def schema(name: str) -> jsonschema.Draft202012Validator:
    """Return the published schema, held against a writer: nothing may be written that it does not name."""

    def closed(part: dict[str, Any]) -> dict[str, Any]:
        return {"additionalProperties": False} | part if part.get("type") == "object" and "properties" in part else part

    text = (ROOT / f"schemas/{name}.schema.json").read_text(encoding="utf-8")
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    return jsonschema.Draft202012Validator(json.loads(text, object_hook=closed), format_checker=checker)


HEARTBEAT_SCHEMA, EVENT_SCHEMA = schema("heartbeat"), schema("event")


class Scene:
    """A event publisher, its clock, and Boards on which something is wrong or not, each seen for two polls."""

    def __init__(self, redis: Redis, **options: Any) -> None:
        self.clock: ManualClock = manual_clock()
        self.events = EventPublisher(redis, SERVICE, self.clock, **options)
        self._wrong = False

    def board(self, *, wrong: bool) -> Board:
        now = Instant.now(self.clock)
        return board([in_state(SPX, State.MISSING if wrong else State.FRESH, now), record(NDX, now)], now)

    def see(self, *, wrong: bool) -> None:
        """Take two Boards a second apart, which completes one event where the last pair was of the other kind."""
        self._wrong = wrong
        for _ in range(2):
            self.clock.advance(1)
            self.poll()

    def poll(self) -> None:
        """Take one more Board of the last kind."""
        self.events.on_board(self.board(wrong=self._wrong))


@asynccontextmanager
async def running(events: EventPublisher) -> AsyncIterator[None]:
    task = asyncio.create_task(events.run())
    try:
        yield
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def kept(redis: Redis) -> list[dict[str, Any]]:
    """Return the events in the stream, each valid by its schema."""
    found: Any = await redis.xrange(EVENTS)
    read = [orjson.loads(fields[b"event"]) for _, fields in found]
    for one in read:
        EVENT_SCHEMA.validate(one)
    return read


async def seconds_of(redis: Redis) -> list[float]:
    """Return when each event in the stream happened, seconds from the scene's beginning."""
    return [event["ts"] - START_S for event in await kept(redis)]


async def test_an_event_is_sent_and_logged(redis: Redis, caplog: pytest.LogCaptureFixture) -> None:
    scene = Scene(redis)
    async with running(scene.events):
        scene.see(wrong=True)
        await wait_until_async(lambda: kept(redis))
    assert [(e["type"], e["service"]) for e in await kept(redis)] == [("chain_depth", SERVICE)]
    [record] = [r for r in caplog.records if r.name == event_publisher.__name__]
    assert (record.levelname, record.getMessage()) == (
        "WARNING",
        "chain_depth: SPX depth 0 of 1: SPX 01-02 MISSING",
    )


async def test_events_of_an_outage_are_kept_and_sent_in_order(
    redis: Redis, redis_url: str, short_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with FaultProxy(redis_url, short_dir) as proxy, RedisTarget(proxy.url).connect() as client:
        scene = Scene(client)
        async with running(scene.events):
            scene.see(wrong=True)
            await wait_until_async(lambda: kept(redis))
            await wait_until_async(lambda: not scene.events._waiting)
            await proxy.refuse()
            for wrong in (False, True, False):
                scene.see(wrong=wrong)
            await wait_until_async(lambda: "events wait to be sent: " in caplog.text)
            assert len(scene.events._waiting) == 3
            assert await seconds_of(redis) == [2.0]
            await proxy.listen()

            async def all_there() -> bool:
                scene.poll()
                return len(await kept(redis)) >= 4

            await wait_until_async(all_there, 10)
    assert await seconds_of(redis) == [2.0, 4.0, 6.0, 8.0]
    ends = [event["type"].endswith("_recovered") for event in await kept(redis)]
    assert ends == [False, True, False, True]


@pytest.mark.parametrize("word", [b"XADD", b"EXPIRE", b"PUBLISH"])
async def test_a_lost_answer_doubles_the_event_on_its_way_at_most(
    redis: Redis, redis_url: str, short_dir: Path, word: bytes
) -> None:
    async with FaultProxy(redis_url, short_dir) as proxy, RedisTarget(proxy.url).connect() as client:
        scene = Scene(client)
        for wrong in (True, False, True, False):
            scene.see(wrong=wrong)
        proxy.rule = first(word, Fate.SWALLOW)
        async with running(scene.events):

            async def all_there() -> bool:
                scene.poll()
                return {8.0} <= set(await seconds_of(redis))

            await wait_until_async(all_there, 10)
    sent = await seconds_of(redis)
    assert sorted(set(sent)) == [2.0, 4.0, 6.0, 8.0]
    assert sent == sorted(sent)
    assert len(sent) <= 5


@pytest.mark.slow
async def test_more_events_than_one_deadline_allows_are_sent_once_each(
    redis: Redis, redis_url: str, short_dir: Path
) -> None:
    async def slow(_: Command) -> Fate:
        await asyncio.sleep(0.02)
        return Fate.DELIVER

    async with FaultProxy(redis_url, short_dir) as proxy, RedisTarget(proxy.url).connect() as client:
        scene = Scene(client)
        for number in range(60):
            scene.see(wrong=number % 2 == 0)
        proxy.rule = slow
        async with running(scene.events):
            await wait_until_async(lambda: redis.xlen(EVENTS), 10)

            async def all_there() -> bool:
                scene.poll()
                return await redis.xlen(EVENTS) >= 60

            await wait_until_async(all_there, 20)
    assert await seconds_of(redis) == [2.0 * number for number in range(1, 61)]


async def test_what_waits_is_bounded_and_the_newest_are_kept(
    redis: Redis, monkeypatch: pytest.MonkeyPatch, redis_url: str, short_dir: Path
) -> None:
    monkeypatch.setattr(event_publisher, "_WAITING_MOST", 5)
    async with FaultProxy(redis_url, short_dir) as proxy, RedisTarget(proxy.url).connect() as client:
        scene = Scene(client)
        proxy.hold_replies()
        async with running(scene.events):
            scene.see(wrong=True)
            await wait_until_async(lambda: proxy.commands)  # the first event is on its way
            for number in range(1, 12):
                scene.see(wrong=number % 2 == 0)
            proxy.release_replies()
            await wait_until_async(lambda: _count(redis, 6))
    assert await seconds_of(redis) == [2.0, 16.0, 18.0, 20.0, 22.0, 24.0]


async def test_of_several_publishers_one_speaks_and_the_other_knows(redis: Redis) -> None:
    leads = {"one": True, "other": False}
    scenes = {name: Scene(redis, speaks=lambda name=name: leads[name]) for name in leads}
    async with running(scenes["one"].events), running(scenes["other"].events):
        for scene in scenes.values():
            scene.see(wrong=True)
        await wait_until_async(lambda: kept(redis))
        leads |= {"one": False, "other": True}
        for scene in scenes.values():
            scene.see(wrong=False)
        await wait_until_async(lambda: _count(redis, 2))
    assert [event["type"] for event in await kept(redis)] == ["chain_depth", "chain_depth_recovered"]


async def _count(redis: Redis, least: int) -> bool:
    return int(await redis.xlen(EVENTS)) >= least


async def test_its_report_is_of_the_newest_board_as_of_now(redis: Redis) -> None:
    scene = Scene(redis)
    assert scene.events.report() is None
    for _ in range(2):
        scene.clock.advance(20)
        scene.events.on_board(scene.board(wrong=False))
    scene.clock.advance(1.5)
    report = scene.events.report()
    assert report is not None
    assert [chain_status.age_s for chain_status in report.statuses] == [4.5, 1.5]


async def test_while_there_can_be_nothing_yet_it_has_nothing_to_report(redis: Redis) -> None:
    scene = Scene(redis)
    begun = Instant.now(scene.clock)

    def look() -> HealthReport | None:
        now = Instant.now(scene.clock)
        scene.events.on_board(board([], now, beats=[], started=begun.mono))
        return scene.events.report()

    assert look() is None
    scene.clock.advance(STARTING_S - 0.001)
    assert look() is None
    scene.clock.advance(0.001)
    report = look()
    assert report is not None
    assert report.state is DeckState.CRITICAL


def test_a_heartbeat_carries_the_health_of_any_board_by_the_schema() -> None:
    now = Instant.now(manual_clock())
    boards = [
        *(board([in_state(SPX, state, now)], now, reached=state is not State.UNREACHABLE) for state in State),
        board([], now, beats=[]),
        board([in_state(SPX, State.STALE, now)], now, last_frame=START_S - 1.5, beats=[heartbeat(SPX, status=STOPPED)]),
    ]
    for one in boards:
        read = orjson.loads(replace(heartbeat(SPX), health=health_block(evaluate(one, now))).encode())
        HEARTBEAT_SCHEMA.validate(read)
        assert read.keys() >= HEALTH
    assert (read["stream"]["active"], read["stream"]["age_s"]) == (True, 1.5)
    for part in HEALTH:
        assert not HEARTBEAT_SCHEMA.is_valid({name: value for name, value in read.items() if name != part})


# The process


@pytest.fixture
def server(redis_url: str) -> Iterator[blocking.Redis]:
    """A client that may block, on an emptied server."""
    with blocking.Redis.from_url(redis_url) as client:
        yield client


@contextmanager
def publishing(home: Path, url: str) -> Iterator["subprocess.Popen[str]"]:
    with start(home, "publish", "--redis-url", url, *SMALL) as process:
        try:
            yield process
        finally:
            process.kill()


class Spy:
    """Hears what is published on channels, and keeps it as it came."""

    def __init__(self, server: blocking.Redis, *channels: str) -> None:
        self._listener = server.pubsub()
        self._listener.subscribe(*channels)
        wait_until(lambda: self._listener.get_message(timeout=0.05), what="the subscription")
        self.heard_at: list[tuple[str, bytes]] = []

    def last(self, channel: str) -> dict[str, Any]:
        """Return the newest message of a channel; empty before the first."""
        while message := self._listener.get_message(timeout=0.02):
            if message["type"] == "message":
                self.heard_at.append((message["channel"].decode(), message["data"]))
        newest: dict[str, Any] = orjson.loads(
            next((raw for name, raw in reversed(self.heard_at) if name == channel), b"{}")
        )
        return newest


LEADER, STANDBY = "mock_massive:heartbeat", "mock_massive:standby:heartbeat"


@pytest.mark.slow
def test_the_heartbeats_of_running_standby_and_stopped_publishers(
    server: blocking.Redis, redis_url: str, short_dir: Path
) -> None:
    spy = Spy(server, LEADER, STANDBY)
    woken: set[float] = set()

    def says(channel: str, status: str, who: "subprocess.Popen[str] | None" = None) -> bool:
        """Whether the newest beat is in this status and sees both chains; wake its sender for another if not."""
        beat = spy.last(channel)
        if beat.get("status") == status and len(beat.get("expiries", ())) == 2:
            return True
        if beat and who and beat["ts"] not in woken:
            woken.add(beat["ts"])
            who.send_signal(signal.SIGUSR1)
        return False

    with publishing(short_dir, redis_url) as leader:
        wait_until(lambda: says(LEADER, "running", leader), 20)
        assert {channel for channel, _ in spy.heard_at} == {LEADER}  # alone it leads, from its first beat on
        with publishing(short_dir, redis_url) as standby:
            wait_until(lambda: says(STANDBY, "standby", standby), 20)
            running_beat, standby_beat = spy.last(LEADER), spy.last(STANDBY)
            standby.terminate()
            wait_until(lambda: says(STANDBY, "stopped"), 10)
        leader.terminate()
        wait_until(lambda: says(LEADER, "stopped"), 10)
    for channel, raw in spy.heard_at:
        beat = orjson.loads(raw)
        HEARTBEAT_SCHEMA.validate(beat)
        assert not beat.get("signals"), beat["signals"]  # nothing was wrong at any time
        assert f"{beat['service']}:heartbeat" == channel
    assert (running_beat["pid"], standby_beat["pid"]) == (leader.pid, standby.pid)
    assert running_beat["lease"] == standby_beat["lease"]
    assert f":{leader.pid}:" in running_beat["lease"]["SPX"]
    assert (running_beat["chain"]["depth"], len(running_beat["chain"]["expected"]["SPX"])) == (2, 2)
    assert standby_beat["chain"]["expected"] == {}
    for beat in (running_beat, standby_beat):
        assert (beat["state"], beat["signals"], beat["depth"]) == ("OK", [], {"SPX": [2, 2]})
        assert (beat["stream"]["active"], beat["stream"]["age_s"]) == (False, None)
        assert all(chain["state"] == "FRESH" and 0 <= chain["age_s"] < 32 for chain in beat["expiries"].values())
    for channel in (LEADER, STANDBY):
        newest = [raw for name, raw in spy.heard_at if name == channel][-1]
        assert server.get(channel) == newest  # who polls the key and who listens see the same beat
        assert 0 < server.ttl(channel) <= 15
    assert not server.exists(EVENTS)


@pytest.mark.slow
def test_a_lost_pointer_is_an_event_and_so_is_its_return(
    server: blocking.Redis, redis_url: str, short_dir: Path
) -> None:
    spy = Spy(server, EVENTS)
    with publishing(short_dir, redis_url) as process:
        wait_until(lambda: orjson.loads(server.get(LEADER) or b"{}").get("chain", {}).get("expected"), 20)
        lost = min(server.scan_iter(match="massive:chain:latest:*"))
        server.delete(lost)
        wait_until(lambda: spy.last(EVENTS).get("type") == "chain_depth", 10)
        server_time = server.time()[0]
        process.send_signal(signal.SIGUSR1)
        wait_until(lambda: spy.last(EVENTS).get("type") == "chain_depth_recovered", 10)
    raised, ended = (orjson.loads(raw) for _, raw in spy.heard_at)
    for event in (raised, ended):
        EVENT_SCHEMA.validate(event)
        assert event["data"]["subject"] == "SPX"
    assert raised["message"].startswith("SPX depth 1 of 2: SPX ")
    assert abs(raised["ts"] - server_time) < 5
    assert ended["ts"] > raised["ts"]
    assert (raised["severity"], ended["severity"]) == ("warning", "info")
    records: Any = server.xrange(EVENTS)
    assert [fields[b"event"] for _, fields in records] == [raw for _, raw in spy.heard_at]


@pytest.mark.slow
def test_what_leader_and_standby_both_see_is_told_once(server: blocking.Redis, redis_url: str, short_dir: Path) -> None:
    spy = Spy(server, EVENTS, STANDBY)
    with publishing(short_dir, redis_url):
        wait_until(lambda: orjson.loads(server.get(LEADER) or b"{}").get("chain", {}).get("expected"), 20)
        with publishing(short_dir, redis_url) as standby:
            wait_until(lambda: spy.last(STANDBY).get("status") == "standby", 20)
            server.delete(min(server.scan_iter(match="massive:chain:latest:*")))
            wait_until(lambda: spy.last(EVENTS), 10)

            def standby_has_seen_it() -> bool:
                standby.send_signal(signal.SIGUSR1)  # beat at once, with what you see
                return "depth" in [one["name"] for one in spy.last(STANDBY).get("signals", [])]

            wait_until(standby_has_seen_it, 10)
            wait_until(lambda: server.ttl(STANDBY) < 14, 10)  # its next polls have gone by
    assert server.xlen(EVENTS) == 1
