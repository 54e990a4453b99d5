"""The charts' page: a line of tabs, and as many charts as there is room for."""

from textual.app import ComposeResult
from textual.containers import Container
from textual.widget import Widget

from chain.analytics.measures.underlying import UnderlyingMeasures
from chain.model.keys import ChainId
from chain.monitor.evaluate.report import HealthReport
from chain.monitor.explain.question import MeasureOf
from chain.thresholds import Thresholds
from tui.export.table import About, Table
from tui.export.tables.charts import chart_table
from tui.lines import figures
from tui.lines.charts.catalogue import ChartKind, across_and_down, chart_of, on_page, tab_at, tabs
from tui.lines.charts.facts import Facts, facts_of
from tui.lines.charts.plot.chart import Chart
from tui.lines.charts.plot.picture import Standing, chart_lines, shift_within
from tui.lines.charts.timing import Clocked
from tui.lines.line import Line, Role, Span
from tui.lines.measures.names import LABELS, MeasureRow
from tui.lines.measures.table import cell_text
from tui.lines.strip import badge
from tui.panels.line_panel import LinePanel
from tui.panels.page import Asked, PageWidget
from tui.ports.board_source import Scene
from tui.terminal.symbols import symbols_of
from tui.view import View

_MOST = 4  # charts at once


class ChartPanel(LinePanel):
    """One chart. Of bars the window stands around the centre until it is moved."""

    kind = ChartKind.SMILE
    _shown: tuple[Chart, Standing, bool] | None = None
    _shift = 0  # of the window, in strikes above the centre

    def bring(self, kind: ChartKind, chart: Chart, standing: Standing, *, chosen: bool) -> None:
        """Show a chart."""
        if kind is not self.kind:
            self.kind, self._shift = kind, 0
        self._shown = (chart, standing, chosen)
        self._paint()

    def scroll_by(self, rows: int) -> None:
        """Move the window over the strikes; below zero to higher ones."""
        if self._shown is not None:
            self._shift = shift_within(self._shown[0], *self.size, self._shift - rows)
            self._paint()

    @property
    def chart(self) -> Chart | None:
        """The chart that is shown; None where none was yet."""
        return self._shown[0] if self._shown else None

    def follow(self) -> None:
        """Have the window around the centre again."""
        self._shift = 0

    def _paint(self) -> None:
        if self._shown is None or not self.size.width:
            return
        chart, standing, chosen = self._shown
        symbols = symbols_of(self.app)
        title, *lines = chart_lines(chart, standing, *self.size, symbols, chosen=chosen, shift=self._shift)
        self.show((title,), lines, top=0)


