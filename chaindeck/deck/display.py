"""The deck's screen from its first picture until the reader quits: restarted if it fails, left tidily on a signal."""

import logging
import os
import select
import signal
import sys
import termios
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from chain.context import Context
from chain.errors import ChaindeckError
from chaindeck.commands.operator import DeckOperator
from chaindeck.config.settings import Settings
from chaindeck.deck.demo import MockDemo
from chaindeck.deck.watchdog import Watchdog
from chaindeck.engine.board_slot import BoardSlot
from chaindeck.engine.engine import Engine
from chaindeck.looks import export_folder
from chaindeck.process.collector import when_loaded
from chaindeck.process.logs import LogPane, log_file
from chaindeck.process.signal_handlers import ending_signals, handle_signals
from chaindeck.process.streams import paint_with
from tui.actions.keymap import Keymap
from tui.ports.time_travel import TimeTravel
from tui.terminal.attention import Attention
from tui.terminal.symbols import Symbols

if TYPE_CHECKING:
    from tui.app import DeckApp

log = logging.getLogger(__name__)

_EXIT_S = 3.0
_SWITCH_S = 0.0005  # after which a thread gives way: a key would wait ten times as long while chains are decoded
_FAILURES = 4
_CALM_S = 60.0  # a screen that stood so long starts with a clean sheet
_BREAK = signal.SIGVTALRM  # used by nothing else here
_LEAVE: Final = (
    b"\x1b[?2026l\x1b[?2004l\x1b[?7h\x1b[?2048l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?1016l"
    b"\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?1004l"
)


class Look(NamedTuple):
    """How the screen is painted, which keys it obeys, and where to it exports."""

    preset: str | None  # None: as it was remembered
    theme: str | None  # None: as remembered, or the deck's own, as dark or light as the terminal
    symbols: Symbols
    columns: tuple[str, ...]  # of the reader's own in the strike grid
    keymap: Keymap
    attention: Attention
    export_folder: Path | None  # None: the user's own


class ScreenStuckError(Exception):
    """Raised inside a screen that computes without end."""


