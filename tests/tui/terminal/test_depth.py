"""How many colours a terminal has, by what its environment says."""

import pytest

from tui.terminal.depth import Depth, colour_depth, light_terminal


@pytest.mark.parametrize(
    ("environment", "depth"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, Depth.TRUE),
        ({"TERM": "xterm", "COLORTERM": "24bit"}, Depth.TRUE),
        ({"TERM": "xterm-direct"}, Depth.TRUE),
        ({"TERM": "tmux-256color"}, Depth.EIGHT_BIT),
        ({"TERM": "screen-256color"}, Depth.EIGHT_BIT),
        ({"TERM": "xterm"}, Depth.SIXTEEN),
        ({"TERM": "linux"}, Depth.SIXTEEN),
        ({"TERM": "screen"}, Depth.SIXTEEN),
        ({"TERM": "a-terminal-nobody-knows"}, Depth.SIXTEEN),
        ({"TERM": "vt100"}, Depth.NONE),
        ({"TERM": "vt220", "COLORTERM": "truecolor"}, Depth.NONE),
        ({"TERM": "xterm-mono"}, Depth.NONE),
        ({"TERM": "unknown"}, Depth.NONE),
        ({}, Depth.NONE),
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor", "NO_COLOR": "1"}, Depth.NONE),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, Depth.EIGHT_BIT),  # an empty one says nothing
        ({"TERM": "xterm-256color", "TEXTUAL_COLOR_SYSTEM": "standard"}, Depth.SIXTEEN),
    ],
)
def test_depth(environment: dict[str, str], depth: Depth) -> None:
    assert colour_depth(environment) is depth


@pytest.mark.parametrize(("value", "light"), [("0;15", True), ("0;default;15", True), ("15;0", False), ("", False)])
def test_a_light_terminal_says_so(value: str, light: bool) -> None:
    assert light_terminal({"COLORFGBG": value}) is light
