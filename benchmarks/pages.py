"""What each page of the deck costs a terminal on a slow line, while a dozen expirations of the mock market run.

One deck for each look turns from page to page; the mock publishes, streams, merges and models in the same process.
"""

import re
import time
from contextlib import ExitStack
from typing import NamedTuple

from benchmarks.first_grid import HELLO, HELLO_WORDS, STRIKE_ROW
from benchmarks.rows import Row, below
from benchmarks.terminal import Terminal, drain_all, running, thread_cpu_s, usage

_DECK = ["-m", "benchmarks.in_session", "--underlyings", "SPX", "--expirations", "12"]
_WIDTH, _HEIGHT = 120, 40
_WARM_UP_S, _SETTLE_S, _SECONDS = 6.0, 3.0, 20.0  # two cycles of the publisher
_AIM_PERCENT = 3.0


class _Look(NamedTuple):
    """A theme, and how many bytes a second a page may send in it."""

    theme: str
    name: str
    limit: float


class _Page(NamedTuple):
    name: str
    keys: tuple[bytes, ...]
    shows: re.Pattern[bytes]


class _Cost(NamedTuple):
    sent: float  # bytes a second
    whole: int  # bytes of the page painted whole
    screen: float  # percent of a core: the thread that has the screen
    process: float
    hello: float


_LOOKS = (_Look("ansi-dark", "ansi-dark", 4_000.0), _Look("chaindeck", "true colour", 8_000.0))
_PAGES = (
    _Page("deck, cursor on the grid", (b"1", b"\r", b"\x1b[B"), STRIKE_ROW),
    _Page("heatmap", (b"2",), re.compile(rb"HEATMAP")),
    _Page("measures", (b"3",), re.compile(rb"MEASURES")),
    _Page("straddles", (b"4",), re.compile(rb"STRADDLES")),
    _Page("charts", (b"5",), re.compile(rb"S spot [\d,.]+")),
)


def run() -> list[Row]:
    """Return of each page and look the bytes a second, and the share of one core of the thread that has the screen."""
    rows: list[Row] = []
    for look in _LOOKS:
        for page, cost in zip(_PAGES, _measured(look), strict=True):
            name = f"page {page.name}, {look.name}"
            note = f"baseline: the page painted whole once a second; {_WIDTH}x{_HEIGHT}, over {_SECONDS:g} s"
            rows += [
                below(look.limit, f"{name} output", "bytes/s", cost.sent, cost.whole, note),
                below(
                    _AIM_PERCENT,
                    f"{name} cpu",
                    "%",
                    cost.screen,
                    cost.hello,
                    f"the screen's thread; with publisher, stream and models {cost.process:.1f} %; "
                    "baseline: a Textual app of one word",
                ),
            ]
    return rows


def _measured(look: _Look) -> list[_Cost]:
    with ExitStack() as stack:
        deck = stack.enter_context(running([*_DECK, "--theme", look.theme], columns=_WIDTH, rows=_HEIGHT))
        hello = stack.enter_context(running(HELLO, columns=_WIDTH, rows=_HEIGHT))
        deck.drain_until(STRIKE_ROW)
        hello.drain_until(HELLO_WORDS)
        drain_all([deck, hello], _WARM_UP_S)
        return [_cost(deck, hello, page) for page in _PAGES]


def _cost(deck: Terminal, hello: Terminal, page: _Page) -> _Cost:
    began = time.monotonic()
    for key in page.keys[:-1]:
        deck.press(key, re.compile(b"."))
        drain_all([deck], 0.2)
    deck.press(page.keys[-1], page.shows if len(page.keys) == 1 else re.compile(b"."))
    drain_all([deck, hello], 0.5)
    whole = deck.received(began)
    drain_all([deck, hello], _SETTLE_S)
    since, before = time.monotonic(), _used(deck, hello)
    drain_all([deck, hello], _SECONDS)
    seconds = time.monotonic() - since
    screen, process, idle = ((b - a) / seconds * 100 for a, b in zip(before, _used(deck, hello), strict=True))
    return _Cost(deck.received(since) / seconds, whole, screen, process, idle)


def _used(deck: Terminal, hello: Terminal) -> tuple[float, float, float]:
    """Return processor seconds of the deck's screen, of all the deck, and of the other app."""
    return thread_cpu_s(deck.pid, deck.pid), usage(deck.pid).cpu_s, usage(hello.pid).cpu_s
