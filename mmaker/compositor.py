"""The compositor: one of them leads, and keeps staging as snapshots and stream make it; others stand by."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from redis.asyncio import Redis

from chain.clock import Instant
from chain.context import Context
from chain.errors import ChaindeckError, RedisUnavailableError
from chain.model.keys import COMPOSITOR, STREAM, ChainId
from chain.monitor.board import Board
from chain.redis.contract.coordination.lease import Lease
from chain.redis.contract.stream.group import StreamPlace
from chain.redis.contract.stream.ids import START, StreamId
from mmaker.flush import WRITES_A_SECOND, ChainFlush
from mmaker.inputs import ChainInput, inputs_of
from mmaker.stager import LeadLostError
from mmaker.term import Term

log = logging.getLogger(__name__)

_RETRY_S = 0.5
_NOTICE_S = 300.0  # how long something is said that is over


class Compositor:
    """Composes under one prefix of one Redis. What it needs to know of snapshots it hears from a watcher's Boards."""

    def __init__(
        self,
        redis: Redis,
        context: Context,
        *,
        every_s: float = 1 / WRITES_A_SECOND,
        on_flush: Callable[[ChainFlush], object] = lambda flush: None,
        on_lead: Callable[[], Awaitable[None]] | None = None,
        on_end: Callable[[], object] = lambda: None,
        wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        """`every_s`: seconds between two writes of a chain, at least; `on_flush` hears of each.

        `on_lead` is awaited when we have begun to lead, `on_end` called when we lead no more. While it is not
        `wanted`, it leaves the lead to others.
        """
        self.every_s = every_s
        self.lease = Lease(redis, context, [STREAM], service=COMPOSITOR)
        self.lag: int | None = None  # entries not read, as last measured
        self.pending: int | None = None
        self._redis = redis
        self._context = context
        self._clock = context.clock
        self._on_flush = on_flush
        self._on_lead = on_lead
        self._on_end = on_end
        self._wanted = wanted
        self._board: Board | None = None
        self._heard = asyncio.Event()  # of a first Board
        self._gained = asyncio.Event()
        self._term: Term | None = None
        self._last_term: Term | None = None
        self._error = ""
        self._notice, self._noticed = "", float("-inf")
        self._events_before = 0  # of past terms

    @property
    def leading(self) -> bool:
        """Whether it leads, and so writes."""
        return self._term is not None

    @property
    def term(self) -> Term | None:
        """What it does while it leads."""
        return self._term

    @property
    def error(self) -> str:
        """Why nothing is written; "" while all is well, or another leads."""
        lease = self.lease
        if fault := lease.refused or ("" if lease.holds(STREAM) else lease.last_error):
            return f"no lease, without which two would compose at once: {fault}"
        return self._error if lease.leader.get(STREAM, lease.me) == lease.me else ""

    @property
    def notice(self) -> str:
        """What happened lately that a person should know."""
        if self._term is not None and self._term.reading.foreign:
            return self._term.reading.foreign
        return self._notice if self._clock.monotonic() - self._noticed < _NOTICE_S else ""

    @property
    def events(self) -> int:
        """How many events were taken in."""
        return self._events_before + (self._term.market.events if self._term else 0)

    @property
    def acknowledged(self) -> StreamId:
        """The last entry acknowledged in this term."""
        return self._term.reading.acknowledged if self._term else START

    def on_board(self, board: Board) -> None:
        """Hear which snapshots there are."""
        self._board = board
        self._heard.set()

    def inputs(self) -> dict[ChainId, ChainInput]:
        """Return every chain that is expected, and whether anything may be derived of it now."""
        return {} if self._board is None else inputs_of(self._board, Instant.now(self._clock))

    async def run(self) -> None:
        """Compose whenever we lead, until cancelled."""
        while True:
            if not self.lease.holds(STREAM):
                self._gained.clear()
                await self._gained.wait()
                continue
            try:
                await self._heard.wait()
                await self._lead()
            except RedisUnavailableError as error:
                self._failed(str(error))
                await self._clock.sleep(_RETRY_S)
            except LeadLostError as error:
                log.warning("%s: standing by", error)
                await self.lease.renew()
            except ChaindeckError as error:  # the stream was trimmed, or staging is not ours: begin again
                self._say(f"rebuilt from snapshots and the retained stream: {error}")
                await self._clock.sleep(self.every_s)

    async def keep_lease(self) -> None:
        """Keep trying for the lead, until cancelled."""
        await self.lease.run(self._gained.set, wanted=self._wanted)

    async def measure(self) -> None:
        """Find out how far behind the stream we are."""
        place: StreamPlace | None = None
        if self._term is not None:
            try:
                place = await self._term.reading.place()
            except RedisUnavailableError:
                place = None  # that Redis is gone is told as an error of what is written
        self.lag, self.pending = (place.lag, place.pending) if place else (None, None)

    async def leave(self) -> None:
        """Acknowledge what is written, and let another lead at once."""
        try:
            if self._last_term is not None and self.lease.holds(STREAM):
                await self._last_term.reading.finish()
        except RedisUnavailableError as error:
            log.warning("what was written last is read again by the next compositor: %s", error)
        await self.lease.release()

    async def _lead(self) -> None:
        """Compose until the lease is lost, or something goes wrong."""
        term = Term(self._redis, self._context)
        said = await term.begin(self.inputs(), again=self._last_term is not None)
        if said:
            self._say(f"rebuilt from snapshots and the retained stream: {said}")
        if not self._error:  # else each try would be told, and "staging again" will be
            log.info("composing %s from entry %s on", self._context.keys.prefix, term.reading.position)
        self._term = self._last_term = term
        due = self._clock.monotonic()
        announce = self._on_lead
        try:
            while self.lease.holds(STREAM):
                due = max(due + self.every_s, self._clock.monotonic())
                for flush in await term.round(self.inputs(), due):
                    self._on_flush(flush)
                self._recovered()
                if announce is not None:
                    await announce()
                    announce = None
                await self._clock.sleep_until(due)
        finally:
            self._events_before += term.market.events
            self._term = None
            self._on_end()

    def _failed(self, why: str) -> None:
        if why != self._error:
            log.warning("nothing is staged: %s", why)
        self._error = why

    def _recovered(self) -> None:
        if self._error:
            log.info("staging again")
            self._error = ""

    def _say(self, words: str) -> None:
        log.warning("%s", words)
        self._notice, self._noticed = words, self._clock.monotonic()
