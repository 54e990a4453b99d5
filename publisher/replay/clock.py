"""The clock of a replay: another clock's time, made faster or slower, stopped, or set to any instant."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from chain.clock import Clock
from chain.errors import ConfigError
from chain.tasks import end

SLOWEST, FASTEST = 0.1, 1000.0


def checked_speed(speed: float) -> float:
    """Return a speed, seconds of the replay a second; raise ConfigError where it is none."""
    if not SLOWEST <= speed <= FASTEST:
        raise ConfigError(f"speed {speed:g}: from {SLOWEST:g} to {FASTEST:g} times that of the recording")
    return speed


class ReplayClock:
    """Tells and waits in the time of a recording, driven by a clock that is handed in. For one event loop.

    The wall clock goes where `set` says. The monotonic clock only ever runs on, at the speed of the moment, and stands
    while it is paused.
    """

    of_this_machine = False

    def __init__(self, clock: Clock, wall_ns: int, speed: float = 1.0, *, paused: bool = False) -> None:
        """Begin at `wall_ns`, epoch ns, with a `speed` in seconds a second; raise ConfigError for one that is none."""
        self._clock = clock
        self._speed = checked_speed(speed)
        self._paused = paused
        self._wall_ns = wall_ns  # at `_since`
        self._mono = 0.0
        self._since = clock.monotonic()
        self._changed = asyncio.Event()

    @property
    def speed(self) -> float:
        """Its speed where it is not paused, seconds a second."""
        return self._speed

    @property
    def paused(self) -> bool:
        """Whether it stands still."""
        return self._paused

    @property
    def rate(self) -> float:
        """By how many seconds it goes on in a second now."""
        return 0.0 if self._paused else self._speed

    def wall_ns(self) -> int:
        """Epoch nanoseconds of the recording."""
        return self._wall_ns + round(self._gone_on() * 1e9)

    def monotonic(self) -> float:
        """Seconds of the recording that have been played, again where it was set back."""
        return self._mono + self._gone_on()

    def set(self, wall_ns: int) -> None:
        """Go to an instant, epoch ns."""
        self._anchor()
        self._wall_ns = wall_ns
        self._wake()

    def set_speed(self, speed: float) -> None:
        """Go on at another speed, seconds a second; raise ConfigError for one that is none."""
        self._anchor()
        self._speed = checked_speed(speed)
        self._wake()

    def pause(self) -> None:
        """Stand still."""
        self._anchor()
        self._paused = True
        self._wake()

    def resume(self) -> None:
        """Go on."""
        self._anchor()
        self._paused = False
        self._wake()

    async def until(self, wall_ns: int) -> None:
        """Return once it shows an instant, epoch ns; sooner whenever it was set, stopped, started or made faster."""
        left_ns = wall_ns - self.wall_ns()
        if left_ns <= 0:
            await self._clock.sleep(0)
            return
        await self._wait(left_ns / 1e9)

    async def sleep(self, seconds: float) -> None:
        """Return once that many seconds of it have passed."""
        await self.sleep_until(self.monotonic() + seconds)

    async def sleep_until(self, moment: float) -> None:
        """Return once its monotonic clock shows `moment`."""
        if moment <= self.monotonic():
            await self._clock.sleep(0)
        while (left := moment - self.monotonic()) > 0:
            await self._wait(left)

    @asynccontextmanager
    async def timeout(self, seconds: float) -> AsyncIterator[asyncio.Timeout]:
        """End the body with TimeoutError after that many seconds of it."""
        async with asyncio.timeout(None) as limit:
            alarm = asyncio.ensure_future(self._ring(seconds, limit))
            try:
                yield limit
            finally:
                await end([alarm])

    async def _ring(self, seconds: float, limit: asyncio.Timeout) -> None:
        await self.sleep(seconds)
        limit.reschedule(0.0)

    async def _wait(self, seconds: float) -> None:
        """Wait until it has gone on by that much, or is changed."""
        changed, rate = self._changed, self.rate
        if not rate:
            await changed.wait()
            return
        with suppress(TimeoutError):
            async with self._clock.timeout(seconds / rate):
                await changed.wait()

    def _gone_on(self) -> float:
        return (self._clock.monotonic() - self._since) * self.rate

    def _anchor(self) -> None:
        """Take the time that has gone on until now as it is, before something changes."""
        now, gone_on = self._clock.monotonic(), self._gone_on()
        self._wall_ns += round(gone_on * 1e9)
        self._mono += gone_on
        self._since = now

    def _wake(self) -> None:
        """Let everybody who waits look again."""
        self._changed.set()
        self._changed = asyncio.Event()
