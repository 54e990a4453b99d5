"""Injects faults that no correct publisher causes, into chains that are known not to hold live data."""

from redis.asyncio import Redis

from chain.errors import LiveProtectedError
from chain.model.keys import ChainId, KeySchema, SnapshotId
from chain.model.kinds import is_recorded
from chain.redis.connect.connection import redis_call
from chain.redis.contract.publish.records import KindRecords

_HOLD_MS = 60_000  # time to live of forced snapshots


class FaultWriter:
    """Injects faults under one prefix. Every call is bounded in time and raises RedisUnavailableError.

    Raises LiveProtectedError, and does nothing, if a chain may hold live data.
    """

    def __init__(self, redis: Redis, keys: KeySchema) -> None:
        self._redis = redis
        self._keys = keys
        self._records = KindRecords(redis, keys)

    async def held(self, chain: ChainId) -> SnapshotId | None:
        """Return the snapshot that a chain's pointer names; None where it has none."""
        found = (await self._records.held([chain])).get(chain)
        if found is None:
            return None
        snapshot, kind = found
        if not is_recorded(kind):
            raise _protected(chain)
        return snapshot

    async def read(self, snapshot: SnapshotId) -> bytes | None:
        """Return the payload of a snapshot; None where it is gone."""
        async with redis_call():
            raw: object = await self._redis.get(self._keys.snapshot(snapshot))
        return raw if isinstance(raw, bytes) else None

    async def drop_pointer(self, chain: ChainId) -> None:
        """Delete a chain's pointer."""
        if await self.held(chain) is not None:
            await self._records.withdraw([chain])

    async def drop_payload(self, chain: ChainId) -> None:
        """Delete the payload that a chain's pointer names, and leave the pointer."""
        snapshot = await self.held(chain)
        if snapshot is not None:
            async with redis_call():
                await self._redis.delete(self._keys.snapshot(snapshot))

    async def force(self, snapshot: SnapshotId, body: bytes, kind: str) -> None:
        """Write any bytes as a snapshot of a kind, and point its chain there unconditionally."""
        async with redis_call():
            await self._redis.set(self._keys.snapshot(snapshot), body, px=_HOLD_MS, nx=True)
        if not await self._records.force(snapshot, kind=kind, hold_ms=_HOLD_MS):
            raise _protected(snapshot.chain)

    async def freeze(self, hold_ms: int) -> None:
        """Pause all clients of this Redis for `hold_ms` milliseconds."""
        async with redis_call():
            await self._redis.client_pause(hold_ms, all=True)


def _protected(chain: ChainId) -> LiveProtectedError:
    return LiveProtectedError(f"{chain} holds live data: no fault is done to it")
