"""The tuple of rules: each named after its signal, each with one severity, and none that can silence another."""

import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import fields, replace

from chain.clock import Instant
from chain.model.keys import ChainId
from chain.monitor.board import Board, ChainRecord, RedisHealth
from chain.monitor.evaluate.rules import RULES, SEVERITY, Notice, Rule, RuleInput
from chain.monitor.evaluate.signals import evaluate
from chain.monitor.states import DeckState, Level, State
from chain.redis.connect.connection import RedisTarget
from chain.thresholds import STARTING_S
from chaindeck.commands.check import exit_code, line
from chaindeck.commands.metrics.alert_rules import alert_rules
from chaindeck.commands.status import as_text
from tests.support.places import ROOT
from tests.support.published import health_json, status_json
from tests.support.scenes import NDX, SPX, START_NS, board, changed, in_state, record

NOW = Instant(START_NS, 5_000.0)


def broken(_: RuleInput) -> Iterable[Notice]:
    raise ZeroDivisionError("a defect of one rule")


def broken_late(_: RuleInput) -> Iterable[Notice]:
    yield from ()
    raise RecursionError("x" * 9_000)


def test_each_rule_bears_the_name_of_its_signal_and_each_signal_has_a_rule() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert {rule.name for rule in RULES} == set(SEVERITY) - {"rule-failed"}


def test_each_component_of_the_board_has_its_file_of_rules() -> None:
    rooms = {rule.find.__module__.rpartition(".")[2] for rule in RULES}
    assert rooms == {field.name for field in fields(Board)} - {"prefix", "transitions"}


