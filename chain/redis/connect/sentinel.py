"""The primary, as named by the Sentinels, who are asked again for each connection."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.sentinel import (
    Sentinel,
    SentinelConnectionPool,
    SentinelManagedConnection,
    SentinelManagedSSLConnection,
)
from redis.exceptions import AuthenticationError, RedisError

from chain.causes import Cause
from chain.redis.connect.causes import (
    SENTINEL_AUTH,
    SENTINEL_DOWN,
    SENTINEL_LOST,
    SENTINEL_UNKNOWN,
    UNHEARD,
    KnownFailureError,
    redis_cause,
)
from chain.redis.connect.transports import PackedConnection, TlsConnection
from chain.tasks import end


class Sentinels(Sentinel):
    """The Sentinels of a URL, asked all at once, so that a silent one costs no time."""

    def __init__(self, clients: Sequence[Redis]) -> None:
        super().__init__([])  # type: ignore[no-untyped-call]
        self.sentinels = list(clients)

    async def discover_master(self, service_name: str) -> tuple[str, int]:
        """Return host and port of a service's primary; raise KnownFailureError with the reason where none is named."""
        asked = [asyncio.ensure_future(sentinel.sentinel_masters()) for sentinel in self.sentinels]
        causes: list[Cause] = []
        try:
            for reply in asyncio.as_completed(asked):
                try:
                    masters = await reply
                except (RedisError, OSError) as error:
                    causes.append(_why(error))
                    continue
                assert isinstance(masters, dict)
                state = masters.get(service_name)
                if state and self.check_master_state(state, service_name):
                    return state["ip"], state["port"]
                causes.append(SENTINEL_DOWN if state else SENTINEL_UNKNOWN)
        finally:
            await end(asked)
        raise KnownFailureError(_most_telling(causes))


def _why(error: Exception) -> Cause:
    """Return why a Sentinel gave no answer."""
    if isinstance(error, AuthenticationError):
        return SENTINEL_AUTH
    cause = redis_cause(error)
    return SENTINEL_LOST.about(why=cause.sentence) if cause.code in UNHEARD else cause


def _most_telling(causes: Iterable[Cause]) -> Cause:
    """Return the cause to report: a Sentinel's answer rather than another's silence."""
    order = (SENTINEL_DOWN.code, SENTINEL_UNKNOWN.code)
    return min(causes, key=lambda cause: (*(cause.code != code for code in order), cause.code == SENTINEL_LOST.code))


class _AskedAgain(PackedConnection):
    """A connection that asks the Sentinels again when a retry reopens it.

    redis-py would reuse the previous address, which may be a replica by now and answer with old data.
    """

    async def send_packed_command(self, command: bytes | str | Iterable[bytes], check_health: bool = True) -> None:
        """Connect through the Sentinels if not connected, and send."""
        link: Any = self
        if not link.is_connected:
            await link.connect()
        await super().send_packed_command(command, check_health)


class PrimaryConnection(_AskedAgain, SentinelManagedConnection):
    """A connection to the primary by TCP."""


class PrimaryTlsConnection(_AskedAgain, SentinelManagedSSLConnection, TlsConnection):
    """A connection to the primary by TLS."""


class PrimaryPool(SentinelConnectionPool):
    """Connections to the primary that closes those to the Sentinels with its own."""

    async def aclose(self) -> None:
        """Close every connection."""
        await super().aclose()
        await self.sentinel_manager.aclose()
