"""What one Redis does to another, an outage to the log, and a server that is killed to those who use it."""

import asyncio
import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import redis as blocking
from redis.asyncio import Redis

from chain.clock import SystemClock
from chain.monitor.discovery import Discovery
from chain.monitor.watch.redis_reader import RedisReader
from chain.redis.connect.connection import RedisTarget
from chain.redis.contract.coordination.lease import Lease
from chain.redis.server.embedded import attach
from chain.tasks import end
from chaindeck.config.file import resolve
from chaindeck.config.redis_location import RedisLocation
from chaindeck.engine.compose import publishing_services
from chaindeck.engine.services import Services
from chaindeck.engine.sources import make_source
from publisher.loop.event_publisher import EventPublisher
from publisher.loop.publisher import Publisher
from publisher.protection.guard import Guard
from tests.support.contexts import context_for
from tests.support.fault_proxy import Fate, FaultProxy, always
from tests.support.product import start
from tests.support.waiting import wait_until, wait_until_async

CLOCK = SystemClock()
BEAT = "mock_massive:heartbeat"
STANDBY = "mock_massive:standby"


@asynccontextmanager
async def crew_on(url: str, system_url: str = "") -> AsyncIterator[Services]:
    """Run a mock publisher of SPX and all that belongs to it."""
    values = {
        "interval": 0.3,
        "ttl": 7.0,
        "underlyings": "SPX",
        "stream": "false",
        "system_redis_url": system_url or None,
    }
    settings = resolve({name: value for name, value in values.items() if value}, None, {}).settings
    source = make_source("mock", settings, (), CLOCK)
    context = context_for(settings, CLOCK)
    async with publishing_services(RedisLocation(RedisTarget(url)), source, settings, context) as services:
        task = asyncio.create_task(services.run())
        try:
            yield services
        finally:
            await end([task])


def published(services: Services) -> int:
    assert services.publishing is not None
    return services.publishing.publisher.heartbeat().chain.counters.get("published", 0)


async def test_a_system_redis_that_swallows_everything_delays_no_cycle(
    redis: Redis, redis_url: str, short_dir: Path
) -> None:
    async with FaultProxy(redis_url, short_dir) as proxy:
        proxy.rule = always(Fate.HOLD)
        async with crew_on(redis_url, proxy.url) as services:
            await wait_until_async(lambda: published(services) >= 6, 5, "the first cycle")
            began, before = time.monotonic(), published(services)
            await wait_until_async(lambda: published(services) >= before + 30, 10, "five cycles")
            assert time.monotonic() - began < 5 * 0.3 + 2.0  # each beat alone would wait 2.5 s
            assert await redis.exists(BEAT)
            leaving = time.monotonic()
    assert time.monotonic() - leaving < 5.0
    assert await redis.get(BEAT)


async def test_the_system_redis_hears_beats_while_ours_is_a_black_hole(
    redis: Redis, redis_url: str, short_dir: Path
) -> None:
    async with FaultProxy(redis_url, short_dir) as proxy, crew_on(proxy.url, redis_url) as services:
        await wait_until_async(lambda: published(services) >= 6, 5, "the first cycle")
        proxy.rule = always(Fate.HOLD)
        await redis.delete(BEAT)
        with blocking.Redis.from_url(redis_url) as system:
            # Who cannot renew its lease leads no more, and says so.
            await wait_until_async(lambda: system.exists(BEAT, f"{STANDBY}:heartbeat"), 7, "a beat")


