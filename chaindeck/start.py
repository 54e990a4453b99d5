"""Where the program begins, and where every failure that was to be expected ends as one line."""

import io
import signal
import sys
from typing import NoReturn

from chain.errors import ChaindeckError
from chaindeck.exits import UNKNOWN, USAGE_ERROR, one_line, unknown_line


def main() -> NoReturn:
    """Run one command; without a word, the deck. Never shows a trace for what was to be expected."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # what the terminal's encoding lacks
    try:
        code = (_command if sys.argv[1:] else _deck)()
    except ChaindeckError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    sys.exit(code if isinstance(code, int) else 0)


def _deck() -> object:
    """Run the deck as `cli.deck` does without flags: loading a parser to read nothing is a tenth of the start."""
    from chaindeck.config import resolve  # noqa: PLC0415
    from chaindeck.deck import run_deck  # noqa: PLC0415

    run_deck(resolve({}).settings, "mock", ())
    return 0


def _command() -> object:
    from chaindeck.cli import run_command  # noqa: PLC0415

    return run_command()


def _fail(message: str) -> NoReturn:
    if sys.argv[1:2] == ["check"]:  # a monitoring system reads standard output, and 2 would mean CRITICAL
        print(unknown_line(message))
        sys.exit(UNKNOWN)
    print(f"chaindeck: {one_line(message)}", file=sys.stderr)
    sys.exit(USAGE_ERROR)
