"""Every page and every dialog on a real terminal: stopped and continued elsewhere, shaken through sizes, hung up."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.scenarios.test_pty import gone, server_pid, shows_grid
from tests.scenarios.test_terminals import given_back, no_failure_logged, quits, stopped
from tests.support.product import log_text, on_terminal
from tests.support.terminal import Terminal
from tests.support.waiting import wait_until

ESC = "\x1b"
GAP_S = 7.0  # longer than after half a second's interval a snapshot is stale


class Place(NamedTuple):
    """Something that can be on screen: the keys that lead there from the first page, and words that only it shows."""

    keys: tuple[str, ...]
    words: str
    back: str = "1"


PLACES = {
    "heatmap": Place(("2",), "HEATMAP"),
    "measures": Place(("3",), "MEASURES"),
    "straddles": Place(("4",), "STRADDLES"),
    "charts": Place(("5",), "smile"),
    "help": Place(("?",), "esc close", ESC),
    "menu": Place(("d",), "do what to", ESC),
    "provenance": Place(("i",), "esc close", ESC),
    "palette": Place(("\x10",), "Search", ESC),
    "export": Place(("e",), "CSV", ESC),
}
SIZES = ((1, 1), (500, 150), (20, 5), (2, 100), (0, 0), (80, 24))


@contextmanager
def deck(home: Path) -> Iterator[Terminal]:
    """Run a deck whose snapshots come twice a second."""
    with on_terminal(home, "--interval", "0.5", "--underlyings", "SPX", "--expirations", "3") as terminal:
        shows_grid(terminal)
        yield terminal


def go(terminal: Terminal, place: Place) -> None:
    for key in place.keys:
        terminal.send(key)
    terminal.wait_for(place.words)


def leave(terminal: Terminal, place: Place) -> None:
    terminal.send(place.back)
    shows_grid(terminal)
    terminal.wait_until(lambda: place.words not in terminal.text, f"{place.words} left")


def test_stopped_in_any_place_it_is_painted_whole_at_the_size_that_it_comes_back_to(short_dir: Path) -> None:
    with deck(short_dir) as terminal:
        for number, place in enumerate(PLACES.values()):
            go(terminal, place)
            terminal.tell(signal.SIGSTOP if number % 2 else signal.SIGTSTP)
            wait_until(lambda: stopped(terminal), 5)
            if not number % 2:
                wait_until(lambda: given_back(terminal), what="the terminal as it was")
            terminal.resize(100 if number % 2 else 130, 38)
            terminal.wipe()
            terminal.tell(signal.SIGCONT)
            terminal.wait_for(place.words)
            terminal.wait_until(lambda: "chaindeck" in terminal.lines[0], "the top line")
            terminal.resize(120, 40)
            leave(terminal, place)
        terminal.tell(signal.SIGSTOP)
        time.sleep(GAP_S)
        terminal.tell(signal.SIGCONT)
        wait_until(lambda: "nothing was published for" in log_text(short_dir), what="words on the gap")
        assert quits(terminal) == 0
        wait_until(lambda: given_back(terminal), what="the terminal as it was")
    assert no_failure_logged(short_dir), log_text(short_dir)


def test_a_storm_of_sizes_in_any_place_ends_at_the_last(short_dir: Path) -> None:
    with deck(short_dir) as terminal:
        for name in ("heatmap", "measures", "straddles", "charts", "help", "provenance"):
            place = PLACES[name]
            go(terminal, place)
            for size in SIZES:
                terminal.resize(*size)
                time.sleep(0.05)  # it has begun to lay out for some, and hears of others together
            terminal.resize(120, 40)
            terminal.wait_for(place.words)
            leave(terminal, place)
            terminal.wait_until(lambda: "quit" in terminal.lines[39], "the key bar on the last line")
        assert quits(terminal) == 0
    assert no_failure_logged(short_dir), log_text(short_dir)


@pytest.mark.parametrize("name", ["charts", "provenance", "palette"])
def test_a_terminal_that_is_gone_ends_the_deck_wherever_it_is(short_dir: Path, name: str) -> None:
    with deck(short_dir) as terminal:
        go(terminal, PLACES[name])
        server = server_pid(short_dir)
        terminal.hang_up()
        assert terminal.wait(5) == 129
    wait_until(lambda: gone(server), 2)
    assert no_failure_logged(short_dir), log_text(short_dir)
