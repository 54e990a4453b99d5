"""Composes a watcher, for continuous use or for a single poll."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

from redis.asyncio import Redis

from chain.context import Context
from chain.monitor.board import Board
from chain.monitor.watch.port import SnapshotReader
from chain.monitor.watch.redis_reader import RedisReader
from chain.monitor.watch.watcher import Watcher
from chain.redis.connect.connection import RedisTarget
from chain.supervisor import Supervisor
from chaindeck.engine.services import Services
from tape.record.reader import RecordingReader
from tape.record.tap import Tap


def make_watcher(
    redis: Redis,
    target: RedisTarget,
    context: Context,
    supervisor: Supervisor,
    *,
    discover_after_s: float = 0.0,
    tap: Tap | None = None,
) -> Watcher:
    """Return a watcher of the context's prefix; `discover_after_s`: how long an announcement may take at the start.

    `tap` is where its answers are drawn off.
    """
    reader: SnapshotReader = RedisReader(redis, context.keys, context.clock, discover_after_s=discover_after_s)
    if tap is not None:
        reader = RecordingReader(reader, tap.on_answer)
    return Watcher(reader, context.clock, shown_as=target.label, parts=supervisor.status)


@asynccontextmanager
async def watching_services(
    target: RedisTarget,
    context: Context,
    *,
    supervisor: Supervisor | None = None,
    name: str = "chaindeck-watch",
    tap: Tap | None = None,
) -> AsyncIterator[Services]:
    """Give a watcher of a Redis that others fill, and close its client after."""
    supervisor = supervisor or Supervisor(context.clock)
    async with aclosing(target.connect(name=name)) as redis:
        yield Services(supervisor, make_watcher(redis, target, context, supervisor, tap=tap), tap=tap)


async def look_once(target: RedisTarget, context: Context, name: str) -> Board:
    """Return the Board of a single poll; an unreachable Redis is a Board that says so."""
    async with watching_services(target, context, name=name) as services:
        return await services.watcher.poll_once()
