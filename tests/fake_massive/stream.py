"""A fake of the vendor's stream on a real WebSocket: the documented protocol, and every way in which it can fail.

with FakeStream() as fake:
    ...  # a client on fake.url with the key "demo"
    wait_until(lambda: fake.held)
    fake.push(trade("O:SPXW260102C06930000"))
    fake.displace()  # another connection of the account takes the place of every one that is open
"""

import asyncio
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Self

import orjson
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

Event = dict[str, Any]
_SETTLE_S = 10.0
_BACKLOG = 1 << 20  # bytes that wait for a slow reader before it is disconnected


@dataclass(slots=True)
class Rules:
    """How the vendor treats clients; may be changed at any time, and holds for what comes after."""

    key: str = "demo"
    kinds: frozenset[str] = frozenset({"Q.", "T."})  # topics that the plan includes
    real_time: bool = True  # whether the plan has real-time rights; without, the real-time host refuses
    websocket: bool = True  # whether the plan has a stream at all
    refusal: Literal["named", "bare"] = "named"  # how a topic is refused
    greets: bool = True
    answers: bool = True  # to the key
    auth_timeout_s: float = 0.0  # instead of an answer to the key
    confirms: bool = True  # subscriptions
    most: int | None = None  # connections of the account
    kills: Literal["older", "newer"] = "older"
    http_status: int = 0  # instead of the WebSocket handshake
    redirect: str = ""  # where the handshake is redirected to


@dataclass(eq=False, slots=True)
class Peer:
    """One connection, as the vendor sees it."""

    socket: ServerConnection
    opened: float  # monotonic seconds
    authenticated: bool = False
    topics: dict[str, None] = field(default_factory=dict)  # in the order of subscription
    messages: list[Event] = field(default_factory=list)  # that it sent; the key is in one of them
    outbox: "asyncio.Queue[bytes | tuple[int, str]]" = field(default_factory=asyncio.Queue)  # frames; a farewell
    waiting: int = 0  # bytes in the outbox
    parting: "asyncio.Future[None] | None" = None  # the farewell to a slow reader


