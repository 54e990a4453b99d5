"""Tapes that are damaged or forged, under every command that reads one: a line, an exit code as promised, no trace."""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaindeck.exits import Exit
from tests.support.builders import law
from tests.support.product import run
from tests.support.watched import Watched, taped

pytestmark = pytest.mark.slow

PAGE = 2048
fewer = settings(parent=law, max_examples=law.max_examples // 5)  # each of them is six processes
READ = frozenset({Exit.DONE, Exit.UNAVAILABLE})
COMMANDS = {
    ("tape", "info", "{tape}"): READ,
    ("tape", "verify", "{tape}"): READ | {Exit.INCOMPLETE},
    ("tape", "salvage", "{tape}", "--out", "{folder}/whole.tape"): READ | {Exit.INCOMPLETE},
    ("tape", "cut", "{tape}", "--from", "+5s", "--to", "+20s", "--out", "{folder}/cut.tape"): READ,
    ("tape", "export", "{tape}", "--ndjson", "{folder}/lines"): READ | {Exit.INCOMPLETE},
    ("open", "{tape}", "--at", "+10s"): READ | {Exit.INCOMPLETE},
}
COLUMNS = {
    "tape": ("name", "value"),
    "moments": ("kind", "asked_wall_ns", "asked_mono", "received_wall_ns", "received_mono", "about", "begins"),
    "subjects": ("kind", "name"),
    "facts": ("moment", "subject", "about", "value", "packed"),
    "packed": ("subject", "parent", "size", "digest", "data"),
}
VALUES = (
    *("0", "-1", "9223372036854775807", "-9223372036854775808", "1e308", "9e999", "0.5", "NULL", "x'00ff'"),
    *("zeroblob(300)", "'text'", "cast(x'1b5b33316dff' as text)", "hex(zeroblob(300000))", "'{}'", "'[1]'"),
    *("(SELECT kind FROM subjects LIMIT 1)", "(SELECT name FROM subjects LIMIT 1)", "(SELECT id FROM packed LIMIT 1)"),
)

shares = st.floats(0, 1, exclude_max=True)
flips = st.lists(st.tuples(st.just("flip"), shares, st.integers(0, 7)), min_size=1, max_size=30)
pages = st.lists(st.tuples(st.sampled_from(["zero", "swap"]), shares, shares), min_size=1, max_size=5)
cuts = st.tuples(st.just("cut"), shares, st.just(0)).map(lambda one: [one])
columns = st.sampled_from([(table, column) for table, names in COLUMNS.items() for column in names])
forgeries = st.lists(st.tuples(columns, st.sampled_from(VALUES), st.integers(1, 9)), min_size=1, max_size=3)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return taped(tmp_path_factory.mktemp("sound") / "a.tape", Watched(lost=range(4, 6)).run(30))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


def damaged(raw: bytes, damage: list[tuple[str, float, float]]) -> bytes:
    spoilt = bytearray(raw)
    for kind, where, how in damage:
        at, page = int(where * len(raw)), int(where * len(raw)) // PAGE * PAGE
        match kind:
            case "flip":
                spoilt[at] ^= 1 << int(how)
            case "zero":
                spoilt[page : page + PAGE] = bytes(PAGE)
            case "swap":
                other = int(how * len(raw)) // PAGE * PAGE
                spoilt[page : page + PAGE], spoilt[other : other + PAGE] = (
                    *(spoilt[other : other + PAGE], spoilt[page : page + PAGE]),
                )
            case _:
                del spoilt[at:]
    return bytes(spoilt)


def forge(path: Path, forgeries: list[tuple[tuple[str, str], str, int]]) -> None:
    """Write other values into columns, and checksums that are right for them."""
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        for (table, column), value, every in forgeries:
            with suppress(sqlite3.Error):  # a value that a column of this type cannot hold
                file.execute(f"UPDATE OR IGNORE {table} SET {column} = {value} WHERE rowid % 9 < {every}")
        file.text_factory = bytes
        for table in ("moments", "facts"):
            rows = file.execute(f"SELECT id, {', '.join(COLUMNS[table])} FROM {table}").fetchall()
            sums = [(row_sum(*values), number) for number, *values in rows]
            file.executemany(f"UPDATE {table} SET sum = ? WHERE id = ?", sums)


def row_sum(*values: object) -> int:
    return crc32(
        b"\n".join(b"" if one is None else one if isinstance(one, bytes) else str(one).encode() for one in values)
    )


def assert_promises_are_kept(path: Path, home: Path) -> None:
    before = path.read_bytes()
    for arguments, codes in COMMANDS.items():
        ended = run(home, *(one.format(tape=path, folder=path.parent) for one in arguments))
        said = ended.stdout + ended.stderr
        assert ended.returncode in codes, (arguments, ended)
        assert "Traceback" not in said
        assert not {sign for sign in said if ord(sign) < 32 and sign != "\n"}, (arguments, said)
        assert (ended.returncode != Exit.UNAVAILABLE) or ended.stderr.startswith("chaindeck: ")
        for made in (Path(one.format(folder=path.parent)) for one in arguments if "{folder}" in one):
            assert made.exists() is (ended.returncode != Exit.UNAVAILABLE)
            if made.suffix == ".tape" and made.exists():
                assert run(home, "tape", "verify", str(made)).returncode == Exit.DONE
    assert path.read_bytes() == before


@fewer
@given(damage=st.one_of(flips, pages, cuts))
def test_a_damaged_tape_ends_no_command_otherwise_than_promised(
    tmp_path_factory: pytest.TempPathFactory, sound: Path, home: Path, damage: list[tuple[str, float, float]]
) -> None:
    path = tmp_path_factory.mktemp("tape") / "a.tape"
    path.write_bytes(damaged(sound.read_bytes(), damage))
    assert_promises_are_kept(path, home)


@fewer
@given(forgeries=forgeries)
def test_a_forged_tape_ends_no_command_otherwise_than_promised(
    tmp_path_factory: pytest.TempPathFactory,
    sound: Path,
    home: Path,
    forgeries: list[tuple[tuple[str, str], str, int]],
) -> None:
    path = tmp_path_factory.mktemp("tape") / "a.tape"
    path.write_bytes(sound.read_bytes())
    forge(path, forgeries)
    assert_promises_are_kept(path, home)
