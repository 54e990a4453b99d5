"""The poll loop: ask a reader until the tracker needs nothing more, then hand over a frozen Board."""

from collections.abc import Callable

from msgspec import Struct

from chain.clock import Clock, Instant
from chain.model.keys import ChainId
from chain.monitor.board import Board
from chain.monitor.watch.port import Request, SnapshotReader
from chain.monitor.watch.tracker import Tracker
from chain.supervisor import PartStatus

POLL_EVERY_S = 1.0


class Pace(Struct, frozen=True):
    """How often a watcher polls; seconds."""

    every_s: float = POLL_EVERY_S
    eager_every_s: float = 0.05  # at the start, until there is something to show
    eager_for_s: float = 5.0
    search_s: float = 2.0  # how long a single poll may search for chains that nobody announces


class Watcher:
    """Polls one reader. It never raises for a failing Redis: the Board says what happened."""

    def __init__(
        self,
        reader: SnapshotReader,
        clock: Clock,
        *,
        shown_as: str = "",
        pace: Pace | None = None,
        parts: Callable[[], tuple[PartStatus, ...]] = tuple,
    ) -> None:
        """`shown_as` names the Redis on screen; `parts` returns the status of this program's parts."""
        self.tracker = Tracker(reader.keys, shown_as)
        self.reader = reader
        self._clock = clock
        self._pace = pace or Pace()
        self._parts = parts
        self._going_since: float | None = None  # monotonic seconds at which the loop began; None for a single poll

    async def run(self, on_board: Callable[[Board], None]) -> None:
        """Poll until cancelled on a fixed schedule; polls missed by an overrun are skipped."""
        pace, every_s = self._pace, self._pace.every_s
        self._going_since = due = began = self._clock.monotonic()
        while True:
            board = await self._poll()
            on_board(board)
            now = self._clock.monotonic()
            if now - began < pace.eager_for_s and not any(record.last_good for record in board.chains.records):
                due = now + pace.eager_every_s - every_s
            due += every_s
            late = self._clock.monotonic() - due
            if late > 0:
                due += every_s * (late // every_s + 1)
            await self._clock.sleep_until(due)

    def acknowledge(self) -> list[ChainId]:
        """Acknowledge every change of source; return the chains that had one."""
        return self.tracker.acknowledge(Instant.now(self._clock))

    async def poll_once(self) -> Board:
        """Return the Board of one poll, or of a second one if a search for chains was due."""
        board = await self._poll()
        if board.redis.health.ok and await self.reader.search(self._pace.search_s):
            board = await self._poll()
        return board

    async def _poll(self) -> Board:
        """Return the Board after one poll: one round trip where nothing moved."""
        request: Request | None = self.tracker.begin()
        while request is not None:
            request = self.tracker.on_answer(await self.reader.ask(request))
        return self.tracker.board(self._parts(), self._going_since)
