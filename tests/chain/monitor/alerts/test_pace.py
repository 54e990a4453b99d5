"""What is to be told at most so often: the first at once, nothing lost, nothing twice, and never more often."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from chain.monitor.alerts.pace import Pace
from tests.support.scenes import law


@law
@given(st.lists(st.tuples(st.integers(0, 4_000), st.integers(0, 3)), max_size=60))
def test_everything_is_told_once_in_its_order_and_never_more_often(looks: list[tuple[int, int]]) -> None:
    pace, now, added, told, times = Pace[int](10.0), 0.0, 0, list[int](), list[float]()
    for gap_ms, count in [*looks, (10_000, 0)]:
        now += gap_ms / 1000
        pace.add(range(added, added + count))
        added += count
        if (due := pace.due(now)) is not None:
            told += due.items
            times.append(now)
    assert told == [*range(added)]
    assert all(later - sooner >= 10.0 - 1e-9 for sooner, later in pairwise(times))


def test_the_first_is_told_at_once_and_the_next_to_the_millisecond() -> None:
    pace = Pace[str](10.0)
    pace.add(["a"])
    assert (first := pace.due(0.0)) is not None
    assert first.items == ("a",)
    pace.add(["b"])
    assert pace.due(9.999) is None
    assert (second := pace.due(10.0)) is not None
    assert second.items == ("b",)


def test_of_too_many_the_oldest_are_left_out_and_counted() -> None:
    pace = Pace[int](10.0)
    pace.add(range(700))
    due = pace.due(0.0)
    assert due is not None
    assert due.items == tuple(range(200, 700))
    assert due.left_out == 200
    pace.add([1])
    assert (later := pace.due(10.0)) is not None
    assert later.left_out == 0
