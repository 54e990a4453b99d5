"""The sanitiser: what it lets through is one visible line, whatever was put in."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.text import clean, shown, without_login
from tests.support.scenes import law

HOSTILE = {
    "escape": "\x1b[2J\x1b[31m",
    "clipboard": "\x1b]52;c;cm0gLXJm\x07",
    "title": "\x1b]0;owned\x1b\\",
    "8-bit CSI": "\x9b31m",
    "8-bit OSC": "\x9d52;c;x\x9c",
    "carriage return": "good\revil",
    "line feed": "a\nb",
    "tab": "a\tb",
    "backspace": "ab\x08\x08",
    "NUL and DEL": "\x00\x7f",
    "next line": "a\x85b",
    "line separators": "a\u2028b\u2029c",
    "bidi override": "abc\u202edef\u202c",
    "bidi isolate": "\u2066a\u2069",
    "bidi marks": "\u200e\u200f\u061c",
    "zero width": "a\u200bb\u200cc\u200dd\u2060e\ufefff",
    "soft hyphen": "a\u00adb",
    "joiner that joins nothing": "a\u034fb",
    "variation selectors": "a\ufe0f\U000e0100",
    "tags": "".join(chr(0xE0000 + ord(letter)) for letter in "hidden"),
    "fillers": "\u115f\u1160\u3164\uffa0",
    "surrogates": "\ud800x\udfff\udc80",
    "interlinear": "\ufff9a\ufffab\ufffb",
    "private use": "\ue0b0",
    "unassigned": "\u0378",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_nothing_unseen_passes_and_its_place_is_marked(kind: str) -> None:
    text = clean(f"[{HOSTILE[kind]}]")
    assert text.startswith("[") and text.endswith("]")
    assert text.isprintable()
    assert "\ufffd" in text
    assert all(unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for char in text)
    visible = [char for char in HOSTILE[kind] if char.isascii() and char.isprintable()]
    assert [char for char in text if char.isascii()] == ["[", *visible, "]"]


def test_no_single_control_of_unicode_passes() -> None:
    bad = [chr(n) for n in range(sys.maxunicode + 1) if unicodedata.category(chr(n)) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
    assert len(bad) > 2_000
    text = clean("".join(bad), len(bad))
    assert set(text) == {"\ufffd"}
    assert len(text) == len(bad)


@law
@given(value=st.text(st.characters(), max_size=300), limit=st.integers(1, 60))
def test_any_text_becomes_one_short_visible_line_and_stays_so(value: str, limit: int) -> None:
    text = clean(value, limit)
    assert len(text) <= limit
    assert text.isprintable()
    assert len(text.splitlines()) <= 1
    assert unicodedata.is_normalized("NFC", text)
    assert clean(text, limit) == text


@law
@given(value=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60))
def test_plain_text_passes_as_it_is(value: str) -> None:
    assert clean(value) == value


def test_letters_with_marks_are_composed_and_kept() -> None:
    assert clean("Cafe\u0301 Zürich Ω 株") == "Café Zürich Ω 株"


def test_a_heap_of_marks_on_one_letter_is_bounded() -> None:
    assert len(clean("e" + "\u0301" * 10_000, 40)) == 40


def test_a_cut_is_seen() -> None:
    assert clean("abcdef", 6) == "abcdef"
    assert clean("abcdefg", 6) == "abcde…"
    assert clean("x" * 1_000_000, 10) == "x" * 9 + "…"


def test_anything_can_be_shown() -> None:
    assert clean(None) == "None"
    assert clean(ValueError("bad\nthing")) == "bad\ufffdthing"
    assert clean(b"\x1b") == "b'\\x1b'"


def test_no_text_is_made_of_what_is_deep_or_vast() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert clean(deep) == shown(deep) == "an array of 1"
    assert shown({"a": deep}) == "an object of 1"
    assert shown(10**5_000) == "a vast integer"


@pytest.mark.parametrize(
    ("value", "text"),
    [("a", "'a'"), (None, "null"), (True, "true"), (6930.0, "6930.0"), (7, "7"), ([], "an array of 0")],
)
def test_a_json_value_is_shown_as_json_has_it(value: object, text: str) -> None:
    assert shown(value) == text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("write redis://:PASSWORD@host", "write redis://:PASSWORD@host"),
        ("write redis://USER:PASSWORD@host:1 at start", "write redis://USER:PASSWORD@host:1 at start"),
        ("redis://USER:PASSWORD@pw@host", "redis://host"),
        ("redis://:PASSWORD1@host", "redis://host"),
        ("redis://ops:hunter2@host", "redis://host"),
        ("redis://:PASSWORD@a redis://x:y@b", "redis://:PASSWORD@a redis://b"),
    ],
)
def test_a_login_is_taken_out_and_the_words_of_a_cure_stay(text: str, left: str) -> None:
    assert without_login(text) == left
