"""Limits that are announced, and the lives that are seen: no announcement makes any age fresh."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chain.clock import Instant
from chain.monitor.evaluate.freshness import limits_of
from chain.monitor.evaluate.report import HealthReport
from chain.monitor.evaluate.signals import evaluate
from chain.monitor.states import State
from chain.thresholds import LIFE_SLACK_MS, LONGEST_LIFE_MS, UNANNOUNCED, Thresholds
from chaindeck.commands.check import limited, line
from tests.support.scenes import NDX, SPX, START_NS, board, law, record, report

NOW = Instant(START_NS, 5_000.0)
ABSURD = Thresholds(200_000.0, 604_800.0)


def state(age_s: float, ttl_ms: int | None, thresholds: Thresholds = ABSURD) -> State:
    """Return the state of a snapshot of this age whose pointer was to live so long from when it was made."""
    left = None if ttl_ms is None else max(0, ttl_ms - round(age_s * 1000))
    one = record(SPX, NOW, age_ms=round(age_s * 1000), thresholds=thresholds, ttl_ms=left)
    return report([one], NOW).statuses[0].state


@pytest.mark.parametrize(
    ("age_s", "expected"),
    [
        (21.999, State.FRESH),
        (22.0, State.FRESH),
        (22.001, State.AGING),
        (35.0, State.AGING),
        (35.001, State.STALE),
    ],
)
def test_an_absurd_announcement_falls_back_to_what_its_snapshots_live(age_s: float, expected: State) -> None:
    assert state(age_s, 60_000) is expected


def test_the_limits_are_shares_of_the_life_that_is_seen() -> None:
    assert [state(age, 600_000) for age in (220.0, 220.001, 350.0, 350.001)] == [
        State.FRESH,
        State.AGING,
        State.AGING,
        State.STALE,
    ]


@pytest.mark.parametrize(
    ("age_s", "expected"), [(1_320.0, State.FRESH), (1_321.0, State.AGING), (2_101.0, State.STALE)]
)
def test_a_pointer_that_never_expires_lends_no_endless_life(age_s: float, expected: State) -> None:
    assert state(age_s, None) is expected


def test_whatever_lives_a_week_is_stale_within_a_day() -> None:
    assert state(LONGEST_LIFE_MS / 1000, 604_800_000) is State.STALE


@law
@given(interval=st.floats(0.5, 200_000), life_ms=st.none() | st.integers(1_000, 10**9), age=st.floats(0, 10**6))
def test_no_announcement_makes_a_snapshot_fresh_beyond_its_life(
    interval: float, life_ms: int | None, age: float
) -> None:
    announced = Thresholds(interval, 4 * interval + 10)
    found = state(age, life_ms, announced)
    seen = min(LONGEST_LIFE_MS, life_ms or 3_600_000) / 1000
    if age > seen + LIFE_SLACK_MS / 1000:
        assert found is State.STALE
    if announced.stale_s <= seen:  # what fits is left alone, to the millisecond
        by_announced = State.FRESH if round(age * 1000) <= announced.warn_ms else State.AGING
        assert found is (by_announced if round(age * 1000) <= announced.stale_ms else State.STALE)


@pytest.mark.parametrize(("thresholds", "ttl_ms"), [(Thresholds(), 60_000), (Thresholds(18.0, 60.0), 58_500)])
def test_limits_that_fit_are_those_announced_and_nothing_is_said(thresholds: Thresholds, ttl_ms: int) -> None:
    one = record(SPX, NOW, thresholds=thresholds, ttl_ms=ttl_ms)
    assert limits_of(one) is thresholds
    assert not report([one], NOW).signals


def told(evaluated: HealthReport) -> list[str]:
    return [signal.text for signal in evaluated.signals if signal.name == "limits-unfit"]


def test_an_absurd_announcement_is_told_for_each_underlying() -> None:
    evaluated = report([record(SPX, NOW, thresholds=ABSURD), record(NDX, NOW)], NOW)
    assert told(evaluated) == [
        "SPX 01-02: an interval of 200000 s is announced, of snapshots that do not live so long: STALE above 35 s"
    ]
    assert "22;;0" in line(evaluated)


def test_what_nobody_announced_is_no_absurd_announcement() -> None:
    one = replace(record(SPX, NOW, ttl_ms=11_000), thresholds=UNANNOUNCED)
    assert limits_of(one).stale_s < UNANNOUNCED.stale_s
    assert told(report([one], NOW)) == []
    by_operator = limited(board([one], NOW), 6.0, None, None)  # who warns sooner has not announced an interval
    assert told(evaluate(by_operator, NOW)) == []


def test_limits_that_an_operator_set_stand() -> None:
    one = record(SPX, NOW, age_ms=50_000, thresholds=ABSURD, ttl_ms=10_000)
    evaluated = evaluate(limited(board([one], NOW), 100.0, 200.0, None), NOW)
    assert (evaluated.statuses[0].state, told(evaluated)) == (State.FRESH, [])
    warn_alone = evaluate(limited(board([one], NOW), 10.0, None, None), NOW)
    assert (warn_alone.statuses[0].limits.warn_s, warn_alone.statuses[0].limits.stale_s) == (10.0, 35.0)


def test_a_snapshot_from_the_future_says_nothing_of_its_life() -> None:
    one = record(SPX, NOW, age_ms=-9_000, ttl_ms=20_000)
    assert told(report([one], NOW)) == []
    by_operator = limited(board([one], NOW), 6.0, None, None)  # who warns sooner has not announced an interval
    assert told(evaluate(by_operator, NOW)) == []
