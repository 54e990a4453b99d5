"""The one writer of a tape: moments and facts go in as they came, values packed, and are there once committed."""

import os
import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from tape.errors import TapeError
from tape.store.codec import MAX_VALUE_BYTES, Packed, Packer
from tape.store.facts import Fact, Moment
from tape.store.layout import APPLICATION_ID, TABLES, VERSION, check_header, check_tables, connect, row_sum, sqlite_call
from tape.store.layout import shown as shown_path

INLINE_BYTES = 256  # values up to this size stand in their row: a delta would save nothing
_PAGE_BYTES = 2048  # of 15 kB values, larger pages leave more of their last one empty: 5 % at 4096, 20 % at 16384


class TapeWriter:
    """Writes one tape from one thread. What was added since the last commit is lost where an error is raised.

    After an error the writer can be used again: it begins with what it can still write.
    """

    def __init__(
        self,
        path: Path,
        about: Mapping[str, str] | None = None,
        *,
        packer: Packer | None = None,
        connection: sqlite3.Connection | None = None,
    ) -> None:
        """Open a tape to write on at its end, made with what `about` says of it if there is none; raise TapeError.

        `connection` is to a tape that is open already, as one in memory is; `path` then only names it.
        """
        self.path = path
        self._packer = packer or Packer()
        self._subjects: dict[tuple[str, str], int] = {}
        self._last: dict[int, tuple[int, bytes]] = {}  # by subject: its last packed value, so that none is stored twice
        if connection is not None:
            self._connection = connection
            return
        with sqlite_call(path):
            if not path.exists():
                _create(path, about or {})
            check_header(path)
            self._connection = connect(path, "rw")
            try:
                check_tables(self._connection, path)
                self._connection.execute("PRAGMA journal_mode = WAL")
                self._connection.execute("PRAGMA synchronous = NORMAL")
            except BaseException:
                self._connection.close()
                raise

    def __enter__(self) -> "TapeWriter":
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.close()

    def add(self, moment: Moment) -> None:
        """Write a moment with its facts; raise TapeError, and forget all that is not committed."""
        try:
            with sqlite_call(self.path):
                if not self._connection.in_transaction:
                    self._connection.execute("BEGIN IMMEDIATE")
                self._add(moment)
        except BaseException:
            self._roll_back()
            raise

    def commit(self) -> None:
        """Make durable what was added: it outlives this process, and all but its last second a power cut."""
        try:
            with sqlite_call(self.path):
                if self._connection.in_transaction:
                    self._connection.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise

    def close(self) -> None:
        """Commit, and leave one file without a log beside it; raise TapeError where that fails."""
        try:
            self.commit()
            with sqlite_call(self.path):
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            self._connection.close()

    def limit(self, size: int) -> None:
        """Let the file grow up to about so many bytes: beyond, TapeFullError."""
        self._connection.execute(f"PRAGMA max_page_count = {max(1, size // _PAGE_BYTES)}")

    def _add(self, moment: Moment) -> None:
        columns = (
            *(moment.kind, moment.asked.wall_ns, moment.asked.mono),
            *(moment.received.wall_ns, moment.received.mono, moment.about, int(moment.begins)),
        )
        added = self._connection.execute(
            "INSERT INTO moments (kind, asked_wall_ns, asked_mono, received_wall_ns, received_mono, about, begins, sum)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (*columns, row_sum(*columns)),
        )
        for fact in moment.facts:
            self._add_fact(_id(added), fact)

    def _add_fact(self, moment: int, fact: Fact) -> None:
        subject = self._subject(fact.kind, fact.name)
        columns: tuple[int, int, str | None, bytes | None, int | None]
        if fact.value is None or len(fact.value) <= INLINE_BYTES:
            columns = (moment, subject, fact.about, fact.value, None)
        elif len(fact.value) <= MAX_VALUE_BYTES:
            columns = (moment, subject, fact.about, None, self._packed(subject, fact.value))
        else:
            raise TapeError(f"{shown_path(self.path)}: a value of {len(fact.value)} bytes, more than a tape holds")
        self._connection.execute(
            "INSERT INTO facts (moment, subject, about, value, packed, sum) VALUES (?, ?, ?, ?, ?, ?)",
            (*columns, row_sum(*columns)),
        )

    def _packed(self, subject: int, value: bytes) -> int:
        last = self._last.get(subject)
        if last is not None and last[1] == value:
            return last[0]
        stored = self._packer.pack(subject, value, lambda packed: self._store(subject, packed))
        self._last[subject] = stored, value
        return stored

    def _store(self, subject: int, packed: Packed) -> int:
        added = self._connection.execute(
            "INSERT INTO packed (subject, parent, size, digest, data) VALUES (?, ?, ?, ?, ?)",
            (subject, packed.parent, packed.size, packed.digest, packed.data),
        )
        return _id(added)

    def _subject(self, kind: str, name: str) -> int:
        known = self._subjects.get((kind, name))
        if known is None:
            row = self._connection.execute("SELECT id FROM subjects WHERE kind = ? AND name = ?", (kind, name))
            found = row.fetchone()
            known = found[0] if found else self._new_subject(kind, name)
            self._subjects[kind, name] = known
        return known

    def _new_subject(self, kind: str, name: str) -> int:
        return _id(self._connection.execute("INSERT INTO subjects (kind, name) VALUES (?, ?)", (kind, name)))

    def _roll_back(self) -> None:
        """Undo what is not committed; nothing may lean on it from here on."""
        with suppress(sqlite3.Error):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        self._packer.forget()
        self._subjects.clear()
        self._last.clear()


def make_tables(connection: sqlite3.Connection, about: Mapping[str, str]) -> None:
    """Make an empty tape of an empty database; `about` is what it says of itself."""
    for pragma in (f"page_size = {_PAGE_BYTES}", f"application_id = {APPLICATION_ID}", f"user_version = {VERSION}"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("BEGIN")
    for table in TABLES:
        connection.execute(table)
    connection.executemany("INSERT INTO tape (name, value) VALUES (?, ?)", sorted(about.items()))
    connection.execute("COMMIT")


def _create(path: Path, about: Mapping[str, str]) -> None:
    """Make an empty tape under another name first: what stands at `path` is a tape, or nothing."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    connection = connect(draft, "rwc")
    try:
        make_tables(connection, about)
        connection.close()
        draft.chmod(0o600)
        draft.rename(path)
    except OSError as error:
        raise TapeError(f"{shown_path(path)}: {error.strerror}") from None
    finally:
        connection.close()
        draft.unlink(missing_ok=True)


def _id(cursor: sqlite3.Cursor) -> int:
    assert cursor.lastrowid is not None
    return cursor.lastrowid
