"""The times of a timeline: instants at which somebody looked, and what a replay's clock showed then."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders import law
from tui.ports.time_travel import Timeline

S = 10**9
TWICE = Timeline(
    "", clock=tuple((at * S, shown * S) for at, shown in ((100, 0), (101, 60), (102, 120), (103, 0), (104, 60)))
)


@pytest.mark.parametrize(
    ("shown", "at"),
    [
        (0, 103),
        (30, 103),
        (59.9, 103),
        (60, 104),
        (60.9, 104),
        (61, 101),
        (119, 101),
        (120, None),
        (-1, None),
        (900, None),
    ],
)
def test_a_time_that_was_shown_several_times_is_found_where_it_was_shown_last(shown: float, at: int | None) -> None:
    found = TWICE.seen_at(round(shown * S))
    assert found == (None if at is None else at * S)


@pytest.mark.parametrize(("at", "shown"), [(99, 0), (100, 0), (100.9, 0), (101, 60), (103.5, 0), (200, 60)])
def test_at_an_instant_the_look_before_it_is_what_is_seen(at: float, shown: int) -> None:
    assert TWICE.shown_at(round(at * S)) == shown * S


@law
@given(st.integers(0, 2**62))
def test_where_no_replay_was_watched_an_instant_is_its_own_time(at: int) -> None:
    assert (Timeline("").shown_at(at), Timeline("").seen_at(at)) == (at, at)


@law
@given(st.lists(st.integers(0, 3_600), min_size=1, max_size=30, unique=True).map(sorted))
def test_of_a_replay_that_went_forward_what_was_shown_at_a_look_leads_to_that_look(shown: list[int]) -> None:
    timeline = Timeline("", clock=tuple((number * S, at * S) for number, at in enumerate(shown)))
    for number, _ in enumerate(shown):
        assert timeline.seen_at(timeline.shown_at(number * S)) == number * S
