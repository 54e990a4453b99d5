"""What happened as marks: found in reports, and thinned to a width."""

from hypothesis import given
from hypothesis import strategies as st

from chain.monitor.evaluate.marks import Mark, MarkKind, thinned
from chain.monitor.states import Level

BEGIN, END = 1_000, 2_000
GRAVITY = list(Level)

MARKS = st.lists(
    st.builds(Mark, st.integers(BEGIN - 50, END + 50), st.sampled_from(MarkKind), st.sampled_from(Level), st.text())
).map(lambda marks: sorted(marks, key=lambda mark: mark.at))


def column(mark: Mark, columns: int) -> int:
    return min(columns - 1, (mark.at - BEGIN) * columns // (END - BEGIN))


@given(MARKS, st.integers(1, 40))
def test_each_column_shows_the_gravest_of_its_marks(marks: list[Mark], columns: int) -> None:
    inside = [mark for mark in marks if BEGIN <= mark.at <= END]
    shown = thinned(marks, BEGIN, END, columns)
    assert [column(mark, columns) for mark in shown] == sorted({column(mark, columns) for mark in inside})
    for mark in shown:
        beside = [one for one in inside if column(one, columns) == column(mark, columns)]
        gravest = max(GRAVITY.index(one.level) for one in beside)
        assert mark == next(one for one in beside if GRAVITY.index(one.level) == gravest)


def test_of_nothing_and_on_no_width_nothing_is_shown() -> None:
    mark = Mark(BEGIN, MarkKind.STATE, Level.INFO, "FRESH to STALE")
    assert thinned([], BEGIN, END, 10) == thinned([mark], BEGIN, END, 0) == ()
    assert thinned([mark], BEGIN, BEGIN, 10) == (mark,)
