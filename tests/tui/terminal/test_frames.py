"""A frame as bytes: what a terminal shows after it is what every cell was meant to show, in far fewer of them."""

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from tui.terminal.frames.sgr import PLAIN, change, rendition_of
from tui.terminal.frames.update import frame

COLOURS = st.sampled_from([None, "default", "red", "bright_blue", "color(7)", "color(200)", "#0f1419", "#cdd3de"])
FLAGS = st.fixed_dictionaries(
    {}, optional={name: st.booleans() for name in ("bold", "dim", "italic", "underline", "reverse", "strike")}
)
STYLES = st.builds(lambda color, ground, flags: Style(color=color, bgcolor=ground, **flags), COLOURS, COLOURS, FLAGS)
TEXTS = st.text("ab │ ", min_size=1, max_size=6)
SEGMENTS = st.lists(st.tuples(TEXTS, STYLES).map(lambda made: Segment(*made)), max_size=6)
WIDTH, HEIGHT = 40, 3
FEW = settings(max_examples=25)


def console(colours: str = "truecolor") -> Console:
    return Console(color_system=colours, force_terminal=True)  # type: ignore[arg-type]


def shown(sequence: str) -> list[list[pyte.screens.Char]]:
    """Return the cells of a terminal that was sent this."""
    screen = pyte.Screen(WIDTH, HEIGHT)
    pyte.Stream(screen).feed(sequence)
    return [[seen(screen.buffer[y][x]) for x in range(WIDTH)] for y in range(HEIGHT)]


def seen(cell: pyte.screens.Char) -> pyte.screens.Char:
    """Return a cell without what does not show: the colour and weight of a blank's text."""
    plain = not (cell.underscore or cell.reverse or cell.strikethrough)
    return cell._replace(fg="default", bold=False, italics=False) if cell.data == " " and plain else cell


def strip(segments: list[Segment]) -> Strip:
    return Strip(segments).adjust_cell_length(WIDTH)


@FEW
@given(before=STYLES, after=STYLES)
def test_a_change_leads_from_any_style_to_any_other(before: Style, after: Style) -> None:
    one, other = (rendition_of(style, ColorSystem.TRUECOLOR) for style in (before, after))
    told = change(PLAIN, one) + change(one, other) + "x"
    assert shown(told)[0][0] == shown(f"\x1b[0m{change(PLAIN, other)}x")[0][0] == shown(after.render("x"))[0][0]
    assert len(change(one, other)) <= len(f"\x1b[0m{change(PLAIN, other)}")


def test_nothing_is_sent_where_nothing_changes_and_only_what_does() -> None:
    text = rendition_of(Style.parse("bold #ffffff on #000000"), ColorSystem.TRUECOLOR)
    assert change(text, text) == ""
    assert change(text, text._replace(text="38;2;1;2;3")) == "\x1b[38;2;1;2;3m"
    assert change(text, text._replace(attributes=frozenset("2"))) == "\x1b[22;2m"  # what ends one weight ends the other
    assert change(text, PLAIN) == "\x1b[m"


@FEW
@given(lines=st.lists(SEGMENTS, min_size=HEIGHT, max_size=HEIGHT))
@pytest.mark.parametrize("colours", ["truecolor", "256", "standard"])
def test_a_whole_frame_shows_what_textual_would_have_shown(colours: str, lines: list[list[Segment]]) -> None:
    update = LayoutUpdate([[strip(line)] for line in lines], Region(0, 0, WIDTH, HEIGHT))
    theirs, ours = update.render_segments(console(colours)), frame(update, console(colours))
    assert shown(ours) == shown(theirs)


@FEW
@given(line=SEGMENTS, other=SEGMENTS, spans=st.lists(st.tuples(st.integers(0, 39), st.integers(1, 40)), max_size=4))
def test_a_partial_frame_touches_its_spans_and_nothing_else(
    line: list[Segment], other: list[Segment], spans: list[tuple[int, int]]
) -> None:
    wanted = [(begin, end) for begin, end in spans if begin < end]
    left, right = strip(other).divide([17, WIDTH])
    update = ChopsUpdate([{0: left, 17: right}], [(0, *span) for span in wanted], [[17, WIDTH]])
    told = frame(update, console())
    before = frame(LayoutUpdate([[strip(line)]], Region(0, 0, WIDTH, 1)), console())
    after = frame(LayoutUpdate([[strip(other)]], Region(0, 0, WIDTH, 1)), console())
    touched = {x for begin, end in wanted for x in range(begin, end)}
    cells = zip(shown(before)[0], shown(after)[0], shown(before + told)[0], strict=True)
    assert all(now == (new if x in touched else old) for x, (old, new, now) in enumerate(cells))
