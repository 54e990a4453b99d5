"""The publisher without a screen: one log line a cycle, a clean end on every polite signal."""

import asyncio
import logging
import signal
from collections.abc import Coroutine, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from chain.clock import Clock, SystemClock
from chain.errors import ConfigError
from chain.monitor.board import Board
from chain.monitor.freshness import Now
from chain.monitor.signals import judge
from chain.redis.draft import Verdict
from chain.redis.embedded import attach
from chain.tasks import end
from chaindeck.compose import make_source, publishing_crew
from chaindeck.exits import Exit
from chaindeck.place import Place, redis_place
from chaindeck.settings import Settings
from publisher.cycle import Cycle
from publisher.source import Source, SourceKind, SourceStatus

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
        return asyncio.run(_publish(place, source, settings, clock, once=once, among_live=among_live))


async def _publish(
    place: Place, source: Source, settings: Settings, clock: Clock, *, once: bool, among_live: bool
) -> int:
    crew_of = publishing_crew(place, source, settings, clock, in_turn=not once, among_live=among_live)
    async with crew_of as crew:
        assert crew.publishing is not None
        publisher = crew.publishing.publisher
        await crew.publishing.guard.refuse()
        kind, names = source.status().kind, ", ".join(source.underlyings)
        log.info("publishing %s data of %s to %s", kind, names, place.target.shown)
        if once:
            cycle = await publisher.cycle()
            board = await crew.watcher.poll_once()
            crew.publishing.herald.take(board)
            await publisher.beat_everywhere()
            _tell_skew(board, clock)
            off = abs(board.skew_s or 0.0) > settings.thresholds.stale_s  # stale, or of the future, to every reader
            return Exit.INCOMPLETE if off and cycle.whole else _code(cycle, source.status())
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, partial(publisher.publish_now, asked=True))
        await until_told(crew.run())
        log.info("stopped as told; %s", publisher.last_words())
        return 0


def _tell_skew(board: Board, clock: Clock) -> None:
    """Log that this machine's clock is off: a single cycle ends before an event would be told."""
    for told in judge(board, Now.of(clock)).signals:
        if told.name == "clock-skew":
            log.warning("%s", told.text)


def _code(cycle: Cycle, source: SourceStatus) -> Exit:
    """Return how one cycle ended: whole, in part, or with nothing published, for want of a setting or by an outage."""
    if cycle.whole:
        return Exit.DONE
    some = any(outcome.verdict is Verdict.PUBLISHED for outcome in cycle.outcomes)
    if some:
        return Exit.INCOMPLETE
    return Exit.SETTINGS if source.misconfigured else Exit.UNAVAILABLE


async def until_told(work: Coroutine[Any, Any, None]) -> None:
    """Run work until it ends, which raises what it raised, or until SIGINT, SIGTERM or SIGHUP ends it."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    running, told = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait([running, told], return_when=asyncio.FIRST_COMPLETED)
    finally:
        await end([running, told])
    if not running.cancelled():
        running.result()
