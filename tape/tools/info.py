"""What is on a tape: from when to when, which chains, where gaps are, and how small it became."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from tape.play.look_times import LookTimes
from tape.store.facts import FactKind, MomentKind
from tape.store.file import TapeFile
from tape.store.rows import typed

GAP_S = 5.0  # between two looks: from here on, somebody looked away


class Lane(NamedTuple):
    """What one subject left on a tape, in bytes before and after packing; one chain's payloads, say."""

    kind: str
    name: str
    facts: int
    raw: float
    packed: float


class _Asked(NamedTuple):
    id: int
    kind: str
    wall_ns: int


@dataclass(frozen=True, slots=True)
class Gap:
    """A time without looks. Epoch seconds; `why` in a word."""

    begin: float
    end: float
    why: str


@dataclass(frozen=True, slots=True)
class Info:
    """A tape at a glance. Times are epoch seconds, None where nothing is recorded; sizes in bytes."""

    about: dict[str, str]
    first: float | None
    last: float | None
    looks: int
    moments: int
    lanes: tuple[Lane, ...]
    gaps: tuple[Gap, ...]
    missed: int  # answers that could not be recorded
    size: int
    tail_missing: bool

    @property
    def raw(self) -> float:
        """Bytes of all values that are packed, as they were."""
        return sum(lane.raw for lane in self.lanes)

    @property
    def packed(self) -> float:
        """Bytes of the same values on the tape."""
        return sum(lane.packed for lane in self.lanes)

    def of(self, kind: FactKind) -> tuple[Lane, ...]:
        """Return the lanes of one kind."""
        return tuple(lane for lane in self.lanes if lane.kind == kind)


def info(tape: TapeFile) -> Info:
    """Return what is on a tape; raise TapeError."""
    asked = {look.id: look.asked_wall_ns for look in LookTimes(tape).looks}
    [(count,)] = tape.rows("SELECT count(*) FROM moments")
    [(missed,)] = tape.rows("SELECT count(*) FROM moments WHERE kind = ?", MomentKind.MISSED)
    [(pages,)] = tape.rows("PRAGMA page_count")
    [(page,)] = tape.rows("PRAGMA page_size")
    return Info(
        about=dict(tape.about()),
        first=min(asked.values()) / 1e9 if asked else None,
        last=max(asked.values()) / 1e9 if asked else None,
        looks=len(asked),
        moments=_number(count),
        lanes=tuple(_lanes(tape)),
        gaps=tuple(_gaps(tape, asked)),
        missed=_number(missed),
        size=_number(pages) * _number(page),
        tail_missing=tape.tail_missing,
    )


def _lanes(tape: TapeFile) -> Iterator[Lane]:
    sql = (
        "SELECT s.kind, s.name, (SELECT count(*) FROM facts WHERE subject = s.id),"
        " total(p.size), total(length(p.data)) FROM subjects s LEFT JOIN packed p ON p.subject = s.id"
        " GROUP BY s.id ORDER BY s.kind, s.name"
    )
    for row in tape.rows(sql):
        yield typed(row, Lane, "subject")


def _gaps(tape: TapeFile, asked: Mapping[int, int]) -> Iterator[Gap]:
    """Yield times in which nobody looked, or Redis did not answer. `asked`: by id, when each look was, epoch ns."""
    before: float | None = None
    lost: float | None = None
    sql = "SELECT id, kind, asked_wall_ns FROM moments WHERE begins OR kind = ? ORDER BY id"
    for row in tape.rows(sql, MomentKind.LOST):
        number, kind, asked_ns = typed(row, _Asked, "moment")
        now = asked.get(number, asked_ns) / 1e9
        if before is not None and now - before > GAP_S:
            yield Gap(before, now, "not recorded")
        if kind == MomentKind.LOST and lost is None:
            lost = now
        elif kind != MomentKind.LOST and lost is not None:
            yield Gap(lost, now, "no contact")
            lost = None
        before = now
    if lost is not None and before is not None:
        yield Gap(lost, before, "no contact")


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
