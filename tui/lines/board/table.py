"""The expiry board: one line for every expected chain, missing ones included, under its underlying."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby, zip_longest
from typing import overload

from msgspec import Struct

from chain.model.keys import ChainId
from chain.monitor.evaluate.signals import ChainStatus, HealthReport
from chain.monitor.states import Flag, State
from tui.lines import figures
from tui.lines.board.filter import NO_FILTER, BoardFilter
from tui.lines.board.words import SOURCE_FLAGS, STATE_ROLE, flags_within, words_within
from tui.lines.line import Ground, Line, Role, Span, justify, left, length, right
from tui.lines.strip import as_of, badge, seen, spot_text

_MARK = {State.FRESH: " ", State.AGING: "·", State.STALE: "!", State.FUTURE: ">"}
_COUNT_WIDTH = 52
_RANGE_WIDTH = 62
_FIXED_WIDTH = 38  # of a row, before its counts and flags
_DAY_WIDTH, _DATE_WIDTH = 9, 5  # of an expiration, with and without its weekday


class BoardTable(Struct, frozen=True):
    """The board as lines; `rows` tells which chain a body line belongs to, None for a group's heading."""

    head: tuple[Line, ...]
    body: Sequence[Line]
    rows: tuple[ChainId | None, ...]


class _Shape(Struct, frozen=True):
    """Which columns a board has: of those that tell less, as many as leave room for its flags."""

    width: int
    weekday: bool = True

    @property
    def counts(self) -> bool:
        """Whether there is a column of contracts."""
        return self.width >= _COUNT_WIDTH

    @property
    def ranges(self) -> bool:
        """Whether there are columns of ATM and range."""
        return self.width >= _RANGE_WIDTH

    @property
    def day(self) -> int:
        """How wide an expiration is."""
        return _DAY_WIDTH if self.weekday else _DATE_WIDTH

    @property
    def room(self) -> int:
        """How much room its flags have."""
        fixed = _FIXED_WIDTH - (_DAY_WIDTH - self.day)
        return self.width - fixed - (5 if self.counts else 0) - (14 if self.ranges else 0)

    def flags(self, status: ChainStatus) -> list[Flag]:
        """Return the flags, faults first; the source's own, which the title already says, only where there is room."""
        flags = list(status.flags)
        faults = [flag for flag in flags if flag not in SOURCE_FLAGS]
        return flags if self.counts and words_within(flags, self.room) else faults

    def spells(self, status: ChainStatus) -> bool:
        """Whether it has room for a row's flags as words."""
        return words_within(self.flags(status), self.room) is not None


def _shape_of(statuses: Sequence[ChainStatus], width: int) -> _Shape:
    """Return the shape in which these fit; a narrow board does without weekdays where its flags need the room."""
    whole = _Shape(width)
    return whole if whole.counts or all(map(whole.spells, statuses)) else _Shape(width, weekday=False)


class _Drawn(Sequence[Line]):
    """Lines that are made when they are looked at: of thousands, a panel shows a few."""

    def __init__(self, makers: Sequence[Callable[[], Line]]) -> None:
        self._makers = makers

    def __len__(self) -> int:
        return len(self._makers)

    @overload
    def __getitem__(self, at: int) -> Line: ...
    @overload
    def __getitem__(self, at: slice) -> list[Line]: ...
    def __getitem__(self, at: int | slice) -> Line | list[Line]:
        return [make() for make in self._makers[at]] if isinstance(at, slice) else self._makers[at]()


def board_table(
    report: HealthReport | None,
    selected: ChainId | None,
    width: int,
    height: int,
    *,
    at: str = "",
    wanted: BoardFilter = NO_FILTER,
) -> BoardTable:
    """Return the board for a panel of `width` x `height`; `at` is the instant of the past that it shows.

    Chains that are not wanted are left out, but for the selected one: the reader sees where they are.
    Where not every line fits, notes stand under the selected chain alone; where that is not enough, underlyings other
    than the selected one fold into their heading. What still does not fit is for the panel to scroll.
    """
    fitting = wanted.fitting(report) if report else ()
    title = _title(report, width, at, wanted, len(fitting))
    listed = _with_selected(report, fitting, selected) if report else ()
    if report is None or not listed:
        nothing = (Span(left(f"   {_why_none(report, wanted)}", width), Role.DIM),)
        return BoardTable((title, _columns(_Shape(width))), (nothing,), (None,))
    shape = _shape_of(listed, width)
    body, rows = _body(report, _grouped(listed, report.board.chains.underlyings), selected, shape, height - 2)
    return BoardTable((title, _columns(shape)), _Drawn(body), tuple(rows))


