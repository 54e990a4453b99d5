"""Discovery of chains that nobody announces: alongside the poll, in small steps, at a slow cadence."""

import asyncio

from msgspec import Struct

from chain.clock import Clock
from chain.errors import RedisUnavailableError
from chain.model.keys import ChainId
from chain.redis.contract.scan import PointerScan

DISCOVER_EVERY_S = 30.0
_PAUSE_S = 0.02  # between two steps, so that other clients of Redis get their turn
_RETRY_S = 5.0


class Search(Struct, frozen=True):
    """Progress of the search: whether all keys were seen once, and if not, why."""

    over: bool = True
    error: str = ""


class Discovery:
    """Finds chains by their pointers. A failed step loses nothing found so far."""

    def __init__(self, scan: PointerScan, clock: Clock, after_s: float = 0.0) -> None:
        self.search = Search(over=False)
        self._scan = scan
        self._clock = clock
        self._due = clock.monotonic() + after_s
        self._found: set[ChainId] = set()
        self._begin_again = False
        self._one = asyncio.Lock()  # a step advances the cursor: two at once would skip keys

    @property
    def due(self) -> bool:
        """Whether it is time for a step."""
        return self._clock.monotonic() >= self._due

    def take_found(self) -> set[ChainId]:
        """Return the chains found since the last call."""
        found, self._found = self._found, set()
        return found

    def forgive(self) -> None:
        """Clear the error of a failed step: Redis was unreachable, which has its own signal."""
        self.search = Search(self.search.over)

    def begin_again(self) -> None:
        """Restart: the next step is the first of a new scan."""
        self.search = Search(over=False)
        self._begin_again = True
        self._due = self._clock.monotonic()

    async def run(self) -> None:
        """Scan Redis's keys again and again until cancelled."""
        while True:
            await self.next_step()

    async def next_step(self) -> None:
        """Do one step as soon as it is due."""
        await self._clock.sleep_until(self._due)
        await self.step()

    async def first_walk(self, within_s: float) -> None:
        """Step without pauses until all keys were seen once, a step fails, or `within_s` seconds have passed."""
        began = self._clock.monotonic()
        while not self.search.over and self._clock.monotonic() - began < within_s:
            if not await self.step() and self.search.error:
                return

    async def walk(self, within_s: float) -> None:
        """Step without pauses, if a step is due, until the scan is complete or `within_s` seconds have passed."""
        began = self._clock.monotonic()
        while await self.step() and self._clock.monotonic() - began < within_s:
            pass

    async def step(self) -> bool:
        """Do one step; return whether the scan continues."""
        async with self._one:
            return await self._step()

    async def _step(self) -> bool:
        if self._begin_again:
            self._scan.begin_again()
            self._begin_again = False
        try:
            found, over = await self._scan.step()
        except RedisUnavailableError as error:
            self.search = Search(self.search.over, str(error))
            self._due = self._clock.monotonic() + _RETRY_S
            return False
        self._found |= found
        if self._begin_again:
            return True
        self.search = Search(over or self.search.over)
        self._due = self._clock.monotonic() + (DISCOVER_EVERY_S if over else _PAUSE_S)
        return not over
