"""What is done only where this Redis and this user allow it; where they do not, one word says so."""

from collections.abc import Awaitable

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from chain.redis.connect.causes import REFUSALS, redis_cause


async def allowed(deed: str, request: Awaitable[object], command: str) -> str:
    """Make a request of one command; return that it was not `deed` and why, where it was refused, else nothing.

    Raises what the client raises for any other failure.
    """
    try:
        await request
    except ResponseError as error:
        cause = redis_cause(error, command)
        if cause.code not in REFUSALS:
            raise
        return f"not {deed}: {cause.sentence}"
    return ""


async def announce(redis: Redis, channel: str, body: bytes) -> str:
    """Publish on a channel; return that it was not announced and why, where that was refused, else nothing."""
    return await allowed("announced", redis.publish(channel, body), "PUBLISH")