@pytest.mark.parametrize("find", [broken, broken_late])
@pytest.mark.parametrize("at", [0, len(RULES) // 2, len(RULES)])
def test_a_rule_that_raises_is_a_signal_and_stops_no_other(
    find: Callable[[RuleInput], Iterable[Notice]], at: int
) -> None:
    rule = Rule(DeckState.OK, find)
    scene = board([in_state(SPX, State.MISSING, NOW), record(NDX, NOW)], NOW)
    sound = evaluate(scene, NOW)
    evaluated = evaluate(scene, NOW, (*RULES[:at], rule, *RULES[at:]))
    [told] = [signal for signal in evaluated.signals if signal.name == "rule-failed"]
    assert [signal for signal in evaluated.signals if signal is not told] == list(sound.signals)
    assert told.text.startswith(f"rule {rule.name} failed (")
    assert len(told.text) < 120


def test_a_deck_with_a_broken_rule_is_never_green(caplog: pytest.LogCaptureFixture) -> None:
    evaluated = evaluate(board([record(SPX, NOW)], NOW), NOW, (*RULES, Rule(DeckState.OK, broken)))
    assert (evaluated.state, exit_code(evaluated)) == (DeckState.WARNING, 1)
    assert "rule broken failed (ZeroDivisionError)" in line(evaluated)
    [logged] = caplog.records
    assert (logged.getMessage(), logged.exc_info is not None) == ("rule broken failed", True)


def test_a_chain_that_cannot_be_judged_is_invalid_and_takes_no_other_with_it(caplog: pytest.LogCaptureFixture) -> None:
    sound, poisoned = record(NDX, NOW), record(SPX, NOW)
    assert poisoned.last_good
    poisoned = replace(poisoned, last_good=replace(poisoned.last_good, summary=None))
    evaluated = evaluate(board([poisoned, sound], NOW), NOW)
    assert [chain_status.state for chain_status in evaluated.statuses] == [State.INVALID, State.FRESH]
    assert evaluated.state is DeckState.PARTIAL_DEGRADATION
    assert "SPX 01-02 INVALID: it cannot be judged (AttributeError)" in [signal.text for signal in evaluated.signals]
    unknown = evaluated.statuses[0]
    assert (unknown.flags, unknown.age_s, unknown.ttl_s, unknown.dte, unknown.since) == ((), None, None, 0, None)
    assert [(one.levelname, one.getMessage()) for one in caplog.records] == [
        ("ERROR", f"{poisoned.chain} cannot be evaluated")
    ]


# Starting


@pytest.mark.parametrize(("seconds", "begun"), [(0.0, True), (STARTING_S - 0.001, True), (STARTING_S, False)])
def test_in_its_first_seconds_a_watcher_that_finds_nothing_says_so_in_every_voice(seconds: float, begun: bool) -> None:
    evaluated = evaluate(board([], NOW, beats=[], started=NOW.mono - seconds), NOW)
    state, words = (
        (DeckState.STARTING, "waiting for a publisher") if begun else (DeckState.CRITICAL, "nothing is published")
    )
    target = RedisTarget("redis://h:1")
    assert evaluated.state is state
    assert status_json(evaluated)["state"] == health_json(evaluated)["state"] == state
    text = as_text(evaluated, target).splitlines()
    assert text[1].startswith(f" {state} ") and words in text[1]
    assert sum(words in shown for shown in text) == 3  # line two, the empty board, the panel
    assert words in line(evaluated)
    assert exit_code(evaluated) == (3 if begun else 2)


def test_while_the_poll_loop_is_silent_nothing_is_said_of_redis() -> None:
    late = Instant(NOW.wall_ns + 3_001_000_000, NOW.mono + 3.001)
    evaluated = evaluate(board([record(SPX, NOW)], NOW, reached=False), late)
    assert [signal.name for signal in evaluated.signals] == ["poll-silent"]


def test_a_single_look_gives_no_time_to_start() -> None:
    evaluated = evaluate(board([], NOW, beats=[]), NOW)
    assert [signal.name for signal in evaluated.signals] == ["nothing-published"]


@pytest.mark.parametrize("found", [[in_state(SPX, State.MISSING, NOW)], [record(SPX, NOW)]])
def test_with_a_chain_on_the_board_nothing_is_starting(found: list[ChainRecord]) -> None:
    evaluated = evaluate(board(found, NOW, started=NOW.mono), NOW)
    assert "starting" not in {signal.name for signal in evaluated.signals}


def test_a_watcher_that_cannot_reach_its_redis_is_not_starting() -> None:
    evaluated = evaluate(board([], NOW, beats=[], started=NOW.mono, reached=False), NOW)
    assert [signal.name for signal in evaluated.signals] == ["redis-unreachable"]


# One severity for one fact


def test_exit_codes_events_and_alerts_take_their_level_from_the_state() -> None:
    assert {state: state.level for state in DeckState} == {
        DeckState.OK: Level.INFO,
        DeckState.STARTING: Level.INFO,
        DeckState.WARNING: Level.WARNING,
        DeckState.PARTIAL_DEGRADATION: Level.WARNING,
        DeckState.DEGRADED: Level.CRITICAL,
        DeckState.CRITICAL: Level.CRITICAL,
    }


ALERTS = {
    "ChaindeckSnapshotAging": "aging",
    "ChaindeckSnapshotStale": "stale",
    "ChaindeckRedisDown": "redis-unreachable",
    "ChaindeckDepth": "depth",
    "ChaindeckDegraded": "stream-over-stale",
    "ChaindeckNothingPublished": "nothing-published",
    "ChaindeckPublisherSilent": "publisher-silent",
    "ChaindeckCritical": "all-stale",
}


@pytest.mark.parametrize(("alert", "signal"), ALERTS.items())
def test_an_alert_is_as_grave_as_the_signal_and_waits_for_no_second_scrape(alert: str, signal: str) -> None:
    thresholds = record(SPX, NOW).thresholds
    [found] = [part for part in alert_rules(thresholds).split("- alert: ") if part.startswith(f"{alert}\n")]
    assert f"severity: {SEVERITY[signal].level}\n" in found
    assert "for:" not in found


def test_a_stale_chain_among_fresh_ones_is_a_warning_and_the_last_one_critical() -> None:
    fresh, stale = record(NDX, NOW), in_state(SPX, State.STALE, NOW)
    for records, level, code in (([stale, fresh], Level.WARNING, 1), ([stale], Level.CRITICAL, 2)):
        evaluated = evaluate(board(records, NOW), NOW)
        assert (evaluated.state.level, exit_code(evaluated)) == (level, code)


def test_what_is_unreachable_is_so_since_contact_was_lost() -> None:
    scene = board([record(SPX, NOW), in_state(NDX, State.MISSING, NOW)], NOW, reached=False)
    lost = changed(scene, health=replace(scene.redis.health, since=NOW.wall_s - 7))
    assert {(r.state, r.since) for r in evaluate(lost, NOW).statuses} == {(State.UNREACHABLE, NOW.wall_s - 7)}


# Words, to the digit


DAYS = [ChainId("SPX", SPX.expiry + timedelta(days=n)) for n in range(4)]


def texts(records: list[ChainRecord], now: Instant = NOW, **parts: Any) -> dict[str, str]:
    return {signal.name: signal.text for signal in evaluate(board(records, now, **parts), now).signals}


@pytest.mark.parametrize(
    ("count", "named"),
    [
        (1, "SPX 01-02"),
        (2, "SPX 01-02, 01-03"),
        (3, "SPX 01-02, 01-03 and 1 more"),
        (4, "SPX 01-02, 01-03 and 2 more"),
    ],
)
def test_two_chains_are_named_and_the_rest_counted(count: int, named: str) -> None:
    late = [record(chain, NOW, age_ms=25_000) for chain in DAYS[:count]]
    assert texts(late) == {"aging": f"{named} AGING, 25 s old"}


def test_chains_of_two_underlyings_are_named_with_both() -> None:
    thin = [replace(record(chain, NOW), last_error="vendor: 429") for chain in (SPX, NDX, DAYS[1])]
    assert texts(thin)["failing"] == "SPX 01-02, NDX 01-02 and 1 more FAILING: vendor: 429"


@pytest.mark.parametrize(("first_ms", "second_ms", "said"), [(40_999, 36_000, 40), (36_000, 41_000, 41)])
def test_the_oldest_of_a_group_is_told_in_whole_seconds_and_never_rounded_up(
    first_ms: int, second_ms: int, said: int
) -> None:
    group = [record(DAYS[0], NOW, age_ms=first_ms), record(DAYS[1], NOW, age_ms=second_ms), record(NDX, NOW)]
    told = texts(group, last_frame=NOW.wall_s)
    assert told["stale"] == f"SPX 01-02, 01-03 STALE, {said} s old"
    assert told["stream-over-stale"] == f"stream active while SPX 01-02, 01-03 are STALE, {said} s"


@pytest.mark.parametrize(("late_ms", "said"), [(3_001, 3), (3_999, 3), (4_000, 4)])
def test_a_silent_poll_loop_is_told_in_whole_seconds(late_ms: int, said: int) -> None:
    known = board([record(SPX, NOW)], NOW)
    later = Instant(NOW.wall_ns + late_ms * 1_000_000, NOW.mono + late_ms / 1000)
    [told] = evaluate(known, later).signals
    assert told.text.startswith(f"the poll loop has been silent for {said} s: ")
    assert told.since == pytest.approx(NOW.wall_s, abs=1e-3)


@pytest.mark.parametrize(("ahead_ms", "said"), [(2_001, "2.0"), (2_049, "2.0"), (9_000, "9.0"), (3_600_000, "3600.0")])
def test_a_stamp_from_the_future_is_told_with_how_far(ahead_ms: int, said: str) -> None:
    one = record(SPX, NOW, age_ms=-ahead_ms)
    assert texts([one])["future"] == f"SPX 01-02 FUTURE: its clock is {said} s ahead of ours"


def test_all_are_lost_since_the_last_of_them_was() -> None:
    gone = [record(DAYS[0], NOW, age_ms=50_000), record(DAYS[1], NOW, age_ms=36_000)]
    [told] = [signal for signal in evaluate(board(gone, NOW), NOW).signals if signal.name == "all-stale"]
    assert told.since == pytest.approx(NOW.wall_s - 1)


def test_what_nobody_has_read_yet_is_said_to_be_so() -> None:
    [chain_status] = evaluate(board([ChainRecord(SPX)], NOW), NOW).statuses
    assert (chain_status.state, chain_status.note, chain_status.since) == (State.MISSING, "not read yet", None)


def test_before_the_first_poll_no_chain_is_unreachable() -> None:
    waiting = board([record(SPX, NOW)], NOW, health=RedisHealth(), polled=0.0)
    evaluated = evaluate(waiting, NOW)
    assert [chain_status.state for chain_status in evaluated.statuses] == [State.FRESH]
    assert {"redis-unreachable", "poll-silent"}.isdisjoint(signal.name for signal in evaluated.signals)


def test_the_page_on_operations_lists_every_signal_with_its_severity() -> None:
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| `([a-z-]+)` \| ([A-Z ]+) \| [A-Z]", page, re.MULTILINE))
    assert listed == dict(SEVERITY)


@pytest.mark.parametrize(("skew_s", "words"), [(9.0, "9 s ahead of"), (-7.0, "7 s behind")])
def test_which_of_two_clocks_is_ahead_is_said(skew_s: float, words: str) -> None:
    told = texts([record(SPX, NOW)], skew_s=skew_s)
    assert told["clock-skew"] == f"this machine's clock is {words} Redis's: what it stamps and judges is off by that"


def test_a_stamp_of_the_stream_that_is_no_time_is_said_to_be_so() -> None:
    assert texts([record(SPX, NOW)], misread=True) == {
        "stream-clock": "the stream's last frame has a stamp that is no time in epoch seconds: not counted"
    }
