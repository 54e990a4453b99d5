"""`tape`: what is on a recording, whether it is sound, and what is made of it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from chain.model.session import new_york
from chain.text import clean
from chaindeck.exits import Exit, UnreadableTapeError, code_of, say
from tape.errors import TapeError
from tape.store.facts import FactKind
from tape.store.file import TapeFile
from tape.tools.info import Info, Lane, info
from tape.tools.scan import Damage
from tape.tools.verify import TapeCheck, verify

_TOLD = 20  # damages and gaps that a person reads one by one
_LATEST_S = 253_402_300_799  # the last second that a date can name
TAIL = "read where nothing can be written: what was recorded last may be missing"


def print_info(path: Path, *, as_json_text: bool) -> int:
    """Print what is on a tape; return the exit code, 2 where it cannot be read."""
    try:
        with TapeFile(path) as tape:
            found = info(tape)
    except TapeError as error:
        return unreadable(error)
    if as_json_text:
        print(orjson.dumps(info_as_json(path, found), option=orjson.OPT_INDENT_2).decode())
    else:
        print("\n".join(_info_lines(path, found)))
    return Exit.DONE


def print_verdict(path: Path) -> int:
    """Check all of a tape, print what is damaged; return 0 where it is sound, 1 where not, 2 where it is unreadable."""
    try:
        with TapeFile(path) as tape:
            found = verify(tape)
            lines = [f" damaged  {_where(tape, damage)}{damage.what}" for damage in found.damages[:_TOLD]]
    except TapeError as error:
        return unreadable(error)
    if found.damaged > len(lines):
        lines.append(f" ... and {found.damaged - len(lines)} more")
    print("\n".join([*lines, _verdict_line(path, found)]))
    return Exit.DONE if found.sound else Exit.INCOMPLETE


def unreadable(error: TapeError) -> int:
    """Say why a tape cannot be read or written, and what helps one that is damaged; return the exit code."""
    told = UnreadableTapeError.of(error)
    say(str(told))
    return code_of(told)


def _verdict_line(path: Path, found: TapeCheck) -> str:
    word = "SOUND" if found.sound else f"DAMAGED in {found.damaged} places: chaindeck tape salvage keeps what is whole"
    tail = f"; {TAIL}" if found.tail_missing else ""
    return f"{word}: {clean(path)}, {found.moments} moments, {found.facts} facts, {found.values} values{tail}"


def _where(tape: TapeFile, damage: Damage) -> str:
    """Return what a damaged part belongs to, as far as that can still be read."""
    name = f"{clean(damage.name, 60)}, " if damage.name else ""
    try:
        when = _when(tape.moment(damage.moment).received.wall_s) + ": " if damage.moment is not None else ""
    except TapeError:
        when = ""
    return name + when


def _info_lines(path: Path, found: Info) -> Iterator[str]:
    about = ", ".join(f"{clean(name, 20)} {clean(value, 80)}" for name, value in found.about.items())
    yield f" tape     {clean(path)}{f' ({about})' if about else ''}"
    yield f" time     {_when(found.first)} to {_when(found.last)}, {found.looks} looks, {found.moments} moments"
    ratio = f", {found.raw / found.packed:.1f}x smaller" if found.packed else ""
    yield f" size     {_size(found.size)} on disk; values of {_size(found.raw)} packed in {_size(found.packed)}{ratio}"
    for lane in found.of(FactKind.PAYLOAD):
        yield f" chain    {_lane_words(lane, 'snapshots')}"
    for lane in found.of(FactKind.HEARTBEAT):
        yield f" beat     {_lane_words(lane, 'beats')}"
    for lane in found.of(FactKind.FRAMES):
        yield f" stream   read {lane.facts} times, {_size(lane.raw)} of frames packed in {_size(lane.packed)}"
    for gap in found.gaps[:_TOLD]:
        yield f" gap      {_when(gap.begin)}, {gap.end - gap.begin:.1f} s: {gap.why}"
    if len(found.gaps) > _TOLD:
        yield f" ... and {len(found.gaps) - _TOLD} more gaps"
    if found.missed:
        yield f" missed   {found.missed} times the recorder could not keep up, or had no room"
    if found.tail_missing:
        yield f" note     {TAIL}"


def _lane_words(lane: Lane, what: str) -> str:
    return f"{clean(lane.name, 60):<24} {lane.facts} {what}, {_size(lane.raw)} packed in {_size(lane.packed)}"


def info_as_json(path: Path, found: Info) -> dict[str, Any]:
    """Return what is on a tape as JSON types. Times are epoch seconds, sizes bytes."""
    return {
        "tape": clean(path),
        "about": {clean(name, 40): clean(value) for name, value in found.about.items()},
        "first": found.first,
        "last": found.last,
        "looks": found.looks,
        "moments": found.moments,
        "missed": found.missed,
        "bytes": {"disk": found.size, "raw": round(found.raw), "packed": round(found.packed)},
        "subjects": [
            {
                "kind": clean(lane.kind, 40),
                "name": clean(lane.name),
                "facts": lane.facts,
                "raw": round(lane.raw),
                "packed": round(lane.packed),
            }
            for lane in found.lanes
        ],
        "gaps": [{"begin": gap.begin, "end": gap.end, "why": gap.why} for gap in found.gaps],
        "tail_missing": found.tail_missing,
    }


def _when(epoch_s: float | None) -> str:
    """Return an instant in New York, the exchange's time, or that there is none."""
    if epoch_s is None or not 0 <= epoch_s < _LATEST_S:
        return "-"
    try:
        return f"{new_york(epoch_s):%Y-%m-%d %H:%M:%S ET}"
    except (OverflowError, ValueError):
        return datetime.fromtimestamp(epoch_s, UTC).isoformat(timespec="seconds")


def _size(count: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} bytes" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"
