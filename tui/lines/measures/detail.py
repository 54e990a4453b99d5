"""The measure under the cursor in full: its value, what it is, what it rests on, and how old that is."""

from collections.abc import Iterator, Mapping
from textwrap import wrap

from chain.analytics.measures.measure import FRACTION, Measure
from chain.model.keys import SnapshotId
from tui.lines import figures
from tui.lines.line import EMPTY, Ground, Line, Role, Span, justify, left
from tui.lines.measures.names import LABELS, MeasureRow
from tui.lines.measures.table import MeasureColumn, cell_text

_SLICED = "slice only: strikes beyond the snapshot's range are not in it"
_NO_TOTAL = "of one expiration: there is none of all together"
_OF_ALL = "of the underlying, not of one expiration"
_VOLATILITIES = frozenset({"atm_iv", "near_iv", "far_iv", "iv_call_25", "iv_put_25", "realised_vol", "standard_error"})
_INDENT = 11


def detail_lines(
    row: MeasureRow, column: MeasureColumn, ages: Mapping[SnapshotId, float | None], width: int, room: int
) -> tuple[Line, ...]:
    """Return `room` lines, the first a heading; what does not fit ends in an ellipsis.

    `ages` are those of snapshots, seconds.
    """
    measure = column.measures.get(row.name)
    day = column.heads[0].text
    if measure is None:
        why = _why_none(row, column)
        return _filled([_heading(row, day, [], "", width), _line("", why, width)], room, width)
    shown = cell_text(row, column.measures)
    parts = [Span(f" {shown} ", Role.STRONG), Span(f"{_unit(measure)} ")]
    lines = [_heading(row, day, parts, _oldest(measure, ages), width)]
    for name, words in _told(row, measure):
        lines += _wrapped(name, words, width)
    return _filled(lines, room, width)


def _why_none(row: MeasureRow, column: MeasureColumn) -> str:
    """Return why a column has no such measure, not even one without a value."""
    if not column.measures:
        return "no valid snapshot of it has been read and derived"
    return _NO_TOTAL if column.chain is None else f"{_OF_ALL}: {LABELS[row.name]} stands under total"


def _heading(row: MeasureRow, day: str, parts: list[Span], oldest: str, width: int) -> Line:
    name = LABELS[row.name] if row.is_measure else f"{LABELS[row.name]}: {row.label}"
    start = [Span(f" {name} ", Role.HEAD), Span(f" {day} ", Role.TEXT), *parts]
    return justify(start, [Span(f"{oldest} ", Role.TEXT)], width, Ground.BAR)


def _unit(measure: Measure) -> str:
    return "%" if measure.unit == FRACTION else measure.unit


def _oldest(measure: Measure, ages: Mapping[SnapshotId, float | None]) -> str:
    """Return of how old a snapshot a measure is; of several, how old the oldest is, and which."""
    oldest = measure.oldest
    count = len(set(measure.snapshots))
    if oldest not in ages:
        return f"{count} snapshots since {figures.clock(oldest.ts_ms / 1000)}"
    age = figures.how_old(ages.get(oldest))
    return age if count == 1 else f"oldest of {count} snapshots: {figures.day(oldest.chain.expiry)}, {age}"


def _told(row: MeasureRow, measure: Measure) -> Iterator[tuple[str, str]]:
    """Yield what is to be said of a measure, each with a word in front of it."""
    if measure.note:
        yield ("note" if measure.value is not None else "none"), measure.note
    yield "is", measure.convention
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(measure.skipped.items()))
    skipped = f"{sum(measure.skipped.values())} skipped" + (f": {reasons}" if reasons else "")
    counted = "returns" if row.name == "realised_vol" else "contracts"
    yield counted, f"{measure.used} used, {skipped}"
    inputs = ", ".join(f"{name.replace('_', ' ')} {_input(name, value)}" for name, value in measure.inputs.items())
    if inputs:
        yield "inputs", inputs
    if measure.slice_only:
        yield "", _SLICED


def _input(name: str, value: float | None) -> str:
    """Return an input as it stands, a volatility in percent."""
    if value is None:
        return figures.MISSING
    if name in _VOLATILITIES:
        return f"{figures.percent(value)} %"
    return f"{value:,.0f}" if abs(value) >= 1e6 else f"{value:,.6g}"


def _wrapped(name: str, words: str, width: int) -> list[Line]:
    first, *rest = wrap(words, max(20, width - _INDENT - 1)) or [""]
    return [_line(name, first, width), *(_line("", more, width) for more in rest)]


def _line(name: str, words: str, width: int) -> Line:
    return (Span(f"{name:>{_INDENT - 1}} ", Role.DIM), Span(left(words, max(0, width - _INDENT)), Role.TEXT))


def _filled(lines: list[Line], room: int, width: int) -> tuple[Line, ...]:
    """Return exactly `room` lines; where more are left out, the last says so."""
    if len(lines) > room:
        last = lines[room - 1]
        text = "".join(span.text for span in last).rstrip()
        return (*lines[: room - 1], (Span(left(f"{text[: max(0, width - 2)]} …", width)),))
    return (*lines, *[EMPTY] * (room - len(lines)))
