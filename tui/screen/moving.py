"""Where keys and the mouse lead: along the board, over the grid and the signals, from page to page."""

from textual.message import Message

from chain.monitor.evaluate.report import HealthReport
from tui.pages import Page
from tui.panels.grid import GridPanel
from tui.panels.line_panel import LinePanel
from tui.panels.side import Side
from tui.panels.widgets import SignalsPanel
from tui.ports.alerts import NO_ALERTS, AlertsShown
from tui.ports.board_source import Scene
from tui.ports.time_travel import Stride
from tui.screen.across import AcrossScreen
from tui.screen.travel import Edge, ScreenPorts


class MovingScreen(AcrossScreen):
    """A screen whose keys go to the panel that has the focus, and on a page to its cursor."""

    class Chosen(Message):
        """The reader chose what is to be remembered."""

    def __init__(self, ports: ScreenPorts) -> None:
        super().__init__(ports)
        self.side = Side(id="side")
        self.board_panel, self.signals = self.side.board, self.side.signals
        self.grid_panel = GridPanel(id="grid", can_focus=True)
        self._scene: Scene | None = None
        self._report: HealthReport | None = None

    @property
    def alerts(self) -> AlertsShown:
        """How the alerts stand, whatever instant is on screen."""
        return NO_ALERTS if self._scene is None else self._scene.alerts

    def action_acknowledge_alerts(self) -> None:
        """Acknowledge every raised alert; in the signals the one on top of what is visible."""
        keys = self.signals.top_alert if self.focused is self.signals else None
        self.acknowledge_alerts(keys or None)

    def on_line_panel_row_chosen(self, event: LinePanel.RowChosen) -> None:
        """A click on the board chooses its chain, on a page it moves the cursor, in the grid to a figure."""
        if self.paged is not None and self.paged in event.panel.ancestors:
            self.point_at(self.paged, event.panel, event.row, event.column)
            return
        if event.panel is self.grid_panel:
            self.grid_panel.point_at(self.view, event.row, event.column)
            return
        chain = self.board_panel.chain_at(event.row) if event.panel is self.board_panel else None
        if chain is not None:
            self.view.select(chain)
            self._turned()

    def on_line_panel_scrolled(self, event: LinePanel.Scrolled) -> None:
        """The wheel scrolls the grid and the signals, and moves along the board."""
        if event.panel is self.board_panel:
            self._move_on_board(1 if event.rows > 0 else -1)
        elif event.panel is self.timeline_panel:
            self.action_step(Stride.SNAPSHOT, 1 if event.rows > 0 else -1)
        else:
            event.panel.scroll_by(event.rows)

    def _turned(self) -> None:
        """Show what the reader has turned to, around its ATM."""
        self.grid_panel.follow()
        for page in self.pages.values():
            page.follow()
        self.redraw()

    def _move(self, rows: int) -> None:
        """Move in the panel that has the focus, in grid and page the cursor; along the expirations on the board."""
        panel = self.focused
        if panel is self.timeline_panel:
            self.action_step(Stride.LOOK, rows)
        elif self.paged is not None:
            self.move_cursor(self.paged, rows, 0)
        elif panel is self.grid_panel:
            self._move_in_grid(rows)
        elif isinstance(panel, SignalsPanel):
            panel.scroll_by(rows)
        else:
            self._move_on_board(rows)

    def _move_on_board(self, rows: int) -> None:
        """Choose another expiry; of a board that is filtered, the next that it lists."""
        listed, selected = self.board_panel.listed, self.view.selected
        if self.view.wanted and selected in listed:
            self.view.select(listed[max(0, min(len(listed) - 1, listed.index(selected) + rows))])
            self._turned()
        else:
            self.action_expiry(rows)

    def _move_in_grid(self, rows: int) -> None:
        """Move the grid's cursor, or where there is none its window."""
        if self.focused is not self.grid_panel or not self.grid_panel.move(self.view, rows, 0):
            self.grid_panel.scroll_by(rows)

    def action_down(self) -> None:
        """Move down in the focused panel."""
        self._move(1)

    def action_up(self) -> None:
        """Move up in the focused panel."""
        self._move(-1)

    def action_page(self, way: int) -> None:
        """Move by a page; along the timeline by a minute."""
        if self.focused is self.timeline_panel:
            self.action_step(Stride.MINUTE, way)
            return
        if self.paged is not None:
            self.move_page(self.paged, way)
            return
        if self.focused is self.signals:
            self.signals.scroll_by(way * max(1, self.signals.room - 1))
        else:
            self._move_in_grid(way * max(1, self.grid_panel.room - 1))

    def action_edge(self, way: int) -> None:
        """Move to an end, or go to one of the timeline's."""
        if self.focused is self.timeline_panel:
            self.seek_edge(Edge(way))
            return
        if self.paged is not None:
            self.move_cursor(self.paged, way * 1_000_000, 0)
            return
        if self.focused is self.signals:
            self.signals.scroll_by(way * 1_000_000)
        else:
            self._move_in_grid(way * 1_000_000)

    def action_column(self, by: int) -> None:
        """Choose another expiry, or in the grid and on a page another column."""
        if self.paged is not None and self.focused is not self.timeline_panel:
            self.move_cursor(self.paged, 0, by)
        elif self.focused is not self.grid_panel or not self.grid_panel.move(self.view, 0, by):
            self.action_expiry(by)

    def action_expiry(self, by: int) -> None:
        """Choose another expiry."""
        if self._scene:
            self.view.step_chain(self._scene.board, by)
            self._turned()

    def action_underlying(self, by: int) -> None:
        """Choose another underlying."""
        if self._scene:
            self.view.step_underlying(self._scene.board, by)
            self._turned()

    def action_grid(self) -> None:
        """Turn to the grid, which takes a narrow screen's whole width; on a page show in full what is chosen."""
        if self.paged is not None:
            self.paged.enter(self.view)
            self.redraw()
            return
        self.add_class("-grid-open")
        self.grid_panel.focus()
        self.call_after_refresh(self.redraw)

    def action_board(self) -> None:
        """Turn back to the board, and drop what the mouse has selected; on a page first close what is open."""
        self.clear_selection()
        if self.paged is not None:
            if self.paged.leave(self.view):
                self.redraw()
            else:
                self.action_show_page(Page.DECK)
            return
        self.remove_class("-grid-open")
        self.board_panel.focus()
        self.call_after_refresh(self.redraw)

    def action_atm(self) -> None:
        """Centre on the ATM and follow it again."""
        self.view.tile.strike = None
        self.view.straddle.centre()
        self._turned()

    def turned_page(self) -> None:
        """Show the other page, and have keys go to it."""
        first = self.grid_panel if self.has_class("-grid-open") else self.board_panel
        (first if self.paged is None else self.paged.main).focus()
        self.post_message(self.Chosen())
        self.call_after_refresh(self.redraw)

    def action_order(self) -> None:
        """Turn the grid over, and remember it; changes are also sorted by their size."""
        comparison = self.view.comparison
        if comparison.on and not comparison.by_size and not self.view.highest_first:
            comparison.by_size = True
        else:
            self.view.highest_first, comparison.by_size = comparison.by_size or not self.view.highest_first, False
        self._turned()
        self.post_message(self.Chosen())

    def action_columns(self) -> None:
        """Turn to the next choice of the grid's columns."""
        self.view.next_columns()
        self.redraw()
        self.post_message(self.Chosen())

    def action_bars(self) -> None:
        """Draw open interest and volume as bars, or no longer."""
        self.view.bars = not self.view.bars
        self.redraw()
        self.post_message(self.Chosen())

    def action_backdrop(self) -> None:
        """Show the snapshot alone, or the stream's newer values over it."""
        self.view.backdrop = not self.view.backdrop
        self.redraw()

    def action_freeze(self) -> None:
        """Freeze the grid's view, or follow the chain again; in the past, play or pause."""
        if self.is_steered:
            self.play_or_pause()
            return
        self.view.frozen_at = None if self.view.frozen_at is not None else self._clock.wall_ns() / 1e9
        self.redraw()

    def on_travel_screen_moved(self) -> None:
        """Show the grid another way, around its ATM."""
        self._turned()
