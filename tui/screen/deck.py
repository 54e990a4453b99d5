"""The deck's screen: two top lines over a page, of which the first is board and signals beside the strike grid."""

import logging
from collections.abc import Callable, Sequence
from functools import partial

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.timer import Timer
from textual.widget import Widget

from chain.clock import Instant
from chain.monitor.evaluate.signals import evaluate
from chain.supervisor import error_words
from tui.actions.bindings import with_actions
from tui.dialogs.help import HelpScreen
from tui.lines.line import Role, Span
from tui.panels.line_panel import LinePanel
from tui.panels.page import PageWidget
from tui.panels.widgets import PipelinePanel, StripPanel
from tui.screen.arranging import BESIDE_FROM, ArrangingScreen
from tui.screen.travel import EVALUATE_EVERY_S, ScreenPorts
from tui.view import CHANGE_SHOWN_S

log = logging.getLogger(__name__)


class DeckScreen(ArrangingScreen):
    """Everything on one screen, in pages: the newest Board, evaluated against the clock."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (BESIDE_FROM, "-beside")]

    def __init__(self, ports: ScreenPorts, log_lines: Callable[[], Sequence[str]]) -> None:
        super().__init__(ports, log_lines)
        self._bindings = with_actions(self._bindings, ports.keymap)
        self.strip = StripPanel(id="strip")  # made here, not found once mounted: a key may come before that
        self.pipeline_panel = PipelinePanel(id="pipeline")
        self._failed: dict[str, str] = {}  # panels that could not be brought up to date, and why
        self._painted = False
        self._redrawn_at = float("-inf")
        self._silence_timer: Timer | None = None  # redraws where no Board comes to
        self._highlight_timer: Timer | None = None  # ends the highlight of what changed

    def compose(self) -> ComposeResult:
        """Lay out the panels."""
        self.share_width(self.app.size.width)
        yield self.strip
        yield self.pipeline_panel
        with Horizontal(id="main"):
            yield self.side
            yield self.grid_panel
        yield from self.pages.values()
        yield self.log_panel
        yield self.timeline_panel
        yield self.hint
        yield self.key_bar

    def on_mount(self) -> None:
        """Have ages go on even where no Board comes."""
        self.begin()
        self._silence_timer = self.set_interval(0.5, self._redraw_in_silence)

    @property
    def focus_chain(self) -> list[Widget]:
        """The panels in the order of their use: Tab goes from the board to the grid."""
        pages = (page.main for page in self.pages.values())
        order = (self.board_panel, self.grid_panel, self.signals, *pages, self.timeline_panel)
        return [panel for panel in order if panel in super(DeckScreen, self).focus_chain]

    def on_resize(self) -> None:
        """Lay the lines out anew once the panels know their sizes."""
        self.share_width(self.size.width)
        self.call_after_refresh(self.redraw)

    def on_side_laid_out(self) -> None:
        """Show the Board that came before there was room for it."""
        self.redraw()

    def _redraw_in_silence(self) -> None:
        """Redraw where the poll loop has not: its silence is itself worth showing."""
        if self._clock.monotonic() - self._redrawn_at > 1.4:
            self.redraw()

    def board_arrived(self) -> None:
        """Show the newest Board."""
        self._scene = self._feed.scene() or self._scene
        self.redraw()

    def redraw(self) -> None:
        """Evaluate the Board now and bring every panel up to date."""
        if self._silence_timer is None:
            return  # a Board came before the panels; the first resize shows it
        self._redrawn_at = self._clock.monotonic()
        with self.app.batch_update():
            if self._contained(self.strip, self._evaluate_board, "evaluation"):
                self._contained(self.strip, self._update_strip)
            self._contained(self.pipeline_panel, self._update_pipeline)
            if self.paged is None:
                self._update_deck()
            else:
                self._contained(self.paged.main, partial(self._update_page, self.paged))
            self._contained(self.log_panel, lambda: self.log_panel.update(self._report, self._log_lines(), self.view))
            self._contained(self.timeline_panel, self.update_timeline)
        self.call_after_refresh(self._say_what_is_looked_at)  # what answers a key is painted first
        if self.view.changed and self._highlight_timer is None:
            self._highlight_timer = self.set_timer(CHANGE_SHOWN_S, self._end_highlight)
        if self.view.analytics is not None and not self._painted:
            self._painted = True
            self.call_after_refresh(self._feed.painted)

    def on_descendant_focus(self, _: events.DescendantFocus) -> None:
        """Offer the keys of the panel that they now go to."""
        self.key_bar.in_grid = self.focused is self.grid_panel

    def _update_strip(self) -> None:
        self.strip.update(self._report, self.view, self._feed.polls, self.alerts)
        self.key_bar.alerts = self.alerts.view.unacknowledged > 0

    def _update_deck(self) -> None:
        """Bring the panels of the first page up to date."""
        self._contained(self.board_panel, lambda: self.side.update_board(self._report, self.view))
        self._contained(self.signals, lambda: self.signals.update(self._report, self.view, self.alerts))
        self._contained(self.side.chart, lambda: self.side.update_chart(self._report, self.view))
        self._contained(self.grid_panel, lambda: self.grid_panel.update(self._report, self.view))

    def _update_pipeline(self) -> None:
        staged = self._scene.staged if self._scene else None
        if self.pipeline_panel.update(self._report, self.view, staged):
            self.call_after_refresh(self.redraw)  # once the panels know their new sizes

    def _update_page(self, page: PageWidget) -> None:
        if page.bring(self._report, self.view, self._scene):
            self.call_after_refresh(self.redraw)

    def _say_what_is_looked_at(self) -> None:
        """Have what is looked at read and derived, and nothing else."""
        selected = self.view.selected
        self._feed.select(selected)
        self._feed.look_at_heatmap(selected.underlying if selected and self.is_on_heatmap else None)
        self._feed.tell_gex(self.view.gex)
        self._feed.look_across(self.paged is not None and self.paged.needs_across)

    def _end_highlight(self) -> None:
        self._highlight_timer = None
        self.redraw()

    def _contained(self, panel: Widget, show: Callable[[], None], name: str = "") -> bool:
        """Bring one panel up to date, and return whether it could be: one that raises says so in its own place."""
        name = name or str(panel.id)
        try:
            show()
        except Exception as error:
            words = error_words(error)
            if self._failed.get(name) != words:
                log.exception("the panel %s failed", name)
            self._failed[name] = words
            if isinstance(panel, LinePanel):
                panel.show(((Span(f" {name} failed: {words}", Role.ALARM),),), ())
            return False
        self._failed.pop(name, None)
        return True

    def _evaluate_board(self) -> None:
        """Evaluate a Board that is new, or was evaluated a while ago: a key that is pressed does not wait for it."""
        if self._scene is None:
            return
        board, report, as_of = self._scene.board, self._report, self._scene.as_of
        now = as_of or Instant.now(self._clock)
        aged = report is None or abs(now.mono - report.now.mono) > (0 if as_of else EVALUATE_EVERY_S)
        if report is None or report.board is not board or aged:
            self.view.keep_selection(board)
            self._report = report = evaluate(board, now)
        self.turn_view(board, as_of)
        self.stand_at(report)
        self.view.diff = self._scene.diff
        self.view.on_report(report, self._scene.analytics, self._clock.monotonic() if as_of else None)
        self.view.paint(self._scene.staged)

    def action_help(self) -> None:
        """Show keys and words."""
        if self.app.screen is self:
            self.app.push_screen(HelpScreen(self.keymap, self.places))

    def action_palette(self) -> None:
        """Open the palette."""
        self.app.action_command_palette()

    def action_quit(self) -> None:
        """Quit."""
        self.app.exit()

    def on_paste(self, event: events.Paste) -> None:
        """Say that pasted text is no command."""
        event.stop()
        self.app.clear_notifications()
        self.notify("pasted text is not taken for keys", markup=False)
