"""A tape as it is read: what is refused and where exactly, what is left alone, and what is kept in memory."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tape.errors import DamagedError, NoTapeError, TapeError
from tape.store import layout
from tape.store.facts import Fact, FactKind, Moment
from tape.store.file import TapeFile, remove
from tape.store.layout import APPLICATION_ID, VERSION
from tape.store.writer import TapeWriter
from tests.support.tapes import moment, payload, recording, write

LARGE = 30_000  # bytes of each value below


def edit(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def values(count: int) -> list[Moment]:
    """Return moments with one value each of so many bytes; each is packed against those before it."""
    raws = [bytes([at]) * LARGE for at in range(count)]
    return [moment(at, Fact(FactKind.PAYLOAD, "x", None, raw)) for at, raw in enumerate(raws)]


class Counted(TapeFile):
    """Counts the packed values that it reads."""

    read = 0

    def rows(self, sql: str, *values: object) -> Iterator[tuple[object, ...]]:
        self.read += "FROM packed" in sql
        return super().rows(sql, *values)

    def reads(self, number: int, *, check: bool = True) -> int:
        """Return how many packed values it takes to have one."""
        before = self.read
        self.unpacked(number, check=check)
        return self.read - before


def held(path: Path) -> list[str]:
    """Return which files of that name, or beside it, this process has open."""
    names: list[str] = []
    for link in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # that of the folder itself
            names.append(str(link.readlink()))
    return [name for name in names if name.startswith(str(path))]


# What is refused


@pytest.mark.parametrize("application", [0, APPLICATION_ID - 1, APPLICATION_ID + 1, -APPLICATION_ID])
def test_a_database_of_another_program_is_no_tape(tmp_path: Path, application: int) -> None:
    path = write(tmp_path / "a.tape", recording(3))
    edit(path, f"PRAGMA application_id = {application}")
    with pytest.raises(NoTapeError, match=r"a\.tape: no tape$"):
        TapeFile(path)


@pytest.mark.parametrize("version", [0, VERSION - 1, VERSION + 1, -VERSION, 2**31 - 1])
def test_a_tape_of_another_version_is_refused_with_both_versions(tmp_path: Path, version: int) -> None:
    path = write(tmp_path / "a.tape", recording(3))
    edit(path, f"PRAGMA user_version = {version}")
    with pytest.raises(NoTapeError, match=f"a tape of version {version}, and this chaindeck reads version {VERSION}$"):
        TapeFile(path)


@pytest.mark.parametrize("size", [1, 15, 16, 99, 100, 511])
def test_a_file_shorter_than_a_page_is_no_tape(tmp_path: Path, size: int) -> None:
    path = write(tmp_path / "a.tape", recording(3))
    os.truncate(path, size)
    with pytest.raises(TapeError, match=r"a\.tape: "):
        TapeFile(path)


def test_what_is_no_file_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.tape")
    with pytest.raises(NoTapeError, match=r"pipe\.tape: no file$"):
        TapeFile(tmp_path / "pipe.tape")


def test_a_tape_by_another_name_is_the_tape(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tape", recording(3))
    (tmp_path / "b ?#%41 é.tape").symlink_to(path)
    with TapeFile(tmp_path / "b ?#%41 é.tape") as tape:
        assert tape.about() == {"prefix": "massive"}


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files are listed on Linux alone")
def test_one_that_another_program_holds_alone_is_refused_and_not_read_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "_WAIT_S", 0.02)
    path = write(tmp_path / "a.tape", recording(3))
    with closing(sqlite3.connect(path)) as holder:
        holder.execute("PRAGMA locking_mode = EXCLUSIVE")
        holder.execute("UPDATE moments SET about = about")
        holder.commit()
        with pytest.raises(TapeError, match=r"a\.tape: locked by another program$"):
            TapeFile(path)
        with pytest.raises(TapeError, match=r"a\.tape: locked by another program$"):
            TapeWriter(path)
    assert held(path) == []
    with TapeFile(path) as tape:
        assert not tape.tail_missing


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files are listed on Linux alone")
@pytest.mark.parametrize("statement", ["CREATE VIEW more AS SELECT 1", "PRAGMA user_version = 9", "DROP TABLE packed"])
def test_a_file_that_is_refused_is_let_go(tmp_path: Path, statement: str) -> None:
    path = write(tmp_path / "a.tape", recording(3))
    edit(path, statement)
    with pytest.raises(TapeError) as refused:  # which holds on to what it saw
        TapeFile(path)
    assert held(path) == []
    assert "a.tape" in str(refused.value)


def test_two_writers_of_a_tape_wait_for_each_other_and_one_gives_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "_WAIT_S", 0.02)
    path = tmp_path / "a.tape"
    with TapeWriter(path) as one, TapeWriter(path) as other:
        one.add(moment(0))
        with pytest.raises(TapeError, match=r"a\.tape: locked by another program$"):
            other.add(moment(1))
        one.commit()
        other.add(moment(2))
        other.commit()
    with TapeFile(path) as tape:
        assert [each for _, each in tape.moments(1, 9)] == [moment(0), moment(2)]


# What is left alone


def test_reading_changes_nothing_and_leaves_nothing_beside(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tape", values(3))
    before = path.read_bytes()
    with TapeFile(path) as tape:
        for statement in ("DELETE FROM moments", "CREATE TABLE t (a)", "PRAGMA user_version = 9"):
            with pytest.raises(TapeError, match="cannot be written here"):
                list(tape.rows(statement))
        assert tape.unpacked(3) == bytes([2]) * LARGE
    assert path.read_bytes() == before
    assert [*tmp_path.iterdir()] == [path]


def test_a_tape_whose_journal_is_another_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tape", recording(3))
    edit(path, "PRAGMA journal_mode = DELETE")
    with TapeFile(path) as tape:
        assert tape.about() == {"prefix": "massive"}


def test_a_closed_tape_says_so(tmp_path: Path) -> None:
    with TapeFile(write(tmp_path / "a.tape", recording(3))) as tape:
        pass
    for read in (tape.about, lambda: tape.whole_rows("SELECT 1"), lambda: tape.moment(1)):
        with pytest.raises(TapeError, match=r"a\.tape: Cannot operate on a closed database"):
            read()


def test_a_tape_is_deleted_with_what_stands_beside_it(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tape", recording(3))
    others = [tmp_path / name for name in ("a.tape-journal", "b.tape", "a.tape-wal2")]
    for each in (path.with_name("a.tape-wal"), path.with_name("a.tape-shm"), *others):
        each.write_text("x")
    remove(path)
    assert sorted(tmp_path.iterdir()) == sorted(others)
    remove(path)  # it is gone already
    path.mkdir()
    with pytest.raises(TapeError, match=r"a\.tape: "):
        remove(path)


# What is read


def test_what_is_not_there_is_damage(tmp_path: Path) -> None:
    with TapeFile(write(tmp_path / "a.tape", values(2))) as tape:
        assert tape.moment(2) == moment(1)
        for number in (0, 3):
            with pytest.raises(DamagedError, match=f"moment {number} is not there"):
                tape.moment(number)
            with pytest.raises(DamagedError, match=f"value {number} is not there"):
                tape.unpacked(number)


@pytest.mark.parametrize("number", [-(2**63), 2**63 - 1, 2**63, -(2**200)])
def test_a_number_that_no_tape_holds_is_damage(tmp_path: Path, number: int) -> None:
    with TapeFile(write(tmp_path / "a.tape", values(2))) as tape:
        with pytest.raises(DamagedError):
            tape.moment(number)
        for wanted in (number - 1, number + 1):
            assert not tape.whole_rows("SELECT id FROM moments WHERE id = ?", wanted)


def test_a_tape_says_at_most_twenty_things_of_itself(tmp_path: Path) -> None:
    with TapeWriter(tmp_path / "a.tape", {f"{at:0150d}": "x" * 1001 for at in range(21)}):
        pass
    with TapeFile(tmp_path / "a.tape") as tape:
        about = tape.about()
    assert (len(about), {len(name) for name in about}, {*about.values()}) == (1, {100}, {"x" * 1000})
    with TapeWriter(tmp_path / "b.tape", {f"{at}": "x" for at in range(21)}):
        pass
    with TapeFile(tmp_path / "b.tape") as tape:
        assert len(tape.about()) == 20


def test_moments_and_facts_are_read_from_one_to_another_both_with_them(tmp_path: Path) -> None:
    with TapeFile(write(tmp_path / "a.tape", values(5))) as tape:
        assert [number for number, _ in tape.moments(2, 4)] == [2, 3, 4]
        assert [fact.moment for fact in tape.facts(2, 4)] == [2, 3, 4]
        said = tape.said(FactKind.PAYLOAD, "x", 4, 2)
        assert [fact.moment for fact in said] == [4, 3]
        assert [fact.moment for fact in tape.in_force(4)] == [4]
        assert [fact.moment for fact in tape.in_force(4, began=5)] == []
        assert [fact.moment for fact in tape.in_force(4, began=4)] == [4]


def test_rows_are_none_where_they_are_damaged_and_else_what_is_there(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tape", recording(200))
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    with TapeFile(path) as tape:
        assert tape.whole_rows("SELECT id FROM moments WHERE id <= ?", 2) == [(1,), (2,)]
        assert tape.whole_rows("SELECT count(*) FROM packed") is None
        with pytest.raises(TapeError, match="no such table"):
            tape.whole_rows("SELECT 1 FROM elsewhere")


# What is kept in memory


def test_a_value_is_read_once_and_again_when_it_is_forgotten(tmp_path: Path) -> None:
    with closing(Counted(write(tmp_path / "a.tape", values(8)))) as tape:
        assert [tape.reads(8), tape.reads(8), tape.reads(5, check=False)] == [4, 0, 0]
        assert [tape.reads(5), tape.reads(5)] == [1, 0]  # it was not held against its own digest yet
        tape.forget()
        assert [tape.reads(8), tape.reads(4)] == [4, 2]


def test_what_is_forgotten_takes_no_room(tmp_path: Path) -> None:
    told = [moment(at, Fact(FactKind.PAYLOAD, name, None, bytes([at]) * LARGE)) for at, name in enumerate("ab")]
    with closing(Counted(write(tmp_path / "a.tape", told), cache_bytes=2 * LARGE)) as tape:
        tape.reads(1)
        tape.forget()
        tape.reads(1, check=False)  # and once more to be checked: it is kept but once
        assert [tape.reads(1), tape.reads(2), tape.reads(1), tape.reads(2)] == [1, 1, 0, 0]


@pytest.mark.parametrize(("kept", "read_again"), [(2 * LARGE, 0), (2 * LARGE - 1, 1)])
def test_values_are_kept_up_to_so_many_bytes_and_those_used_last(tmp_path: Path, kept: int, read_again: int) -> None:
    told = [moment(at, Fact(FactKind.PAYLOAD, name, None, bytes([at]) * LARGE)) for at, name in enumerate("abc")]
    with closing(Counted(write(tmp_path / "a.tape", told), cache_bytes=kept)) as tape:
        assert [tape.reads(1), tape.reads(2), tape.reads(1)] == [1, 1, read_again]
        if not read_again:
            assert [tape.reads(3), tape.reads(1), tape.reads(2)] == [1, 0, 1]


def test_the_last_value_is_kept_however_large(tmp_path: Path) -> None:
    with closing(Counted(write(tmp_path / "a.tape", values(1)), cache_bytes=1)) as tape:
        assert [tape.reads(1), tape.reads(1)] == [1, 0]


def test_a_value_that_was_not_checked_is_checked_for_whoever_asks_for_it(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tape", values(2))
    edit(path, "UPDATE packed SET digest = zeroblob(8) WHERE id = 1")
    with TapeFile(path) as tape:
        assert tape.unpacked(2) == bytes([1]) * LARGE  # of what it is packed against, its own digest tells
        assert tape.unpacked(1, check=False) == bytes(LARGE)
        for _ in range(2):
            with pytest.raises(DamagedError, match="value 1: the checksum differs"):
                tape.unpacked(1)


def test_a_value_that_comes_back_into_memory_is_checked_again(tmp_path: Path) -> None:
    told = [moment(at, Fact(FactKind.PAYLOAD, name, None, bytes([at]) * LARGE)) for at, name in enumerate("ab")]
    path = write(tmp_path / "a.tape", told)
    with TapeFile(path, cache_bytes=LARGE) as tape:
        tape.unpacked(1)
        tape.unpacked(2)
        edit(path, "UPDATE packed SET digest = zeroblob(8)")
        assert tape.unpacked(1, check=False) == bytes(LARGE)
        with pytest.raises(DamagedError, match="value 1: the checksum differs"):
            tape.unpacked(1)


def test_a_value_that_was_forgotten_is_checked_again(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tape", values(1))
    with TapeFile(path) as tape:
        tape.unpacked(1)
        edit(path, "UPDATE packed SET digest = zeroblob(8)")
        assert tape.unpacked(1) == bytes(LARGE)
        tape.forget()
        assert tape.unpacked(1, check=False) == bytes(LARGE)
        with pytest.raises(DamagedError, match="value 1: the checksum differs"):
            tape.unpacked(1)


def test_facts_give_their_values_wherever_they_stand(tmp_path: Path) -> None:
    facts = [Fact(FactKind.POINTER, "a", "{}", b"here"), Fact(FactKind.PAYLOAD, "a", "{}", payload(0))]
    path = write(tmp_path / "a.tape", [moment(0, *facts, Fact(FactKind.POINTER, "b"))])
    edit(path, "UPDATE packed SET digest = zeroblob(8)")
    with TapeFile(path) as tape:
        small, large, none = tape.facts(1, 1)
        assert (tape.fact(small), tape.value(none)) == (facts[0], None)
        assert tape.value(large, check=False) == payload(0)
        for read in (tape.fact, tape.value):
            with pytest.raises(DamagedError, match="the checksum differs"):
                read(large)
