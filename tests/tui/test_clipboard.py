"""What is copied reaches tmux where there is one, else the terminal; too much, and what is no text, does not."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from chain.clock import SystemClock
from tui.clipboard import MOST_BYTES, CopyAsked, NotCopiedError, copy

XTERM = {"TERM": "xterm-256color"}


async def sent(text: str, environ: dict[str, str]) -> tuple[list[str], str]:
    written: list[str] = []
    return written, await copy(text, written.append, SystemClock(), environ)


async def test_without_tmux_the_terminal_is_asked() -> None:
    written, words = await sent("12.60", XTERM)
    assert written == ["12.60"]
    assert words == "to the terminal's clipboard (OSC 52), if it allows that"


@pytest.mark.parametrize("term", ["linux", "vt100", "unknown", "", "\x1b[31m"])
async def test_a_console_without_a_clipboard_is_sent_nothing(term: str) -> None:
    written: list[str] = []
    if term.startswith("\x1b"):
        await copy("1", written.append, SystemClock(), {"TERM": term})
        return
    with pytest.raises(NotCopiedError, match="has no clipboard"):
        await copy("1", written.append, SystemClock(), {"TERM": term})
    assert not written


async def test_the_size_is_limited_to_the_byte() -> None:
    written, _ = await sent("é" * (MOST_BYTES // 2), XTERM)
    assert written
    with pytest.raises(NotCopiedError, match="65,537 bytes are more than"):
        await sent("é" * (MOST_BYTES // 2) + "x", XTERM)


def test_nothing_that_a_terminal_obeys_is_copied() -> None:
    asked = CopyAsked("a\x1b]52;c;x\x07b\nc\r\x00d\u202e", "")
    assert asked.text == "a\ufffd]52;c;x\ufffdb\nc\ufffd\ufffdd\ufffd"


async def test_where_tmux_does_not_answer_the_terminal_is_asked_through_it(tmp_path: Path) -> None:
    written, words = await sent("7", XTERM | {"TMUX": f"{tmp_path}/none,1,0", "PATH": os.environ["PATH"]})
    assert written == ["7"]
    assert words.endswith("through tmux, if set-clipboard is on")


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A tmux server of its own, as a program in it sees it."""
    if shutil.which("tmux") is None:
        pytest.skip("there is no tmux on this machine")
    socket = str(tmp_path / "tmux")
    environ = {"PATH": os.environ["PATH"], "TERM": "xterm-256color"}
    subprocess.run(["tmux", "-S", socket, "-f", "/dev/null", "new-session", "-d", "cat"], env=environ, check=True)
    try:
        yield environ | {"TMUX": f"{socket},1,0", "SECRET": "hidden"}
    finally:
        subprocess.run(["tmux", "-S", socket, "kill-server"], env=environ, check=False)


async def test_tmux_has_what_was_copied_in_its_buffer(tmux: dict[str, str]) -> None:
    written, words = await sent("two\nlines é", tmux)
    assert not written and words.startswith("to tmux's buffer")
    assert shown_buffer(tmux) == "two\nlines é"


def shown_buffer(tmux: dict[str, str]) -> str:
    socket = tmux["TMUX"].split(",")[0]
    shown = subprocess.run(["tmux", "-S", socket, "show-buffer"], env=tmux, capture_output=True, check=True)
    return shown.stdout.decode()
