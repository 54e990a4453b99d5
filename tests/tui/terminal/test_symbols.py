"""What a terminal can draw, and an ASCII form of all that the deck paints."""

import ast
import codecs
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual._border import BORDER_CHARS

from tests.support.places import ROOT
from tests.support.scenes import law
from tui.terminal.symbols import AUTO, Symbols, ascii_form, choose_symbols, replace_unencodable, symbols_of

codecs.register_error("ascii-form", replace_unencodable)


@pytest.mark.parametrize(
    ("term", "encoding", "level"),
    [
        ("xterm-256color", "utf-8", Symbols.BRAILLE),
        ("xterm-256color", "UTF8", Symbols.BRAILLE),
        ("tmux-256color", "utf-8", Symbols.BRAILLE),
        ("screen", "utf-8", Symbols.BRAILLE),
        ("rxvt-unicode-256color", "utf-8", Symbols.BRAILLE),
        ("rxvt", "utf-8", Symbols.BLOCK),
        ("putty-256color", "utf-8", Symbols.BLOCK),
        ("cygwin", "utf-8", Symbols.BLOCK),
        ("xterm-256color", "iso8859-1", Symbols.ASCII),
        ("xterm-256color", "ascii", Symbols.ASCII),
        ("xterm-256color", None, Symbols.ASCII),
        ("linux", "utf-8", Symbols.ASCII),
        ("linux-16color", "utf-8", Symbols.ASCII),
        ("vt100", "utf-8", Symbols.ASCII),
        ("vt220", "utf-8", Symbols.ASCII),
        ("dumb", "utf-8", Symbols.ASCII),
        ("", "utf-8", Symbols.ASCII),
    ],
)
def test_the_level_is_what_the_terminal_bears_unless_one_is_wanted(
    term: str, encoding: str | None, level: Symbols
) -> None:
    assert choose_symbols(AUTO, {"TERM": term}, encoding) is level
    for wanted in Symbols:
        assert choose_symbols(wanted, {"TERM": term}, encoding) is wanted


def test_an_app_that_says_nothing_draws_with_all() -> None:
    assert symbols_of(object()) is Symbols.BRAILLE


def _painted(path: Path) -> set[str]:
    """Return the characters beyond ASCII of all texts in a module."""
    constants = (node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant))
    return {one for value in constants if isinstance(value, str) for one in value if not one.isascii()}


def test_everything_that_the_screen_can_paint_has_an_ascii_form() -> None:
    signs = {one for path in (ROOT / "tui").rglob("*.py") for one in _painted(path)}
    borders = {one for rows in BORDER_CHARS.values() for row in rows for side in row for one in side}
    assert len(signs) > 20 and len(borders) > 20
    without = {one for one in signs | borders if ascii_form(one) == "?" and not "\u2800" <= one <= "\u28ff"}
    assert not without, f"give these a form in tui/terminal/symbols.py: {''.join(sorted(without))}"


def test_signs_that_stand_beside_each_other_stay_different() -> None:
    for signs in (" ░▒▓█", "│┃", "─╌╎┃┆ ", "▴▾", "!*·", "●·", "‹›"):
        forms = [ascii_form(sign) for sign in signs]
        assert len(set(forms)) == len(forms), (signs, forms)


@law
@given(st.text())
def test_no_byte_beyond_ascii_is_left_and_ascii_is_left_alone(text: str) -> None:
    ascii_only = text.encode("ascii", "ascii-form").decode("ascii")
    assert ascii_only.isascii()
    if text.isascii():
        assert ascii_only == text


@pytest.mark.parametrize(
    ("text", "form"), [("é", "e"), ("ü", "u"), ("中", "??"), ("e\u0301", "e"), ("½", "?"), ("⣿⠀", "* ")]
)
def test_letters_keep_their_base_and_wide_ones_their_width(text: str, form: str) -> None:
    assert text.encode("ascii", "ascii-form").decode() == form
