"""What is new in an answer: everything once, and nothing of chains that nobody asks for any more."""

import pytest
from msgspec.structs import replace

from chain.clock import Instant
from chain.model.keys import ChainId, KeySchema, SnapshotId
from chain.monitor.watch.port import (
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
from tape.record.changes import Changes
from tape.store.facts import FactKind, Moment, MomentKind
from tests.support.scenes import NDX, SPX
from tests.support.tapes import instant

KEYS = KeySchema()
BEAT = "massive:heartbeat"


def poll(at: float, pointers: dict[ChainId, bytes | None], beat: bytes | None = None) -> tuple[PollRequest, PollAnswer]:
    answer = PollAnswer(instant(at), instant(at + 0.001), pointers, heartbeats={BEAT: beat})
    return PollRequest(tuple(pointers)), answer


def told(moment: Moment) -> list[tuple[str, str, bytes | None]]:
    return [(fact.kind, fact.name, fact.value) for fact in moment.facts]


def test_what_stays_is_told_once_and_what_changes_each_time() -> None:
    changes = Changes(KEYS)
    first = changes.moment(*poll(0, {SPX: b"a", NDX: None}, b"beat"))
    assert (first.kind, first.begins, first.asked) == (MomentKind.POLL, True, instant(0))
    assert {(FactKind.POINTER, str(SPX), b"a"), (FactKind.POINTER, str(NDX), None)} <= set(told(first))
    assert told(changes.moment(*poll(1, {SPX: b"a", NDX: None}, b"beat"))) == []
    changed = changes.moment(*poll(2, {SPX: None, NDX: b"n"}, b"beat"))
    assert told(changed) == [(FactKind.POINTER, str(SPX), None), (FactKind.POINTER, str(NDX), b"n")]
    assert told(changes.moment(*poll(3, {SPX: None, NDX: b"n"}, None))) == [(FactKind.HEARTBEAT, BEAT, None)]


def test_a_poll_for_chains_just_heard_of_begins_no_look() -> None:
    request, answer = poll(0, {SPX: b"a"})
    moment = Changes(KEYS).moment(replace(request, heartbeats=False), replace(answer, heartbeats={}))
    assert not moment.begins
    assert told(moment) == [(FactKind.POINTER, str(SPX), b"a")]


def test_payloads_and_second_looks_are_told_each_time() -> None:
    changes, now, of = Changes(KEYS), Instant(1, 1.0), SnapshotId(SPX, 1_767_366_000_000)
    for _ in range(2):
        fetched = changes.moment(FetchRequest((of,)), FetchAnswer(now, now, {of: Payload(b"{", 5, "odd")}))
        assert told(fetched) == [(FactKind.PAYLOAD, str(SPX), b"{")]
        assert fetched.facts[0].about is not None
        assert f'"key":"{KEYS.snapshot(of)}","ttl_ms":5,"error":"odd"' in fetched.facts[0].about
        again = changes.moment(RecheckRequest((SPX,)), RecheckAnswer(now, now, {SPX: None}, {SPX: "list"}))
        assert [(fact.kind, fact.about) for fact in again.facts] == [(FactKind.RECHECK, '{"type":"list"}')]


@pytest.mark.parametrize(
    ("request_made", "word", "begins"),
    [
        (PollRequest((SPX,)), "poll", True),
        (PollRequest((SPX,), heartbeats=False), "poll", False),
        (RecheckRequest((SPX,)), "recheck", False),
        (FetchRequest((SnapshotId(SPX, 1_767_366_000_000),)), "fetch", False),
    ],
)
def test_contact_lost_says_at_what(request_made: Request, word: str, begins: bool) -> None:
    now = Instant(1, 1.0)
    lost = Changes(KEYS).moment(request_made, ContactLost(now, now, "refused", "code"))
    assert (lost.kind, lost.begins, lost.facts) == (MomentKind.LOST, begins, ())
    assert lost.about == f'{{"request":"{word}","error":"refused","code":"code"}}'


def test_a_poll_says_which_payloads_were_gone_in_their_order_and_to_the_byte() -> None:
    request, answer = poll(0, {SPX: b"a"})
    changes = Changes(KEYS)
    assert changes.moment(request, answer).about is None
    gone = changes.moment(request, replace(answer, gone=frozenset({b"massive:chain:b", b"massive:chain:a"})))
    assert gone.about == '{"gone":["massive:chain:a","massive:chain:b"]}'


def test_chains_that_are_not_asked_for_any_more_are_not_carried_on() -> None:
    changes, of = Changes(KEYS), SnapshotId(SPX, 1_767_366_000_000)
    changes.moment(*poll(0, {SPX: b"a", NDX: b"n"}))
    fetched = FetchAnswer(instant(0.5), instant(0.5), {of: Payload(b"{", 5)})
    changes.moment(FetchRequest((of,)), fetched)
    assert {name for one in changes.in_force() for _, name, _ in told(one)} >= {str(SPX), str(NDX)}
    changes.moment(*poll(1, {NDX: b"n"}))
    held = [fact for one in changes.in_force() for fact in told(one)]
    assert (FactKind.POINTER, str(NDX), b"n") in held
    assert str(SPX) not in {name for _, name, _ in held}


def test_what_is_in_force_keeps_the_moments_that_told_it() -> None:
    changes = Changes(KEYS)
    changes.moment(*poll(0, {SPX: b"a", NDX: b"n"}, b"beat"))
    changes.moment(*poll(7, {SPX: b"b", NDX: b"n"}, b"beat"))
    held = changes.in_force()
    assert [one.asked for one in held] == [instant(0), instant(7)]
    assert not any(one.begins for one in held)
    assert told(held[1]) == [(FactKind.POINTER, str(SPX), b"b")]