class Display:
    """Shows the Boards of an engine, and the past beside or, where there is no engine, in place of them.

    `release` frees what a process that ends at once would leave behind.
    """

    def __init__(
        self,
        engine: Engine | None,
        slot: BoardSlot,
        context: Context,
        pane: LogPane,
        release: Callable[[], None] = lambda: None,
        *,
        travel: TimeTravel | None = None,
        on_signals: Mapping[int, Callable[[], None]] | None = None,
    ) -> None:
        self._engine = engine
        self._on_signals = on_signals or {}
        self._travel = travel
        self._slot = slot
        self._context = context
        self._clock = context.clock
        self._pane = pane
        self._release = release
        self._app: DeckApp | None = None
        self._left, self._told = threading.Event(), threading.Event()
        self._code = 0
        self._modes: list[Any] | None = None
        with suppress(termios.error, ValueError, AttributeError):
            self._modes = termios.tcgetattr(sys.__stdin__)  # type: ignore[arg-type]

    def run(self, demo: MockDemo | None, settings: Settings) -> int:
        """Show the deck until the reader quits or a signal ends it; return the exit code.

        A screen that fails is told, and started again after a second or more. Raises ChaindeckError when it fails again
        and again.
        """
        sys.setswitchinterval(_SWITCH_S)
        signal.signal(_BREAK, _break_out)
        heard: dict[int, Callable[[], None]] = {n: self._ender(n) for n in ending_signals() - {_BREAK}}
        if self._engine is not None:
            heard[signal.SIGUSR1] = partial(self._engine.publish_now, asked=True)
        handle_signals({**heard, **self._on_signals})
        attention = Attention(settings.notify_by, os.environ)
        exports = export_folder(settings)
        symbols, columns = paint_with(settings.symbols), settings.grid_columns
        look = Look(settings.preset, settings.theme, symbols, columns, settings.keymap, attention, exports)
        watchdog = Watchdog(threading.main_thread(), self._ask, self._break)
        watchdog.start(self._clock)
        failures, notices = 0, list(self._pane.notices)
        try:
            while True:
                began = self._clock.monotonic()
                failure = self._show(demo, look, notices)
                if failure is None or self._told.is_set():
                    return self._code or (self._app.return_code or 0 if self._app else 0)
                failures = 1 if self._clock.monotonic() - began > _CALM_S else failures + 1
                words = f"the screen failed ({type(failure).__name__})"
                if failures >= _FAILURES:
                    raise ChaindeckError(f"{words} {failures} times in a row; the log says where: {log_file()}")
                notices = [f"{words} and was started again; the log says where"]
                self._told.wait(2.0 ** (failures - 1))
        finally:
            watchdog.stop()
            self._left.set()

    def _show(self, demo: MockDemo | None, look: Look, notices: list[str]) -> Exception | None:
        """Run one screen; return the exception that ended it, if one did."""
        from tui.app import DeckApp  # noqa: PLC0415 - Textual loads while the engine already publishes
        from tui.prefs import prefs_file  # noqa: PLC0415
        from tui.terminal.driver import driver_for  # noqa: PLC0415

        when_loaded()
        own = None if os.environ.get("TEXTUAL_DRIVER") else driver_for(self._clock, self._hung_up)
        self._app = app = DeckApp(
            self._slot,
            self._clock,
            travel=self._travel,
            demo=demo,
            operator=None if self._engine is None else DeckOperator(self._engine, self._context),
            prefs_file=prefs_file(),
            preset=look.preset,
            theme=look.theme,
            symbols=look.symbols,
            columns=look.columns,
            keymap=look.keymap,
            export_folder=look.export_folder,
            log_lines=self._pane.read,
            calls=lambda: look.attention.sequence(self._slot.take_calls()),
            driver=own,
            notices=notices,
        )
        try:
            app.run()
        except ScreenStuckError as error:
            self._restore()
            return error
        return app.failure

    def _hung_up(self) -> None:
        threading.Thread(target=self._ender(signal.SIGHUP), daemon=True).start()

    def _ender(self, number: int) -> Callable[[], None]:
        """Return what ends the deck even where its screen can no longer be written.

        A terminal that is gone, or that no longer reads, can hold the screen's loop for ever; the engine is stopped
        first, and the process ends whether or not the screen followed.
        """

        def end() -> None:
            if self._told.is_set():
                return
            self._told.set()
            self._code = 128 + number
            if self._engine is not None:
                self._engine.stop()
            if self._terminal_lives() and self._leave() and self._left.wait(_EXIT_S):
                return
            self._restore()
            self._release()
            logging.shutdown()
            os._exit(self._code)

        return end

    def _leave(self) -> bool:
        """Ask the screen to leave; return whether it could be asked."""
        app = self._app
        if app is None or app.loop is None:
            return False
        try:
            app.loop.call_soon_threadsafe(app.exit)
        except RuntimeError:  # its loop has closed: it has left
            return True
        return True

    def _terminal_lives(self) -> bool:
        if self._modes is None:
            return True  # it never was a terminal
        try:
            termios.tcgetattr(sys.__stdin__)  # type: ignore[arg-type]
        except termios.error:
            return False
        return True

    def _restore(self) -> None:
        """Put the terminal back by force, without waiting until it reads."""
        with suppress(termios.error, OSError):
            if self._modes is not None:
                termios.tcsetattr(sys.__stdin__, termios.TCSANOW, self._modes)  # type: ignore[arg-type]
            if select.select([], [2], [], 0)[1]:
                os.write(2, _LEAVE)

    def _ask(self, answer: Callable[[], object]) -> None:
        if self._app is None or self._app.loop is None:
            raise RuntimeError("no screen yet")
        self._app.loop.call_soon_threadsafe(answer)

    def _break(self) -> None:
        """Tell on the terminal itself that the screen is stuck, and break it out of what it does."""
        with suppress(OSError):
            os.write(2, b"\x1b7\x1b[1;1H\x1b[7m SCREEN STUCK: it is started again; the log says where \x1b[m\x1b8")
        signal.pthread_kill(threading.main_thread().ident or 0, _BREAK)


def _break_out(*_: object) -> None:
    raise ScreenStuckError("the screen's thread computed without end")
