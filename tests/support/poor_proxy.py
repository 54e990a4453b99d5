"""A proxy that knows little: RESP2, a few commands on keys, nothing about connections, scripts or servers."""

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self

from tests.support.fault_proxy import read_command
from tests.support.servers import HOST

KNOWN = frozenset(b"GET MGET SET DEL EXISTS GETRANGE TYPE PTTL EXPIRE HGET HLEN HSTRLEN PUBLISH XADD".split())


class PoorProxy:
    """Listens on a loopback port inside `async with`. What it does not know, it refuses, or hangs up at."""

    def __init__(self, upstream_port: int, *, hangs_up: bool = False, known: frozenset[bytes] = KNOWN) -> None:
        self.port = 0
        self.refused: set[bytes] = set()
        self._upstream_port = upstream_port
        self._hangs_up = hangs_up
        self.known = known
        self._links: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self._server.close()
        for link in self._links:
            link.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = asyncio.current_task()
        assert link is not None
        self._links.add(link)
        link.add_done_callback(self._links.discard)
        up_reader, up_writer = await asyncio.open_connection(HOST, self._upstream_port)
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
                while await self._pass(reader, writer, up_reader, up_writer):
                    pass
        finally:
            up_writer.close()
            writer.close()

    async def _pass(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        up_reader: asyncio.StreamReader,
        up_writer: asyncio.StreamWriter,
    ) -> bool:
        """Pass one command on and its reply back; return False to hang up."""
        raw, command = await read_command(reader)
        if command[0].upper() not in self.known:
            self.refused.add(command[0].upper())
            writer.write(b"-ERR unknown command '%s'\r\n" % command[0])
            return not self._hangs_up
        up_writer.write(raw)
        writer.write(await _reply(up_reader))
        await writer.drain()
        return True


async def _reply(reader: asyncio.StreamReader) -> bytes:
    """Return one RESP2 reply, whole."""
    head = await reader.readuntil(b"\r\n")
    kind, size = head[:1], head[1:-2]
    if kind == b"$" and int(size) >= 0:
        return head + await reader.readexactly(int(size) + 2)
    if kind == b"*" and int(size) > 0:
        return head + b"".join([await _reply(reader) for _ in range(int(size))])
    return head
