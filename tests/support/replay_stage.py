"""A replay on a real Redis and a clock moved by hand: an hour of it takes seconds."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from redis.asyncio import Redis

from chain.clock import Instant, ManualClock
from chain.model.keys import REPLAY_PREFIX, ChainId, KeySchema
from chain.monitor.evaluate.report import HealthReport
from chain.monitor.evaluate.signals import evaluate
from chain.monitor.heartbeat import Heartbeat, parse_heartbeat
from chain.monitor.messages.services import service_name
from chain.monitor.watch.redis_reader import RedisReader
from chain.monitor.watch.watcher import Watcher
from chain.redis.connect.connection import RedisTarget
from chain.supervisor import Supervisor
from chain.tasks import end
from chaindeck.engine.replay.compose import ReplayOptions
from chaindeck.engine.replay.tape_recording import TapeRecording
from publisher.replay.replay import Replay
from tests.support.builders import Held, held
from tests.support.contexts import context_of
from tests.support.scenes import SPX, START_NS

REPLAY = KeySchema(REPLAY_PREFIX)


class ReplayStage:
    """One replay, its clock, and what stands in Redis because of it."""

    def __init__(self, replay: Replay, clock: ManualClock, redis: Redis, client: Redis, keys: KeySchema) -> None:
        self.replay = replay
        self.player = replay.player
        self.clock = clock
        self.redis = redis
        self.keys = keys
        self._clients = [client]
        self._watcher = Watcher(RedisReader(redis, keys, clock), clock)

    async def run(self, seconds: float) -> None:
        """Let so much of our time go by."""
        await self.clock.run(seconds, settled=self._is_idle)

    def await_also(self, client: Redis) -> None:
        """Let no time go by either while this client waits for an answer."""
        self._clients.append(client)

    async def held(self, chain: ChainId = SPX) -> Held | None:
        """Return what a chain's pointer leads to."""
        return await held(self.redis, chain, self.keys.prefix)

    async def at_s(self, chain: ChainId = SPX) -> float | None:
        """Return of how many seconds after the beginning the snapshot is that a chain's pointer leads to."""
        found = await self.held(chain)
        return None if found is None else (found.ts_ms - START_NS // 10**6) / 1000

    async def beat(self) -> Heartbeat | None:
        """Return the heartbeat that stands in Redis."""
        service = service_name("replay", self.keys)
        raw = await self.redis.get(f"{service}:heartbeat")
        return parse_heartbeat(raw, service) if isinstance(raw, bytes) else None

    async def look(self) -> HealthReport:
        """Return how a watcher of the prefix judges it."""
        return evaluate(await self._watcher.poll_once(), Instant.now(self.clock))

    def _is_idle(self) -> bool:
        used = (client.connection_pool.get_connection_count()[1][0] for client in self._clients)
        return not any(used) and not self.player.is_reading


@asynccontextmanager
async def replay_stage(
    redis: Redis, url: str, tape: Path, options: ReplayOptions, *, keys: KeySchema = REPLAY, wall_ns: int = START_NS
) -> AsyncIterator[ReplayStage]:
    """Give a replay that plays a tape; it leaves as it does in the product."""
    clock = ManualClock(wall_ns, 5_000.0)
    context = context_of(clock, keys=keys)
    async with RedisTarget(url).connect() as client:
        with TapeRecording(tape) as recording:
            span = options.span(recording)
            replay = Replay(client, recording, span, context, speed=options.speed, restamp=options.restamp)
            await replay.begin()
            stage = ReplayStage(replay, clock, redis, client, keys)
            running = asyncio.ensure_future(Supervisor(clock).run(replay.parts()))
            try:
                yield stage
            finally:
                await end([running])
                await replay.leave()
