"""The engine: one thread with a loop of its own for the watcher and, where there is one, the publisher.

The screen never shares this loop: a terminal that stops reading would stop the publisher too.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, suppress
from functools import partial
from typing import Any

from chain.clock import Clock
from chain.monitor.board import Board
from chain.monitor.watch.watcher import Watcher
from chain.supervisor import PartState, PartStatus, Supervisor, error_words
from chain.tasks import end, finish
from chaindeck.engine.board_slot import BoardSlot
from chaindeck.engine.recording.deck_recording import DeckRecording
from chaindeck.engine.services import Alerting, Publishing, Services

log = logging.getLogger(__name__)

_STOP_S = 4.0

OpenServices = Callable[[Supervisor], AbstractAsyncContextManager[Services]]


class Engine:
    """Runs services in a thread until stopped. What fails there is on the Board that the slot holds."""

    def __init__(
        self, slot: BoardSlot, clock: Clock, open_services: OpenServices, recording: DeckRecording | None = None
    ) -> None:
        self._slot = slot
        self._open_services = open_services
        self.recording = recording
        self._clock = clock
        self._supervisor = Supervisor(clock, on_change=self._tell_parts)
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self.publishing: Publishing | None = None
        self.watcher: Watcher | None = None
        self.alerts: Alerting | None = None
        slot.fill_by(self.call)

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
        """Run a function on the engine's loop, without waiting for it; before it starts and after it ended, nothing."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has closed
                self._loop.call_soon_threadsafe(function)

    def submit(self, coroutine: Coroutine[Any, Any, str]) -> "Future[str]":
        """Run a coroutine on the engine's loop."""
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def publish_now(self, *, asked: bool = False) -> None:
        """Start the next publishing cycle at once; `asked`: an operator wants it, even after it gave way to live."""
        if self.publishing is not None:
            self.call(partial(self.publishing.publisher.publish_now, asked=asked))

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:
            log.exception("the engine stopped")
            since = self._clock.wall_ns() / 1e9
            ended = PartStatus("engine", PartState.FAILED, error_words(error), since)
            self._slot.tell_parts((ended,))
        finally:
            self._ready.set()

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        async with self._open_services(self._supervisor) as services:
            self.publishing, self.watcher, self.alerts = services.publishing, services.watcher, services.alerts
            running = asyncio.ensure_future(services.run(self._on_board))
            stopped = asyncio.ensure_future(self._stop.wait())
            self._ready.set()
            try:
                await asyncio.wait([running, stopped], return_when=asyncio.FIRST_COMPLETED)
            finally:
                if self.recording is not None:
                    await finish(self.recording.close())
                await end([running, stopped])
            if not running.cancelled():
                running.result()

    def _on_board(self, board: Board) -> None:
        self._slot.put(board if self.recording is None else self.recording.on_board(board))

    def _tell_parts(self) -> None:
        self._slot.tell_parts(self._supervisor.status())
