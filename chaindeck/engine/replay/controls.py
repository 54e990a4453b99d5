"""A replay steered from the screen by the keys with which one moves in the past."""

from collections.abc import Callable

from publisher.replay.player import Player
from publisher.replay.recording import Recording
from tui.ports.time_travel import Cursor, Span, Stride, Timeline

_MINUTE_NS = 60_000_000_000


class ReplayControls:
    """Where a replay is, and how to move it: what is shown is what it has published, by its own clock.

    To be called on the screen's thread; what is asked for is done on the engine's loop.
    """

    can_be_live = False

    def __init__(self, recording: Recording, call: Callable[[Callable[[], object]], None]) -> None:
        """`call` runs a function on the engine's loop, without waiting for it."""
        self._recording = recording
        self._call = call
        self._player: Player | None = None

    def attach(self, player: Player) -> None:
        """Take the player to steer, once there is one."""
        self._player = player

    def timeline(self, columns: int) -> Timeline:
        """Return what is recorded; nothing is known of marks on it."""
        first, last = self._recording.first_ns, self._recording.last_ns
        return Timeline(f"REPLAY {self._recording.name}", (Span(first, last),), searched_to=last)

    def cursor(self) -> Cursor:
        """Return how far the replay is, and how fast it goes."""
        if self._player is None:
            return Cursor(wanted=self._recording.first_ns)
        return Cursor(self._player.at_ns, self._player.clock.rate)

    def seek(self, wall_ns: int) -> None:
        """Go to an instant, epoch ns; what goes on goes on there."""
        self._do(lambda player: player.seek(wall_ns))

    def step(self, stride: Stride, by: int) -> None:
        """Stand still, so many strides further or before."""
        self._do(lambda player: _step(player, stride, by))

    def play(self, speed: float) -> None:
        """Go on, so many times as fast as it went."""
        self._do(lambda player: _play(player, speed))

    def pause(self) -> None:
        """Stand still."""
        self._do(Player.pause)

    def pause_or_resume(self) -> None:
        """Stand still, or go on."""
        self._do(lambda player: player.resume() if player.clock.paused else player.pause())

    def step_once(self) -> None:
        """Stand still at the next look in which something changed."""
        self._do(Player.step)

    def live(self) -> None:
        """Go to the end of what is played."""
        self.seek(self._recording.last_ns)

    def _do(self, deed: Callable[[Player], object]) -> None:
        player = self._player
        if player is not None:
            self._call(lambda: deed(player))


def _play(player: Player, speed: float) -> None:
    player.set_speed(speed)
    player.resume()


def _step(player: Player, stride: Stride, by: int) -> None:
    """Step. Back by a snapshot means by the interval of publishing: a replay knows only what comes next."""
    if stride is Stride.MINUTE or by < 0:
        one = _MINUTE_NS if stride is Stride.MINUTE else round(player.interval_s * 1e9)
        player.pause()
        player.seek(player.at_ns + by * one)
        return
    for _ in range(by):
        player.step()
