"""`chaindeck replay` on a terminal: the deck beside the replay, on the prefix under which it plays."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec.structs import replace

from chain.context import Context
from chain.supervisor import Part, Supervisor
from chaindeck.config.redis_location import RedisLocation, redis_location
from chaindeck.config.settings import Settings
from chaindeck.deck.deck import prepare_screen
from chaindeck.deck.display import Display
from chaindeck.engine.alerts.opening import with_alerts
from chaindeck.engine.board_slot import BoardSlot
from chaindeck.engine.embedded_keeper import keepers
from chaindeck.engine.engine import Engine
from chaindeck.engine.looking.readers import with_readers
from chaindeck.engine.replay.compose import ReplayOptions, replaying
from chaindeck.engine.replay.controls import ReplayControls
from chaindeck.engine.replay.tape_recording import TapeRecording
from chaindeck.engine.services import Services
from chaindeck.engine.watching import watching_services
from chaindeck.looks import prepare_looks
from chaindeck.process.logs import log_nowhere
from publisher.replay.recording import Recording
from publisher.replay.replay import Replay


def run_replay_deck(context: Context, settings: Settings, path: Path, options: ReplayOptions) -> int:
    """Play a tape, or a folder of days, and show what is played, until the reader quits; return the exit code.

    Raises what keeps the replay from beginning: ConfigError, UsageError, TapeError, LiveProtectedError, ReplacedError
    and RedisUnavailableError.
    """
    prepare_looks(settings)
    options.check(context)
    log_nowhere()
    with TapeRecording(path) as recording, redis_location(settings.redis_url) as place:
        asyncio.run(_try(place, recording, context, options))
        return _show(context, settings, place, path, recording, options)


def _show(
    context: Context,
    settings: Settings,
    place: RedisLocation,
    path: Path,
    recording: Recording,
    options: ReplayOptions,
) -> int:
    slot = BoardSlot()

    @asynccontextmanager
    async def open_services(supervisor: Supervisor) -> AsyncIterator[Services]:
        async with replaying(place.target, recording, context, options) as played:
            controls.attach(played.player)
            watched = watching_services(place.target, context, supervisor=supervisor)
            opened = with_alerts(watched, settings.alerts, place.target, context, slot)
            async with with_readers(opened, place.target, context, slot) as watching:
                others = [*watching.others, *played.parts(), *keepers(place, context.clock, played.player.refill)]
                others.append(Part("the replay's end", lambda: _end_of(played)))
                yield replace(watching, others=tuple(others))

    engine = Engine(slot, context.clock, open_services)
    controls = ReplayControls(recording, path, context.clock, engine.call)
    pane = prepare_screen(settings)
    engine.start()
    controls.start()
    try:
        heard: dict[int, Callable[[], None]] = {
            signal.SIGUSR1: controls.pause_or_resume,
            signal.SIGUSR2: controls.step_once,
        }
        display = Display(engine, slot, context, pane, place.release, travel=controls, on_signals=heard)
        return display.run(None, settings)
    finally:
        controls.stop()
        engine.stop()


async def _try(place: RedisLocation, recording: Recording, context: Context, options: ReplayOptions) -> None:
    """See that the replay may begin, before there is a screen."""
    async with replaying(place.target, recording, context, options):
        pass


async def _end_of(played: Replay) -> None:
    """Wait for what ends a replay, and fail by it, which the screen shows for as long as it stands."""
    await played.over.wait()
    if played.ended_by is not None:
        raise played.ended_by
