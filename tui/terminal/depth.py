"""How many colours a terminal has."""

import curses
from collections.abc import Mapping
from enum import IntEnum
from typing import Final, Protocol, runtime_checkable

_MONO: Final = ("vt100", "vt102", "vt220", "vt320", "vt420", "dumb", "unknown")


class Depth(IntEnum):
    """Colours that can be told apart."""

    NONE = 0
    SIXTEEN = 16
    EIGHT_BIT = 256
    TRUE = 1 << 24

    @property
    def rich_name(self) -> str:
        """Rich's name of it; where there are no colours the attributes still are."""
        return {Depth.EIGHT_BIT: "256", Depth.TRUE: "truecolor"}.get(self, "standard")


@runtime_checkable
class HasDepth(Protocol):
    """An application that knows its terminal."""

    depth: Depth


_FORCED = {"standard": Depth.SIXTEEN, "256": Depth.EIGHT_BIT, "truecolor": Depth.TRUE}


def colour_depth(environment: Mapping[str, str]) -> Depth:
    """Return what a user's environment says: NO_COLOR, Textual's own setting, COLORTERM, TERM, in this order."""
    if environment.get("NO_COLOR"):
        return Depth.NONE
    if forced := _FORCED.get(environment.get("TEXTUAL_COLOR_SYSTEM", "")):
        return forced
    term = environment.get("TERM", "")
    if not term or term.startswith(_MONO) or term.endswith(("-mono", "-m")):
        return Depth.NONE
    if environment.get("COLORTERM", "").lower() in ("truecolor", "24bit") or term.endswith("-direct"):
        return Depth.TRUE
    if term.endswith("-256color") or term.startswith("xterm-kitty"):
        return Depth.EIGHT_BIT
    return _from_terminfo(term)


def _from_terminfo(term: str) -> Depth:
    """Return what the system's own description says; sixteen where there is none, as every colour terminal has."""
    try:
        curses.setupterm(term, fd=2)
        colours = curses.tigetnum("colors")
    except curses.error:
        return Depth.SIXTEEN
    return Depth.EIGHT_BIT if colours >= Depth.EIGHT_BIT else Depth.SIXTEEN if colours > 1 else Depth.NONE


def light_terminal(environment: Mapping[str, str]) -> bool:
    """Whether the terminal says by COLORFGBG that its ground is light."""
    return environment.get("COLORFGBG", "").rpartition(";")[2] in ("7", "15")
