"""Rows of a tape as they are read: typed, held against their checksums, and never believed before."""

from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import msgspec

from chain.clock import Instant
from chain.text import clean
from tape.errors import DamagedError
from tape.store.codec import Packed
from tape.store.facts import Moment
from tape.store.layout import row_sum

T = TypeVar("T")

_LATEST_MONO_S = 1e10  # three centuries after a machine began to run
EARLIEST_NS, LATEST_NS = 1, 4_102_444_800 * 10**9 - 1  # of a wall clock: after the epoch began, and before 2100

SELECT_MOMENTS = """SELECT id, kind, asked_wall_ns, asked_mono, received_wall_ns, received_mono, about, begins, sum
FROM moments WHERE id > ? AND id <= ? ORDER BY id LIMIT ?"""
SELECT_FACTS = """SELECT f.id, f.moment, f.subject, f.about, f.value, f.packed, f.sum, s.kind, s.name
FROM facts f LEFT JOIN subjects s ON s.id = f.subject WHERE f.id > ? AND f.id <= ? ORDER BY f.id LIMIT ?"""
SELECT_FACTS_OF = """SELECT f.id, f.moment, f.subject, f.about, f.value, f.packed, f.sum, s.kind, s.name
FROM facts f LEFT JOIN subjects s ON s.id = f.subject WHERE f.moment BETWEEN ? AND ? ORDER BY f.id"""
SELECT_IN_FORCE = """SELECT f.id, f.moment, f.subject, f.about, f.value, f.packed, f.sum, s.kind, s.name
FROM subjects s JOIN facts f ON f.id = (
  SELECT id FROM facts WHERE subject = s.id AND moment BETWEEN ? AND ? ORDER BY moment DESC, id DESC LIMIT 1)
ORDER BY f.id"""
SELECT_SUBJECTS = "SELECT id, kind, name FROM subjects"
SELECT_IN_FORCE_OF = """SELECT f.id, f.moment, f.subject, f.about, f.value, f.packed, f.sum, s.kind, s.name
FROM subjects s JOIN facts f ON f.subject = s.id WHERE s.id = ? AND f.moment BETWEEN ? AND ?
ORDER BY f.moment DESC, f.id DESC LIMIT 1"""
SELECT_SAID = """SELECT f.id, f.moment, f.subject, f.about, f.value, f.packed, f.sum, s.kind, s.name
FROM subjects s JOIN facts f ON f.subject = s.id WHERE s.kind = ? AND s.name = ? AND f.moment <= ?
ORDER BY f.moment DESC, f.id DESC LIMIT ?"""
SELECT_PACKED = "SELECT id, parent, size, digest, data FROM packed WHERE id = ?"


class _MomentRow(NamedTuple):
    id: int
    kind: str
    asked_wall_ns: int
    asked_mono: float
    received_wall_ns: int
    received_mono: float
    about: str | None
    begins: int
    sum: int


class _FactRow(NamedTuple):
    id: int
    moment: int
    subject: int
    about: str | None
    value: bytes | None
    packed: int | None
    sum: int
    kind: str | None
    name: str | None


class _PackedRow(NamedTuple):
    id: int
    parent: int | None
    size: int
    digest: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class StoredFact:
    """A fact as it stands on the tape: its value in the row, or packed elsewhere under an id.

    `damage` says why nothing of it but its kind and name can be believed; empty where it can.
    """

    id: int
    moment: int
    kind: str
    name: str
    about: str | None
    value: bytes | None
    packed: int | None
    damage: str = ""


def moment_of(columns: tuple[object, ...]) -> tuple[int, Moment]:
    """Return a moment, without its facts, and its id; raise DamagedError."""
    row = typed(columns, _MomentRow, "moment")
    if row.sum != row_sum(*row[1:-1]):
        raise DamagedError(f"moment {row.id}: the checksum differs")
    asked, received = Instant(row.asked_wall_ns, row.asked_mono), Instant(row.received_wall_ns, row.received_mono)
    for wall_ns in (row.asked_wall_ns, row.received_wall_ns):
        if not is_wall_time(wall_ns):
            raise DamagedError(f"moment {row.id}: a wall clock at {wall_ns / 1e9:.0f} s")
    for mono in (row.asked_mono, row.received_mono):
        if not is_monotonic_time(mono):
            raise DamagedError(f"moment {row.id}: a monotonic clock at {mono:g} s")
    return row.id, Moment(row.kind, asked, received, row.about, begins=bool(row.begins))


def is_wall_time(epoch_ns: int) -> bool:
    """Return whether a recorder's wall clock can show such a time."""
    return EARLIEST_NS <= epoch_ns <= LATEST_NS


def is_monotonic_time(seconds: float) -> bool:
    """Return whether a machine's monotonic clock can show so many seconds; what is no number it does not."""
    return abs(seconds) <= _LATEST_MONO_S


def fact_of(columns: tuple[object, ...]) -> StoredFact:
    """Return a fact, its value yet to be unpacked; raise DamagedError."""
    row = typed(columns, _FactRow, "fact")
    if row.sum != row_sum(*row[1:-3]):
        raise DamagedError(f"fact {row.id}: the checksum differs")
    if row.kind is None or row.name is None:
        raise DamagedError(f"fact {row.id}: its subject is not there")
    return StoredFact(row.id, row.moment, row.kind, row.name, row.about, row.value, row.packed)


def last_fact_of(columns: tuple[object, ...]) -> StoredFact:
    """Return the last fact of a subject; one that is damaged says so to whoever reads it. Raises DamagedError."""
    try:
        return fact_of(columns)
    except DamagedError as error:
        number, moment = (one if isinstance(one, int) else 0 for one in columns[:2])
        kind, name = columns[-2:]
        if not (isinstance(kind, str) and isinstance(name, str)):
            raise
        return StoredFact(number, moment, kind, name, None, None, None, str(error))


def packed_of(columns: tuple[object, ...]) -> Packed:
    """Return a packed value; raise DamagedError."""
    return Packed(*typed(columns, _PackedRow, "value")[1:])


def typed(columns: tuple[object, ...], kind: type[T], what: str) -> T:
    """Return columns as a row of these types; raise DamagedError. A forged file need not keep to its tables."""
    try:
        return msgspec.convert(columns, kind)
    except msgspec.ValidationError:
        raise DamagedError(f"{what} {clean(columns[0], 20)}: columns of other types") from None
