"""Events: told once when a change has stood for two reports, in the envelope, on the channel and in the stream."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import jsonschema
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from redis.asyncio import Redis

from chain.clock import Instant
from chain.model.keys import events_key
from chain.monitor.board import Board
from chain.monitor.evaluate.signals import HealthReport, Signal, evaluate
from chain.monitor.events import HOLD, Event, EventLog, emit
from chain.monitor.heartbeat import STOPPED
from chain.monitor.messages.event import EventData
from chain.monitor.states import DeckState, Level, State
from chain.redis.contract.coordination.announce import EVENTS_KEPT, EVENTS_TTL_S
from chain.thresholds import STARTING_S
from tests.support.places import ROOT
from tests.support.scenes import (
    NDX,
    SPX,
    SPX_MON,
    START_NS,
    START_S,
    board,
    changed,
    heartbeat,
    in_state,
    law,
    record,
    report,
    surface,
)
from tests.support.waiting import wait_until_async

NOW = Instant(START_NS, 5_000.0)
SERVICE = "mock_massive"
SCHEMA = orjson.loads((ROOT / "schemas/event.schema.json").read_bytes())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

FRESH = report([record(SPX, NOW)], NOW)
AGING = report([in_state(SPX, State.AGING, NOW)], NOW)
STALE = report([in_state(SPX, State.STALE, NOW)], NOW)
MISSING = report([in_state(SPX, State.MISSING, NOW), record(NDX, NOW)], NOW)


def told(reports: Iterable[HealthReport]) -> list[list[str]]:
    """Return the types of the events that each report completes."""
    log = EventLog(SERVICE)
    return [[event.type for event in log.on_report(one)] for one in reports]


def signalling(*signals: tuple[str, DeckState], subject: str = "SPX") -> HealthReport:
    """Return a Report with these signals and no others."""
    made = tuple(Signal(name, severity, f"{name} {severity}", None, subject) for name, severity in signals)
    return replace(FRESH, signals=made, state=made[0].severity if made else DeckState.OK)


def body(event: Event) -> dict[str, Any]:
    """Return the event as a reader takes it, valid by the published schema."""
    read: dict[str, Any] = orjson.loads(event.encode())
    VALIDATOR.validate(read)
    return read


# When


def test_one_report_is_not_believed_and_two_are_told_once() -> None:
    assert told([FRESH, AGING, FRESH, FRESH]) == [[], [], [], []]
    assert told([AGING] * 5) == [[], ["chain_aging"], [], [], []]


def test_an_end_is_told_once_when_it_has_lasted_for_two() -> None:
    ended = [[], ["chain_aging"], [], [], [], ["chain_aging_recovered"], [], []]
    assert told([AGING, AGING, FRESH, AGING, FRESH, FRESH, FRESH, FRESH]) == ended


def test_flapping_tells_nothing() -> None:
    assert told([AGING, FRESH] * 10) == [[]] * 20
    log = EventLog(SERVICE)
    assert len(log.on_report(AGING) + log.on_report(AGING)) == 1
    assert not [event for one in [FRESH, AGING] * 10 for event in log.on_report(one)]


def test_what_recurs_is_told_again() -> None:
    again = told([AGING, AGING, FRESH, FRESH, AGING, AGING])
    assert again == [[], ["chain_aging"], [], ["chain_aging_recovered"], [], ["chain_aging"]]


def test_from_one_trouble_to_the_next() -> None:
    late = told([AGING, AGING, STALE, STALE, STALE])
    assert late == [[], ["chain_aging"], [], ["chain_all_stale", "chain_stale"], []]


@pytest.mark.parametrize("worse", [State.MISSING, State.DANGLING, State.INVALID])
def test_lateness_that_turns_into_worse_has_not_ended_until_the_chain_is_better(worse: State) -> None:
    late = report([in_state(SPX, State.STALE, NOW), record(NDX, NOW)], NOW)
    lost = report([in_state(SPX, worse, NOW), record(NDX, NOW)], NOW)
    sound = report([record(SPX, NOW), record(NDX, NOW)], NOW)
    seen = told([late] * 3 + [lost] * 4 + [sound] * 2)
    assert "chain_stale" in seen[1]
    assert not [kind for types in seen[:8] for kind in types if kind == "chain_stale_recovered"]
    assert "chain_stale_recovered" in seen[8]


def test_lateness_that_ended_is_told_though_another_chain_is_lost() -> None:
    late = report([in_state(SPX, State.STALE, NOW), in_state(NDX, State.MISSING, NOW)], NOW)
    sound = report([record(SPX, NOW), in_state(NDX, State.MISSING, NOW)], NOW)
    assert "chain_stale_recovered" in told([late] * 2 + [sound] * 2)[-1]


def test_lateness_of_a_chain_that_is_listed_no_more_has_ended() -> None:
    late = report([in_state(SPX, State.STALE, NOW), record(NDX, NOW)], NOW)
    assert "chain_stale_recovered" in told([late] * 2 + [report([record(NDX, NOW)], NOW)] * 2)[-1]


WARN, GRAVE = ("depth", DeckState.WARNING), ("depth", DeckState.CRITICAL)


def test_a_change_of_severity_is_told_when_it_has_stood_for_two() -> None:
    reports = [signalling(sign) for sign in (WARN, WARN, GRAVE, WARN, GRAVE, GRAVE, GRAVE, WARN, WARN)]
    log = EventLog(SERVICE)
    events = [[(event.type, event.severity) for event in log.on_report(one)] for one in reports]
    mild, grave = [("chain_depth", "warning")], [("chain_depth", "critical")]
    assert events == [[], mild, [], [], [], grave, [], [], mild]


def test_underlyings_are_told_apart() -> None:
    both = replace(
        FRESH,
        signals=tuple(Signal("depth", DeckState.WARNING, f"of {name}", None, name) for name in ("SPX", "NDX")),
    )
    one = replace(both, signals=both.signals[:1])
    log = EventLog(SERVICE)
    events = [[(e.type, e.data.subject) for e in log.on_report(r)] for r in (one, both, both, one, one)]
    spx, ndx = ("chain_depth", "SPX"), ("chain_depth", "NDX")
    assert events == [[], [spx], [ndx], [], [("chain_depth_recovered", "NDX")]]


def test_an_age_that_grows_is_no_news() -> None:
    log = EventLog(SERVICE)
    later = [Instant(NOW.wall_ns + second * 10**9, NOW.mono + second) for second in range(9)]
    stale = board([in_state(SPX, State.STALE, NOW), record(NDX, NOW)], NOW)
    events = [event for now in later for event in log.on_report(evaluate(changed(stale, polled=now.mono), now))]
    assert [(event.type, event.message) for event in events] == [("chain_stale", "SPX 01-02 STALE, 41 s old")]


def test_that_nothing_is_published_yet_is_no_news_and_later_it_is() -> None:
    def empty(age_s: float) -> HealthReport:
        return evaluate(board([], NOW, beats=[], started=NOW.mono - age_s), NOW)

    assert told([empty(0.0), empty(0.05), empty(STARTING_S - 0.001), FRESH, FRESH]) == [[]] * 5
    assert told([empty(STARTING_S), empty(STARTING_S + 1)]) == [[], ["chain_nothing_published"]]
    lost = evaluate(board([], NOW, beats=[], reached=False, started=NOW.mono), NOW)
    assert told([lost, lost]) == [[], ["chain_redis_unreachable"]]


@law
@given(seen=st.lists(st.tuples(st.booleans(), st.booleans()), max_size=40))
def test_raised_and_ended_alternate_and_both_stood_for_two(seen: list[tuple[bool, bool]]) -> None:
    log, names = EventLog(SERVICE), ("stale", "depth")
    history: dict[str, list[bool]] = {name: [] for name in names}  # whether each event raised its signal
    for turn, present in enumerate(seen):
        shown = [(name, DeckState.WARNING) for name, here in zip(names, present, strict=True) if here]
        for event in log.on_report(signalling(*shown)):
            raised = not event.type.endswith("_recovered")
            history[event.data.name].append(raised)
            lately = [past[names.index(event.data.name)] for past in seen[: turn + 1][-HOLD:]]
            assert lately == [raised] * HOLD
    for name, *stood in zip(names, *seen[-HOLD:], strict=True):
        kinds = history[name]
        assert kinds == [number % 2 == 0 for number in range(len(kinds))]
        if len(stood) == HOLD and len(set(stood)) == 1:  # and as every beginning of a list is a list, at any turn
            assert (kinds[-1:] == [True]) is stood[0]


# What


def test_the_envelope_of_the_health_collector() -> None:
    log = EventLog(SERVICE)
    assert not log.on_report(MISSING)
    [event] = log.on_report(MISSING)
    assert list(body(event)) == ["ts", "ts_iso", "type", "severity", "service", "message", "data"]
    assert body(event) == {
        "ts": float(START_S),
        "ts_iso": "2026-01-02T15:00:00.000+00:00",
        "type": "chain_depth",
        "severity": "warning",
        "service": "mock_massive",
        "message": "SPX depth 0 of 1: SPX 01-02 MISSING",
        "data": {
            "name": "depth",
            "severity": "PARTIAL DEGRADATION",
            "text": "SPX depth 0 of 1: SPX 01-02 MISSING",
            "since": float(START_S),
            "subject": "SPX",
            "sources": "mock",
            "state": "PARTIAL DEGRADATION",
        },
    }


def test_a_recovery_names_what_ended() -> None:
    log = EventLog(SERVICE)
    calm = replace(FRESH, now=Instant(NOW.wall_ns + 1_234 * 10**6, NOW.mono + 1.234))
    [_, ended] = [event for one in (MISSING, MISSING, calm, calm) for event in log.on_report(one)]
    read = body(ended)
    assert (read["type"], read["severity"]) == ("chain_depth_recovered", "info")
    assert read["message"] == "ended: SPX depth 0 of 1: SPX 01-02 MISSING"
    assert (read["ts"], read["ts_iso"]) == (START_S + 1.234, "2026-01-02T15:00:01.234+00:00")
    assert (read["data"]["severity"], read["data"]["state"]) == ("PARTIAL DEGRADATION", "OK")


@pytest.mark.parametrize(
    ("severity", "word"),
    [
        (DeckState.WARNING, "warning"),
        (DeckState.PARTIAL_DEGRADATION, "warning"),
        (DeckState.DEGRADED, "critical"),
        (DeckState.CRITICAL, "critical"),
    ],
)
def test_the_collectors_severities(severity: DeckState, word: str) -> None:
    log = EventLog(SERVICE)
    [event] = [event for _ in range(2) for event in log.on_report(signalling(("stale", severity)))]
    assert body(event)["severity"] == word


OLD_QUOTE = {"bid": 1.0, "ask": 1.2, "last_updated": START_NS - 900 * 10**9, "timeframe": "REAL-TIME"}


def _troubled() -> list[Board]:
    """Return Boards that between them raise every signal there is."""
    odd = replace(record(SPX_MON, NOW), last_error="vendor: 503", rolled_back_from=record(SPX_MON, NOW).pointer)
    source = heartbeat(SPX)
    limping = replace(source, source=replace(source.source, last_error="vendor: 503"))
    return [
        *(board([in_state(SPX, state, NOW), record(NDX, NOW)], NOW) for state in State),
        *(board([in_state(SPX, state, NOW)], NOW, last_frame=START_S) for state in (State.STALE, State.INVALID)),
        board([odd], NOW, beats=[], depth={"SPX": 6}),
        board([record(SPX, NOW, contracts=surface(last_quote=OLD_QUOTE))], NOW),
        board([record(SPX, NOW)], NOW, beats=[heartbeat(SPX, status=STOPPED)]),
        board([record(SPX, NOW)], NOW, beats=[limping], step_s=9.0, step_at=NOW.mono),
        board([record(SPX, NOW)], NOW, reached=False),
        board([record(SPX, NOW)], NOW, polled=NOW.mono - 60),
        board([record(SPX, NOW, contracts=surface()[::2])], NOW),
        board([], NOW, beats=[]),
    ]


def test_every_event_there_can_be_follows_the_published_schema() -> None:
    log = EventLog(SERVICE)
    events = [event for one in _troubled() for now in (NOW, NOW) for event in log.on_report(evaluate(one, now))]
    types = {event.type.removesuffix("_recovered") for event in events}
    assert {event.type for event in events if event.type.endswith("_recovered")}
    assert types == {
        "chain_aging",
        "chain_all_stale",
        "chain_clock_step",
        "chain_dangling",
        "chain_depth",
        "chain_future",
        "chain_invalid",
        "chain_nothing_published",
        "chain_old_source",
        "chain_partial",
        "chain_failing",
        "chain_poll_silent",
        "chain_publisher_silent",
        "chain_publisher_unknown",
        "chain_redis_unreachable",
        "chain_rolled_back",
        "chain_source",
        "chain_stale",
        "chain_stream_over_stale",
    }
    for event in events:
        read = body(event)
        assert datetime.fromisoformat(read["ts_iso"]).timestamp() == pytest.approx(read["ts"], abs=0.001)
        assert read["message"].isprintable()


def test_the_schema_refuses_what_is_not_an_event() -> None:
    log = EventLog(SERVICE)
    log.on_report(MISSING)
    good = body(log.on_report(MISSING)[0])
    for bad in (
        good | {"extra": 1},
        good | {"severity": "grave"},
        good | {"type": "depth"},
        good | {"data": good["data"] | {"state": "FINE"}},
        {name: value for name, value in good.items() if name != "ts"},
    ):
        assert not VALIDATOR.is_valid(bad)


# Where


def event(number: int) -> Event:
    data = EventData("depth", "WARNING", f"event {number}", None, "", "WARNING")
    return Event(START_S + number, "chain_depth", Level.WARNING, SERVICE, f"event {number}", data)


async def records(redis: Redis) -> list[Any]:
    """Return the fields of each of the stream's entries."""
    found: Any = await redis.xrange("mock_massive:events")
    return [fields for _, fields in found]


