"""The engine: one thread with a loop of its own for the watcher and, where there is one, the publisher.

The screen never shares this loop: a terminal that stops reading would stop the publisher too.
"""

import asyncio
import logging
import socket
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit

from redis.asyncio import Redis

from chain.clock import Clock
from chain.errors import ChaindeckError
from chain.model.keys import Names
from chain.monitor.board import Board
from chain.monitor.watcher import Watcher
from chain.redis.connection import RedisTarget
from chain.redis.embedded import EmbeddedServer
from chain.tasks import end
from chaindeck.crew import Crew
from publisher.loop import Publisher

log = logging.getLogger(__name__)

_STOP_S = 4.0
_SUPERVISE_EVERY_S = 1.0
_CONNECT_S = 0.5
_PAINT_S = 1.0

MakeCrew = Callable[[Redis], Crew]


class BoardSlot:
    """The newest Board, and at most one wake-up outstanding."""

    def __init__(self) -> None:
        self.polls = 0
        self._board: Board | None = None
        self._wake: Callable[[], None] | None = None
        self._asked = False
        self._painted = threading.Event()

    def put(self, board: Board) -> None:
        """Replace the Board; wake the reader unless it has yet to answer the last call."""
        self._board = board
        self.polls += 1
        if self._wake is not None and not self._asked:
            self._asked = True
            self._wake()

    def latest(self) -> Board | None:
        """Return the newest Board and allow the next wake-up."""
        self._asked = False
        return self._board

    def subscribe(self, wake: Callable[[], None]) -> None:
        """Call `wake` from the engine's thread when a Board comes in."""
        self._wake = wake

    def painted(self) -> None:
        """Say that a grid is on screen."""
        self._painted.set()

    async def first_paint(self) -> None:
        """Wait, not for long, until a grid is on screen: two threads that compute share one interpreter."""
        await asyncio.to_thread(self._painted.wait, _PAINT_S)


class Engine:
    """Runs watcher and publisher until stopped."""

    def __init__(
        self,
        target: RedisTarget,
        clock: Clock,
        slot: BoardSlot,
        *,
        make_crew: MakeCrew | None = None,
        server: EmbeddedServer | None = None,
        names: Names | None = None,
    ) -> None:
        self._target = target
        self._clock = clock
        self._slot = slot
        self._make_crew = make_crew
        self._server = server
        self._names = names or Names()
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self.publisher: Publisher | None = None
        self.redis: Redis | None = None
        self.failure: BaseException | None = None

    def start(self) -> None:
        """Start the thread; returns once its loop runs."""
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        """Stop publishing, say so in the heartbeat, close connections; returns within a few seconds in any case."""
        if self._loop is not None and self._thread.is_alive():
            self.call(self._stop.set)
            self._thread.join(_STOP_S)

    def call(self, function: Callable[[], object]) -> None:
        """Run a function on the engine's loop, without waiting for it."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(function)

    def submit(self, coroutine: Coroutine[Any, Any, str]) -> "Future[str]":
        """Run a coroutine on the engine's loop."""
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def publish_now(self, *, asked: bool = False) -> None:
        """Start the next publishing cycle at once; `asked`: an operator wants it, even after it gave way to live."""
        if self.publisher is not None:
            self.call(partial(self.publisher.publish_now, asked=asked))

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:
            self.failure = error
            log.exception("the engine stopped")
        finally:
            self._ready.set()

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.redis = self._target.connect()
        jobs: list[Awaitable[None]]
        if self._make_crew is None:
            jobs = [Watcher(self.redis, self._names, self._clock, shown_as=self._target.label).run(self._slot.put)]
        else:
            crew = self._make_crew(self.redis)
            self.publisher = crew.publisher
            jobs = crew.jobs(self._slot.put)
        if self._server is not None:
            jobs.append(self._supervise(self._server))
        tasks = [asyncio.ensure_future(job) for job in jobs]
        stopped = asyncio.ensure_future(self._stop.wait())
        self._ready.set()
        try:
            done, _ = await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await end([stopped, *tasks])
            await self.redis.aclose()

    async def _supervise(self, server: EmbeddedServer) -> None:
        """Keep an embedded server there: when the deck that owned it leaves, this one takes over.

        One that listens but is slow to answer is left alone: another in its place would be empty.
        """
        path = unquote(urlsplit(self._target.url).path)
        while True:
            await asyncio.sleep(_SUPERVISE_EVERY_S)
            if await asyncio.to_thread(_listens, path):
                continue
            try:
                endpoint = await asyncio.to_thread(server.start_or_attach)
            except ChaindeckError as error:
                log.warning("embedded Redis is gone: %s", error)
            else:
                log.warning(
                    "embedded Redis was gone: %s %s", "started" if endpoint.owned else "attached to", endpoint.url
                )
                self.publish_now()


def _listens(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.settimeout(_CONNECT_S)
        try:
            link.connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except OSError:
            return True  # too busy to accept
    return True
