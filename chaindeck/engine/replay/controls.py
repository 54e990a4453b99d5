"""A replay steered from the screen by the keys with which one moves in the past."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from chain.clock import Clock
from chaindeck.engine.replay.guide import Guide
from publisher.replay.player import Player
from publisher.replay.recording import Recording
from tui.ports.time_travel import Cursor, Span, Stride, Timeline, thinned


class ReplayControls:
    """Where a replay is, and how to move it: what is shown is what it has published, by its own clock.

    To be called on the screen's thread; what is asked for is done on the engine's loop.
    """

    can_be_live = False

    def __init__(
        self, recording: Recording, path: Path, clock: Clock, call: Callable[[Callable[[], object]], None]
    ) -> None:
        """`path` is of the recording's tapes; `call` runs a function on the engine's loop, without waiting for it."""
        self._recording = recording
        self._call = call
        self._player: Player | None = None
        self._wanted: int | None = None  # where a step leads that is not done yet, epoch ns
        whole = Span(recording.first_ns, recording.last_ns)
        first = Timeline(f"REPLAY {recording.name}", (whole,), searched_to=whole.begin)
        self._guide = Guide(path, first, clock, at=self._at, go=self._stand)
        self.start, self.stop = self._guide.start, self._guide.stop

    def attach(self, player: Player) -> None:
        """Take the player to steer, once there is one."""
        self._player = player

    def timeline(self, columns: int) -> Timeline:
        """Return what is recorded of the day that is played, with the gravest mark for each of so many columns."""
        known = self._guide.timeline()
        return replace(known, marks=thinned(known.marks, known.begin or 0, known.end or 0, columns))

    def cursor(self) -> Cursor:
        """Return how far the replay is, and how fast it goes."""
        player = self._player
        if player is None:
            return Cursor(wanted=self._recording.first_ns)
        behind = f"at most {player.pace.now:.3g}x" if player.pace.falls_behind else ""
        return Cursor(player.at_ns, player.clock.rate, self._wanted, self._guide.note or behind)

    def seek(self, wall_ns: int) -> None:
        """Go to an instant, epoch ns; what goes on goes on there."""
        self._do(lambda player: player.seek(wall_ns))

    def step(self, stride: Stride, by: int) -> None:
        """Stand still, so many strides further or before."""
        self._do(Player.pause)
        self._guide.step(stride, by)

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

    def _at(self) -> int:
        """Return where the replay is, or is about to be, epoch ns."""
        if self._wanted is not None:
            return self._wanted
        return self._recording.first_ns if self._player is None else self._player.at_ns

    def _stand(self, wall_ns: int) -> None:
        """Stand still at an instant."""
        self._wanted = wall_ns
        self._do(lambda player: self._arrive(player, wall_ns))

    def _arrive(self, player: Player, wall_ns: int) -> None:
        player.pause()
        player.seek(wall_ns)
        if self._wanted == wall_ns:
            self._wanted = None

    def _do(self, deed: Callable[[Player], object]) -> None:
        player = self._player
        self._guide.note = ""
        if player is not None:
            self._call(lambda: deed(player))


def _play(player: Player, speed: float) -> None:
    player.set_speed(speed)
    player.resume()
