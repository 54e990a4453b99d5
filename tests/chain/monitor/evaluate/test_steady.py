"""How long a state stands by itself, to its very end; and when a chain's last session is over."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chain.clock import Instant
from chain.monitor.board import ChainRecord
from chain.monitor.evaluate.flags import is_over, is_past
from chain.monitor.evaluate.freshness import Steady, reason_of, state_of, steady
from chain.monitor.states import State
from tests.support.scenes import SPX, START_NS, at_fault, in_state, law, record

NOW = Instant(START_NS, 5_000.0)
WARN_MS, STALE_MS = 22_000, 35_000  # of the interval of ten seconds
AGES = st.one_of(
    st.integers(-12_000, 60_000),
    st.sampled_from([WARN_MS, STALE_MS, -2_000, -5_000]).flatmap(lambda ms: st.integers(ms - 2, ms + 2)),
)
STEPS = st.one_of(st.just(0), st.integers(-60_000, 60_000))


def later(wall_ms: int, mono_ms: int) -> tuple[int, float]:
    """Return both clocks, moved by these milliseconds each."""
    return NOW.wall_ms + wall_ms, NOW.mono + mono_ms / 1000


def standing(one: ChainRecord, wall_ms: int = 0, mono_ms: int = 0) -> tuple[State, Steady]:
    """Return a state at a moment, and how long it stands."""
    wall, mono = later(wall_ms, mono_ms)
    state, _ = state_of(one, wall, mono)
    return state, steady(one, state, mono)


@law
@given(age=AGES, step=STEPS, passed=st.integers(0, 60_000), step_then=STEPS, passed_then=st.integers(0, 60_000))
def test_while_it_stands_no_step_of_the_wall_clock_makes_it_another(
    age: int, step: int, passed: int, step_then: int, passed_then: int
) -> None:
    one = record(SPX, NOW, age_ms=age)
    state, time = standing(one, passed + step, passed)
    assert time.holds(*later(passed + step, passed))
    then = later(passed + passed_then + step_then, passed + passed_then)
    if time.holds(*then):
        assert state_of(one, *then)[0] is state


@law
@given(age=AGES, passed=st.integers(0, 60_000))
def test_where_no_clock_is_set_it_ends_with_the_millisecond_in_which_the_state_does(age: int, passed: int) -> None:
    one = record(SPX, NOW, age_ms=age)
    state, time = standing(one, passed, passed)
    wall, mono = later(passed, passed)
    left = min(time.until_ms - wall, (time.until_mono - mono) * 1000)
    if left == math.inf:
        assert state_of(one, *later(passed + 3_600_000, passed + 3_600_000))[0] is state
        return
    ends = passed + math.floor(left)
    assert state_of(one, *later(ends, ends))[0] is state
    assert state_of(one, *later(ends + 2, ends + 2))[0] is not state  # seconds of a monotonic clock are rounded


@pytest.mark.parametrize(
    ("state", "after_ms", "until_ms", "until_s"),
    [
        (State.FRESH, -3_000 - 2_000, -3_000 + WARN_MS, (WARN_MS - 3_000) / 1000),
        (State.AGING, -25_000 - 2_000, -25_000 + STALE_MS, (STALE_MS - 25_000) / 1000),
        (State.STALE, -40_000 - 2_000, math.inf, math.inf),
        (State.FUTURE, -math.inf, 9_000 - 2_000 - 1, math.inf),
    ],
)
def test_the_bounds_of_each_state(state: State, after_ms: float, until_ms: float, until_s: float) -> None:
    found, time = standing(in_state(SPX, state, NOW))
    assert found is state
    assert time == Steady(NOW.wall_ms + after_ms, NOW.wall_ms + until_ms, NOW.mono + until_s)


@pytest.mark.parametrize(
    ("wall_ms", "mono", "within"),
    [
        (1_000, 9.0, True),
        (999, 9.0, False),
        (2_000, 9.0, True),
        (2_001, 9.0, False),
        (1_500, 9.001, False),
        (1_500, 0.0, True),
    ],
)
def test_a_time_holds_its_ends_and_nothing_beyond(wall_ms: int, mono: float, within: bool) -> None:
    assert Steady(1_000, 2_000, 9.0).holds(wall_ms, mono) is within
    shared = Steady.of_all([Steady(1_000, 3_000, 11.0), Steady(500, 2_000, 9.0), Steady()])
    assert shared == Steady(1_000, 2_000, 9.0)


def test_what_is_old_by_the_wall_clock_alone_stands_until_that_is_set_back() -> None:
    """Seen young: the clock was set forward since, and may be set back."""
    one = record(SPX, NOW, age_ms=1_000)
    state, time = standing(one, wall_ms=25_000)
    assert state is State.AGING
    assert time.after_ms == NOW.wall_ms - 1_000 + WARN_MS + 1
    assert state_of(one, int(time.after_ms), NOW.mono)[0] is State.AGING
    assert state_of(one, int(time.after_ms) - 1, NOW.mono)[0] is State.FRESH


def test_a_fault_and_a_chain_never_read_stand_until_something_is_read() -> None:
    faulty = at_fault(record(SPX, NOW), State.DANGLING, NOW)
    for one in (faulty, ChainRecord(SPX), replace(faulty, last_good=None)):
        assert standing(one)[1] == Steady()


def test_the_time_of_several_is_what_they_share() -> None:
    assert Steady.of_all([Steady(1, 9, 5.0), Steady(2, 10, 7.0), Steady()]) == Steady(2, 9, 5.0)
    assert Steady.of_all([Steady(2, 10, 7.0), Steady(1, 9, 5.0)]) == Steady(2, 9, 5.0)
    assert Steady.of_all([]) == Steady(-math.inf, math.inf, math.inf)


# What a state says, and when a chain's last session is over


def test_an_age_begins_at_zero() -> None:
    assert state_of(record(SPX, NOW, age_ms=0), *later(0, 0)) == (State.FRESH, 0)
    assert state_of(record(SPX, NOW, age_ms=0), *later(1, 1)) == (State.FRESH, 1)


def test_a_clock_that_is_ahead_is_told_by_how_much() -> None:
    assert reason_of(in_state(SPX, State.FUTURE, NOW), State.FUTURE, 0, NOW)[1] == "its clock is 9.0 s ahead of ours"


CLOSE_MS = 6 * 3_600_000  # from the scenes' beginning, ten in the morning, to the close of the chain's last session
DAY_MS = 24 * 3_600_000


@pytest.mark.parametrize(
    ("passed_ms", "over"),
    [(-DAY_MS + CLOSE_MS, False), (CLOSE_MS - 1, False), (CLOSE_MS, True), (CLOSE_MS + 1, True), (DAY_MS, True)],
)
def test_a_chain_is_over_from_the_close_of_its_last_session_on(passed_ms: int, over: bool) -> None:
    then = Instant(NOW.wall_ns + passed_ms * 1_000_000, NOW.mono + passed_ms / 1000)
    assert is_over(record(SPX, then), then) is over
    assert is_past(record(SPX, then), then) is over  # made at that moment


def test_what_was_made_before_the_close_is_past_on_the_next_day_alone() -> None:
    close, midnight = (
        Instant(NOW.wall_ns + ms * 1_000_000, NOW.mono + ms / 1000) for ms in (CLOSE_MS, CLOSE_MS + 8 * 3_600_000)
    )
    made = record(SPX, close, age_ms=1)
    assert [is_past(made, at) for at in (close, Instant(midnight.wall_ns - 1_000_000, midnight.mono), midnight)] == [
        False,
        False,
        True,
    ]
