"""The compositor: events merged a second against a bare loop, and from an event in the stream to staging.

The bare loop reads the same entries through a group, decodes them, keeps the latest of each contract and acknowledges
them; it checks nothing and writes nothing.
"""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import orjson
from redis.asyncio import Redis

from benchmarks.rows import Row, at_most, below
from benchmarks.server import embedded_client
from benchmarks.stream_load import EVENTS_S, latencies_ms
from chain.clock import SystemClock
from chain.context import Context
from chain.model.keys import ChainId
from chain.monitor.watch.redis_reader import RedisReader
from chain.monitor.watch.watcher import Watcher
from chain.redis.contract.publish.writer import snapshot_writer
from chain.redis.contract.stream.group import GROUP
from chain.supervisor import Supervisor
from chain.tasks import end
from chain.thresholds import Thresholds
from chaindeck.engine.context import make_context
from mmaker.service import CompositorService
from tests.support.composing import made

CHAIN = ChainId("SPX", datetime.now(UTC).date() + timedelta(days=7))
STRIKES = tuple(6930 + 5 * step for step in range(-156, 156))
TICKERS = tuple(f"O:SPXW{CHAIN.expiry:%y%m%d}{side}{strike * 1000:08d}" for strike in STRIKES for side in "CP")
_EVENTS = {10: 300_000, 1: 60_000}  # by events in a frame
_RUNS = 3
_AIM = 3.2  # 250,000 events/s where the bare loop has 810,000
_MANY = int(os.environ.get("BENCH_EVENTS") or 1_000_000)
_LIVE_S = 600.0  # of the snapshot


def run() -> list[Row]:
    """Return nanoseconds an event, by size of frame, and milliseconds from stream to staging."""
    rows = [asyncio.run(_throughput(size)) for size in (10, 1)]
    return [*rows, asyncio.run(_latency()), asyncio.run(_memory())]


