"""The reader of a real Redis: one round trip per poll, with discovery running alongside."""

import math
from typing import assert_never

from msgspec.structs import replace
from redis.asyncio import Redis

from chain.clock import Clock, Instant
from chain.errors import RedisUnavailableError
from chain.model.keys import ChainId, KeySchema, heartbeat_key, standby_service
from chain.monitor.discovery import Discovery
from chain.monitor.messages.services import heartbeat_keys
from chain.monitor.watch.port import (
    Answer,
    ContactLost,
    FetchAnswer,
    FetchRequest,
    PollAnswer,
    PollRequest,
    RecheckAnswer,
    RecheckRequest,
    Request,
)
from chain.redis.contract.scan import PointerScan
from chain.redis.contract.store import Store
from chain.redis.server.clock_skew import clock_skew_s
from chain.redis.server.info import Server, ask_server
from chain.supervisor import Part

SERVER_EVERY_S = 10.0


class RedisReader:
    """Reads one Redis under one prefix."""

    def __init__(self, redis: Redis, keys: KeySchema, clock: Clock, *, discover_after_s: float = 0.0) -> None:
        """`discover_after_s`: how long to wait for heartbeats before the keys are scanned for chains."""
        self.keys = keys
        self.discovery = Discovery(PointerScan(redis, keys), clock, discover_after_s)
        self._redis = redis
        self._store = Store(redis, keys)
        self._clock = clock
        self._lost = False
        self._server = Server()
        self._skew_s: float | None = None
        self._server_asked = -math.inf  # monotonic seconds

    async def ask(self, request: Request) -> Answer:
        """Return the answer; ContactLost if Redis fails or is too slow."""
        asked = Instant.now(self._clock)
        try:
            match request:
                case PollRequest():
                    return await self._poll(request, asked)
                case RecheckRequest():
                    pointers, types = await self._store.recheck_pointers(request.chains)
                    return RecheckAnswer(asked, Instant.now(self._clock), pointers, types)
                case FetchRequest():
                    payloads = await self._store.fetch(request.snapshots)
                    found = dict(zip(request.snapshots, payloads, strict=True))
                    return FetchAnswer(asked, Instant.now(self._clock), found)
                case _:
                    assert_never(request)
        except RedisUnavailableError as error:
            self._lost = True
            self._server_asked = -math.inf  # another server may answer next, with its own counters
            self._server = replace(self._server, counted=None)
            return ContactLost(asked, Instant.now(self._clock), str(error), error.code)

    async def search(self, within_s: float) -> bool:
        """Scan the keys, if a scan is due, for at most that many seconds."""
        if not self.discovery.due:
            return False
        await self.discovery.walk(within_s)
        return True

    def parts(self) -> tuple[Part, ...]:
        """Return the part that discovers chains nobody announces."""
        return (Part("discovery", self.discovery.run),)

    async def _poll(self, request: PollRequest, asked: Instant) -> PollAnswer:
        beside = heartbeat_keys(self.keys) if request.heartbeats else []
        composing = (self.keys.compositor, standby_service(self.keys.compositor))
        apart = [heartbeat_key(service) for service in composing] if request.heartbeats else []
        poll = await self._store.poll(request.chains, beside, request.held, apart)
        received = Instant.now(self._clock)
        pointers, gone = poll.pointers, frozenset[bytes]()
        if poll.payloads != len(request.held):
            since, gone = await self._find_gone(request.held)
            pointers = {**pointers, **since}
        if asked.mono - self._server_asked > SERVER_EVERY_S:
            self._server = await ask_server(self._redis, self._server, received.wall_s)
            self._skew_s = await clock_skew_s(self._redis, self._clock)
            self._server_asked = asked.mono
        if self._lost:
            self._lost = False
            self.discovery.forgive()
        return PollAnswer(
            asked,
            received,
            pointers,
            gone,
            poll.beside,
            poll.refused,
            poll.stream,
            self._server,
            self._skew_s,
            frozenset(self.discovery.take_found()) if request.heartbeats else frozenset(),
            self.discovery.search,
        )

    async def _find_gone(self, held: tuple[bytes, ...]) -> tuple[dict[ChainId, bytes | None], frozenset[bytes]]:
        """Return which payloads are gone, and the current pointers of all their chains."""
        snapshots = [self.keys.parse_snapshot(key) for key in held]
        looks = list(zip(held, snapshots, await self._store.recheck(snapshots), strict=True))
        pointers = {snapshot.chain: pointer for _, snapshot, (pointer, _) in looks}
        return pointers, frozenset(key for key, _, (_, there) in looks if not there)
