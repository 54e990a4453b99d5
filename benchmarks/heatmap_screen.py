"""What the deck sends to a terminal of sixteen colours that shows the heatmap while the whole mock pipeline runs."""

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
_WIDTH, _HEIGHT = 120, 40
_SPOT = re.compile(rb"spot [\d,.]+ ")


def run() -> list[Row]:
    """Return bytes a second, medians of several runs, and the share of one core of pipeline and screen together."""
    measured = [_measure() for _ in range(_REPETITIONS)]
    sent, cpu = zip(*measured, strict=True)
    note = f"over {_SECONDS:g} s, ansi-dark, {_WIDTH}x{_HEIGHT}: 18 chains published, streamed, merged and modelled"
    return [
        below(_AIM_BYTES_S, "heatmap-screen output", "bytes/s", median(sent), note=note),
        Row("heatmap-screen cpu", "%", median(cpu), note="of one core: the whole mock pipeline and the screen"),
    ]


def _measure() -> tuple[float, float]:
    with running([*DECK, "--theme", "ansi-dark"], columns=_WIDTH, rows=_HEIGHT) as deck:
        deck.drain_until(STRIKE_ROW)
        deck.press(b"2", re.compile(rb"HEATMAP"))
        deck.drain_until(_SPOT)
        _drain(deck, _WARM_UP_S)
        before, since = usage(deck.pid), time.monotonic()
        _drain(deck, _SECONDS)
        after, until = usage(deck.pid), time.monotonic()
        seconds = until - since
        return deck.received(since, until) / seconds, (after.cpu_s - before.cpu_s) / seconds * 100


def _drain(deck: Terminal, seconds: float) -> None:
    if not deck.drain(seconds):
        raise RuntimeError(f"the deck ended while it was measured: {deck.last_words}")
