"""Optional commands: skipped, and reported, where this Redis or its ACL does not allow them."""

from collections.abc import Awaitable

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from chain.redis.connect.causes import REFUSALS, redis_cause


async def allowed(deed: str, request: Awaitable[object], command: str) -> str:
    """Await one command; return "" or, if it was refused, `not {deed}` and why.

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
    """Publish on a channel; return "" or, if that was refused, `not announced` and why."""
    return await allowed("announced", redis.publish(channel, body), "PUBLISH")
