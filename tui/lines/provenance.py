"""An explanation as lines: what it is of and the number as shown, then each section's facts under its heading."""

import textwrap

from chain.monitor.explain.explanation import Explanation, Fact
from tui.lines.line import EMPTY, Ground, Line, Role, Span, justify, left

WIDTH = 96
_NAME, _LONG_NAME = 12, 24  # characters of a fact's name, at least and at most
_ROLES = {"value": Role.STRONG, "missing": Role.CAUTION, "key": Role.ACCENT, "field": Role.ACCENT}


def provenance_lines(found: Explanation, shown: str, width: int) -> list[Line]:
    """Return an explanation for a panel of `width`; `shown` is the number as it reads on screen."""
    lines: list[Line] = [justify([Span(f" {found.title}", Role.HEAD)], [Span(f"{shown} ", Role.STRONG)], width)]
    longest = max((len(fact.name) for section in found.sections for fact in section.facts), default=0)
    names = max(_NAME, min(_LONG_NAME, longest))
    for section in found.sections:
        lines += [EMPTY, (Span(left(f" {section.heading}", width), Role.HEAD, Ground.BAR),)]
        for fact in section.facts:
            lines += _fact(fact, names, width)
    return lines


def _fact(fact: Fact, names: int, width: int) -> list[Line]:
    """Return a fact: its name, and beside it what is said, in as many lines as that takes."""
    room = max(20, width - names - 3)
    first, *rest = textwrap.wrap(fact.text, room, break_on_hyphens=False)
    role = _ROLES.get(fact.name, Role.TEXT)
    lines: list[Line] = [(Span(f" {left(fact.name, names)} ", Role.DIM), Span(first, role))]
    return [*lines, *((Span(" " * (names + 2)), Span(part, role)) for part in rest)]
