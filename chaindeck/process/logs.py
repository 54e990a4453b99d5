"""Where log lines go, and in which form: a file of the user's own for the deck, standard error without a screen."""

import errno
import logging
import os
import sys
import threading
import traceback
from collections import deque
from collections.abc import Sequence
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Literal

import orjson
from platformdirs import user_log_path

from chain.private import open_private, private_folder
from chain.text import clean, without_login
from chaindeck import __version__

log = logging.getLogger(__name__)

LogFormat = Literal["text", "json"]

_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
_MAX_BYTES = 2_000_000
_MAX_LINE = 2_000
_MAX_STACK = 20_000
_MAX_FRAMES = 8  # of each exception in a text line, the innermost first
_PANE_LINES = 500
_PAINTER = "textual-output"  # the thread of Textual that writes to the terminal
_HUNG_UP = (errno.EIO, errno.EPIPE)
_QUIET = ("httpx", "httpcore", "asyncio")  # they log whole URLs, or what we tell in our own words


class JsonFormatter(logging.Formatter):
    """One JSON object a line: `ts` in epoch seconds, `level`, `logger`, `version`, `message`.

    With an exception also `error`, its type and words, and `stack`, its whole trace.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON; every text has passed the sanitiser."""
        body: dict[str, object] = {
            "ts": record.created,
            "level": record.levelname.lower(),
            "logger": record.name,
            "version": __version__,
            "message": _safe(record.getMessage()),
        }
        stack = record.stack_info or ""
        if record.exc_info and record.exc_info[1] is not None:
            body["error"] = _safe(repr(record.exc_info[1]))
            stack = "".join(traceback.format_exception(record.exc_info[1]))
        if stack:
            body["stack"] = "\n".join(map(_safe, stack.rstrip().split("\n")))[-_MAX_STACK:]
        return orjson.dumps(body).decode()


class TextFormatter(logging.Formatter):
    """One line a record, safe to read on a terminal, whatever text from outside it carries."""

    def __init__(self) -> None:
        super().__init__(_FORMAT)

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line; of an exception where it came from, the innermost frame first."""
        record.message = record.getMessage()
        record.asctime = self.formatTime(record)
        line = _safe(self.formatMessage(record))
        if record.exc_info and record.exc_info[1] is not None:
            line += f" [{origin_of(record.exc_info[1], _MAX_FRAMES)}]"
        return line


def origin_of(error: BaseException, frames: int = 1) -> str:
    """Return an exception in one line: type, words, and the innermost frames of its trace."""
    trace = traceback.extract_tb(error.__traceback__)[-frames:]
    places = " < ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(trace))
    return _safe(f"{type(error).__name__}: {error}"[:_MAX_LINE]) + (f" at {places}" if places else "")


def _safe(text: str) -> str:
    """Return one visible line in which no URL has a user or a password."""
    return clean(without_login(text), _MAX_LINE)


class OnceFilter(logging.Filter):
    """Drops a record marked `once` that says what one before it said, of the same kind of error."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, object] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is new."""
        if not getattr(record, "once", False):
            return True
        message, error = record.getMessage(), record.exc_info and record.exc_info[0]
        new = message not in self._said or self._said[message] is not error
        self._said[message] = error
        return new


class LogPane(logging.Handler):
    """Keeps the last lines for the deck's log pane; the same records, the same words as in the file."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: deque[str] = deque(maxlen=_PANE_LINES)
        self.notices: tuple[str, ...] = ()  # what the reader is to know at the start
        self.setFormatter(TextFormatter())
        self.addFilter(OnceFilter())

    def read(self) -> tuple[str, ...]:
        """Return the lines, oldest first."""
        return tuple(self.lines)

    def emit(self, record: logging.LogRecord) -> None:
        """Remember one line."""
        self.lines.append(self.format(record).partition("\n")[0])


class _PrivateFile(RotatingFileHandler):
    """A log file that the user alone can read, also each new one after a rotation."""

    def _open(self) -> TextIOWrapper:
        return os.fdopen(open_private(Path(self.baseFilename), os.O_APPEND), "a", encoding="utf-8")


def log_file() -> Path:
    """Return the deck's log file in the platform's log folder."""
    return user_log_path("chaindeck") / "chaindeck.log"


def _absolute(path: Path) -> None:
    if not path.is_absolute():
        raise RuntimeError("this user has no home folder")


def log_to_file(form: LogFormat = "text", warnings: Sequence[str] = ()) -> LogPane:
    """Send log lines to the deck's file, readable by the user alone, and to a pane.

    Where the file cannot be written the pane alone keeps them. The pane's `notices` say so, and what `warnings` say.
    """
    pane = LogPane()
    pane.notices = tuple(warnings)
    try:
        path = log_file()
        _absolute(path)
        private_folder(path.parent)
        handler: logging.Handler = _PrivateFile(path, maxBytes=_MAX_BYTES, backupCount=2)
    except (OSError, RuntimeError) as error:  # RuntimeError: a user without a home folder
        handler = logging.NullHandler()
        why = f"{error.filename or path}: {error.strerror}" if isinstance(error, OSError) else str(error)
        pane.notices += (f"the log is kept in memory only: {clean(why)}; set XDG_STATE_HOME to a folder of yours",)
    _install(handler, form)
    logging.getLogger().addHandler(pane)
    for notice in pane.notices:
        log.warning("%s", notice)
    return pane


def log_to_stderr(form: LogFormat = "text") -> None:
    """Send log lines to standard error."""
    _install(logging.StreamHandler(sys.stderr), form)


def log_nowhere() -> None:
    """Drop log lines: a command of one shot says itself what went wrong."""
    _install(logging.NullHandler(), "text")


def _install(handler: logging.Handler, form: LogFormat) -> None:
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    handler.addFilter(OnceFilter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.captureWarnings(True)
    threading.excepthook = _log_thread  # Python's own writes a trace wherever standard error leads
    quiet_libraries()


def quiet_libraries() -> None:
    """Let libraries log warnings and worse alone."""
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _log_thread(ended: threading.ExceptHookArgs) -> None:
    name = ended.thread.name if ended.thread else "?"
    if name == _PAINTER and isinstance(ended.exc_value, OSError) and ended.exc_value.errno in _HUNG_UP:
        log.info("the terminal is gone")
        return
    log.error("thread %s ended by a fault", name, exc_info=ended.exc_value)
