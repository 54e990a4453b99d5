"""Heartbeats and events: each kept under its key and published on the channel of that name, as the same bytes.

Some readers poll the key and others listen, and both must see the same. The calls are bounded in time and raise
RedisUnavailableError; they return which optional command was refused and why, or "".
"""

from redis.asyncio import Redis

from chain.model.keys import events_key, heartbeat_key
from chain.redis.connect.connection import redis_call
from chain.redis.connect.optional import allowed, announce
from chain.thresholds import HEARTBEAT_TTL_S

EVENTS_KEPT = 1_000
EVENTS_TTL_S = 7 * 86_400


async def write_heartbeat(redis: Redis, service: str, body: bytes) -> str:
    """Set a service's heartbeat with its time to live, and publish it."""
    key = heartbeat_key(service)
    async with redis_call():
        await redis.set(key, body, ex=HEARTBEAT_TTL_S)
        return await announce(redis, key, body)


async def append_event(redis: Redis, service: str, body: bytes) -> str:
    """Append an event to the service's bounded stream, as the field `event` of an entry, and publish it.

    If one of the two is refused, the other is still done.
    """
    key = events_key(service)
    async with redis_call():
        entry = redis.xadd(key, {"event": body}, maxlen=EVENTS_KEPT, approximate=True)
        kept = await allowed("kept", entry, "XADD")
        if not kept:
            kept = await allowed("limited in time", redis.expire(key, EVENTS_TTL_S), "EXPIRE")
        told = await announce(redis, key, body)
    return "; ".join(filter(None, (kept, told)))
