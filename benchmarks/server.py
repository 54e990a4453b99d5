"""The embedded server for a benchmark, a client of the product's own making, and a count of its round trips."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from chain.redis.connect.connection import RedisTarget
from chain.redis.server.embedded import EmbeddedServer


@asynccontextmanager
async def embedded_client() -> AsyncIterator[Redis]:
    """Give a client on a fresh embedded server over its unix socket; both end after."""
    with tempfile.TemporaryDirectory(prefix="cd-", dir="/tmp") as folder, EmbeddedServer() as server:
        client = RedisTarget(server.start_or_attach(Path(folder)).url).connect(name="benchmark")
        try:
            yield client
        finally:
            await client.aclose()


class Sent:
    """How many requests went out: a pipeline, however long, is one."""

    def __init__(self) -> None:
        self.requests = 0


@contextmanager
def counting(client: Redis) -> Iterator[Sent]:
    """Count the requests of a client, which must be connected, on whichever of its connections they go out."""
    sent = Sent()
    kind: Any = client.connection_pool.connection_class
    send = kind.send_packed_command

    async def counted(self: Any, command: Any, check_health: bool = True) -> None:
        sent.requests += 1
        await send(self, command, check_health)

    kind.send_packed_command = counted
    try:
        yield sent
    finally:
        kind.send_packed_command = send


async def commands_processed(client: Redis) -> int:
    """Return how many commands the server has run, this question not counted."""
    info: dict[str, Any] = await client.info("stats")
    return int(info["total_commands_processed"])
