"""The timeline as two lines: where one stands and in what, and below it the track of what is recorded."""

from collections.abc import Iterator
from itertools import groupby, pairwise

from msgspec import Struct

from chain.monitor.states import Level
from tui.lines import figures
from tui.lines.line import Ground, Line, Role, Span, justify, left, length
from tui.lines.strip import as_of
from tui.ports.time_travel import Cursor, Mark, MarkKind, Timeline, thinned

_SOON_NS = 60 * 10**9  # the last minute is searched with the looks that follow it
_END_WIDTH = 10  # of a time of day and the blanks beside it
_TELLING_WIDTH = 24  # of a mark's words: what is cut shorter tells nothing
_RECORDED, _UNSEARCHED, _GAP, _BREAK, _CURSOR, _WANTED = "─", "╌", " ", "╎", "┃", "┆"
MARKS = {Level.CRITICAL: ("!", Role.ALARM), Level.WARNING: ("*", Role.CAUTION), Level.INFO: ("·", Role.ACCENT)}
ENDED = ("+", Role.OK)


class Compared(Struct, frozen=True):
    """The two instants that are compared, epoch ns; None where a mark is not set."""

    a: int | None = None
    b: int | None = None


class Track(Struct, frozen=True):
    """Instants `begin` to `end`, epoch ns, on so many columns, of which the first is at `left` of the panel."""

    begin: int
    end: int
    columns: int
    left: int = _END_WIDTH

    @property
    def _length(self) -> int:
        return max(1, self.end - self.begin)

    def column(self, at: int) -> int:
        """Return the column of an instant; what lies outside is at an end."""
        return max(0, min(self.columns - 1, (at - self.begin) * self.columns // self._length))

    def instant(self, x: int, timeline: Timeline) -> int:
        """Return the instant, epoch ns, that column `x` of the panel stands for: of a mark there, else its middle."""
        column = x - self.left
        if column <= 0:
            return self.begin
        if column >= self.columns - 1:
            return self.end
        marks = thinned(timeline.marks, self.begin, self.end, self.columns)
        marked = next((mark.at for mark in marks if self.column(mark.at) == column), None)
        return self.begin + (2 * column + 1) * self._length // (2 * self.columns) if marked is None else marked


def track_columns(width: int) -> int:
    """Return on how many columns a panel of `width` shows what is recorded."""
    return max(1, width - 2 * _END_WIDTH)


def track_of(timeline: Timeline, width: int) -> Track | None:
    """Return where instants stand on a panel of `width`; None where nothing is recorded."""
    begin, end = timeline.begin, timeline.end
    return None if begin is None or end is None else Track(begin, end, track_columns(width))


def timeline_head(
    timeline: Timeline,
    cursor: Cursor,
    speed: float,
    compared: Compared,
    now_s: float | None,
    width: int,
    *,
    as_of_at: str = "",
    present: str = "live",
) -> Line:
    """Return the line over the track: AS OF, how it plays, the marks, and how much there is to go back to.

    `speed` is the one to play at. `now_s`, epoch seconds, is the present, None where there is none, and `present` its
    name. `as_of_at` is the time of day of the data: that of a replay's clock is not the one at which it was watched.
    """
    label = timeline.label or "nothing is recorded yet"
    end = [Span(f" {left(label, width // 2).rstrip()} ", Role.BADGE)]
    shown = as_of_at or ("" if cursor.at is None else figures.clock(cursor.at / 1e9))
    told = [Span(text, role) for text, role in _told(timeline, cursor, compared, now_s, shown)]
    start = [*_place(cursor, speed, shown, present)]
    mark = _mark_before(timeline, cursor.at)
    happened = f" {_clock(timeline, mark.at)} {_named(mark)}{mark.text}" if mark else ""
    for span in told:  # what happened comes before what can be worked out
        kept = min(len(happened), _TELLING_WIDTH) if span.role is Role.DIM else 0
        if length([*start, *end]) + len(span.text) + kept <= width:
            start.append(span)
    if mark is not None and width - length([*start, *end]) >= min(len(happened), _TELLING_WIDTH):
        start.append(Span(happened, look(mark)[1]))
    if timeline.reach and length([*start, *end]) + len(timeline.reach) + 2 <= width:
        end.insert(0, Span(f" {timeline.reach} ", Role.DIM))
    return justify(start, end, width, Ground.BAR)


def _place(cursor: Cursor, speed: float, shown: str, present: str) -> list[Span]:
    if cursor.at is None:
        return [Span(" TIMELINE ", Role.HEAD), Span(f" {present.upper()} ", Role.OK)]
    playing = f" PLAY {pace(cursor.speed)} " if cursor.speed else f" PAUSED {pace(speed)} "
    return [*as_of(shown), Span(playing, Role.STRONG)]


def _told(
    timeline: Timeline, cursor: Cursor, compared: Compared, now_s: float | None, shown: str
) -> Iterator[tuple[str, Role]]:
    """Yield what is told where there is room for it, what matters most first."""
    if timeline.unreadable:
        yield f" {timeline.unreadable} ", Role.CAUTION
    if cursor.note:
        yield f" {cursor.note} ", Role.CAUTION
    if cursor.wanted is not None and cursor.wanted != cursor.at:
        yield f" to {_clock(timeline, cursor.wanted)} ", Role.ACCENT
    if cursor.at is not None and shown != (watched := figures.clock(cursor.at / 1e9)):
        yield f" watched at {watched} ", Role.DIM
    for name, at in (("A", compared.a), ("B", compared.b)):
        if at is not None:
            yield f" {name} {_clock(timeline, at)} ", Role.ACCENT
    if now_s is not None and cursor.at is not None and (ago_s := now_s - timeline.shown_at(cursor.at) / 1e9) >= 0:
        yield f" {figures.elapsed(ago_s)} ago ", Role.DIM
    end, searched = timeline.end, timeline.searched_to
    if searched is not None and end is not None and searched < end - _SOON_NS:
        yield f" marks known to {_clock(timeline, searched)} ", Role.DIM


def _clock(timeline: Timeline, at: int) -> str:
    """Return an instant as a time of day: by a replay's clock, where that is what was seen."""
    return figures.clock(timeline.shown_at(at) / 1e9)


def pace(speed: float) -> str:
    """Return a speed as `10x`, `0.1x`."""
    return f"{speed:g}x"


def look(mark: Mark) -> tuple[str, Role]:
    """Return a mark's sign and role: the end of a signal is good news, however grave it was."""
    return ENDED if mark.kind is MarkKind.ENDED else MARKS[mark.level]


def _mark_before(timeline: Timeline, at: int | None) -> Mark | None:
    """Return the last mark at or before an instant."""
    return None if at is None else next((mark for mark in reversed(timeline.marks) if mark.at <= at), None)


def _named(mark: Mark) -> str:
    """Return which chains a mark is about, where they are few."""
    if len(mark.chains) > 2:
        return f"{len(mark.chains)} chains "
    return "".join(f"{chain.underlying} {chain.expiry:%m-%d} " for chain in mark.chains)


def track_line(timeline: Timeline, cursor: Cursor, compared: Compared, width: int) -> Line:
    """Return the track: recorded time as a line, gaps as blanks or breaks in it, marks, A and B, and the cursor."""
    track = track_of(timeline, width)
    if track is None:
        return (Span(left("  steps and jumps need something that is recorded", width), Role.DIM),)
    cells = _recorded(timeline, track)
    for mark in thinned(timeline.marks, track.begin, track.end, track.columns):
        sign, role = look(mark)
        cells[track.column(mark.at)] = Span(sign, role)
    for name, at in (("A", compared.a), ("B", compared.b)):
        if at is not None and track.begin <= at <= track.end:
            cells[track.column(at)] = Span(name, Role.STRONG, Ground.ATM)
    if cursor.wanted is not None:
        cells[track.column(cursor.wanted)] = Span(_WANTED, Role.ACCENT, Ground.CURSOR)
    if cursor.at is not None:
        cells[track.column(cursor.at)] = Span(_CURSOR, Role.STRONG, Ground.CURSOR)
    begins, ends = (f" {_clock(timeline, at)} " for at in (track.begin, track.end))
    joined = [
        Span("".join(cell.text for cell in alike), *meaning)
        for meaning, alike in groupby(cells, key=lambda cell: (cell.role, cell.ground))
    ]
    return justify([Span(begins, Role.DIM), *joined], [Span(ends, Role.DIM)], width)


def _recorded(timeline: Timeline, track: Track) -> list[Span]:
    """Return a cell a column: recorded, recorded and not searched for marks yet, or a gap, however short it is."""
    cells = [Span(_GAP)] * track.columns
    searched = track.begin if timeline.searched_to is None else timeline.searched_to
    for span in timeline.spans:
        for column in range(track.column(span.begin), track.column(span.end) + 1):
            known = column <= track.column(searched)
            cells[column] = Span(_RECORDED if known else _UNSEARCHED, Role.DIM)
    for before, after in pairwise(timeline.spans):
        if track.column(after.begin) - track.column(before.end) <= 1:  # no column of its own
            cells[track.column(after.begin)] = Span(_BREAK, Role.CAUTION)
    return cells
