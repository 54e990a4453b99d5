"""The strike grid's panel: the rows of the chosen chain, or what changed in it, and the cursor over them."""

from msgspec.structs import replace

from chain.analytics.derive import ChainAnalytics
from chain.analytics.measures.gamma import GexConvention
from chain.analytics.painted import PaintedGrid
from chain.monitor.analytics import ChainDiff
from chain.monitor.evaluate.report import HealthReport
from tui.lines.grid.annotations import Annotations, annotations
from tui.lines.grid.columns.sets import STANDARD
from tui.lines.grid.cursor import Spot, cell_at, located, moved, pointed, under
from tui.lines.grid.diff import diff_counts, diff_sides, diff_table, diff_title, nothing_compared
from tui.lines.grid.frame import (
    apart_words,
    deviation_words,
    grid_foot,
    grid_headline,
    grid_levels,
    grid_title,
    is_past,
    stream_words,
)
from tui.lines.grid.rows import NOTHING_STREAMED, GridTable, grid_table
from tui.lines.line import Line, Role, Span, dimmed
from tui.lines.strip import badge
from tui.panels.line_panel import LinePanel
from tui.view import View

_LEVELS_FROM = 26  # lines of height from which there is room for the levels in figures
_NO_GRID = (Span("  no valid snapshot of this chain has been read yet", Role.DIM),)


