"""Charts become characters: every value in its cell, ticks that say what they stand for, and gaps that stay gaps."""

import math
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.support.scenes import law
from tui.lines.charts.plot.bars import bars_lines
from tui.lines.charts.plot.chart import NO_ROOM, NOTHING, Axis, Bar, Bars, Chart, Curves, Look, Mark, Series
from tui.lines.charts.plot.curves import curves_lines
from tui.lines.charts.plot.picture import Standing, chart_lines, wrapped
from tui.lines.charts.plot.scale import LARGEST, Scale, rounded_out, spread, ticks, usable
from tui.lines.line import Line, Role, length, plain
from tui.terminal.symbols import Symbols

SYMBOLS = st.sampled_from(Symbols)
ANYTHING = (
    st.none() | st.floats(allow_nan=True, allow_infinity=True) | st.sampled_from([0.0, -0.0, 1e300, -1e300, 5e-324])
)
SOUND = st.floats(-1e9, 1e9)
LEVELS = st.floats(-1e12, 1e12).map(lambda value: round(value, 6))


def curves(*series: Series, x: str = "strike, points", y: str = "IV, %", **marks: tuple[Mark, ...]) -> Curves:
    return Curves(Axis(x), Axis(y), series, **marks)


def cells(line: Line) -> str:
    return "".join(span.text for span in line)


def drawn(picture: Curves, width: int = 60, height: int = 16, symbols: Symbols = Symbols.BRAILLE) -> list[str]:
    lines = curves_lines(picture, width, height, symbols)
    assert not isinstance(lines, str), lines
    return [cells(line) for line in lines]


def plotted(lines: list[str]) -> list[str]:
    """Return the rows of a plot, without what stands left of its axis."""
    return [line[max(line.find("│"), line.find("┤")) + 1 :] for line in lines if "│" in line or "┤" in line]


@st.composite
def any_curves(draw: st.DrawFn) -> Curves:
    made = []
    for label in draw(st.lists(st.text(st.characters(categories=["L", "N"]), max_size=12), max_size=5)):
        xs = sorted(draw(st.lists(st.floats(allow_nan=False), max_size=12)))
        made.append(Series(label, tuple((x, draw(ANYTHING)) for x in xs), look=draw(st.sampled_from(Look))))
    marks = tuple(Mark(at, f"mark {at:g}") for at in draw(st.lists(st.floats(allow_nan=True), max_size=4)))
    return curves(*made, upright=marks, level=marks[:2])


@st.composite
def any_bars(draw: st.DrawFn) -> Bars:
    layers = draw(st.sampled_from((("net",), ("volume", "OI"))))
    values = st.tuples(*(ANYTHING for _ in layers))
    made = draw(
        st.lists(st.builds(Bar, st.just("6930"), values, values, st.sampled_from(("", "call wall"))), max_size=30)
    )
    return Bars("contracts", "calls", "puts", layers, tuple(made), draw(st.integers(0, 30)))


@law
@given(any_curves() | any_bars(), SYMBOLS, st.integers(1, 130), st.integers(1, 50), st.booleans())
def test_a_chart_of_anything_fills_its_room_and_no_more(
    picture: Curves | Bars, symbols: Symbols, width: int, height: int, chosen: bool
) -> None:
    chart = Chart("SMILE", "SPX", picture, convention="a convention of some length " * 3, about="1 snapshot")
    lines = chart_lines(chart, Standing("[MOCK]", "10:03:11"), width, height, symbols, chosen=chosen)
    assert len(lines) == height
    assert all(length(line) <= width for line in lines[1:])


@law
@given(st.lists(st.tuples(SOUND, SOUND), min_size=1, max_size=12), st.integers(40, 120), st.integers(10, 40))
def test_every_point_lies_in_its_cell(points: list[tuple[float, float]], width: int, height: int) -> None:
    series = Series("", tuple(sorted(points)), look=Look.DOTS)
    lines = drawn(curves(series), width, height)
    rows, beside = plotted(lines), [line.split("┤")[0] for line in lines if "┤" in line]
    high, low = (float(beside[at].replace(",", "")) for at in (0, -1))
    across, up = spread(x for x, _ in points), (low, high)
    assert across is not None

    def cell(x: float, y: float) -> tuple[int, int]:
        dots_x, dots_y = len(rows[0]) * 2 - 1, len(rows) * 4 - 1
        column = round((x - across[0]) / (across[1] - across[0]) * dots_x) // 2
        return column, (dots_y - round((y - up[0]) / (up[1] - up[0]) * dots_y)) // 4

    marked = {(column, row) for row, text in enumerate(rows) for column, char in enumerate(text) if char == "●"}
    assert marked == {cell(x, y) for x, y in points}


