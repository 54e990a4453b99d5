"""The timeline as lines: within its width, the cursor always to be seen, gaps drawn, the gravest mark kept."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from chain.monitor.states import Level
from tests.support.scenes import SPX, SPX_MON, START_NS, law
from tui.lines.line import Line, length, plain
from tui.lines.timeline import Compared, look, timeline_head, track_columns, track_line, track_of
from tui.ports.time_travel import Cursor, Mark, MarkKind, Span, Timeline

S = 10**9
HOUR = 3600
NONE = Compared()
SIGNS = {"!", "*", "·", "+"}


@st.composite
def timelines(draw: st.DrawFn) -> Timeline:
    """Some spans with gaps of any length between them, and marks on them."""
    ends = sorted(draw(st.sets(st.integers(0, 8 * HOUR), min_size=2, max_size=12)))
    spans = tuple(Span(START_NS + a * S, START_NS + b * S) for a, b in zip(ends[::2], ends[1::2], strict=False))
    begin, end = spans[0].begin, spans[-1].end
    marks = draw(
        st.lists(
            st.builds(Mark, st.integers(begin, end), st.sampled_from(MarkKind), st.sampled_from(Level), st.just("so"))
        )
    )
    searched = draw(st.none() | st.integers(begin, end))
    return Timeline("LAST 38 min, 41 of 64 MB", spans, tuple(sorted(marks, key=lambda mark: mark.at)), searched)


def cells(line: Line) -> str:
    return "".join(span.text for span in line)


@law
@given(timelines(), st.integers(30, 220), st.data())
def test_both_lines_are_as_wide_as_the_panel_and_show_the_cursor(
    timeline: Timeline, width: int, data: st.DataObject
) -> None:
    begin, end = timeline.begin, timeline.end
    assert begin is not None and end is not None
    instants = st.none() | st.integers(begin - 60 * S, end + 60 * S)
    cursor = Cursor(data.draw(instants), data.draw(st.sampled_from((0.0, 0.1, 1000.0))), data.draw(instants))
    compared = Compared(data.draw(instants), data.draw(instants))
    track = track_line(timeline, cursor, compared, width)
    head = timeline_head(timeline, cursor, 10.0, compared, end / S + 90, width)
    assert length(track) == length(head) == width
    assert ("┃" in cells(track)) == (cursor.at is not None)
    assert ("AS OF" in plain(head)) == (cursor.at is not None)
    if width >= 60:
        assert "41 of 64 MB" in plain(head)


@law
@given(timelines(), st.integers(30, 220))
def test_every_gap_is_drawn_however_short(timeline: Timeline, width: int) -> None:
    bare = Timeline(timeline.label, timeline.spans, searched_to=timeline.end)
    track = track_of(bare, width)
    assert track is not None
    shown = cells(track_line(bare, Cursor(), Compared(), width))
    for before, after in pairwise(bare.spans):
        between = shown[track.left + track.column(before.end) : track.left + track.column(after.begin) + 1]
        assert " " in between or "╎" in between
    for span in bare.spans:
        middle = shown[track.left + track.column(span.begin) : track.left + track.column(span.end) + 1]
        assert " " not in middle


@law
@given(timelines(), st.integers(30, 220))
def test_of_marks_that_share_a_column_the_gravest_is_drawn(timeline: Timeline, width: int) -> None:
    track = track_of(timeline, width)
    assert track is not None
    shown = cells(track_line(timeline, Cursor(), Compared(), width))
    rank = list(Level)
    for column in range(track.columns):
        here = [mark for mark in timeline.marks if track.column(mark.at) == column]
        if here:
            gravest = max(rank.index(mark.level) for mark in here)
            drawn = next(mark for mark in here if rank.index(mark.level) == gravest)
            assert shown[track.left + column] == look(drawn)[0]
    assert sum(shown.count(sign) for sign in SIGNS) == len({track.column(mark.at) for mark in timeline.marks})


@law
@given(timelines(), st.integers(30, 220), st.integers(-5, 230))
def test_a_column_is_the_instant_that_is_drawn_there(timeline: Timeline, width: int, x: int) -> None:
    track = track_of(timeline, width)
    assert track is not None and timeline.begin is not None and timeline.end is not None
    instant = track.instant(x, timeline)
    assert timeline.begin <= instant <= timeline.end
    column = max(0, min(track.columns - 1, x - track.left))
    if track.end - track.begin >= track.columns:
        assert track.column(instant) == column
    if column == 0:
        assert instant == timeline.begin
    if column == track.columns - 1:
        assert instant == timeline.end


def test_a_click_on_a_mark_is_the_instant_of_the_mark() -> None:
    mark = Mark(START_NS + 100 * S, MarkKind.RAISED, Level.CRITICAL, "stale")
    timeline = Timeline("x", (Span(START_NS, START_NS + HOUR * S),), (mark,))
    track = track_of(timeline, 80)
    assert track is not None
    x = cells(track_line(timeline, Cursor(), Compared(), 80)).index("!")
    assert track.instant(x, timeline) == mark.at


def test_the_head_says_where_one_stands_how_it_plays_and_what_happened_last() -> None:
    at = START_NS + 600 * S
    marks = (
        Mark(START_NS + 60 * S, MarkKind.STATE, Level.CRITICAL, "FRESH to MISSING", (SPX_MON,)),
        Mark(at - 5 * S, MarkKind.STATE, Level.WARNING, "FRESH to AGING", (SPX,)),
        Mark(at + 5 * S, MarkKind.RAISED, Level.CRITICAL, "later"),
    )
    timeline = Timeline("LAST 38 min, 41 of 64 MB", (Span(START_NS, START_NS + HOUR * S),), marks, START_NS + HOUR * S)
    now = START_NS / S + HOUR

    def head(cursor: Cursor, compared: Compared = NONE, width: int = 140) -> str:
        return plain(timeline_head(timeline, cursor, 10.0, compared, now, width))

    told = " AS OF 10:10:00  PAUSED 10x  50:00 ago  10:09:55 SPX 01-02 FRESH to AGING"
    assert head(Cursor(at)) == f"{told:<114} LAST 38 min, 41 of 64 MB"
    assert " PLAY 0.1x " in head(Cursor(at, 0.1))
    for width in (80, 140):
        assert " no change before this " in head(Cursor(at, note="no change before this"), width=width)
    assert " to 10:20:00 " in head(Cursor(at, 0.0, at + 600 * S))
    assert " A 10:00:00  B 10:10:00 " in head(Cursor(at), Compared(START_NS, at))
    assert " LIVE " in head(Cursor()) and "AS OF" not in head(Cursor())


def test_how_far_back_it_will_go_is_told_where_there_is_room_and_no_mark_is_cut_to_a_stump() -> None:
    at = START_NS + 600 * S
    mark = Mark(at - 5 * S, MarkKind.STATE, Level.WARNING, "FRESH to AGING", (SPX,))
    spans = (Span(START_NS, START_NS + HOUR * S),)
    timeline = Timeline("LAST 38 min, 41 of 64 MB", spans, (mark,), reach="room for about 59 min")

    def head(cursor: Cursor, width: int) -> str:
        line = timeline_head(timeline, cursor, 10.0, NONE, START_NS / S + HOUR, width)
        assert length(line) == width
        return plain(line)

    assert head(Cursor(), 80).endswith(" room for about 59 min  LAST 38 min, 41 of 64 MB")
    assert head(Cursor(at), 140).endswith(" room for about 59 min  LAST 38 min, 41 of 64 MB")
    assert " 10:09:55 SPX 01-02 FRESH" in head(Cursor(at), 80) and "ago" not in head(Cursor(at), 80)
    for width in range(40, 140):
        said = head(Cursor(at), width)
        assert "10:09:55 SPX" in said or "10:09" not in said
        assert "room" not in said or "room for about 59 min" in said


def test_where_nothing_is_recorded_that_is_said() -> None:
    nothing = Timeline("")
    assert track_of(nothing, 80) is None
    assert "nothing is recorded yet" in plain(timeline_head(nothing, Cursor(), 1.0, Compared(), None, 80))
    assert length(track_line(nothing, Cursor(), Compared(), 80)) == 80
    assert track_columns(5) == 1


def test_what_cannot_be_read_is_said_before_what_happened() -> None:
    spans = (Span(START_NS, START_NS + HOUR * S),)
    timeline = Timeline("TAPE day.tape", spans, searched_to=START_NS + 60 * S, unreadable="2 looks are damaged")
    said = plain(timeline_head(timeline, Cursor(START_NS), 1.0, Compared(), None, 100))
    assert "2 looks are damaged" in said and "marks known to 10:01:00" in said
    track = cells(track_line(timeline, Cursor(), Compared(), 80))
    assert "─" in track and "╌" in track
