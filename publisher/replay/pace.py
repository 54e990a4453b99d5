"""How fast a replay really goes where it cannot keep up with the speed that was asked for."""

from collections import deque

from chain.clock import Clock
from publisher.replay.clock import ReplayClock

_WINDOW_S = 5.0  # of our time
_AS_FAST = 0.95  # of the speed that was asked for, from which on nobody needs to know


class Pace:
    """Is told whenever the replay's clock had to wait; speeds are in seconds of the recording a second."""

    def __init__(self, clock: ReplayClock, ours: Clock) -> None:
        self._clock = clock
        self._ours = ours
        self.begin()

    def begin(self) -> None:
        """Begin anew: another speed was asked for."""
        self._late_s = 0.0  # seconds of the recording by which it was late, in all
        self._began = self._clock.monotonic()
        self._marks = deque([(self._ours.monotonic(), self._began, 0.0)])  # ours, the replay's, late until then

    def on_late(self, late_s: float) -> None:
        """Take in that the clock waited for what should have been published so many of its seconds before."""
        self._late_s += late_s
        self._marks.append((self._ours.monotonic(), self._clock.monotonic(), self._late_s))

    @property
    def overall(self) -> float:
        """Its speed since it began."""
        return self._since(self._began, 0.0)

    @property
    def now(self) -> float:
        """Its speed over the last seconds."""
        old = self._ours.monotonic() - _WINDOW_S
        while len(self._marks) > 1 and self._marks[1][0] <= old:
            self._marks.popleft()
        _, began, late_s = self._marks[0]
        return self._since(began, late_s)

    @property
    def falls_behind(self) -> bool:
        """Whether it goes noticeably slower than it was told to."""
        return not self._clock.paused and not self._is_as_asked(self.now)

    @property
    def fell_behind(self) -> bool:
        """Whether it was noticeably slower since it began."""
        return not self._is_as_asked(self.overall)

    def _since(self, began: float, late_s: float) -> float:
        played_s = self._clock.monotonic() - began
        return self._clock.speed * (1.0 - (self._late_s - late_s) / played_s if played_s > 0 else 1.0)

    def _is_as_asked(self, speed: float) -> bool:
        return speed >= _AS_FAST * self._clock.speed
