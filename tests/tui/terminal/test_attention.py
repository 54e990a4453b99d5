"""Calls for attention: by each terminal's own way, through multiplexers, and with nothing of the text that steers."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.builders import law
from tui.ports.alerts import Call
from tui.terminal.attention import Attention, NotifyBy

ONE = Call(notify="SPX 2026-01-02 is STALE")
OSC9 = "\x1b]9;chaindeck: SPX 2026-01-02 is STALE\a"
OSC777 = "\x1b]777;notify;chaindeck;SPX 2026-01-02 is STALE\a"


@pytest.mark.parametrize(
    ("environment", "written"),
    [
        ({"TERM": "xterm-256color"}, OSC9),
        ({"TERM": "xterm-kitty"}, OSC9),
        ({"TERM": "foot"}, OSC777),
        ({"TERM": "rxvt-unicode-256color"}, OSC777),
        ({"TERM": "linux"}, ""),
        ({"TERM": "dumb"}, ""),
        ({}, ""),
        ({"TERM": "tmux-256color"}, f"\x1bPtmux;\x1b{OSC9}\x1b\\"),
        ({"TERM": "screen-256color", "TMUX": "/tmp/tmux"}, f"\x1bPtmux;\x1b{OSC9}\x1b\\"),
        ({"TERM": "screen"}, f"\x1bP{OSC9}\x1b\\"),
    ],
)
def test_a_terminal_is_notified_as_it_understands(environment: dict[str, str], written: str) -> None:
    assert Attention("auto", environment).sequence([ONE]) == written


@pytest.mark.parametrize(("wanted", "written"), [("osc9", OSC9), ("osc777", OSC777), ("off", "")])
def test_who_knows_better_says_so(wanted: str, written: str) -> None:
    assert Attention(wanted, {"TERM": "linux"}).sequence([ONE]) == written


def test_a_bell_rings_once_for_several_calls_and_also_where_none_is_notified() -> None:
    calls = [Call(bell=True), Call(bell=True, notify="a"), Call(notify="b")]
    assert Attention("osc9", {}).sequence(calls) == "\a\x1b]9;chaindeck: a\a\x1b]9;chaindeck: b\a"
    assert Attention("off", {}).sequence(calls) == "\a"
    assert Attention("osc9", {}).sequence([]) == ""


@law
@given(st.text(), st.sampled_from([NotifyBy.OSC9, NotifyBy.OSC777]))
@example(";a;\x07\x9c\x1b\\", NotifyBy.OSC777)
def test_no_text_ends_its_sequence_or_begins_another(text: str, way: NotifyBy) -> None:
    written = Attention(way, {"TERM": "xterm"}).sequence([Call(notify=f"x{text}")])
    head = "9;chaindeck: " if way is NotifyBy.OSC9 else "777;notify;chaindeck;"
    assert re.fullmatch(rf"\x1b\]{re.escape(head)}[^\x00-\x1f\x7f-\x9f]*\a", written)
    assert len(written) < 260
    assert way is NotifyBy.OSC9 or written.count(";") == 3
