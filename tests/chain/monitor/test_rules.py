"""The tuple of rules: each named after its signal, each with one severity, and none that can silence another."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from chain.monitor.board import DeckState, Level, State
from chain.monitor.freshness import Now
from chain.monitor.health import health_json
from chain.monitor.report import Signal
from chain.monitor.rules import RULES, SEVERITY, Context, Rule
from chain.monitor.signals import judge
from chain.redis.connection import RedisTarget
from chain.thresholds import STARTING_S
from chaindeck.alert_rules import alert_rules
from chaindeck.check import exit_code, line
from chaindeck.status import as_json, as_text
from tests.support.scenes import NDX, SPX, START_NS, board, entry, in_state

NOW = Now(START_NS, 5_000.0)


def broken(_: Context) -> Iterable[Signal]:
    raise ZeroDivisionError("a defect of one rule")


def broken_late(_: Context) -> Iterable[Signal]:
    yield from ()
    raise RecursionError("x" * 9_000)


def test_each_rule_bears_the_name_of_its_signal_and_each_signal_has_a_rule() -> None:
    named = {rule.__name__.replace("_", "-") for rule in RULES}
    assert named == set(SEVERITY) - {"rule-failed"}
    assert len(named) == len(RULES)


@pytest.mark.parametrize("rule", [broken, broken_late])
@pytest.mark.parametrize("at", [0, len(RULES) // 2, len(RULES)])
def test_a_rule_that_raises_is_a_signal_and_stops_no_other(rule: Rule, at: int) -> None:
    scene = board([in_state(SPX, State.MISSING, NOW), entry(NDX, NOW)], NOW)
    sound = judge(scene, NOW)
    judged = judge(scene, NOW, (*RULES[:at], rule, *RULES[at:]))
    [told] = [signal for signal in judged.signals if signal.name == "rule-failed"]
    assert [signal for signal in judged.signals if signal is not told] == list(sound.signals)
    assert told.text.startswith(f"rule {rule.__name__.replace('_', '-')} failed (")
    assert len(told.text) < 120


def test_a_deck_with_a_broken_rule_is_never_green() -> None:
    judged = judge(board([entry(SPX, NOW)], NOW), NOW, (*RULES, broken))
    assert (judged.state, exit_code(judged)) == (DeckState.WARNING, 1)
    assert "rule broken failed (ZeroDivisionError)" in line(judged)


# Starting


@pytest.mark.parametrize(("seconds", "begun"), [(0.0, True), (STARTING_S - 0.001, True), (STARTING_S, False)])
def test_in_its_first_seconds_a_watcher_that_finds_nothing_says_so_in_every_voice(seconds: float, begun: bool) -> None:
    judged = judge(board([], NOW, beats=[], started=NOW.mono - seconds), NOW)
    state, words = (
        (DeckState.STARTING, "waiting for a publisher") if begun else (DeckState.CRITICAL, "nothing is published")
    )
    target = RedisTarget("redis://h:1")
    assert judged.state is state
    assert as_json(judged, target)["state"] == health_json(judged)["state"] == state
    text = as_text(judged, target).splitlines()
    assert text[1].startswith(f" {state} ") and words in text[1]
    assert sum(words in shown for shown in text) == 3  # line two, the empty board, the panel
    assert words in line(judged)
    assert exit_code(judged) == (3 if begun else 2)


def test_a_single_look_gives_no_time_to_start() -> None:
    judged = judge(board([], NOW, beats=[]), NOW)
    assert [signal.name for signal in judged.signals] == ["nothing-published"]


def test_with_a_chain_on_the_board_nothing_is_starting() -> None:
    judged = judge(board([in_state(SPX, State.MISSING, NOW)], NOW, started=NOW.mono), NOW)
    assert judged.state is DeckState.CRITICAL


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
    thresholds = entry(SPX, NOW).thresholds
    [found] = [part for part in alert_rules(thresholds).split("- alert: ") if part.startswith(f"{alert}\n")]
    assert f"severity: {SEVERITY[signal].level}\n" in found
    assert "for:" not in found


def test_a_stale_chain_among_fresh_ones_is_a_warning_and_the_last_one_critical() -> None:
    fresh, stale = entry(NDX, NOW), in_state(SPX, State.STALE, NOW)
    for entries, level, code in (([stale, fresh], Level.WARNING, 1), ([stale], Level.CRITICAL, 2)):
        judged = judge(board(entries, NOW), NOW)
        assert (judged.state.level, exit_code(judged)) == (level, code)


def test_what_is_unreachable_is_so_since_contact_was_lost() -> None:
    scene = board([entry(SPX, NOW), in_state(NDX, State.MISSING, NOW)], NOW, reached=False)
    lost = replace(scene, contact=replace(scene.contact, since=NOW.wall_s - 7))
    assert {(r.state, r.since) for r in judge(lost, NOW).readings} == {(State.UNREACHABLE, NOW.wall_s - 7)}
