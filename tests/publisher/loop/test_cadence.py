"""The schedule: which turn comes next, and how many were missed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.loop.cadence import next_due
from tests.support.builders import law


@pytest.mark.parametrize(
    ("now", "due", "missed"),
    [
        (100.0, 110.0, 0),
        (109.999, 110.0, 0),
        (110.0, 110.0, 0),  # just in time
        (110.001, 120.0, 1),
        (119.999, 120.0, 1),
        (120.0, 130.0, 2),
        (120.001, 130.0, 2),
        (1100.5, 1110.0, 100),
    ],
)
def test_a_turn_that_overruns_skips_those_it_missed(now: float, due: float, missed: int) -> None:
    assert next_due(100.0, 10.0, now) == (due, missed)


@law
@given(st.integers(0, 10**6), st.integers(1, 600), st.integers(0, 10**5))
def test_the_schedule_never_shifts_and_no_turn_piles_up(due: int, interval: int, took: int) -> None:
    following, missed = next_due(float(due), float(interval), float(due + took))
    assert (following - due) % interval == 0
    assert following - due == interval * (1 + missed)
    assert following >= due + took
    assert following - (due + took) <= interval
