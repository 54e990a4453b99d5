"""The page of measures as lines: a row for each measure, a column for each expiration, totals last."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from msgspec import Struct

from chain.analytics.measures.gamma import GexConvention
from chain.analytics.measures.measure import Measure
from chain.analytics.measures.underlying import UnderlyingMeasures
from chain.model.keys import ChainId, SnapshotId
from chain.monitor.states import State
from tui.lines import figures
from tui.lines.board.words import STATE_ROLE
from tui.lines.expirations import Expiration, beside_chains, in_view
from tui.lines.grid.frame import is_past
from tui.lines.line import EMPTY, Ground, Line, Role, Span, justify, left, length, right
from tui.lines.measures.choice import MeasureChoice
from tui.lines.measures.names import REALISED, ROWS, UNIT_WIDTH, MeasureRow, unit_text, value_text
from tui.lines.strip import as_of

CELL = 11
_GROUP, _LABEL = 9, 26
_USED, _SKIPPED = 6, 8
_ABOUT = 20  # columns from which there is room to say what a measure is
_FIXED = 1 + _GROUP + _LABEL + UNIT_WIDTH
_SLICE_ONLY = "* slice only"
_HEADS = ("expiration", "left, settles", "state", "age")


_STARTS = (0, *(at for at, (one, other) in enumerate(pairwise(ROWS), 1) if one.group != other.group))
_SPACED = tuple(line for at in range(len(ROWS)) for line in ((None, at) if at and at in _STARTS else (at,)))


class MeasureColumn(Struct, frozen=True):
    """What stands over a column, and the measures in it; `chain` is None for all expirations together."""

    chain: ChainId | None
    heads: tuple[Span, Span, Span, Span]
    measures: Mapping[str, Measure]
    past: bool  # whether what it says was true once, and need not be now


class MeasuresTable(Struct, frozen=True):
    """The page as lines; `cells` are where columns stand: from where to where, and of which chain.

    `rows` are the indices in `ROWS` of the body's lines, None for a blank one; `cursor` is a body line.
    """

    head: tuple[Line, ...]
    body: tuple[Line, ...]
    cells: tuple[tuple[int, int, ChainId | None], ...]
    rows: tuple[int | None, ...]
    cursor: int


def measure_columns(expirations: Sequence[Expiration], across: UnderlyingMeasures | None) -> tuple[MeasureColumn, ...]:
    """Return a column for each expiration and, last, one for all together."""
    beside = beside_chains(across)
    return (*(_column(one, beside) for one in expirations), _total(expirations, across))


def _column(one: Expiration, beside: Mapping[SnapshotId, Mapping[str, Measure]]) -> MeasureColumn:
    known = one.analytics
    measures = {} if known is None else {**known.measures.measures, **beside.get(known.snapshot_id, {})}
    return MeasureColumn(one.chain, (Span(one.day), Span(one.runs), one.state, one.age), measures, one.is_past)


def _total(expirations: Sequence[Expiration], across: UnderlyingMeasures | None) -> MeasureColumn:
    """Return the column of all together, which is in the worst state of its parts, and as old as the oldest."""
    parts = [one for one in expirations if one.analytics is not None]
    worst = min((one.shown.state for one in parts), key=list(State).index, default=None)
    oldest = max((one.shown.age_s for one in parts if one.shown.age_s is not None), default=None)
    state = Span("") if worst is None else Span(worst, STATE_ROLE[worst])
    heads = Span("total"), Span(f"{len(parts)} of {len(expirations)}"), state, Span(figures.age(oldest))
    measures = dict(across.totals) if across else {}
    if across is not None and across.realised is not None:
        measures[REALISED] = across.realised
    return MeasureColumn(None, heads, measures, worst is not None and is_past(worst))


def measures_title(
    underlying: str, badge: str, width: int, gex: GexConvention, *, at: str = "", frozen: str = "", last_good: str = ""
) -> Line:
    """Return the line over the page: by which convention gamma exposure is told, and what the measures' mark means.

    `at` is the instant of the past that is shown, `frozen` the time of day at which the view was frozen, `last_good`
    that of the snapshot of the chosen chain where it has no current one.
    """
    end = [Span(" "), Span(badge, Role.BADGE), Span(" ")]
    start = [Span(f" MEASURES {underlying} ", Role.HEAD), *as_of(at)]
    start += [Span(f" FROZEN {frozen} ", Role.CAUTION)] if frozen else []
    start += [Span(f" LAST GOOD {last_good} ", Role.CAUTION)] if last_good else []
    signs = gex.signs.value[0]
    for words in (f" GEX in {gex.unit.words}, {signs} ", f" GEX {gex.unit.words}, {signs} ", f" GEX {signs} "):
        if length([*start, *end]) + len(words) <= width:
            start.append(Span(words, Role.TEXT))
            break
    if length([*start, *end]) + len(_SLICE_ONLY) <= width:
        start.append(Span(_SLICE_ONLY, Role.DIM))
    return justify(start, end, width, Ground.BAR)


def measures_table(
    columns: Sequence[MeasureColumn], choice: MeasureChoice, selected: ChainId | None, width: int, lines: int = 0
) -> MeasuresTable:
    """Return the page as lines: as many expirations as there is room for, the selected one among them.

    Where all rows have room in so many `lines`, a blank one stands between their groups.
    """
    chosen = chosen_column(columns, choice, selected)
    *chains, total = columns
    room = (width - _FIXED - CELL - _USED - _SKIPPED) // CELL
    at = next((at for at, column in enumerate(chains) if column.chain == selected), 0)
    shown = (*chains[in_view(chains, at, room)], total)
    hidden = len(chains) - len(shown) + 1
    end = _FIXED + CELL * len(shown)
    rest = max(0, width - end)
    head = tuple(_heading(line, shown, chosen, hidden, rest) for line in range(len(_HEADS)))
    rows = _SPACED if lines >= len(_SPACED) else tuple(range(len(ROWS)))
    body = tuple(
        EMPTY if index is None else _row(index, shown, chosen, rest, under=index == choice.at) for index in rows
    )
    begins = range(_FIXED, end, CELL)
    cells = tuple((begin, begin + CELL, column.chain) for begin, column in zip(begins, shown, strict=True))
    return MeasuresTable(head, body, cells, rows, rows.index(choice.at))


def chosen_column(columns: Sequence[MeasureColumn], choice: MeasureChoice, selected: ChainId | None) -> MeasureColumn:
    """Return the column under the cursor: that of the selected chain, or of all together."""
    if choice.total:
        return columns[-1]
    return next((column for column in columns if column.chain == selected and selected), columns[0])


def _heading(line: int, shown: Sequence[MeasureColumn], chosen: MeasureColumn, hidden: int, rest: int) -> Line:
    spans = [Span(left(f" {_HEADS[line]}", _FIXED), Role.DIM)]
    for column in shown:
        text, role, _ = column.heads[line]
        if line == 0:
            role = Role.HEAD
        mark = ">" if line == 0 and column is chosen else " "
        spans.append(Span(right(f"{mark}{text}", CELL - 1) + " ", role if role is not Role.TEXT else Role.DIM))
    if line == 0 and hidden > 0:
        spans.append(Span(left(f" +{hidden} more", rest), Role.ACCENT))
    if line == len(_HEADS) - 1:
        about = right("used", _USED) + right("skipped", _SKIPPED)
        about += "  what it is, or why there is none" if rest >= len(about) + _ABOUT else ""
        spans.append(Span(left(about, rest), Role.DIM))
    return tuple(spans)


def _row(index: int, shown: Sequence[MeasureColumn], chosen: MeasureColumn, rest: int, *, under: bool) -> Line:
    row, starts = ROWS[index], index in _STARTS
    known = [measure for column in (chosen, *shown) if (measure := column.measures.get(row.name)) is not None]
    mark = "*" if any(measure.slice_only for measure in known) else ""
    unit = unit_text(known[0]) if known else ""
    spans = [
        Span(left(f" {row.group if starts else ''}", 1 + _GROUP), Role.DIM),
        Span(left(f"{row.label}{mark}", _LABEL), Role.STRONG if under else Role.TEXT),
        Span(left(unit, UNIT_WIDTH), Role.DIM),
    ]
    spans += [_cell(row, column, under=under and column is chosen) for column in shown]
    return (*spans, Span(left(_about(row, chosen, rest), rest), Role.DIM))


def _cell(row: MeasureRow, column: MeasureColumn, *, under: bool) -> Span:
    text = right(cell_text(row, column.measures), CELL - 2)
    if under:
        return Span(f">{text}<", Role.STRONG, Ground.CURSOR)
    known = column.measures.get(row.name)
    quiet = column.past or known is None or known.value is None
    return Span(f" {text} ", Role.DIM if quiet else Role.TEXT)


def cell_text(row: MeasureRow, measures: Mapping[str, Measure]) -> str:
    """Return what stands in a cell; empty where a column has no such measure, though it has others."""
    measure = measures.get(row.name)
    if measure is None:
        return "" if measures else figures.MISSING
    if row.input:
        return figures.signed(measure.inputs.get(row.input))
    if row.other:
        one, other = measure.value, measures[row.other].value
        return figures.signed(None if one is None or other is None else one - other)
    return value_text(row.name, measure)


def _about(row: MeasureRow, column: MeasureColumn, room: int) -> str:
    """Return how many contracts went into a measure and how many did not.

    And where there is room what it is, or why there is none.
    """
    measure = column.measures.get(row.name)
    if measure is None or not row.is_measure:
        return ""
    counts = right(str(measure.used), _USED) + right(str(sum(measure.skipped.values())), _SKIPPED)
    if room < len(counts) + _ABOUT:
        return counts
    noted = f"{measure.note}; " if measure.note and measure.value is not None else ""
    words = measure.note if measure.value is None and measure.note else f"{noted}{measure.convention}"
    return f"{counts}  {words}"
