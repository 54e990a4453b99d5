"""Textual's driver for a real terminal, made to bear whatever the terminal says or does."""

import asyncio
import os
import select
import signal
import sys
from codecs import getincrementaldecoder
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from textual import events
from textual._parser import ParseError
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Size
from textual.message import Message
from textual.messages import InBandWindowResize

from chain.clock import Clock
from tui.terminal.keyboard import QUIET_S, PasteCutter, UnmarkedPaste, strokes

DEFAULT_SIZE: Final = (80, 24)
MIN_COLUMNS: Final = 20  # with fewer a dialog's text would have no room at all, and text in no columns has no height
MAX_SIZE: Final = (1_000, 400)
_LOOK_S = 0.1
PLAIN_TERMS = ("linux", "vt", "unknown", "cons")  # consoles that print part of a question they do not know
_CHUNK = 4_096


def usable_size(columns: int, rows: int) -> tuple[int, int]:
    """Return a size that can be laid out: a terminal that claims none is taken for 80x24, an absurd one is cut.

    A terminal with fewer columns than can be laid out shows the first of them.
    """
    width = max(columns or DEFAULT_SIZE[0], MIN_COLUMNS)
    return min(width, MAX_SIZE[0]), min(rows or DEFAULT_SIZE[1], MAX_SIZE[1])


def terminal_size() -> tuple[int, int]:
    """Return columns and rows as the terminal itself says; what COLUMNS and LINES say may be another terminal's."""
    for stream in (sys.__stderr__, sys.__stdout__, sys.__stdin__):
        with suppress(OSError, AttributeError, ValueError):
            return usable_size(*os.get_terminal_size(stream.fileno()))  # type: ignore[union-attr]
    return DEFAULT_SIZE


class TerminalDriver(LinuxDriver):
    """Paints on the terminal and reads from it. `clock` and `hung_up` are set by whoever makes the app."""

    clock: Clock
    hung_up: Callable[[], None]

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._shown = Size(*(size or terminal_size()))
        self._size = self._shown
        self._plain = os.environ.get("TERM", "").startswith(PLAIN_TERMS) or not os.environ.get("TERM")
        self._holds = self._stopped = False
        self._read_loop = asyncio.get_running_loop()

    def _get_terminal_size(self) -> tuple[int, int]:
        self._shown = Size(*terminal_size())
        return self._shown

    def _enable_mouse_support(self) -> None:
        """Ask for clicks, drags and the wheel, not for every movement: nothing here follows the mouse."""
        if self._mouse:
            self.write("\x1b[?1000h\x1b[?1002h\x1b[?1006h")
            self.flush()

    def _disable_mouse_support(self) -> None:
        if self._mouse:
            self.write("\x1b[?1002l")
        super()._disable_mouse_support()

    def _request_terminal_sync_mode_support(self) -> None:
        """Ask what the terminal can do: paint whole frames, and mark what is pasted."""
        if not self._plain:
            super()._request_terminal_sync_mode_support()
            self.write("\x1b[?2004$p")
            self.flush()

    def _query_in_band_window_resize(self) -> None:
        """Do not ask for sizes in the input: the terminal's own is asked at each SIGWINCH, which is never mute."""

    # A signal comes between any two instructions, also while the output queue is locked: what writes waits its turn.

    def _sigtstp_application(self, *_: object) -> None:
        with suppress(RuntimeError):  # its loop has ended: so will the program
            self._read_loop.call_soon_threadsafe(self._stop_for_shell)

    def _sigcont_application(self, *_: object) -> None:
        with suppress(RuntimeError):
            self._read_loop.call_soon_threadsafe(self._continue)

    def start_application_mode(self) -> None:
        """Take the terminal."""
        self._holds = True
        super().start_application_mode()  # type: ignore[no-untyped-call]

    def stop_application_mode(self) -> None:
        """Give the terminal back."""
        self._holds = False
        super().stop_application_mode()

    def _stop_for_shell(self) -> None:
        """Give the terminal back, then stop as told."""
        if not self._stopped:
            self.suspend_application_mode()
            self._stopped = True
        os.kill(os.getpid(), signal.SIGSTOP)

    def _continue(self) -> None:
        """Take the terminal again and paint everything, also after a stop that could not be heard."""
        if not (self._holds or self._stopped):
            return  # it has left already
        if self._holds:
            self.suspend_application_mode()
        self._stopped = False
        self.resume_application_mode()
        self.send_message(self.SignalResume())

    def run_input_thread(self) -> None:
        """Read keys, pastes and the mouse until the application leaves; a terminal that is gone is told once."""
        decode = getincrementaldecoder("utf-8")("replace").decode
        parser, cutter, unmarked = XTermParser(self._debug), PasteCutter(), UnmarkedPaste()
        while not self.exit_event.is_set():
            ready = select.select([self.fileno], [], [], QUIET_S if unmarked.goes_on else _LOOK_S)[0]
            if ready:
                try:
                    data = os.read(self.fileno, _CHUNK)
                except OSError:
                    data = b""
                if not data:
                    self.hung_up()
                    return
                for pasted, text in cutter.cut(decode(data)):
                    if pasted:
                        self.process_message(events.Paste(text))
                        continue
                    for piece in strokes(text):
                        if piece.startswith("\x1b") or not unmarked.takes(piece, marks=cutter.marks):
                            parser = self._parse(parser, piece)
            with suppress(ParseError):
                for message in parser.tick():
                    self.process_message(message)
            if not ready and (text := unmarked.end()):
                self.process_message(events.Paste(text))

    def _parse(self, parser: XTermParser, text: str) -> XTermParser:
        """Pass on what a text means; a sequence with numbers beyond all sense is dropped, with a new parser."""
        try:
            for message in parser.feed(text):
                self.process_message(message)
        except (ValueError, OverflowError, ParseError):
            return XTermParser(self._debug)
        return parser

    def process_message(self, message: Message) -> None:
        """Pass a message on; places and sizes beyond the screen are cut to it, a press there is dropped."""
        if isinstance(message, InBandWindowResize):
            return  # an answer that nobody asked for would have every SIGWINCH ignored from here on
        if isinstance(message, events.Resize):
            # What a report in the input says may be anybody's; the terminal itself is asked.
            self._shown = Size(*terminal_size())
            message = events.Resize(self._shown, self._shown, pixel_size=message.pixel_size)
        elif isinstance(message, events.MouseEvent):
            leaves = isinstance(message, events.MouseMove | events.MouseUp)  # a drag and its end may leave the screen
            if not leaves and not self._shown.contains(*message.screen_offset):
                return  # what stands at the edge was not meant
            self._clamp(message)
        super().process_message(message)

    def _clamp(self, event: events.MouseEvent) -> None:
        width, height = self._shown
        event._x = event._screen_x = min(max(event._x, 0), width - 1)
        event._y = event._screen_y = min(max(event._y, 0), height - 1)
        event._delta_x = min(max(event._delta_x, -width), width)
        event._delta_y = min(max(event._delta_y, -height), height)


def driver_for(clock: Clock, hung_up: Callable[[], None]) -> type[TerminalDriver]:
    """Return the driver as the application makes it; `hung_up` is called when the terminal is gone."""
    return type("DeckDriver", (TerminalDriver,), {"clock": clock, "hung_up": staticmethod(hung_up)})
