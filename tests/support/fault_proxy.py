"""A proxy before a Redis that fails on purpose, command by command: deliver, swallow the reply, cut, hold, delay."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from enum import Enum, auto
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote, unquote, urlsplit

Command = tuple[bytes, ...]
_MARK = b"fault-proxy-mark"
_PING_MARK = b"*2\r\n$4\r\nPING\r\n$%d\r\n%s\r\n" % (len(_MARK), _MARK)


class Fate(Enum):
    """What becomes of one command."""

    DELIVER = auto()
    SWALLOW = auto()  # the server obeys, then the client loses the connection instead of hearing so
    CUT = auto()  # the connection ends before the server hears of the command
    HOLD = auto()  # a black hole: nothing is delivered, nothing answered, the connection stays


Rule = Callable[[Command], Awaitable[Fate]]


async def deliver(_: Command) -> Fate:
    """Let a command through."""
    return Fate.DELIVER


def always(fate: Fate) -> Rule:
    """Return the rule that gives every command one fate."""

    async def rule(_: Command) -> Fate:
        return fate

    return rule


def first(word: bytes, fate: Fate) -> Rule:
    """Return the rule that gives `fate` to the first command beginning with `word`, and lets all others through."""
    met: list[Command] = []

    async def rule(command: Command) -> Fate:
        if command[0].upper() != word or met:
            return Fate.DELIVER
        met.append(command)
        return fate

    return rule


class FaultProxy:
    """Listens on a unix socket inside `async with` and passes commands to the Redis at `upstream` (unix:// or redis://).

    `rule` is asked before each command is passed on; it may await, which delays that command and those behind it.
    """

    def __init__(self, upstream: str, folder: Path) -> None:
        self.rule: Rule = deliver
        self.commands: list[Command] = []
        self._upstream = urlsplit(upstream)
        self._socket = folder / "proxy.sock"
        self._replies = asyncio.Event()
        self._replies.set()
        self._links: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"unix://{quote(str(self._socket))}"

    def seen(self, word: bytes) -> list[Command]:
        """Return the commands met that begin with `word`."""
        return [command for command in self.commands if command[0].upper() == word]

    def hold_replies(self) -> None:
        """Keep back what the server answers, on every connection, until `release_replies`."""
        self._replies.clear()

    def release_replies(self) -> None:
        """Let answers flow again, those kept back first."""
        self._replies.set()

    async def listen(self) -> None:
        """Accept connections."""
        self._server = await asyncio.start_unix_server(self._accept, self._socket)

    async def refuse(self) -> None:
        """Cut what is connected, and refuse further connections until `listen`."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self._socket.unlink(missing_ok=True)
        for link in self._links:
            link.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        await self.refuse()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = asyncio.current_task()
        assert link is not None
        self._links.add(link)
        link.add_done_callback(self._links.discard)
        try:
            up_reader, up_writer = await self._connect()
        except OSError:
            writer.close()
            return
        muted = asyncio.Event()
        answers = asyncio.create_task(self._answer(up_reader, writer, muted))
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
                await self._obey(reader, up_writer, muted, answers)
        finally:
            answers.cancel()
            writer.close()
            up_writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._upstream.scheme == "unix":
            return await asyncio.open_unix_connection(unquote(self._upstream.path))
        return await asyncio.open_connection(self._upstream.hostname, self._upstream.port or 6379)

    async def _obey(
        self,
        reader: asyncio.StreamReader,
        server: asyncio.StreamWriter,
        muted: asyncio.Event,
        answers: asyncio.Task[None],
    ) -> None:
        """Pass commands on, each after its fate is known, until one of them ends the connection."""
        while True:
            raw, command = await read_command(reader)
            self.commands.append(command)
            fate = await self.rule(command)
            if fate is Fate.CUT:
                return
            if fate is Fate.HOLD:
                await reader.read()  # until the client gives up
                return
            if fate is Fate.SWALLOW:
                muted.set()
                server.write(raw + _PING_MARK)
                await answers  # ends at the mark: the server has done what stood before it
                return
            server.write(raw)
            await server.drain()

    async def _answer(self, server: asyncio.StreamReader, writer: asyncio.StreamWriter, muted: asyncio.Event) -> None:
        """Pass answers back; once muted, drop them, and end where the mark comes by."""
        tail = b""
        while answer := await server.read(65_536):
            await self._replies.wait()
            if muted.is_set():
                tail = (tail + answer)[-256:]
                if _MARK in tail:
                    return
                continue
            writer.write(answer)
            with suppress(ConnectionError):
                await writer.drain()
        writer.close()


async def read_command(reader: asyncio.StreamReader) -> tuple[bytes, Command]:
    """Return one RESP array of strings, as sent and as words."""
    head = await reader.readuntil(b"\r\n")
    raw, words = bytearray(head), []
    for _ in range(int(head[1:])):
        size = await reader.readuntil(b"\r\n")
        word = await reader.readexactly(int(size[1:]) + 2)
        raw += size + word
        words.append(word[:-2])
    return bytes(raw), tuple(words)
