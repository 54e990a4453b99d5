"""Variants under every key that is read, on a real Redis: each voice says one clean, true thing about each of them."""

import asyncio
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from redis.asyncio import Redis

from chain.audit.audit import Auditor
from chain.audit.reader import AuditReader
from chain.clock import Instant, ManualClock
from chain.model.keys import KeySchema, SnapshotId
from chain.monitor.evaluate.serialize import status_body
from chain.monitor.evaluate.signals import HealthReport, evaluate
from chain.monitor.states import DeckState, State
from chain.monitor.watch.redis_reader import RedisReader
from chain.monitor.watch.watcher import Watcher
from chain.redis.connect.connection import RedisTarget
from chaindeck.commands.check import line
from chaindeck.commands.metrics.endpoint import DeckCollector
from chaindeck.commands.plain import frame
from chaindeck.commands.status import as_text
from chaindeck.commands.verify import as_text as audit_text
from tests.hostile.test_readers import GROWTH_BYTES, SLOWEST_S, resident
from tests.hostile.variants import Variant, variants
from tests.scenarios.test_pty import assert_harmless, sequences, shows_grid
from tests.support.builders import eventually
from tests.support.hostile import publish
from tests.support.product import log_text, on_terminal, start
from tests.support.scenes import NDX, SPX, START_NS, heartbeat, manual_clock, snapshot

pytestmark = pytest.mark.slow

NAMES = KeySchema()
CYCLE = ("payload", "pointer", "massive:heartbeat", "mock_massive:heartbeat", "mock_massive:standby:heartbeat", "mark")


def body(chain: Any, ts_ns: int) -> dict[str, Any]:
    made = snapshot(chain, ts_ns)
    return {
        "ts": made.ts,
        "underlying": chain.underlying,
        "expiration": chain.expiry.isoformat(),
        "atm": made.atm,
        "range_points": made.range_points,
        "contracts": list(made.contracts),
    }


def all_variants(count: int) -> Iterator[tuple[str, Variant]]:
    """Yield so many variants, each with what it stands for."""
    beat = orjson.loads(heartbeat(SPX, NDX).encode())
    sound: dict[str, Any] = {kind: beat | {"service": kind.removesuffix(":heartbeat")} for kind in CYCLE[2:5]}
    sound |= {"payload": body(SPX, START_NS), "pointer": {"a": "massive:chain:x"}, "mark": {"a": 1.5}}
    streams = {kind: variants(sound[kind], count, seed=at) for at, kind in enumerate(CYCLE)}
    for number in range(count):
        kind = CYCLE[number % len(CYCLE)]
        yield kind, next(streams[kind])


