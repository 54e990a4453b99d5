"""The mark of a live publisher under one prefix, and other signs of one."""

from collections.abc import Sequence
from typing import NamedTuple

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from chain.model.keys import KeySchema, heartbeat_key
from chain.redis.connect.connection import raise_if_lost, redis_call
from chain.redis.contract.poll_command import HEARTBEAT_BYTES

MARK_BYTES = 1024
_GONE = -2  # PTTL's reply for a missing key


class LiveSigns(NamedTuple):
    """Signs of a live publisher: its mark, and the heartbeats requested, as raw values.

    `left_ms` is None if there is no mark, or this user may not ask; zero if it never expires. `unreadable` names
    the keys that this user may not read.
    """

    left_ms: int | None
    mark: bytes
    heartbeats: list[bytes | None]
    unreadable: tuple[str, ...]


class LiveMark:
    """The mark under one prefix. Every call is bounded in time and raises RedisUnavailableError."""

    def __init__(self, redis: Redis, keys: KeySchema) -> None:
        self._redis = redis
        self._key = keys.live()

    async def renew(self, body: bytes, hold_ms: int) -> bool:
        """Write the mark with a time to live of `hold_ms`; return whether there was one before."""
        async with redis_call():
            before: object = await self._redis.set(self._key, body, px=hold_ms, get=True)
        return before is not None

    async def read(self, services: Sequence[str]) -> LiveSigns:
        """Read the mark and the heartbeats of some services."""
        keys = [heartbeat_key(service) for service in services]
        pipe = self._redis.pipeline(transaction=False)
        pipe.pttl(self._key)
        pipe.getrange(self._key, 0, MARK_BYTES)
        for key in keys:
            pipe.getrange(key, 0, HEARTBEAT_BYTES)
        async with redis_call():
            left, mark, *beats = raise_if_lost(await pipe.execute(raise_on_error=False))
        asked = zip((self._key, *keys), (mark, *beats), strict=True)
        return LiveSigns(
            None if not isinstance(left, int) or left == _GONE else max(left, 0),
            mark if isinstance(mark, bytes) else b"",
            [beat if isinstance(beat, bytes) and beat else None for beat in beats],
            tuple(key for key, reply in asked if isinstance(reply, ResponseError)),
        )
