"""The deck: engine and screen side by side in one process, or one frame of text where there is no terminal."""

import asyncio
import os
import threading
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from importlib import import_module
from pathlib import Path

from platformdirs import user_data_path

from chain.clock import Clock, Instant
from chain.context import Context
from chain.errors import ConfigError, RedisUnavailableError
from chain.monitor.alerts.rule import AlertRule
from chain.monitor.board import Board
from chain.monitor.evaluate.signals import evaluate
from chain.supervisor import Supervisor
from chain.text import clean
from chaindeck.config.redis_location import RedisLocation, redis_location, running_place
from chaindeck.config.settings import Settings
from chaindeck.deck.demo import MockDemo
from chaindeck.deck.display import Display
from chaindeck.engine.alerts.opening import with_alerts
from chaindeck.engine.board_slot import BoardSlot
from chaindeck.engine.compose import PublishMode, publishing_services, refuse_beside_live
from chaindeck.engine.engine import Engine
from chaindeck.engine.looking.readers import with_readers
from chaindeck.engine.recording.deck_recording import DeckRecording
from chaindeck.engine.services import Services
from chaindeck.engine.sources import SourceName, make_source
from chaindeck.engine.travel.recent import Recent
from chaindeck.engine.travel.traveller import Traveller
from chaindeck.engine.watching import watching_services
from chaindeck.exits import say
from chaindeck.looks import prepare_looks
from chaindeck.process.logs import LogPane, log_nowhere, log_to_file
from chaindeck.process.streams import why_no_screen
from publisher.faults import WithholdingSource
from tape.record.tap import Tap

_FRAME_WAIT_S = 8.0


def run_deck(
    context: Context, settings: Settings, kind: SourceName, captures: Sequence[Path], *, among_live: bool = False
) -> int:
    """Run publisher and screen until the reader quits; return the exit code.

    Raises LiveProtectedError for invented or recorded data where a live publisher publishes, unless `among_live`.
    """
    prepare_looks(settings)
    if why_no_screen() is None:
        threading.Thread(target=_load_screen, daemon=True).start()
    source = WithholdingSource(make_source(kind, settings, captures, context.clock))
    with redis_location(settings.redis_url) as place:
        log_nowhere()  # the publisher says it again, in the log
        asyncio.run(refuse_beside_live(place.target, source, context, among_live=among_live))
        slot = BoardSlot()
        tap = Tap()
        travel = _recent(tap, place, slot, context, settings)
        rules = _rules(settings)
        mode = PublishMode(among_live=among_live, after_first=slot.first_paint)

        def open_services(supervisor: Supervisor) -> AbstractAsyncContextManager[Services]:
            opened = publishing_services(place, source, settings, context, mode, supervisor=supervisor, tap=tap)
            return with_readers(with_alerts(opened, rules, place.target, context, slot), place.target, context, slot)

        engine = Engine(slot, context.clock, open_services, _recording(tap, place, context, settings))
        demo = MockDemo(
            engine, source, context, embedded=place.server is not None, streams=settings.stream is not False
        )
        return _show(place, engine, slot, context, demo if kind == "mock" else None, settings, travel)


def run_watch(context: Context, settings: Settings) -> int:
    """Show a Redis that others fill; write nothing. Return the exit code."""
    prepare_looks(settings)
    place = running_place(settings.redis_url)
    slot = BoardSlot()
    tap = Tap()
    travel = _recent(tap, place, slot, context, settings)
    rules = _rules(settings)

    def open_services(supervisor: Supervisor) -> AbstractAsyncContextManager[Services]:
        opened = watching_services(place.target, context, supervisor=supervisor, tap=tap)
        return with_readers(with_alerts(opened, rules, place.target, context, slot), place.target, context, slot)

    engine = Engine(slot, context.clock, open_services, _recording(tap, place, context, settings))
    return _show(place, engine, slot, context, None, settings, travel)


def _rules(settings: Settings) -> tuple[AlertRule, ...]:
    """Return the alerts that are configured; none for a single frame, by which nobody is to be paged.

    Asked on the main thread: in the background of a terminal a signal's disposition is set.
    """
    return settings.alerts if why_no_screen() is None else ()