class ChartsPage(PageWidget):
    """Shows the charts of the selected underlying and expiry; which, and of how many expirations, is in the view."""

    DEFAULT_CSS = """
    ChartsPage { layout: vertical; }
    ChartsPage > #tabs { height: 1; }
    ChartsPage > #charts { height: 1fr; layout: grid; grid-gutter: 0 1; }
    ChartsPage ChartPanel { display: none; }
    """
    needs_across = True

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        # Made here, not found once mounted: a key may come before that.
        self.tabs = LinePanel(id="tabs", can_focus=True)
        self.panels = [ChartPanel(id=f"chart-{at}") for at in range(_MOST)]
        self.frame = Container(*self.panels, id="charts")
        self._scene: Scene | None = None  # that is shown; a frozen view stays with it
        self._frozen = ""  # the time of day since when it does
        self._chains: list[ChainId] = []
        self._selected: ChainId | None = None

    def compose(self) -> ComposeResult:
        """Lay out the panels."""
        yield self.tabs
        yield self.frame

    @property
    def main(self) -> LinePanel:
        """The tabs have the focus: keys are about the chart that is chosen there."""
        return self.tabs

    def bring(self, report: HealthReport | None, view: View, scene: Scene | None) -> bool:
        """Show the charts there is room for, the chosen one among them."""
        width, height = self.size
        if not width:
            return False
        self.tabs.show((), (tabs(view.charts.kind, self.tabs.size.width),))
        shown = self._lay_out(view, width, height - 1)
        if report is not None and view.selected is not None:
            self._draw(report, view, scene, view.selected)
        else:
            self.panels[0].show((), _why_none(report), top=0)
        return shown

    def _lay_out(self, view: View, width: int, height: int) -> bool:
        """Share the room among charts; return whether one came or went."""
        across, down = across_and_down(width, height)
        before = [panel.display for panel in self.panels]
        self.frame.styles.grid_size_columns, self.frame.styles.grid_size_rows = across, down
        for at, panel in enumerate(self.panels):
            panel.display = at < across * down
        return before != [panel.display for panel in self.panels]

    def _draw(self, report: HealthReport, view: View, scene: Scene | None, chain: ChainId) -> None:
        self._keep_up(report, view, chain)
        self._keep(report, view, scene)
        choice = view.charts
        facts = facts_of(self._across, chain, report, every=choice.every, in_sd=choice.in_sd)
        clocked = _clocked(report, view, chain)
        standing = Standing(badge(report.board), view.as_of, self._frozen)
        visible = [panel for panel in self.panels if panel.display]
        for panel, kind in zip(visible, on_page(choice.kind, len(visible)), strict=True):
            if kind.of_measures and _is_awaited(facts, report):
                continue  # what is there stands for the moment until there is what is meant
            panel.bring(kind, chart_of(kind, facts, clocked), standing, chosen=kind is choice.kind)

    def _keep(self, report: HealthReport, view: View, scene: Scene | None) -> None:
        """Take the newest measures, or while the view is frozen stay with those that were shown then.

        A page that comes on screen while the view is frozen has kept none from then, and keeps what it shows first.
        """
        frozen_at = view.frozen_at
        if frozen_at is None:
            self._scene, self._frozen = scene, ""
        elif not self._frozen:
            if self._across is None:
                self._scene, frozen_at = scene, report.board.now_s(report.now)
            if self._across is not None:
                self._frozen = figures.clock(frozen_at)

    @property
    def _across(self) -> UnderlyingMeasures | None:
        return self._scene.across if self._scene else None

    def on_hide(self) -> None:
        """Forget what was shown: it is outdated when the page comes again."""
        self._scene, self._frozen = None, ""

    def _keep_up(self, report: HealthReport, view: View, chain: ChainId) -> None:
        """Follow the reader to another expiry of the same underlying: it is then that one which is looked at."""
        self._chains = [status.chain for status in report.statuses_of(chain.underlying)]
        before, self._selected = self._selected, chain
        if before is not None and before != chain and before.underlying == chain.underlying:
            view.charts.every = False

    def asked(self, view: View) -> Asked | None:
        """Return the measure that the chosen chart is about."""
        kept, across, chain, name = self._scene, self._across, view.selected, view.charts.kind.measure
        if kept is None or across is None or chain is None or not name:
            return None
        together = view.charts.every and name in across.totals
        one = next((one for one in across.chains if one.snapshot.chain == chain), None)
        found = across.totals if together else one.measures if one else {}
        good = next((record.last_good for record in kept.board.chains.records if record.chain == chain), None)
        told = across.gex.convention if across.gex else view.gex
        subject = MeasureOf(name, across=together, convention=told, label=LABELS[name])
        return Asked(subject, chain, good, cell_text(MeasureRow("", name), found), kept.board)

    def table(self, view: View, about: About) -> Table | None:
        """Return the chosen chart as a table."""
        chart = self._chosen(view).chart
        return None if chart is None else chart_table(about, chart)

    def move(self, view: View, rows: int, columns: int) -> ChainId | None:
        """Choose another chart, or another expiry: before the first stand all of them."""
        choice, chain = view.charts, view.selected
        if columns:
            choice.step(columns)
        if abs(rows) > 1:
            self._chosen(view).scroll_by(rows)
        elif rows and chain in self._chains:
            return self._step(view, self._chains.index(chain), rows)
        return None

    def _step(self, view: View, at: int, by: int) -> ChainId | None:
        choice = view.charts
        if choice.every:
            choice.every = by < 0
            return self._chains[0] if by > 0 else None
        choice.every = at + by < 0
        return self._chains[max(0, min(len(self._chains) - 1, at + by))]

    def move_page(self, view: View, way: int) -> ChainId | None:
        """Scroll the chosen chart's strikes."""
        panel = self._chosen(view)
        panel.scroll_by(way * max(1, panel.room // 2))
        return None

    def point_at(self, view: View, panel: Widget, row: int, x: int) -> ChainId | None:
        """Choose the chart whose name or picture is under the mouse."""
        kind = tab_at(x) if panel is self.tabs else panel.kind if isinstance(panel, ChartPanel) else None
        view.charts.kind = kind or view.charts.kind
        return None

    def turn_axes(self, view: View) -> None:
        """Put standard deviations along the smile, or strikes."""
        view.charts.in_sd = not view.charts.in_sd

    def follow(self) -> None:
        """Have every window around its centre again."""
        for panel in self.panels:
            panel.follow()

    def _chosen(self, view: View) -> ChartPanel:
        """Return the panel of the chosen chart."""
        return next(
            (panel for panel in self.panels if panel.display and panel.kind is view.charts.kind), self.panels[0]
        )


def _clocked(report: HealthReport, view: View, chain: ChainId) -> Clocked:
    """Return what charts over time are made of."""
    status = view.status(report)
    timings = view.histories.timings
    return Clocked(
        chain,
        status.limits if status else Thresholds(),
        report.now,
        view.histories.ages(chain),
        timings.seen_after(chain),
        timings.cycles,
        past=view.past is not None,
        played=status is not None and status.record.source.speed is not None,
    )


def _is_awaited(facts: Facts, report: HealthReport) -> bool:
    """Whether measures are on their way: there are snapshots of the underlying that they can be derived from."""
    read = any(status.record.last_good for status in report.statuses_of(facts.chain.underlying))
    return facts.across is None and read


def _why_none(report: HealthReport | None) -> tuple[Line, ...]:
    words = "waiting for the first poll" if report is None else "no chain has been read yet"
    return ((Span(f"   {words}", Role.DIM),),)
