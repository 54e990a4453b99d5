"""The clock as an input, for reading and waiting: the machine's own clocks, or clocks moved by hand.

Except for waits on real sockets or processes, nothing uses `time` or the event loop's clock. A replay, a demo or a test
passes in another clock, and every cadence, back-off and timeout follows it. Ruff enforces this; the exceptions, and
why, are in pyproject.toml.
"""

import asyncio
import heapq
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

from msgspec import Struct

_TURNS = 50  # event loop turns that woken tasks get before a manual clock moves on
_TURNS_A_LOOK = 10  # event loop turns between two checks whether a task waits for a socket


class Clock(Protocol):
    """What every component reads the time from, and waits on."""

    @property
    def of_this_machine(self) -> bool:
        """Whether it shows the machine's own time, which can be compared with other machines' clocks."""

    def wall_ns(self) -> int:
        """Wall clock, epoch nanoseconds; may step in either direction."""

    def monotonic(self) -> float:
        """Monotonic clock, seconds from an arbitrary start; never goes back."""

    async def sleep(self, seconds: float) -> None:
        """Return once that many seconds of the monotonic clock have passed."""

    async def sleep_until(self, moment: float) -> None:
        """Return once the monotonic clock shows `moment`; if that is past, after other tasks had a turn."""

    def timeout(self, seconds: float) -> AbstractAsyncContextManager[asyncio.Timeout]:
        """Return a context that ends its body with TimeoutError after that many seconds of the monotonic clock."""


class Instant(Struct, frozen=True):
    """One instant on both clocks: epoch nanoseconds and monotonic seconds."""

    wall_ns: int
    mono: float

    @classmethod
    def now(cls, clock: Clock) -> "Instant":
        """Read both clocks."""
        return cls(clock.wall_ns(), clock.monotonic())

    @property
    def wall_ms(self) -> int:
        """Whole epoch milliseconds."""
        return self.wall_ns // 1_000_000

    @property
    def wall_s(self) -> float:
        """Epoch seconds."""
        return self.wall_ns / 1e9


class SystemClock:
    """The machine's own clocks."""

    of_this_machine = True

    def wall_ns(self) -> int:
        """Epoch nanoseconds."""
        return time.time_ns()

    def monotonic(self) -> float:
        """Seconds since boot or a like start."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait in real time."""
        await asyncio.sleep(max(0.0, seconds))

    async def sleep_until(self, moment: float) -> None:
        """Wait in real time."""
        await asyncio.sleep(max(0.0, moment - time.monotonic()))

    def timeout(self, seconds: float) -> AbstractAsyncContextManager[asyncio.Timeout]:
        """Limit the body in real time."""
        return asyncio.timeout(seconds)


@dataclass(slots=True, order=True)
class _Alarm:
    due: float
    number: int  # breaks ties: the alarm that was set first rings first
    ring: Callable[[], object] = field(compare=False)
    off: bool = field(default=False, compare=False)


@dataclass(slots=True)
class ManualClock:
    """Clocks that move only on request. Sleepers are woken in order of time; all on one event loop."""

    wall: int  # epoch ns
    mono: float = 0.0  # seconds
    of_this_machine: bool = False
    _alarms: list[_Alarm] = field(default_factory=list, repr=False)
    _set: int = field(default=0, repr=False)

    def wall_ns(self) -> int:
        """Epoch nanoseconds as last set."""
        return self.wall

    def monotonic(self) -> float:
        """Seconds as last set."""
        return self.mono

    @property
    def waiting(self) -> int:
        """How many sleepers and time limits are set."""
        return sum(not alarm.off for alarm in self._alarms)

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock was moved that far."""
        await self.sleep_until(self.mono + seconds)

    async def sleep_until(self, moment: float) -> None:
        """Wait until the clock was moved there."""
        if moment <= self.mono:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        alarm = self._at(moment, lambda: None if woken.done() else woken.set_result(None))
        try:
            await woken
        finally:
            alarm.off = True

    @asynccontextmanager
    async def timeout(self, seconds: float) -> AsyncIterator[asyncio.Timeout]:
        """Limit the body by this clock."""
        async with asyncio.timeout(None) as limit:
            alarm = self._at(self.mono + seconds, lambda: limit.reschedule(0.0))
            try:
                yield limit
            finally:
                alarm.off = True

    def advance(self, seconds: float) -> None:
        """Move both clocks forward together; tasks that are due run when the event loop next turns."""
        end = self._later(seconds)
        while self._ring_next(end):
            pass
        self._move(end)

    async def run(self, seconds: float, settled: Callable[[], bool] = lambda: True) -> None:
        """Move forward from one sleeper to the next; each runs until it sleeps again before time moves on.

        If tasks also wait for real sockets, `settled` says whether none does at the moment.
        """
        end = self._later(seconds)
        await self._let_others_run(settled)
        while self._ring_next(end):
            await self._let_others_run(settled)
        self._move(end)
        await self._let_others_run(settled)

    def step_wall(self, seconds: float) -> None:
        """Step the wall clock alone, as a time service may."""
        self.wall += round(seconds * 1e9)

    def _at(self, moment: float, ring: Callable[[], object]) -> _Alarm:
        self._set += 1
        alarm = _Alarm(moment, self._set, ring)
        heapq.heappush(self._alarms, alarm)
        return alarm

    def _ring_next(self, end: float) -> bool:
        """Ring the next alarm that is due by `end`, at its own time; return whether there was one."""
        while self._alarms and self._alarms[0].due <= end:
            alarm = heapq.heappop(self._alarms)
            if not alarm.off:
                self._move(max(self.mono, alarm.due))
                alarm.ring()
                return True
        return False

    def _later(self, seconds: float) -> float:
        """Return the moment that many seconds from now; raise where it is past: who waits there would wait on."""
        if seconds < 0:
            raise ValueError(f"a monotonic clock never goes back: {seconds:g} s")
        return self.mono + seconds

    def _move(self, moment: float) -> None:
        self.wall += round((moment - self.mono) * 1e9)
        self.mono = moment

    @staticmethod
    async def _let_others_run(settled: Callable[[], bool]) -> None:
        """Run the event loop until, for a number of turns, all tasks wait only for this clock."""
        left = _TURNS
        while left > 0:
            for _ in range(_TURNS_A_LOOK):
                await asyncio.sleep(0)
            left = left - _TURNS_A_LOOK if settled() else _TURNS