class Scene:
    """A desk on a real Redis where SPX is spoiled and NDX stays sound."""

    def __init__(self, redis: Redis, client: Redis, target: RedisTarget, clock: ManualClock) -> None:
        self.redis, self.target, self.clock = redis, target, clock
        self.watcher = Watcher(RedisReader(client, NAMES, clock), clock, shown_as="unix")
        self.collector = DeckCollector(clock)
        self.registry = CollectorRegistry()
        self.registry.register(self.collector)
        self.auditor = Auditor(NAMES)
        self.audit = AuditReader(client, self.auditor, clock)

    async def settle(self, number: int) -> None:
        """Let everything be sound again, a second later."""
        self.clock.advance(1)
        ts_ns = self.clock.wall_ns()
        pipe = self.redis.pipeline()
        pipe.delete("massive:heartbeat", "mock_massive:standby:heartbeat", KeySchema().stream_analytics())
        for chain in (SPX, NDX):
            await self._point(pipe, SnapshotId(chain, ts_ns // 10**6), orjson.dumps(body(chain, ts_ns)))
        pipe.set("mock_massive:heartbeat", heartbeat(SPX, NDX, ts=ts_ns / 1e9).encode(), ex=60)
        await pipe.execute()

    async def _point(self, pipe: Any, to: SnapshotId, raw: bytes) -> None:
        pipe.set(NAMES.snapshot(to), raw, px=60_000)
        pipe.set(NAMES.latest(to.chain), NAMES.snapshot(to), px=60_000)

    async def spoil(self, kind: str, variant: Variant) -> None:
        """Put a variant where it belongs."""
        if kind == "payload":
            to = SnapshotId(SPX, self.clock.wall_ns() // 10**6)
            await self.redis.set(NAMES.snapshot(to), variant.raw.replace(b"1767366000.0", b"%d.0" % (to.ts_ms // 1000)))
        elif kind == "pointer":
            await self.redis.set(NAMES.latest(SPX), variant.raw, px=60_000)
        elif kind == "mark":
            await self.redis.hset(KeySchema().stream_analytics(), "last_ts", variant.raw)
        else:
            await self.redis.set(kind, variant.raw, ex=60)

    async def hear(self) -> HealthReport:
        """Let every voice speak once; each has to be quick and clean."""
        began = time.perf_counter()
        board = await self.watcher.poll_once()
        report = evaluate(board, Instant.now(self.clock))
        self.collector.on_board(board)
        texts = [line(report), as_text(report, self.target), frame(report), generate_latest(self.registry).decode()]
        texts.append(msgspec.json.encode(status_body(report, url=self.target.shown, log="")).decode())
        assert time.perf_counter() - began < SLOWEST_S
        for text in texts:
            assert_harmless(text)
            assert "Traceback" not in text
            assert len(text) < 60_000
        return report


async def play(scene: Scene, count: int) -> None:
    for number, (kind, variant) in enumerate(all_variants(count)):
        await scene.settle(number)
        await scene.spoil(kind, variant)
        report = await scene.hear()
        found = {chain_status.record.chain: chain_status for chain_status in report.statuses}
        where = f"{kind}: {variant.name}"
        assert found[NDX].state is State.FRESH, where
        if kind == "pointer" or (kind == "payload" and not variant.parses):
            assert found[SPX].state is not State.FRESH, where
            assert report.state is not DeckState.OK, where
        if number % 20 == 0:
            await scene.audit.discover()
            await scene.audit.poll()
    assert_harmless(audit_text(scene.auditor.conclude(), scene.target))


async def heard(redis: Redis, redis_url: str, count: int) -> None:
    target = RedisTarget(redis_url)
    async with target.connect() as client:
        scene = Scene(redis, client, target, manual_clock())
        await scene.settle(0)
        await play(scene, 24)  # what the voices themselves need is there before it is measured
        before = resident()
        await play(scene, count)
        assert resident() - before < GROWTH_BYTES


async def test_every_voice_stays_true_over_variants(redis: Redis, redis_url: str) -> None:
    await heard(redis, redis_url, 60)


@pytest.mark.hostile
async def test_every_voice_stays_true_over_two_thousand_variants(redis: Redis, redis_url: str) -> None:
    await heard(redis, redis_url, 2_000)


@pytest.mark.hostile
async def test_a_deck_and_a_publisher_live_through_it(redis: Redis, redis_url: str, short_dir: Path) -> None:
    """Both beside 2,000 variants in a row: alive, small, quick to a key, and nothing that harms on the terminal."""
    home = short_dir / "p"
    home.mkdir()
    await publish(redis, "plain words", sound=True)
    how = ("--among-live", "--underlyings", "NDX", "--interval", "2", "--ttl", "30", "--redis-url", redis_url)
    publisher = start(home, "publish", *how)
    try:
        with on_terminal(short_dir, "watch", redis_url, columns=160, rows=50) as terminal:
            shows_grid(terminal)
            await eventually(lambda: redis.keys("massive:chain:latest:NDX:*"), "the publisher's first chains")
            calm, before = len(terminal.raw), rss(terminal.pid)
            for kind, variant in all_variants(2_000):
                await put(redis, kind, variant)
                await asyncio.sleep(0.02)
            assert not terminal.ended()
            assert publisher.poll() is None, publisher.communicate()
            began = time.monotonic()
            terminal.send("?")
            terminal.wait_for("next or previous expiry", 5.0)
            assert time.monotonic() - began < SLOWEST_S
            assert rss(terminal.pid) - before < GROWTH_BYTES
            hostile = terminal.raw[calm:]
            terminal.send("\x1b")
            terminal.wait_until(lambda: "next or previous expiry" not in terminal.text, "the help to close")
            await redis.delete("massive:heartbeat", "mock_massive:heartbeat", "mock_massive:standby:heartbeat")
            terminal.tell(signal.SIGTERM)
            terminal.wait()
            assert terminal.restored
        strings = {kind for kind in sequences(hostile) if kind[1:2] in b"]PX^_"}
        assert strings <= {b"\x1b]22;default\x07"}  # the mouse pointer's shape
        assert "Traceback" not in log_text(short_dir) + log_text(home)
    finally:
        publisher.terminate()
        assert publisher.stderr
        said = publisher.communicate(timeout=20)[1]
    assert "Traceback" not in said
    assert publisher.returncode == 0


async def put(redis: Redis, kind: str, variant: Variant) -> None:
    """Write a variant under a key that deck and publisher read."""
    if kind == "payload":
        to = SnapshotId(SPX, time.time_ns() // 10**6)
        await redis.set(NAMES.snapshot(to), variant.raw, px=10_000)
        await redis.set(NAMES.latest(SPX), NAMES.snapshot(to), px=10_000)
    elif kind == "pointer":
        await redis.set(NAMES.latest(SPX), variant.raw, px=10_000)
    elif kind == "mark":
        await redis.hset(KeySchema().stream_analytics(), "last_ts", variant.raw)
    else:
        await redis.set(kind, variant.raw, ex=15)


def rss(pid: int) -> int:
    """Return the bytes of memory that a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096
