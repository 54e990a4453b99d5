"""A reader that answers from a tape: to a watcher it is a Redis of that past.

A watcher that is fed from the beginning of a tape asks what the recorded one asked, and is given exactly what that one
was given. One that begins in the middle asks for more, having seen nothing yet: it is answered from what was in force.
"""

from collections.abc import Mapping, Sequence
from typing import TypeVar, assert_never

from msgspec.structs import replace

from chain.clock import Instant
from chain.decode.form import Form
from chain.errors import ChaindeckError
from chain.model.keys import ChainId, KeySchema, SnapshotId
from chain.monitor.board import TAPE_DAMAGED
from chain.monitor.discovery import Search
from chain.monitor.watch.port import (
    Answer,
    ContactLost,
    FetchAnswer,
    FetchRequest,
    PollAnswer,
    PollRequest,
    RecheckAnswer,
    RecheckRequest,
    Request,
)
from chain.redis.contract.store import Payload
from chain.redis.contract.stream.signs import StreamSigns
from chain.redis.server.info import Server
from chain.supervisor import Part
from chain.text import clean
from tape.errors import DamagedError, TapeError
from tape.play.look_times import Look, LookTimes
from tape.play.told import Told, payloads
from tape.store import words
from tape.store.facts import FactKind, Moment, MomentKind
from tape.store.file import TapeFile
from tape.store.rows import StoredFact

T = TypeVar("T")

THE_END = "the recording ends here"
_LARGEST_ID = 2**63 - 1
_NOT_RECORDED = "not on the tape"


