"""The command line of `chaindeck tape`; what does the work is loaded when it is asked for."""

from typing import Annotated

from cyclopts import App, Parameter

from chaindeck.config.flags import File, Switch
from chaindeck.exits import UsageError

tape_app = App(name="tape", help="Look over, verify, repair, cut, join and export recordings.")

Tape = Annotated[File, Parameter(metavar="TAPE")]
Out = Annotated[File, Parameter(metavar="TAPE")]
Time = Annotated[str | None, Parameter(name="--from", metavar="TIME", allow_leading_hyphen=True)]
Until = Annotated[str | None, Parameter(name="--to", metavar="TIME", allow_leading_hyphen=True)]


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


@tape_app.command
def salvage(tape: Tape, /, *, out: Out) -> int:
    """Write a sound tape of all that is whole of a damaged one, and say what was lost: exit 1 if something was.

    Args:
        tape: the damaged recording.
        out: the tape to write; a file that is there already is not written over.
    """
    from chaindeck.commands.tape.make import run_salvage  # noqa: PLC0415

    return run_salvage(tape, out)


@tape_app.command
def cut(tape: Tape, /, *, begin: Time = None, end: Until = None, out: Out) -> int:
    """Write a part of a tape as another.

    Args:
        tape: the recording.
        begin: from when: 10:30 or 10:30:15 in New York on the tape's first day, 2026-01-02T10:30, +5m after its
            beginning, or -5m before its end.
        end: up to before when.
        out: the tape to write; a file that is there already is not written over.
    """
    from chaindeck.commands.tape.make import run_cut  # noqa: PLC0415
    from chaindeck.process.logs import log_nowhere  # noqa: PLC0415

    log_nowhere()  # what the watcher of then would log is no news
    return run_cut(tape, begin, end, out)


@tape_app.command
def merge(*tapes: Tape, out: Out) -> int:
    """Write several tapes of one prefix as one, in the order of time; those that overlap are refused.

    Args:
        tapes: the recordings, in any order.
        out: the tape to write; a file that is there already is not written over.
    """
    from chaindeck.commands.tape.make import run_merge  # noqa: PLC0415

    if not tapes:
        raise UsageError("merge needs the tapes to join")
    return run_merge(tapes, out)


@tape_app.command
def export(
    tape: Tape,
    /,
    *,
    ndjson: Annotated[str | None, Parameter(metavar="FILE", allow_leading_hyphen=True)] = None,
    parquet: Annotated[File | None, Parameter(metavar="DIR")] = None,
) -> int:
    """Export the snapshots of a tape. Exit 1 if a damaged one was left out.

    Args:
        tape: the recording.
        ndjson: a file of JSON lines, - for standard output: received (epoch s), key, and the payload byte for byte, or
            raw_base64 where it is no JSON on one line. `--capture` reads it back.
        parquet: a folder for Parquet files, one row a contract, by underlying and day; needs chaindeck[parquet].
    """
    from chaindeck.commands.tape.make import run_ndjson, run_parquet  # noqa: PLC0415

    if bool(ndjson) == (parquet is not None):
        raise UsageError("export needs --ndjson FILE or --parquet DIR, one of them")
    if parquet is not None:
        return run_parquet(tape, parquet)
    return run_ndjson(tape, ndjson or "-")
