"""Alerts over reports: each raise told once, with what it is about; what is not known told and changing nothing."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chain.analytics.measures.measure import Measure
from chain.clock import Instant
from chain.model.keys import REPLAY_PREFIX, ChainId
from chain.monitor.alerts import book as module
from chain.monitor.alerts.alarm import Alarm, Change, Phase
from chain.monitor.alerts.book import AlertBook, AlertEvent, AlertKey
from chain.monitor.alerts.readings import Derived, Look, Readings, readings_of
from chain.monitor.alerts.rule import AlertRule, ChainFilter, Limit, NumberWatch, SignalWatch, StateWatch
from chain.monitor.alerts.words import event_words, events_words
from chain.monitor.evaluate.report import HealthReport
from chain.monitor.heartbeat import SourceInfo
from chain.monitor.states import Level, State
from tests.support.scenes import NDX, SPX, SPX_MON, START_NS, START_S, at_fault, in_state, law, record, report

LIVE = SourceInfo("massive", "api.massive.com")
NOTHING = Derived()


def at(seconds: float) -> Instant:
    return Instant(START_NS + round(seconds * 1e9), 5_000.0 + seconds)


def age(name: str = "old", above: float = 30.0, clear: float = 20.0, **how: Any) -> AlertRule:
    return AlertRule(name, NumberWatch("age", Limit(above, clear)), **how)


def aged(seconds: float, now: float = 0.0, chain: ChainId = SPX, **how: Any) -> HealthReport:
    """Return a report of one chain whose snapshot is so old."""
    return report([record(chain, at(now), age_ms=round(seconds * 1000), **how)], at(now))


def told(events: tuple[AlertEvent, ...]) -> list[tuple[str, str]]:
    return [(event.change, event.reading.subject) for event in events]


@pytest.mark.parametrize(("seconds", "raised"), [(29.999, False), (30.0, False), (30.001, True)])
def test_an_age_is_beyond_its_limit_to_the_millisecond(seconds: float, raised: bool) -> None:
    events = AlertBook([age()]).on_report(aged(seconds), NOTHING)
    assert told(events) == ([("raised", "SPX 2026-01-02")] if raised else [])


def test_it_is_told_once_and_over_only_at_its_clear_value() -> None:
    book = AlertBook([age()])
    changes = [told(book.on_report(aged(seconds), NOTHING)) for seconds in (31, 45, 29, 21, 31, 20, 19, 31)]
    raised, cleared = [("raised", "SPX 2026-01-02")], [("cleared", "SPX 2026-01-02")]
    assert changes == [raised, [], [], [], [], cleared, [], raised]


def test_what_was_acknowledged_stays_listed_until_it_is_over_and_is_raised_anew_after() -> None:
    book = AlertBook([age()])
    book.on_report(aged(31), NOTHING)
    assert book.acknowledge() == 1
    assert book.acknowledge() == 0
    book.on_report(aged(41, 10), NOTHING)
    [status] = book.view().raised
    assert (status.phase, status.since, status.reading.value) == (Phase.ACKNOWLEDGED, START_S, 41.0)
    book.on_report(aged(3, 20), NOTHING)
    assert book.view().raised == ()
    book.on_report(aged(31, 60), NOTHING)
    assert [status.phase for status in book.view().raised] == [Phase.RAISED]


def test_one_alone_can_be_acknowledged_and_stands_below_those_that_wait() -> None:
    book, old = AlertBook([age()]), [record(chain, at(0), age_ms=40_000) for chain in (SPX, SPX_MON)]
    book.on_report(report(old, at(0)), NOTHING)
    assert book.acknowledge([AlertKey("old", "SPX 2026-01-02"), AlertKey("old", "no such")]) == 1
    view = book.view()
    assert [status.reading.subject for status in view.raised] == ["SPX 2026-01-05", "SPX 2026-01-02"]
    assert view.unacknowledged == 1


def test_a_run_after_this_one_raises_nothing_again_that_is_still_beyond() -> None:
    first = AlertBook([age(), age("other")])
    first.on_report(aged(31), NOTHING)
    first.acknowledge([AlertKey("old", "SPX 2026-01-02")])
    second = AlertBook([age()], first.kept())  # one alert is configured no more
    assert second.on_report(report([], at(60)), NOTHING) == ()  # nothing is read yet
    assert second.on_report(aged(31, 61), NOTHING) == ()
    [status] = second.view().raised
    assert (status.phase, status.since) == (Phase.ACKNOWLEDGED, START_S)
    assert told(second.on_report(aged(1, 62), NOTHING)) == [("cleared", "SPX 2026-01-02")]


def test_a_chain_that_is_announced_no_more_is_over_after_a_minute_of_answers() -> None:
    book = AlertBook([age()])
    book.on_report(aged(31), NOTHING)
    gone = [
        told(book.on_report(report([record(NDX, at(s))], at(s), reached=s != 30), NOTHING)) for s in (1, 30, 31, 90)
    ]
    assert gone == [[], [], [], []]  # of the minute, Redis was away for a moment
    assert told(book.on_report(report([record(NDX, at(91))], at(91)), NOTHING)) == [("cleared", "SPX 2026-01-02")]


def test_states_are_of_chains_that_were_read() -> None:
    lost = AlertRule("lost", StateWatch(frozenset({State.MISSING, State.STALE})))
    book = AlertBook([lost])
    unread = replace(record(NDX, at(0)), last_good=None)
    records = [in_state(SPX, State.MISSING, at(0)), in_state(SPX_MON, State.AGING, at(0)), unread]
    assert told(book.on_report(report(records, at(0)), NOTHING)) == [("raised", "SPX 2026-01-02")]
    [unjudged] = book.view().unjudged
    assert (unjudged.subjects, unjudged.why) == (("NDX 2026-01-02",), "not read yet")


def test_while_redis_does_not_answer_no_state_is_known_but_that() -> None:
    lost = AlertRule("lost", StateWatch(frozenset({State.STALE})))
    away = AlertRule("away", StateWatch(frozenset({State.UNREACHABLE})))
    book = AlertBook([lost, away])
    book.on_report(report([in_state(SPX, State.STALE, at(0))], at(0)), NOTHING)
    events = book.on_report(report([record(SPX, at(1))], at(1), reached=False), NOTHING)
    assert [(event.rule.name, event.change) for event in events] == [("away", "raised")]
    assert [status.why for status in book.view().raised if status.rule.name == "lost"] == ["Redis does not answer"]


def test_a_signal_is_raised_by_severity_or_name_and_ends_only_where_redis_answers() -> None:
    critical = AlertRule("pager", SignalWatch(severity=Level.CRITICAL))
    aging = AlertRule("aging", SignalWatch(frozenset({"aging"}), Level.INFO))
    book = AlertBook([critical, aging])
    events = book.on_report(report([in_state(SPX, State.AGING, at(0))], at(0)), NOTHING)
    assert [(event.rule.name, event.reading.subject) for event in events] == [("aging", "aging SPX")]
    events = book.on_report(report([record(SPX, at(1))], at(1), reached=False), NOTHING)
    assert [(event.rule.name, event.reading.subject) for event in events] == [("pager", "redis-unreachable")]
    assert {status.rule.name for status in book.view().raised} == {"pager", "aging"}
    events = book.on_report(report([record(SPX, at(2))], at(2)), NOTHING)
    assert [(event.rule.name, event.change) for event in events] == [("pager", "cleared"), ("aging", "cleared")]


def test_a_signal_of_another_underlying_is_none_of_an_alert_of_its_own() -> None:
    mine = AlertRule("spx", SignalWatch(frozenset({"stale"})), (ChainFilter("SPX"),))
    book = AlertBook([mine])
    records = [record(SPX, at(0)), in_state(NDX, State.STALE, at(0))]
    assert book.on_report(report(records, at(0)), NOTHING) == ()
    records = [in_state(SPX, State.STALE, at(1)), in_state(NDX, State.STALE, at(1))]
    assert told(book.on_report(report(records, at(1)), NOTHING)) == [("raised", "stale SPX")]


@pytest.mark.parametrize(
    ("one", "meant"),
    [
        (ChainFilter("SPX"), {SPX, SPX_MON}),
        (ChainFilter("SPX", date(2026, 1, 5)), {SPX_MON}),
        (ChainFilter("SPX", dte=0), {SPX}),
        (ChainFilter("SPX", dte=3), {SPX_MON}),
        (ChainFilter("RUT"), set()),
    ],
)
def test_chains_are_meant_by_underlying_date_or_days_to_expiry(one: ChainFilter, meant: set[ChainId]) -> None:
    book = AlertBook([age(chains=(one,))])
    old = [record(chain, at(0), age_ms=40_000) for chain in (SPX, SPX_MON, NDX)]
    assert {subject for _, subject in told(book.on_report(report(old, at(0)), NOTHING))} == set(map(str, meant))
    if not meant:
        assert [each.why for each in book.view().unjudged] == ["nothing on the board is meant by it"]


def test_depth_and_spot_are_of_underlyings() -> None:
    thin = AlertRule("thin", NumberWatch("depth", Limit(2.0, 2.0, above=False)))
    high = AlertRule("high", NumberWatch("spot", Limit(6900.0, 6890.0)))
    book = AlertBook([thin, high])
    whole = [record(SPX, at(0)), record(SPX_MON, at(0))]
    assert [(e.rule.name, e.reading.subject) for e in book.on_report(report(whole, at(0)), NOTHING)] == [
        ("high", "SPX")
    ]
    lost = [at_fault(whole[0], State.MISSING, at(1)), whole[1]]
    assert [(e.rule.name, e.reading.value) for e in book.on_report(report(lost, at(1)), NOTHING)] == [("thin", 1)]


def test_a_spot_or_measure_of_an_old_snapshot_neither_raises_nor_clears() -> None:
    high = AlertRule("high", NumberWatch("spot", Limit(6900.0, 6890.0)))
    steep = AlertRule("iv", NumberWatch("atm_iv", Limit(0.2, 0.19)))
    derived = Derived({SPX: {"atm_iv": Measure(0.3, "fraction", "", (), 2, {}, {})}})
    book = AlertBook([high, steep])
    assert book.on_report(report([in_state(SPX, State.STALE, at(0))], at(0)), derived) == ()
    assert {each.why for each in book.view().unjudged} == {"its newest snapshot is STALE", "its snapshot is STALE"}
    assert len(book.on_report(report([record(SPX, at(1))], at(1)), derived)) == 2
    assert book.on_report(report([in_state(SPX, State.STALE, at(2))], at(2)), Derived()) == ()
    assert len(book.view().raised) == 2


def test_a_measure_without_a_value_says_why_and_raises_nothing() -> None:
    low = AlertRule("low", NumberWatch("atm_iv", Limit(0.2, 0.21, above=False)))
    derived = Derived({SPX: {"atm_iv": Measure(None, "fraction", "", (), 0, {}, {}, note="no IV at the ATM strike")}})
    book = AlertBook([low])
    assert book.on_report(report([record(SPX, at(0))], at(0)), derived) == ()
    assert [each.why for each in book.view().unjudged] == ["no IV at the ATM strike"]


@pytest.mark.parametrize(
    ("source", "kind", "mark"),
    [
        (LIVE, "massive", ""),
        (SourceInfo("mock"), "mock", "[MOCK] "),
        (SourceInfo("capture"), "capture", "[CAPTURE] "),
        (SourceInfo("unknown"), "unknown", "[SOURCE UNKNOWN] "),
        (SourceInfo("massive", "127.0.0.1"), "massive", "[TEST 127.0.0.1] "),
    ],
)
def test_every_voice_says_what_is_not_live(source: SourceInfo, kind: str, mark: str) -> None:
    [event] = AlertBook([age()]).on_report(aged(31.24, source=source), NOTHING)
    assert event.reading.origin.kind == kind
    assert event_words(event) == f"{mark}ALERT old: SPX 2026-01-02 age 31.2 s above 30"


def test_a_recording_played_again_raises_only_what_asks_for_it_and_is_marked() -> None:
    source = SourceInfo("replay", "tape", speed=1.0, as_of=START_S)
    book = AlertBook([age("quiet"), age("asked", replay=True)])
    played = in_state(SPX, State.MISSING, at(0))
    assert played.last_good is not None
    played = replace(played, source=source, last_good=replace(played.last_good, kind="replay"))
    played = at_fault(played, State.MISSING, at(60))
    stale = report([played], at(60), prefix=REPLAY_PREFIX)
    events = book.on_report(stale, NOTHING)
    assert [(event.rule.name, event.reading.origin.words) for event in events] == [("asked", "REPLAY")]
    lost = AlertRule("lost", StateWatch(frozenset({State.MISSING})), replay=True)
    [event] = AlertBook([lost, replace(lost, name="quiet", replay=False)]).on_report(stale, NOTHING)
    assert event_words(event).startswith("[REPLAY] ALERT lost: SPX 2026-01-02 is MISSING")


def test_words_name_what_is_over_and_why() -> None:
    book = AlertBook([age()])
    book.on_report(aged(31), NOTHING)
    [cleared] = book.on_report(aged(2, 5), NOTHING)
    assert event_words(cleared) == "[MOCK] cleared old: SPX 2026-01-02 age 2.0 s"
    assert (cleared.change, cleared.since, cleared.at) == (Change.CLEARED, START_S, START_S + 5)
    book.on_report(aged(31), NOTHING)
    for seconds in (10, 70):
        events = book.on_report(report([], at(seconds)), NOTHING)
    assert event_words(events[0]) == "[MOCK] cleared old: SPX 2026-01-02 age 31.0 s (no longer expected)"


def test_several_are_told_in_one_line() -> None:
    old = [record(chain, at(0), age_ms=40_000) for chain in (SPX, SPX_MON, NDX)]
    events = AlertBook([age()]).on_report(report(old, at(0)), NOTHING)
    assert events_words(events) == "[MOCK] ALERT old: NDX 2026-01-02 age 40.0 s above 30 (and 2 more)"


def test_what_was_kept_of_another_run_says_that_nobody_has_judged_it_yet() -> None:
    kept = {AlertKey("old", "SPX 2026-01-02"): Alarm(Phase.RAISED, START_S)}
    [status] = AlertBook([age()], kept).view().raised
    assert (status.reading.value, status.why) == (None, "not judged yet")


@pytest.mark.parametrize(("before_close_s", "raised"), [(0.001, ["NDX 2026-01-02", "SPX 2026-01-02"]), (0.0, [])])
def test_what_has_expired_may_age_and_go(before_close_s: float, raised: list[str]) -> None:
    close = 6 * 3_600 - before_close_s  # from the scenes' 10:00 in New York
    old = [record(chain, at(close), age_ms=40_000) for chain in (NDX, SPX)]
    lost = AlertRule("old", StateWatch(frozenset({State.MISSING, State.STALE})))
    for one in (age(), lost):
        events = AlertBook([one]).on_report(report(old, at(close)), NOTHING)
        assert [event.reading.subject for event in events] == raised


def test_of_several_events_one_that_was_raised_is_told_in_full() -> None:
    book = AlertBook([age("a"), age("b", above=10.0, clear=5.0)])
    book.on_report(report([record(SPX, at(0), age_ms=40_000)], at(0)), NOTHING)
    changed = [record(SPX, at(10), age_ms=1_000), record(NDX, at(10), age_ms=11_000)]
    events = book.on_report(report(changed, at(10)), NOTHING)
    changes = [(event.rule.name, event.change) for event in events]
    assert changes == [("a", "cleared"), ("b", "cleared"), ("b", "raised")]
    assert events_words((events[2], events[0])) == "[MOCK] ALERT b: NDX 2026-01-02 age 11.0 s above 10 (and 1 more)"


looks = st.lists(st.one_of(st.none(), st.integers(0, 50)), max_size=25)  # ages in seconds; None: Redis does not answer


@law
@given(looks, st.sets(st.integers(0, 24)), st.sets(st.integers(0, 24)))
def test_restarts_and_acknowledgements_anywhere_change_nothing_of_what_is_told(
    ages: list[int | None], restarts: set[int], acknowledged: set[int]
) -> None:
    steady, broken = AlertBook([age()]), AlertBook([age()])
    seen = record(SPX, at(0))
    for number, seconds in enumerate(ages):
        if number in restarts:
            broken = AlertBook([age()], broken.kept())
        if number in acknowledged:
            broken.acknowledge()
        now = at(number)
        if seconds is not None:
            seen = record(SPX, now, age_ms=seconds * 1000)
        looked = report([seen], now, reached=seconds is not None)
        assert told(steady.on_report(looked, NOTHING)) == told(broken.on_report(looked, NOTHING))
        subjects = {status.reading.subject for status in steady.view().raised}
        assert subjects == {status.reading.subject for status in broken.view().raised}


@pytest.mark.parametrize(("kind", "prefix"), [("replay", "massive"), ("mock", REPLAY_PREFIX)])
def test_a_recording_is_known_by_the_kind_of_its_source_and_by_its_prefix(kind: str, prefix: str) -> None:
    one = in_state(SPX, State.STALE, at(0))
    assert one.last_good is not None
    seen = report([replace(one, last_good=replace(one.last_good, kind=kind))], at(0), prefix=prefix)
    assert AlertBook([age()]).on_report(seen, NOTHING) == ()
    assert told(AlertBook([age(replay=True)]).on_report(seen, NOTHING)) == [("raised", "SPX 2026-01-02")]


def test_a_total_is_not_judged_while_one_of_its_parts_is_old() -> None:
    total = AlertRule("total", NumberWatch("gex_net", Limit(1e6, 1e5), total=True))
    derived = Derived(totals={"SPX": {"gex_net": Measure(1e9, "dollars", "", (), 2, {}, {})}})
    book = AlertBook([total])
    parts = [record(SPX, at(0)), in_state(SPX_MON, State.STALE, at(0))]
    assert book.on_report(report(parts, at(0)), derived) == ()
    assert [each.why for each in book.view().unjudged] == ["SPX 2026-01-05 is STALE"]
    whole = report([record(SPX, at(1)), record(SPX_MON, at(1))], at(1))
    assert told(book.on_report(whole, derived)) == [("raised", "SPX")]


def test_depth_is_not_known_before_every_chain_was_read_or_while_redis_is_away() -> None:
    book = AlertBook([AlertRule("thin", NumberWatch("depth", Limit(2.0, 2.0, above=False)))])
    unread = replace(record(SPX_MON, at(0)), last_good=None)
    assert book.on_report(report([record(SPX, at(0)), unread], at(0)), NOTHING) == ()
    assert [each.why for each in book.view().unjudged] == ["not read yet"]
    one = [record(SPX, at(1))]
    assert book.on_report(report(one, at(1), reached=False), NOTHING) == ()
    assert [each.why for each in book.view().unjudged] == ["Redis does not answer"]
    assert told(book.on_report(report(one, at(2)), NOTHING)) == [("raised", "SPX")]


def test_an_alert_that_fails_says_so_and_silences_no_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def failing(rule: AlertRule, look: Look) -> Readings:
        if rule.name == "broken":
            raise ZeroDivisionError
        return readings_of(rule, look)

    monkeypatch.setattr(module, "readings_of", failing)
    book = AlertBook([age("broken"), age("old")], {AlertKey("broken", str(SPX)): Alarm(Phase.RAISED, START_S)})
    assert [event.rule.name for event in book.on_report(aged(31), NOTHING)] == ["old"]
    assert [each.why for each in book.view().unjudged] == ["it fails (ZeroDivisionError): the log says where"]
    assert {status.rule.name for status in book.view().raised} == {"broken", "old"}
    assert "alert broken cannot be judged" in caplog.text
