"""What is composed is closed: every connection to every Redis, and the source, whatever ends the run."""

import asyncio
import gc
import warnings
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from chain.clock import SystemClock
from chain.errors import LiveProtectedError
from chain.model.kinds import SourceKind
from chain.redis.connect.connection import RedisTarget
from chain.redis.server.embedded import EmbeddedServer
from chain.tasks import end
from chaindeck.config.file import resolve
from chaindeck.config.redis_location import RedisLocation
from chaindeck.config.settings import Settings
from chaindeck.engine.board_slot import BoardSlot
from chaindeck.engine.compose import publishing_services, refuse_beside_live
from chaindeck.engine.watching import look_once
from publisher.loop.publisher import Publisher
from tests.support.builders import ScriptedSource
from tests.support.contexts import context_for, context_of
from tests.support.engines import publishing_engine
from tests.support.waiting import wait_until, wait_until_async

DAY = datetime.now(UTC).date() + timedelta(days=7)


def source_of(kind: SourceKind = "mock") -> ScriptedSource:
    return ScriptedSource({"SPX": (DAY,)}, as_of=datetime.now(UTC).timestamp(), kind=kind)


@pytest.fixture
async def system(short_dir: Path, holder: EmbeddedServer) -> AsyncIterator[Redis]:
    """The Redis that hears heartbeats beside ours."""
    async with Redis.from_url(holder.start_or_attach(short_dir).url) as client:
        yield client


def settings_of(system: Redis) -> Settings:
    path = system.connection_pool.connection_kwargs["path"]
    return resolve({"system_redis_url": f"unix://{path}", "expirations": "1"}, environ={}).settings


async def names(redis: Redis) -> set[str]:
    """Return the names of the connections that a server has from us."""
    return {each["name"] for each in await redis.client_list() if each["name"].startswith("chaindeck")}


async def all_closed(*servers: Redis) -> bool:
    return not any([await names(server) for server in servers])


async def test_a_publisher_that_ends_leaves_no_connection_and_no_source(
    redis: Redis, redis_url: str, system: Redis
) -> None:
    source, settings = source_of(), settings_of(system)
    place, context = RedisLocation(RedisTarget(redis_url)), context_for(settings)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ResourceWarning)
        async with publishing_services(place, source, settings, context) as services:
            running = asyncio.ensure_future(services.run())
            await wait_until_async(lambda: system.exists("mock_massive:heartbeat"))
            assert (await names(redis), await names(system)) == (
                {"chaindeck-publisher", "chaindeck-mmaker"},
                {"chaindeck-beat"},
            )
            await end([running])
        await wait_until_async(lambda: all_closed(redis, system))
        gc.collect()
    assert not source.listed
    assert [str(each.message) for each in told] == []


async def test_one_whose_run_fails_leaves_nothing_either(redis: Redis, redis_url: str, system: Redis) -> None:
    source, settings = source_of(), settings_of(system)
    place = RedisLocation(RedisTarget(redis_url))
    with pytest.raises(RuntimeError, match="on purpose"):
        async with publishing_services(place, source, settings, context_for(settings)) as services:
            assert services.publishing is not None
            await services.publishing.publisher.cycle()
            await services.publishing.publisher.beat_everywhere()
            raise RuntimeError("on purpose")
    await wait_until_async(lambda: all_closed(redis, system))
    assert not source.listed


async def test_a_source_that_may_not_be_published_is_closed(redis: Redis, redis_url: str) -> None:
    await Publisher(redis, source_of("massive"), context_of()).cycle()
    refused, allowed, target = source_of(), source_of(), RedisTarget(redis_url)
    with pytest.raises(LiveProtectedError):
        await refuse_beside_live(target, refused, context_of(), among_live=False)
    await refuse_beside_live(target, allowed, context_of(), among_live=True)
    await look_once(target, context_of(), "chaindeck-look")
    await wait_until_async(lambda: all_closed(redis))
    assert (bool(refused.listed), bool(allowed.listed)) == (False, True)


async def test_a_deck_that_stops_leaves_nothing_open(redis: Redis, redis_url: str, system: Redis) -> None:
    source, settings, slot = source_of(), settings_of(system), BoardSlot()
    slot.painted()
    engine = publishing_engine(redis_url, source, settings, SystemClock(), slot)
    engine.start()
    await asyncio.to_thread(wait_until, slot.latest)
    await wait_until_async(lambda: system.exists("mock_massive:heartbeat"))
    await asyncio.to_thread(engine.stop)
    await wait_until_async(lambda: all_closed(redis, system))
    assert not source.listed
