"""Connections to a Redis: packed in C, greeted by name where that is allowed, their TLS failures told in words."""

import socket
import ssl
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from hiredis import pack_command
from redis._parsers.socket import SERVER_CLOSED_CONNECTION_ERROR
from redis.asyncio.connection import AbstractConnection, Connection, SSLConnection, UnixDomainSocketConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError
from redis.typing import EncodableT

from chain.causes import CLOSED, RESET
from chain.model.keys import heartbeat_key
from chain.redis.connect.causes import ENDED, NO_COMMAND, NO_RIGHT, OTHER, TLS_ENDED, KnownFailureError, redis_cause
from chain.redis.connect.reply_limit import LimitedConnection
from chain.redis.connect.tls import Tls

HANDSHAKE_S = 0.8  # for TLS, a little less than for a connection as a whole: which of the two was late is then known
_SEND_BUFFER = 1 << 20  # the default of a unix socket makes a pipeline of payloads three times slower
_NO_NAME = {NO_COMMAND.code, NO_RIGHT.code, OTHER.code}  # replies to our name that concern nothing but the name


class Handshake:
    """What is said first on each connection of one client: user, password and database as they must be, then a name.

    The name is a courtesy, so that CLIENT LIST tells who is who: a Redis, a user or a proxy without it is not asked
    again. Some proxies hang up at a command that they do not know; the next connection then goes without.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._named = True  # whether to give it
        self._answered = False  # whether any connection was ever answered

    async def greet(self, connection: AbstractConnection) -> None:
        """Introduce a new connection; raise what Redis says against it."""
        try:
            await connection.on_connect_check_health()
            if self._named:
                await self._set_name(connection)
            elif not self._answered:
                with suppress(ResponseError):  # a refusal is an answer
                    await self._request(connection, "GET", heartbeat_key("massive"))
        except RedisConnectionError as error:
            if self._answered or redis_cause(error).code not in (CLOSED.code, RESET.code):
                raise
            raise KnownFailureError(TLS_ENDED if isinstance(connection, SSLConnection) else ENDED) from error
        self._answered = True

    async def _set_name(self, connection: AbstractConnection) -> None:
        try:
            await self._request(connection, "CLIENT", "SETNAME", self._name)
        except ResponseError as error:
            if redis_cause(error).code not in _NO_NAME:
                raise
            self._named = False
        except RedisConnectionError as error:
            self._named = redis_cause(error).code not in (CLOSED.code, RESET.code)
            raise

    async def _request(self, connection: AbstractConnection, *words: str) -> None:
        await connection.send_command(*words)
        await connection.read_response()


class PackedConnection(LimitedConnection):
    """Commands packed in C: redis-py's asyncio connections would do it in Python, key by key."""

    def pack_command(self, *args: EncodableT) -> list[bytes]:
        """Return a command as the bytes to send."""
        words = str(args[0]).split() if isinstance(args[0], str) else [args[0]]
        return [pack_command((*words, *args[1:]))]

    async def _send_packed_command(self, command: Iterable[bytes]) -> None:
        """Send; where another task has closed the connection meanwhile, as a cluster's client does, say just that."""
        if self._writer is None:
            raise RedisConnectionError(SERVER_CLOSED_CONNECTION_ERROR)
        await super()._send_packed_command(command)


class PlainConnection(PackedConnection, Connection):
    """A connection by TCP."""


class TlsConnection(PackedConnection, SSLConnection):
    """A connection by TLS, whose files are read anew for each, so that renewed ones are taken up."""

    def _connection_arguments(self) -> Mapping[str, Any]:
        try:
            arguments: Mapping[str, Any] = super()._connection_arguments()
        except (OSError, ssl.SSLError) as error:
            if cause := self._tls().fault():
                raise KnownFailureError(cause) from error
            raise
        return {**arguments, "ssl_handshake_timeout": HANDSHAKE_S}

    def _tls(self) -> Tls:
        used = self.ssl_context
        return Tls(
            ca_certs=used.ca_certs or "",
            ca_path=used.ca_path or "",
            certfile=used.certfile or "",
            keyfile=used.keyfile or "",
            password=used.password or "",
        )


class UnixConnection(PackedConnection, UnixDomainSocketConnection):
    """A unix socket with room for a whole cycle of payloads."""

    async def _connect(self) -> None:
        await super()._connect()  # type: ignore[no-untyped-call]
        assert self._writer is not None
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
