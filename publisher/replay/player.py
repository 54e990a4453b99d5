"""From turn to turn of a recording: waits for the replay's clock, publishes, and does meanwhile what it is told."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress

from msgspec import Struct
from msgspec.structs import replace

from chain.clock import Clock
from chain.errors import RedisUnavailableError
from chain.model.snapshot import EncodedSnapshot
from chain.monitor.heartbeat import Heartbeat
from chain.thresholds import DEFAULT_INTERVAL_S
from publisher.replay.clock import ReplayClock
from publisher.replay.in_force import InForce
from publisher.replay.pace import Pace
from publisher.replay.read_ahead import ReadAhead, read_ahead
from publisher.replay.recording import Recording, Turn

log = logging.getLogger(__name__)

_AGAIN_S = 1.0  # from one try to reach a Redis that is away to the next
_BEHIND_S = 0.5  # of our time by which the clock may run ahead of what is published; then it waits
_LONGEST_WAIT_S = 86_400.0  # of the recording: no recorder is silent for a day, a clock that was wrong seems so
_BEAT_S = 0.5  # of our time, after which a beat tells where a fast replay is


class Span(Struct, frozen=True):
    """From when to when is played, epoch ns, and whether again and again."""

    begin_ns: int
    end_ns: int
    loop: bool = False


class Player:
    """Plays a span of one recording. What it may be told belongs to its event loop.

    It waits for a Redis that is away, and where it cannot keep up: whatever the speed, every turn is published, in
    order. What was in force where it went back is taken away before it goes on from there, for pointers move forward
    only.
    """

    def __init__(
        self,
        recording: Recording,
        span: Span,
        clock: ReplayClock,
        ours: Clock,
        in_force: InForce,
        *,
        stamped: Callable[[Sequence[EncodedSnapshot]], Sequence[EncodedSnapshot]] | None = None,
        may_go_on: Callable[[], Awaitable[None]],
        on_news: Callable[[], Awaitable[None]],
    ) -> None:
        """`ours`: the clock that drives the replay's. `stamped` stamps snapshots anew, just before they are published.

        `may_go_on` is awaited before each turn, and raises what ends the replay; `on_news` is awaited when readers
        should be told where it is.
        """
        self.clock = clock
        self.pace = Pace(clock, ours)
        self.heartbeats: dict[str, Heartbeat] = {}  # as recorded, of those that were there
        self.counters: Counter[str] = Counter(turns=0, passes=1)
        self.last_error = ""  # why it waits
        self.turn_ms: float | None = None  # that the last turn took to be published
        self.finished = asyncio.Event()  # whether the end was reached; cleared where it goes back
        self._recording = recording
        self._span = span
        self._ours = ours
        self._in_force = in_force
        self._stamped = stamped
        self._may_go_on = may_go_on
        self._on_news = on_news
        self._sought: int | None = None
        self._steered = asyncio.Event()  # the clock was changed, and readers were not told yet
        self._steps = 0
        self._from_ns = span.begin_ns  # until when everything is published, and where it goes on, should it fail
        self._ahead: ReadAhead | None = None
        self._due_ns: int | None = None  # of the turn that is published next
        self._told = float("-inf")  # our monotonic seconds of the last news

    @property
    def at_ns(self) -> int:
        """How far it is, epoch ns: everything until then is published."""
        return self.clock.wall_ns() if self._due_ns is None else min(self._due_ns, self.clock.wall_ns())

    @property
    def is_reading(self) -> bool:
        """Whether it waits for the recording to be read."""
        return self._ahead is not None and self._ahead.waits

    @property
    def interval_s(self) -> float:
        """How often the recorded publishers published, seconds."""
        return min((beat.chain.thresholds.interval_s for beat in self.heartbeats.values()), default=DEFAULT_INTERVAL_S)

    def pause(self) -> None:
        """Stand still; what is in force stays so, and what should have been published by now is not published."""
        self.clock.pause()
        self.clock.set(self._from_ns if self.is_reading else self.at_ns)
        self._steered.set()

    def resume(self) -> None:
        """Go on; from the beginning where it had ended."""
        if self.finished.is_set():
            self.seek(self._span.begin_ns)
        self.clock.resume()
        self._steered.set()

    def set_speed(self, speed: float) -> None:
        """Go on at another speed, seconds a second; raise ConfigError for one that is none."""
        self.clock.set_speed(speed)
        self.pace.begin()
        self._steered.set()

    def step(self) -> None:
        """Go to the next change at once, and stand still there."""
        self.clock.pause()
        self._steps += 1
        self.clock.set(self.clock.wall_ns())
        self._steered.set()

    def seek(self, wall_ns: int) -> None:
        """Go to an instant, epoch ns, within what is played."""
        self._sought = max(self._span.begin_ns, min(wall_ns, self._span.end_ns))
        self.clock.set(self._sought)

    def refill(self) -> None:
        """Publish what is in force again: Redis has come back empty."""
        self._in_force.outdate()
        self._steered.set()

    async def run(self) -> None:
        """Play until cancelled: from where it is told to, up to the end, and then wait to be told where to go."""
        at_ns = self._from_ns
        while True:
            self._sought, self._steps = None, 0
            self.clock.set(at_ns)
            self._from_ns = at_ns
            ended = await self._pass(at_ns)
            at_ns = self._span.begin_ns if self._sought is None else self._sought
            if ended and not self._span.loop:
                at_ns = await self._wait_at_the_end()
            elif ended:
                self.counters["passes"] += 1
                log.info("the recording is at its end; pass %d begins", self.counters["passes"])
            if self._stamped is None and (at_ns < self.at_ns or ended):
                await self._try(self._in_force.withdraw)  # stamps go back from here, which pointers do not

    async def keep(self) -> None:
        """Keep alive what is in force, and tell readers of the clock: when it was changed, often where it is fast."""
        while True:
            fast = self.clock.rate > 1.0  # else readers know how it goes on
            every_s = self._in_force.renewed_every_s(self.clock.rate)
            with suppress(TimeoutError):
                async with self._ours.timeout(min(every_s, _BEAT_S) if fast else every_s):
                    await self._steered.wait()
            if fast or self._steered.is_set():
                self._steered.clear()
                await self._on_news()
            try:
                await self._in_force.renew(self.clock.rate)
            except RedisUnavailableError as error:
                log.debug("not renewed: %s", error)  # the player, or the next beat, says it

    async def _wait_at_the_end(self) -> int:
        """Tell that all is published, and wait; return where to go on, epoch ns."""
        self.finished.set()
        await self._on_news()
        while self._sought is None:
            self._steps = 0
            await self.clock.until(2**63)
        self.finished.clear()
        return self._sought

    async def _pass(self, from_ns: int) -> bool:
        """Play from an instant on; return whether the end was reached, and not another instant asked for."""
        async with read_ahead(self._recording.turns(from_ns, self._span.end_ns)) as self._ahead:
            async for turn in self._ahead:
                self._due_ns = turn.at_ns
                try:
                    if not await self._reach(turn.at_ns, stops=turn.is_change):
                        return False
                    await self._publish(turn)
                finally:
                    self._due_ns = None
                if turn.resumes_ns is not None:
                    self.clock.set(turn.resumes_ns)
                self._from_ns = turn.resumes_ns or turn.at_ns
        return await self._reach(self._span.end_ns)

    async def _reach(self, at_ns: int, *, stops: bool = True) -> bool:
        """Wait until the clock shows an instant, or a step goes there; return False where another is asked for.

        `stops`: whether a step ends there.
        """
        while self._sought is None and self.clock.wall_ns() < at_ns:
            if self._steps:
                self._steps -= stops
                self.clock.set(at_ns)
            elif (left_s := (at_ns - self.clock.wall_ns()) / 1e9) > _LONGEST_WAIT_S:
                log.warning("%.1f days without anything recorded are skipped", left_s / 86_400)
                self.clock.set(at_ns)
            else:
                await self.clock.until(at_ns)
        return self._sought is None

    async def _publish(self, turn: Turn) -> None:
        await self._may_go_on()
        self._hold_back(turn.at_ns)
        now = self._ours.monotonic()
        if self._hear(turn.heartbeats) or turn.whole or now - self._told >= _BEAT_S:
            self._told = now
            await self._on_news()  # first, so that no snapshot is read as one of the future
        await self._try(lambda: self._in_force.put(turn, self._as_published(turn), self.clock.rate))
        if turn.whole:
            self._steered.set()  # to have it renewed
        self.turn_ms = (self._ours.monotonic() - now) * 1000
        self.counters["turns"] += 1

    def _as_published(self, turn: Turn) -> Sequence[EncodedSnapshot]:
        return turn.snapshots if self._stamped is None else self._stamped(turn.snapshots)

    def _hear(self, beats: Mapping[str, Heartbeat | None]) -> bool:
        """Take in recorded heartbeats; return whether one says more than that its publisher lives."""
        before = {service: _meant(beat) for service, beat in self.heartbeats.items()}
        self.heartbeats = {name: beat for name, beat in {**self.heartbeats, **beats}.items() if beat is not None}
        return before != {service: _meant(beat) for service, beat in self.heartbeats.items()}

    def _hold_back(self, at_ns: int) -> None:
        """Let the clock wait for what could not be published in time."""
        behind_s = (self.clock.wall_ns() - at_ns) / 1e9
        if behind_s > _BEHIND_S * self.clock.speed:
            self.pace.on_late(behind_s)
            self.clock.set(at_ns)

    async def _try(self, act: Callable[[], Awaitable[object]]) -> None:
        """Do something in Redis, again and again while it is away."""
        while True:
            try:
                await act()
            except RedisUnavailableError as error:
                if not self.last_error:
                    log.warning("the replay waits for Redis: %s", error)
                self.last_error = str(error)
                await self._ours.sleep(_AGAIN_S)
            else:
                break
        if self.last_error:
            log.info("Redis answers again, and the replay goes on")
            self.last_error = ""


def _meant(beat: Heartbeat) -> object:
    """Return what a beat says of its publisher's plan and market, without what each says anew."""
    plan = replace(beat.chain, cycle_ms=None, counters={})
    return beat.status, plan, beat.source.market, beat.source.calendar
