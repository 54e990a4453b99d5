"""What was new in each answer, compared with what was recorded before it. No I/O."""

from collections.abc import Iterator
from typing import assert_never

from chain.model.keys import KeySchema
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
from tape.store.facts import Fact, FactKind, Moment, MomentKind
from tape.store.words import LostWords, PayloadWords, PollWords, RecheckWords, SkewWords, put

_BY_CHAIN = (FactKind.POINTER, FactKind.PAYLOAD, FactKind.RECHECK, FactKind.FOUND)
_ALWAYS = frozenset({FactKind.PAYLOAD, FactKind.RECHECK, FactKind.FOUND})  # recorded every time


class Changes:
    """Turns answers into moments, and remembers the facts in force. Owned by one recorder."""

    def __init__(self, keys: KeySchema) -> None:
        self._keys = keys
        self._in_force: dict[tuple[str, str], tuple[Moment, Fact]] = {}
        self._asked: frozenset[str] = frozenset()  # chains, by name

    def moment(self, request: Request, answer: Answer) -> Moment:
        """Return an answer as a moment, with the facts that were not in force before it."""
        begins = False
        if isinstance(request, PollRequest) and request.heartbeats:
            begins = True
            self._forget(frozenset(map(str, request.chains)))
        match answer:
            case PollAnswer():
                kind, about = MomentKind.POLL, _poll_words(answer)
            case RecheckAnswer():
                kind, about = MomentKind.RECHECK, None
            case FetchAnswer():
                kind, about = MomentKind.FETCH, None
            case ContactLost():
                kind, about = MomentKind.LOST, put(LostWords(request_word(request), answer.error, answer.code))
            case _:
                assert_never(answer)
        bare = Moment(kind, answer.asked, answer.received, about, begins=begins)
        return self._with_facts(bare, [fact for fact in self._facts(answer, whole=begins) if self._is_new(fact)])

    def in_force(self) -> list[Moment]:
        """Return the facts in force with their moments, in order, as the beginning of another tape."""
        by_moment: dict[int, tuple[Moment, list[Fact]]] = {}
        for moment, fact in self._in_force.values():
            by_moment.setdefault(id(moment), (moment, []))[1].append(fact)
        ordered = sorted(by_moment.values(), key=lambda one: one[0].received.mono)
        return [
            Moment(told.kind, told.asked, told.received, None, begins=False, facts=tuple(facts))
            for told, facts in ordered
            if told.kind != MomentKind.LOST
        ]

    def _forget(self, asked: frozenset[str]) -> None:
        """Forget chains that are no longer requested, such as expired ones: payloads are large."""
        for name in self._asked - asked:
            for kind in _BY_CHAIN:
                self._in_force.pop((kind, name), None)
        self._asked = asked

    def _with_facts(self, bare: Moment, facts: list[Fact]) -> Moment:
        for fact in facts:
            self._in_force[fact.kind, fact.name] = bare, fact
        return Moment(bare.kind, bare.asked, bare.received, bare.about, begins=bare.begins, facts=tuple(facts))

    def _is_new(self, fact: Fact) -> bool:
        known = self._in_force.get((fact.kind, fact.name))
        return known is None or fact.kind in _ALWAYS or known[1] != fact

    def _facts(self, answer: Answer, *, whole: bool) -> Iterator[Fact]:
        """Yield the facts of an answer; `whole` if it answers a poll of everything."""
        match answer:
            case PollAnswer():
                if whole:
                    yield Fact(FactKind.ASKED, about=put(sorted(map(str, answer.pointers))))
                    yield from _beside(answer)
                for chain, pointer in answer.pointers.items():
                    yield Fact(FactKind.POINTER, str(chain), value=pointer)
            case RecheckAnswer():
                for chain, pointer in answer.pointers.items():
                    about = put(RecheckWords(answer.types.get(chain, "")))
                    yield Fact(FactKind.RECHECK, str(chain), about, pointer)
            case FetchAnswer():
                for snapshot, payload in answer.payloads.items():
                    key = self._keys.snapshot(snapshot)
                    words = PayloadWords(key, payload.ttl_ms, payload.error, payload.kind_record)
                    yield Fact(FactKind.PAYLOAD, str(snapshot.chain), put(words), payload.raw)
            case ContactLost():
                return
            case _:
                assert_never(answer)


def _beside(answer: PollAnswer) -> Iterator[Fact]:
    """Yield the facts of a poll other than pointers."""
    for key, beat in answer.heartbeats.items():
        yield Fact(FactKind.HEARTBEAT, key, value=beat)
    yield Fact(FactKind.REFUSED, about=put(answer.refused))
    yield Fact(FactKind.STREAM, about=put(answer.stream))
    yield Fact(FactKind.SERVER, about=put(answer.server))
    yield Fact(FactKind.SKEW, about=put(SkewWords(answer.skew_s)))
    yield Fact(FactKind.SEARCH, about=put(answer.search))
    for chain in sorted(answer.discovered):
        yield Fact(FactKind.FOUND, str(chain))


def _poll_words(answer: PollAnswer) -> str | None:
    if not answer.gone:
        return None
    return put(PollWords(tuple(key.decode("utf-8", "surrogateescape") for key in sorted(answer.gone))))


def request_word(request: Request) -> str:
    """Return the name of a request's kind."""
    match request:
        case PollRequest():
            return MomentKind.POLL
        case RecheckRequest():
            return MomentKind.RECHECK
        case FetchRequest():
            return MomentKind.FETCH
        case _:
            assert_never(request)