class GridPanel(LinePanel):
    """The strike grid. Window and cursor follow the ATM until either is moved."""

    _follows = True
    _table: GridTable | None = None  # the rows that the cursor moves over, as shown
    _cursor: Spot | None = None
    _drawn: tuple[tuple[object, ...], GridTable, Line] | None = None
    _noted: tuple[ChainAnalytics, GexConvention, Annotations] | None = None
    _compared: tuple[tuple[object, ...], GridTable] | None = None

    def update(self, report: HealthReport | None, view: View) -> None:
        """Show what the view holds of the selected chain; dimmed where that was true once and need not be now."""
        width = self.size.width
        if view.comparison.on and width:
            self._table = self._cursor = None
            if view.diff is not None:  # else it is on its way, and other lines stand until then
                self._show_diff(view.diff, view, badge(report.board) if report else "", width)
            return
        if not width or (view.awaiting and (view.analytics is None or view.past)):
            return  # other lines stand, title and all, for the few milliseconds until there are those that are meant
        status = view.status(report) if report else None
        shown = view.as_shown(status, report.now) if report and status else None
        analytics = view.analytics
        grid, whose = analytics.grid if analytics else None, badge(report.board) if report else ""
        now_s = report.board.now_s(report.now) if report else None
        columns = "" if view.columns is STANDARD else view.columns.name
        title = grid_title(grid, status, whose, width, shown, at=view.as_of, now_s=now_s, columns=columns)
        if analytics is None:
            self._table = self._cursor = view.cell = None
            awaited = status is not None and status.record.last_good is not None
            self.show((title,), () if awaited else (_NO_GRID,))
            return
        past = shown is not None and is_past(shown.state)
        painted = view.painted if not (past or view.backdrop) else None
        table, foot = self._lines(view, analytics, painted, width, past=past)
        tops = [grid_headline(analytics.grid, analytics.headline, width, is_painted=bool(painted and painted.streamed))]
        if self._has_levels:
            tops.append(grid_levels(analytics.measures, width))
        head = (title, *(map(dimmed, tops) if past else tops), *table.head)
        self._stand(table, view)
        self.show(head, table.body, (foot,), top=self._centre(table, len(head) + 1))

    def _show_diff(self, found: ChainDiff, view: View, whose: str, width: int) -> None:
        """Show what changed between two instants."""
        title, sides = diff_title(found, whose, width, view.as_of), diff_sides(found, width)
        if found.grid is None:
            self.show((title, sides), (nothing_compared(found, width),))
            return
        by_size = view.comparison.by_size
        shape = (found, width, view.highest_first, by_size)
        if self._compared is None or self._compared[0] != shape:
            table = diff_table(found.grid, width, highest_first=view.highest_first, by_size=by_size)
            self._compared = (shape, table)
        table = self._compared[1]
        head = (title, sides, diff_counts(found.grid, width, by_size=by_size), *table.head)
        top = 0 if by_size and self._follows else self._centre(table, len(head))
        self.show(head, table.body, top=top)

    def _lines(
        self, view: View, analytics: ChainAnalytics, painted: PaintedGrid | None, width: int, *, past: bool
    ) -> tuple[GridTable, Line]:
        """Return the grid's lines, the same objects as long as nothing that shapes them changed."""
        look = (width, self._has_levels, view.columns, view.highest_first, view.bars, view.gex)
        shape = (analytics.snapshot_id, painted, view.backdrop, view.changed, look, past)
        if self._drawn is None or self._drawn[0] != shape:
            grid, streamed = (analytics.grid, NOTHING_STREAMED) if painted is None else (painted.grid, painted.streamed)
            table = grid_table(
                grid,
                width,
                columns=view.columns,
                highest_first=view.highest_first,
                bars=view.bars,
                changed=view.changed,
                streamed=streamed,
                notes=self._notes(analytics, view.gex),
            )
            if past:
                table = replace(table, body=tuple(map(dimmed, table.body)))
            stream = "" if past else stream_words(view.painted, hidden=view.backdrop)
            band = "" if self._has_levels else deviation_words(analytics.measures)
            foot = grid_foot(analytics.grid, width, stream, apart_words(analytics.measures), band)
            self._drawn = (shape, table, foot)
        return self._drawn[1:]

    @property
    def _has_levels(self) -> bool:
        """Whether there is a line for the levels in figures."""
        return self.size.height >= _LEVELS_FROM

    def _notes(self, analytics: ChainAnalytics, convention: GexConvention) -> Annotations:
        """Return what a snapshot's measures add to its grid, made once."""
        noted = self._noted
        if noted is None or noted[0] is not analytics or noted[1] != convention:
            made = annotations(analytics.grid, analytics.measures.told_in(convention))
            self._noted = noted = (analytics, convention, made)
        return noted[2]

    def _centre(self, table: GridTable, frame: int) -> int | None:
        """Return the first line to show: around the ATM as long as the reader has not scrolled away."""
        if not self._follows or table.atm is None:
            return None
        return table.atm - max(1, self.size.height - frame) // 2

    def follow(self) -> None:
        """Centre on the ATM with the next lines, and keep to it."""
        self._follows = True

    def _stand(self, table: GridTable, view: View) -> None:
        """Put the cursor where the view has it: on the same strike of a new table, or while it follows on the ATM."""
        self._table = table
        cursor = located(table, view.cell)
        if cursor is not None and self._follows and table.atm is not None:
            cursor = cursor._replace(line=table.atm)
        self._cursor = cursor
        view.cell = None if cursor is None else cell_at(table, cursor)

    @property
    def figure(self) -> str:
        """What stands under the cursor, as it reads; empty where there is no cursor."""
        table, at = self._table, self._cursor
        if table is None or at is None:
            return ""
        cell = table.cells[at.cell]
        return "".join(span.text for span in table.body[at.line])[cell.begin : cell.end].strip()

    def move(self, view: View, lines: int, columns: int) -> bool:
        """Move the cursor, in view; return whether there is one."""
        if self._table is None or self._cursor is None:
            return False
        self._point_at(view, self._table, moved(self._table, self._cursor, lines, columns))
        return True

    def point_at(self, view: View, line: int, x: int) -> None:
        """Put the cursor on the figure under the mouse."""
        found = under(self._table, line, x) if self._table else None
        if self._table is not None and found is not None:
            self._point_at(view, self._table, found)

    def _point_at(self, view: View, table: GridTable, at: Spot) -> None:
        self._follows, self._cursor, view.cell = False, at, cell_at(table, at)
        self.show(self._head, self._body, self._foot, top=self.keep_visible(at.line, at.line))

    def _visible(self, height: int) -> list[Line]:
        """Return the lines with the cursor in them while keys go to it."""
        lines = super()._visible(height)
        cursor, table = self._cursor, self._table
        if cursor is None or table is None or not self.has_focus:
            return lines
        at = len(self._head) + cursor.line - self._top
        if len(self._head) <= at < height - len(self._foot):
            cell = table.cells[cursor.cell]
            lines[at] = pointed(lines[at], cell.begin, cell.end)
        return lines

    def scroll_by(self, rows: int) -> None:
        """Scroll, and stay there."""
        self._follows = False
        super().scroll_by(rows)
