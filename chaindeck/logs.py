"""Where log lines go: a file of the user's own for the deck, standard error for headless commands."""

import logging
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

from platformdirs import user_log_path

from chain.errors import ConfigError
from chain.text import clean

_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
_MAX_BYTES = 2_000_000
_MAX_LINE = 2_000


def log_file() -> Path:
    """Return the deck's log file in the platform's log folder."""
    return user_log_path("chaindeck") / "chaindeck.log"


def log_to_file() -> None:
    """Send log lines to the deck's file, readable by the user alone; raise ConfigError where it cannot be written."""
    path = log_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handler = RotatingFileHandler(path, maxBytes=_MAX_BYTES, backupCount=2, encoding="utf-8")
        path.chmod(0o600)
    except OSError as error:
        raise ConfigError(f"log file {path}: {error.strerror}; set XDG_STATE_HOME to a folder of yours") from None
    _install(handler)


def log_to_stderr() -> None:
    """Send log lines to standard error."""
    _install(logging.StreamHandler(sys.stderr))


def log_nowhere() -> None:
    """Drop log lines: a command of one shot says itself what went wrong."""
    _install(logging.NullHandler())


class _CleanFormatter(logging.Formatter):
    """Makes log lines safe to read on a terminal, whatever text from outside they carry."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return one line, also of a message that holds several."""
        return clean(super().formatMessage(record), _MAX_LINE)

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line, and those of its trace."""
        return "\n".join(clean(line, _MAX_LINE) for line in super().format(record).split("\n"))


def _install(handler: logging.Handler) -> None:
    handler.setFormatter(_CleanFormatter(_FORMAT))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
