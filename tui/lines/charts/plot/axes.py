"""The axes of a chart: the range of each, the labels beside it, and the line under the plot."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from chain.model.session import new_york
from tui.lines.charts.plot.chart import Axis
from tui.lines.charts.plot.glyphs import Glyphs
from tui.lines.charts.plot.scale import Scale, Tick, spread, ticks, usable
from tui.lines.line import Line, Role, Span

_SECONDS = (5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400)  # between clock ticks

_APART, _APART_CLOCKS = 9, 12  # columns for a label and the space beside it


class Under(NamedTuple):
    """What stands at a column under the plot: a letter of a mark."""

    column: int
    letter: str
    role: Role


def range_of(axis: Axis, values: Iterable[float | None]) -> tuple[float, float] | None:
    """Return the range of an axis over values, with the ends that it must have; None where there is no value."""
    found = [value for value in values if usable(value)]
    return spread([*found, *axis.ends]) if found else None


def ticks_of(axis: Axis, low: float, high: float, most: int) -> list[Tick]:
    """Return what is labelled along an axis: what has a name, else round values, figures or times of day."""
    if axis.named:
        return [Tick(*one) for one in axis.named if usable(one[0]) and low <= one[0] <= high]
    if not axis.clock:
        return ticks(low, high, most)
    step = next((each for each in _SECONDS if (high - low) / each <= most), _SECONDS[-1])
    times = range(math.ceil(low / step) * step, math.floor(high) + 1, step)
    return [Tick(float(at), f"{new_york(at):%H:%M:%S}") for at in times[:most]]


def labels(marked: Sequence[Tick], scale: Scale, rows: int, down: int) -> dict[int, str]:
    """Return what stands beside each row of a plot: the tick whose value lies in it."""
    return {rows - 1 - scale.dot(tick.value) // down: tick.text for tick in marked if scale.covers(tick.value)}


def under(
    axis: Axis, scale: Scale, columns: int, indent: int, width: int, glyphs: Glyphs, letters: Sequence[Under]
) -> list[Line]:
    """Return the line under a plot, and the labels that there is room for."""
    text, base = [" "] * width, list(glyphs.base * columns)
    apart = _APART_CLOCKS if axis.clock else _APART
    for tick in ticks_of(axis, scale.low, scale.high, max(2, columns // apart)):
        column, size = scale.dot(tick.value) // glyphs.across, len(tick.text)
        start = max(0, min(indent + column - size // 2, width - size))
        is_under = start <= indent + column < start + size
        if not is_under or any(char != " " for char in text[max(0, start - 1) : start + size + 1]):
            continue
        text[start : start + size] = tick.text
        base[column] = glyphs.base_tick
    line = [Span(" " * (indent - 1) + glyphs.corner, Role.DIM)]
    lettered = {each.column: each for each in letters}
    line += [
        Span(lettered[at].letter, lettered[at].role) if at in lettered else Span(char, Role.DIM)
        for at, char in enumerate(base)
    ]
    line.append(Span(" " * (width - indent - columns)))
    return [_merged(line), (Span("".join(text)[:width], Role.DIM),)]


def _merged(spans: Sequence[Span]) -> Line:
    """Return spans with neighbours of one meaning as one."""
    merged: list[Span] = []
    for span in spans:
        if merged and merged[-1].role == span.role:
            merged[-1] = merged[-1]._replace(text=merged[-1].text + span.text)
        else:
            merged.append(span)
    return tuple(merged)
