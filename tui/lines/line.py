"""Lines of styled text as plain data: every panel is a function to these, on a terminal, in a file or in a test."""

import textwrap
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple


class Role(StrEnum):
    """What a piece of text means; its colour is the theme's affair."""

    TEXT = "text"
    DIM = "dim"
    HEAD = "head"
    STRONG = "strong"
    OK = "ok"
    CAUTION = "caution"
    ALARM = "alarm"
    BADGE = "badge"
    ACCENT = "accent"
    UP = "up"
    DOWN = "down"
    CALL = "call"  # of two sides that are drawn, as in bars and curves
    PUT = "put"


class Ground(StrEnum):
    """What lies behind a piece of text."""

    PLAIN = "plain"
    BAR = "bar"
    ITM = "itm"
    ATM = "atm"
    CURSOR = "cursor"
    ALARM = "alarm"
    HEAT_1 = "heat-1"  # the lowest step of a scale
    HEAT_2 = "heat-2"
    HEAT_3 = "heat-3"
    HEAT_4 = "heat-4"
    HEAT_5 = "heat-5"
    HEAT_6 = "heat-6"
    HEAT_7 = "heat-7"


HEAT = (Ground.HEAT_1, Ground.HEAT_2, Ground.HEAT_3, Ground.HEAT_4, Ground.HEAT_5, Ground.HEAT_6, Ground.HEAT_7)


class Span(NamedTuple):
    """A run of text of one meaning."""

    text: str
    role: Role = Role.TEXT
    ground: Ground = Ground.PLAIN


Line = tuple[Span, ...]
EMPTY: Line = ()


def plain(line: Line) -> str:
    """Return a line's text without its meaning, trailing space removed."""
    return "".join(span.text for span in line).rstrip()


def left(text: str, width: int) -> str:
    """Return exactly `width` characters, text first; what does not fit ends in an ellipsis."""
    return text.ljust(width) if len(text) <= width else text[: max(0, width - 1)] + "…"


def right(text: str, width: int) -> str:
    """Return exactly `width` characters, text last; a number that does not fit shows `#` rather than wrong digits."""
    return text.rjust(width) if len(text) <= width else "#" * width


def length(line: Iterable[Span]) -> int:
    """Return how many characters a line has."""
    return sum(len(span.text) for span in line)


def cut(lines: Sequence[Line], room: int, top: int = 0) -> list[Line]:
    """Return at most `room` lines from line `top` on; where that leaves out later ones, the last says how many."""
    shown = list(lines[top : top + room])
    more = len(lines) - top - room + 1
    return [*shown[:-1], (Span(f"   +{more} more", Role.ACCENT),)] if more > 1 and shown else shown


def wrapped(text: str, lead: str, role: Role, end: str, width: int) -> list[Line]:
    """Wrap a text behind `lead`, set in as far on later lines; `end` stands at the right of the first."""
    first, *rest = textwrap.wrap(text, max(10, width - len(lead) - len(end) - 2)) or [""]
    lines = [justify([Span(f"{lead}{first}", role)], [Span(f" {end} ", Role.DIM)], width)]
    return [*lines, *((Span(left(f"{' ' * len(lead)}{part}", width), role),) for part in rest)]


def dimmed(line: Line) -> Line:
    """Return a line of figures that may be true no longer: none stands out, and the shade beneath them is gone."""
    return tuple(Span(span.text, Role.DIM, Ground.PLAIN if span.ground is Ground.ITM else span.ground) for span in line)


def justify(start: Sequence[Span], end: Sequence[Span], width: int, ground: Ground = Ground.PLAIN) -> Line:
    """Return a line of exactly `width` with `start` at its left and `end` at its right; the start gives way."""
    free = max(0, width - length(end))
    kept: list[Span] = []
    for span in start:
        if free <= 0:
            break
        kept.append(span if len(span.text) <= free else span._replace(text=left(span.text, free)))
        free -= len(kept[-1].text)
    kept += [Span(" " * free, Role.TEXT, ground), *end]
    return tuple(
        span if span.ground is not Ground.PLAIN or ground is Ground.PLAIN else span._replace(ground=ground)
        for span in kept
    )
