"""How far the clocks of this machine and of Redis differ: ages compare stamps of several machines."""

from collections.abc import Mapping
from typing import Any

from redis.asyncio import Redis

from chain.clock import Clock
from chain.errors import RedisUnavailableError
from chain.redis.connect.causes import HUNG_UP, OTHER, REFUSALS
from chain.redis.connect.connection import redis_call


async def clock_skew_s(redis: Redis, clock: Clock) -> float | None:
    """Return by how many seconds this machine's clock is ahead of Redis's, below zero where it is behind.

    None where this user may not ask, or the clock is not this machine's own. The time that the answer took is halved.
    Raises RedisUnavailableError.
    """
    if not clock.of_this_machine:
        return None
    asked = clock.wall_ns()
    try:
        async with redis_call():
            told: Any = await redis.time()
    except RedisUnavailableError as error:
        if error.code in REFUSALS | HUNG_UP | {OTHER.code}:
            return None
        raise
    if isinstance(told, Mapping):  # a cluster answers for each node asked
        told = next(iter(told.values()), None)
    if not isinstance(told, tuple | list) or len(told) != 2:
        return None
    theirs = float(told[0]) + float(told[1]) / 1e6
    return (asked + clock.wall_ns()) / 2e9 - theirs
