"""The deck: engine and screen side by side in one process, or one frame of text where there is no terminal."""

import asyncio
import gc
import os
import signal
import sys
import termios
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path

from redis.asyncio import Redis

from chain.clock import Clock, SystemClock
from chain.errors import RedisUnavailableError
from chain.monitor.board import Board
from chain.monitor.freshness import Now
from chain.monitor.signals import judge
from chaindeck.compose import make_crew, make_saboteur, make_source, refuse_beside_live
from chaindeck.crew import Crew
from chaindeck.demo import MockDemo
from chaindeck.engine import BoardSlot, Engine
from chaindeck.heed import heed
from chaindeck.logs import LogPane, log_nowhere, log_to_file
from chaindeck.place import redis_place, running_place
from chaindeck.settings import Settings
from publisher.faults import WithholdingSource
from publisher.source import SourceKind

_FRAME_WAIT_S = 8.0
_EXIT_S = 3.0


def run_deck(settings: Settings, kind: SourceKind, captures: Sequence[Path], *, among_live: bool = False) -> None:
    """Run publisher and screen until the reader quits.

    Raises LiveProtectedError for invented or recorded data where a live publisher publishes, unless `among_live`.
    """
    if _on_terminal():
        threading.Thread(target=_load_screen, daemon=True).start()
    clock = SystemClock()
    source = WithholdingSource(make_source(kind, settings, captures, clock))
    with redis_place(settings.redis_url) as place:
        asyncio.run(refuse_beside_live(place.target, kind, settings, clock, among_live=among_live))
        slot = BoardSlot()

        def compose(client: Redis) -> Crew:
            crew = make_crew(
                client,
                source,
                settings,
                clock,
                shown_as=place.target.label,
                among_live=among_live,
                after_first=slot.first_paint,
            )
            demo.saboteur = make_saboteur(client, source, crew.publisher, clock)
            return crew

        engine = Engine(place.target, clock, slot, make_crew=compose, server=place.server)
        demo = MockDemo(engine, embedded=place.server is not None)
        _show(engine, slot, clock, demo if kind == "mock" else None, settings.theme)


def run_watch(settings: Settings) -> None:
    """Show a Redis that others fill; write nothing."""
    place = running_place(settings.redis_url)
    slot, clock = BoardSlot(), SystemClock()
    _show(Engine(place.target, clock, slot), slot, clock, None, settings.theme)


def _on_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()  # Textual paints on standard error


def _load_screen() -> None:
    """Load Textual while the server starts."""
    import_module("tui.app")


def _show(engine: Engine, slot: BoardSlot, clock: Clock, demo: MockDemo | None, theme: str | None) -> None:
    if not _on_terminal():
        _print_frame(engine, slot, clock)
        return
    pane = log_to_file()
    # A payload decodes to thousands of objects that die by reference count: searching them for cycles finds nothing.
    gc.set_threshold(100_000, 50, 100)
    engine.start()
    try:
        _run_app(engine, slot, clock, demo, theme, pane)
    finally:
        engine.stop()


def _run_app(
    engine: Engine, slot: BoardSlot, clock: Clock, demo: MockDemo | None, theme: str | None, pane: LogPane
) -> None:
    if "SSH_CONNECTION" in os.environ:
        os.environ.setdefault("TEXTUAL_FPS", "15")
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    from tui.app import DeckApp  # noqa: PLC0415 - Textual loads while the engine already publishes
    from tui.prefs import prefs_file  # noqa: PLC0415

    app = DeckApp(slot, clock, demo=demo, prefs_file=prefs_file(), theme=theme, log_lines=pane.read)

    def leave(code: int) -> None:
        app.call_from_thread(app.exit, return_code=code)

    heed(
        {
            signal.SIGUSR1: partial(engine.publish_now, asked=True),
            signal.SIGTERM: _ender(engine, leave, 128 + signal.SIGTERM),
            signal.SIGHUP: _ender(engine, None, 128 + signal.SIGHUP),
        }
    )
    app.run()
    if app.return_code:
        sys.exit(app.return_code)


def _ender(engine: Engine, leave: Callable[[int], None] | None, code: int) -> Callable[[], None]:
    """Return what ends the deck even where its screen can no longer be written.

    A terminal that is gone, or that no longer reads, can hold Textual's loop for ever; the engine is stopped first, and
    the process ends whether or not the screen followed.
    """
    cooked = termios.tcgetattr(sys.stdin)

    def end() -> None:
        engine.stop()
        if leave is not None:
            threading.Thread(target=leave, args=(code,), daemon=True).start()
            time.sleep(_EXIT_S)
            with suppress(termios.error):  # the terminal is gone as well
                termios.tcsetattr(sys.stdin, termios.TCSANOW, cooked)  # does not wait until the terminal reads
        os._exit(code)

    return end


def _print_frame(engine: Engine, slot: BoardSlot, clock: Clock) -> None:
    """Print one frame as soon as every expected chain was read, or after a while what there is.

    Raises RedisUnavailableError where Redis does not answer.
    """
    from chaindeck.plain import frame  # noqa: PLC0415 - the screen's way needs it not

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
        if board is None or not board.contact.ok:
            raise RedisUnavailableError(board.contact.error if board else "no poll of Redis has ended")
        print(frame(judge(board, Now.of(clock))))
    finally:
        engine.stop()


def _complete(board: Board | None) -> bool:
    """Whether there is nothing to wait for: a publisher's whole cycle was read, or Redis does not answer."""
    if board is None:
        return False
    if not board.contact.ok:
        return True
    cycled = bool(board.publishers) and all(p.heartbeat.chain.cycle_ms is not None for p in board.publishers)
    return cycled and bool(board.entries) and all(entry.last_good or entry.fault for entry in board.entries)
