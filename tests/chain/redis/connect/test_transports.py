"""Connections of ours: what becomes of one that another task closes."""

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from chain.redis.connect.connection import RedisTarget


async def test_a_connection_closed_before_its_bytes_go_out_says_that_it_is_closed(redis_url: str) -> None:
    """A cluster's client closes the connections of all its tasks when one of them meets a lost node."""
    async with RedisTarget(redis_url).connect() as client:
        link = await client.connection_pool.get_connection()
        await link.disconnect()
        with pytest.raises(RedisConnectionError, match="closed"):
            await link._send_packed_command(link.pack_command("PING"))
