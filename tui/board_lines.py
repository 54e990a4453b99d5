"""The expiry board: one line for every expected chain, missing ones included, under its underlying."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import overload

from chain.model.keys import ChainId
from chain.monitor.board import Flag, State
from chain.monitor.signals import Reading, Report
from tui import figures
from tui.lines import Ground, Line, Role, Span, left, right, spread
from tui.strip_lines import badge, spot_text

STATE_ROLE = {
    State.FRESH: Role.OK,
    State.AGING: Role.CAUTION,
    State.STALE: Role.ALARM,
    State.FUTURE: Role.CAUTION,
    State.INVALID: Role.ALARM,
    State.DANGLING: Role.ALARM,
    State.MISSING: Role.ALARM,
    State.UNREACHABLE: Role.ALARM,
}
_MARK = {State.FRESH: " ", State.AGING: "·", State.STALE: "!", State.FUTURE: ">"}
_COUNT_WIDTH = 52
_RANGE_WIDTH = 62
_SOURCE_FLAGS = (Flag.MOCK, Flag.CAPTURE, Flag.REPLAY)
_FLAG_SHORT = {
    "DELAYED": "DLY",
    "OLD-SOURCE": "OLD",
    "ROLLED-BACK": "BACK",
    "PARTIAL": "PART",
    "FAILING": "FAIL",
    "PAST-DATED": "PAST",
    "OFF-HOURS": "OFF",
    "SOURCE-?": "SRC?",
    "SOURCE-CHANGED": "CHANGED",
}


@dataclass(frozen=True, slots=True)
class BoardTable:
    """The board as lines; `rows` tells which chain a body line belongs to, None for a group's heading."""

    head: tuple[Line, ...]
    body: Sequence[Line]
    rows: tuple[ChainId | None, ...]


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


def board_table(report: Report | None, selected: ChainId | None, width: int, height: int) -> BoardTable:
    """Return the board for a panel of `width` x `height`.

    Where not every line fits, underlyings other than the selected one fold into their heading.
    """
    title = spread(
        [Span(" EXPIRIES ", Role.HEAD), Span(badge(report.board) if report else "", Role.BADGE)],
        [Span(_depth(report) + " ", Role.DIM)],
        width,
        Ground.BAR,
    )
    if report is None or not report.readings:
        nothing = (Span(left(f"   {_why_none(report)}", width), Role.DIM),)
        return BoardTable((title, _columns(width)), (nothing,), (None,))
    groups = {u: report.of(u) for u in report.board.underlyings}
    room = height - 2
    fold = len(report.readings) + sum(_notes(r) for r in report.readings) + len(groups) > room
    body: list[Callable[[], Line]] = []
    rows: list[ChainId | None] = []
    for underlying, readings in groups.items():
        open_ = not fold or selected is None or underlying == selected.underlying
        if len(groups) > 1:
            body.append(partial(_heading, underlying, readings, report, width, folded=not open_))
            rows.append(None if open_ else readings[0].entry.chain)
        for reading in readings if open_ else ():
            chosen = reading.entry.chain == selected
            body.append(partial(_row, reading, width, chosen=chosen))
            rows.append(reading.entry.chain)
            if note := _note(reading):
                body.append(partial(_note_line, note, width))
                rows.append(reading.entry.chain)
    return BoardTable((title, _columns(width)), _Drawn(body), tuple(rows))


def _columns(width: int) -> Line:
    text = f"  {'expiry':<9}{'dte':>4} {'state':<12}{'age':>5}{'ttl':>4}"
    if width >= _COUNT_WIDTH:
        text += f"{'n':>5}"
    if width >= _RANGE_WIDTH:
        text += f"{'ATM':>7}{'±range':>7}"
    return (Span(left(text + " flag", width), Role.DIM),)


def _row(reading: Reading, width: int, *, chosen: bool) -> Line:
    ground = Ground.CURSOR if chosen else Ground.PLAIN
    entry, good = reading.entry, reading.entry.last_good
    mark = _MARK.get(reading.state, "x")
    words = "UNREACHABLE" if reading.state is State.UNREACHABLE else f"{reading.state} {mark}".rstrip()
    quiet = Role.TEXT if reading.state in (State.FRESH, State.AGING, State.STALE) else Role.DIM
    spans = [
        Span(f"{'>' if chosen else ' '} {figures.day(entry.chain.expiry)}{right(str(reading.dte), 4)} ", Role.TEXT),
        Span(left(words, 12), STATE_ROLE[reading.state]),
        Span(right(figures.age(reading.age_s), 5), quiet),
        Span(right(figures.countdown(reading.ttl_s), 4), Role.DIM),
    ]
    if width >= _COUNT_WIDTH:
        spans.append(Span(right(str(good.summary.contracts) if good else figures.MISSING, 5), quiet))
    if width >= _RANGE_WIDTH:
        atm, reach = (str(good.snapshot.atm), str(good.snapshot.range_points)) if good else ("-", "-")
        spans.append(Span(right(atm, 7) + right(reach, 7), quiet))
    spans.append(Span(f" {_flags(reading, width)}", Role.BADGE))
    return spread(spans, [], width, ground)


def _flags(reading: Reading, width: int) -> str:
    """Return the flags in words; the source's own, which the title already says, only where there is room."""
    flags = [f for f in reading.flags if width >= _COUNT_WIDTH or f not in _SOURCE_FLAGS]
    return " ".join(_FLAG_SHORT.get(flag, flag) for flag in flags)


def _heading(underlying: str, readings: Sequence[Reading], report: Report, width: int, *, folded: bool) -> Line:
    have, wanted = report.depth(underlying)
    worst = min((r.state for r in readings), key=list(State).index)
    start = [Span(f" {underlying:<6}", Role.STRONG), Span(f"{spot_text(report, underlying):>10}  ", Role.TEXT)]
    if folded:
        oldest = max((r.age_s for r in readings if r.age_s is not None), default=None)
        start += [Span(worst, STATE_ROLE[worst]), Span(f" {figures.age(oldest)}", Role.DIM)]
    short = Role.DIM if have >= wanted else Role.CAUTION
    return spread(start, [Span(f"{have} of {wanted} ", short)], width)


def _depth(report: Report | None) -> str:
    if report is None or len(report.board.underlyings) != 1:
        return ""
    underlying = report.board.underlyings[0]
    have, wanted = report.depth(underlying)
    return f"{underlying}  {have} of {wanted}"


def _why_none(report: Report | None) -> str:
    """Return in the words of the gravest signal why the board is empty."""
    return report.signals[0].text if report and report.signals else "waiting for the first poll"


def _note_line(note: str, width: int) -> Line:
    return (Span(left(f"      {note}", width), Role.DIM),)


def _notes(reading: Reading) -> int:
    return 1 if _note(reading) else 0


def _note(reading: Reading) -> str:
    """Return the second line that some states need: why, or when it was last there."""
    seen = reading.entry.last_present
    if reading.state is State.MISSING:
        return f"last seen {figures.clock(seen)}" if seen is not None else ""
    if reading.state in (State.INVALID, State.FUTURE):
        return reading.note
    return reading.entry.trouble if reading.state in (State.STALE, State.AGING) else ""
