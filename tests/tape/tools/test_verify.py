"""Verifying and looking over tapes: sound, damaged at any byte, cut anywhere, left by a killed recorder, read-only."""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tape.errors import TapeError
from tape.store.facts import FactKind, MomentKind
from tape.store.file import TapeFile
from tape.store.writer import TapeWriter
from tape.tools.info import info
from tape.tools.verify import TapeCheck, verify
from tests.support.places import ROOT
from tests.support.scenes import START_S
from tests.support.tapes import flip_byte, moment, recording, spoil_value, write


def verdict(path: Path) -> TapeCheck:
    with TapeFile(path) as tape:
        return verify(tape)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("sound") / "a.tape", recording(120))


def test_a_sound_tape_is_sound(sound: Path) -> None:
    found = verdict(sound)
    assert found.sound
    assert (found.moments, found.facts, found.values) == (1 + 120 + 12, 48, 48)


def test_a_spoilt_value_is_told_by_its_chain_and_its_moment(sound: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(sound, tmp_path))
    spoil_value(path, 7)
    found = verdict(path)
    assert not found.sound
    with TapeFile(path) as tape:
        first = found.damages[0]
        assert first.name == "payload SPX 2026-01-02"
        assert first.moment is not None
        assert tape.moment(first.moment).asked.wall_s == pytest.approx(START_S + 30.01)


@pytest.mark.parametrize(
    ("taken", "said"),
    [
        ("moments WHERE id = 5", "moments: 132 are there, and the last is number 133"),
        ("facts WHERE id = 5", "facts: 47 are there, and the last is number 48"),
        ("facts WHERE id < 5", "facts: 44 are there, and the last is number 48"),
        ("packed WHERE id = 3", "packed: 23 are there, and the last is number 24"),
    ],
)
def test_rows_that_were_taken_away_are_missed(sound: Path, tmp_path: Path, taken: str, said: str) -> None:
    path = Path(shutil.copy(sound, tmp_path))
    with sqlite3.connect(path) as connection:
        connection.execute(f"DELETE FROM {taken}")
    connection.close()
    assert said in [damage.what for damage in verdict(path).damages]


@pytest.mark.parametrize("seed", range(30))
def test_a_flipped_byte_anywhere_is_found_or_means_nothing(sound: Path, tmp_path: Path, seed: int) -> None:
    """What still reads as sound holds what it held; nothing but a TapeError ever comes of it."""
    path = Path(shutil.copy(sound, tmp_path))
    flip_byte(path, random.Random(seed).randrange(path.stat().st_size))
    try:
        found = verdict(path)
    except TapeError:
        return
    if found.sound:
        assert (found.moments, found.facts, found.values) == (133, 48, 48)


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.02, 0.8])
def test_a_truncated_tape_is_damaged_or_refused_and_its_beginning_can_be_read(tmp_path: Path, share: float) -> None:
    path = write(tmp_path / "a.tape", recording(900))
    with path.open("r+b") as file:
        file.truncate(int(path.stat().st_size * share))
    try:
        found = verdict(path)
    except TapeError:
        return
    assert not found.sound
    assert found.moments > 0 or share < 0.5


_WRITER = """
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tape.store.writer import TapeWriter
from tests.support.tapes import recorded
with TapeWriter(Path(sys.argv[1])) as tape:
    for number, one in enumerate(recorded(100_000)):
        tape.add(one)
        if number % 40 == 39:
            tape.commit()
            print(number + 1, flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("lines", [1, 4, 9])
def test_a_writer_that_is_killed_leaves_all_that_it_committed(tmp_path: Path, lines: int) -> None:
    path = tmp_path / "a.tape"
    with subprocess.Popen([sys.executable, "-c", _WRITER, str(path)], cwd=ROOT, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        committed = max(int(writer.stdout.readline()) for _ in range(lines))
        writer.send_signal(signal.SIGKILL)
        committed = max([committed, *map(int, writer.stdout.read().split())])
    found = verdict(path)
    assert found.sound
    assert committed <= found.moments <= committed + 40
    with TapeWriter(path) as tape:  # and it can be written on
        tape.add(moment(0))
    assert verdict(path).sound


@contextmanager
def unprivileged() -> Iterator[None]:
    """Let this process have the rights of nobody, who can write nothing here; root could everything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_where_nothing_can_be_written_a_tape_is_read_without_its_log_and_says_so(short_dir: Path) -> None:
    path, copy = short_dir / "a.tape", short_dir / "copy" / "a.tape"
    copy.parent.mkdir()
    with TapeWriter(path) as tape:
        for one in recording(5):
            tape.add(one)
        tape.commit()
        for name in ("a.tape", "a.tape-wal"):
            shutil.copy(short_dir / name, copy.parent)
    for each in (copy, copy.with_name("a.tape-wal")):
        each.chmod(0o444)
    copy.parent.chmod(0o555)
    short_dir.chmod(0o755)
    with unprivileged():
        found = verdict(copy)
    assert found.tail_missing
    assert found.sound
    assert found.moments == 0  # all of it was in the log
    for left, missing in ((b"", False), (b"x", True)):
        copy.parent.chmod(0o755)
        copy.with_name("a.tape-wal").unlink()
        copy.with_name("a.tape-wal").write_bytes(left)
        copy.parent.chmod(0o555)
        with unprivileged():
            assert verdict(copy).tail_missing is missing
    copy.parent.chmod(0o755)
    copy.with_name("a.tape-wal").unlink()
    copy.parent.chmod(0o555)
    with unprivileged():
        assert not verdict(copy).tail_missing
        with pytest.raises(TapeError, match="cannot be written here"):
            TapeWriter(copy).add(moment(9))
    copy.parent.chmod(0o755)


def test_info_tells_times_chains_gaps_and_sizes(tmp_path: Path) -> None:
    lost = [moment(at, kind=MomentKind.LOST) for at in (60, 61, 62)]
    path = write(tmp_path / "a.tape", [*recording(60), *lost, moment(63), moment(90), moment(91)])
    with TapeFile(path) as tape:
        found = info(tape)
    assert (found.first, found.last) == (START_S, START_S + 91)
    assert found.looks == 60 + 3 + 3
    assert [(lane.name, lane.facts) for lane in found.of(FactKind.PAYLOAD)] == [
        ("NDX 2026-01-02", 6),
        ("SPX 2026-01-02", 6),
    ]
    assert [(gap.begin - START_S, gap.end - START_S, gap.why) for gap in found.gaps] == [
        (60, 63, "no contact"),
        (63, 90, "not recorded"),
    ]
    assert found.raw > 5 * found.packed > 0
    assert found.size == path.stat().st_size
