"""The three standard streams as the parent left them, and whether a screen can be shown on them."""

import codecs
import io
import os
import signal
import sys
import termios
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final

from tui.terminal.symbols import AUTO, Symbols, choose_symbols, replace_unencodable

_LOOKALIKE: Final = "lookalike"


def prepare() -> None:
    """Make the streams safe to use: closed ones lead nowhere, what an encoding lacks is shown by a letter like it."""
    _occupy()
    codecs.register_error(_LOOKALIKE, replace_unencodable)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            ascii_only = stream.isatty() and _plain_locale(os.environ)
            stream.reconfigure(encoding="ascii" if ascii_only else None, errors=_LOOKALIKE)


def paint_with(wanted: str) -> Symbols:
    """Have the screen painted with what its terminal can draw, or with the level that is wanted, and return it.

    With ASCII nothing else leaves for the terminal, whoever wrote it. A driver that the environment names paints
    somewhere else, of which TERM and encoding say nothing.
    """
    if os.environ.get("TEXTUAL_DRIVER"):
        return Symbols.BRAILLE if wanted == AUTO else Symbols(wanted)
    stream = sys.__stderr__  # where Textual paints
    encoding = stream.encoding if stream is not None else None
    symbols = choose_symbols(wanted, os.environ, encoding)
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(encoding="ascii" if symbols is Symbols.ASCII else "utf-8", errors=_LOOKALIKE)
    return symbols


def close_quietly() -> None:
    """Let what is still buffered for standard output go nowhere: whoever read it has left."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def without_echo() -> Iterator[None]:
    """Have the terminal on standard input, where there is one, not show what is typed until the end."""
    try:
        modes = termios.tcgetattr(0)
    except termios.error:
        yield
        return
    quiet = [*modes]
    quiet[3] &= ~termios.ECHO
    former = signal.signal(signal.SIGTERM, _end)  # ended by default, it would leave the terminal so
    try:
        termios.tcsetattr(0, termios.TCSANOW, quiet)
        yield
    finally:
        with suppress(termios.error):  # it may have gone away
            termios.tcsetattr(0, termios.TCSANOW, modes)
        signal.signal(signal.SIGTERM, former)


def _end(number: int, _: object) -> None:
    sys.exit(128 + number)


def why_no_screen() -> str | None:
    """Return None where a screen can be shown; else why not, in words, empty where output simply goes elsewhere."""
    if os.environ.get("TEXTUAL_DRIVER"):
        return None
    streams = (sys.__stdin__, sys.__stdout__, sys.__stderr__)  # Textual paints on standard error
    if not all(stream is not None and not stream.closed and stream.isatty() for stream in streams):
        return ""
    if os.environ.get("TERM") == "dumb":
        return "a terminal of type dumb can show no screen"
    if _in_background():
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # or writing would stop this process
        return "in the background of its terminal: bring it to the front with `fg`"
    return None


def _in_background() -> bool:
    try:
        return os.tcgetpgrp(0) not in (os.getpgrp(), 0)
    except OSError:  # not the terminal that controls us: nobody stops us there
        return False


def _occupy() -> None:
    """Open nothing under the numbers of closed streams, so that no socket gets them."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one


def _plain_locale(environment: Mapping[str, str]) -> bool:
    """Whether the user's locale is POSIX's own, which knows ASCII only; Python itself writes UTF-8 there."""
    names = ["LC_ALL", "LC_CTYPE", "LANG"]
    if sys.flags.utf8_mode and environment.get("LC_CTYPE") == "C.UTF-8" and "LC_ALL" not in environment:
        names.remove("LC_CTYPE")  # Python's own doing
    chosen = next((environment[name] for name in names if environment.get(name)), "C")
    return chosen in ("C", "POSIX")
