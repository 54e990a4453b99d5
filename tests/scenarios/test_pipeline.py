"""The whole pipeline in one process: a mock's snapshots and stream, merged into staging and a heatmap model."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from redis.asyncio import Redis

from chain.clock import SystemClock
from chain.model.keys import ChainId, KeySchema
from chain.monitor.board import Board
from chain.pipeline.staging import CONTRACT_FORM, META_FIELD, StagedContract, Value
from chain.redis.connect.connection import RedisTarget
from chain.redis.contract.models import fetch_model
from chain.redis.contract.publish.writer import snapshot_writer
from chain.tasks import end
from chaindeck.config.file import resolve
from chaindeck.config.redis_location import RedisLocation
from chaindeck.engine.compose import publishing_services
from chaindeck.engine.pipeline.composing import Composing
from chaindeck.engine.services import Services
from chaindeck.engine.sources import make_source
from publisher.stream.source import StreamState
from tests.support.builders import eventually, small
from tests.support.contexts import context_for
from tests.support.streams import counts, entries

pytestmark = pytest.mark.slow

KEYS = KeySchema()
VALUES = {"interval": "0.5", "ttl": "7", "underlyings": "SPX", "expirations": "2", "heatmap_wholes": "2"}


class Process:
    """One process that publishes a mock, and the Boards that its watcher makes."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.boards: list[Board] = []
        self.task = asyncio.ensure_future(services.run(self.boards.append))

    @property
    def board(self) -> Board:
        return self.boards[-1] if self.boards else Board()

    @property
    def state(self) -> StreamState | None:
        assert self.services.publishing is not None
        stream = self.services.publishing.stream
        return stream.status().state if stream else None

    @property
    def composes(self) -> bool:
        composing = self.services.composing
        return isinstance(composing, Composing) and composing.compositor.leading


@asynccontextmanager
async def running(url: str, **changes: str) -> AsyncIterator[Process]:
    """Run a mock's process."""
    settings, clock = resolve(VALUES | changes, None, {}).settings, SystemClock()
    source = make_source("mock", settings, (), clock)
    context = context_for(settings, clock)
    async with publishing_services(RedisLocation(RedisTarget(url)), source, settings, context) as services:
        assert services.publishing is not None
        process = Process(services)
        try:
            yield process
        finally:
            await end([process.task])
    assert not [part for part in services.supervisor.status() if part.error]


async def staged(redis: Redis, chain: ChainId, keys: KeySchema = KEYS) -> dict[str, StagedContract]:
    found = cast("dict[bytes, bytes]", await redis.hgetall(keys.staging(chain)))
    return {name.decode(): CONTRACT_FORM.decode(raw) for name, raw in found.items() if name.decode() != META_FIELD}


def painted(contracts: dict[str, StagedContract]) -> list[str]:
    """Return the contracts whose bid the stream has painted."""
    return [name for name, one in contracts.items() if isinstance(one.bid, Value) and one.bid.origin == "stream"]


async def test_one_process_keeps_the_whole_pipeline_alive(redis: Redis, redis_url: str) -> None:
    async with running(redis_url) as process:

        def chains() -> list[ChainId]:
            return [record.chain for record in process.board.chains.records if record.last_good]

        await eventually(lambda: len(chains()) == 2, "the snapshots")
        chain = chains()[0]

        async def alive() -> bool:
            return bool(painted(await staged(redis, chain)))

        await eventually(alive, "values of the stream in staging")
        await eventually(lambda: fetch_model(redis, KEYS, "SPX"), "the model")
        await eventually(lambda: process.board.compositor, "the compositor's beat")
        await eventually(lambda: (process.board.streams.events_s or 0) > 0, "events")
        assert process.state is StreamState.STREAMING
        assert process.composes
        assert int((await counts(redis))["messages_processed"]) > 0
        parts = {part.name for part in process.services.supervisor.status()}
        assert {"publisher", "stream", "compositor", "heatmap"} <= parts
    assert not await redis.exists(KEYS.compositor_lease())
    beat = await redis.get("mmaker:heartbeat")
    assert beat is not None
    assert b'"status":"stopped"' in beat


async def test_without_the_stream_there_are_snapshots_alone(redis: Redis, redis_url: str) -> None:
    async with running(redis_url, stream="false") as process:
        await eventually(lambda: [record for record in process.board.chains.records if record.last_good], "snapshots")
        assert (process.state, process.services.composing) == (None, None)
    assert not await redis.keys("mmaker:*")
    assert not await redis.keys("massive:ws:*")
    assert not await redis.keys("massive:model:*")


def leads(process: Process) -> Callable[[], bool]:
    return lambda: process.composes


async def test_beside_another_programs_stream_a_mock_neither_feeds_nor_composes(redis: Redis, redis_url: str) -> None:
    async with running(redis_url) as process:
        await eventually(leads(process), "the lead")
        await redis.hset(KEYS.stream_analytics(), "last_ts", time.time())
        await eventually(lambda: process.state is StreamState.REFUSED, "the refusal")
        await eventually(lambda: not process.composes, "the lead left to others")
        before = len(await entries(redis))
        cycles = process.services.publishing.publisher.heartbeat().chain.counters["cycles"]  # type: ignore[union-attr]
        await eventually(
            lambda: (
                process.services.publishing is not None
                and process.services.publishing.publisher.heartbeat().chain.counters["cycles"] > cycles + 1
            ),
            "cycles, which go on",
        )
        assert len(await entries(redis)) == before
        assert not await redis.exists(KEYS.compositor_lease())


async def test_a_mock_that_gives_way_to_live_data_leaves_the_pipeline_too(redis: Redis, redis_url: str) -> None:
    async with running(redis_url) as process:
        await eventually(leads(process), "the lead")
        publishing = process.services.publishing
        assert publishing is not None
        live = small(ChainId("NDX", datetime.now(UTC).date() + timedelta(days=7)), time.time_ns() // 1_000_000)
        await snapshot_writer(redis, KEYS, kind="massive").publish([live], 60.0)
        await redis.set(KEYS.live(), b'{"publisher":"desk:1:abc"}', px=60_000)
        await eventually(lambda: publishing.publisher.withdrawn, "the withdrawal")
        await eventually(lambda: not process.composes and process.state is StreamState.STANDBY, "the end of the rest")
        assert not await redis.exists(KEYS.compositor_lease())


async def test_of_two_processes_one_feeds_and_composes_and_the_other_takes_over(redis: Redis, redis_url: str) -> None:
    async with running(redis_url) as first:
        await eventually(leads(first), "the lead")
        async with running(redis_url) as second:
            await eventually(lambda: second.board.chains.records, "its view")
            assert not second.composes
            assert second.state is StreamState.STANDBY
            await end([first.task])
            await eventually(leads(second), "the takeover")
            await eventually(lambda: second.state is StreamState.STREAMING, "the stream")
