"""What is copied goes to the reader's clipboard: by tmux where the deck runs in it, else by the terminal (OSC 52)."""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable, Mapping

from textual.message import Message

from chain.clock import Clock
from chain.text import clean
from tui.terminal.driver import PLAIN_TERMS

MOST_BYTES = 64 * 1024  # terminals and tmux refuse more, some without a word
_LINE = 1_000  # characters
_TMUX_S = 2.0
_PASSED = ("TMUX", "TMUX_PANE", "TMUX_TMPDIR", "TERM", "PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE")


class CopyAsked(Message):
    """Something is to be copied: a text, and what it is in a few words."""

    def __init__(self, text: str, what: str) -> None:
        super().__init__()
        self.text = "\n".join(clean(line, _LINE) for line in text.split("\n"))
        self.what = what


class NotCopiedError(Exception):
    """Why something cannot be copied, in a line."""


async def copy(text: str, by_terminal: Callable[[str], None], clock: Clock, environ: Mapping[str, str]) -> str:
    """Copy a text, and return to where; raise NotCopiedError. `by_terminal` writes OSC 52.

    A terminal does not answer, so whether it took the text is not known. tmux takes such a sequence only where it is
    set to, but always takes a buffer, and hands it to the terminal itself.
    """
    size = len(text.encode())
    if size > MOST_BYTES:
        raise NotCopiedError(f"{size:,} bytes are more than a clipboard takes from a terminal, {MOST_BYTES:,}")
    if environ.get("TMUX") and await _to_tmux(text, clock, environ):
        return "to tmux's buffer, which it hands on to the terminal's clipboard"
    term = environ.get("TERM", "")
    if not term or term.startswith(PLAIN_TERMS):
        raise NotCopiedError(f"a terminal of the kind {clean(term, 20) or '(none)'} has no clipboard")
    by_terminal(text)
    through = " through tmux, if set-clipboard is on" if environ.get("TMUX") else ", if it allows that"
    return f"to the terminal's clipboard (OSC 52){through}"


async def _to_tmux(text: str, clock: Clock, environ: Mapping[str, str]) -> bool:
    """Load a tmux buffer; return whether that was done."""
    passed = {name: environ[name] for name in _PASSED if name in environ}
    try:
        process = await asyncio.create_subprocess_exec(
            "tmux", "load-buffer", "-w", "-", stdin=PIPE, stdout=DEVNULL, stderr=DEVNULL, env=passed
        )
    except OSError:
        return False
    try:
        async with clock.timeout(_TMUX_S):
            await process.communicate(text.encode())
    except TimeoutError:
        process.kill()
        await process.wait()
    return process.returncode == 0
