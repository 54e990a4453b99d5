"""Every kind of parent process: closed streams, pipes whose reader leaves, no home, no terminal, the background."""

import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from chain.clock import SystemClock
from chaindeck.exits import Exit
from publisher.loop.publisher import Publisher
from publisher.mock.source import MockSource
from screenshots.scenes import SEED
from tests.scenarios.test_pty import shows_grid
from tests.scenarios.test_terminals import given_back, quits
from tests.support.contexts import context_of
from tests.support.contrast import DARK_LOOKS, LIGHT_LOOKS, dim_sequences, screen_of, worst_word
from tests.support.product import environment, on_terminal, run
from tests.support.terminal import Terminal, start_cold
from tests.support.waiting import wait_until
from tui.terminal.contrast import LEGIBLE

PRODUCT = f"{sys.executable} -m chaindeck"


def shell(home: Path, script: str, **more: str) -> "subprocess.CompletedProcess[str]":
    """Run a script in a shell without a terminal; Python does not buffer what it prints."""
    return subprocess.run(
        ["/bin/bash", "-c", script],
        env=environment(home, PYTHONUNBUFFERED="1", **more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def in_a_shell(home: Path, script: str, **more: str) -> Terminal:
    """Run a script in an interactive shell on a terminal."""
    shell_line = ["/bin/bash", "--norc", "--noprofile", "-i", "-c", script]
    return Terminal(partial(start_cold, shell_line, environment(home, PS1="$ ", **more)), columns=120, rows=40)


@pytest.fixture
async def filled(redis: Redis, redis_url: str) -> str:
    """URL of a Redis that a publisher has just filled and left."""
    clock = SystemClock()
    source = MockSource(clock, seed=SEED, underlyings=("SPX",))
    publisher = Publisher(redis, source, context_of(clock), expirations=2)
    await publisher.cycle()
    await publisher.beat()
    return redis_url


def test_closed_streams_lead_nowhere(filled: str, short_dir: Path) -> None:
    ended = shell(
        short_dir,
        f"{PRODUCT} watch {filled} <&-; echo $?; {PRODUCT} watch {filled} 2>&- | head -1;"
        f" {PRODUCT} watch {filled} >&-; echo $?; {PRODUCT} status {filled} <&- >&- 2>&-; echo $?",
    )
    lines = ended.stdout.splitlines()
    assert lines[0].startswith(" chaindeck")
    assert lines[-4].startswith("0") or "0" in lines
    assert lines[-3].startswith(" chaindeck")
    assert lines[-2:] == ["0", "0"]
    assert ended.stderr == ""


@pytest.mark.parametrize(
    "command",
    ["status {}", "status --json {}", "verify --for 1 {}", "watch {}", "check --watch 0.2 {}", "config show", "--help"],
)
def test_a_reader_that_leaves_ends_a_command_quietly(filled: str, short_dir: Path, command: str) -> None:
    line = f"{PRODUCT} {command.format(filled)}"
    ended = shell(short_dir, f"{line} | head -1; echo ${{PIPESTATUS[0]}}")
    *_, code = ended.stdout.split()
    assert code in ("0", "141")  # all was written before the reader left, or SIGPIPE's code, as of any tool
    assert ended.stderr == ""


@pytest.mark.parametrize("mode", ["read-only", "missing", "a file"])
def test_without_a_home_to_write_to_it_runs_and_says_so(filled: str, short_dir: Path, mode: str) -> None:
    home = {"read-only": "/proc/1", "missing": "/proc/nobody", "a file": "/dev/null"}[mode]
    with on_terminal(short_dir, "watch", filled, HOME=home) as terminal:
        shows_grid(terminal)
        terminal.wait_for("log is kept in memory")
        assert quits(terminal) == 0
        wait_until(lambda: given_back(terminal), what="the terminal as it was")


def test_without_a_home_at_all_it_runs(filled: str, short_dir: Path) -> None:
    ended = shell(short_dir, f"unset HOME; {PRODUCT} watch {filled} | head -1; exec {PRODUCT} status {filled}")
    assert ended.stdout.count(" chaindeck ") == 2
    assert (ended.returncode, ended.stderr) == (0, "")


def test_in_the_background_of_a_terminal_it_prints_a_frame_and_says_why(filled: str, short_dir: Path) -> None:
    with in_a_shell(short_dir, f"stty tostop; {PRODUCT} watch {filled} & wait; echo ended with $?") as terminal:
        terminal.wait_for("ended with 0")
        assert "in the background" in terminal.raw.decode()
        assert "FRESH" in terminal.raw.decode()


@pytest.mark.parametrize("wrapper", ["nohup", "setsid -w", "timeout 20", "env -i"])
def test_under_every_wrapper_without_a_terminal_it_prints_a_frame(filled: str, short_dir: Path, wrapper: str) -> None:
    ended = shell(short_dir, f"cd {Path.cwd()}; {wrapper} {PRODUCT} watch {filled} </dev/null")
    assert ended.stdout.startswith(" chaindeck")
    assert ended.returncode == 0


def test_on_a_dumb_terminal_it_prints_a_frame_and_says_why(filled: str, short_dir: Path) -> None:
    with on_terminal(short_dir, "watch", filled, TERM="dumb") as terminal:
        assert terminal.wait() == 0
        assert "type dumb" in terminal.text
        assert b"\x1b" not in terminal.raw


def test_a_driver_of_the_environment_is_honoured(filled: str, short_dir: Path) -> None:
    """As textual-serve runs it: frames for a browser go to standard output, though nothing is a terminal."""
    driver = "textual.drivers.web_driver:WebDriver"
    started = subprocess.Popen(
        [sys.executable, "-m", "chaindeck", "watch", filled],
        env=environment(short_dir, TEXTUAL_DRIVER=driver, COLUMNS="100", LINES="30"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert started.stdout is not None
        assert started.stdout.read(12) == b"__GANGLION__"
    finally:
        started.kill()
        started.wait()


@pytest.mark.parametrize("driver", ["no.such:Driver", "os:NoSuch", ":", "nothing", "..x:Y"])
def test_a_driver_that_there_is_not_is_a_setting(filled: str, short_dir: Path, driver: str) -> None:
    ended = run(short_dir, "watch", filled, TEXTUAL_DRIVER=driver)
    assert (ended.returncode, ended.stdout) == (Exit.SETTINGS, "")
    [line] = ended.stderr.splitlines()
    assert line.startswith("chaindeck: environment TEXTUAL_DRIVER: there is no driver")


TERMS = ("xterm-256color", "tmux-256color", "linux", "screen", "vt100", "xterm-mono", "unknown", "")


@pytest.mark.parametrize("term", TERMS)
def test_every_word_is_legible_on_every_type_of_terminal(filled: str, short_dir: Path, term: str) -> None:
    with on_terminal(short_dir, "watch", filled, TERM=term, COLORTERM="") as terminal:
        shows_grid(terminal)
        raw = terminal.raw
    assert (b"8;5;" in raw) == term.endswith("256color")
    assert b"8;2;" not in raw
    assert (b"$p" in raw) == (term[:2] in ("xt", "tm", "sc"))  # a console would print what it is asked in vain
    assert not dim_sequences(raw)
    word = worst_word(screen_of(raw, 120, 40), (*DARK_LOOKS, *LIGHT_LOOKS))
    assert word.ratio >= LEGIBLE, word


def test_no_color_means_no_colour(filled: str, short_dir: Path) -> None:
    with on_terminal(short_dir, "watch", filled, NO_COLOR="1") as terminal:
        shows_grid(terminal)
        screen = screen_of(terminal.raw, 120, 40)
    cells = [screen.buffer[row][column] for row in range(40) for column in range(120)]
    assert {cell.fg for cell in cells} == {cell.bg for cell in cells} == {"default"}


@pytest.mark.parametrize("locale", [{"LANG": "C"}, {"LC_ALL": "POSIX"}, {"LANG": ""}])
def test_in_a_plain_locale_only_ascii_is_painted(filled: str, short_dir: Path, locale: dict[str, Any]) -> None:
    with on_terminal(short_dir, "watch", filled, **locale) as terminal:
        terminal.wait_for("STRIKE")
        terminal.wait_for("[6")
        assert terminal.raw.isascii()
        assert "?" not in terminal.lines[5]
        assert quits(terminal) == 0


def test_a_choice_that_cannot_be_remembered_is_told(filled: str, short_dir: Path) -> None:
    with on_terminal(short_dir, "watch", filled, HOME="/dev/null") as terminal:
        shows_grid(terminal)
        terminal.send("o")
        terminal.wait_for("not remembered")
