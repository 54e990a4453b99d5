"""Commands without a screen: they run until they are done or a signal ends them, and end in any case."""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Generic, TypeVar

from msgspec import Struct

from chain.tasks import end
from chaindeck.exits import Exit
from chaindeck.process.collector import when_loaded
from chaindeck.process.signal_handlers import handle_signals

log = logging.getLogger(__name__)

PATIENCE_S = 8.0  # for parts to end, and for a farewell to a Redis that does not answer
_POLITE = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

T = TypeVar("T")


class Ended(Struct, Generic[T], frozen=True):
    """How a command's work ended: by itself with a result, or by the signal of that number."""

    result: T | None = None
    signal: int = 0


def run_until_signal(
    work: Coroutine[Any, Any, T],
    release: Callable[[], None] = lambda: None,
    on_signals: Mapping[int, Callable[[], None]] | None = None,
) -> Ended[T]:
    """Run work on a loop of its own until it ends, which raises what it raised, or SIGINT, SIGTERM or SIGHUP ends it.

    `on_signals` are called on that loop. Work that does not end when cancelled is abandoned: `release` is called, and
    the process exits. To be called on the main thread, once.
    """
    return _Run(release).run(work, on_signals or {})


class _Run:
    def __init__(self, release: Callable[[], None]) -> None:
        self._release = release
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._signal = 0
        self._over = threading.Event()

    def run(self, work: Coroutine[Any, Any, T], on_signals: Mapping[int, Callable[[], None]]) -> Ended[T]:
        heard: dict[int, Callable[[], None]] = {number: self._ender(number) for number in _POLITE}
        heard |= {number: partial(self._call, call) for number, call in on_signals.items()}
        handle_signals(heard)
        when_loaded()
        try:
            return asyncio.run(self._main(work))
        finally:
            self._over.set()

    async def _main(self, work: Coroutine[Any, Any, T]) -> Ended[T]:
        self._loop = asyncio.get_running_loop()
        if self._signal:
            self._stop.set()
        running, signalled = asyncio.ensure_future(work), asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait([running, signalled], return_when=asyncio.FIRST_COMPLETED)
        finally:
            await end([running, signalled])
        return Ended(signal=self._signal) if running.cancelled() else Ended(running.result())

    def _call(self, call: Callable[[], object]) -> None:
        """Call on the loop; nobody to call where there is none yet, or no more."""
        if self._loop is not None:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(call)

    def _ender(self, number: int) -> Callable[[], None]:
        def end_process() -> None:
            self._signal = self._signal or number
            self._call(self._stop.set)
            if self._over.wait(PATIENCE_S):
                return
            log.error("did not end within %g s of the signal, and is left as it is", PATIENCE_S)
            self._release()
            logging.shutdown()
            os._exit(Exit.INTERNAL)

        return end_process
