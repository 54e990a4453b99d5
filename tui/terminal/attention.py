"""Calls for attention as bytes: the bell, and a desktop notification by OSC 9 or OSC 777, as terminals know them."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from chain.text import clean

if TYPE_CHECKING:
    from tui.ports.alerts import Call  # with it comes the Board, and every command loads what is set here

AUTO: Final = "auto"
_BELL, _ESCAPE = "\a", "\x1b"
_TITLE = "chaindeck"
_LONGEST = 200
_MUTE = ("linux", "vt", "dumb", "unknown", "cons")  # consoles that print what they do not know
_KNOW_777 = ("rxvt", "foot")


class NotifyBy(StrEnum):
    """How a terminal is asked for a desktop notification."""

    OSC9 = "osc9"  # iTerm2, WezTerm, kitty, Ghostty
    OSC777 = "osc777"  # urxvt with its extension, foot, some builds of GNOME Terminal
    OFF = "off"


class Attention:
    """Makes calls for attention in the form that a terminal understands."""

    def __init__(self, wanted: str, environment: Mapping[str, str]) -> None:
        """`wanted` is a way of `NotifyBy`, or `auto`: as the environment's TERM is known to understand."""
        term = environment.get("TERM", "").lower()
        self.way = _way_of(term) if wanted == AUTO else NotifyBy(wanted)
        self._in_tmux = bool(environment.get("TMUX")) or term.startswith("tmux")
        self._in_screen = not self._in_tmux and term.startswith("screen")

    def sequence(self, calls: "Iterable[Call]") -> str:
        """Return what is written to the terminal for some calls: a bell once, and each notification."""
        made = list(calls)
        texts = [call.notify for call in made if call.notify] if self.way is not NotifyBy.OFF else []
        return (_BELL if any(call.bell for call in made) else "") + "".join(map(self._notification, texts))

    def _notification(self, text: str) -> str:
        words = clean(text, _LONGEST)
        # With a number first, some terminals take OSC 9 for something else; semicolons part the fields of OSC 777.
        body = f"9;{_TITLE}: {words}"
        if self.way is NotifyBy.OSC777:
            body = f"777;notify;{_TITLE};{words.replace(';', ',')}"
        return self._passed_on(f"{_ESCAPE}]{body}{_BELL}")

    def _passed_on(self, sequence: str) -> str:
        """Return a sequence as a multiplexer hands it to the terminal outside, where it is allowed to."""
        if self._in_tmux:
            return f"{_ESCAPE}Ptmux;{sequence.replace(_ESCAPE, _ESCAPE * 2)}{_ESCAPE}\\"
        return f"{_ESCAPE}P{sequence}{_ESCAPE}\\" if self._in_screen else sequence


def _way_of(term: str) -> NotifyBy:
    """Return the way for a TERM; one that is not known is asked by OSC 9, which others pass over."""
    if not term or term.startswith(_MUTE):
        return NotifyBy.OFF
    return NotifyBy.OSC777 if term.startswith(_KNOW_777) else NotifyBy.OSC9
