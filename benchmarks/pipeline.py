"""What the whole pipeline costs in one process: a mock's snapshots and stream, the compositor, the heatmap models."""

import asyncio
import resource
import time
from dataclasses import dataclass

from redis.asyncio import Redis

from benchmarks.rows import Row, below
from benchmarks.server import embedded_client
from chain.redis.connect.connection import RedisTarget
from chaindeck.config.file import resolve
from chaindeck.config.redis_location import RedisLocation
from chaindeck.engine.compose import publishing_services
from chaindeck.engine.context import make_context
from chaindeck.engine.sources import make_source
from chaindeck.process.collector import when_loaded
from publisher.mock.listing import session_at
from publisher.mock.market import activity

_WARM_UP_S = 12.0  # a cycle, and what it sets off
_SECONDS = 30.0
_EVENTS_S = 200.0
_AIM_PERCENT = 6.0


@dataclass(frozen=True, slots=True)
class _Cost:
    """Shares of a core in percent, events a second, and megabytes."""

    process: float
    server: float
    events: float
    resident: float


def run() -> list[Row]:
    """Return the share of a core of the pipeline at 200 events a second, beside that of snapshots alone."""
    when_loaded()  # as every program of ours does
    alone, whole = (asyncio.run(_measure(stream=stream)) for stream in (False, True))
    note = f"mock of 18 chains, {whole.events:.0f} events/s over {_SECONDS:g} s; the baseline is snapshots alone"
    return [
        below(_AIM_PERCENT, "pipeline cpu", "% of a core", whole.process, alone.process, note),
        Row("pipeline redis cpu", "% of a core", whole.server, alone.server),
        Row("pipeline memory", "MB", whole.resident, alone.resident, note="the most that was resident"),
    ]


async def _measure(*, stream: bool) -> _Cost:
    now_s = time.time()
    pace = activity(session_at(now_s).progress(now_s))
    values = {"stream": str(stream), "stream_rate": str(_EVENTS_S / pace)}
    settings = resolve(values, None, {}).settings
    context = make_context(settings.thresholds)
    source = make_source("mock", settings, (), context.clock)
    async with embedded_client() as redis:
        url = f"unix://{redis.connection_pool.connection_kwargs['path']}"
        place = RedisLocation(RedisTarget(url))
        async with publishing_services(place, source, settings, context) as services:
            publishing = services.publishing
            feed = publishing.stream if publishing else None
            running = asyncio.ensure_future(services.run())
            await asyncio.sleep(_WARM_UP_S)
            began, cpu, server = time.monotonic(), time.process_time(), await _server_cpu(redis)
            events = feed.status().events if feed else 0
            await asyncio.sleep(_SECONDS)
            span = time.monotonic() - began
            cost = _Cost(
                100 * (time.process_time() - cpu) / span,
                100 * (await _server_cpu(redis) - server) / span,
                ((feed.status().events if feed else 0) - events) / span,
                resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
            )
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    return cost


async def _server_cpu(redis: Redis) -> float:
    """Return the processor time of the server, seconds."""
    info = await redis.info("cpu")
    return float(info["used_cpu_user"]) + float(info["used_cpu_sys"])
