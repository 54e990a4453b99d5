"""What the deck sends to a terminal of sixteen colours that shows charts of six expirations, live mock beneath."""

import re
import time
from statistics import median

from benchmarks.first_grid import DECK, STRIKE_ROW
from benchmarks.rows import Row, below
from benchmarks.terminal import Terminal, running, usage

_WARM_UP_S = 6.0
_SECONDS = 20.0
_REPETITIONS = 3
_AIM_BYTES_S = 4_000.0
_SIZES = ((80, 24), (120, 40), (200, 60))
_BESIDE_FROM = 100  # columns from which there is a strike grid at the start
_BOARD = re.compile(rb"EXPIRIES")
_SPOT = re.compile(rb"S spot [\d,.]+")


def run() -> list[Row]:
    """Return bytes a second, medians of several runs, and the share of one core of pipeline and screen together."""
    rows = []
    for width, height in _SIZES:
        sent, cpu = zip(*(_measure(width, height) for _ in range(_REPETITIONS)), strict=True)
        name, note = f"charts-screen {width}x{height}", f"over {_SECONDS:g} s, ansi-dark, the first charts of the page"
        rows += [
            below(_AIM_BYTES_S, f"{name} output", "bytes/s", median(sent), note=note),
            Row(f"{name} cpu", "%", median(cpu), note="of one core: the whole mock pipeline and the screen"),
        ]
    return rows


def _measure(width: int, height: int) -> tuple[float, float]:
    with running([*DECK, "--theme", "ansi-dark"], columns=width, rows=height) as deck:
        deck.drain_until(STRIKE_ROW if width >= _BESIDE_FROM else _BOARD)
        deck.press(b"5", _SPOT)
        _drain(deck, _WARM_UP_S)
        before, since = usage(deck.pid), time.monotonic()
        _drain(deck, _SECONDS)
        after, until = usage(deck.pid), time.monotonic()
        seconds = until - since
        return deck.received(since, until) / seconds, (after.cpu_s - before.cpu_s) / seconds * 100


def _drain(deck: Terminal, seconds: float) -> None:
    if not deck.drain(seconds):
        raise RuntimeError(f"the deck ended while it was measured: {deck.last_words}")
