"""A compositor's surroundings on a real server: snapshots published, frames added, and staging read back."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import msgspec
from redis.asyncio import Redis

from chain.clock import Clock, Instant
from chain.context import Context
from chain.model.keys import COMPOSITOR, STREAM, ChainId, SnapshotId
from chain.model.kinds import SourceKind
from chain.model.snapshot import Snapshot
from chain.monitor.board import Board
from chain.monitor.watch.redis_reader import RedisReader
from chain.monitor.watch.watcher import Pace, Watcher
from chain.pipeline.events import Quote, StreamEvent, Trade
from chain.pipeline.staging import META_FIELD, META_FORM, StagingMeta
from chain.redis.contract.coordination.lease import Lease
from chain.redis.contract.publish.draft import PublishVerdict
from chain.redis.contract.publish.writer import snapshot_writer
from chain.redis.contract.stream.ids import StreamId
from chain.supervisor import Part, Supervisor
from chain.tasks import end
from mmaker.inputs import ChainInput, inputs_of
from mmaker.service import CompositorService
from tests.support.builders import SPX, contract
from tests.support.contexts import context_of

CALL, PUT = "O:SPXW260102C06930000", "O:SPXW260102P06930000"
STRIKES = (6920, 6930)


def made(chain: ChainId, at_ns: int, *, quoted_ms: int | None = None, strikes: Sequence[float] = STRIKES) -> Snapshot:
    """Return a snapshot made at `at_ns`, whose quotes and trades are of `quoted_ms`, a second before unless told."""
    vendor_ns = at_ns - 1_000_000_000 if quoted_ms is None else quoted_ms * 1_000_000
    items = []
    for serial, (strike, side) in enumerate((strike, side) for strike in strikes for side in ("call", "put")):
        item = contract(chain, strike, side, serial + 1)
        item["last_quote"]["last_updated"] = item["last_trade"]["sip_timestamp"] = vendor_ns
        items.append(item)
    of = SnapshotId(chain, at_ns // 1_000_000)
    return Snapshot.at(of, at_ns, atm=round(strikes[-1]), range_points=24, contracts=items)


class Surroundings:
    """What a compositor finds under the live names of one Redis."""

    def __init__(self, redis: Redis, clock: Clock, *, ttl_s: float = 60.0, interval_s: float = 10.0) -> None:
        self.redis = redis
        self.clock = clock
        self.context: Context = context_of(clock, ttl_s=ttl_s, interval_s=interval_s)
        self.keys = self.context.keys
        self._ttl_s = ttl_s
        self._watcher = Watcher(RedisReader(redis, self.keys, clock), clock)

    @property
    def now_ms(self) -> int:
        return self.clock.wall_ns() // 1_000_000

    def another(self) -> Context:
        """Return the context of another process."""
        return context_of(
            self.clock, ttl_s=self.context.thresholds.ttl_s, interval_s=self.context.thresholds.interval_s
        )

    async def publish(self, chain: ChainId = SPX, *, kind: SourceKind = "mock", **how: Any) -> Snapshot:
        """Publish a snapshot of now."""
        snapshot = made(chain, self.clock.wall_ns(), **how)
        writer = snapshot_writer(self.redis, self.keys, kind=kind, among_live=True)
        [result] = await writer.publish([snapshot], self._ttl_s)
        assert result.verdict is PublishVerdict.PUBLISHED, result
        return snapshot

    async def add(self, *events: StreamEvent, received_ms: int | None = None) -> StreamId:
        """Add a frame to the stream."""
        return await self.add_raw(msgspec.json.encode(events), received_ms=received_ms)

    async def add_raw(self, payload: bytes, *, received_ms: int | None = None) -> StreamId:
        """Add an entry to the stream."""
        received_s = (self.now_ms if received_ms is None else received_ms) / 1000
        found = StreamId.parse(await self.redis.xadd(self.keys.stream(), {"ts": repr(received_s), "payload": payload}))
        assert found is not None
        return found

    def quote(self, ticker: str = CALL, bid: float = 7.6, *, seq: int = 1, ts_ms: int | None = None) -> Quote:
        return Quote(ticker, bid, bid + 0.2, 5.0, 6.0, self.now_ms if ts_ms is None else ts_ms, seq)

    def trade(self, ticker: str = CALL, price: float = 7.7, *, seq: int = 1, ts_ms: int | None = None) -> Trade:
        return Trade(ticker, price, 2.0, self.now_ms if ts_ms is None else ts_ms, seq)

    async def board(self) -> Board:
        """Return what a watcher sees now."""
        return await self._watcher.poll_once()

    async def inputs(self) -> dict[ChainId, ChainInput]:
        """Return what a compositor makes of that."""
        return inputs_of(await self.board(), Instant.now(self.clock))

    async def lead(self, context: Context | None = None) -> Lease:
        """Return the compositors' lease, held by a process."""
        lease = Lease(self.redis, context or self.context, [STREAM], service=COMPOSITOR)
        assert await lease.renew() == [STREAM]
        return lease

    async def staged(self, chain: ChainId = SPX) -> dict[str, bytes]:
        """Return the fields of a staging as they are, without the meta."""
        found = cast("Mapping[bytes, bytes]", await self.redis.hgetall(self.keys.staging(chain)))
        return {name.decode(): value for name, value in found.items() if name.decode() != META_FIELD}

    async def meta(self, chain: ChainId = SPX) -> StagingMeta | None:
        """Return the meta of a staging; None where there is none."""
        raw = await self.redis.hget(self.keys.staging(chain), META_FIELD)
        return META_FORM.decode(raw) if isinstance(raw, bytes) else None


@asynccontextmanager
async def running(
    around: Surroundings, redis: Redis | None = None, context: Context | None = None, **how: Any
) -> AsyncIterator[CompositorService]:
    """Run a compositor beside a watcher of its own, and let it leave after."""
    redis, context = redis or around.redis, context or around.another()
    service = CompositorService(redis, context, **how)
    reader = RedisReader(redis, context.keys, context.clock)
    watcher = Watcher(reader, context.clock, pace=Pace(0.1))
    watching = Part("watcher", lambda: watcher.run(service.on_board))
    task = asyncio.ensure_future(Supervisor(context.clock).run([watching, *reader.parts(), *service.parts()]))
    try:
        yield service
    finally:
        await end([task])
        await service.leave()


async def staged_quote(around: Surroundings, ticker: str = CALL, mark: str = "quote_seq") -> bytes | None:
    """Return a contract's field once the stream has painted it; a trade is marked by `trade_seq`."""
    field = (await around.staged()).get(ticker, b"")
    return field if f'"{mark}"'.encode() in field else None