@law
@given(st.lists(SOUND, min_size=2, max_size=10), st.integers(8, 40))
def test_the_label_beside_a_row_is_a_value_that_lies_in_it(values: list[float], height: int) -> None:
    """A point at each tick's own value stands in the row of its label."""
    picture = curves(Series("", tuple(enumerate(values))))
    texts = [line.split("┤")[0].strip() for line in drawn(picture, 70, height) if "┤" in line]
    told = [float(text.replace(",", "")) for text in texts]
    assert len(told) >= 2 and told == sorted(told, reverse=True)
    slack = 1e-8 * max(1.0, *map(abs, values))
    assert told[0] >= max(values) - slack and told[-1] <= min(values) + slack
    at_ticks = curves(Series("", tuple(enumerate(told)), look=Look.DOTS))
    again = drawn(at_ticks, 70, height)
    for line in (line for line in again if "┤" in line):
        assert "●" in line or line.split("┤")[0].strip() not in texts


@law
@given(SOUND, SOUND, st.integers(1, 12))
def test_ticks_say_exactly_where_they_are(one: float, other: float, most: int) -> None:
    span = spread((one, other))
    assert span is not None
    for found, low, high in (
        (ticks(*span, most), *span),
        (rounded_out(*span, most), -math.inf, math.inf),
    ):
        assert [float(tick.text.replace(",", "")) for tick in found] == [tick.value for tick in found]
        assert len({tick.text for tick in found}) == len(found) <= max(most, 3)
        slack = 1e-8 * max(1.0, abs(span[0]), abs(span[1]))
        assert all(low - slack <= tick.value <= high + slack for tick in found)
        steps = [b.value - a.value for a, b in pairwise(found)]
        assert all(step == pytest.approx(steps[0], rel=1e-6, abs=1e-9) for step in steps)


@law
@given(SOUND, SOUND, st.integers(2, 12))
def test_rounded_ends_enclose_a_range(one: float, other: float, most: int) -> None:
    span = spread((one, other))
    assert span is not None
    found = rounded_out(*span, most)
    slack = 1e-8 * max(1.0, abs(span[0]), abs(span[1]))
    assert found[0].value <= span[0] + slack and found[-1].value >= span[1] - slack
    assert found[0].value < found[-1].value


@law
@given(SOUND, SOUND, st.lists(SOUND, min_size=2, max_size=8), st.integers(1, 400))
def test_a_scale_never_turns_round(one: float, other: float, values: list[float], dots: int) -> None:
    span = spread((one, other))
    assert span is not None
    scale = Scale(*span, dots)
    places = [scale.dot(value) for value in sorted(values)]
    assert places == sorted(places)
    assert (scale.dot(span[0]), scale.dot(span[1])) == (0, dots - 1)
    assert all(0 <= place < dots for place in places)


@pytest.mark.parametrize(
    ("value", "sound"),
    [(None, False), (math.nan, False), (math.inf, False), (-math.inf, False), (LARGEST, True), (LARGEST * 1.01, False)],
)
def test_what_cannot_be_drawn_is_known(value: float | None, sound: bool) -> None:
    assert usable(value) is sound
    assert (spread((value,)) is not None) is sound


def test_values_all_alike_have_a_range_around_them() -> None:
    assert spread((5.0, 5.0)) == (4.95, 5.05)
    assert spread((0.0,)) == (-1.0, 1.0)
    assert spread((None, math.nan)) is None


def line_of(*ys: float | None, look: Look = Look.LINE) -> Curves:
    return curves(Series("", tuple((float(x), y) for x, y in enumerate(ys)), look=look))


def inked(rows: list[str]) -> set[int]:
    return {column for row in rows for column, char in enumerate(row) if char != " "}


def test_a_gap_stays_a_gap() -> None:
    """Between the last value before it and the first after it nothing is drawn."""
    rows = plotted(drawn(line_of(1, 2, 3, None, None, None, 3, 2, 1)))
    width = len(rows[0])
    last, first = round(2 / 8 * (width * 2 - 1)) // 2, round(6 / 8 * (width * 2 - 1)) // 2
    assert not inked(rows) & set(range(last + 1, first))
    assert set(range(last + 1)) | set(range(first, width)) == inked(rows)


def test_two_points_are_no_trend() -> None:
    """They stand as two points; with a third they are a line."""
    rows = plotted(drawn(line_of(1, 2)))
    assert inked(rows) == {0, len(rows[0]) - 1}
    assert sum(row.count("●") for row in rows) == 2
    rows = plotted(drawn(line_of(1, 2, 3)))
    assert inked(rows) == set(range(len(rows[0])))


def test_a_point_between_gaps_stands_alone() -> None:
    rows = plotted(drawn(line_of(1, 2, 3, None, 2, None, 3, 2, 1)))
    middle = round(4 / 8 * (len(rows[0]) * 2 - 1)) // 2
    assert {column for row in rows for column, char in enumerate(row) if char == "●"} >= {middle}
    assert not inked(rows) & {middle - 1, middle + 1}


