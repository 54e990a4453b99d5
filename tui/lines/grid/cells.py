"""One strike as a line: the cells of its call and its put, with their marks, about the strike axis."""

import re
from functools import lru_cache
from typing import NamedTuple

from chain.model.grid import Condition
from tui.lines import figures
from tui.lines.grid.annotations import tag_text
from tui.lines.grid.changes import LegChanges
from tui.lines.grid.columns.bars import bar
from tui.lines.grid.columns.catalogue import APART, ODD, ROOT_WIDTH, SOUND, STRIKE_WIDTH, Column, Figure
from tui.lines.grid.columns.sets import Layout, mirrored
from tui.lines.line import Ground, Line, Role, Span, justify, left, right

CONDITION_SIGN = {Condition.CROSSED: "x", Condition.LOCKED: "=", Condition.NEGATIVE: "n", Condition.ONE_SIDED: "o"}
APART_SIGN = "~"  # before a greek of the vendor that disagrees with Black-Scholes
STREAM_SIGN = "*"  # before a figure that the stream has painted over the snapshot's
_MARKED = re.compile(r"[\[*▴▾~]*(.*?)((?<=\d)[x=no])?\]?")
_ROWS_KEPT, _SIDES_KEPT = 256, 512  # lines of the snapshot before, which most of a new one reads like


class Side(NamedTuple):
    """All that a contract's cells are made of; `figures` is None where it is not listed."""

    figures: tuple[Figure, ...] | None
    condition: Condition = Condition.OK
    apart: bool = False
    moved: LegChanges = ()
    newer: tuple[str, ...] = ()


NOT_LISTED = Side(None)


class Axis(NamedTuple):
    """What stands between the two sides."""

    strike: float
    root: str
    is_atm: bool
    itm: tuple[bool, bool]
    tags: tuple[str, ...]
    band: str


@lru_cache(maxsize=_ROWS_KEPT)
def strike_line(call: Side, axis: Axis, put: Side, layout: Layout, full: float) -> Line:
    """Return one strike's line; most rows of a new snapshot read as they did in the one before."""
    base = Ground.ATM if axis.is_atm else Ground.PLAIN
    grounds = [base if base is not Ground.PLAIN or not inside else Ground.ITM for inside in axis.itm]
    spans = [Span(" " * layout.margin, Role.TEXT, base)]
    spans += _spans(call, layout.columns, grounds[0], full, leftwards=True)
    spans += middle(
        axis.strike,
        axis.root if layout.roots else "",
        is_atm=axis.is_atm,
        itm=axis.itm,
        ground=base,
        width=layout.strike,
        tags=_tags(axis.tags, layout.tags),
        band=axis.band,
    )
    spans += _spans(put, mirrored(layout.columns), grounds[1], full, leftwards=False)
    return justify(spans, [], layout.width, base)


def _tags(tags: tuple[str, ...], width: int) -> str:
    """Return the tags beside the strike, a blank between where there is room."""
    return f"{right(tag_text(tags, width - 1), width - 1)} " if width > 2 else left(tag_text(tags, width), width)


def middle(
    strike: float,
    root: str,
    *,
    is_atm: bool,
    itm: tuple[bool, bool],
    ground: Ground,
    width: int = STRIKE_WIDTH,
    tags: str = "",
    band: str = " ",
) -> list[Span]:
    """The strike between two rules; the rule beside an in-the-money leg is heavy, so that it reads without colour.

    `root` where there are several; `tags` before the strike and `band` after it.
    """
    text = figures.strike(strike)
    before = (" ┃" if itm[0] else " │") + (left(f" {root}", ROOT_WIDTH) if root else "")
    told = tags.strip()
    if told:
        blank = tags.index(told)
        spans = [Span(before + tags[:blank], Role.DIM, ground), Span(tags[blank:], Role.ACCENT, ground)]
    else:
        spans = [Span(before + tags, Role.DIM, ground)]  # one run: every other style is bytes on the line
    shown = right(f"[{text}]" if is_atm else f"{text} ", width)
    spans.append(Span(shown, Role.STRONG if is_atm else Role.HEAD, ground))
    spans.append(Span(f"{band}┃" if itm[1] else f"{band}│", Role.DIM, ground))
    return spans


@lru_cache(maxsize=_SIDES_KEPT)
def _spans(
    side: Side, columns: tuple[Column, ...], ground: Ground, full: float, *, leftwards: bool
) -> tuple[Span, ...]:
    """One leg's cells, neighbours of one meaning joined."""
    directions = dict(side.moved)
    spans: list[Span] = []
    joined, meaning = "", Role.TEXT
    for at, column in enumerate(columns):
        figure = None if side.figures is None else side.figures[at]
        if column.bar:
            text, role = bar(figure, full, column.width, leftwards=leftwards), Role.CALL if leftwards else Role.PUT
        else:
            text, role = _cell(side, column, figure, directions.get(column.name, 0))
        if joined and role is not meaning:
            spans.append(Span(joined, meaning, ground))
            joined = ""
        joined, meaning = joined + text, role
    return (*spans, Span(joined, meaning, ground))


def _cell(side: Side, column: Column, figure: Figure, direction: int) -> tuple[str, Role]:
    """Return how a figure reads, with its marks, and what it means."""
    text = figures.MISSING if side.figures is None else column.text(figure)
    if text in (figures.MISSING, SOUND):
        return right(text, column.width), Role.DIM
    sign = ""
    if column.name in side.newer:
        sign, direction = STREAM_SIGN, 0  # that of the snapshot says nothing of it
    elif side.apart and column.name in APART:
        return right(APART_SIGN + text, column.width), Role.TEXT  # where it fills its column, the sign parts it
    if column.name in ODD:
        is_marked = side.condition is not Condition.ONE_SIDED or figure  # of one-sided quotes, the side that is there
        text += CONDITION_SIGN.get(side.condition, "") if is_marked else ""
        sign = sign or ("", "▴", "▾")[direction]
    text = sign + text if len(text) + len(sign) < column.width else text
    return f" {right(text, column.width - 1)}", (Role.TEXT, Role.UP, Role.DOWN)[direction]


def unmarked(text: str) -> str:
    """Return a figure without the marks around it."""
    found = _MARKED.fullmatch(text)
    return found[1] if found else text
