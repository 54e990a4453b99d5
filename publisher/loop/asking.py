"""Queries a source in bounded time: every failure is a SourceError, and affects only that answer."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from datetime import date
from typing import TypeVar

from chain.clock import Clock
from chain.errors import ChaindeckError
from publisher.source import ChainWindow, Source, SourceError, Survey

log = logging.getLogger(__name__)

T = TypeVar("T")
Answers = dict[date, ChainWindow | SourceError]


class Asking:
    """Queries one source; an answer that takes longer than `limit_s` seconds is a failure."""

    def __init__(self, source: Source, clock: Clock, limit_s: float) -> None:
        self._source = source
        self._clock = clock
        self._limit_s = limit_s
        self._fetch_ms = 0.0

    def take_fetch_ms(self) -> float:
        """Return how long the windows since the last call took to be answered, added up."""
        taken, self._fetch_ms = self._fetch_ms, 0.0
        return taken

    def windows(self, survey: Survey, expiries: Sequence[date]) -> AsyncGenerator[Answers, None]:
        """Yield windows as they arrive, until every expiration has been answered."""
        answers = self._in_memory if self._source.in_memory else self._as_they_come
        return answers(survey, expiries)

    async def _in_memory(self, survey: Survey, expiries: Sequence[date]) -> AsyncGenerator[Answers, None]:
        """Yield everything at once, for a source in memory, where tasks would only add cost."""
        yield {expiry: await self._window(survey, expiry) for expiry in expiries}

    async def _as_they_come(self, survey: Survey, expiries: Sequence[date]) -> AsyncGenerator[Answers, None]:
        """Yield what has arrived, in order of expiration, until all have."""
        tasks = {asyncio.create_task(self._window(survey, expiry)): expiry for expiry in expiries}
        try:
            waiting = set(tasks)
            while waiting:
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                yield {tasks[task]: task.result() for task in tasks if task in done}
        finally:
            for task in tasks:
                task.cancel()

    async def _window(self, survey: Survey, expiry: date) -> ChainWindow | SourceError:
        asked = self._clock.monotonic()
        try:
            window = await self.ask(self._source.fetch_window, survey, expiry)
        except SourceError as error:
            return error
        self._fetch_ms += (self._clock.monotonic() - asked) * 1000
        return window

    async def ask(self, call: Callable[..., Awaitable[T]], *args: object) -> T:
        """Return the source's answer; raise SourceError for any failure, timeouts included."""
        timer: asyncio.Timeout | None = None
        try:
            if self._source.in_memory:
                return await call(*args)
            async with self._clock.timeout(self._limit_s) as timer:
                return await call(*args)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            raise SourceError(_reason(error)) from error
        except Exception as error:
            if timer is not None and timer.expired():
                raise SourceError(f"no answer from the source within {self._limit_s:g} s") from None
            raise SourceError(_reason(error)) from error


def _reason(error: BaseException) -> str:
    """Return a source's own error message; any other exception is a defect, logged with its traceback."""
    if isinstance(error, ChaindeckError):
        return str(error)
    log.error("the source failed in a way it should not", exc_info=error)
    return f"the source failed: {type(error).__name__} (see the log)"
