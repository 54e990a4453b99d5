"""The deck's keys: one list that the screen obeys, the key bar shows and the help explains."""

from textual.binding import Binding, BindingType

BINDINGS: list[BindingType] = [
    Binding(
        "down,j",
        "down",
        "expiry",
        key_display="j k",
        tooltip="next or previous expiry; tab to another panel, scroll there",
    ),
    Binding("up,k", "up", show=False),
    Binding("right,l", "expiry(1)", key_display="h l", tooltip="the same from any panel", show=False),
    Binding("left,h", "expiry(-1)", show=False),
    Binding("right_square_bracket", "underlying(1)", "underlying", key_display="[ ]", tooltip="other underlying"),
    Binding("left_square_bracket", "underlying(-1)", show=False),
    Binding("enter", "grid", "grid", tooltip="on a narrow screen open the grid; else move to it"),
    Binding("escape", "board", show=False, tooltip="back to the board"),
    Binding("a", "atm", "ATM", tooltip="centre the grid on the ATM and follow it"),
    Binding("o", "order", "order", tooltip="highest strike on top, or lowest; remembered"),
    Binding(
        "g,home", "edge(-1)", key_display="g G", show=False, tooltip="top or bottom of the grid, or of the signals"
    ),
    Binding("G,end", "edge(1)", show=False),
    Binding("pageup", "page(-1)", key_display="pgup pgdn", show=False, tooltip="a page up or down there"),
    Binding("pagedown", "page(1)", show=False),
    Binding("space", "freeze", "freeze", tooltip="freeze the grid, or let it go on; ages never stop"),
    Binding("d", "demo", "demo", tooltip="in a mock: faults at a keypress"),
    Binding("s", "acknowledge", show=False, tooltip="acknowledge that a source has changed"),
    Binding("p", "publish_again", show=False, tooltip="publish again, after giving way to a live publisher"),
    Binding("L", "log", show=False, tooltip="the log, newest line last"),
    Binding("question_mark", "help", "help", key_display="?", tooltip="this help"),
    Binding("q", "quit", "quit", tooltip="quit"),
]
