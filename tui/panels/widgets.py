"""The deck's panels: each turns a report into its own lines, and keeps its own state between two of them."""

from collections.abc import Sequence

from chain.model.keys import ChainId
from chain.monitor.evaluate.report import HealthReport
from tui.lines import figures
from tui.lines.alerts import AlertLines, alert_lines
from tui.lines.board.table import BoardTable, board_table
from tui.lines.line import Ground, Role, Span, justify, left
from tui.lines.pipeline import has_pipeline, pipeline_line
from tui.lines.signals import signal_lines, signals_title
from tui.lines.strip import badge, identity, trouble
from tui.panels.line_panel import LinePanel
from tui.ports.alerts import NO_ALERTS, AlertKey, AlertsShown
from tui.ports.board_source import StagedView
from tui.view import View


class StripPanel(LinePanel):
    """The two top lines."""

    def update(self, report: HealthReport | None, view: View, polls: int, alerts: AlertsShown = NO_ALERTS) -> None:
        """Show who and how alive, and what is wrong."""
        underlying = view.selected.underlying if view.selected else "-"
        width = self.size.width
        frozen = figures.clock(view.frozen_at) if view.frozen_at is not None else ""
        who = identity(report, underlying, polls, width, frozen=frozen, past=view.past)
        self.show((who, trouble(report, width, view.past, alerts)), ())


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
        self._table = table = board_table(report, selected, self.size.width, limit, at=view.as_of, wanted=view.wanted)
        wanted = max(4, min(limit, len(table.head) + len(table.body)))
        if self.size.height != wanted:
            self.styles.height = wanted
        rows = [row for row, chain in enumerate(table.rows) if chain == selected]
        self.show(table.head, table.body)
        if rows:
            self.show(table.head, table.body, top=self.keep_visible(rows[0], rows[-1]))
        return wanted

    @property
    def listed(self) -> list[ChainId]:
        """The chains that are listed, in their order."""
        return list(dict.fromkeys(chain for chain in self._table.rows if chain is not None))

    def chain_at(self, row: int) -> ChainId | None:
        """Return the chain that a body line belongs to."""
        return self._table.rows[row] if row < len(self._table.rows) else None


class SignalsPanel(LinePanel):
    """The alerts, what is wrong, and what changed."""

    _alerts = AlertLines()

    def update(self, report: HealthReport | None, view: View, alerts: AlertsShown = NO_ALERTS) -> None:
        """Show the alerts, and below them the gravest incident on top, unless the reader has scrolled."""
        width = self.size.width
        if not width:
            return
        self._alerts = AlertLines()
        if report is not None and alerts is not NO_ALERTS:
            shown = view.past.live if view.past is not None and view.past.live is not None else report
            blind = not report.board.redis.health.ok
            self._alerts = alert_lines(alerts, shown.now, width, blind=blind, past=view.past is not None)
        lines = (*self._alerts.lines, *signal_lines(report, width, calm=not alerts.view.unacknowledged))
        self.show((signals_title(report, width, at=view.as_of),), lines)

    @property
    def top_alert(self) -> tuple[AlertKey, ...]:
        """The raised alerts of the first visible line that tells of any."""
        return next((keys for keys in self._alerts.keys[self._top :] if keys), ())


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
