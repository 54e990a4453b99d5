"""The layout of a tape in SQLite: tables, what names format and version, and how a file is opened or refused."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote
from zlib import crc32

from chain.text import clean
from tape.errors import DamagedError, NoTapeError, TapeError, TapeFullError

APPLICATION_ID = 0x43445450  # "CDTP"
VERSION = 1

TABLES = (
    "CREATE TABLE tape (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
    """CREATE TABLE moments (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, asked_wall_ns INTEGER NOT NULL, asked_mono REAL NOT NULL,
  received_wall_ns INTEGER NOT NULL, received_mono REAL NOT NULL, about TEXT, begins INTEGER NOT NULL,
  sum INTEGER NOT NULL) STRICT""",
    "CREATE INDEX looks ON moments (asked_wall_ns) WHERE begins",
    """CREATE TABLE subjects (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (kind, name)) STRICT""",
    """CREATE TABLE facts (
  id INTEGER PRIMARY KEY, moment INTEGER NOT NULL, subject INTEGER NOT NULL, about TEXT, value BLOB, packed INTEGER,
  sum INTEGER NOT NULL) STRICT""",
    "CREATE INDEX facts_by_subject ON facts (subject, moment)",
    "CREATE INDEX facts_by_moment ON facts (moment)",
    """CREATE TABLE packed (
  id INTEGER PRIMARY KEY, subject INTEGER NOT NULL, parent INTEGER, size INTEGER NOT NULL, digest BLOB NOT NULL,
  data BLOB NOT NULL) STRICT""",
)

_MOST_BYTES = 16 * 1024 * 1024  # of one column, and of a statement
_WAIT_S = 5.0  # for a lock that another program holds
_DAMAGED = {"SQLITE_CORRUPT"}
_LOCKED = {"SQLITE_BUSY", "SQLITE_LOCKED"}
_MEANINGS: dict[str, tuple[type[TapeError], str]] = {
    "SQLITE_FULL": (TapeFullError, "no room for more"),
    "SQLITE_NOTADB": (NoTapeError, "no tape"),
    **dict.fromkeys(_LOCKED, (TapeError, "locked by another program")),
}


def row_sum(*columns: object) -> int:
    """Return the checksum of a row: CRC-32 of its other columns as text, joined by line feeds; NULL is empty."""
    return crc32(b"\n".join(one if isinstance(one, bytes) else _text(one) for one in columns))


def _text(column: object) -> bytes:
    return b"" if column is None else str(column).encode("utf-8", "surrogateescape")


@contextmanager
def sqlite_call(path: Path) -> Iterator[None]:
    """Turn what SQLite raises into a TapeError that names the file."""
    try:
        yield
    except sqlite3.Error as error:
        raise tape_error(path, error) from None
    except OverflowError:  # what a damaged row told was looked for, or what is next to it
        raise DamagedError(f"{shown(path)}: a number larger than any on a tape") from None


def tape_error(path: Path, error: sqlite3.Error) -> TapeError:
    """Return what SQLite raised as a TapeError that names the file."""
    name, code = shown(path), _primary(error)
    if code in _MEANINGS:
        kind, words = _MEANINGS[code]
        return kind(f"{name}: {words}")
    words = clean(error, 120)
    if is_damage(error):
        return DamagedError(f"{name}: {words}")
    if code in ("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM"):
        return TapeError(f"{name}: cannot be written here: {words}")
    # A quota or a limit of a file's size comes as a failed write.
    return (TapeFullError if _code(error) == "SQLITE_IOERR_WRITE" else TapeError)(f"{name}: {words}")


def is_damage(error: sqlite3.Error) -> bool:
    """Return whether an error tells that the file is damaged."""
    return _primary(error) in _DAMAGED or isinstance(error, sqlite3.DataError)


def is_locked(error: sqlite3.Error) -> bool:
    """Return whether an error tells that another program keeps all others from the file."""
    return _primary(error) in _LOCKED


def _primary(error: sqlite3.Error) -> str:
    """Return the name of an error's code without what makes it more precise."""
    return "_".join(_code(error).split("_")[:2])


def _code(error: sqlite3.Error) -> str:
    """Return the name of an error's code, empty where it is none of SQLite's."""
    return getattr(error, "sqlite_errorname", "") or ""


def shown(path: Path) -> str:
    """Return a path as it may be shown."""
    return clean(path)


def check_header(path: Path) -> None:
    """Raise TapeError for a path at which no tape of this version stands; change and lock nothing.

    SQLite itself reads the header: were the file opened by other means, its closing would end every lock that this
    process has on it, and a recorder's log could be taken away under it.
    """
    try:
        status = path.stat()
        if not path.is_file():
            raise NoTapeError(f"{shown(path)}: {'Is a directory' if path.is_dir() else 'no file'}")
        if status.st_size == 0:
            raise NoTapeError(f"{shown(path)}: empty, no tape")
        with closing(connect(path, "ro", immutable=True)) as connection:
            connection.execute("PRAGMA writable_schema = ON")  # or SQLite would refuse a truncated file whole
            [(application,)] = connection.execute("PRAGMA application_id")
            [(version,)] = connection.execute("PRAGMA user_version")
    except OSError as error:
        raise TapeError(f"{shown(path)}: {error.strerror}") from None
    except sqlite3.Error as error:
        raise tape_error(path, error) from None
    if application != APPLICATION_ID:
        raise NoTapeError(f"{shown(path)}: no tape")
    if version != VERSION:
        raise NoTapeError(f"{shown(path)}: a tape of version {version}, and this chaindeck reads version {VERSION}")


def connect(path: Path, mode: str, *, immutable: bool = False) -> sqlite3.Connection:
    """Return a connection that trusts nothing in the file; `mode` is ro, rw or rwc."""
    uri = f"file:{quote(str(path.absolute()))}?mode={mode}{'&immutable=1' if immutable else ''}"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_WAIT_S, check_same_thread=False)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MOST_BYTES)
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    for pragma in ("trusted_schema = OFF", "cell_size_check = ON", "mmap_size = 0", "temp_store = MEMORY"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def check_tables(connection: sqlite3.Connection, path: Path) -> None:
    """Raise TapeError unless the file holds exactly a tape's tables: no view or trigger acts in their place."""
    rows = connection.execute("SELECT type, name, sql FROM sqlite_master LIMIT 100").fetchall()
    if not all(isinstance(kind, str) and isinstance(name, str) for kind, name, _ in rows):
        raise DamagedError(f"{shown(path)}: damaged where its tables are named")
    found = {(kind, name, sql) for kind, name, sql in rows if not name.startswith("sqlite_")}
    wanted = {(*map(str.lower, sql.split(maxsplit=3)[1:3]), sql) for sql in TABLES}
    if extra := sorted(found - wanted, key=str):
        kind, name, _ = extra[0]
        raise NoTapeError(f"{shown(path)}: no tape as chaindeck writes it: holds the {kind} {clean(name, 40)!r}")
    if missing := sorted(wanted - found, key=str):
        raise NoTapeError(f"{shown(path)}: no tape as chaindeck writes it: lacks the {missing[0][0]} {missing[0][1]!r}")