def test_a_level_holds_from_one_x_to_the_next_and_no_further() -> None:
    rows = plotted(drawn(line_of(5, 5, None, 7, 7, None, look=Look.LEVELS)))
    assert sum(any(char != " " for char in row) for row in rows) == 2
    assert not any("●" in row for row in rows)


def test_lines_are_told_apart_without_colour() -> None:
    """By their names at their ends; where characters have no dots, by a letter for the line."""
    flat = [
        Series(name, tuple((float(x), level) for x in range(9))) for name, level in (("01-02", 1.0), ("01-05", 2.0))
    ]
    for symbols in Symbols:
        text = "\n".join(drawn(curves(*flat), symbols=symbols))
        assert "01-02" in text and "01-05" in text
    text = "\n".join(drawn(curves(*flat), symbols=Symbols.ASCII))
    assert "aaaaaaaa a 01-02" in text and "bbbbbbbb b 01-05" in text


def test_a_name_stands_where_its_line_ends_and_that_of_the_last_line_first() -> None:
    short = Series("01-02", tuple((float(x), 1.0) for x in range(5)))
    both = [Series(name, tuple((float(x), 3.0) for x in range(10))) for name in ("01-05", "01-09")]
    rows = plotted(drawn(curves(short, *both), width=70))
    [near] = [row for row in rows if "01-02" in row]
    end = max(column for column, char in enumerate(near) if "\u2800" < char <= "\u28ff" or char == "●")
    assert near.index("01-02") == end + 2
    [level] = [at for at, row in enumerate(rows) if row.startswith("●") and "01-02" not in row]
    assert "01-09" in rows[level]
    assert [abs(at - level) for at, row in enumerate(rows) if "01-05" in row] == [1]


def test_only_ascii_on_the_lowest_level() -> None:
    picture = curves(
        Series("01-02", ((0, 1), (1, 2), (2, 3))),
        Series("01-05", ((0, 2), (1, None), (2, 2))),
        upright=(Mark(1, "spot 1"),),
        level=(Mark(2, "warn 2 s"),),
    )
    assert "".join(drawn(picture, symbols=Symbols.ASCII)).isascii()
    bars = bars_lines(BARS, 70, 9, Symbols.ASCII)
    assert not isinstance(bars, str)
    assert "".join(map(cells, bars)).isascii()


def test_marks_outside_are_only_named() -> None:
    marks = Mark(-5, "put wall 6,800"), Mark(1, "spot 6,931.42"), Mark(9, "call wall 7,000")
    *_, under, _, legend = drawn(curves(Series("", ((0, 1), (1, 2), (2, 3))), upright=marks), width=90)
    assert legend.strip() == "P put wall 6,800 (left)   S spot 6,931.42   C call wall 7,000 (right)"
    assert "S" in under and "P" not in under and "C" not in under


def test_marks_at_one_place_stand_beside_each_other() -> None:
    marks = Mark(1, "spot 6,931.42"), Mark(1.001, "forward 6,931.43")
    *_, under, _, legend = drawn(curves(Series("", ((0, 1), (1, 2), (2, 3))), upright=marks), width=90)
    assert "SF" in under and legend.split()[::2] == ["S", "6,931.42", "forward"]


def test_a_limit_above_the_chart_is_said() -> None:
    lines = drawn(curves(Series("", ((0, 1), (1, 2), (2, 3))), level=(Mark(2, "warn 2 s"), Mark(35, "stale 35 s"))))
    assert any("warn 2 s" in line and "┄" in line for line in lines)
    assert lines[-1].strip() == "stale 35 s (above)"


def test_absurd_values_are_counted() -> None:
    assert drawn(line_of(1, 2, math.inf, math.nan, 3, 1e300))[-1].strip() == "3 absurd values left out"


@law
@given(st.lists(SOUND, min_size=3, max_size=8), st.integers(30, 120))
def test_a_label_stands_under_its_tick(xs: list[float], width: int) -> None:
    picture = curves(Series("", tuple((x, 1.0) for x in sorted(xs))))
    lines = curves_lines(picture, width, 16, Symbols.BRAILLE)
    assert not isinstance(lines, str)
    base, under = (cells(line) for line in lines[-2:])
    assert all(under[column].strip() for column, char in enumerate(base) if char == "┬")
    assert base.count("┬") == len(under.split())


def test_words_leave_most_of_a_chart_to_its_picture() -> None:
    many = " ".join(["words"] * 80)
    chart = Chart("SMILE", "SPX", line_of(1, 2, 3), many, figures=many, convention=many, about=many)
    for height in (12, 20, 40):
        lines = chart_lines(chart, Standing(), 40, height, Symbols.BRAILLE)
        told = sum("words" in plain(line) for line in lines)
        assert 0 < told <= 7 and height - 1 - told >= 0.6 * height - 1


