"""A fixed cadence: turns on a schedule of the monotonic clock, and in between on request."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from chain.clock import Clock


class Cadence:
    """Takes a turn every `every_s` seconds; turns missed by an overrun are skipped."""

    def __init__(
        self,
        clock: Clock,
        interval_s: float,
        turn: Callable[[], Awaitable[object]],
        *,
        after: asyncio.Event | None = None,
        skipped: Callable[[int], None],
    ) -> None:
        """`after`: what the first turn waits for; `skipped` is called with the number of missed turns."""
        self._clock = clock
        self._interval_s = interval_s
        self._turn = turn
        self._after = after
        self._skipped = skipped
        self._wake = asyncio.Event()

    def turn_now(self) -> None:
        """Request a turn at once; the schedule does not change."""
        self._wake.set()

    async def run(self) -> None:
        """Take turns until cancelled."""
        if self._after is not None:
            await self._after.wait()
            self._wake.clear()  # earlier requests are served by the first turn
        due = self._clock.monotonic()
        while True:
            await self._turn()
            due, missed = next_due(due, self._interval_s, self._clock.monotonic())
            if missed:
                self._skipped(missed)
            while await self._woken_before(due):
                await self._turn()

    async def _woken_before(self, due: float) -> bool:
        """Wait until `due`, monotonic seconds; return whether a turn was requested before then."""
        with suppress(TimeoutError):
            async with self._clock.timeout(due - self._clock.monotonic()):
                await self._wake.wait()
            self._wake.clear()
            return True
        return False


def next_due(due: float, interval_s: float, now: float) -> tuple[float, int]:
    """Return when the turn after the one that was due is due, and how many turns were missed; monotonic seconds.

    It is the next one on the schedule, or the one due now if none was missed.
    """
    due += interval_s
    late = now - due
    if late <= 0:
        return due, 0
    missed = int(late // interval_s) + 1
    return due + interval_s * missed, missed
