"""How many bytes the replies of one operation may have: what is larger ends its connection instead of being read.

Redis tells a value's size only to who asks for it, and one that is oversized would fill memory before anybody could
judge it. The parser therefore counts what comes in, and gives up where an operation's budget is spent.
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

READ_SIZE = 64 * 1024  # bytes taken from the socket at once, by which a budget may be overrun
DEFAULT_BYTES = 4 * 1024 * 1024  # for whatever is no payload


class OversizedReplyError(RedisError):
    """A reply was larger than the operation that asked for it allows."""


class _Allowance:
    """What is left of an operation's bytes; shared by the tasks that the operation starts."""

    __slots__ = ("left", "most")

    def __init__(self, most: int) -> None:
        self.most = self.left = most

    def spend(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise OversizedReplyError(f"a reply of more than {self.most} bytes was not read")


_ALLOWANCE: ContextVar[_Allowance | None] = ContextVar("budget", default=None)


@contextmanager
def reply_limit(most: int) -> Iterator[None]:
    """Allow so many bytes of replies within."""
    token = _ALLOWANCE.set(_Allowance(most))
    try:
        yield
    finally:
        _ALLOWANCE.reset(token)


class _CountingParser(_AsyncHiredisParser):
    """Counts each read against the budget of the operation that waits for it."""

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
    """A connection whose replies count against the budget; an error while reading ends it, as any does."""

    def set_parser(self, parser_class: type[object]) -> None:
        """Take our parser, whichever is asked for: it speaks both protocols."""
        super().set_parser(_CountingParser)
