"""A tape that is read: what it says of itself, its looks, moments and values, and what was in force at any of them.

Whatever a tape holds, reading it is bounded: in the bytes of a value and of all that it is packed against, in how far
deltas are followed. A value that cannot be believed raises DamagedError, and spoils no other.
"""

import sqlite3
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from tape.errors import DamagedError, TapeError
from tape.store.codec import MAX_DELTAS, Packed, unpack
from tape.store.facts import Fact, Moment, MomentKind
from tape.store.layout import check_header, check_tables, connect, is_damage, is_locked, shown, sqlite_call, tape_error
from tape.store.rows import (
    SELECT_FACTS_OF,
    SELECT_IN_FORCE,
    SELECT_IN_FORCE_OF,
    SELECT_MOMENTS,
    SELECT_PACKED,
    SELECT_SAID,
    SELECT_SUBJECTS,
    StoredFact,
    fact_of,
    last_fact_of,
    moment_of,
    packed_of,
    typed,
)

_CACHE_BYTES = 32 * 1024 * 1024
_ASIDE = ("-wal", "-shm")


class _Note(NamedTuple):
    name: str
    value: str


class _Subject(NamedTuple):
    id: int
    kind: str
    name: str


class TapeFile:
    """Reads one tape, also while it is being written. For one thread at a time."""

    def __init__(
        self, path: Path, *, cache_bytes: int = _CACHE_BYTES, connection: sqlite3.Connection | None = None
    ) -> None:
        """Open a tape; raise TapeError where there is none that can be read.

        `cache_bytes`: how much of unpacked values is kept. `connection` is to a tape that is open already, as one in
        memory is; `path` then only names it.
        """
        self.path = path
        self._cache_bytes = cache_bytes
        self.tail_missing = False  # whether moments that were written last cannot be read here
        self._values: OrderedDict[int, bytes] = OrderedDict()
        self._checked: set[int] = set()  # of the values, those held against their own digests
        self._held = 0
        if connection is not None:
            self._connection = connection
            return
        check_header(path)
        with sqlite_call(path):
            self._connection = self._open()
            try:
                self._connection.execute("PRAGMA query_only = ON")
                check_tables(self._connection, path)
            except BaseException:
                self._connection.close()
                raise

    def __enter__(self) -> "TapeFile":
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def forget(self) -> None:
        """Keep no unpacked value."""
        self._values.clear()
        self._checked.clear()
        self._held = 0

    def about(self) -> Mapping[str, str]:
        """Return what the tape says of itself, by name."""
        notes = self.rows("SELECT substr(name, 1, 100), substr(value, 1, 1000) FROM tape LIMIT 20")
        return dict(typed(row, _Note, "note") for row in notes)

    def rows(self, sql: str, *values: object) -> Iterator[tuple[object, ...]]:
        """Yield the rows of a query; raise TapeError."""
        with sqlite_call(self.path):
            # Not `yield from`: left unread, it would close its cursor, which fails once the tape is closed.
            for row in self._connection.execute(sql, values):  # noqa: UP028
                yield row

    def whole_rows(self, sql: str, *values: object) -> list[tuple[object, ...]] | None:
        """Return the rows of a query, None where a part of the file that holds them is damaged; raise TapeError."""
        try:
            return self._connection.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            if is_damage(error):
                return None
            raise tape_error(self.path, error) from None
        except OverflowError:  # no row has such a number
            return None

    def moment(self, number: int) -> Moment:
        """Return a moment without its facts; raise DamagedError where it is not as it was written."""
        for _, moment in self.moments(number, number):
            return moment
        raise DamagedError(f"moment {number} is not there")

    def moments(self, first: int, last: int) -> Iterator[tuple[int, Moment]]:
        """Yield the moments from `first` to `last` without their facts, each with its id."""
        for row in self.rows(SELECT_MOMENTS, first - 1, last, -1):
            yield moment_of(row)

    def facts(self, first: int, last: int) -> Iterator[StoredFact]:
        """Yield the facts of moments from `first` to `last`, in the order in which they were written."""
        for row in self.rows(SELECT_FACTS_OF, first, last):
            yield fact_of(row)

    def in_force(self, last: int, *, began: int | None = None) -> list[StoredFact]:
        """Return the facts in force after a moment: of each subject the last one since its recorder began.

        `began` is the moment at which it did, where that is known. One that is damaged is there, and says so.
        """
        if began is None:
            sql = "SELECT coalesce(max(id), 0) FROM moments WHERE kind = ? AND id <= ?"
            [(found,)] = self.rows(sql, MomentKind.RUN, last)
            began = found if isinstance(found, int) else 0
        rows = self.whole_rows(SELECT_IN_FORCE, began, last)
        return self._each_in_force(began, last) if rows is None else [last_fact_of(row) for row in rows]

    def _each_in_force(self, began: int, last: int) -> list[StoredFact]:
        """Return the same where a part of the file is damaged in which some of them stand."""
        found: list[StoredFact] = []
        for subject in self.rows(SELECT_SUBJECTS):
            number, kind, name = typed(subject, _Subject, "subject")
            rows = self.whole_rows(SELECT_IN_FORCE_OF, number, began, last)
            if rows is None:
                damage = f"{f'{kind} {name}'.strip()}: the file is damaged where it stands"
                found.append(StoredFact(0, 0, kind, name, None, None, None, damage))
            else:
                found += map(last_fact_of, rows)
        return sorted(found, key=lambda fact: fact.id)

    def said(self, kind: str, name: str, last: int, most: int) -> Iterator[StoredFact]:
        """Yield what a subject said up to a moment, at most so many facts, the last one first."""
        for row in self.rows(SELECT_SAID, kind, name, last, most):
            yield fact_of(row)

    def value(self, fact: StoredFact, *, check: bool = True) -> bytes | None:
        """Return a fact's value; raise DamagedError where it is not as it was written.

        Without `check` its digest is not looked at, for whoever has another.
        """
        self.about_of(fact)
        return fact.value if fact.packed is None else self.unpacked(fact.packed, check=check)

    @staticmethod
    def about_of(fact: StoredFact) -> str | None:
        """Return what a fact is about; raise DamagedError where it cannot be believed."""
        if fact.damage:
            raise DamagedError(fact.damage)
        return fact.about

    def fact(self, row: StoredFact) -> Fact:
        """Return a fact with its value; raise DamagedError."""
        return Fact(row.kind, row.name, row.about, self.value(row))

    def unpacked(self, number: int, *, check: bool = True) -> bytes:
        """Return a packed value by its id, held against its digest where it is to be checked; raise DamagedError."""
        known = self._values.get(number)
        if known is not None and (number in self._checked or not check):
            self._values.move_to_end(number)
            return known
        chain: list[tuple[int, Packed]] = []
        value, at = None, number
        while value is None:
            packed = self._packed(at)
            chain.append((at, packed))
            if packed.parent is None:
                break
            if packed.parent >= at or len(chain) > MAX_DELTAS:
                raise DamagedError(f"value {number}: its deltas lead to no value that stands alone")
            at = packed.parent
            value = self._values.get(at)
        for at, packed in reversed(chain):
            try:
                value = unpack(packed, value, check=check and at == number)
            except DamagedError as error:
                raise DamagedError(f"value {at}: {error}") from None
            self._keep(at, value)
        assert value is not None
        if check:
            self._checked.add(number)
        return value

    def _packed(self, number: int) -> Packed:
        for row in self.rows(SELECT_PACKED, number):
            return packed_of(row)
        raise DamagedError(f"value {number} is not there")

    def _keep(self, number: int, value: bytes) -> None:
        self._held += len(value) - len(self._values.pop(number, b""))
        self._values[number] = value
        while self._held > self._cache_bytes and len(self._values) > 1:
            oldest, dropped = self._values.popitem(last=False)
            self._checked.discard(oldest)
            self._held -= len(dropped)

    def _open(self) -> sqlite3.Connection:
        """Return a connection that changes nothing; where no log can be kept, one that leaves the log unread.

        It is opened for writing all the same: what a killed recorder left in its log is then put in its place, and no
        log of ours stays beside the file.
        """
        connection = connect(self.path, "rw")
        try:
            connection.execute("PRAGMA writable_schema = ON")  # or SQLite would refuse a truncated file whole
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.OperationalError as error:
            connection.close()
            if is_locked(error):  # whoever holds it may be writing
                raise
            log = self.path.with_name(self.path.name + "-wal")
            with suppress(OSError):
                self.tail_missing = log.stat().st_size > 0
            return connect(self.path, "ro", immutable=True)
        except BaseException:
            connection.close()
            raise
        return connection


def remove(path: Path) -> None:
    """Delete a tape and what SQLite keeps beside it; raise TapeError."""
    try:
        for name in (path.name, *(path.name + end for end in _ASIDE)):
            path.with_name(name).unlink(missing_ok=True)
    except OSError as error:
        raise TapeError(f"{shown(path)}: {error.strerror}") from None
