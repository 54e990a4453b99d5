"""States of the watcher whose answers are recorded: when one is due, how it stands on a tape, and how it is read.

From a state on, a watcher needs only the answers that came after it. One is due as soon as some payloads were read
since the last, for they are what costs time to play again, and at the latest after half a minute.
"""

from collections.abc import Iterator

from chain.errors import DecodeError
from chain.model.keys import KeySchema, SnapshotId
from chain.monitor.watch.port import Answer, FetchAnswer, PollRequest, Request
from chain.monitor.watch.state import TrackerState, decode_state, encode_state, fingerprint
from tape.store import words
from tape.store.facts import Fact, FactKind, Moment, MomentKind
from tape.store.file import TapeFile
from tape.store.rows import StoredFact

PAYLOADS = 8
LOOKS = 30
_SOUGHT = 64  # payloads of a chain: how far its last good one may lie behind its last one


class StatePace:
    """Says when a state is due, by the answers that were recorded."""

    def __init__(self, *, at_once: bool = False) -> None:
        """`at_once`: the first look ends with one."""
        self._payloads = 0
        self._looks = LOOKS if at_once else 0

    def on_answer(self, request: Request, answer: Answer) -> None:
        """Hear of an answer."""
        if isinstance(answer, FetchAnswer):
            self._payloads += len(answer.payloads)
        elif isinstance(request, PollRequest) and request.heartbeats:
            self._looks += 1

    def take_due(self) -> bool:
        """Return, after a look, whether a state is due, and begin to count anew if it is."""
        due = self._payloads >= PAYLOADS or self._looks >= LOOKS
        if due:
            self._payloads = self._looks = 0
        return due


def state_moment(state: TrackerState) -> Moment:
    """Return a state as it stands on a tape, after the answers that it follows from."""
    return Moment(MomentKind.STATE, state.now, state.now, facts=(Fact(FactKind.STATE, value=encode_state(state)),))


def payloads_moment(state: TrackerState, keys: KeySchema) -> Moment:
    """Return the payloads that a state stands on, for a tape that does not hold them."""
    facts = []
    for known in state.registry.chains:
        if known.record.last_good is not None:
            snapshot = known.record.last_good.snapshot
            about = words.put(words.PayloadWords(keys.snapshot(snapshot.id)))
            facts.append(Fact(FactKind.PAYLOAD, str(snapshot.id.chain), about, snapshot.raw))
    return Moment(MomentKind.FETCH, state.now, state.now, facts=tuple(facts))


def state_at(tape: TapeFile, keys: KeySchema, moment: int, *, whole: bool = True) -> TrackerState:
    """Return the state that a moment holds; raise DecodeError or TapeError where it cannot be believed.

    Of one that is not `whole` the payloads' bytes are left out: it tells all but what its snapshots hold.
    """
    for fact in tape.facts(moment, moment):
        if fact.kind == FactKind.STATE:
            raw = tape.value(fact) or b""
            return read_state(tape, keys, raw, moment) if whole else decode_state(raw, keys, lambda *_: b"")
    raise DecodeError(f"moment {moment} holds no state")


def read_state(tape: TapeFile, keys: KeySchema, raw: bytes, moment: int) -> TrackerState:
    """Return a state that followed from the answers up to a moment, its payloads as the tape holds them."""

    def payload_of(of: SnapshotId, like: bytes) -> bytes:
        for fact in _payloads(tape, keys, of, moment):
            value = tape.value(fact, check=False)  # the fingerprint tells
            if value is not None and fingerprint(value) == like:
                return value
        raise DecodeError(f"the payload of {of.chain} is not on the tape")

    return decode_state(raw, keys, payload_of)


def _payloads(tape: TapeFile, keys: KeySchema, of: SnapshotId, last: int) -> Iterator[StoredFact]:
    key = keys.snapshot(of)
    for fact in tape.said(FactKind.PAYLOAD, str(of.chain), last, _SOUGHT):
        if words.get(words.PAYLOAD, fact.about, words.PayloadWords("")).key == key:
            yield fact
