"""Which Redis: the one that is named, or this user's embedded server."""

from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct

from chain.errors import ConfigError
from chain.redis.connect.connection import RedisTarget
from chain.redis.server.embedded import EmbeddedServer, attach


class RedisLocation(Struct, frozen=True):
    """A Redis to use, and the embedded server behind it where there is one."""

    target: RedisTarget
    server: EmbeddedServer | None = None

    def release(self) -> None:
        """End the embedded server if it is ours, for a process that ends at once."""
        if self.server is not None:
            self.server.stop()


@contextmanager
def redis_location(url: str | None) -> Iterator[RedisLocation]:
    """Give the named Redis, or this user's embedded server, started if need be and stopped after if it was.

    A named Redis is never replaced by an embedded one: that would show a private, empty Redis as if it were the desk's.
    """
    if url:
        yield RedisLocation(RedisTarget(url))
        return
    server = EmbeddedServer()
    try:
        endpoint = server.start_or_attach()
        yield RedisLocation(RedisTarget(endpoint.url), server)
    finally:
        server.stop()


def running_place(url: str | None) -> RedisLocation:
    """Return the named Redis, or the embedded server that already runs; raise ConfigError where there is none."""
    if url:
        return RedisLocation(RedisTarget(url))
    endpoint = attach()
    if endpoint is None:
        raise ConfigError("no deck of this user is running: start `chaindeck`, or give a Redis URL")
    return RedisLocation(RedisTarget(endpoint.url))
