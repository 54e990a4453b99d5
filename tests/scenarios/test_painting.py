"""What leaves for a terminal: signs that it can draw, and frames no faster than its line should carry."""

import time
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.test_pty import shows_grid
from tests.scenarios.test_terminals import quits
from tests.support.product import on_terminal
from tests.support.terminal import Terminal
from tui.pages import Page

_FRAME = b"\x1b[?2026h"
_SAYS = {Page.DECK: "STRIKE", Page.CHARTS: "SMILE"}  # the others their name
_PAGES = [(str(number), _SAYS.get(page, page.value.upper())) for number, page in enumerate(Page, 1)]
_TOUR = (*_PAGES, ("1", "STRIKE"), ("t", "LAST"), ("?", "KEYS"), ("\x1b", "STRIKE"), ("d", "do what to"))


def _tour(terminal: Terminal) -> None:
    for key, words in _TOUR:
        terminal.send(key)
        terminal.wait_for(words)


@pytest.mark.parametrize("how", [{"flag": "--symbols=ascii"}, {"TERM": "linux", "COLORTERM": ""}, {"LANG": "C"}])
def test_where_ascii_is_wanted_or_all_there_is_no_other_byte_leaves_on_any_page(
    short_dir: Path, how: dict[str, Any]
) -> None:
    flag = how.pop("flag", "")
    with on_terminal(short_dir, *filter(None, [flag]), **how) as terminal:
        terminal.wait_for("STRIKE")
        _tour(terminal)
        assert terminal.raw.isascii()
        assert quits(terminal) == 0


def test_what_is_wanted_is_drawn_whatever_the_locale_says(short_dir: Path) -> None:
    with on_terminal(short_dir, CHAINDECK_SYMBOLS="braille", LANG="C") as terminal:
        shows_grid(terminal)
        assert "│".encode() in terminal.raw


def _frames(terminal: Terminal, seconds: float) -> int:
    """Return how many frames were painted while the cursor was moved all the time."""
    terminal.send("\x1b[?2026;2$y")  # this terminal takes whole frames, and is told where each begins
    before = terminal.raw.count(_FRAME)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for key in "jk":
            terminal.send(key)
            time.sleep(0.04)
    return terminal.raw.count(_FRAME) - before


@pytest.mark.parametrize(
    ("more", "most"),
    [({"SSH_CONNECTION": "10.0.0.1 22 10.0.0.2 22"}, 15), ({"SSH_TTY": "/dev/pts/9", "CHAINDECK_FPS": "4"}, 4)],
)
def test_over_ssh_frames_are_fewer_or_as_many_as_told(short_dir: Path, more: dict[str, Any], most: int) -> None:
    with on_terminal(short_dir, TEXTUAL_LOG="", **more) as terminal:  # cold: Textual reads the rate when it is loaded
        shows_grid(terminal)
        assert 1 < _frames(terminal, 1.5) <= 1.5 * most + 3  # of the 37 that there would be
