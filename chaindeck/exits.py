"""How a command ends: the one table of exit codes, and the line of the plugin convention."""

import sys
from enum import IntEnum
from typing import Self

from chain.errors import ChaindeckError, RedisUnavailableError
from chain.text import clean
from tape.errors import DamagedError, TapeError

UNKNOWN = 3  # of `check`, which keeps to the plugin convention
_MAX_WORDS = 400


class Exit(IntEnum):
    """Exit codes of every command but `check`; README's table and the service unit follow them."""

    DONE = 0
    INCOMPLETE = 1
    UNAVAILABLE = 2
    SETTINGS = 3
    USAGE = 64  # as sysexits.h has it
    INTERNAL = 70

    @property
    def meaning(self) -> str:
        """The meaning of the code, for a person."""
        return _MEANINGS[self]


_MEANINGS = {
    Exit.DONE: "done",
    Exit.INCOMPLETE: (
        "part of it failed: an expiry of `publish --once`, a clause of `verify`, a damaged part of a tape; an alert of "
        "`alert --once` is beyond its limit"
    ),
    Exit.UNAVAILABLE: (
        "Redis, the embedded server, the vendor or a tape is not available, or nothing is published: try again"
    ),
    Exit.SETTINGS: "a setting cannot work: fix it, a restart will not help",
    Exit.USAGE: "the command line is invalid",
    Exit.INTERNAL: "a defect of chaindeck itself: please report it",
}


class UsageError(ChaindeckError):
    """An invalid command line."""


class UnreadableTapeError(ChaindeckError):
    """A recording that a command is to show, play or make something of cannot be read."""

    @classmethod
    def of(cls, error: TapeError) -> Self:
        """Return it with what helps a tape that is damaged."""
        damaged = isinstance(error, DamagedError)
        return cls(f"{error}: chaindeck tape salvage keeps what is whole" if damaged else str(error))


def say(words: str) -> None:
    """Print one line of ours on standard error."""
    print(f"chaindeck: {one_line(words)}", file=sys.stderr)


def code_of(error: ChaindeckError) -> Exit:
    """Return the exit code of a command that an expected failure ends."""
    if isinstance(error, UsageError):
        return Exit.USAGE
    away = isinstance(error, RedisUnavailableError | UnreadableTapeError)
    return Exit.UNAVAILABLE if away else Exit.SETTINGS


def exit_table() -> str:
    """Return every code with its meaning, a line each, for `--help`."""
    return "\n".join(f"* {code}: {code.meaning}" for code in Exit)


def unknown_line(reason: str) -> str:
    """Return what a check says that cannot tell."""
    return f"CHAIN UNKNOWN - {without_bar(one_line(reason))}"


def without_bar(words: str) -> str:
    """Return words without the bar, behind which performance data would begin."""
    return words.replace("|", "/")


def one_line(reason: str) -> str:
    """Return words on one line."""
    return clean(" ".join(reason.split()), _MAX_WORDS)