def _body(
    report: HealthReport,
    groups: Mapping[str, Sequence[ChainStatus]],
    selected: ChainId | None,
    shape: _Shape,
    room: int,
) -> tuple[list[Callable[[], Line]], list[ChainId | None]]:
    """Return what makes each line below the head, and the chain that each is about."""
    listed, width = sum(map(len, groups.values())), shape.width
    lines = listed + (len(groups) if len(groups) > 1 else 0)
    tight = lines + sum(_notes(statuses, report) for statuses in groups.values()) > room
    fold = tight and lines + 1 > room
    body: list[Callable[[], Line]] = []
    rows: list[ChainId | None] = []
    for underlying, statuses in groups.items():
        open_ = not fold or selected is None or underlying == selected.underlying
        if len(groups) > 1:
            body.append(partial(_heading, underlying, statuses, report, width, folded=not open_))
            rows.append(None if open_ else statuses[0].record.chain)
        for status, note in _noted(statuses, report, selected, shape, tight=tight) if open_ else ():
            chosen = status.record.chain == selected
            body.append(partial(_row, status, shape, chosen=chosen))
            rows.append(status.record.chain)
            if note:
                body.append(partial(_note_line, note, width))
                rows.append(status.record.chain)
    return body, rows


def _with_selected(
    report: HealthReport, fitting: Sequence[ChainStatus], selected: ChainId | None
) -> Sequence[ChainStatus]:
    """Return the chains that fit, and in its place the selected one."""
    if len(fitting) == len(report.statuses) or any(status.chain == selected for status in fitting):
        return fitting
    listed = {status.chain for status in fitting} | {selected}
    return [status for status in report.statuses if status.chain in listed]


def _grouped(listed: Sequence[ChainStatus], underlyings: Sequence[str]) -> dict[str, list[ChainStatus]]:
    """Return what is listed of each underlying, where there is any."""
    found: dict[str, list[ChainStatus]] = {}
    for status in listed:
        found.setdefault(status.chain.underlying, []).append(status)
    return {underlying: found[underlying] for underlying in underlyings if underlying in found}


def _title(report: HealthReport | None, width: int, at: str, wanted: BoardFilter, fitting: int) -> Line:
    """Return the heading; where not all fits, how many chains there are gives way to when it was so and to whose.

    A filter does not: who does not know that chains are left out takes them for gone.
    """
    start = [
        Span(" EXPIRIES ", Role.HEAD),
        *as_of(at),
        Span(" " if at else ""),
        Span(badge(report.board) if report else "", Role.BADGE),
    ]
    if wanted and report:
        return justify(start, _filtered(wanted, fitting, report, width - length(start)), width, Ground.BAR)
    end = [Span(_depth(report) + " ", Role.DIM)]
    return justify(start, end if not at or length([*start, *end]) <= width else [], width, Ground.BAR)


def _filtered(wanted: BoardFilter, fitting: int, report: HealthReport, room: int) -> list[Span]:
    """Return how many chains a filter leaves, and its words as far as there is room."""
    count = f"{fitting} of {len(report.statuses)} "
    words = left(f"/{wanted.text}", min(len(wanted.text) + 1, max(2, room - len(count) - 2)))
    return [Span(f" {words} ", Role.ACCENT), Span(count, Role.STRONG)]


def _noted(
    statuses: Sequence[ChainStatus], report: HealthReport, selected: ChainId | None, shape: _Shape, *, tight: bool
) -> Iterator[tuple[ChainStatus, str]]:
    """Yield each chain's status with the line under it: of neighbours that say the same, the last says it for all."""
    for status, following in zip_longest(statuses, statuses[1:]):
        note = _note(status, report)
        chosen = status.chain == selected
        if (tight and not chosen) or (not tight and following and note == _note(following, report)):
            note = ""
        spelled = " ".join(shape.flags(status)) if chosen and not shape.spells(status) else ""
        yield status, "; ".join(filter(None, (spelled, note)))


