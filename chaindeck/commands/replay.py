"""`chaindeck replay`: plays a tape into Redis without a screen, to its end or until told to stop."""

import asyncio
import logging
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from chain.context import Context
from chain.model.session import new_york
from chain.supervisor import Supervisor
from chain.tasks import end
from chaindeck.config.redis_location import RedisLocation, redis_location
from chaindeck.config.settings import Settings
from chaindeck.engine.embedded_keeper import keepers
from chaindeck.engine.replay.compose import ReplayOptions, replaying
from chaindeck.engine.replay.tape_recording import TapeRecording
from chaindeck.exits import Exit
from chaindeck.process.ended import run_until_signal
from publisher.replay.player import Player
from publisher.replay.recording import Recording
from publisher.replay.replay import Replay

log = logging.getLogger(__name__)


def run_replay(context: Context, settings: Settings, path: Path, options: ReplayOptions) -> int:
    """Play a tape, or a folder of days, and print what was published; return the exit code.

    Raises ConfigError, TapeError, LiveProtectedError, ReplacedError and RedisUnavailableError.
    """
    options.check(context)
    with TapeRecording(path) as recording, redis_location(settings.redis_url) as place:
        options.span(recording)
        run = _Run(place, recording, context, options)
        heard: dict[int, Callable[[], None]] = {signal.SIGUSR1: run.pause_or_resume, signal.SIGUSR2: run.step}
        ended = run_until_signal(run.play(), place.release, heard)
        print(f"{recording.name}: {run.last_words}", flush=True)
        if ended.signal:
            return Exit.DONE if options.loop else 128 + ended.signal
        return run.code


@dataclass(slots=True)
class _Run:
    """One run of a replay, which signals steer."""

    place: RedisLocation
    recording: Recording
    context: Context
    options: ReplayOptions
    _replay: Replay | None = None

    async def play(self) -> None:
        """Play until the end, or until cancelled; raise what ended it."""
        target = self.place.target
        async with replaying(target, self.recording, self.context, self.options) as replay:
            self._replay = replay
            self._tell(replay.player, target.shown)
            kept = keepers(self.place, self.context.clock, replay.player.refill)
            running = asyncio.ensure_future(Supervisor(self.context.clock).run([*replay.parts(), *kept]))
            ends = [asyncio.ensure_future(each.wait()) for each in (replay.over, replay.player.finished)]
            try:
                await asyncio.wait([running, *ends], return_when=asyncio.FIRST_COMPLETED)
            finally:
                await end([running, *ends])
            if replay.ended_by is not None:
                raise replay.ended_by

    def pause_or_resume(self) -> None:
        """Stand still, or go on."""
        if (player := self._player) is not None:
            log.info("%s at %s", *(("goes on", _at(player)) if player.clock.paused else ("paused", _at(player))))
            player.resume() if player.clock.paused else player.pause()

    def step(self) -> None:
        """Go to the next turn, and stand still there."""
        if (player := self._player) is not None:
            player.step()

    @property
    def last_words(self) -> str:
        """What was published in all."""
        return self._replay.last_words() if self._replay else "nothing was published"

    @property
    def code(self) -> Exit:
        """How a replay that reached its end did."""
        counts = self._replay.counters if self._replay else {}
        if not counts.get("published"):
            return Exit.UNAVAILABLE
        lost = self.recording.damages or counts.get("failed") or counts.get("refused_older")
        return Exit.INCOMPLETE if lost else Exit.DONE

    @property
    def _player(self) -> Player | None:
        return self._replay.player if self._replay else None

    def _tell(self, player: Player, shown: str) -> None:
        keys, name = self.context.keys, self.recording.name
        begins = _time(self.options.span(self.recording).begin_ns)
        what = f"{name} from {begins} at {player.clock.speed:g}x into {keys.prefix} of {shown}"
        if self.options.restamp:
            log.warning("REPLAY among live names, stamped anew and marked replay beside each pointer: %s", what)
        else:
            log.info("replaying %s", what)


def _at(player: Player) -> str:
    return _time(player.at_ns)


def _time(wall_ns: int) -> str:
    return f"{new_york(wall_ns / 1e9):%Y-%m-%d %H:%M:%S} ET"
