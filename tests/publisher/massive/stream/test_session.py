"""The state of a stream over its connections: what is asked for in which order, and when to connect again."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chain.clock import Instant
from publisher.massive.api.faults import FaultKind, VendorError
from publisher.massive.stream.backoff import (
    ALIVE_S,
    FIRST_WAIT_S,
    HOPELESS_WAIT_S,
    LIMIT_LONGEST_S,
    LIMIT_WAIT_S,
    LONGEST_WAIT_S,
    Backoff,
)
from publisher.massive.stream.protocol import Meaning, Status
from publisher.massive.stream.session import ANSWER_S, Session, Stage, SwitchHostError
from publisher.massive.stream.topics import CHUNK, CONFIRM_S, Request, Topics, Verb
from tests.support.builders import TS_NS, law

START = Instant(TS_NS, 1_000.0)
BROKEN = VendorError(FaultKind.BROKEN)


def at(seconds: float) -> Instant:
    return Instant(TS_NS + round(seconds * 1e9), START.mono + seconds)


def topics(kind: str, numbers: Iterable[int]) -> list[str]:
    return [f"{kind}O:SPXW260102C{number:08d}" for number in numbers]


def status(meaning: Meaning, *names: str) -> Status:
    return Status(meaning, names, "as the vendor says")


def ready(session: Session, now: Instant = START) -> Session:
    """Bring a session to where it may subscribe."""
    session.opened(now)
    session.on_status(status(Meaning.CONNECTED), now)
    assert session.due(now) == Request(Verb.AUTHENTICATE)
    session.on_status(status(Meaning.AUTHENTICATED), now)
    return session


def settle(session: Session, now: Instant = START) -> list[Request]:
    """Let the vendor grant all that is asked for; return what was asked, in order."""
    asked: list[Request] = []
    while (request := session.due(now)) is not None:
        asked.append(request)
        done = Meaning.SUBSCRIBED if request.verb is Verb.SUBSCRIBE else Meaning.UNSUBSCRIBED
        for topic in request.topics:
            session.on_status(status(done, topic), now)
    return asked


# The way in


def test_the_key_is_sent_once_after_the_greeting_and_topics_after_its_answer() -> None:
    session = Session()
    session.want(topics("Q.", range(2)))
    session.opened(START)
    assert session.due(START) is None
    session.on_status(status(Meaning.CONNECTED), START)
    assert session.due(START) == Request(Verb.AUTHENTICATE)
    assert session.due(START) is None
    session.on_status(status(Meaning.AUTHENTICATED), START)
    assert session.due(START) == Request(Verb.SUBSCRIBE, tuple(topics("Q.", range(2))))


@pytest.mark.parametrize("greeted", [False, True])
def test_a_vendor_that_does_not_answer_is_given_up_to_the_millisecond(greeted: bool) -> None:
    session = Session()
    session.opened(START)
    if greeted:
        session.on_status(status(Meaning.CONNECTED), START)
        session.due(START)
    assert session.next_look == START.mono + ANSWER_S
    assert session.late(at(ANSWER_S - 0.001)) is None
    late = session.late(at(ANSWER_S))
    assert late is not None
    assert late.kind is FaultKind.TIMEOUT
    assert ("key" if greeted else "greeting") in str(late)


@pytest.mark.parametrize(
    ("meaning", "kind"),
    [
        (Meaning.BAD_KEY, FaultKind.BAD_KEY),
        (Meaning.AUTH_LATE, FaultKind.TIMEOUT),
        (Meaning.NO_STREAM, FaultKind.PLAN),
        (Meaning.TOO_MANY_CONNECTIONS, FaultKind.CONNECTIONS),
    ],
)
def test_what_ends_a_connection_is_a_named_fault(meaning: Meaning, kind: FaultKind) -> None:
    session = ready(Session())
    with pytest.raises(VendorError) as caught:
        session.on_status(status(meaning), START)
    assert caught.value.kind is kind


@pytest.mark.parametrize("stage", ["open", "greeted", "ready"])
def test_a_limit_on_connections_shows_only_after_the_key_was_accepted(stage: str) -> None:
    session = Session()
    session.opened(START)
    if stage != "open":
        session.on_status(status(Meaning.CONNECTED), START)
    if stage == "ready":
        session.on_status(status(Meaning.AUTHENTICATED), START)
    expected = FaultKind.CONNECTIONS if stage == "ready" else FaultKind.BROKEN
    assert session.cause_of_end(VendorError(FaultKind.CONNECTIONS)).kind is expected
    assert session.cause_of_end(BROKEN) is BROKEN


@pytest.mark.parametrize(("lived_s", "proven"), [(ALIVE_S - 0.001, False), (ALIVE_S, True)])
def test_a_connection_has_proved_itself_after_ten_seconds(lived_s: float, proven: bool) -> None:
    assert ready(Session()).is_proven(at(lived_s)) is proven


# Subscribing


def test_topics_are_asked_for_in_their_order_in_chunks_of_one_kind_each_after_the_answer_to_the_last() -> None:
    session = ready(Session())
    wanted = topics("Q.", range(CHUNK + 1)) + topics("T.", range(3))
    session.want(wanted)
    first = session.due(START)
    assert first == Request(Verb.SUBSCRIBE, tuple(wanted[:CHUNK]))
    assert session.due(at(CONFIRM_S - 0.001)) is None, "the first is not answered"
    for topic in first.topics[:-1]:
        session.on_status(status(Meaning.SUBSCRIBED, topic), at(1))
    assert session.due(at(1)) is None
    session.on_status(status(Meaning.SUBSCRIBED, first.topics[-1]), at(1))
    assert [request.topics for request in settle(session, at(1))] == [(wanted[CHUNK],), tuple(wanted[-3:])]
    assert session.topics.held == {*wanted}


def test_what_is_not_answered_in_time_counts_as_held_for_a_repeated_subscription_is_never_confirmed() -> None:
    session = ready(Session())
    session.want(topics("Q.", range(CHUNK + 1)))
    session.due(START)
    assert session.next_look == START.mono + CONFIRM_S
    following = session.due(at(CONFIRM_S))
    assert following == Request(Verb.SUBSCRIBE, tuple(topics("Q.", [CHUNK])))
    assert len(session.topics.held) == CHUNK


def test_what_is_new_is_subscribed_to_before_what_is_old_is_let_go() -> None:
    session = ready(Session())
    session.want(topics("Q.", range(4)))
    settle(session)
    session.want(topics("Q.", range(2, 6)))
    asked = settle(session)
    assert [(request.verb, {*request.topics}) for request in asked] == [
        (Verb.SUBSCRIBE, {*topics("Q.", [4, 5])}),
        (Verb.UNSUBSCRIBE, {*topics("Q.", [0, 1])}),
    ]


def test_at_the_vendors_cap_only_as_many_are_let_go_first_as_it_takes() -> None:
    session = ready(Session(topics=Topics(4)))
    session.want(topics("Q.", range(4)))
    settle(session)
    session.want(topics("Q.", range(2, 6)))
    most = held = len(session.topics.held)
    while (request := session.due(START)) is not None:
        held += len(request.topics) * (1 if request.verb is Verb.SUBSCRIBE else -1)
        most = max(most, held)
        done = Meaning.SUBSCRIBED if request.verb is Verb.SUBSCRIBE else Meaning.UNSUBSCRIBED
        session.on_status(status(done, *request.topics), START)
    assert most <= 4
    assert session.topics.held == {*topics("Q.", range(2, 6))}


def test_every_change_of_what_is_held_has_a_number_and_nothing_else_has() -> None:
    session = ready(Session())
    numbers = [session.topics.changes]
    session.want(topics("Q.", range(2)))
    numbers.append(session.topics.changes)
    settle(session)
    numbers.append(session.topics.changes)
    session.want([])
    settle(session)
    numbers.append(session.topics.changes)
    assert numbers[0] == numbers[1] < numbers[2] < numbers[3]


def test_a_new_connection_asks_for_everything_again() -> None:
    session = ready(Session())
    session.want(topics("Q.", range(5)))
    settle(session)
    session.ended(BROKEN, at(1))
    assert session.topics.held == frozenset()
    ready(session, at(2))
    assert [len(request.topics) for request in settle(session, at(2))] == [5]


# What the plan does not include


def test_a_topic_that_is_refused_by_name_is_not_asked_for_again_and_the_others_go_on() -> None:
    session = ready(Session())
    wanted = topics("Q.", range(3))
    session.want(wanted)
    session.due(START)
    session.on_status(status(Meaning.NOT_AUTHORIZED, wanted[1]), START)
    assert session.limits == "1 subscription refused"
    session.on_status(status(Meaning.SUBSCRIBED, wanted[0]), START)
    session.on_status(status(Meaning.NOT_AUTHORIZED, wanted[2]), START)
    assert session.due(START) is None
    assert session.topics.held == {wanted[0]}
    assert session.limits == "2 subscriptions refused"


@pytest.mark.parametrize("named", [False, True])
def test_a_kind_of_which_all_is_refused_is_given_up_and_told(named: bool) -> None:
    session = ready(Session())
    session.want(topics("Q.", range(CHUNK + 5)) + topics("T.", range(3)))
    request = session.due(START)
    assert request is not None
    for topic in request.topics if named else [""]:
        session.on_status(status(Meaning.NOT_AUTHORIZED, *([topic] if topic else [])), START)
    assert settle(session) == [Request(Verb.SUBSCRIBE, tuple(topics("T.", range(3))))]
    assert session.limits == "the plan of this API key includes no quotes on the stream"
    session.ended(BROKEN, at(1))
    assert [request.topics[0][:2] for request in settle(ready(session, at(2)), at(2))] == ["T."]


@pytest.mark.parametrize("meanings", [[Meaning.NO_REAL_TIME], [Meaning.NOT_AUTHORIZED, Meaning.NOT_AUTHORIZED]])
def test_without_real_time_rights_the_delayed_host_is_asked_at_once_and_only_once(meanings: list[Meaning]) -> None:
    session = ready(Session())
    session.want(topics("Q.", range(2)) + topics("T.", range(2)))
    with pytest.raises(SwitchHostError):
        for meaning in meanings:
            session.due(START)
            session.on_status(status(meaning), START)
    assert session.delayed
    assert session.ended(None, START) == 0.0
    ready(session)
    assert session.due(START) == Request(Verb.SUBSCRIBE, tuple(topics("Q.", range(2))))
    session.on_status(status(Meaning.NO_REAL_TIME), START)  # quotes are real-time only
    assert settle(session) == [Request(Verb.SUBSCRIBE, tuple(topics("T.", range(2))))]


def test_where_both_hosts_refuse_everything_the_plan_is_at_fault() -> None:
    session = Session(delayed=True)
    session.want(topics("T.", range(2)))
    ready(session).due(START)
    with pytest.raises(VendorError) as caught:
        session.on_status(status(Meaning.NOT_AUTHORIZED), START)
    assert caught.value.kind is FaultKind.PLAN
    assert "as the vendor says" in str(caught.value)


def test_a_refusal_of_nothing_that_was_asked_is_noted_and_ends_nothing() -> None:
    session = ready(Session())
    session.on_status(status(Meaning.NOT_AUTHORIZED), START)
    assert session.stage is Stage.READY
    assert session.limits == "the vendor says: as the vendor says"


def test_an_error_that_nobody_knows_is_told_as_the_vendor_says_it_until_the_next_connection() -> None:
    session = ready(Session())
    session.on_status(Status(Meaning.OTHER, text="subscribed twice"), START)
    assert session.limits == ""
    session.on_status(Status(Meaning.OTHER, text="too many symbols", failed=True), START)
    assert session.limits == "the vendor says: too many symbols"
    session.ended(BROKEN, at(1))
    assert ready(session, at(2)).limits == ""


# Connecting again


def waits(session: Session, fault: VendorError, times: int, lived_s: float = 1.0) -> list[float]:
    """Return the waits after that many connections in a row which lived so long and ended so."""
    found: list[float] = []
    now = 0.0
    for _ in range(times):
        ready(session, at(now))
        now += lived_s
        found.append(session.ended(fault, at(now)))
        now += found[-1]
    return found


def test_waits_double_up_to_a_minute_though_every_connection_was_authenticated() -> None:
    assert waits(Session(backoff=Backoff(lambda: 1.0)), BROKEN, 9) == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert (FIRST_WAIT_S, LONGEST_WAIT_S) == (1, 60)


@pytest.mark.parametrize(("lived_s", "last"), [(ALIVE_S - 0.001, 8.0), (ALIVE_S, 1.0)])
def test_only_a_connection_that_lived_ten_seconds_begins_the_waits_anew(lived_s: float, last: float) -> None:
    session = Session(backoff=Backoff(lambda: 1.0))
    waits(session, BROKEN, 3)
    assert waits(session, BROKEN, 1, lived_s) == [last]


def test_half_of_a_wait_is_chance() -> None:
    assert waits(Session(backoff=Backoff(lambda: 0.0)), BROKEN, 3) == [0.5, 1, 2]


def test_a_connection_that_never_came_about_counts_too() -> None:
    session = Session(backoff=Backoff(lambda: 1.0))
    assert [session.ended(BROKEN, START) for _ in range(3)] == [1, 2, 4]


@pytest.mark.parametrize("chance", [0.0, 1.0])
def test_after_another_connection_took_our_place_at_least_a_minute_and_more_each_time(chance: float) -> None:
    displaced = VendorError(FaultKind.CONNECTIONS)
    session = Session(backoff=Backoff(lambda: chance))
    found = waits(session, displaced, 6, lived_s=ALIVE_S)
    assert found == [min(LIMIT_LONGEST_S, LIMIT_WAIT_S * 2**n) * (1 + chance / 4) for n in range(6)]
    assert min(found) >= 60
    assert waits(session, displaced, 1, lived_s=LIMIT_LONGEST_S)[0] == found[0]


@pytest.mark.parametrize("kind", [FaultKind.BAD_KEY, FaultKind.PLAN])
def test_a_key_or_a_plan_is_not_tried_again_blindly(kind: FaultKind) -> None:
    assert waits(Session(), VendorError(kind), 3) == [HOPELESS_WAIT_S] * 3


@law
@given(
    st.lists(
        st.tuples(
            st.sampled_from([Meaning.SUBSCRIBED, Meaning.UNSUBSCRIBED, Meaning.NOT_AUTHORIZED, Meaning.OTHER]),
            st.lists(st.integers(0, 9), max_size=4),
            st.sets(st.integers(0, 9), max_size=8),
            st.floats(0, CONFIRM_S),
        ),
        max_size=40,
    )
)
def test_whatever_the_vendor_answers_no_more_quotes_are_held_than_its_cap_and_all_settles(
    script: list[tuple[Meaning, list[int], set[int], float]],
) -> None:
    session, now = ready(Session(topics=Topics(5), can_be_delayed=False)), 0.0
    names = topics("Q.", range(10)) + topics("T.", range(10))
    session.want(names[15:])
    settle(session)
    for meaning, named, wanted, wait in script:
        session.want([topics("Q.", [n])[0] for n in sorted(wanted)[:5]] + names[15:])
        session.due(at(now))
        session.on_status(replace(status(meaning), topics=tuple(names[n] for n in named)), at(now))
        now += wait
        assert sum(topic.startswith("Q.") for topic in session.topics.held) <= 5
    session.want(names[15:])
    for _ in range(20):
        now += CONFIRM_S
        session.due(at(now))
    assert session.topics.held <= {*names[15:]}
