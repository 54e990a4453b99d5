"""The command line of `chaindeck tape`; what does the work is loaded when it is asked for."""

from typing import Annotated

from cyclopts import App, Parameter

from chaindeck.config.flags import File, Switch

tape_app = App(name="tape", help="Look over, verify, repair, cut, join and export recordings.")

Tape = Annotated[File, Parameter(metavar="TAPE")]


@tape_app.command
def info(tape: Tape, /, *, json: Switch = False) -> int:
    """Print what is on a tape: when, which chains, gaps, sizes. Exit 2 if it cannot be read.

    Args:
        tape: the recording.
        json: print JSON.
    """
    from chaindeck.commands.tape.look import print_info  # noqa: PLC0415

    return print_info(tape, as_json_text=json)


@tape_app.command
def verify(tape: Tape, /) -> int:
    """Check every page, row and value of a tape. Exit 0 if it is sound, 1 if damaged, 2 if it cannot be read.

    Args:
        tape: the recording.
    """
    from chaindeck.commands.tape.look import print_verdict  # noqa: PLC0415

    return print_verdict(tape)
