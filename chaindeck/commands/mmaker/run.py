"""The compositor without a screen: it merges until it is told to stop, or stands by for one that does."""

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager

from redis.asyncio import Redis

from chain.context import Context
from chain.errors import RedisUnavailableError
from chain.model.keys import STREAM
from chain.monitor.board import Board
from chain.redis.connect.causes import REFUSALS
from chain.redis.connect.connection import RedisTarget
from chain.redis.contract.stream.group import StreamGroup
from chain.supervisor import Part, Supervisor
from chain.tasks import finish
from chaindeck.config.redis_location import running_place
from chaindeck.config.settings import Settings
from chaindeck.engine.pipeline.composing import Composing, make_composing
from chaindeck.engine.watching import make_watcher
from chaindeck.exits import Exit
from chaindeck.process.ended import run_until_signal

log = logging.getLogger(__name__)

_TELL_EVERY_S = 60.0


def run_mmaker(context: Context, settings: Settings) -> int:
    """Compose until told to stop; return the exit code.

    Raises RedisUnavailableError where this user has no right to what it takes.
    """
    target = running_place(settings.redis_url).target
    ended = run_until_signal(_compose(target, context, settings))
    if ended.signal:
        log.info("stopped as told")
    return Exit.DONE


async def _compose(target: RedisTarget, context: Context, settings: Settings) -> None:
    supervisor = Supervisor(context.clock)
    async with _clients(target, settings) as (redis, system):
        await _check_rights(redis, context)
        composing = make_composing(redis, context, settings, supervisor, system_redis=system)
        watcher = make_watcher(redis, target, context, supervisor)
        told = _Told(composing, context)

        def on_board(board: Board) -> None:
            composing.on_board(board)
            told.on_board(board)

        log.info("composing %s of %s", context.keys.prefix, target.shown)
        watching = (Part("watcher", lambda: watcher.run(on_board)), *watcher.reader.parts())
        try:
            await supervisor.run([*watching, *composing.parts()])
        finally:
            await finish(composing.leave())


@asynccontextmanager
async def _clients(target: RedisTarget, settings: Settings) -> AsyncIterator[tuple[Redis, Redis | None]]:
    """Give a client of the Redis, and one of the system Redis where there is one; both are closed after."""
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(aclosing(target.connect(name="chaindeck-mmaker")))
        system = None
        if settings.system_redis_url:
            beside = RedisTarget(settings.system_redis_url).connect(name="chaindeck-beat")
            system = await stack.enter_async_context(aclosing(beside))
        yield redis, system


async def _check_rights(redis: Redis, context: Context) -> None:
    """Raise RedisUnavailableError where this user may not do what a compositor does; an outage is waited out."""
    try:
        await StreamGroup(redis, context.keys, str(context.identity)).place()
    except RedisUnavailableError as error:
        if error.code in REFUSALS:
            raise RedisUnavailableError(f"{error}: docs/redis-rights.md lists what it takes", error.code) from None


class _Told:
    """Says once a minute how it goes."""

    def __init__(self, composing: Composing, context: Context) -> None:
        self._compositor = composing.compositor.compositor
        self._clock = context.clock
        self._at = context.clock.monotonic()
        self._events = 0

    def on_board(self, board: Board) -> None:
        """Say it if a minute has passed."""
        past_s = self._clock.monotonic() - self._at
        if past_s < _TELL_EVERY_S:
            return
        compositor = self._compositor
        events, self._events = compositor.events - self._events, compositor.events
        self._at += past_s
        if compositor.error:
            return  # it was said when it began
        if not compositor.leading:
            log.info("standing by for %s", compositor.lease.leader.get(STREAM, "nobody"))
            return
        staged = sum(not each.reason for each in compositor.inputs().values())
        log.info("staging %d chains of %d, %.0f events/s", staged, len(board.chains.records), events / past_s)
