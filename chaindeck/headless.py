"""The publisher without a screen: one log line a cycle, a clean end on every polite signal."""

import asyncio
import logging
import signal
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from redis.asyncio import Redis

from chain.clock import Clock, SystemClock
from chain.errors import ConfigError
from chain.redis.connection import RedisTarget
from chain.redis.draft import Verdict
from chain.redis.embedded import attach
from chain.tasks import end
from chaindeck.compose import make_crew, make_source
from chaindeck.crew import Crew
from chaindeck.exits import Exit
from chaindeck.place import redis_place
from chaindeck.settings import Settings
from publisher.cycle import Cycle
from publisher.source import Source, SourceKind

log = logging.getLogger(__name__)


def run_publisher(
    settings: Settings, kind: SourceKind, captures: Sequence[Path], *, once: bool, among_live: bool = False
) -> int:
    """Publish until told to stop, or one whole cycle; return the exit code.

    Raises ConfigError for one cycle into an embedded server that would end with it, and LiveProtectedError for invented
    or recorded data where a live publisher publishes, unless `among_live`.
    """
    clock = SystemClock()
    source = make_source(kind, settings, captures, clock)
    if once and not settings.redis_url and attach() is None:
        raise ConfigError(
            "publish --once names no Redis, and what it publishes would end with its embedded one: "
            "give --redis-url, or start chaindeck first"
        )
    with redis_place(settings.redis_url) as place:
        return asyncio.run(_publish(place.target, source, settings, clock, once=once, among_live=among_live))


async def _publish(
    target: RedisTarget, source: Source, settings: Settings, clock: Clock, *, once: bool, among_live: bool
) -> int:
    client: Redis = target.connect(name="chaindeck-publisher")
    crew = make_crew(client, source, settings, clock, shown_as=target.label, in_turn=not once, among_live=among_live)
    try:
        await crew.guard.refuse()
        kind, names = source.status().kind, ", ".join(source.underlyings)
        log.info("publishing %s data of %s to %s", kind, names, target.shown)
        if once:
            cycle = await crew.publisher.cycle()
            crew.herald.take(await crew.watcher.poll_once())
            await crew.publisher.beat()
            return _code(cycle)
        await _until_told(crew)
        return 0
    finally:
        await source.aclose()
        await client.aclose()


def _code(cycle: Cycle) -> Exit:
    """Return how one cycle ended: whole, in part, or with nothing published."""
    if cycle.whole:
        return Exit.DONE
    some = any(outcome.verdict is Verdict.PUBLISHED for outcome in cycle.outcomes)
    return Exit.INCOMPLETE if some else Exit.UNAVAILABLE


async def _until_told(crew: Crew) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGUSR1, partial(crew.publisher.publish_now, asked=True))
    jobs = [asyncio.ensure_future(job) for job in crew.jobs()]
    told = asyncio.ensure_future(stop.wait())
    done, _ = await asyncio.wait([told, *jobs], return_when=asyncio.FIRST_COMPLETED)
    await end([told, *jobs])
    for job in done - {told}:
        job.result()
    log.info("stopped as told; %s", crew.publisher.last_words())