class TapeReader:
    """Answers from a tape, look by look; `go_to` says which look the next poll is given."""

    def __init__(self, tape: TapeFile) -> None:
        """Raise TapeError where the tape tells no prefix, and DamagedError where its looks cannot be read."""
        self._tape = tape
        prefix = tape.about().get("prefix", "")
        try:
            self.keys = KeySchema(prefix)
        except ChaindeckError as error:
            raise TapeError(f"{clean(tape.path)}: {error}") from None
        self._times = LookTimes(tape)
        self._next = 0  # of the looks, the one that the next poll is given
        self._known = False  # whether the watcher knows what was told before
        self._jumped = True  # whether the reader has yet to look up what is in force
        self._unread = False  # whether the look before could not be read, so that what is in force is not known
        self._state: dict[tuple[str, str], StoredFact] = {}
        self._window: list[Told] = []  # moments of the look that goes on, not given yet
        self._now = Instant(0, 0.0), Instant(0, 0.0)  # of the last answer
        self._damaged = ""  # why something that is in force beside the chains is not known
        self._offset = 0.0  # seconds: what brings each recorder's monotonic clock into line with the one before

    @property
    def looks(self) -> Sequence[Look]:
        """All looks, in the order in which they were written."""
        return self._times.looks

    def refresh(self) -> bool:
        """Take in what was written on the tape since; return whether there are new looks."""
        return self._times.refresh()

    def number_at(self, wall_ns: int) -> int:
        """Return the number of the look that an instant (epoch ns) leads to."""
        return self._times.number_at(wall_ns)

    def go_to(self, number: int, *, known: bool = False) -> None:
        """Give the next poll the look of this number, counted from 0.

        It is asked by a watcher that knows nothing yet; `known`: by one that knows all that was told before.
        """
        self._next, self._known, self._jumped = max(0, number), known, True

    def _last(self, number: int) -> int:
        """Return the last moment of a look."""
        return self.looks[number + 1].id - 1 if number + 1 < len(self.looks) else _LARGEST_ID

    async def ask(self, request: Request) -> Answer:
        """Return what was answered then."""
        return self.answer(request)

    def answer(self, request: Request) -> Answer:
        """Return what was answered then; what cannot be read of the tape is contact lost."""
        try:
            match request:
                case PollRequest():
                    return self._poll(request)
                case RecheckRequest():
                    return self._recheck(request)
                case FetchRequest():
                    return self._fetch(request)
                case _:
                    assert_never(request)
        except TapeError as error:
            path = clean(self._tape.path, 80)
            cure = f"chaindeck tape verify {path} says where, chaindeck tape salvage {path} keeps what is whole"
            return ContactLost(*self._now, f"{TAPE_DAMAGED}: {error}; {cure}", "tape")

    async def search(self, within_s: float) -> bool:
        """Nothing is searched for: what was found then is on the tape."""
        return False

    def parts(self) -> tuple[Part, ...]:
        """Nothing runs beside."""
        return ()

    def _poll(self, request: PollRequest) -> Answer:
        jumped = False
        if request.heartbeats:
            if self._next >= len(self.looks):
                return ContactLost(*self._now, THE_END, "tape")
            jumped = self._jumped and not self._known
            self._open_look()
        told = self._take(MomentKind.POLL)
        if told is not None and told.moment.kind == MomentKind.LOST:
            return self._lost(told)
        return self._poll_answer(request, told, jumped=jumped)

    def _poll_answer(self, request: PollRequest, told: Told | None, *, jumped: bool) -> PollAnswer:
        gone = self._gone(request.held, told.moment.about if told else None)
        self._damaged = ""
        found: set[str] = set()
        if told is not None and request.heartbeats:
            found = {fact.name for fact in told.facts if fact.kind == FactKind.FOUND}
        if jumped:
            asked = self._said(FactKind.ASKED, words.ASKED, list[str]())
            found |= {name for kind, name in self._state if kind == FactKind.FOUND}.intersection(asked)
        return PollAnswer(
            *self._now,
            pointers={chain: self._value(FactKind.POINTER, str(chain)) for chain in request.chains},
            gone=gone,
            heartbeats=self._heartbeats() if request.heartbeats else {},
            stream=self._said(FactKind.STREAM, words.STREAM, StreamSigns()),
            server=self._said(FactKind.SERVER, words.SERVER, Server()),
            skew_s=self._said(FactKind.SKEW, words.SKEW, words.SkewWords()).skew_s,
            discovered=frozenset(map(words.chain_of, found)),
            search=self._said(FactKind.SEARCH, words.SEARCH, Search(over=False)),
            refused=self._said(FactKind.REFUSED, words.REFUSED, "") or self._damaged,
        )

    def _gone(self, held: Sequence[bytes], about: str | None) -> frozenset[bytes]:
        """Return which payloads were gone: as told then, or, to a watcher that was not there, as is known of them."""
        told = words.get(words.POLL, about, words.PollWords()).gone
        known = [fact for (kind, _), fact in self._state.items() if kind == FactKind.PAYLOAD]
        absent = [key for key, fact in payloads(known).items() if fact.value is None and fact.packed is None]
        return frozenset(key.encode("utf-8", "surrogateescape") for key in (*told, *absent)).intersection(held)

    def _heartbeats(self) -> Mapping[str, bytes | None]:
        """Return what was read, by key; one that is damaged is left out."""
        beats: dict[str, bytes | None] = {}
        for name in [name for kind, name in self._state if kind == FactKind.HEARTBEAT]:
            try:
                beats[name] = self._value(FactKind.HEARTBEAT, name)
            except DamagedError as error:
                self._damaged = f"damaged on the tape: {error}"
        return beats

    def _said(self, kind: FactKind, form: Form[T], default: T) -> T:
        """Return what is in force of a kind, the default where nothing is, or where it is damaged."""
        fact = self._state.get((kind, ""))
        if fact is None:
            return default
        try:
            return words.get(form, self._tape.about_of(fact), default)
        except DamagedError as error:
            self._damaged = f"damaged on the tape: {error}"
            return default

    def _recheck(self, request: RecheckRequest) -> Answer:
        told = self._take(MomentKind.RECHECK)
        if told is not None and told.moment.kind == MomentKind.LOST:
            return self._lost(told)
        pointers: dict[ChainId, bytes | None] = {}
        types: dict[ChainId, str] = {}
        for chain in request.chains:
            pointer, again = (self._state.get((kind, str(chain))) for kind in (FactKind.POINTER, FactKind.RECHECK))
            if again is not None and (pointer is None or again.moment >= pointer.moment):
                pointers[chain] = self._tape.value(again)
                if kind := words.get(words.RECHECK, again.about, words.RecheckWords()).type:
                    types[chain] = kind
            else:
                pointers[chain] = None if pointer is None else self._tape.value(pointer)
        return RecheckAnswer(*self._now, pointers, types)

    def _fetch(self, request: FetchRequest) -> Answer:
        wanted = {self.keys.snapshot(snapshot) for snapshot in request.snapshots}
        told = self._take(MomentKind.FETCH)
        if told is not None and told.moment.kind == MomentKind.LOST:
            return self._lost(told)
        given = payloads(told.facts if told else ())
        if not wanted <= given.keys():  # a watcher that begins here asks for what another was given before
            for later in self._window:
                given |= payloads(later.facts)
        return FetchAnswer(*self._now, {snapshot: self._payload(snapshot, given) for snapshot in request.snapshots})

    def _payload(self, snapshot: SnapshotId, given: Mapping[str, StoredFact]) -> Payload:
        key = self.keys.snapshot(snapshot)
        held = self._state.get((FactKind.PAYLOAD, str(snapshot.chain)))
        fact = given.get(key) or payloads([held] if held else []).get(key)
        if fact is None:
            damaged = f"is damaged on the tape: {held.damage}" if held and held.damage else _NOT_RECORDED
            return Payload(None, None, f"payload {damaged}")
        told = words.get(words.PAYLOAD, fact.about, words.PayloadWords(key))
        try:
            raw = self._tape.value(fact)
        except DamagedError as error:
            return Payload(None, told.ttl_ms, f"payload is damaged on the tape: {error}", told.kind_record)
        return Payload(raw, told.ttl_ms, told.error, told.kind_record)

    def _lost(self, told: Told) -> ContactLost:
        said = words.get(words.LOST, told.moment.about, words.LostWords(MomentKind.POLL, ""))
        return ContactLost(*self._now, said.error, said.code)

    def _take(self, kind: MomentKind) -> Told | None:
        """Return the next moment that answers such a request, None where the look has none; its facts are in force."""
        for at, told in enumerate(self._window):
            if kind in (told.moment.kind, told.lost_at):
                for past in self._window[: at + 1]:
                    self._apply(past)
                del self._window[: at + 1]
                self._now = self._in_line(told.moment)
                return told
        return None

    def _apply(self, told: Told) -> None:
        if told.moment.kind == MomentKind.RUN:
            self._state.clear()
        for fact in told.facts:
            self._state[fact.kind, fact.name] = fact

    def _open_look(self) -> None:
        """Bring what is in force up to the next look, and read its moments."""
        look, last = self.looks[self._next], self._last(self._next)
        self._next += 1  # a look that cannot be read is over all the same
        for left in self._window:
            self._apply(left)
        self._window = []
        if self._jumped:
            self._offset, self._now = 0.0, (Instant(0, 0.0), Instant(0, 0.0))
        unread, self._unread = self._unread, True
        asked = Instant(look.asked_wall_ns, look.asked_mono)
        self._now = self._in_line(Moment(MomentKind.POLL, asked, asked))  # when this look fails to be read
        if self._jumped or unread:
            self._state = {(fact.kind, fact.name): fact for fact in self._tape.in_force(look.id - 1)}
        facts: dict[int, list[StoredFact]] = {}
        for fact in self._tape.facts(look.id, last):
            facts.setdefault(fact.moment, []).append(fact)
        told = self._tape.moments(look.id, last)
        self._window = [Told(moment, tuple(facts.get(number, ()))) for number, moment in told]
        self._jumped = self._unread = False

    def _in_line(self, moment: Moment) -> tuple[Instant, Instant]:
        """Return a moment's instants with a monotonic clock that never goes back, whoever recorded it."""
        before = self._now[1]
        if before.wall_ns and moment.asked.mono + self._offset < before.mono:
            gone_by = max(0.0, (moment.asked.wall_ns - before.wall_ns) / 1e9)
            self._offset = before.mono + gone_by - moment.asked.mono
        return (
            replace(moment.asked, mono=moment.asked.mono + self._offset),
            replace(moment.received, mono=moment.received.mono + self._offset),
        )

    def _value(self, kind: FactKind, name: str) -> bytes | None:
        fact = self._state.get((kind, name))
        return None if fact is None else self._tape.value(fact)
