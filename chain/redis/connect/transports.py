"""Connection classes for TCP, TLS and unix sockets: commands packed in C, client names, TLS failures described."""

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

HANDSHAKE_S = 0.8  # for TLS; less than for the whole connection, so that the error shows which of the two timed out
_SEND_BUFFER = 1 << 20  # with a unix socket's default, a pipeline of payloads takes three times as long
_NO_NAME = {NO_COMMAND.code, NO_RIGHT.code, OTHER.code}  # errors that only mean: no CLIENT SETNAME here


class Handshake:
    """The handshake of each connection of one client: user, password and database, then a client name.

    The name is optional, for CLIENT LIST: where a Redis, its ACL or a proxy refuses it, it is not sent
    again. Some proxies close the connection at an unknown command; the next connection then omits it.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._named = True  # whether to send it
        self._answered = False  # whether any connection was ever answered

    async def greet(self, connection: AbstractConnection) -> None:
        """Do the handshake on a new connection; raise what Redis refuses it with."""
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
    """Packs commands in C: redis-py's asyncio connections do it in Python, key by key."""

    def pack_command(self, *args: EncodableT) -> list[bytes]:
        """Return a command as the bytes to send."""
        words = str(args[0]).split() if isinstance(args[0], str) else [args[0]]
        return [pack_command((*words, *args[1:]))]

    async def _send_packed_command(self, command: Iterable[bytes]) -> None:
        """Send; if another task, such as the cluster client, has closed the connection, raise just that."""
        if self._writer is None:
            raise RedisConnectionError(SERVER_CLOSED_CONNECTION_ERROR)
        await super()._send_packed_command(command)


class PlainConnection(PackedConnection, Connection):
    """A TCP connection."""


class TlsConnection(PackedConnection, SSLConnection):
    """A TLS connection; certificate files are read for each, so renewed ones are picked up."""

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
