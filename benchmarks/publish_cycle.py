"""A publishing cycle of the SPY chain against its floor: the same JSON encoded, the same bytes set in one pipeline."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from redis.asyncio import Redis

from benchmarks.chains import CAPTURE
from benchmarks.rows import Row, at_most
from benchmarks.server import embedded_client
from chain.model.keys import KeySchema
from chain.thresholds import DEFAULT_TTL_S, Thresholds
from chaindeck.engine.context import make_context
from publisher.capture import CaptureSource
from publisher.loop.publisher import Publisher

_PAIRS = 120
_WARM_UP = 10
_AIM = 1.5


def run() -> list[Row]:
    """Return wall and processor time of a cycle, ms."""
    return asyncio.run(_measure())


async def _measure() -> list[Row]:
    ours: list[tuple[float, float]] = []
    floor: list[tuple[float, float]] = []
    async with embedded_client() as redis:
        source = CaptureSource([CAPTURE])
        publisher = Publisher(redis, source, make_context(Thresholds()))
        bodies = await _payloads(redis, publisher, source)
        for number in range(_WARM_UP + _PAIRS):
            pair = [await _timed(redis, work) for work in (lambda: _cycle(publisher), lambda: _floor(redis, bodies))]
            if number >= _WARM_UP:
                ours.append(pair[0])
                floor.append(pair[1])
    size = sum(len(orjson.dumps(body)) for body in bodies)
    note = f"recorded chain {CAPTURE.name}: {len(bodies)} expiries, {size / 1000:.0f} kB a cycle"
    walls, cpus = ([pair[at] for pair in ours] for at in (0, 1))
    floor_walls, floor_cpus = ([pair[at] for pair in floor] for at in (0, 1))
    return [
        at_most(_AIM, "publish-cycle wall", "ms", walls, floor_walls, note),
        at_most(_AIM, "publish-cycle cpu", "ms", cpus, floor_cpus),
    ]


async def _payloads(redis: Redis, publisher: Publisher, source: CaptureSource) -> list[dict[str, Any]]:
    """Return what one cycle writes, as dicts over the very contracts that the source holds."""
    written = await publisher.cycle()
    assert written.whole, written
    bodies = []
    for outcome in written.outcomes:
        raw = await redis.get(KeySchema().snapshot(outcome.id))
        assert isinstance(raw, bytes)
        survey = await source.survey(outcome.id.chain.underlying)
        contracts = (await source.fetch_window(survey, outcome.id.chain.expiry)).contracts
        body = orjson.loads(raw) | {"contracts": contracts}
        assert orjson.dumps(body) == raw
        bodies.append(body)
    return bodies


async def _cycle(publisher: Publisher) -> None:
    cycle = await publisher.cycle()
    assert cycle.whole, cycle


async def _floor(redis: Redis, bodies: list[dict[str, Any]]) -> None:
    pipe = redis.pipeline(transaction=False)
    for number, body in enumerate(bodies):
        pipe.set(f"floor:{number}", orjson.dumps(body), px=round(DEFAULT_TTL_S * 1000))
    await pipe.execute()


async def _timed(redis: Redis, work: Callable[[], Awaitable[None]]) -> tuple[float, float]:
    """Return wall and processor time of some work on an empty server, ms."""
    await redis.flushall()
    wall, cpu = time.perf_counter(), time.process_time()
    await work()
    return (time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000