class FakeStream:
    """A server of the vendor's stream, in a thread of its own, running inside `with`."""

    def __init__(self, rules: Rules | None = None, *, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        self.rules = rules or Rules()
        self.peers: list[Peer] = []  # all that ever connected, oldest first
        self.handshakes = 0  # that were asked for
        self.most_quotes = 0  # contracts whose quotes one connection ever carried at once
        self._tls = tls
        self._port = port

    def __enter__(self) -> Self:
        self._started: Future[int] = Future()
        self._thread = threading.Thread(target=asyncio.run, args=(self._run(),), name="fake-stream")
        self._thread.start()
        self._port = self._started.result(_SETTLE_S)
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(_SETTLE_S)
        assert not self._thread.is_alive(), "the fake stream's thread did not end"

    @property
    def url(self) -> str:
        return f"{'wss' if self._tls else 'ws'}://127.0.0.1:{self._port}/options"

    @property
    def open_peers(self) -> list[Peer]:
        return [peer for peer in [*self.peers] if peer.socket.state.name == "OPEN"]

    @property
    def held(self) -> set[str]:
        """The topics of every open connection together."""
        return {topic for peer in self.open_peers for topic in [*peer.topics]}

    def sent_by_clients(self, action: str) -> list[str]:
        """Return the parameters of every message of one kind, oldest first."""
        found = [message for peer in [*self.peers] for message in [*peer.messages]]
        return [message["params"] for message in found if message.get("action") == action]

    def push(self, *events: Event, frame: bytes | None = None) -> None:
        """Send events in one frame, or a frame as it is, to every client that is subscribed to anything of it."""
        self._call(self._push, events, frame)

    def burst(self, event: Event, count: int) -> None:
        """Send an event in as many frames, all at once, to every client."""
        frame = orjson.dumps([event])
        size = bytes([len(frame)]) if len(frame) < 126 else b"\x7e" + len(frame).to_bytes(2, "big")
        self._raw((b"\x81" + size + frame) * count, then_cut=False)

    def flood(self, count: int) -> None:
        """Send a flood of status events, one a frame."""
        for number in range(count):
            self.say("success", f"note {number}")

    def displace(self) -> None:
        """Let another connection of the account take the place of all."""
        self._each(self._end_over_limit)

    def say(self, status: str, message: str) -> None:
        """Send a status event to every client."""
        self._each(lambda peer: self._send(peer, _status(status, message)))

    def close(self, code: int, reason: str = "") -> None:
        """Close every connection with a code."""
        self._each(lambda peer: peer.outbox.put_nowait((code, reason)))

    def cut(self) -> None:
        """Cut every connection without a word."""
        self._each(lambda peer: peer.socket.transport.abort())

    def cut_in_a_frame(self) -> None:
        """Announce a frame of 1,000 bytes, send ten of them, and cut."""
        self._raw(b"\x81\x7e\x03\xe8" + b"[" * 10, then_cut=True)

    def break_protocol(self) -> None:
        """Send bytes that are no WebSocket frame."""
        self._raw(b"\xff\xff\xff\xffnonsense", then_cut=False)

    def freeze(self) -> None:
        """Let connections be half open: the sockets stay, nothing is read or answered any more."""
        self._each(lambda peer: peer.socket.transport.pause_reading())

    def _raw(self, data: bytes, *, then_cut: bool) -> None:
        def write(peer: Peer) -> None:
            peer.socket.transport.write(data)
            if then_cut:
                peer.socket.transport.close()

        self._each(write)

    def _each(self, deed: Callable[[Peer], object]) -> None:
        """Do something to every open connection, in the server's own thread; wait until it is done."""
        self._call(lambda: [deed(peer) for peer in self.open_peers])

    def _call(self, work: Callable[..., object], *args: object) -> None:
        done: Future[None] = Future()

        def run() -> None:
            try:
                work(*args)
            except BaseException as error:  # noqa: BLE001 - handed to whoever asked
                done.set_exception(error)
            else:
                done.set_result(None)

        self._loop.call_soon_threadsafe(run)
        done.result(_SETTLE_S)

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()
        try:
            server: Server = await serve(
                self._converse,
                "127.0.0.1",
                self._port,
                ssl=self._tls,
                process_request=self._instead,
                ping_interval=None,
                close_timeout=0.2,
                max_size=1 << 20,
            )
        except OSError as error:
            self._started.set_exception(error)
            return
        self._started.set_result(server.sockets[0].getsockname()[1])
        await self._over.wait()
        server.close(close_connections=False)
        for peer in self.peers:
            peer.socket.transport.abort()
        await server.wait_closed()

    def _instead(self, socket: ServerConnection, _: Request) -> Response | None:
        self.handshakes += 1
        if self.rules.redirect:
            response = socket.respond(302, "")
            response.headers["Location"] = self.rules.redirect
            return response
        return socket.respond(self.rules.http_status, "no\n") if self.rules.http_status else None

    async def _converse(self, socket: ServerConnection) -> None:
        peer = Peer(socket, time.monotonic())
        self.peers.append(peer)
        if self.rules.greets:
            self._send(peer, _status("connected", "Connected Successfully"))
        delivering = asyncio.ensure_future(self._deliver(peer))
        try:
            async for raw in socket:
                message = orjson.loads(raw)
                peer.messages.append(message)
                await self._answer(peer, str(message.get("action")), str(message.get("params", "")))
        except ConnectionClosed:
            pass
        finally:
            delivering.cancel()

    async def _answer(self, peer: Peer, action: str, params: str) -> None:
        if action == "auth":
            await self._authenticate(peer, params)
        elif not peer.authenticated:
            self._send(peer, _status("auth_required", "authenticate first"))
        elif action == "subscribe":
            self._subscribe(peer, params.split(","))
        elif action == "unsubscribe":
            for topic in params.split(","):
                if peer.topics.pop(topic, 0) is None and self.rules.confirms:
                    self._send(peer, _status("success", f"unsubscribed to: {topic}"))

    async def _authenticate(self, peer: Peer, key: str) -> None:
        rules = self.rules
        if not rules.answers:
            return
        if rules.auth_timeout_s:
            await asyncio.sleep(rules.auth_timeout_s)
            self._send(peer, _status("auth_timeout", "authentication timed out"))
        elif key != rules.key:
            self._send(peer, _status("auth_failed", "authentication failed"))
        elif not rules.websocket:
            self._send(peer, _status("error", "Your plan doesn't include websocket access."))
        else:
            peer.authenticated = True
            self._send(peer, _status("auth_success", "authenticated"))
            return
        peer.outbox.put_nowait((1008, ""))

    def _subscribe(self, peer: Peer, topics: Iterable[str]) -> None:
        """Grant what the plan includes: one answer a topic, and none for one that is held already."""
        if not self.rules.real_time:
            self._send(peer, _status("error", "You don't have access real-time data. Please use the delayed cluster."))
            return
        for topic in topics:
            if topic[:2] not in self.rules.kinds:
                named = f"not authorized: {topic}" if self.rules.refusal == "named" else "not authorized"
                self._send(peer, _status("error", named))
                if self.rules.refusal == "bare":
                    break
            elif topic not in peer.topics:
                peer.topics[topic] = None
                self.most_quotes = max(self.most_quotes, sum(held.startswith("Q.") for held in peer.topics))
                if self.rules.confirms:
                    self._send(peer, _status("success", f"subscribed to: {topic}"))
        self._keep_limit()

    def _keep_limit(self) -> None:
        """End connections beyond the account's limit: only once they are authenticated and subscribed."""
        open_now = [peer for peer in self.open_peers if peer.topics]
        most = self.rules.most
        if most is None or len(open_now) <= most:
            return
        surplus = open_now[:-most] if self.rules.kills == "older" else open_now[most:]
        for peer in surplus:
            self._end_over_limit(peer)

    def _end_over_limit(self, peer: Peer) -> None:
        self._send(peer, _status("max_connections", "Maximum number of websocket connections exceeded."))
        peer.outbox.put_nowait((1008, "policy violation"))

    def _push(self, events: Sequence[Event], frame: bytes | None) -> None:
        for peer in self.open_peers:
            wanted = [event for event in events if f"{event.get('ev')}.{event.get('sym')}" in peer.topics]
            if frame is not None or wanted:
                self._send(peer, frame or orjson.dumps(wanted))

    @staticmethod
    def _send(peer: Peer, frame: bytes) -> None:
        """Send a frame after those that wait; a reader for whom too much waits is disconnected, as the vendor does."""
        if peer.waiting > _BACKLOG:
            if not peer.parting:
                peer.parting = asyncio.ensure_future(peer.socket.close(1008, "slow consumer"))
            return
        peer.waiting += len(frame)
        peer.outbox.put_nowait(frame)

    @staticmethod
    async def _deliver(peer: Peer) -> None:
        with suppress(ConnectionClosed):
            while isinstance(frame := await peer.outbox.get(), bytes):
                await peer.socket.send(frame, text=True)
                peer.waiting -= len(frame)
            await peer.socket.close(*frame)


def _status(status: str, message: str) -> bytes:
    return orjson.dumps([{"ev": "status", "status": status, "message": message}])


def trade(ticker: str, price: float = 7.7, *, ts_ms: int = 1766437799445, seq: int = 1) -> Event:
    """Return a trade in the vendor's shape."""
    return {"ev": "T", "sym": ticker, "x": 302, "p": price, "s": 1, "c": [236], "t": ts_ms, "q": seq}


def quote(ticker: str, bid: float = 7.6, ask: float = 7.9, *, ts_ms: int = 1766437799445, seq: int = 1) -> Event:
    """Return a quote in the vendor's shape."""
    fields = {"bx": 302, "ax": 302, "bp": bid, "ap": ask, "bs": 5, "as": 6, "t": ts_ms, "q": seq}
    return {"ev": "Q", "sym": ticker, **fields}