async def _throughput(size: int) -> Row:
    """Return what an event costs in frames of a size: wall time, Redis beside it, written and acknowledged."""
    count, ours, bare, cpu = _EVENTS[size], list[float](), list[float](), list[float]()
    async with embedded_client() as redis:
        for _ in range(_RUNS):
            for times, work in ((ours, _compose), (bare, _bare)):
                await redis.flushall()
                await _publish(redis)
                await fill(redis, count, size)
                used = time.process_time()
                times.append(await work(redis, count // size) / count * 1e6)
                if work is _compose:
                    cpu.append((time.process_time() - used) / count)
    note = f"at best {1e6 / min(ours):,.0f} events/s merged, written and acknowledged; {1 / min(cpu):,.0f} a cpu second"
    return at_most(_AIM, f"compositor, frames of {size}", "us/event", ours, bare, note)


async def _publish(redis: Redis) -> None:
    """Publish a snapshot of all contracts with quotes of an hour ago."""
    now_ns = time.time_ns()
    snapshot = made(CHAIN, now_ns, quoted_ms=now_ns // 1_000_000 - 3_600_000, strikes=STRIKES)
    await snapshot_writer(redis, make_context(Thresholds()).keys, kind="mock").publish([snapshot], _LIVE_S)


def frames(count: int, size: int, *, seed: int = 7) -> list[bytes]:
    """Return frames of so many events each, four quotes to one trade, all of now."""
    chance, now_ms, made_frames = random.Random(seed), time.time_ns() // 1_000_000, list[bytes]()
    for first in range(0, count, size):
        made_frames.append(orjson.dumps([event(chance, seq, now_ms) for seq in range(first, first + size)]))
    return made_frames


def event(chance: random.Random, seq: int, now_ms: int) -> dict[str, object]:
    """Return an event as the vendor sends it."""
    ticker, bid = chance.choice(TICKERS), round(chance.uniform(1, 40), 2)
    if seq % 5 == 4:
        return {"ev": "T", "sym": ticker, "x": 302, "p": bid, "s": 1, "c": [236], "t": now_ms, "q": seq}
    ask = round(bid + 0.3, 2)
    return {
        "ev": "Q",
        "sym": ticker,
        "bx": 302,
        "ax": 302,
        "bp": bid,
        "ap": ask,
        "bs": 5,
        "as": 6,
        "t": now_ms,
        "q": seq,
    }


async def fill(redis: Redis, count: int, size: int) -> None:
    """Fill the stream, behind a group that has read nothing."""
    key = make_context(Thresholds()).keys.stream()
    await redis.xgroup_create(key, GROUP, "0", mkstream=True)
    received = repr(time.time())
    every: Sequence[bytes] = frames(count, size)
    for start in range(0, len(every), 1_000):
        pipe = redis.pipeline(transaction=False)
        for frame in every[start : start + 1_000]:
            pipe.xadd(key, {"ts": received, "payload": frame})
        await pipe.execute()


async def _compose(redis: Redis, entries: int) -> float:
    """Return the seconds a compositor takes to acknowledge so many entries, from its first round on."""
    context = make_context(Thresholds())
    last = (await redis.xinfo_stream(context.keys.stream()))["last-generated-id"]
    async with composing(redis, context) as service:
        while not service.leading:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.001)
        began = time.perf_counter()
        while str(service.compositor.acknowledged).encode() != last:  # noqa: ASYNC110 - the same
            await asyncio.sleep(0.002)
        took_s = time.perf_counter() - began
    assert service.compositor.events or entries == 0
    return took_s


@asynccontextmanager
async def composing(redis: Redis, context: Context) -> AsyncIterator[CompositorService]:
    """Run a compositor beside a watcher that looked once."""
    clock = SystemClock()
    service = CompositorService(redis, context)
    service.on_board(await Watcher(RedisReader(redis, context.keys, clock), clock).poll_once())
    task = asyncio.ensure_future(Supervisor(clock).run(service.parts()))
    try:
        yield service
    finally:
        await end([task])
        await service.leave()


async def _bare(redis: Redis, entries: int) -> float:
    """Return the seconds that a loop takes which reads, decodes, keeps the latest and acknowledges."""
    key, latest, left = make_context(Thresholds()).keys.stream(), dict[str, tuple[int, int, object]](), entries
    began = time.perf_counter()
    while left:
        [[_, found]] = cast(Any, await redis.xreadgroup(GROUP, "bare", {key: ">"}, count=1_000))
        for _, fields in found:
            for one in orjson.loads(fields[b"payload"]):
                held = latest.get(one["sym"])
                if held is None or (one["t"], one["q"]) > held[:2]:
                    latest[one["sym"]] = (one["t"], one["q"], one)
        await redis.xack(key, GROUP, *(of for of, _ in found))
        left -= len(found)
    return time.perf_counter() - began


async def _memory() -> Row:
    """Return how much larger the process is after many more events."""
    async with embedded_client() as redis:
        await _publish(redis)
        context = make_context(Thresholds())
        await redis.xgroup_create(context.keys.stream(), GROUP, "0", mkstream=True)
        load = frames(100_000, 10)
        async with composing(redis, context) as service:
            await latencies_ms(redis, context.keys, load, _MANY // 5)
            before = _resident_mb()
            await latencies_ms(redis, context.keys, load, _MANY)
            grown = _resident_mb() - before
            note = f"{service.compositor.events:,} events taken in; {before:.0f} MB before, 100,000 entries retained"
    return below(10, f"compositor, memory after {_MANY:,} more events", "MB", grown, note=note)


def _resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


async def _latency() -> Row:
    """Return the 99th percentile from an event in the stream to the notice of the write that includes it."""
    async with embedded_client() as redis:
        await _publish(redis)
        context = make_context(Thresholds())
        async with composing(redis, context):
            found = sorted(await latencies_ms(redis, context.keys, frames(100_000, 10)))
    p50, p99 = found[len(found) // 2], found[round(len(found) * 0.99)]
    note = f"{EVENTS_S:,} events/s in frames of ten: median {p50:.0f} ms, longest {found[-1]:.0f} ms of {len(found):,}"
    return below(300, "compositor, event to staging p99", "ms", p99, note=note)