def test_both_axes_say_their_units() -> None:
    lines = drawn(line_of(1, 2, 3))
    assert lines[0].strip() == "IV, % by strike, points"


BARS = Bars(
    "contracts",
    "calls",
    "puts",
    ("volume", "OI"),
    tuple(
        Bar(f"{6900 + 10 * at}", (1000.0 * at, 500.0), (None, 250.0 * at), "spot" if at == 3 else "") for at in range(7)
    ),
    centre=3,
)


def barred(bars: Bars = BARS, width: int = 90, height: int = 12, **how: int) -> list[str]:
    lines = bars_lines(bars, width, height, Symbols.BLOCK, **how)
    assert not isinstance(lines, str), lines
    return [cells(line) for line in lines]


@law
@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=20), st.integers(50, 120))
def test_a_longer_bar_is_a_larger_value(values: list[float], width: int) -> None:
    assume(any(values))
    made = tuple(Bar(str(at), (None,), (value,)) for at, value in enumerate(values))
    lines = barred(Bars("contracts", "calls", "puts", ("OI",), made), width, len(values) + 3)
    long = [line.count("█") for line in lines[1:-2]][::-1]
    by_value = sorted(zip(values, long, strict=True))
    assert [bar for _, bar in by_value] == sorted(bar for _, bar in by_value)
    assert all((bar > 0) == (value > 0) for value, bar in by_value)


def test_figures_stand_beside_their_bars_and_what_is_missing_is_a_dash() -> None:
    row = next(line for line in barred() if " 6930 " in line)
    assert row.split()[:2] == ["3.0k", "500"]
    assert row.split()[-3:] == ["750", "-", "spot"]


def test_the_window_stands_around_the_centre_and_moves() -> None:
    def strikes(shift: int) -> list[int]:
        return [
            int(word) for line in barred(height=6, shift=shift)[1:-2] for word in line.split() if word.startswith("69")
        ]

    assert strikes(0) == [6940, 6930, 6920]
    assert strikes(1) == [6950, 6940, 6930]
    assert strikes(99) == [6960, 6950, 6940]
    assert strikes(-99) == [6920, 6910, 6900]
    assert barred(height=6)[-1].split()[-6:] == ["6920", "to", "6940:", "3", "of", "7"]


def test_why_there_is_no_picture() -> None:
    assert curves_lines(line_of(None, math.nan), 60, 16, Symbols.BRAILLE) == NOTHING
    assert curves_lines(line_of(1, 2, 3), 10, 16, Symbols.BRAILLE) == NO_ROOM
    assert curves_lines(line_of(1, 2, 3), 60, 5, Symbols.BRAILLE) == NO_ROOM
    assert bars_lines(BARS, 16, 16, Symbols.BRAILLE) == NO_ROOM
    assert (
        bars_lines(Bars("contracts", "calls", "puts", ("OI",), (Bar("1", (0.0,), (None,)),)), 60, 9, Symbols.BLOCK)
        == NOTHING
    )


def test_words_of_a_chart_take_the_place_of_its_picture() -> None:
    lines = chart_lines(Chart("AGE", "SPX", None, "no reading: too few"), Standing("[MOCK]"), 60, 12, Symbols.BRAILLE)
    assert [plain(line) for line in lines[:3]] == [
        " AGE SPX" + " " * 45 + "[MOCK]",
        "",
        "   no reading: too few",
    ]


def test_what_may_be_true_no_longer_is_dim_and_says_of_when() -> None:
    chart = Chart("SMILE", "SPX", line_of(1, 2, 3), last_good="LAST GOOD 10:03:44", dim=True)
    title, *rest = chart_lines(chart, Standing("[MOCK]", "", "10:04:00"), 80, 16, Symbols.BRAILLE)
    assert "LAST GOOD 10:03:44" in plain(title) and "FROZEN 10:04:00" in plain(title)
    assert {span.role for line in rest for span in line if span.text.strip()} == {Role.DIM}


def test_what_warns_stays_in_a_narrow_title() -> None:
    chart = Chart("SMILE", "SPX all 6 expirations", line_of(1, 2, 3), last_good="1 of 6 LAST GOOD")
    title, *_ = chart_lines(chart, Standing("[MOCK]", "10:03:11"), 54, 16, Symbols.BRAILLE)
    assert plain(title) == " SMILE  AS OF 10:03:11  1 of 6 LAST GOOD       [MOCK]"


def test_words_wrap_and_end_in_an_ellipsis() -> None:
    assert wrapped("one two three four", 9, 2) == ["one two", "three fo…"]
    assert wrapped("one two", 9, 2) == ["one two"]
    assert wrapped("", 9, 2) == []
