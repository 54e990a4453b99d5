"""Keys told from pasted text: by time, by the characters, and by the terminal's marks."""

from hypothesis import given
from hypothesis import strategies as st
from textual.events import Key, Paste

from tests.support.scenes import law
from tui.terminal.keyboard import BURST_S, MAX_PASTE, Burst, PasteCutter

APART, TOGETHER = BURST_S, BURST_S - 0.001


def typed(text: str, gap: float) -> list[str]:
    """Return what a burst lets through of a text typed with a gap: `key:x` or `paste:xyz`."""
    burst, now, out = Burst(), 100.0, []
    for character in text:
        now += gap
        out += burst.hold(Key(character, character), now)
    out += burst.due(now + BURST_S)
    return [f"paste:{one.text}" if isinstance(one, Paste) else f"key:{one.character}" for one in out]


@law
@given(st.text("abq?dL ", min_size=1, max_size=30))
def test_characters_a_hands_pace_apart_are_keys(text: str) -> None:
    assert typed(text, APART) == [f"key:{character}" for character in text]


@law
@given(st.text("abq?dL \r", min_size=2, max_size=30).filter(lambda text: len(set(text) - {"\r"}) > 1))
def test_different_characters_at_once_are_one_paste(text: str) -> None:
    assert typed(text, TOGETHER) == [f"paste:{text}"]


def test_a_key_that_repeats_itself_and_a_key_with_enter_are_keys() -> None:
    assert typed("jjjj", TOGETHER) == ["key:j"] * 4
    assert typed("d\r", TOGETHER) == ["key:d", "key:\r"]
    assert typed("\r\r", TOGETHER) == ["key:\r"] * 2


def test_nothing_is_known_before_a_bursts_time_is_over() -> None:
    burst = Burst()
    assert burst.hold(Key("q", "q"), 1.0) == []
    assert burst.waiting
    assert burst.due(1.0 + TOGETHER) == []
    assert len(burst.due(1.0 + APART)) == 1
    assert not burst.waiting


def test_a_long_text_is_one_paste_and_holds_little() -> None:
    burst = Burst()
    burst.hold(Key("q", "q"), 1.0)
    for _ in range(3):
        burst.absorb("x" * MAX_PASTE, 1.001)
    burst.hold(Key("z", "z"), 1.002)
    [paste] = burst.flush()
    assert isinstance(paste, Paste)
    assert paste.text == "q" + "x" * (MAX_PASTE - 1)


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
