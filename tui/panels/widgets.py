"""The deck's panels: each turns a report into its own lines, and keeps its own state between two of them."""

from collections.abc import Sequence

from chain.analytics.painted import PaintedGrid
from chain.model.grid import StrikeGrid
from chain.model.keys import ChainId
from chain.monitor.analytics import ChainDiff
from chain.monitor.evaluate.report import HealthReport
from tui.lines import figures
from tui.lines.board import BoardTable, board_table
from tui.lines.grid.diff import diff_counts, diff_sides, diff_table, diff_title, nothing_compared
from tui.lines.grid.frame import grid_foot, grid_headline, grid_title, is_past, stream_words
from tui.lines.grid.rows import NOTHING_STREAMED, GridTable, grid_table
from tui.lines.line import Ground, Line, Role, Span, dimmed, justify, left
from tui.lines.pipeline import has_pipeline, pipeline_line
from tui.lines.signals import signal_lines, signals_title
from tui.lines.strip import badge, identity, trouble
from tui.panels.line_panel import LinePanel
from tui.ports.board_source import StagedView
from tui.view import View

_NO_GRID = (Span("  no valid snapshot of this chain has been read yet", Role.DIM),)


class StripPanel(LinePanel):
    """The two top lines."""

    def update(self, report: HealthReport | None, view: View, polls: int) -> None:
        """Show who and how alive, and what is wrong."""
        underlying = view.selected.underlying if view.selected else "-"
        width = self.size.width
        frozen = figures.clock(view.frozen_at) if view.frozen_at is not None else ""
        who = identity(report, underlying, polls, width, frozen=frozen, past=view.past)
        self.show((who, trouble(report, width, view.past)), ())


class PipelinePanel(LinePanel):
    """What stands beside the snapshots, in a line; it has none where nothing does."""

    def update(self, report: HealthReport | None, view: View, staged: StagedView | None) -> bool:
        """Show how the pipeline fares, and return whether the line came or went."""
        shown = report is not None and has_pipeline(report)
        turned = self.display != shown
        self.display = shown
        if report is not None and shown and self.size.width:
            self.show((pipeline_line(report, view.selected, self.size.width, staged, at=view.as_of),), ())
        return turned


class BoardPanel(LinePanel):
    """The expiry board."""

    _table = BoardTable((), (), ())

    def update(self, report: HealthReport | None, view: View, limit: int) -> int:
        """Show every chain in at most `limit` lines, and return how many it takes."""
        selected = view.selected
        self._table = table = board_table(report, selected, self.size.width, limit, at=view.as_of)
        wanted = max(4, min(limit, len(table.head) + len(table.body)))
        if self.size.height != wanted:
            self.styles.height = wanted
        rows = [row for row, chain in enumerate(table.rows) if chain == selected]
        self.show(table.head, table.body)
        if rows:
            self.show(table.head, table.body, top=self.keep_visible(rows[0], rows[-1]))
        return wanted

    def chain_at(self, row: int) -> ChainId | None:
        """Return the chain that a body line belongs to."""
        return self._table.rows[row] if row < len(self._table.rows) else None


class SignalsPanel(LinePanel):
    """What is wrong, and what changed."""

    def update(self, report: HealthReport | None, view: View) -> None:
        """Show the signals, the gravest incident on top unless the reader has scrolled."""
        width = self.size.width
        if width:
            self.show((signals_title(report, width, at=view.as_of),), signal_lines(report, width))


class GridPanel(LinePanel):
    """The strike grid. It follows the ATM until it is scrolled."""

    _follows = True
    _drawn: tuple[tuple[object, ...], GridTable, Line] | None = None
    _compared: tuple[tuple[object, ...], GridTable] | None = None

    def update(self, report: HealthReport | None, view: View) -> None:
        """Show what the view holds of the selected chain; dimmed where that was true once and need not be now."""
        width = self.size.width
        if view.comparison.on and width:
            if view.diff is not None:  # else it is on its way, and other lines stand until then
                self._show_diff(view.diff, view, badge(report.board) if report else "", width)
            return
        if not width or (view.awaiting and (view.analytics is None or view.past)):
            return  # other lines stand, title and all, for the few milliseconds until there are those that are meant
        status = view.status(report) if report else None
        shown = view.as_shown(status, report.now) if report and status else None
        analytics = view.analytics
        grid, whose = analytics.grid if analytics else None, badge(report.board) if report else ""
        title = grid_title(grid, status, whose, width, shown, at=view.as_of)
        if analytics is None:
            awaited = status is not None and status.record.last_good is not None
            self.show((title,), () if awaited else (_NO_GRID,))
            return
        past = shown is not None and is_past(shown.state)
        painted = view.painted if not (past or view.backdrop) else None
        table, foot = self._lines(view, analytics.grid, painted, width, past=past)
        top = grid_headline(analytics.grid, analytics.headline, width, is_painted=bool(painted and painted.streamed))
        head = (title, dimmed(top) if past else top, *table.head)
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
        self, view: View, grid: StrikeGrid, painted: PaintedGrid | None, width: int, *, past: bool
    ) -> tuple[GridTable, Line]:
        """Return the grid's lines, the same objects as long as nothing that shapes them changed."""
        shape = (grid.snapshot.id, painted, view.backdrop, view.changed, width, view.highest_first, past)
        if self._drawn is None or self._drawn[0] != shape:
            shown, streamed = (grid, NOTHING_STREAMED) if painted is None else (painted.grid, painted.streamed)
            table = grid_table(shown, width, highest_first=view.highest_first, changed=view.changed, streamed=streamed)
            if past:
                table = GridTable(table.head, tuple(map(dimmed, table.body)), table.atm, table.spot)
            stream = "" if past else stream_words(view.painted, hidden=view.backdrop)
            self._drawn = (shape, table, grid_foot(grid, width, stream))
        return self._drawn[1:]

    def _centre(self, table: GridTable, frame: int) -> int | None:
        """Return the first line to show: around the ATM as long as the reader has not scrolled away."""
        if not self._follows or table.atm is None:
            return None
        return table.atm - max(1, self.size.height - frame) // 2

    def follow(self) -> None:
        """Centre on the ATM with the next lines, and keep to it."""
        self._follows = True

    def scroll_by(self, rows: int) -> None:
        """Scroll, and stay there."""
        self._follows = False
        super().scroll_by(rows)


class LogPanel(LinePanel):
    """The last lines of the log."""

    def update(self, report: HealthReport | None, lines: Sequence[str], view: View) -> None:
        """Show the lines, the newest last: they are of now, whatever else is shown."""
        width = self.size.width
        if not self.display or not width:
            return
        source = Span(badge(report.board) if report else "", Role.BADGE)
        of = Span(" of now, not of then" if view.past else "", Role.DIM)
        title = justify([Span(" LOG", Role.HEAD), of], [source], width, Ground.BAR)
        self.show((title,), [(Span(left(f" {text}", width), Role.DIM),) for text in lines], top=len(lines))
