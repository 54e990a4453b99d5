"""New tapes from old ones: what is whole of a damaged one, a part of one, several in one."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from chain.model.keys import KeySchema
from chain.monitor.watch.state import TrackerState
from chain.text import clean
from tape.errors import DamagedError, TapeError
from tape.play.look_times import LookTimes
from tape.play.player import Player
from tape.store.facts import Fact, FactKind, Moment, MomentKind
from tape.store.file import TapeFile, remove
from tape.store.layout import shown
from tape.store.rows import StoredFact
from tape.store.states import payloads_moment, state_moment
from tape.store.words import MissedWords, put
from tape.store.writer import TapeWriter
from tape.tools.scan import Damage, moments
from tape.tools.verify import damage_of

_COMMIT_EVERY = 1_000  # moments
_LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What came of a salvage: how much was kept, and each part that was lost."""

    moments: int
    facts: int
    lost: tuple[Damage, ...]


def salvage(path: Path, out: Path) -> Salvaged:
    """Write a sound tape of all that can be believed of one; raise TapeError where it cannot be read or written."""
    lost: list[Damage] = []
    kept = facts = told = 0
    with TapeFile(path) as tape, _new_tape(out, _about(tape)) as write:
        for whole in moments(tape, lost.append):
            found = list(_whole_facts(tape, whole.facts, lost.append))
            write(replace(whole.moment, facts=tuple(found)))
            if len(lost) > told:
                words = put(MissedWords(len(lost) - told, "damaged"))
                write(Moment(MomentKind.MISSED, whole.moment.received, whole.moment.received, words))
                told = len(lost)
            kept += 1
            facts += len(found)
    return Salvaged(kept, facts, tuple(lost))


def cut(path: Path, begin_ns: int, end_ns: int, out: Path) -> int:
    """Write the looks from an instant up to before another, epoch ns, as a tape; return how many there are.

    What was in force when the first of them began goes with them, with the moments that told it, and what the watcher
    knew: each look shows what it showed. Raises TapeError, also where there is no look between the two.
    """
    with TapeFile(path) as tape:
        player = Player(tape)
        looks = player.reader.looks
        wanted = [number for number, look in enumerate(looks) if begin_ns <= look.asked_wall_ns < end_ns]
        if not wanted:
            raise TapeError(f"{shown(path)}: nothing was recorded between the two")
        first, after = wanted[0], wanted[-1] + 1
        with _new_tape(out, tape.about()) as write:
            for moment in _begun(tape, looks[first].id - 1, player.reader.keys, player.known_before(first)):
                write(moment)
            for moment in _moments(tape, looks[first].id, looks[after].id - 1 if after < len(looks) else _LARGEST_ID):
                write(moment)
    return after - first


def merge(paths: Sequence[Path], out: Path) -> int:
    """Write several tapes of one prefix as one, in the order of time; return how many moments it has.

    Raises TapeError where two of them overlap: which of them was right, nobody can tell.
    """
    with ExitStack() as stack:
        tapes = sorted((_Span.of(stack.enter_context(TapeFile(path))) for path in paths), key=lambda span: span.begin)
        for one, other in pairwise(tapes):
            if one.prefix != other.prefix:
                both = f"{clean(one.prefix, 60)!r} and {clean(other.prefix, 60)!r}"
                raise TapeError(f"{shown(one.tape.path)} and {shown(other.tape.path)} hold two prefixes, {both}")
            if other.begin <= one.end:
                seconds = (one.end - other.begin) / 1e9
                names = f"{shown(one.tape.path)} and {shown(other.tape.path)}"
                raise TapeError(f"{names} overlap by {seconds:.1f} s: cut one of them first")
        count = 0
        with _new_tape(out, tapes[0].tape.about()) as write:
            for span in tapes:
                for moment in _as_a_run(_moments(span.tape, 1, _LARGEST_ID)):
                    write(moment)
                    count += 1
    return count


@dataclass(frozen=True, slots=True)
class _Span:
    tape: TapeFile
    prefix: str
    begin: int  # epoch ns of the first look
    end: int

    @classmethod
    def of(cls, tape: TapeFile) -> "_Span":
        asked = [look.asked_wall_ns for look in LookTimes(tape).looks]
        if not asked:
            raise TapeError(f"{shown(tape.path)}: nothing is recorded on it")
        return cls(tape, tape.about().get("prefix", ""), min(asked), max(asked))


def _as_a_run(told: Iterable[Moment]) -> Iterator[Moment]:
    """Yield a tape's moments so that what another tape said before is in force no more."""
    for number, moment in enumerate(told):
        if number == 0 and moment.kind != MomentKind.RUN:
            yield Moment(MomentKind.RUN, moment.asked, moment.asked)
        yield moment


def _moments(tape: TapeFile, first: int, last: int) -> Iterator[Moment]:
    with _named(tape):
        for number, moment in tape.moments(first, last):
            yield replace(moment, facts=tuple(tape.fact(fact) for fact in tape.facts(number, number)))


def _begun(tape: TapeFile, last: int, keys: KeySchema, known: TrackerState | None) -> Iterator[Moment]:
    """Yield what a tape begins with that goes on after a moment: payloads, what is in force, what the watcher knew."""
    carried = list(_carried(tape, last))
    if known is not None:
        told = {(fact.name, fact.value) for moment in carried for fact in moment.facts if fact.kind == FactKind.PAYLOAD}
        moment = payloads_moment(known, keys)
        if facts := tuple(fact for fact in moment.facts if (fact.name, fact.value) not in told):
            yield replace(moment, facts=facts)
    yield from carried
    if known is not None:
        yield state_moment(known)


def _carried(tape: TapeFile, last: int) -> Iterator[Moment]:
    """Yield the moments that told what is in force after one, with these facts alone."""
    by_moment: dict[int, list[Fact]] = {}
    with _named(tape):
        for fact in tape.in_force(last):
            by_moment.setdefault(fact.moment, []).append(tape.fact(fact))
        for number in sorted(by_moment):
            yield replace(tape.moment(number), about=None, begins=False, facts=tuple(by_moment[number]))


@contextmanager
def _named(tape: TapeFile) -> Iterator[None]:
    """Turn damage into an error that names the tape: of several that are joined, a user must know which."""
    try:
        yield
    except DamagedError as error:
        words = str(error).removeprefix(f"{shown(tape.path)}: ")
        raise DamagedError(f"{shown(tape.path)}: {words}") from None


def _whole_facts(tape: TapeFile, facts: Iterable[StoredFact], on_damage: Callable[[Damage], None]) -> Iterator[Fact]:
    for fact in facts:
        try:
            yield tape.fact(fact)
        except DamagedError as error:
            on_damage(damage_of(fact, error))


def _about(tape: TapeFile) -> Mapping[str, str]:
    try:
        return tape.about()
    except DamagedError:
        return {}


@contextmanager
def _new_tape(out: Path, about: Mapping[str, str]) -> Iterator[Callable[[Moment], None]]:
    """Give a way to write a new tape; one that does not come to its end leaves nothing behind."""
    if out.exists():
        raise TapeError(f"{shown(out)}: is there already, and is not written over")
    writer = TapeWriter(out, about)
    count = 0

    def write(moment: Moment) -> None:
        nonlocal count
        writer.add(moment)
        count += 1
        if count % _COMMIT_EVERY == 0:
            writer.commit()

    try:
        with writer:
            yield write
    except BaseException:
        remove(out)
        raise
