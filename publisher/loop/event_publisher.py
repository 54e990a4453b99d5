"""Publishes what the publisher's own watcher sees: health for the heartbeat, events on change."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from redis.asyncio import Redis

from chain.clock import Clock, Instant
from chain.errors import RedisUnavailableError
from chain.monitor.board import Board
from chain.monitor.evaluate.signals import HealthReport, evaluate
from chain.monitor.events import Event, EventLog, emit
from chain.monitor.states import DeckState

log = logging.getLogger(__name__)

_WAITING_MOST = 1_000


class EventPublisher:
    """Turns Boards into events, and sends them, oldest first, when Redis can be reached.

    `speaks` says whether to send events: of several publishers that see the same, one is enough.
    """

    def __init__(self, redis: Redis, service: str, clock: Clock, *, speaks: Callable[[], bool] = lambda: True) -> None:
        self._redis = redis
        self._service = service
        self._clock = clock
        self._speaks = speaks
        self._log = EventLog(service)
        self._board: Board | None = None
        self._waiting: deque[Event] = deque(maxlen=_WAITING_MOST)
        self._wake = asyncio.Event()
        self._refused = ""  # what this Redis or its ACL refuses of an event

    def on_board(self, board: Board) -> None:
        """Remember a Board, and queue the events due with it."""
        self._board = board
        events = self._log.on_report(evaluate(board, Instant.now(self._clock)))
        for event in events:
            log.log(logging.INFO if event.severity == "info" else logging.WARNING, "%s: %s", event.type, event.message)
        if self._speaks():
            self._waiting.extend(events)
        if self._waiting:
            self._wake.set()

    def report(self) -> HealthReport | None:
        """Return the newest Board evaluated now; None before there is one worth reporting."""
        if self._board is None:
            return None
        report = evaluate(self._board, Instant.now(self._clock))
        return None if report.state is DeckState.STARTING else report

    async def run(self) -> None:
        """Send queued events until cancelled; failed ones are retried with the next Board."""
        unsent = ""
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._send()
            except RedisUnavailableError as error:
                if str(error) != unsent:
                    log.warning("events wait to be sent: %s", error)
                unsent = str(error)
            else:
                unsent = ""

    async def _send(self) -> None:
        """Send events one by one: a failure may duplicate the current event, but never earlier ones."""
        while self._waiting:
            event = self._waiting[0]
            refused = await emit(self._redis, self._service, event)
            if refused != self._refused:
                log.log(logging.WARNING if refused else logging.INFO, "events are %s", refused or "sent whole again")
            self._refused = refused
            if self._waiting[0] is event:  # newer ones may have pushed it out of the queue meanwhile
                self._waiting.popleft()