async def test_an_outage_is_a_few_lines_in_the_log_and_in_the_list_of_changes(
    redis: Redis, redis_url: str, short_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with FaultProxy(redis_url, short_dir) as proxy, crew_on(proxy.url) as services:
        await wait_until_async(lambda: published(services) >= 6, 5, "the first cycle")
        caplog.clear()
        caplog.set_level(logging.WARNING)
        await proxy.refuse()
        assert services.publishing is not None
        counters = services.publishing.publisher.heartbeat().chain.counters
        failing = counters["cycles"]
        await wait_until_async(
            lambda: (
                services.publishing
                and services.publishing.publisher.heartbeat().chain.counters["cycles"] >= failing + 12
            ),
            15,
            "twelve cycles in vain",
        )
        said = [record.getMessage() for record in caplog.records]
        assert len(said) <= 8, said
        assert len(said) == len(set(said))
        await proxy.listen()
        before = published(services)
        await wait_until_async(lambda: published(services) >= before + 6, 10, "publishing to go on")
        board = await services.watcher.poll_once()
    changes = [change.text for change in board.transitions]
    assert any(text.startswith("Redis back") for text in changes[:3]), changes


# The embedded server and two publishers without a screen


@contextmanager
def publishing(home: Path) -> Iterator["subprocess.Popen[str]"]:
    """Run `publish` without a URL, and end it."""
    process = start(home, "publish", "--interval", "1", "--ttl", "9", "--underlyings", "SPX", "--expirations", "2")
    drain = threading.Thread(target=lambda: process.stderr and process.stderr.read(), daemon=True)
    drain.start()
    try:
        yield process
    finally:
        process.terminate()
        process.wait(10)


def newest(home: Path) -> float:
    """Return when the newest snapshot in this user's embedded server was made, epoch seconds; 0 where there is none."""
    endpoint = attach(home / "r")
    if endpoint is None:
        return 0.0
    with suppress(blocking.RedisError), blocking.Redis.from_url(endpoint.url) as client:
        pointers = [client.get(key) for key in client.scan_iter("massive:chain:latest:*")]
        return max((int(p.rpartition(b":")[2]) for p in pointers if isinstance(p, bytes)), default=0) / 1000
    return 0.0


def test_of_two_publishers_without_a_url_the_second_goes_on_when_the_first_ends(short_dir: Path) -> None:
    with publishing(short_dir) as first:
        wait_until(lambda: newest(short_dir), 15, "the first publisher")
        with publishing(short_dir) as second:
            time.sleep(1.5)  # so that it attaches to the first one's server
            first.terminate()
            assert first.wait(10) == 0
            ended = time.time()
            wait_until(lambda: newest(short_dir) > ended, 15, "the second publisher on a server of its own")
            assert second.poll() is None


def test_an_embedded_server_that_is_killed_three_times_is_there_three_times_again(short_dir: Path) -> None:
    with publishing(short_dir) as process:
        for _ in range(3):
            wait_until(lambda: newest(short_dir) > time.time() - 1.5, 15, "publishing")
            endpoint = attach(short_dir / "r")
            assert endpoint is not None
            with blocking.Redis.from_url(endpoint.url) as client:
                pid = int(client.info("server")["process_id"])
            os.kill(pid, signal.SIGKILL)
            killed = time.time()
            wait_until(lambda killed=killed: newest(short_dir) > killed, 15, "publishing again")  # type: ignore[misc]
        assert process.poll() is None


# Every part, made to fail where it works

PLACES = {
    "publisher": (Publisher, "cycle"),
    "heartbeat": (Publisher, "beat"),
    "lease": (Lease, "renew"),
    "watcher": (RedisReader, "ask"),
    "discovery": (Discovery, "step"),
    "event sender": (EventPublisher, "_send"),
    "live guard": (Guard, "run"),
}


@pytest.mark.parametrize("error", [ZeroDivisionError("x"), RecursionError("deep"), asyncio.CancelledError()])
@pytest.mark.parametrize("name", PLACES)
async def test_whatever_part_fails_the_others_go_on_and_it_comes_back(
    redis: Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch, name: str, error: BaseException
) -> None:
    owner, method = PLACES[name]
    real, failing, failed = getattr(owner, method), True, list[float]()

    async def fail(*args: Any, **options: Any) -> Any:
        if failing:
            failed.append(time.monotonic())
            raise error
        return await real(*args, **options)

    monkeypatch.setattr(owner, method, fail)
    if name in ("heartbeat", "discovery"):
        monkeypatch.setattr("chain.monitor.heartbeat_loop.HEARTBEAT_EVERY_S", 0.1)
        monkeypatch.setattr("chaindeck.engine.compose.HEARTBEAT_EVERY_S", 0.1)
    async with crew_on(redis_url) as services:
        if name == "event sender":
            assert services.publishing is not None
            services.publishing.events._wake.set()  # as an event would
        await wait_until_async(lambda: failed, 5, "the failure")
        status = {part.name: part for part in services.supervisor.status()}
        told = await wait_until_async(
            lambda: [part for part in services.supervisor.status() if part.error], 3, "the word for it"
        )
        assert type(error).__name__ in told[0].error
        # Beating is also the last step of a cycle. The guard of live data walks through keys as discovery does, and
        # nothing invented is published before it has.
        coupled = {"heartbeat": {"publisher"}, "discovery": {"live guard", "publisher"}}.get(name, set())
        assert {part.name for part in told} <= {name} | coupled
        assert set(status) >= set(PLACES)
        failing = False
        await wait_until_async(lambda: published(services) >= 6, 10, "publishing")
