"""What the deck sends to a terminal of sixteen colours while a page is on screen, the mock pipeline beneath it."""

import re
import time
from collections.abc import Sequence
from statistics import median

from benchmarks.first_grid import DECK, STRIKE_ROW
from benchmarks.rows import Row, below
from benchmarks.terminal import Terminal, running, usage

SECONDS = 20.0
_WARM_UP_S = 6.0
_REPETITIONS = 3
_AIM_BYTES_S = 4_000.0
_BESIDE_FROM = 100  # columns from which there is a strike grid at the start
_BOARD = re.compile(rb"EXPIRIES")


def screen_rows(name: str, note: str, key: bytes, shown: Sequence[bytes], width: int, height: int) -> list[Row]:
    """Return bytes a second, medians of several runs, and the share of one core of pipeline and screen together.

    `key` turns to the page, which is there once all patterns that are `shown` were painted.
    """
    sent, cpu = zip(*(_measure(key, shown, width, height) for _ in range(_REPETITIONS)), strict=True)
    return [
        below(_AIM_BYTES_S, f"{name} output", "bytes/s", median(sent), note=note),
        Row(f"{name} cpu", "%", median(cpu), note="of one core: the whole mock pipeline and the screen"),
    ]


def _measure(key: bytes, shown: Sequence[bytes], width: int, height: int) -> tuple[float, float]:
    with running([*DECK, "--theme", "ansi-dark"], columns=width, rows=height) as deck:
        deck.drain_until(STRIKE_ROW if width >= _BESIDE_FROM else _BOARD)
        deck.press(key, re.compile(shown[0]))
        for pattern in shown[1:]:
            deck.drain_until(re.compile(pattern))
        _drain(deck, _WARM_UP_S)
        before, since = usage(deck.pid), time.monotonic()
        _drain(deck, SECONDS)
        after, until = usage(deck.pid), time.monotonic()
        seconds = until - since
        return deck.received(since, until) / seconds, (after.cpu_s - before.cpu_s) / seconds * 100


def _drain(deck: Terminal, seconds: float) -> None:
    if not deck.drain(seconds):
        raise RuntimeError(f"the deck ended while it was measured: {deck.last_words}")
