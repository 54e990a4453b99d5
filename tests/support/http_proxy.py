"""A real HTTP proxy on loopback: CONNECT tunnels and requests in clear, with a password, with TLS, and its failures."""

import asyncio
import base64
import ssl
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


async def hang(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Take what comes and never answer."""
    await reader.read()


async def drop(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """End the connection without a word."""
    writer.transport.abort()


async def garbage(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer 200, then bytes that mean nothing."""
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n" + bytes(range(256)) * 4)
    await writer.drain()
    writer.close()


async def page(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer 200 with a page of its own, as a hotel's portal does."""
    body = b"<html>please log in</html>"
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body))
    await writer.drain()
    writer.close()


async def forbid(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Refuse by policy."""
    writer.write(b"HTTP/1.1 403 Blocked by policy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    await writer.drain()
    writer.close()


class HttpProxy:
    """Listens at `address` inside `async with`. `heads` are its requests; `answer` stands in for its own work."""

    def __init__(self, *, login: str = "", tls: ssl.SSLContext | None = None, answer: Answer | None = None) -> None:
        self.address = ""
        self.heads: list[str] = []
        self._login = base64.b64encode(login.encode()).decode() if login else ""
        self._tls = tls
        self._answer = answer
        self._links: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self._tls)
        self.address = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        await self.close()

    async def close(self) -> None:
        """Go away: connections end, and none is accepted any more; `address` stays."""
        self._server.close()
        for link in self._links:
            link.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._links.add(task)
        task.add_done_callback(self._links.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            self.heads.append(head)
            if self._answer is not None:
                await self._answer(reader, writer)
            elif self._login and f"proxy-authorization: basic {self._login}".lower() not in head.lower():
                writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
            else:
                await self._pass_on(head, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # a client may leave at any point
        finally:
            writer.close()

    async def _pass_on(self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        method, target, rest = head.split(" ", 2)
        if method == "CONNECT":
            host, _, port = target.rpartition(":")
            there, out = await asyncio.open_connection(host, int(port))
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            parts = urlsplit(target)
            there, out = await asyncio.open_connection(parts.hostname, parts.port or 80)
            out.write(f"{method} {parts.path}?{parts.query} {rest}".encode("latin-1"))
        await asyncio.gather(_pump(reader, out), _pump(there, writer))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()
