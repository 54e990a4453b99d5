"""A compositor whose Redis restarts empty, fails over, or is a cluster: what is lost is rebuilt, and said."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from chain.clock import SystemClock
from chain.errors import RedisUnavailableError
from chain.redis.connect.connection import RedisTarget
from mmaker.service import CompositorService
from tests.support.builders import SPX
from tests.support.composing import CALL, PUT, Surroundings, running, staged_quote
from tests.support.servers import Server, Servers, cluster_url, hurry, sentinel_url
from tests.support.waiting import wait_until_async

pytestmark = pytest.mark.slow

RECOVERS_S = 10.0


@pytest.fixture
def servers() -> Iterator[Servers]:
    with Servers() as servers:
        yield servers


@asynccontextmanager
async def composing(url: str) -> AsyncIterator[tuple[Surroundings, CompositorService]]:
    """Give a compositor on a Redis that has a snapshot and a quote staged over it."""
    async with RedisTarget(url).connect() as redis:
        around = Surroundings(redis, SystemClock(), interval_s=1.0, ttl_s=30.0)
        await around.publish()
        await around.add(around.quote())
        async with running(around) as service:
            await wait_until_async(lambda: staged_quote(around), RECOVERS_S, "the quote in staging")
            yield around, service


async def test_a_redis_that_restarts_empty_is_filled_from_snapshots_and_stream(servers: Servers) -> None:
    server = servers.alone()
    async with composing(server.url) as (around, service):
        server.kill()
        await wait_until_async(lambda: service.compositor.error, RECOVERS_S, "the outage to be said")
        server.start()
        await around.publish(quoted_ms=around.now_ms - 5_000)
        await around.add(around.trade(PUT))
        await wait_until_async(lambda: staged_quote(around, PUT, "trade_seq"), RECOVERS_S, "the trade in staging")
        assert await staged_quote(around) is None  # which Redis has lost
        assert service.compositor.error == ""
        assert service.compositor.notice.startswith("rebuilt from snapshots and the retained stream: ")


async def test_a_failover_loses_nothing_that_the_replica_has(servers: Servers) -> None:
    primary = servers.alone()
    servers.replica(primary)
    sentinels = servers.sentinels(primary)
    hurry(sentinels)
    async with composing(sentinel_url(sentinels)) as (around, service):
        await around.redis.execute_command("WAIT", 1, 1_000)
        primary.kill()
        await wait_until_async(lambda: writable(around), 20, "the replica to be the primary")
        await around.add(around.trade(PUT))
        await wait_until_async(lambda: staged_quote(around, PUT, "trade_seq"), RECOVERS_S, "the trade in staging")
        assert await staged_quote(around)
        await wait_until_async(lambda: not service.compositor.error, what="the recovery to be noticed")


async def writable(around: Surroundings) -> bool:
    try:
        await around.publish(quoted_ms=around.now_ms - 60_000)
    except (AssertionError, RedisUnavailableError):
        return False
    return True


async def test_on_a_cluster_staging_is_fenced_by_its_position_alone(servers: Servers) -> None:
    nodes: list[Server] = servers.cluster()
    async with composing(cluster_url(nodes)) as (around, service):
        async with running(around) as standby:
            last = await around.add(around.trade(PUT))
            await wait_until_async(lambda: staged_quote(around, PUT, "trade_seq"), RECOVERS_S, "the trade in staging")
            assert not standby.leading
        await wait_until_async(lambda: service.compositor.acknowledged == last, what="it to be acknowledged")
        await service.compositor.measure()
        assert (service.compositor.lag, service.compositor.pending) == (0, 0)
        meta = await around.meta(SPX)
        assert meta is not None and meta.position == str(last)
        assert await staged_quote(around, CALL)
