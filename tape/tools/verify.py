"""Whether a tape is sound: every page, every row and every value against its checksum."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from tape.errors import DamagedError
from tape.store.file import TapeFile
from tape.store.rows import StoredFact, typed
from tape.tools.scan import Damage, moments

_MOST_TOLD = 100


class _Numbers(NamedTuple):
    there: int
    last: int


@dataclass(frozen=True, slots=True)
class TapeCheck:
    """What a check of a whole tape found. `damages` names the first hundred of `damaged` parts."""

    moments: int
    facts: int
    values: int
    damaged: int
    damages: tuple[Damage, ...]
    tail_missing: bool

    @property
    def sound(self) -> bool:
        """Whether all that stands on the tape is as it was written."""
        return not self.damaged


def verify(tape: TapeFile) -> TapeCheck:
    """Read all of a tape, and return what of it cannot be believed; raise TapeError where it cannot be read at all."""
    found: list[Damage] = []
    counts = {"damaged": 0, "moments": 0, "facts": 0, "values": 0}

    def on_damage(damage: Damage) -> None:
        counts["damaged"] += 1
        if len(found) < _MOST_TOLD:
            found.append(damage)

    _check_pages(tape, on_damage)
    _check_numbers(tape, on_damage)
    for whole in moments(tape, on_damage):
        counts["moments"] += 1
        counts["facts"] += len(whole.facts)
        for fact in whole.facts:
            try:
                counts["values"] += tape.value(fact) is not None
            except DamagedError as error:
                on_damage(damage_of(fact, error))
    return TapeCheck(
        counts["moments"], counts["facts"], counts["values"], counts["damaged"], tuple(found), tape.tail_missing
    )


def damage_of(fact: StoredFact, error: DamagedError) -> Damage:
    """Return a damaged value as a part of its tape."""
    return Damage(str(error), fact.moment, f"{fact.kind} {fact.name}".strip())


def _check_pages(tape: TapeFile, on_damage: Callable[[Damage], None]) -> None:
    """Have SQLite check the structure of the file."""
    try:
        for (word,) in tape.rows("PRAGMA integrity_check(20)"):
            if word != "ok":
                for line in str(word).splitlines():
                    on_damage(Damage(f"the file's structure: {line}"))
    except DamagedError as error:
        on_damage(Damage(f"the file's structure: {error}"))


def _check_numbers(tape: TapeFile, on_damage: Callable[[Damage], None]) -> None:
    """Tell of rows that were taken away: a writer numbers them from 1 on without a gap."""
    for table in ("moments", "facts", "packed"):
        with suppress(DamagedError):  # told already, by the check of the structure
            for row in tape.rows(f"SELECT count(*), coalesce(max(id), 0) FROM {table}"):  # noqa: S608
                there, last = typed(row, _Numbers, "number")
                if there != last:
                    on_damage(Damage(f"{table}: {there} are there, and the last is number {last}"))
