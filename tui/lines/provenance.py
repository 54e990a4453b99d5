"""An explanation as lines: what it is of and the number as shown, then each section's facts under its heading."""

import textwrap

from chain.monitor.explain.explanation import Explanation, Fact
from tui.lines.line import EMPTY, Ground, Line, Role, Span, justify, left

WIDTH = 96
_NAME = 13
_ROLES = {"value": Role.STRONG, "missing": Role.CAUTION, "key": Role.ACCENT, "field": Role.ACCENT}


def provenance_lines(found: Explanation, shown: str, width: int) -> list[Line]:
    """Return an explanation for a panel of `width`; `shown` is the number as it reads on screen."""
    lines: list[Line] = [justify([Span(f" {found.title}", Role.HEAD)], [Span(f"{shown} ", Role.STRONG)], width)]
    for section in found.sections:
        lines += [EMPTY, (Span(left(f" {section.heading}", width), Role.HEAD, Ground.BAR),)]
        for fact in section.facts:
            lines += _fact(fact, width)
    return lines


def _fact(fact: Fact, width: int) -> list[Line]:
    """Return a fact: its name, and beside it what is said, in as many lines as that takes."""
    room = max(20, width - _NAME - 2)
    first, *rest = textwrap.wrap(fact.text, room, break_on_hyphens=False)
    role = _ROLES.get(fact.name, Role.TEXT)
    lines: list[Line] = [(Span(f" {left(fact.name, _NAME)}", Role.DIM), Span(first, role))]
    return [*lines, *((Span(" " * (_NAME + 1)), Span(part, role)) for part in rest)]
