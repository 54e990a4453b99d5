"""What a tape's chains were, look by look: which payload each pointer led to, and what beat beside it."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from chain.decode.form import Form
from chain.pipeline.frame import StreamEntry
from chain.text import clean
from tape.errors import DamagedError
from tape.frames import read_frames
from tape.play.look_times import LookTimes
from tape.store import words
from tape.store.facts import FactKind, Moment, MomentKind
from tape.store.file import TapeFile
from tape.store.rows import StoredFact
from tape.tools.scan import Damage, ScannedMoment, moments
from tape.tools.verify import damage_of

T = TypeVar("T")

GAP_NS = 60_000_000_000  # without a look for longer than this, nothing is known of the time between
_LARGEST_ID = 2**63 - 1
_ANSWERS = frozenset({MomentKind.POLL, MomentKind.RECHECK, MomentKind.FETCH, MomentKind.LOST})
_TOLD = frozenset({FactKind.POINTER, FactKind.RECHECK, FactKind.PAYLOAD})
_NO_STRING = ("none", "string", "")
_DAMAGED = "damaged"


class Led(NamedTuple):
    """A payload that a pointer led to: its key, and its bytes as they were read."""

    key: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Look:
    """What was new at one look; `at_ns`, epoch ns, is when its last answer came. Chains are named as `str(chain)`.

    Attributes:
        led: chains whose pointers led to another payload.
        gone: chains that had no pointer any more.
        unusable: chains whose pointers led to nothing that can be read, and why.
        heartbeats: by key, as they stood in Redis; None where one was gone.
        whole: it tells all that stood then, and not only what was new.
        frames: entries of the stream that were read with it.
    """

    at_ns: int
    led: Mapping[str, Led] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    unusable: Mapping[str, str] = field(default_factory=dict)
    heartbeats: Mapping[str, bytes | None] = field(default_factory=dict)
    whole: bool = False
    frames: tuple[StreamEntry, ...] = ()


def looks(tape: TapeFile, from_ns: int, on_damage: Callable[[Damage], None]) -> Iterator[Look]:
    """Yield what stood at an instant (epoch ns, of the first look if that is later), and then every look after it.

    A look is whole where a recorder began anew, or where nothing was recorded for a while before it.
    """
    times = LookTimes(tape)
    if not times.looks:
        return
    first = 0 if from_ns <= times.looks[0].asked_wall_ns else times.number_at(from_ns)
    after = times.looks[first + 1].id if first + 1 < len(times.looks) else _LARGEST_ID
    chains = _Chains(tape, on_damage)
    try:
        deque(tape.moments(times.looks[first].id, after - 1), maxlen=0)
    except DamagedError as error:  # what stood then is known all the same
        on_damage(Damage(str(error)))
    chains.take(fact for fact in tape.in_force(after - 1) if fact.kind != FactKind.FRAMES)
    at_ns = max(times.looks[first].asked_wall_ns, from_ns)
    asked = {look.id: look.asked_wall_ns for look in times.looks[first + 1 :]}
    yield chains.look(at_ns, whole=True)
    whole = False
    for moment_ids in _by_look(moments(tape, on_damage, after)):
        for each in moment_ids:
            if each.moment.kind == MomentKind.RUN:
                chains.forget()
                whole = True
            chains.take(each.facts)
        asked_ns = asked.get(moment_ids[0].id, at_ns)
        whole = whole or asked_ns - at_ns > GAP_NS
        if moment_ids[-1].moment.kind not in (MomentKind.RUN, MomentKind.END):
            at_ns = max(at_ns, asked_ns + _lasted_ns(each.moment for each in moment_ids))
            yield chains.look(at_ns, whole=whole)
            whole = False


class _Chains:
    """What is in force, and what of it was told."""

    def __init__(self, tape: TapeFile, on_damage: Callable[[Damage], None]) -> None:
        self._tape = tape
        self._on_damage = on_damage
        self._held: dict[tuple[str, str], StoredFact] = {}
        self._touched: dict[str, None] = {}  # chains, in the order in which they were told of
        self._led: dict[str, str] = {}  # payload keys, as told last
        self._unusable: dict[str, str] = {}  # why nothing can be read, as told last
        self._beats: dict[str, bytes | None] = {}  # to be told
        self._frames: list[StreamEntry] = []  # to be told

    def forget(self) -> None:
        """Forget everything: a recorder begins."""
        self._held.clear()

    def take(self, facts: Iterable[StoredFact]) -> None:
        """Take facts in."""
        for fact in facts:
            if fact.kind in _TOLD:
                self._held[fact.kind, fact.name] = fact
                self._touched[fact.name] = None
            elif fact.kind == FactKind.HEARTBEAT:
                self._held[fact.kind, fact.name] = fact
                self._beats[fact.name] = self._value(fact)
            elif fact.kind == FactKind.FRAMES:
                self._frames += self._entries(fact)

    def look(self, at_ns: int, *, whole: bool) -> Look:
        """Return what is new since the last, or all where it is whole; frames are those read since the last."""
        frames, self._frames = tuple(self._frames), []
        if whole:
            self._led.clear()
            self._unusable.clear()
            self._touched = dict.fromkeys(name for kind, name in self._held if kind in _TOLD)
            beats = {name: fact for (kind, name), fact in self._held.items() if kind == FactKind.HEARTBEAT}
            self._beats = {name: self._value(fact) for name, fact in beats.items()}
        led, gone, unusable = dict[str, Led](), list[str](), dict[str, str]()
        for name in self._touched:
            found = self._leads(name)
            if isinstance(found, Led):
                led[name], self._led[name] = found, found.key
            elif found is None:
                gone += [name] * (self._led.pop(name, None) is not None)
            elif found and found != self._unusable.get(name):
                unusable[name] = found
            if isinstance(found, str) and found:
                self._unusable[name] = found
            else:
                self._unusable.pop(name, None)
        told, self._beats, self._touched = self._beats, {}, {}
        return Look(at_ns, led, tuple(gone), unusable, told, whole, frames)

    def _leads(self, name: str) -> Led | str | None:
        """Return what a chain's pointer leads to; None where it is gone, and words where it leads to nothing.

        No words are needed where it leads to what was told already.
        """
        pointer, type_ = self._pointer(name)
        if pointer is not None:
            return self._payload(name, pointer.decode("utf-8", "replace"))
        if type_ == _DAMAGED:
            return "its pointer is damaged on the tape"
        return None if type_ in _NO_STRING else f"its pointer is a Redis {clean(type_, 12)}, not a string"

    def _payload(self, name: str, key: str) -> Led | str:
        """Return the payload that a chain's pointer names, or in words why there is none."""
        fact = self._held.get((FactKind.PAYLOAD, name))
        about = words.PayloadWords("") if fact is None else self._about(words.PAYLOAD, fact, words.PayloadWords(""))
        if fact is not None and fact.damage:
            return "its payload is damaged on the tape"
        if fact is None or about.key != key:
            return "its pointer leads to no payload"
        if self._led.get(name) == key:
            return ""
        value = self._value(fact)
        if value is not None:
            return Led(key, value)
        return (
            "its payload is damaged on the tape" if fact.packed is not None else about.error or "its payload was gone"
        )

    def _pointer(self, name: str) -> tuple[bytes | None, str]:
        """Return a chain's pointer as it was read last, and in a word why there is none: the Redis type, or damage."""
        first, again = (self._held.get((kind, name)) for kind in (FactKind.POINTER, FactKind.RECHECK))
        last = again if again is not None and (first is None or again.moment >= first.moment) else first
        if last is None:
            return None, ""
        value = self._value(last)
        if value is None and (last.packed is not None or last.damage):
            return None, _DAMAGED
        return value, self._about(words.RECHECK, last, words.RecheckWords()).type if last is again else ""

    def _about(self, form: Form[T], fact: StoredFact, default: T) -> T:
        """Return what a fact is about; the default where that cannot be believed."""
        try:
            return words.get(form, self._tape.about_of(fact), default)
        except DamagedError as error:
            self._on_damage(damage_of(fact, error))
            return default

    def _entries(self, fact: StoredFact) -> list[StreamEntry]:
        try:
            return read_frames(self._value(fact) or b"")
        except DamagedError as error:
            self._on_damage(damage_of(fact, error))
            return []

    def _value(self, fact: StoredFact) -> bytes | None:
        try:
            return self._tape.value(fact, check=False)  # the checksum of its frame tells damage, in a third of the time
        except DamagedError as error:
            self._on_damage(damage_of(fact, error))
            return None


def _by_look(told: Iterable[ScannedMoment]) -> Iterator[list[ScannedMoment]]:
    """Yield moments that belong to one look; what begins or ends a recorder stands alone."""
    group: list[ScannedMoment] = []
    for each in told:
        if group and (each.moment.begins or each.moment.kind in (MomentKind.RUN, MomentKind.END)):
            yield group
            group = []
        group.append(each)
    if group:
        yield group


def _lasted_ns(told: Iterable[Moment]) -> int:
    """Return how long a look took: from its first request to its last answer, as far as that can be believed."""
    first, *others = told
    received_ns = [moment.received.wall_ns for moment in (first, *others) if moment.kind in _ANSWERS]
    return min(max(0, max(received_ns, default=0) - first.asked.wall_ns), GAP_NS)
