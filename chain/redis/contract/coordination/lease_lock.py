"""The lease on one underlying: which publisher of a service publishes it under a prefix."""

from contextlib import suppress
from typing import NamedTuple

from redis.asyncio import Redis
from redis.asyncio.lock import Lock
from redis.exceptions import LockError

from chain.model.keys import KeySchema, lease_key
from chain.redis.connect.connection import redis_call
from chain.text import clean

_HOLDER_BYTES = 255  # of the holder's name; ours have at most 60


class Holder(NamedTuple):
    """Who holds a lease; an empty name if it is free or cannot be read."""

    ours: bool
    name: str


class LeaseLock:
    """One lease. Every call is bounded in time and raises RedisUnavailableError."""

    def __init__(
        self, redis: Redis, keys: KeySchema, underlying: str, *, service: str, owner: str, ttl_s: float
    ) -> None:
        """`owner`: the name under which we hold it, unique to this process."""
        self._redis = redis
        self._key = lease_key(keys.prefix, underlying, service)
        self._owner = owner
        self._lock = Lock(redis, self._key, timeout=ttl_s, thread_local=False)
        self._lock.local.token = (
            owner.encode()
        )  # so that a lease is recognised as ours if the reply to acquiring it was lost

    async def acquire(self) -> Holder:
        """Renew the lease if it is ours, else acquire it if it is free; return who holds it."""
        async with redis_call():
            if await self._renew() or await self._lock.acquire(blocking=False, token=self._owner):
                return Holder(ours=True, name=self._owner)
            raw = await self._redis.getrange(self._key, 0, _HOLDER_BYTES)
        return Holder(ours=False, name=clean(raw.decode("utf-8", "replace"), 80) if isinstance(raw, bytes) else "")

    async def release(self) -> None:
        """Release the lease; does nothing if it has expired or is another's."""
        async with redis_call():
            with suppress(LockError):
                await self._lock.release()

    async def _renew(self) -> bool:
        with suppress(LockError):
            return await self._lock.reacquire()
        return False