def _recent(tap: Tap, place: RedisLocation, slot: BoardSlot, context: Context, settings: Settings) -> Traveller | None:
    """Return what travels in the recent answers of a tap; None where nobody could look at them."""
    if why_no_screen() is not None or not settings.rewind_mb:
        return None
    recent = Recent(context.keys, settings.rewind_mb * 1_000_000, place.target.label)
    tap.add(recent.backlog)
    return recent.traveller(slot, context.clock)


def _recording(tap: Tap, place: RedisLocation, context: Context, settings: Settings) -> DeckRecording:
    """Return what the deck's reader can record."""
    folder = Path(settings.record_dir).expanduser() if settings.record_dir else user_data_path("chaindeck") / "tapes"
    return DeckRecording(context, tap, folder, place.target.label)


def _load_screen() -> None:
    """Load Textual while the server starts."""
    import_module("tui.app")


def _show(
    place: RedisLocation,
    engine: Engine,
    slot: BoardSlot,
    context: Context,
    demo: MockDemo | None,
    settings: Settings,
    travel: Traveller | None,
) -> int:
    """Show the deck, or print one frame where no screen can be; return the exit code."""
    reason = why_no_screen()
    if reason is not None:
        if reason:
            say(f"{reason}; one frame of text instead")
        _print_frame(place, engine, slot, context.clock)
        return 0
    pane = prepare_screen(settings)
    engine.start()
    if travel is not None:
        travel.start()
    try:
        return Display(engine, slot, context, pane, place.release, travel=travel).run(demo, settings)
    finally:
        engine.stop()
        if travel is not None:
            travel.stop()


def prepare_screen(settings: Settings) -> LogPane:
    """Log where a screen does not suffer from it; return the log's pane.

    Raises ConfigError where TEXTUAL_DRIVER names a driver that there is not.
    """
    _check_driver(os.environ.get("TEXTUAL_DRIVER", ""))
    return log_to_file(warnings=settings.warnings)


def _check_driver(name: str) -> None:
    """Raise ConfigError where TEXTUAL_DRIVER names a driver that there is not."""
    module, _, driver = name.partition(":")
    try:
        if name:
            getattr(import_module(module), driver)
    except (ImportError, AttributeError, TypeError, ValueError):
        why = f"there is no driver {clean(name, 80)!r}: write it as module:Class, or unset it"
        raise ConfigError(f"environment TEXTUAL_DRIVER: {why}") from None


def _print_frame(place: RedisLocation, engine: Engine, slot: BoardSlot, clock: Clock) -> None:
    """Print one frame as soon as every expected chain was read, or after a while what there is.

    Raises RedisUnavailableError where Redis does not answer.
    """
    from chaindeck.commands.plain import frame  # noqa: PLC0415 - a screen does without

    log_nowhere()
    slot.painted()  # nothing will be
    complete = threading.Event()

    def look() -> None:
        if _complete(slot.latest()):
            complete.set()

    slot.subscribe(look)
    engine.start()
    try:
        complete.wait(_FRAME_WAIT_S)
        board = slot.latest()
        if board is None or not board.redis.health.ok:
            failed = [f"{part.name} failed: {part.error}" for part in board.parts if part.error] if board else []
            reason = (board and board.redis.health.error) or "; ".join(failed) or "no poll of Redis has ended"
            raise RedisUnavailableError(f"redis {place.target.label}: {reason}")
        print(frame(evaluate(board, Instant.now(clock))))
    finally:
        engine.stop()


def _complete(board: Board | None) -> bool:
    """Whether there is nothing to wait for: a publisher's whole cycle was read, or Redis does not answer."""
    if board is None or board.redis.health.asked is None:
        return False
    if not board.redis.health.ok:
        return True
    cycled = bool(board.publishers.known) and all(
        p.heartbeat.chain.cycle_ms is not None for p in board.publishers.known
    )
    return (
        cycled
        and bool(board.chains.records)
        and all(record.last_good or record.fault for record in board.chains.records)
    )
