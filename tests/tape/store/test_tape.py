"""A tape on disk: what was written is read, by whoever reads it, and what is no tape is refused in one line."""

import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tape.errors import DamagedError, TapeError, TapeFullError
from tape.store.codec import MAX_DELTAS, MAX_VALUE_BYTES
from tape.store.facts import Fact, FactKind, Moment, MomentKind
from tape.store.file import TapeFile
from tape.store.layout import APPLICATION_ID, VERSION
from tape.store.writer import TapeWriter
from tape.tools.scan import moments
from tape.tools.verify import verify
from tests.support.places import ROOT
from tests.support.scenes import NDX, SPX
from tests.support.tapes import moment, payload, recording, write


def read(path: Path) -> list[Moment]:
    """Return all moments of a tape with their facts."""
    with TapeFile(path) as tape:
        return read_open(tape)


def read_open(tape: TapeFile) -> list[Moment]:
    found = []
    for whole in moments(tape, lambda damage: pytest.fail(damage.what)):
        one = whole.moment
        facts = tuple(tape.fact(fact) for fact in whole.facts)
        found.append(Moment(one.kind, one.asked, one.received, one.about, begins=one.begins, facts=facts))
    return found


def test_what_was_written_is_read(tmp_path: Path) -> None:
    written = recording(60)
    path = write(tmp_path / "a.tape", written)
    assert read(path) == written
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.tape"]
    assert path.stat().st_mode & 0o777 == 0o600
    with TapeFile(path) as tape:
        assert tape.about() == {"prefix": "massive"}
        assert verify(tape).sound


def test_bytes_of_every_kind_come_back_as_they_were(tmp_path: Path) -> None:
    values = [None, b"", b"\0", b"\xff" * 256, b"\xff" * 257, random.Random(3).randbytes(100_000), "é\n".encode() * 500]
    written = [moment(at, Fact(FactKind.PAYLOAD, "x", "{}", value)) for at, value in enumerate(values)]
    assert read(write(tmp_path / "a.tape", written)) == written


def test_a_value_that_stays_is_stored_once(tmp_path: Path) -> None:
    same = [moment(at, Fact(FactKind.HEARTBEAT, "massive:heartbeat", None, payload(0))) for at in range(9)]
    path = write(tmp_path / "a.tape", same)
    assert read(path) == same
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM packed").fetchone() == (1,)
    connection.close()


def test_nothing_leans_on_what_was_taken_back(tmp_path: Path) -> None:
    """A write that fails takes all that is not committed with it: what comes again is written again."""
    path, kept = tmp_path / "a.tape", moment(0, Fact(FactKind.PAYLOAD, "x", None, payload(0)))
    again = [moment(at, Fact(FactKind.PAYLOAD, name, None, payload(1))) for at, name in ((1, "x"), (2, "new"))]
    with TapeWriter(path) as writer:
        writer.add(kept)
        writer.commit()
        for one in again:
            writer.add(one)
        with pytest.raises(TapeError, match="a value of 8388610 bytes, more than a tape holds"):
            writer.add(moment(3, Fact(FactKind.PAYLOAD, "x", None, bytes(MAX_VALUE_BYTES + 1))))
        for one in again:
            writer.add(one)
    assert read(path) == [kept, *again]


