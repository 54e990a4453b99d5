"""The deck on every kind of terminal: any size, stopped and continued, hung up, pasted into, shaken."""

import random
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.scenarios.test_pty import shows_grid
from tests.support.product import environment, log_text, on_terminal
from tests.support.terminal import Terminal, start_cold
from tests.support.waiting import wait_until

RESTORED = (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l", b"\x1b[?1002l", b"\x1b[?2004l", b"\x1b[?1004l", b"\x1b[<u")
ENTERED = (b"\x1b[?1049h", b"\x1b[?25l", b"\x1b[?1000h", b"\x1b[?1002h", b"\x1b[?2004h", b"\x1b[?1004h", b"\x1b[>")
MENU = "do what to"


def given_back(terminal: Terminal) -> bool:
    """Whether everything that was switched on was switched off after."""
    raw = terminal.raw
    return terminal.restored and all(
        raw.rfind(off) > raw.rfind(on) > -1 for off, on in zip(RESTORED, ENTERED, strict=True)
    )


def calm(terminal: Terminal) -> bool:
    """Whether the deck used little of a second."""
    used = terminal.cpu_now()
    time.sleep(1)
    return terminal.cpu_now() - used < 0.4


def quits(terminal: Terminal) -> int:
    """Press q until nothing is open any more, the deck included; return the exit code."""
    for _ in range(20):
        if terminal.ended():
            break
        terminal.send("q")
        time.sleep(0.5)
    return terminal.wait()


def test_a_terminal_without_a_size_is_calm_and_grows(short_dir: Path) -> None:
    with on_terminal(short_dir, columns=0, rows=0) as terminal:
        terminal.wait_for("FRESH")
        used, painted = terminal.cpu_now(), len(terminal.raw)
        time.sleep(2)
        assert terminal.cpu_now() - used < 0.5
        assert len(terminal.raw) - painted < 20_000
        terminal.send("?")
        terminal.wait_for("esc close")
        terminal.resize(120, 0)  # while a dialog is open
        terminal.send("?")
        terminal.resize(120, 40)
        shows_grid(terminal)
        for columns, rows in ((1, 1), (20, 5), (0, 0), (120, 40)):
            terminal.resize(columns, rows)
        shows_grid(terminal)
        assert quits(terminal) == 0
    assert no_failure_logged(short_dir)


def no_failure_logged(home: Path) -> bool:
    """Whether no log line tells of a failure."""
    return "ERROR" not in log_text(home)


@pytest.mark.parametrize(("columns", "rows"), [(1, 1), (20, 5), (500, 150)])
def test_every_size_is_borne(short_dir: Path, columns: int, rows: int) -> None:
    with on_terminal(short_dir, columns=columns, rows=rows) as terminal:
        terminal.wait_until(lambda: len(terminal.raw) > 200, "anything")
        terminal.resize(120, 40)
        shows_grid(terminal)
        assert quits(terminal) == 0
        wait_until(lambda: given_back(terminal), what="the terminal as it was")


def test_dialogs_are_borne_in_hardly_any_room(short_dir: Path) -> None:
    with on_terminal(short_dir) as terminal:
        shows_grid(terminal)
        for size in ((1, 1), (4, 2), (8, 4), (12, 3)):
            terminal.resize(*size)
            for opener in ("d", "?", "\x10"):
                terminal.send(opener)
                time.sleep(0.3)
                terminal.send("\x1b")
                time.sleep(0.3)
        terminal.resize(120, 40)
        shows_grid(terminal)
        assert quits(terminal) == 0
    assert no_failure_logged(short_dir)


def test_an_answer_about_sizes_that_nobody_asked_for_mutes_no_resize(short_dir: Path) -> None:
    with on_terminal(short_dir, columns=80, rows=24) as terminal:
        terminal.wait_for("quit")
        terminal.send("\x1b[?2048;1$y")
        time.sleep(0.3)
        terminal.resize(120, 40)
        terminal.wait_until(lambda: "quit" in terminal.lines[39], "the footer in the last line of the larger terminal")
        shows_grid(terminal)
        assert b"\x1b[?2048h" not in terminal.raw


def test_the_terminals_own_size_wins_over_exported_ones(short_dir: Path) -> None:
    with on_terminal(short_dir, COLUMNS="80", LINES="24") as terminal:
        shows_grid(terminal)  # 80 columns have no room for it
        assert len(terminal.lines[0].rstrip()) > 100
        terminal.wait_until(lambda: "quit" in terminal.lines[39], "the footer on the last line")


def test_stopped_and_continued_it_paints_everything(short_dir: Path) -> None:
    with on_terminal(short_dir) as terminal:
        shows_grid(terminal)
        for number in (signal.SIGTSTP, signal.SIGSTOP):  # the second cannot be heard
            terminal.tell(number)
            wait_until(lambda: stopped(terminal), 5)
            if number is signal.SIGTSTP:
                wait_until(lambda: given_back(terminal), what="the terminal as it was")
            terminal.wipe()
            terminal.tell(signal.SIGCONT)
            shows_grid(terminal)
            terminal.wait_until(lambda: "SIGNALS" in terminal.text and "quit" in terminal.lines[39], "every panel")
        terminal.send("d")
        terminal.wait_for(MENU)
        terminal.tell(signal.SIGTSTP)
        wait_until(lambda: stopped(terminal), 5)
        terminal.wipe()
        terminal.tell(signal.SIGCONT)
        terminal.wait_for(MENU)
        assert quits(terminal) == 0
        wait_until(lambda: given_back(terminal), what="the terminal as it was")


def stopped(terminal: Terminal) -> bool:
    return ") T " in Path(f"/proc/{terminal.pid}/stat").read_text()


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR2, signal.SIGRTMIN + 3])
def test_every_signal_that_ends_it_gives_the_terminal_back(short_dir: Path, number: int) -> None:
    with on_terminal(short_dir) as terminal:
        shows_grid(terminal)
        socket = short_dir / "r/redis.sock"
        assert socket.exists()
        terminal.tell(number)
        terminal.tell(signal.SIGCONT)  # as `timeout` and service managers send after it
        terminal.tell(number)  # impatience changes nothing
        assert terminal.wait() == 128 + number
        wait_until(lambda: given_back(terminal), what="the terminal as it was")
        assert not socket.exists()


def test_pasted_text_is_no_command(short_dir: Path) -> None:
    with on_terminal(short_dir) as terminal:
        shows_grid(terminal)
        terminal.send("a quiet question\nquoted\n")
        terminal.wait_for("pasted text")
        terminal.send("\x1b[200~quit\x1b[201~")
        terminal.send("all is quiet, " * 700_000)
        # What follows at once still belongs to it.
        terminal.wait_until(lambda: terminal.idle(0.2), "all of it taken")
        terminal.send("?")
        terminal.wait_for("esc close")
        assert quits(terminal) == 0
        wait_until(lambda: given_back(terminal), what="the terminal as it was")
    assert no_failure_logged(short_dir)


BUSY = """
import os, select, sys, threading, time, types
import tui.terminal.driver as driver
stalled, loaded = sys.argv[1:]
def when_not_stalled(*waits):
    found = select.select(*waits)
    while found[0] and os.path.exists(stalled):
        time.sleep(0.01)
    return found
driver.select = types.SimpleNamespace(select=when_not_stalled)
def load():
    while True:
        time.sleep(0.2)
        until = time.monotonic() + 0.2
        while os.path.exists(loaded) and time.monotonic() < until:
            pass
sys.setswitchinterval(0.1)
threading.Thread(target=load, daemon=True).start()
sys.argv = ["chaindeck"]
from chaindeck.start import main
main()
"""


class BusyDeck:
    """A deck that can be kept from reading, and that computes as much as it shows."""

    def __init__(self, home: Path) -> None:
        self._stalled, self._loaded = home / "stalled", home / "loaded"
        command = [sys.executable, "-c", BUSY, str(self._stalled), str(self._loaded)]
        self.terminal = Terminal(partial(start_cold, command, environment(home)), columns=120, rows=40)

    @contextmanager
    def stalled(self) -> Iterator[None]:
        """Keep it from reading: what is typed meanwhile is read at once."""
        self._stalled.touch()
        try:
            yield
        finally:
            self._stalled.unlink()

    def load(self) -> None:
        """Have it compute half of the time, for so long that keys wait."""
        self._loaded.touch()

    def types(self, keys: str, *, pause_s: float = 0.0) -> None:
        """Type keys one by one."""
        for key in keys:
            self.terminal.send(key)
            time.sleep(pause_s)

    def closes_help(self) -> None:
        """Wait until the help is open, and close it."""
        self.terminal.wait_for("esc close")
        self.terminal.send("\x1b")
        self.terminal.wait_until(lambda: "esc close" not in self.terminal.text, "the help closed")


MARKS = "\x1b[?2004;1$y"  # the terminal's answer that it marks what is pasted


def test_keys_typed_while_the_deck_cannot_read_are_keys_and_a_paste_is_none(short_dir: Path) -> None:
    deck = BusyDeck(short_dir)
    with deck.terminal as terminal:
        shows_grid(terminal)
        assert b"\x1b[?2004$p" in terminal.raw
        with deck.stalled():
            deck.types("jk?")
        deck.closes_help()
        with deck.stalled():
            terminal.send("quick question")
        terminal.wait_for("pasted text")
        terminal.send(MARKS)  # from now on what comes without a mark is typed
        with deck.stalled():
            deck.types("jkjkajt?")
        deck.closes_help()
        terminal.wait_for("TIMELINE")
        with deck.stalled():
            terminal.send("\x1b[200~quick question\x1b[201~?")
        deck.closes_help()
        assert quits(terminal) == 0
    assert no_failure_logged(short_dir)


def test_a_busy_deck_takes_every_key_for_one_and_no_paste_for_any(short_dir: Path) -> None:
    deck = BusyDeck(short_dir)
    with deck.terminal as terminal:
        shows_grid(terminal)
        deck.load()
        terminal.send("all is quiet, quite quiet\n")
        terminal.wait_for("pasted text")
        deck.types("jk?", pause_s=0.06)  # as quickly as a hand can
        deck.closes_help()
        terminal.send(MARKS)
        deck.types("jkjkjkjkjk?", pause_s=0.01)
        deck.closes_help()
    assert no_failure_logged(short_dir)


def test_a_dialog_is_left_once(short_dir: Path) -> None:
    with on_terminal(short_dir) as terminal:
        shows_grid(terminal)
        for keys in ("\r\r", "\x1b[<0;50;20M\x1b[<0;50;20m" * 2, "\x1b", "qq"):
            terminal.send("d")
            terminal.wait_for(MENU)
            terminal.send(keys)
            terminal.wait_until(lambda: MENU not in terminal.text, "the menu closed")
            time.sleep(0.1)
            assert not terminal.ended()
        assert quits(terminal) == 0
    assert no_failure_logged(short_dir)


def test_a_press_beyond_the_screen_presses_nothing_at_its_edge(short_dir: Path) -> None:
    with on_terminal(short_dir) as terminal:
        shows_grid(terminal)
        terminal.wait_until(lambda: "quit" in terminal.lines[39], "the footer")
        columns = terminal.lines[39].index("quit") + len("quit ")
        terminal.wipe()  # what is then seen was painted at the new size
        terminal.resize(columns, 40)  # the last cell of the last line now belongs to the key that quits
        terminal.wait_until(lambda: terminal.lines[39].rstrip().endswith("q quit"), "the footer at its new width")
        for press in ("0;9999;9999", f"0;{columns};41", f"0;{columns + 1};40", "64;9999;9999"):
            terminal.send(f"\x1b[<{press}M\x1b[<0;9999;9999m")
        terminal.send("?")
        terminal.wait_for("esc close")
        terminal.send("?")
        terminal.wait_until(lambda: "esc close" not in terminal.text, "the help closed")
        terminal.send(f"\x1b[<0;{columns};40M\x1b[<0;{columns};40m")  # on the cell itself it is heard
        assert terminal.wait() == 0


def test_a_storm_of_everything_passes(short_dir: Path) -> None:
    dice = random.Random(11)
    keys = [
        "j",
        "k",
        "?",
        "\x1b",
        "a",
        "o",
        "]",
        " ",
        "\x1b[A",
        "L",
        "\t",
        "\x1b[99999999999u",
        "\x1b[48;99999;99999;1;1t",
    ]
    with on_terminal(short_dir) as terminal:
        shows_grid(terminal)
        for _ in range(60):
            for _ in range(20):
                x, y = dice.randrange(-5, 30_000), dice.randrange(-5, 30_000)
                terminal.send(
                    f"\x1b[<{dice.choice([0, 2, 32, 35, 64, 65])};{x};{y}{dice.choice('Mm')}{dice.choice(keys)}"
                )
            terminal.resize(dice.randrange(200), dice.randrange(60))
            time.sleep(0.02)
        terminal.resize(120, 40)
        for _ in range(3):
            time.sleep(0.2)
            terminal.send("\x1b")
        shows_grid(terminal)
        terminal.wait_until(lambda: calm(terminal), "a deck that has worked it off", 20)
        assert quits(terminal) == 0
        wait_until(lambda: given_back(terminal), what="the terminal as it was")
    assert no_failure_logged(short_dir), log_text(short_dir)


SPINS = """
import sys
from tui.screen.deck import DeckScreen
def spin(self):
    while True:
        pass
def fail(self):
    raise KeyError("planted")
DeckScreen.action_order, DeckScreen.action_freeze = spin, fail
sys.argv = ["chaindeck"]
from chaindeck.start import main
main()
"""


def test_a_screen_that_fails_or_spins_is_told_and_started_again_while_publishing_goes_on(short_dir: Path) -> None:
    with Terminal(
        partial(start_cold, [sys.executable, "-c", SPINS], environment(short_dir)), columns=120, rows=40
    ) as terminal:
        shows_grid(terminal)
        for key, words in ((" ", "failed (KeyError)"), ("o", "failed (ScreenStuckError)")):
            terminal.send(key)
            terminal.wait_for(words, 30)
            shows_grid(terminal)
        assert b"SCREEN STUCK" in terminal.raw
        assert b"Traceback" not in terminal.raw
        assert quits(terminal) == 0
        wait_until(lambda: given_back(terminal), what="the terminal as it was")
    log = log_text(short_dir)
    assert "planted" in log
    assert " spin < " in log  # where it was
