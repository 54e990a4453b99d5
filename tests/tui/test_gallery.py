"""Every page in every size and look: each word reads, nothing alarms while all is well, the pictures are up to date."""

import asyncio
import re
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import pytest

from screenshots.__main__ import GALLERY, INDEX
from screenshots.gallery import ANSI_LIGHT, LOOKS, SHOWN, SIZES, Frame, Look, frames, index_of
from tests.support.contrast import DARK_LOOKS, LIGHT_LOOKS, NEWER_LOOKS, dim_sequences, screen_of, worst_word
from tests.support.contrast import Look as Terminal
from tui.actions.keymap import DEFAULT_KEYMAP
from tui.dialogs.help_lines import help_lines
from tui.lines.line import Role
from tui.pages import Page
from tui.terminal.contrast import LEGIBLE
from tui.terminal.themes import OWN

_TEXT = re.compile(r">([^<>]+)</tspan")
LOUD = {Role.CAUTION, Role.ALARM, Role.UP, Role.DOWN}
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def painted() -> Sequence[Frame]:
    """All frames, painted once."""
    return asyncio.run(frames((*LOOKS, ANSI_LIGHT)))


def test_every_page_is_painted_in_every_size_and_look(painted: Sequence[Frame]) -> None:
    found = {(frame.shown.page, (frame.columns, frame.rows), frame.look) for frame in painted if not frame.shown.keys}
    assert found == set(product(Page, SIZES, (*LOOKS, ANSI_LIGHT)))
    assert {frame.shown for frame in painted} == set(SHOWN)


def test_every_word_of_every_frame_reads(painted: Sequence[Frame]) -> None:
    faint = []
    for frame in painted:
        assert not dim_sequences(frame.raw), frame.name  # how faint dim text is no one knows
        word = worst_word(screen_of(frame.raw, frame.columns, frame.rows), _terminals(frame.look))
        if word.ratio < LEGIBLE:
            faint.append((frame.name, word))
    assert not faint


def _terminals(look: Look) -> tuple[Terminal, ...]:
    """Return the terminals to reckon with: of either kind, unless the theme is made for one."""
    if look.theme in OWN:
        return (*DARK_LOOKS, *LIGHT_LOOKS)
    return LIGHT_LOOKS if look is ANSI_LIGHT else (*DARK_LOOKS, *NEWER_LOOKS)


def test_nothing_alarms_while_all_is_well_and_no_change_is_marked_after_a_moment(painted: Sequence[Frame]) -> None:
    loud = {frame.name: frame.roles & LOUD for frame in painted if "help" not in frame.shown.name}
    assert not {name: roles for name, roles in loud.items() if roles}


def test_the_help_explains_every_mark_and_colour(painted: Sequence[Frame]) -> None:
    legend = help_lines(DEFAULT_KEYMAP, ())
    explained = "".join(span.text for line in legend for span in line)
    marks = {one for frame in painted for text in _TEXT.findall(frame.svg) for one in text if not one.isascii()}
    assert {one for one in marks if not _is_drawn(one)} <= set(explained)
    colours = frozenset[Role]().union(*(frame.roles for frame in painted)) - {Role.TEXT, Role.HEAD, Role.STRONG}
    assert colours <= {span.role for line in legend for span in line}


def _is_drawn(character: str) -> bool:
    """Whether a character is of rules, frames, bars and curves, which say nothing by themselves."""
    return "\u2500" <= character <= "\u259f" or "\u2800" <= character <= "\u28ff"


def test_the_committed_gallery_is_what_the_deck_paints(painted: Sequence[Frame]) -> None:
    pictured = [frame for frame in painted if frame.look in LOOKS]
    drifted = [frame.name for frame in pictured if _read(GALLERY / f"{frame.name}.svg") != frame.svg]
    assert not drifted, "run `make screenshots` and look at these"
    assert _read(INDEX) == index_of(pictured)
    assert {path.stem for path in GALLERY.glob("*.svg")} == {frame.name for frame in pictured}


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""
