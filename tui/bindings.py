"""The deck's keys: one list that the screen obeys, the key bar shows and the help explains."""

from textual.binding import Binding, BindingType

BINDINGS: list[BindingType] = [
    Binding(
        "down,j",
        "down",
        "expiry",
        key_display="j k",
        tooltip="next or previous expiry; tab to another panel: move the grid's cursor, or scroll, there",
    ),
    Binding("up,k", "up", show=False),
    Binding(
        "right,l",
        "column(1)",
        key_display="h l",
        tooltip="the same; in the grid and on the heatmap the next or previous column",
        show=False,
    ),
    Binding("left,h", "column(-1)", show=False),
    Binding("right_curly_bracket", "expiry(1)", key_display="{ }", show=False, tooltip="other expiry, from any panel"),
    Binding("left_curly_bracket", "expiry(-1)", show=False),
    Binding("right_square_bracket", "underlying(1)", "underlying", key_display="[ ]", tooltip="other underlying"),
    Binding("left_square_bracket", "underlying(-1)", show=False),
    Binding(
        "enter",
        "grid",
        "grid",
        tooltip="on a narrow screen open the grid; else move to it. On the heatmap: the tile in full",
    ),
    Binding("escape", "board", show=False, tooltip="back to the board"),
    Binding("b", "backdrop", show=False, tooltip="the snapshot alone, or the stream's newer values over it, marked *"),
    Binding("2", "show_page('heatmap')", "heatmap", key_display="2", tooltip="the heatmap; 1: back to board and grid"),
    Binding("1", "show_page('deck')", show=False),
    Binding("v", "strategy", show=False, tooltip="heatmap: butterfly, vertical or single contract"),
    Binding("c", "side", show=False, tooltip="heatmap: calls or puts; where an AM root shares the date, its own too"),
    Binding("x", "axes", show=False, tooltip="heatmap: strikes by width of one expiry, or by DTE for one width"),
    Binding(
        "e",
        "other(1)",
        key_display="e E",
        show=False,
        tooltip="heatmap: what its columns are not, the next or previous expiry or width",
    ),
    Binding("E", "other(-1)", show=False),
    Binding("a", "atm", "ATM", tooltip="centre the grid on the ATM and follow it"),
    Binding(
        "o", "order", "order", tooltip="highest strike on top, or lowest; remembered. Of changes, also the largest"
    ),
    Binding(
        "g,home",
        "edge(-1)",
        key_display="g G",
        show=False,
        tooltip="top or bottom of the grid or the signals, begin or end of the timeline: where the focus is",
    ),
    Binding("G,end", "edge(1)", show=False),
    Binding("pageup", "page(-1)", key_display="pgup pgdn", show=False, tooltip="a page up or down there"),
    Binding("pagedown", "page(1)", show=False),
    Binding("space", "freeze", "freeze", tooltip="freeze the grid, or let it go on; in the past play, or pause"),
    Binding("t", "timeline", "timeline", tooltip="the timeline of what is recorded"),
    Binding("comma", "step('snapshot',-1)", key_display=", .", show=False, tooltip="a snapshot back or on"),
    Binding("full_stop", "step('snapshot',1)", show=False),
    Binding("less_than_sign", "step('minute',-1)", key_display="< >", show=False, tooltip="a minute back or on"),
    Binding("greater_than_sign", "step('minute',1)", show=False),
    Binding(
        "N",
        "step('transition',-1)",
        key_display="N n",
        show=False,
        tooltip="back or on to a change of state or a signal",
    ),
    Binding("n", "step('transition',1)", show=False),
    Binding("T", "time", show=False, tooltip="go to a time: 10:30, 10:30:15, -5m"),
    Binding("minus", "speed(-1)", key_display="- +", show=False, tooltip="play slower or faster, 0.1x to 1000x"),
    Binding("plus,equals_sign", "speed(1)", show=False),
    Binding("L", "live", show=False, tooltip="back to live; of a tape, to its end"),
    Binding("A", "mark('a')", key_display="A B", show=False, tooltip="mark an instant as A or B; again there: unmark"),
    Binding("B", "mark('b')", show=False),
    Binding("D", "diff", show=False, tooltip="values, or what changed from A to B; without B, to what is shown"),
    Binding("d", "demo", "demo", tooltip="in a mock: faults at a keypress"),
    Binding("s", "acknowledge", show=False, tooltip="acknowledge that a source has changed"),
    Binding("p", "publish_again", show=False, tooltip="publish again, after giving way to a live publisher"),
    Binding("r", "record", show=False, tooltip="record what is shown on a tape; again: end it"),
    Binding("m", "log", show=False, tooltip="the log's messages, newest line last"),
    Binding("question_mark", "help", "help", key_display="?", tooltip="this help"),
    Binding("q", "quit", "quit", tooltip="quit"),
]

# What the key bar shows while the past is on screen: key as displayed, a word, and the key that a click presses.
PAST_BAR = (
    ("L", "live", "L"),
    (", .", "step", "full_stop"),
    ("< >", "min", "greater_than_sign"),
    ("N n", "change", "n"),
    ("space", "play", "space"),
    ("- +", "speed", "plus"),
    ("T", "time", "T"),
    ("A B", "mark", "A"),
    ("D", "diff", "D"),
    ("?", "help", "question_mark"),
    ("q", "quit", "q"),
)
# What it shows while the heatmap is on screen.
HEATMAP_BAR = (
    ("1", "deck", "1"),
    ("hjkl", "tile", "j"),
    ("v", "strategy", "v"),
    ("c", "side", "c"),
    ("x", "axes", "x"),
    ("e", "other", "e"),
    ("enter", "legs", "enter"),
    ("a", "ATM", "a"),
    ("[ ]", "underlying", "right_square_bracket"),
    ("?", "help", "question_mark"),
    ("q", "quit", "q"),
)
# What the key bar leaves out first where not all fit: actions of the present's keys, and keys of the past's.
SPARE = ("order", "atm", "grid", "timeline")
PAST_SPARE = ("plus", "q")
HEATMAP_SPARE = ("right_square_bracket", "a")
