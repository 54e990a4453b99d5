"""Going through a tape that may be damaged: what can be read, in order, and a word on each part that cannot."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from tape.errors import DamagedError
from tape.store.facts import Moment
from tape.store.file import TapeFile
from tape.store.rows import SELECT_FACTS, SELECT_MOMENTS, StoredFact, fact_of, moment_of

T = TypeVar("T")

_STEP = 256  # rows that are tried together
_PATIENCE, _HOPELESS = 4, 64  # steps without a row that can be read: all of them are tried, and no more are expected
_PAGE_ROWS = 8  # fewer than a page holds of most
_LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Damage:
    """A part of a tape that cannot be believed. `moment` is the id of the moment it belongs to, where that is known."""

    what: str
    moment: int | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class ScannedMoment:
    """A moment that could be read, with its facts that could be."""

    id: int
    moment: Moment
    facts: tuple[StoredFact, ...]


def moments(tape: TapeFile, on_damage: Callable[[Damage], None], first: int = 1) -> Iterator[ScannedMoment]:
    """Yield every moment that can be read, from an id on.

    Values are not unpacked: `tape.value` does, and may find them damaged.
    """
    facts = _Ahead(_each(tape, "fact", SELECT_FACTS, fact_of, on_damage, _before_facts_of(tape, first)))
    for number, moment in _each(tape, "moment", SELECT_MOMENTS, moment_of, on_damage, first - 1):
        for orphan in facts.before(number):
            on_damage(Damage(f"fact {orphan.id}: its moment is not there", orphan.moment, orphan.name))
        yield ScannedMoment(number, moment, tuple(facts.of(number)))
    for orphan in facts.before(None):
        on_damage(Damage(f"fact {orphan.id}: its moment is not there", orphan.moment, orphan.name))


class _Ahead:
    """Facts in the order of their moments, read one ahead."""

    def __init__(self, rows: Iterator[StoredFact]) -> None:
        self._rows = rows
        self._next = next(rows, None)

    def before(self, moment: int | None) -> Iterator[StoredFact]:
        while self._next is not None and (moment is None or self._next.moment < moment):
            yield self._next
            self._next = next(self._rows, None)

    def of(self, moment: int) -> Iterator[StoredFact]:
        while self._next is not None and self._next.moment == moment:
            yield self._next
            self._next = next(self._rows, None)


def _before_facts_of(tape: TapeFile, moment: int) -> int:
    """Return the id before the first fact of a moment or of one after it; the largest where there is none."""
    if moment <= 1:
        return 0
    for number, *_ in tape.rows("SELECT id FROM facts WHERE moment >= ? ORDER BY moment, id LIMIT 1", moment):
        return number - 1 if isinstance(number, int) else 0
    return _LARGEST_ID


def _each(
    tape: TapeFile,
    what: str,
    sql: str,
    read: Callable[[tuple[object, ...]], T],
    on_damage: Callable[[Damage], None],
    after: int,
) -> Iterator[T]:
    """Yield the rows of a query by ids after one, a few at a time; where they cannot be read together, one by one."""
    idle, why = 0, ""
    unread: list[int] = []  # ids, not told yet
    while idle < _HOPELESS:
        try:
            found = [row for row in tape.rows(sql, after, _LARGEST_ID, _STEP) if _id_of(row) > after]
            if not found:
                break
            after = max(map(_id_of, found))
        except DamagedError as error:
            why, found = str(error), _apart(tape, sql, after, after + _STEP, unread, thorough=idle < _PATIENCE)
            after += _STEP
        idle = 0 if found else idle + 1
        if unread and found and _id_of(found[-1]) > unread[-1]:
            on_damage(_unread(what, unread, why))
            unread.clear()
        for row in found:
            try:
                yield read(row)
            except DamagedError as error:
                on_damage(Damage(str(error)))
    if unread:
        on_damage(_unread(what, unread, why))


def _unread(what: str, ids: list[int], why: str) -> Damage:
    return Damage(f"{what}s {ids[0]} to {ids[-1]}, where there are any: {why}")


def _apart(
    tape: TapeFile, sql: str, after: int, last: int, unread: list[int], *, thorough: bool
) -> list[tuple[object, ...]]:
    """Return the rows of a range of ids that can be read; note the ids of those that cannot.

    Rows share pages, and pages are whole or not. So one that is not `thorough` tries some ids before it tries all.
    """
    some = range(after, last, _PAGE_ROWS)
    if not thorough and all(tape.whole_rows(sql, at, at + 1, 1) is None for at in some):
        unread.extend(range(after + 1, last + 1))
        return []
    return _halved(tape, sql, after, last, unread)


def _halved(tape: TapeFile, sql: str, after: int, last: int, unread: list[int]) -> list[tuple[object, ...]]:
    """Return the same, by trying a half at a time; a damaged page may give rows of other ids among its own."""
    rows = tape.whole_rows(sql, after, last, _STEP)
    whole = {_id_of(row): row for row in rows or () if after < _id_of(row) <= last}
    if rows is not None and len(whole) == len(rows):
        return rows
    if last - after > 1:
        middle = (after + last) // 2
        for begin, end in ((after, middle), (middle, last)):
            whole |= {_id_of(row): row for row in _halved(tape, sql, begin, end, unread)}
    elif not whole:
        unread.append(last)
    return [whole[number] for number in sorted(whole)]


def _id_of(row: tuple[object, ...]) -> int:
    """Return a row's id: what a damaged tree gives out of order is not taken twice."""
    return row[0] if isinstance(row[0], int) else 0
