"""One connection to the vendor's stream, by the library `websockets`: bounded, and every failure a named fault.

The key travels in one message, to the host that was asked and nowhere else: no redirect is followed. The library's own
log, which shows what is sent, is off.
"""

import logging
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidProxyStatus,
    InvalidStatus,
    ProxyError,
    WebSocketException,
)

from chain import causes
from chain.causes import cause_of
from chain.clock import Clock
from chain.text import clean
from publisher.massive.api.faults import FaultKind, VendorError, by_status
from publisher.massive.api.proxy import Proxy
from publisher.massive.api.transport import PROXY_LOGIN, lost, refused_by_proxy, trusted_authorities
from publisher.massive.stream.protocol import MASK, MAX_FRAME_BYTES, authentication

OPEN_S = 10.0  # for TCP, TLS and the handshake, as all limits of real sockets in real time
CLOSE_S = 1.0  # for a farewell
PONG_S = 15.0  # the longest wait for the answer to a ping: beyond it the connection is half open
_KEPT = 32  # frames that the library keeps before it stops reading the socket
_POLICY, _TOO_LARGE = 1008, 1009
_PROTOCOL = (1002, 1003, 1007)
_SLOW = ("slow", "behind", "buffer")
_BEFORE_THE_KEY = frozenset({FaultKind.RATE_LIMITED, FaultKind.SERVER, FaultKind.REDIRECTED})  # no key was sent yet
_SILENT = logging.Logger("chaindeck.websockets", logging.CRITICAL + 1)


class _Connect(connect):
    """The library's way to connect, that follows no redirect: the key would go to whomever it names."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class Link:
    """An open connection. Every call raises VendorError once it is lost."""

    def __init__(self, socket: ClientConnection, host: str, key: str, proxy: Proxy | None) -> None:
        self._socket = socket
        self._host = host
        self._key = key
        self._proxy = proxy

    async def authenticate(self) -> None:
        """Send the key."""
        await self.send(authentication(self._key))

    async def send(self, message: str) -> None:
        """Send a message; waits where the vendor does not read."""
        with self._faults():
            await self._socket.send(message)

    async def receive(self) -> bytes:
        """Return the next frame, whole and decompressed."""
        with self._faults():
            frame = await self._socket.recv(decode=False)
        return frame if isinstance(frame, bytes) else frame.encode()

    async def ping(self, clock: Clock) -> None:
        """Return once the vendor answers a ping; raise VendorError where it does not."""
        try:
            async with clock.timeout(PONG_S):
                with self._faults():
                    await (await self._socket.ping())
        except TimeoutError:
            raise VendorError(FaultKind.TIMEOUT, f"{self._host}: the stream does not answer a ping") from None

    def abort(self) -> None:
        """End the connection at once, without a farewell."""
        self._socket.transport.abort()

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except ConnectionClosed as error:
            raise _closed(error, self._host, self._key) from None
        except (OSError, WebSocketException) as error:
            raise lost(error, self._host, self._proxy, at_proxy=False) from None


@asynccontextmanager
async def open_link(url: str, key: str, proxy: Proxy | None = None) -> AsyncIterator[Link]:
    """Give an open connection to a WebSocket URL, and close it afterwards; raises VendorError where there is none."""
    connecting = _Connect(
        url,
        ssl=trusted_authorities() if url.startswith("wss:") else None,
        proxy=proxy.url if proxy else None,
        logger=_SILENT,
        max_size=MAX_FRAME_BYTES,
        max_queue=_KEPT,
        open_timeout=OPEN_S,
        close_timeout=CLOSE_S,
        ping_interval=None,  # pings are sent by our clock
    )
    host = clean(urlsplit(url).hostname or "", 60)
    try:
        socket = await connecting
    except (OSError, WebSocketException) as error:
        raise _not_opened(error, host, proxy) from None
    try:
        yield Link(socket, host, key, proxy)
    finally:
        await socket.close()


def _not_opened(error: Exception, host: str, proxy: Proxy | None) -> VendorError:
    """Return why there is no connection: what failed, the proxy or the vendor."""
    if isinstance(error, InvalidStatus):
        code = error.response.status_code
        kind = by_status(code)
        kind = kind if kind in _BEFORE_THE_KEY else FaultKind.ERROR_STATUS
        return VendorError(kind, f"{host} answers the stream's handshake with HTTP {code}")
    if proxy is not None and isinstance(error, InvalidProxyStatus):
        code = error.response.status_code
        if code == PROXY_LOGIN:
            return refused_by_proxy(proxy)
        return VendorError(FaultKind.PROXY, f"{proxy.shown}: it refuses to connect us (HTTP {code})")
    if isinstance(error, InvalidHandshake) and not isinstance(error, ProxyError):
        return VendorError(FaultKind.BROKEN, f"{host}: what answers there does not speak WebSocket")
    # Without a proxy's own words, what fails before TLS with the vendor begins is the way to the proxy.
    return lost(error, host, proxy, at_proxy=proxy is not None and not isinstance(error, ssl.SSLError))


def _closed(error: ConnectionClosed, host: str, key: str) -> VendorError:
    """Return the fault that the end of a connection means, by the code of whoever closed it first."""
    theirs = error.rcvd is not None and error.rcvd_then_sent is not False
    close = error.rcvd if theirs else error.sent
    if close is None:
        cause = cause_of(error)
        return VendorError(FaultKind.BROKEN, f"{host}: {cause or causes.CLOSED}")
    reason = clean(close.reason.replace(key, MASK), 80)
    if theirs and any(word in reason.lower() for word in _SLOW):
        return VendorError(FaultKind.SLOW, reason)
    if theirs and close.code == _POLICY:
        return VendorError(FaultKind.CONNECTIONS, reason)
    if not theirs and close.code == _TOO_LARGE:
        return VendorError(FaultKind.TOO_LARGE, f"a frame of more than {MAX_FRAME_BYTES // 1_048_576} MB")
    if not theirs and close.code in _PROTOCOL:
        return VendorError(FaultKind.GARBAGE, f"{host} breaks the WebSocket protocol")
    said = f" ({close.code}{' ' if reason else ''}{reason})"
    return VendorError(FaultKind.BROKEN, f"{host} ended the stream{said}")
