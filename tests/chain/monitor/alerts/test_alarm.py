"""An alarm: raised once after its hold, quiet within its band, over at its clear value, held by what is not known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chain.clock import Instant
from chain.monitor.alerts.alarm import ARMED, GONE_S, Alarm, Change, Phase, step, step_absent
from chain.monitor.alerts.rule import AlertRule, Limit, NumberWatch, Zone
from tests.support.scenes import START_NS, START_S, law

ABOVE = Limit(30.0, 20.0)
BELOW = Limit(20.0, 30.0, above=False)
zones = st.sampled_from(list(Zone))
values = st.one_of(st.none(), st.integers(0, 50).map(float))
gaps_ms = st.integers(0, 5_000)


def rule(hold_s: float = 0.0, clear_hold_s: float = 0.0) -> AlertRule:
    return AlertRule("age", NumberWatch("age", ABOVE), hold_s=hold_s, clear_hold_s=clear_hold_s)


def at(ms: int) -> Instant:
    return Instant(START_NS + ms * 1_000_000, 5_000.0 + ms / 1000)


def run(looks: list[tuple[int, Zone]], of: AlertRule) -> tuple[list[Alarm], list[tuple[int, Change]]]:
    """Step an alarm through looks at times in ms; return it after each, and what it told when."""
    alarm, after, told = ARMED, [], []
    for ms, zone in looks:
        alarm, change = step(alarm, zone, at(ms), of)
        after.append(alarm)
        if change is not None:
            told.append((ms, change))
    return after, told


def timed(gaps: list[int]) -> list[int]:
    return [sum(gaps[: place + 1]) for place in range(len(gaps))]


@pytest.mark.parametrize(
    ("limit", "value", "zone"),
    [
        (ABOVE, 30.001, Zone.BEYOND),
        (ABOVE, 30.0, Zone.BAND),
        (ABOVE, 20.001, Zone.BAND),
        (ABOVE, 20.0, Zone.CLEAR),
        (BELOW, 19.999, Zone.BEYOND),
        (BELOW, 20.0, Zone.BAND),
        (BELOW, 29.999, Zone.BAND),
        (BELOW, 30.0, Zone.CLEAR),
        (Limit(30.0, 30.0), 30.0, Zone.CLEAR),
        (Limit(30.0, 30.0), 30.001, Zone.BEYOND),
        (ABOVE, None, Zone.UNKNOWN),
    ],
)
def test_a_limit_is_passed_beyond_it_and_clear_at_its_clear_value(limit: Limit, value: float, zone: Zone) -> None:
    assert limit.zone(value) is zone


@pytest.mark.parametrize(("ms", "phase"), [(1_999, Phase.PENDING), (2_000, Phase.RAISED), (2_001, Phase.RAISED)])
def test_it_is_raised_once_its_hold_has_passed_to_the_millisecond(ms: int, phase: Phase) -> None:
    after, _ = run([(0, Zone.BEYOND), (ms, Zone.BEYOND)], rule(hold_s=2.0))
    assert after[-1].phase is phase
    assert after[-1].since == START_S  # when it was first beyond, not when that was told


@pytest.mark.parametrize(("ms", "over"), [(2_999, False), (3_000, True)])
def test_it_is_over_once_it_was_clear_for_so_long(ms: int, over: bool) -> None:
    looks = [(0, Zone.BEYOND), (1_000, Zone.CLEAR), (1_000 + ms, Zone.CLEAR)]
    after, told = run(looks, rule(clear_hold_s=3.0))
    assert (after[-1].phase is Phase.ARMED) is over
    assert told == [(0, Change.RAISED), *([(1_000 + ms, Change.CLEARED)] if over else [])]


def test_what_comes_back_before_it_was_clear_for_long_enough_was_never_over() -> None:
    looks = [(0, Zone.BEYOND), (1_000, Zone.CLEAR), (3_999, Zone.BEYOND), (4_000, Zone.CLEAR), (6_999, Zone.CLEAR)]
    assert run(looks, rule(clear_hold_s=3.0))[1] == [(0, Change.RAISED)]


@law
@given(st.lists(st.tuples(gaps_ms, st.sampled_from([Zone.BEYOND, Zone.BAND, Zone.UNKNOWN])), max_size=30))
def test_nothing_is_told_of_a_raised_alarm_until_it_is_clear(looks: list[tuple[int, Zone]]) -> None:
    times = timed([gap for gap, _ in looks])
    _, told = run([(0, Zone.BEYOND), *zip(times, (zone for _, zone in looks), strict=True)], rule())
    assert told == [(0, Change.RAISED)]


@law
@given(st.lists(st.tuples(gaps_ms, zones), max_size=40), st.integers(0, 6_000), st.integers(0, 6_000))
def test_it_is_told_once_each_time_and_raised_before_it_is_over(
    looks: list[tuple[int, Zone]], hold_ms: int, clear_ms: int
) -> None:
    times = timed([gap for gap, _ in looks])
    steps = [*zip(times, (zone for _, zone in looks), strict=True)]
    after, told = run(steps, rule(hold_ms / 1000, clear_ms / 1000))
    changes = [change for _, change in told]
    assert changes == ([Change.RAISED, Change.CLEARED] * len(changes))[: len(changes)]
    assert all(alarm.phase.is_raised == (alarm.since is not None) or alarm.phase is Phase.PENDING for alarm in after)
    for ms, change in told:
        zone = Zone.BEYOND if change is Change.RAISED else Zone.CLEAR
        needed = hold_ms if change is Change.RAISED else clear_ms
        assert all(found is zone for when, found in steps if ms - needed < when < ms)


@law
@given(st.lists(st.tuples(gaps_ms, st.integers(0, 50), st.integers(0, 20)), max_size=40), st.integers(0, 6_000))
def test_what_is_higher_all_the_while_is_raised_no_later_and_over_no_sooner(
    looks: list[tuple[int, int, int]], hold_ms: int
) -> None:
    times, of = timed([gap for gap, _, _ in looks]), rule(hold_ms / 1000)
    low, _ = run([(ms, ABOVE.zone(value)) for ms, (_, value, _) in zip(times, looks, strict=True)], of)
    high, _ = run([(ms, ABOVE.zone(value + more)) for ms, (_, value, more) in zip(times, looks, strict=True)], of)
    assert all(upper.phase.is_raised for lower, upper in zip(low, high, strict=True) if lower.phase.is_raised)


def test_what_is_not_known_ends_a_hold_and_raises_nothing() -> None:
    looks = [(0, Zone.BEYOND), (1_000, Zone.UNKNOWN), (2_000, Zone.BEYOND), (3_999, Zone.BEYOND), (4_000, Zone.BEYOND)]
    assert run(looks, rule(hold_s=2.0))[1] == [(4_000, Change.RAISED)]


@pytest.mark.parametrize("phase", [Phase.RAISED, Phase.ACKNOWLEDGED])
def test_what_is_not_known_for_an_hour_changes_nothing_of_what_was_raised(phase: Phase) -> None:
    alarm = Alarm(phase, START_S)
    for ms in range(0, 3_600_000, 60_000):
        alarm, change = step(alarm, Zone.UNKNOWN, at(ms), rule())
        assert (alarm, change) == (Alarm(phase, START_S), None)
    assert step(alarm, Zone.BEYOND, at(3_600_000), rule()) == (alarm, None)


@pytest.mark.parametrize(("ms", "over"), [(59_999, False), (60_000, True)])
def test_a_subject_that_is_on_no_board_for_a_minute_is_over(ms: int, over: bool) -> None:
    assert GONE_S == 60.0
    raised = Alarm(Phase.ACKNOWLEDGED, START_S)
    absent, change = step_absent(raised, Zone.UNKNOWN, at(0), rule())
    assert change is None
    _, change = step_absent(absent, Zone.UNKNOWN, at(ms), rule())
    assert change is (Change.CLEARED if over else None)


def test_a_subject_that_comes_back_within_that_minute_stands_as_it_did() -> None:
    raised = Alarm(Phase.ACKNOWLEDGED, START_S)
    absent, _ = step_absent(raised, Zone.UNKNOWN, at(0), rule())
    assert step(absent, Zone.BEYOND, at(59_000), rule()) == (raised, None)
    assert step(absent, Zone.UNKNOWN, at(59_000), rule()) == (raised, None)  # where Redis does not answer


def test_a_step_of_the_wall_clock_moves_no_hold() -> None:
    alarm, _ = step(ARMED, Zone.BEYOND, at(0), rule(hold_s=2.0))
    stepped = replace(at(1_000), wall_ns=START_NS + 3_600 * 10**9)
    alarm, change = step(alarm, Zone.BEYOND, stepped, rule(hold_s=2.0))
    assert (alarm.phase, change) == (Phase.PENDING, None)