@pytest.mark.parametrize(
    ("pragma", "said"),
    [(f"application_id = {APPLICATION_ID + 1}", "no tape"), (f"user_version = {VERSION + 1}", "version")],
)
def test_what_is_another_programs_or_of_another_version_is_not_written_on(
    tmp_path: Path, pragma: str, said: str
) -> None:
    path = write(tmp_path / "a.tape", recording(3))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA {pragma}")
    before = path.read_bytes()
    with pytest.raises(TapeError, match=said):
        TapeWriter(path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.tape"]


def test_no_chain_of_deltas_is_followed_further_than_any_writer_makes_one(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tape", [moment(at, Fact(FactKind.PAYLOAD, "x", None, payload(at))) for at in range(20)])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE packed SET parent = id - 1 WHERE id > 1")
        connection.commit()
    for number, refused in ((MAX_DELTAS + 1, False), (MAX_DELTAS + 2, True)):
        with TapeFile(path) as tape, pytest.raises(DamagedError) as error:
            tape.unpacked(number)
        assert ("lead to no value that stands alone" in str(error.value)) is refused


def test_a_tape_is_written_on_at_its_end(tmp_path: Path) -> None:
    path, written = tmp_path / "a.tape", recording(40)
    for part in (written[:11], written[11:]):
        write(path, part)
    assert read(path) == written


def test_what_is_committed_can_be_read_while_the_rest_is_being_written(tmp_path: Path) -> None:
    path = tmp_path / "a.tape"
    with TapeWriter(path) as writer, TapeFile(path) as reader:
        writer.add(moment(0))
        assert read_open(reader) == []
        writer.commit()
        assert read_open(reader) == [moment(0)]
        writer.add(moment(1))
        assert read(path) == [moment(0)]


def test_a_reader_beside_the_writer_takes_no_lock_and_no_log_away(tmp_path: Path) -> None:
    """Whoever opens a file and closes it again ends all locks that the process has on it: SQLite alone opens it."""
    path = tmp_path / "a.tape"
    with TapeWriter(path) as writer:
        writer.add(moment(0))
        writer.commit()
        read(path)
        code = "import sys; from pathlib import Path; from tape.store.file import TapeFile; TapeFile(Path(sys.argv[1]))"
        subprocess.run([sys.executable, "-c", code, str(path)], cwd=ROOT, check=True)
        assert path.with_name("a.tape-wal").exists()
        writer.add(moment(1))
        writer.commit()
        assert read(path) == [moment(0), moment(1)]


def test_facts_in_force_are_each_subjects_last_since_the_recorder_began(tmp_path: Path) -> None:
    def said(at: float, kind: str = MomentKind.POLL, **about: str) -> Moment:
        return moment(at, *(Fact(FactKind.POINTER, name, text) for name, text in about.items()), kind=kind)

    path = write(
        tmp_path / "a.tape",
        [said(0, MomentKind.RUN), said(1, a="1", b="1"), said(2, a="2"), said(3, MomentKind.RUN), said(4, b="3")],
    )
    with TapeFile(path) as tape:
        held = [{fact.name: fact.about for fact in tape.in_force(last)} for last in range(1, 6)]
    assert held == [{}, {"a": "1", "b": "1"}, {"a": "2", "b": "1"}, {}, {"b": "3"}]


def test_a_full_file_loses_what_was_not_committed_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.tape"
    writer = TapeWriter(path)
    writer.add(moment(0, Fact(FactKind.PAYLOAD, "x", None, payload(0))))
    writer.commit()
    writer.limit(200_000)
    noise = random.Random(5).randbytes
    with pytest.raises(TapeFullError, match=r"a\.tape: no room for more"):
        for at in range(1, 30):
            writer.add(moment(at, Fact(FactKind.PAYLOAD, "x", None, noise(30_000))))
    assert [one.asked for one in read(path)] == [moment(0).asked]
    writer.limit(1 << 30)
    again = moment(99, Fact(FactKind.PAYLOAD, "x", None, payload(1)))
    writer.add(again)
    writer.close()
    assert read(path)[1:] == [again]


def test_a_value_larger_than_any_is_refused_and_spoils_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.tape"
    with TapeWriter(path) as writer:
        writer.add(moment(0))
        writer.commit()
        with pytest.raises(TapeError, match="a value of 9000000 bytes"):
            writer.add(moment(1, Fact(FactKind.PAYLOAD, "x", None, bytes(9_000_000))))
        writer.add(moment(2))
    assert read(path) == [moment(0), moment(2)]


# What is no tape


def sqlite(*statements: str) -> Callable[[Path], object]:
    def make(path: Path) -> None:
        connection = sqlite3.connect(path)
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        connection.close()

    return make


def tape_with(*statements: str) -> Callable[[Path], object]:
    return lambda path: sqlite(*statements)(write(path, recording(3)))


def tape_cut_to(size: int) -> Callable[[Path], object]:
    def make(path: Path) -> None:
        write(path, recording(3))
        with path.open("r+b") as file:
            file.truncate(size)

    return make


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: None, "No such file or directory"),
        (lambda path: path.mkdir(), "Is a directory"),
        (lambda path: path.write_bytes(b""), "empty, no tape"),
        (lambda path: path.write_bytes(b"{}\n" * 99), "no tape"),
        (sqlite("CREATE TABLE a (b)"), "no tape"),
        (
            sqlite(f"PRAGMA application_id = {APPLICATION_ID}", "PRAGMA user_version = 2"),
            "a tape of version 2",
        ),
        (sqlite(f"PRAGMA application_id = {APPLICATION_ID}", "PRAGMA user_version = 1"), "lacks the index"),
        (tape_with("CREATE VIEW more AS SELECT 1"), "holds the view 'more'"),
        (tape_with("CREATE TRIGGER t AFTER INSERT ON facts BEGIN SELECT 1; END"), "holds the trigger 't'"),
        (tape_with("DROP TABLE tape", "CREATE VIEW tape AS SELECT 'a' name, 'b' value"), "holds the view 'tape'"),
        (tape_with("DROP TABLE packed", "CREATE TABLE packed (id, parent)"), "holds the table 'packed'"),
        (tape_cut_to(60), "no tape"),
        (tape_cut_to(1000), "damaged where its tables are named|malformed"),
    ],
    ids=[
        *("absent", "folder", "empty", "text", "sqlite", "version", "no tables", "view", "trigger", "view for a table"),
        *("other table", "header cut", "first page cut"),
    ],
)
def test_what_is_no_tape_is_refused_in_one_line(tmp_path: Path, make: Callable[[Path], object], said: str) -> None:
    path = tmp_path / "a.tape"
    make(path)
    with pytest.raises(TapeError, match=said) as refused:
        TapeFile(path)
    assert "a.tape: " in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("forgery", "said"),
    [
        ("UPDATE packed SET parent = id", "lead to no value that stands alone"),
        ("UPDATE packed SET parent = id + 1", "lead to no value that stands alone"),
        ("UPDATE packed SET size = 1 << 60", "a size of "),
        ("UPDATE packed SET size = 1", "unpacks to other than its 1 bytes"),
        ("UPDATE packed SET digest = x'00'", "the checksum differs"),
        ("DELETE FROM packed", "is not there"),
        ("DELETE FROM subjects", "its subject is not there"),
        ("UPDATE facts SET packed = 9223372036854775807 WHERE packed", "the checksum differs"),
        ("UPDATE facts SET about = 'x'", "the checksum differs"),
        ("UPDATE facts SET moment = moment + 1", "the checksum differs"),
        ("UPDATE moments SET received_mono = 1.5", "the checksum differs"),
        ("UPDATE moments SET id = 9223372036854775800 WHERE id = 2", "its moment is not there"),
    ],
)
def test_a_forged_tape_is_damaged_and_ends_nothing(tmp_path: Path, forgery: str, said: str) -> None:
    path = write(tmp_path / "a.tape", recording(30))
    sqlite(forgery)(path)
    with TapeFile(path) as tape:
        found = verify(tape)
    assert not found.sound
    assert said in "\n".join(damage.what for damage in found.damages)


