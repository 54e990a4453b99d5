"""`tape salvage`, `cut`, `merge` and `export`: from tapes to other tapes and files."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from chain.model.session import recorded_moment
from chain.text import clean
from chaindeck.commands.tape.look import unreadable
from chaindeck.exits import Exit, UsageError, say
from tape.errors import DamagedError, TapeError
from tape.store.file import TapeFile
from tape.tools.info import info
from tape.tools.ndjson import line, payloads
from tape.tools.parquet import export_parquet
from tape.tools.scan import Damage
from tape.tools.write import cut, merge, salvage

_TOLD = 20
_BEGINNING_NS, _END_NS = -(2**63), 2**63 - 1  # what a tape can hold


def run_salvage(path: Path, out: Path) -> int:
    """Write what is whole of a tape, and say what was lost; return 1 where something was, 2 where nothing is read."""
    try:
        done = salvage(path, out)
    except DamagedError as error:
        say(f"{error}: nothing of it can be read")
        return Exit.UNAVAILABLE
    except TapeError as error:
        return unreadable(error)
    _tell_lost(done.lost)
    print(f"{clean(out)}: {done.moments} moments, {done.facts} facts; lost {len(done.lost) or 'nothing'}")
    return Exit.INCOMPLETE if done.lost else Exit.DONE


def run_cut(path: Path, begin: str | None, end: str | None, out: Path) -> int:
    """Write the looks between two times as a tape."""
    try:
        with TapeFile(path) as tape:
            found = info(tape)
        span = found.first or 0.0, found.last or 0.0  # where nothing is recorded, no time leads to anything
        count = cut(path, _time(begin, span, _BEGINNING_NS), _time(end, span, _END_NS), out)
    except TapeError as error:
        return unreadable(error)
    print(f"{clean(out)}: {count} looks")
    return Exit.DONE


def run_merge(paths: Iterable[Path], out: Path) -> int:
    """Write several tapes as one."""
    try:
        count = merge(list(paths), out)
    except TapeError as error:
        return unreadable(error)
    print(f"{clean(out)}: {count} moments")
    return Exit.DONE


def run_ndjson(path: Path, out: str) -> int:
    """Write a tape's payloads as lines, `-` to standard output; return 1 where a damaged one was left out."""
    lost: list[Damage] = []
    try:
        with TapeFile(path) as tape, _target(out) as file:
            count = _write_lines(tape, file, lost.append)
    except TapeError as error:
        return unreadable(error)
    _tell_lost(lost)
    if out != "-":
        print(f"{clean(out)}: {count} snapshots")
    return Exit.INCOMPLETE if lost else Exit.DONE


def run_parquet(path: Path, folder: Path) -> int:
    """Write a tape's snapshots as Parquet under a folder; return 1 where a damaged one was left out."""
    lost: list[Damage] = []
    try:
        with TapeFile(path) as tape:
            done = export_parquet(tape, folder, lost.append)
    except TapeError as error:
        return unreadable(error)
    _tell_lost(lost)
    left_out = f"; {done.left_out} payloads are no snapshots" if done.left_out else ""
    print(f"{clean(folder)}: {done.snapshots} snapshots, {done.contracts} rows in {done.files} files{left_out}")
    return Exit.INCOMPLETE if lost else Exit.DONE


def _write_lines(tape: TapeFile, file: BinaryIO, on_damage: Callable[[Damage], None]) -> int:
    count = 0
    for received_ns, key, payload in payloads(tape, on_damage):
        file.write(line(received_ns, key, payload))
        count += 1
    return count


@contextmanager
def _target(out: str) -> Iterator[BinaryIO]:
    """Give a new file to write to, or standard output; a file that does not come to its end is not left behind."""
    if out == "-":
        yield sys.stdout.buffer
        return
    path = Path(out)
    try:
        file = path.open("xb")
    except FileExistsError:
        raise TapeError(f"{clean(out)}: is there already, and is not written over") from None
    except OSError as error:
        raise TapeError(f"{clean(out)}: {error.strerror}") from None
    try:
        with file:
            yield file
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise TapeError(f"{clean(out)}: {error.strerror}") from None
        raise


def _tell_lost(lost: Iterable[Damage]) -> None:
    told = list(lost)
    for damage in told[:_TOLD]:
        say(f"lost: {damage.name + ': ' if damage.name else ''}{damage.what}")
    if len(told) > _TOLD:
        say(f"lost: and {len(told) - _TOLD} more")


def _time(text: str | None, span: tuple[float, float], default: int) -> int:
    """Return a time as a person types it in epoch ns; `span` is of the tape, epoch s."""
    if text is None:
        return default
    try:
        begin_ns, end_ns = (round(at * 1e9) for at in span)
        meant = recorded_moment(text, begin_ns=begin_ns, end_ns=end_ns)
    except ValueError as error:
        raise UsageError(str(error)) from None
    return max(_BEGINNING_NS, min(meant, _END_NS))
