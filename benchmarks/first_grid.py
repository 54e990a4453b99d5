"""From the start of the process to the first strike row on the terminal, against a Textual app of one word."""

import re
from statistics import median

from benchmarks.rows import Row, at_most
from benchmarks.terminal import running, usage

DECK = ["-m", "chaindeck"]
HELLO = [
    "-c",
    (
        "from textual.app import App\n"
        "from textual.widgets import Static\n"
        "class Hello(App):\n"
        "    def compose(self):\n"
        "        yield Static('hello, world')\n"
        "Hello().run()\n"
    ),
]
HELLO_WORDS = re.compile(rb"hello, world")
# A strike between its two rules with figures on both sides, the ATM's in brackets.
STRIKE_ROW = re.compile(r"\d\S* (?:│|┃)[ A-Za-z+]*\[?\d+(\.\d+)?\]? ?\S*(?:│|┃) +\S*\d".encode())
_REPETITIONS = 5
_AIM = 2.0


def run() -> list[Row]:
    """Return wall and processor time, ms; one unmeasured start of each first, for the files to be in memory."""
    deck: list[tuple[float, float]] = []
    hello: list[tuple[float, float]] = []
    for number in range(1 + _REPETITIONS):
        pair = _painted(DECK, STRIKE_ROW), _painted(HELLO, HELLO_WORDS)
        if number:
            deck.append(pair[0])
            hello.append(pair[1])
    ours, baseline = ([wall for wall, _ in starts] for starts in (deck, hello))
    cpu, cpu_baseline = (median(used for _, used in starts) for starts in (deck, hello))
    note = "mock on embedded Redis against a bare Textual app, 120x40"
    return [
        at_most(_AIM, "first-grid", "ms", ours, baseline, note),
        Row("first-grid cpu until then", "ms", cpu, cpu_baseline, cpu / cpu_baseline),
    ]


def _painted(arguments: list[str], pattern: re.Pattern[bytes]) -> tuple[float, float]:
    """Return wall and processor time, ms, from a program's start until `pattern` is on its terminal."""
    with running(arguments, columns=120, rows=40) as terminal:
        return terminal.drain_until(pattern) * 1000, usage(terminal.pid).cpu_s * 1000
