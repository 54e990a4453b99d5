"""The entry point, where every expected failure is reported as one line."""

import asyncio
import logging
import signal
import sys
from typing import NoReturn

from chain.causes import cause_of
from chain.errors import ChaindeckError
from chaindeck.exits import UNKNOWN, Exit, code_of, say, unknown_line
from chaindeck.process.collector import while_loading
from chaindeck.process.streams import close_quietly, prepare


def main() -> NoReturn:
    """Run one command; without a word, the deck. Never shows a trace: what was not expected has it in the log."""
    prepare()
    while_loading()
    try:
        code = _run()
    except BrokenPipeError:  # whoever read our output has seen enough, as `head` does
        close_quietly()
        code = 128 + signal.SIGPIPE
    sys.exit(code)


def _run() -> int:
    """Run the command; return its exit code."""
    try:
        code = (_command if sys.argv[1:] else _deck)()
        if sys.stdout is not None:
            sys.stdout.flush()
    except ChaindeckError as error:
        return _fail(str(error), code_of(error))
    except (KeyboardInterrupt, asyncio.CancelledError):  # an interrupt can come as either
        return 128 + signal.SIGINT
    except BrokenPipeError:
        raise
    except SystemExit as left:  # the printer of help ends so where a pipe breaks
        if isinstance(left.__context__, BrokenPipeError):
            raise BrokenPipeError from None
        raise
    except OSError as error:  # the output's disk is full, say
        told = _fail(_of_the_system(error), Exit.UNAVAILABLE)
        close_quietly()  # or the interpreter would try to write the rest once more
        return told
    except Exception as error:  # noqa: BLE001 - the last resort, which no user should have to read a trace of
        return _fail(_own_fault(error), Exit.INTERNAL)
    return code if isinstance(code, int) else 0


def _deck() -> object:
    """Run the deck as `cli.deck` does without flags: loading a parser to read nothing is a tenth of the start."""
    from chaindeck.config.file import resolve  # noqa: PLC0415
    from chaindeck.deck.deck import run_deck  # noqa: PLC0415
    from chaindeck.engine.context import make_context  # noqa: PLC0415

    config = resolve({})
    for warning in config.warnings:
        say(warning)
    settings = config.settings
    return run_deck(make_context(settings.thresholds), settings, "mock", ())


def _command() -> object:
    from chaindeck.cli import run_command  # noqa: PLC0415

    return run_command()


def _of_the_system(error: OSError) -> str:
    """Return one line on what the operating system refused."""
    return str(cause_of(error) or _own_fault(error))


def _own_fault(error: Exception) -> str:
    """Return one line on a fault of ours; its trace goes to the log, where one was opened."""
    from chaindeck.process.logs import origin_of  # noqa: PLC0415

    if logging.getLogger().hasHandlers():
        logging.getLogger(__name__).error("ended by a fault", exc_info=error)
    return f"a fault of chaindeck itself: {origin_of(error)}; please report it"


def _fail(message: str, code: Exit) -> int:
    """Say in one line why there is no result; return the exit code."""
    if sys.argv[1:2] == ["check"]:  # a monitoring system reads standard output, and 2 would mean CRITICAL
        try:
            print(unknown_line(message), flush=True)
        except OSError:  # what cannot be written there is said where it can
            say(message)
        return UNKNOWN
    if _log_is_json():  # its readers expect nothing else on standard error
        logging.getLogger(__name__).error("%s", message)
    else:
        say(message)
    return code


def _log_is_json() -> bool:
    from chaindeck.process.logs import JsonFormatter  # noqa: PLC0415

    return any(isinstance(handler.formatter, JsonFormatter) for handler in logging.getLogger().handlers)
