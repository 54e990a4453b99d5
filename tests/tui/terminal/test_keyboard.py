"""Keys told from pasted text: by the terminal's marks, and by how much was read at once."""

from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.scenes import law
from tui.terminal.keyboard import LONG_TEXT, MAX_PASTE, TYPED_AHEAD, PasteCutter, UnmarkedPaste, strokes


def taken(*reads: str, marks: bool = False) -> list[str]:
    """Return what becomes of texts that are read one after the other: `keys:x` or `paste:xyz`, the last one whole."""
    unmarked, out = UnmarkedPaste(), list[str]()
    for text in reads:
        if not unmarked.takes(text, marks=marks):
            out.append(f"keys:{text}")
    return [*out, f"paste:{pasted}"] if (pasted := unmarked.end()) else out


@law
@given(st.text("abq?dL \r", min_size=1, max_size=LONG_TEXT - 1))
def test_of_what_was_read_at_once_a_few_different_keys_are_keys_and_more_are_pasted(text: str) -> None:
    few = len([*groupby(text)]) <= TYPED_AHEAD
    assert taken(text) == [f"{'keys' if few else 'paste'}:{text}"]


@law
@given(st.text("abq?dL \r", min_size=1, max_size=LONG_TEXT - 1))
def test_a_terminal_that_marks_pastes_sends_nothing_but_keys_without_a_mark(text: str) -> None:
    assert taken(text, marks=True) == [f"keys:{text}"]


@law
@given(st.text("abq?dL ", min_size=1, max_size=30))
def test_keys_that_are_read_one_by_one_are_keys_however_quickly_they_come(text: str) -> None:
    assert taken(*text) == [f"keys:{character}" for character in text]


@pytest.mark.parametrize("text", ["jjjjjjjj", "d\r", "\r\r", "jjjkk", "T1"])
def test_a_key_that_repeats_itself_and_a_key_with_enter_are_keys(text: str) -> None:
    assert taken(text) == [f"keys:{text}"]


@pytest.mark.parametrize("marks", [True, False])
def test_more_than_any_hand_types_ahead_is_pasted_whatever_the_terminal_says(marks: bool) -> None:
    assert taken("x" * LONG_TEXT, marks=marks) == ["paste:" + "x" * LONG_TEXT]
    assert taken("x" * (LONG_TEXT - 1), marks=marks) == ["keys:" + "x" * (LONG_TEXT - 1)]


def test_what_follows_a_paste_before_a_pause_belongs_to_it_and_little_of_it_is_kept() -> None:
    assert taken("all is", " ", "q", "u") == ["paste:all is qu"]
    assert taken("ab", "abcd", "q") == ["keys:ab", "paste:abcdq"]
    unmarked = UnmarkedPaste()
    for _ in range(3):
        assert unmarked.takes("xy" * MAX_PASTE, marks=False) and unmarked.goes_on
    assert unmarked.end() == "xy" * (MAX_PASTE // 2)
    assert not unmarked.goes_on and not unmarked.takes("q", marks=False)


def test_between_sequences_text_is_judged_by_itself() -> None:
    mouse, arrow = "\x1b[<0;12;40M", "\x1b[A"
    assert strokes(f"j{mouse}{mouse}kq{arrow}\x1bOP?") == ["j", mouse, mouse, "kq", arrow, "\x1bOP", "?"]
    assert strokes("\x1b\x1b[A\x1bq\x1b") == ["\x1b", arrow, "\x1bq", "\x1b"]
    assert strokes("quit") == ["quit"] and strokes("") == []


plain_input = st.text("abq?\r", min_size=1, max_size=10)


@law
@given(st.lists(st.tuples(st.booleans(), plain_input), max_size=6), st.data())
def test_marked_pastes_are_cut_out_wherever_the_chunks_end(pieces: list[tuple[bool, str]], data: st.DataObject) -> None:
    stream = "".join(f"\x1b[200~{text}\x1b[201~" if pasted else text for pasted, text in pieces)
    # An Escape at a chunk's end is a key of its own, as everywhere.
    ends = [end for end in range(len(stream) + 1) if not stream[:end].endswith("\x1b")]
    cuts = sorted(data.draw(st.lists(st.sampled_from(ends), max_size=4)))
    cutter, found = PasteCutter(), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += cutter.cut(stream[start:end])
    assert [text for pasted, text in found if pasted] == [text for pasted, text in pieces if pasted]
    assert "".join(text for pasted, text in found if not pasted) == "".join(
        text for pasted, text in pieces if not pasted
    )


def test_a_marked_paste_is_kept_to_its_limit() -> None:
    cutter = PasteCutter()
    assert cutter.cut("\x1b[200~" + "x" * 5_000) == []
    assert cutter.cut("y" * 5_000 + "\x1b[201~q") == [(True, "x" * MAX_PASTE), (False, "q")]


def test_a_lone_escape_is_a_key_at_once() -> None:
    assert PasteCutter().cut("\x1b") == [(False, "\x1b")]
    assert PasteCutter().cut("\x1b[A") == [(False, "\x1b[A")]


@law
@given(st.data())
def test_a_sequence_is_never_cut_in_two_wherever_the_chunks_end(data: st.DataObject) -> None:
    stream = "".join(data.draw(st.lists(st.sampled_from(["\x1b[<0;12;40M", "\x1b[1;2A", "q", "ju"]), max_size=6)))
    ends = [end for end in range(len(stream) + 1) if not stream[:end].endswith("\x1b")]
    cuts = sorted(data.draw(st.lists(st.sampled_from(ends), max_size=4)))
    cutter, pieces = PasteCutter(), list[str]()
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        pieces += [piece for _, text in cutter.cut(stream[start:end]) for piece in strokes(text)]
    assert "".join(pieces) == stream
    assert [piece for piece in pieces if "\x1b" in piece] == [one for one in strokes(stream) if "\x1b" in one]


@pytest.mark.parametrize(("answer", "marks"), [(0, False), (1, True), (2, True), (3, True), (4, False)])
def test_the_terminals_answer_says_whether_it_marks_pastes_and_is_no_key(answer: int, marks: bool) -> None:
    cutter = PasteCutter()
    said = f"\x1b[?2004;{answer}$y"
    assert cutter.cut(f"j{said}k") == [(False, "jk")] and cutter.marks is marks
    for end in range(2, len(said)):
        cutter = PasteCutter()
        assert [*cutter.cut(f"j{said[:end]}"), *cutter.cut(f"{said[end:]}k")] == [(False, "j"), (False, "k")]
        assert cutter.marks is marks
    assert PasteCutter().cut(f"\x1b[200~{said}\x1b[201~") == [(True, said)]  # pasted, it says nothing