def test_a_file_that_does_not_keep_to_its_own_tables_is_damaged(tmp_path: Path) -> None:
    """Made with loose tables, which then are called strict: any column may hold anything."""
    path = write(tmp_path / "a.tape", [moment(0, Fact(FactKind.PAYLOAD, "x", None, payload(0)))])
    sqlite(
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET sql = replace(sql, ') STRICT', ')') WHERE type = 'table'",
    )(path)
    sqlite(
        "UPDATE packed SET data = 'text'",
        "UPDATE moments SET asked_wall_ns = x'00', asked_mono = 'soon'",
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET sql = sql || ' STRICT' WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
    )(path)
    with TapeFile(path) as tape:
        said = "\n".join(damage.what for damage in verify(tape).damages)
    assert "moment 1: columns of other types" in said


def test_what_a_tape_says_of_itself_is_read_up_to_a_limit(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tape", [])
    sqlite("INSERT INTO tape SELECT 'long', replace(hex(zeroblob(2000000)), '0', 'x')")(path)
    with TapeFile(path) as tape:
        assert tape.about() == {"prefix": "massive", "long": "x" * 1000}


def test_a_damaged_value_takes_only_those_that_lean_on_it(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tape", recording(320))
    with TapeFile(path) as tape:
        rows = [fact for fact in tape.facts(1, 10_000) if fact.kind == FactKind.PAYLOAD and fact.name == str(SPX)]
    spoilt = rows[8]
    sqlite(f"UPDATE packed SET data = zeroblob(length(data)) WHERE id = {spoilt.packed}")(path)
    lost = []
    with TapeFile(path) as tape:
        for number, row in enumerate(rows):
            try:
                tape.value(row)
            except DamagedError as error:
                assert f"value {spoilt.packed}: " in str(error)
                lost.append(number)
        others = [fact for fact in tape.facts(1, 10_000) if fact.kind == FactKind.PAYLOAD and fact.name == str(NDX)]
        assert [tape.value(fact) for fact in others] == [payload(at, NDX) for at in range(0, 320, 10)]
    assert lost == [*range(8, 16)]  # of 32: number 8 and what is a delta against it, straight or by others
