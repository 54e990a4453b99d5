"""The fake on a real socket: HTTP/1.1 with keep-alive, in a thread and event loop of its own."""

import asyncio
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from types import TracebackType
from typing import NamedTuple, Self

import orjson

from .api import Call, VendorApi
from .chains import ChainBook
from .faults import Effect, Fault
from .ledger import Ledger, Record
from .reply import Reply

_HEAD_LIMIT = 8_192  # bytes of request line and headers, as common front ends allow
_SETTLE_S = 10.0  # for the thread to start and to end


class _Request(NamedTuple):
    call: Call
    headers: Mapping[str, str]


class FakeMassive:
    """A server of the vendor's API, running inside `with`; `api` holds what may be changed meanwhile."""

    def __init__(
        self,
        book: ChainBook,
        *,
        key: str = "demo",
        plan: str = "advanced",
        indices: bool = True,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.api = VendorApi(book, key, plan, indices)
        self.ledger = Ledger()
        self._address = (host, port)
        self._faults: dict[Fault, int] = {}  # and how many requests each has matched
        self._crashes: list[BaseException] = []
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    def __enter__(self) -> Self:
        self._bound: Future[int] = Future()
        self._thread = threading.Thread(target=asyncio.run, args=(self._serve(),), name="fake-massive")
        self._thread.start()
        self._address = (self._address[0], self._bound.result(_SETTLE_S))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_SETTLE_S)
        if self._thread.is_alive():
            raise RuntimeError("the fake vendor's thread did not end")
        if self._crashes and error is None:
            raise self._crashes[0]

    @property
    def url(self) -> str:
        return "http://{}:{}".format(*self._address)

    @property
    def port(self) -> int:
        return self._address[1]

    @property
    def book(self) -> ChainBook:
        return self.api.book

    @book.setter
    def book(self, book: ChainBook) -> None:
        self.api.book = book

    @property
    def requests(self) -> list[Record]:
        return self.ledger.requests

    def count(self, path: str = "*", *, status: int | None = None, page: int | None = None) -> int:
        """Return how many requests match a path pattern, a status sent, a page number."""
        return self.ledger.count(path, status=status, page=page)

    def reset_counts(self) -> None:
        self.ledger.reset()

    def inject(self, *faults: Fault) -> None:
        """Let faults strike from now on, in this order where several fit."""
        self._faults = {**self._faults, **dict.fromkeys(faults, 0)}

    def clear(self, *faults: Fault) -> None:
        """End these faults, or all."""
        self._faults = {fault: n for fault, n in self._faults.items() if faults and fault not in faults}

    def drop_connections(self) -> None:
        """Close every connection from this side, at once."""
        self._loop.call_soon_threadsafe(self._abort_all)

    def _abort_all(self) -> None:
        for writer in self._connections.values():
            writer.transport.abort()

    def _strike(self, call: Call) -> list[Effect]:
        """Return the effects on a call, and count it against every fault it fits."""
        effects: list[Effect] = []
        for fault in [fault for fault in self._faults if fault.fits(call)]:
            matched = self._faults[fault] = self._faults[fault] + 1
            if matched > fault.skip and (fault.times is None or matched <= fault.skip + fault.times):
                effects.append(fault.effect)
        return effects

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        try:
            server = await asyncio.start_server(self._accept, *self._address, limit=_HEAD_LIMIT, backlog=512)
        except OSError as error:
            self._bound.set_exception(error)
            return
        self._bound.set_result(server.sockets[0].getsockname()[1])
        await self._stop.wait()
        server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = self._loop.create_task(self._converse(reader, writer))
        self._connections[task] = writer
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._connections.pop(task).close()
        if not task.cancelled() and (crash := task.exception()) is not None:
            self._crashes.append(crash)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.ledger.opened()
        try:
            # A client may leave at any point; that is never this side's error.
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while await self._exchange(reader, writer):
                    pass
        finally:
            self.ledger.closed()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; return whether the connection may carry another."""
        request = await _read_request(reader, writer)
        if request is None:
            return False
        call, headers = request
        record = self.ledger.begin(call, headers)
        try:
            effects = self._strike(call)
            delay = sum(effect.delay() for effect in effects if effect.delay)
            if delay:
                await asyncio.sleep(delay)
            reply = self._reply(call, effects)
            body, encoding = reply.encoded("gzip" in headers.get("accept-encoding", ""))
            head = _head(reply, encoding, len(body))
            delivery = next((effect.deliver for effect in effects if effect.deliver), None)
            if delivery is not None:
                await delivery(head, body, reader, writer)
                return False
            # Before the write: whoever has read an answer finds it in the record.
            record.status, record.bytes, record.took = reply.status, len(body), time.monotonic() - record.time
            writer.write(head + body)
            await writer.drain()
        finally:
            self.ledger.end()
        return headers.get("connection", "").lower() != "close"

    def _reply(self, call: Call, effects: list[Effect]) -> Reply:
        instead = next((effect.instead for effect in effects if effect.instead), None)
        reply = instead() if instead else self.api.answer(call)
        edits = [effect.edit for effect in effects if effect.edit]
        if edits and reply.status == HTTPStatus.OK:
            envelope = orjson.loads(reply.plain())
            for edit in edits:
                if "results" in envelope:
                    edit(envelope, call, self.api)
            reply = Reply(reply.status, orjson.dumps(envelope), headers=reply.headers)
        for mangle in [effect.mangle for effect in effects if effect.mangle]:
            reply = replace(reply, page=None, tail=mangle(reply.plain()))
        return reply


async def _read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> _Request | None:
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        await _refuse(writer, HTTPStatus.REQUEST_URI_TOO_LONG)
        return None
    first, *lines = raw.decode("latin-1").rstrip("\r\n").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        await _refuse(writer, HTTPStatus.BAD_REQUEST)
        return None
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    await reader.readexactly(int(headers.get("content-length", 0)))
    return _Request(Call.of(words[0], words[1], headers), headers)


async def _refuse(writer: asyncio.StreamWriter, status: HTTPStatus) -> None:
    body = f"<html><h1>{status.value} {status.phrase}</h1></html>".encode()
    writer.write(_head(Reply(status, content_type="text/html"), "", len(body)) + body)
    await writer.drain()


def _head(reply: Reply, encoding: str, length: int) -> bytes:
    headers = {
        "Server": "nginx",
        "Content-Type": reply.content_type,
        "Content-Length": str(length),
        "Vary": "Accept-Encoding",
        **reply.headers,
    }
    if encoding:
        headers["Content-Encoding"] = encoding
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {reply.status} {_phrase(reply.status)}\r\n{lines}\r\n".encode("latin-1")


def _phrase(status: int) -> str:
    """Return a status' words; codes of one vendor alone (499, 520) have none."""
    return next((known.phrase for known in HTTPStatus if known == status), "")
