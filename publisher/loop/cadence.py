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
            due, missed = next_due(due, self._interval_s, self._clock.monotonic())
            if missed:
                self._skipped(missed)
            while await self._woken_before(due):
                await self._turn()

    async def _woken_before(self, due: float) -> bool:
        """Wait for `due`, monotonic seconds; return whether a turn was asked for first, or since the last wait."""
        with suppress(TimeoutError):
            async with self._clock.timeout(due - self._clock.monotonic()):
                await self._wake.wait()
            self._wake.clear()
            return True
        return False


def next_due(due: float, interval_s: float, now: float) -> tuple[float, int]:
    """Return when the turn after the one that was due is due, and how many turns were missed; monotonic seconds.

    It is the first of the schedule that is still to come, or that is due just now where none was missed.
    """
    due += interval_s
    late = now - due
    if late <= 0:
        return due, 0
    missed = int(late // interval_s) + 1
    return due + interval_s * missed, missed
