"""Limits the bytes that the replies of one operation may have: beyond that, the connection is closed.

Redis does not announce the size of a value before sending it, and an oversized one would fill memory before we could
check it. So the parser counts incoming bytes and gives up when an operation's limit is exceeded.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from redis._parsers.hiredis import _AsyncHiredisParser
from redis._parsers.socket import SERVER_CLOSED_CONNECTION_ERROR
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

if TYPE_CHECKING:
    from redis.asyncio.connection import AbstractConnection as _Base
else:
    _Base = object

READ_SIZE = 64 * 1024  # bytes per read of the socket, by which a limit may be overrun
DEFAULT_BYTES = 4 * 1024 * 1024  # for everything but payloads


class OversizedReplyError(RedisError):
    """A reply was larger than the operation that asked for it allows."""


class _Allowance:
    """The bytes left to an operation; shared by the tasks it starts."""

    __slots__ = ("left", "most")

    def __init__(self, most: int) -> None:
        self.most = self.left = most

    def spend(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise OversizedReplyError(f"a reply of more than {self.most} bytes was not read")


_ALLOWANCE: ContextVar[_Allowance | None] = ContextVar("reply_limit", default=None)


@contextmanager
def reply_limit(most: int) -> Iterator[None]:
    """Limit the replies read in this context to `most` bytes."""
    token = _ALLOWANCE.set(_Allowance(most))
    try:
        yield
    finally:
        _ALLOWANCE.reset(token)


class _CountingParser(_AsyncHiredisParser):
    """Counts each read against the limit of the operation that waits for it."""

    async def read_from_socket(self) -> bool:
        assert self._stream is not None
        chunk = await self._stream.read(self._read_size)
        if (allowance := _ALLOWANCE.get()) is not None:
            allowance.spend(len(chunk))
        if not chunk:
            raise RedisConnectionError(SERVER_CLOSED_CONNECTION_ERROR)
        self._reader.feed(chunk)  # type: ignore[attr-defined]
        return True


class LimitedConnection(_Base):
    """A connection whose replies count against the limit; exceeding it closes the connection."""

    def set_parser(self, parser_class: type[object]) -> None:
        """Use our parser whatever is requested: it supports both protocols."""
        super().set_parser(_CountingParser)
