"""The deck's engine on a Redis, composed as the product composes it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chain.clock import Clock, SystemClock
from chain.redis.connect.connection import RedisTarget
from chain.redis.server.embedded import EmbeddedServer
from chain.supervisor import Supervisor
from chaindeck.config.redis_location import RedisLocation
from chaindeck.config.settings import Settings
from chaindeck.engine.board_slot import BoardSlot
from chaindeck.engine.compose import publishing_services
from chaindeck.engine.engine import Engine
from chaindeck.engine.looking.readers import with_readers
from chaindeck.engine.watching import watching_services
from publisher.loop.publisher import Publisher
from publisher.source import Source
from tests.support.contexts import context_for, context_of


def watching_engine(url: str, clock: Clock, slot: BoardSlot) -> Engine:
    """Return the engine of a deck that only watches."""
    target, context = RedisTarget(url), context_of(clock)
    return Engine(
        slot,
        clock,
        lambda supervisor: with_readers(
            watching_services(target, context, supervisor=supervisor), target, context, slot
        ),
    )


def publishing_engine(
    url: str, source: Source, settings: Settings, clock: Clock, slot: BoardSlot, server: EmbeddedServer | None = None
) -> Engine:
    """Return the engine of a deck that publishes."""
    place, context = RedisLocation(RedisTarget(url), server), context_for(settings, clock)
    return Engine(
        slot,
        clock,
        lambda supervisor: with_readers(
            publishing_services(place, source, settings, context, supervisor=supervisor), place.target, context, slot
        ),
    )


async def run_publisher(publisher: Publisher, clock: Clock | None = None) -> None:
    """Run a publisher's parts until cancelled, and let it say so, as the product does."""
    try:
        await Supervisor(clock or SystemClock()).run(publisher.parts())
    finally:
        await asyncio.shield(publisher.leave())


@asynccontextmanager
async def running_parts(publisher: Publisher, clock: Clock | None = None) -> AsyncIterator[asyncio.Task[None]]:
    """Run a publisher's parts meanwhile."""
    task = asyncio.create_task(run_publisher(publisher, clock))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
