"""The publisher without a screen: one log line per cycle, a clean exit on SIGINT, SIGTERM and SIGHUP."""

import asyncio
import logging
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chain.clock import Clock, Instant
from chain.context import Context
from chain.errors import ConfigError
from chain.monitor.board import Board
from chain.monitor.evaluate.signals import evaluate
from chain.redis.contract.publish.draft import PublishVerdict
from chain.redis.server.embedded import attach
from chaindeck.config.redis_location import RedisLocation, redis_location
from chaindeck.config.settings import Settings
from chaindeck.engine.compose import PublishMode, publishing_services
from chaindeck.engine.services import Publishing, Services
from chaindeck.engine.sources import SourceName, make_source
from chaindeck.exits import Exit
from chaindeck.process.ended import run_until_signal
from publisher.loop.cycle import Cycle
from publisher.loop.publisher import Publisher
from publisher.source import Source, SourceStatus

log = logging.getLogger(__name__)


def run_publisher(
    context: Context,
    settings: Settings,
    kind: SourceName,
    captures: Sequence[Path],
    *,
    once: bool,
    among_live: bool = False,
) -> int:
    """Publish until told to stop, or one whole cycle; return the exit code.

    Raises ConfigError for one cycle into an embedded server that would end with it, and LiveProtectedError for invented
    or recorded data where a live publisher publishes, unless `among_live`.
    """
    source = make_source(kind, settings, captures, context.clock)
    if once and not settings.redis_url and attach() is None:
        asyncio.run(source.aclose())
        raise ConfigError(
            "publish --once names no Redis, and what it publishes would end with its embedded one: "
            "give --redis-url, or start chaindeck first"
        )
    with redis_location(settings.redis_url) as place:
        run = _Run(place, source, settings, context, once=once, among_live=among_live)
        ended = run_until_signal(run.publish(), place.release, {signal.SIGUSR1: run.publish_now})
        if ended.signal:
            log.info("stopped as told; %s", run.last_words)
        return 128 + ended.signal if once and ended.signal else ended.result or Exit.DONE


@dataclass(slots=True)
class _Run:
    """One run of the publisher, which an operator can ask to publish at once."""

    place: RedisLocation
    source: Source
    settings: Settings
    context: Context
    once: bool
    among_live: bool
    _publisher: Publisher | None = None

    def publish_now(self) -> None:
        """Start the next cycle at once, even after it gave way to a live publisher."""
        if self._publisher is not None:
            self._publisher.publish_now(asked=True)

    @property
    def last_words(self) -> str:
        """The totals of what was published."""
        return self._publisher.last_words() if self._publisher else "nothing was published"

    async def publish(self) -> int:
        """Publish until cancelled, or one cycle; return the exit code."""
        kind, names, shown = self.source.status().kind, ", ".join(self.source.underlyings), self.place.target.shown
        log.info("connecting to %s", shown)
        mode = PublishMode(in_turn=not self.once, among_live=self.among_live)
        async with publishing_services(self.place, self.source, self.settings, self.context, mode) as services:
            assert services.publishing is not None
            await services.publishing.guard.refuse()
            log.info("publishing %s data of %s to %s", kind, names, shown)
            self._publisher = services.publishing.publisher
            if self.once:
                return await self._cycle(services, services.publishing)
            await services.run()
        return Exit.DONE

    async def _cycle(self, services: Services, publishing: Publishing) -> int:
        """Run one cycle and announce it everywhere; return how it ended."""
        cycle = await publishing.publisher.cycle()
        board = await services.watcher.poll_once()
        publishing.events.on_board(board)
        await publishing.publisher.beat_everywhere()
        _log_skew(board, self.context.clock)
        # With clocks this far apart, every reader sees stale snapshots, or ones from the future.
        off = abs(board.redis.skew_s or 0.0) > self.settings.thresholds.stale_s
        return Exit.INCOMPLETE if off and cycle.whole else _code(cycle, self.source.status())


def _log_skew(board: Board, clock: Clock) -> None:
    """Log that this machine's clock is off: a single cycle ends before an event would be raised."""
    for found in evaluate(board, Instant.now(clock)).signals:
        if found.name == "clock-skew":
            log.warning("%s", found.text)


def _code(cycle: Cycle, source: SourceStatus) -> Exit:
    """Return how one cycle ended: complete, in part, or with nothing published, by a wrong setting or an outage."""
    if cycle.whole:
        return Exit.DONE
    some = any(outcome.verdict is PublishVerdict.PUBLISHED for outcome in cycle.outcomes)
    if some:
        return Exit.INCOMPLETE
    return Exit.SETTINGS if source.misconfigured else Exit.UNAVAILABLE