async def test_channel_and_stream_carry_the_same_bytes(redis: Redis) -> None:
    async with redis.pubsub() as listener:
        await listener.subscribe("mock_massive:events")
        await wait_until_async(lambda: listener.get_message(timeout=0.1), what="the subscription")
        for number in range(3):
            await emit(redis, SERVICE, event(number))
        heard = [
            await wait_until_async(lambda: listener.get_message(ignore_subscribe_messages=True, timeout=0.1))
            for _ in range(3)
        ]
    kept = await records(redis)
    assert kept == [{b"event": event(number).encode()} for number in range(3)]
    assert [message["data"] for message in heard] == [fields[b"event"] for fields in kept]
    assert events_key(SERVICE) == "mock_massive:events"


async def test_the_stream_is_bounded_and_mortal(redis: Redis) -> None:
    name = events_key(SERVICE)
    pipe = redis.pipeline(transaction=False)
    for number in range(2 * EVENTS_KEPT):
        pipe.xadd(name, {"event": event(number).encode()})
    await pipe.execute()
    assert await redis.ttl(name) == -1
    await emit(redis, SERVICE, event(9_999))
    assert EVENTS_KEPT <= await redis.xlen(name) <= EVENTS_KEPT + 200
    assert (await records(redis))[-1] == {b"event": event(9_999).encode()}
    assert EVENTS_TTL_S - 60 < await redis.ttl(name) <= EVENTS_TTL_S


async def test_a_quiet_stream_lives_on_from_its_last_event(redis: Redis) -> None:
    await emit(redis, SERVICE, event(1))
    await redis.expire(events_key(SERVICE), 5)
    await emit(redis, SERVICE, event(2))
    assert await redis.ttl(events_key(SERVICE)) > EVENTS_TTL_S - 60


def test_what_cannot_be_seen_has_not_ended() -> None:
    away = report([in_state(SPX, State.STALE, NOW)], NOW, reached=False)
    seen = told([STALE, STALE, away, away, away, STALE, STALE, FRESH, FRESH])
    ended = [types for types in seen if any(kind.endswith("recovered") for kind in types)]
    assert not any(kind.startswith("chain_stale_recovered") for types in seen[:8] for kind in types)
    assert seen[3] == ["chain_redis_unreachable"]
    assert "chain_redis_unreachable_recovered" in seen[6]
    assert any("stale" in kind for kind in ended[-1])
