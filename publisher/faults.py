"""Faults on purpose, for demonstrations: a source that withholds, and a hand that damages what is in Redis."""

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import orjson
from redis.asyncio import Redis

from chain.clock import Clock
from chain.errors import InvalidNameError, LiveProtectedError
from chain.model.keys import ChainId, KeySchema, SnapshotId
from chain.model.kinds import is_recorded
from chain.model.snapshot import decode
from chain.redis.connect.connection import redis_call
from chain.redis.contract.publish.records import KindRecords
from publisher.loop.publisher import Publisher
from publisher.source import ChainWindow, Source, SourceError, SourceStatus, Survey

SKEW_S = 30
_HOLD_MS = 60_000
_REDIS_PAUSE_MS = 12_000
_LOOK_S, _LOOKS = 0.02, 100


class InjectedFault(StrEnum):
    """What can be done to one chain, or to the whole deck."""

    STALL = "stall"
    DROP = "drop"
    DANGLE = "dangle"
    CORRUPT = "corrupt"
    SKEW = "skew"
    ROLL_BACK = "roll back"
    STOP = "stop"
    FREEZE = "freeze"
    HEAL = "heal"


class WithholdingSource:
    """Another source, less the chains it is told to withhold."""

    def __init__(self, inner: Source) -> None:
        self._inner = inner
        self.withheld: dict[ChainId, str] = {}
        self.begun = 0  # cycles

    @property
    def underlyings(self) -> tuple[str, ...]:
        """As the inner source."""
        return self._inner.underlyings

    @property
    def in_memory(self) -> bool:
        """As the inner source."""
        return self._inner.in_memory

    def status(self) -> SourceStatus:
        """As the inner source."""
        return self._inner.status()

    async def begin_cycle(self) -> None:
        """As the inner source."""
        self.begun += 1
        await self._inner.begin_cycle()

    async def survey(self, underlying: str) -> Survey:
        """As the inner source."""
        return await self._inner.survey(underlying)

    async def fetch_window(self, survey: Survey, expiry: date) -> ChainWindow:
        """As the inner source, or SourceError for a withheld chain."""
        chain = ChainId(survey.underlying, expiry)
        if chain in self.withheld:
            raise SourceError(self.withheld[chain])
        return await self._inner.fetch_window(survey, expiry)

    async def aclose(self) -> None:
        """As the inner source."""
        await self._inner.aclose()


@dataclass(slots=True)
class FaultInjector:
    """Does to Redis what a careful publisher never would; only ever composed with a mock."""

    redis: Redis
    keys: KeySchema
    source: WithholdingSource
    publisher: Publisher
    clock: Clock

    async def inject(self, fault: InjectedFault, chain: ChainId) -> None:
        """Do one fault to a chain, or to the whole deck; HEAL undoes them all.

        Raises RedisUnavailableError, and LiveProtectedError where a live publisher's data would be damaged.
        """
        if self.publisher.withdrawn and fault is not InjectedFault.HEAL:
            raise LiveProtectedError(f"no faults beside live data: {self.publisher.withdrawn}")
        if fault is InjectedFault.HEAL:
            self.source.withheld.clear()
            self.publisher.resume()
        elif fault is InjectedFault.STOP:
            self.publisher.pause()
        elif fault is InjectedFault.FREEZE:
            async with redis_call():
                await self.redis.client_pause(_REDIS_PAUSE_MS, all=True)
        else:
            self.source.withheld[chain] = f"withheld by the demo menu ({fault})"
            await self._idle()
            async with redis_call():
                await self._damage(fault, chain)

    async def _idle(self) -> None:
        """Wait, not for ever, for the cycle under way: it may still write over what is to be damaged."""
        under_way = self.source.begun
        for _ in range(_LOOKS):
            if self.publisher.heartbeat().chain.counters.get("cycles", 0) >= under_way:
                return
            await self.clock.sleep(_LOOK_S)

    def _damage(self, fault: InjectedFault, chain: ChainId) -> Awaitable[None]:
        steps = {
            InjectedFault.STALL: self._nothing,
            InjectedFault.DROP: self._drop,
            InjectedFault.DANGLE: self._dangle,
            InjectedFault.CORRUPT: self._corrupt,
            InjectedFault.SKEW: self._skew,
            InjectedFault.ROLL_BACK: self._roll_back,
        }
        return steps[fault](chain)

    async def _nothing(self, chain: ChainId) -> None:
        """Do no more than withhold it."""

    async def _drop(self, chain: ChainId) -> None:
        await self._own_pointer(chain)
        await self._records.withdraw([chain])

    async def _dangle(self, chain: ChainId) -> None:
        pointer = await self._own_pointer(chain)
        if pointer is not None:
            await self.redis.delete(pointer)

    async def _corrupt(self, chain: ChainId) -> None:
        body = orjson.dumps({"ts": "soon", "underlying": chain.underlying, "contracts": "\x1b[31mnone\x1b[0m"})
        await self._force(SnapshotId(chain, self.clock.wall_ns() // 1_000_000 + 1), body)

    async def _skew(self, chain: ChainId) -> None:
        await self._republish(chain, self.clock.wall_ns() // 1_000_000 + SKEW_S * 1000)

    async def _roll_back(self, chain: ChainId) -> None:
        pointer = await self._own_pointer(chain)
        if pointer is not None:
            await self._republish(chain, self.keys.parse_snapshot(pointer).ts_ms - 5_000)

    async def _republish(self, chain: ChainId, ts_ms: int) -> None:
        """Write the chain's present contracts again under another moment, and point there whatever was there."""
        pointer = await self._own_pointer(chain)
        raw = await self.redis.get(pointer) if pointer is not None else None
        if pointer is None or not isinstance(raw, bytes):
            raise InvalidNameError(f"{chain} has no snapshot to work on: heal the demo first")
        decode(raw, self.keys.parse_snapshot(pointer))  # what is no snapshot is not moved
        body = orjson.loads(raw) | {"ts": ts_ms / 1000}
        await self._force(SnapshotId(chain, ts_ms), orjson.dumps(body))

    async def _force(self, snapshot: SnapshotId, body: bytes) -> None:
        key = self.keys.snapshot(snapshot)
        kind = self.source.status().kind
        await self.redis.set(key, body, px=_HOLD_MS, nx=True)
        if not await self._records.force(snapshot, kind=kind, hold_ms=_HOLD_MS):
            raise LiveProtectedError(f"{snapshot.chain} holds live data: no fault is done to it")

    async def _own_pointer(self, chain: ChainId) -> bytes | None:
        """Return what a chain's pointer names, where that is known not to be live; raise LiveProtectedError."""
        held = (await self._records.held([chain])).get(chain)
        if held is None:
            return None
        if not is_recorded(held[1]):
            raise LiveProtectedError(f"{chain} holds live data: no fault is done to it")
        return self.keys.snapshot(held[0]).encode()

    @property
    def _records(self) -> KindRecords:
        return KindRecords(self.redis, self.keys)
