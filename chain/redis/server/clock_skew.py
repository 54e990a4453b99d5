"""The difference between this machine's clock and Redis's: ages compare timestamps of several machines."""

from collections.abc import Mapping
from typing import Any

from redis.asyncio import Redis

from chain.clock import Clock
from chain.errors import RedisUnavailableError
from chain.redis.connect.causes import HUNG_UP, OTHER, REFUSALS
from chain.redis.connect.connection import redis_call


async def clock_skew_s(redis: Redis, clock: Clock) -> float | None:
    """Return how many seconds this machine's clock is ahead of Redis's; negative if it is behind.

    None if this user may not run TIME, or the clock is not this machine's. Half the round trip is allowed for.
    Raises RedisUnavailableError.
    """
    if not clock.of_this_machine:
        return None
    asked = clock.wall_ns()
    try:
        async with redis_call():
            reply: Any = await redis.time()
    except RedisUnavailableError as error:
        if error.code in REFUSALS | HUNG_UP | {OTHER.code}:
            return None
        raise
    if isinstance(reply, Mapping):  # a cluster answers by node
        reply = next(iter(reply.values()), None)
    if not isinstance(reply, tuple | list) or len(reply) != 2:
        return None
    theirs = float(reply[0]) + float(reply[1]) / 1e6
    return (asked + clock.wall_ns()) / 2e9 - theirs