def _notes(statuses: Sequence[ChainStatus], report: HealthReport) -> int:
    """Return how many lines the notes of these take."""
    return sum(1 for note, _ in groupby(_note(status, report) for status in statuses) if note)


def _columns(shape: _Shape) -> Line:
    text = f"  {'expiry' if shape.weekday else 'exp':<{shape.day}}{'dte':>4} {'state':<12}{'age':>5}{'ttl':>4}"
    if shape.counts:
        text += f"{'n':>5}"
    if shape.ranges:
        text += f"{'ATM':>7}{'±range':>7}"
    return (Span(left(text + " flag", shape.width), Role.DIM),)


def _row(status: ChainStatus, shape: _Shape, *, chosen: bool) -> Line:
    ground = Ground.CURSOR if chosen else Ground.PLAIN
    record, good = status.record, status.record.last_good
    mark = _MARK.get(status.state, "x")
    words = "UNREACHABLE" if status.state is State.UNREACHABLE else f"{status.state} {mark}".rstrip()
    quiet = Role.TEXT if status.state in (State.FRESH, State.AGING, State.STALE) else Role.DIM
    day = figures.day(record.chain.expiry)[: shape.day]
    spans = [
        Span(f"{'>' if chosen else ' '} {day}{right(str(status.dte), 4)} ", Role.TEXT),
        Span(left(words, 12), STATE_ROLE[status.state]),
        Span(right(figures.age(status.age_s), 5), quiet),
        Span(right(figures.countdown(status.ttl_s), 4), Role.DIM),
    ]
    if shape.counts:
        spans.append(Span(right(str(good.summary.contracts) if good else figures.MISSING, 5), quiet))
    if shape.ranges:
        atm, reach = (str(good.snapshot.atm), str(good.snapshot.range_points)) if good else ("-", "-")
        spans.append(Span(right(atm, 7) + right(reach, 7), quiet))
    spans.append(Span(f" {flags_within(shape.flags(status), shape.room)}", Role.BADGE))
    return justify(spans, [], shape.width, ground)


def _heading(
    underlying: str, statuses: Sequence[ChainStatus], report: HealthReport, width: int, *, folded: bool
) -> Line:
    have, wanted = report.depth(underlying)
    end = [Span(f"{have} of {wanted} ", Role.DIM if have >= wanted else Role.CAUTION)]
    start = [Span(f" {underlying:<6}", Role.STRONG)]
    if not folded:
        return justify([*start, Span(f"{spot_text(report, underlying):>10}  ", Role.TEXT)], end, width)
    worst = min((r.state for r in statuses), key=list(State).index)
    oldest = max((r.age_s for r in statuses if r.age_s is not None), default=None)
    spot = report.spot(underlying)
    value = figures.level(spot.value) if spot else figures.MISSING
    start.append(Span(f"{value:>10}  ", Role.TEXT if spot and spot.current else Role.DIM))
    start.append(Span(worst, STATE_ROLE[worst]))
    age = Span(f" {figures.age(oldest)}", Role.DIM)
    return justify([*start, age] if length([*start, age, *end]) < width else start, end, width)


def _depth(report: HealthReport | None) -> str:
    if report is None or len(report.board.chains.underlyings) != 1:
        return ""
    underlying = report.board.chains.underlyings[0]
    have, wanted = report.depth(underlying)
    return f"{underlying}  {have} of {wanted}"


def _why_none(report: HealthReport | None, wanted: BoardFilter) -> str:
    """Return why the board is empty: in the words of the gravest signal, unless the filter leaves nothing."""
    if report and report.statuses:
        return f"no chain fits /{wanted.text}"
    return report.signals[0].text if report and report.signals else "waiting for the first poll"


def _note_line(note: str, width: int) -> Line:
    return (Span(left(f"      {note}", width), Role.DIM),)


def _note(status: ChainStatus, report: HealthReport) -> str:
    """Return the second line that some states need: why, or when it was last there."""
    present = status.record.last_present
    if status.state is State.MISSING:
        return f"last seen {seen(present, report)}" if present is not None else ""
    if status.state in (State.INVALID, State.FUTURE):
        return status.note
    return status.record.last_error if status.state in (State.STALE, State.AGING) else ""
