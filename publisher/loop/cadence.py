"""A fixed cadence: turns on a schedule of the monotonic clock, and between them whenever one is asked for."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from chain.clock import Clock


class Cadence:
    """Takes turns every so many seconds; one that overruns skips those it missed, and none piles up."""

    def __init__(
        self,
        clock: Clock,
        interval_s: float,
        turn: Callable[[], Awaitable[object]],
        *,
        after: asyncio.Event | None = None,
        skipped: Callable[[int], None],
    ) -> None:
        """`after`: what the first turn waits for; `skipped` is told how many turns were missed."""
        self._clock = clock
        self._interval_s = interval_s
        self._turn = turn
        self._after = after
        self._skipped = skipped
        self._wake = asyncio.Event()

    def turn_now(self) -> None:
        """Ask for a turn at once; the schedule goes on as before."""
        self._wake.set()

    async def run(self) -> None:
        """Take turns until cancelled."""
        if self._after is not None:
            await self._after.wait()
            self._wake.clear()  # what was asked for until then is done by the first turn
        due = self._clock.monotonic()
        while True:
            await self._turn()
            due = self._next_due(due)
            while await self._woken_before(due):
                await self._turn()

    def _next_due(self, due: float) -> float:
        """Return when the next turn is due, monotonic seconds: the first of the schedule that is still to come."""
        due += self._interval_s
        late = self._clock.monotonic() - due
        if late <= 0:
            return due
        missed = int(late // self._interval_s) + 1
        self._skipped(missed)
        return due + self._interval_s * missed

    async def _woken_before(self, due: float) -> bool:
        """Wait for `due`, monotonic seconds; return whether a turn was asked for first, or since the last wait."""
        with suppress(TimeoutError):
            async with self._clock.timeout(due - self._clock.monotonic()):
                await self._wake.wait()
            self._wake.clear()
            return True
        return False
