"""Tells the world what the publisher's own watcher sees: health for the heartbeat, events on change."""

import asyncio
import logging

from redis.asyncio import Redis

from chain.board import Board
from chain.clock import Clock
from chain.connection import bounded
from chain.errors import RedisUnavailableError
from chain.events import Event, EventLog, emit
from chain.signals import Now, Report, judge

log = logging.getLogger(__name__)

_WAITING_MOST = 1_000


class Herald:
    """Takes Boards as they come; sends the events they complete when Redis can be reached, oldest first."""

    def __init__(self, redis: Redis, service: str, clock: Clock) -> None:
        self._redis = redis
        self._service = service
        self._clock = clock
        self._log = EventLog(service)
        self._board: Board | None = None
        self._waiting: list[Event] = []
        self._wake = asyncio.Event()

    def take(self, board: Board) -> None:
        """Remember a Board, and queue the events that it completes."""
        self._board = board
        events = self._log.take(judge(board, Now.of(self._clock)))
        for event in events:
            log.log(logging.INFO if event.severity == "info" else logging.WARNING, "%s: %s", event.type, event.message)
        self._waiting = (self._waiting + events)[-_WAITING_MOST:]
        if self._waiting:
            self._wake.set()

    def report(self) -> Report | None:
        """Return the newest Board judged now; None before the first."""
        return judge(self._board, Now.of(self._clock)) if self._board else None

    async def run(self) -> None:
        """Send queued events until cancelled; what Redis did not take is tried again with the next Board."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            batch = list(self._waiting)
            try:
                async with bounded():
                    await emit(self._redis, self._service, batch)
            except RedisUnavailableError as error:
                log.warning("%d events wait: %s", len(batch), error)
            else:
                self._waiting = self._waiting[len(batch) :]
