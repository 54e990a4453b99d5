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
_HOPELESS = 64  # steps without a row that can be read, after which no more are expected
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
    idle = 0
    while idle < _HOPELESS:
        try:
            found = [row for row in tape.rows(sql, after, _LARGEST_ID, _STEP) if _id_of(row) > after]
            if not found:
                return
            after, idle = max(map(_id_of, found)), 0
        except DamagedError as error:
            unread: list[int] = []
            found = _apart(tape, sql, after, after + _STEP, unread)
            if unread:
                on_damage(Damage(f"{what}s {unread[0]} to {unread[-1]}, where there are any: {error}"))
            after, idle = after + _STEP, 0 if found else idle + 1
        for row in found:
            try:
                yield read(row)
            except DamagedError as error:
                on_damage(Damage(str(error)))


def _apart(tape: TapeFile, sql: str, after: int, last: int, unread: list[int]) -> list[tuple[object, ...]]:
    """Return the rows of a range of ids that can be read; note the ids of those that cannot."""
    try:
        return list(tape.rows(sql, after, last, _STEP))
    except DamagedError:
        if last - after == 1:
            unread.append(last)
            return []
    middle = (after + last) // 2
    return [*_apart(tape, sql, after, middle, unread), *_apart(tape, sql, middle, last, unread)]


def _id_of(row: tuple[object, ...]) -> int:
    """Return a row's id: what a damaged tree gives out of order is not taken twice."""
    return row[0] if isinstance(row[0], int) else 0
