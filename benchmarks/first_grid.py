"""From the start of the process to the first strike row on the terminal, against a Textual app of one word."""

import re

from benchmarks.rows import Row, at_most
from benchmarks.terminal import running

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
STRIKE_ROW = re.compile(r"\d\S* (?:│|┃) +\[?\d+(\.\d+)?\]? +(?:│|┃) +\S*\d".encode())
_REPETITIONS = 5
_AIM = 2.5


def run() -> list[Row]:
    """Return wall time, ms; one unmeasured start of each first, for the files to be in memory."""
    deck: list[float] = []
    hello: list[float] = []
    for number in range(1 + _REPETITIONS):
        pair = _painted(DECK, STRIKE_ROW), _painted(HELLO, HELLO_WORDS)
        if number:
            deck.append(pair[0] * 1000)
            hello.append(pair[1] * 1000)
    return [at_most(_AIM, "first-grid", "ms", deck, hello, "mock on embedded Redis against a bare Textual app, 120x40")]


def _painted(arguments: list[str], pattern: re.Pattern[bytes]) -> float:
    with running(arguments, columns=120, rows=40) as terminal:
        return terminal.drain_until(pattern)
