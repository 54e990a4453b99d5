"""The deck's one screen: two top lines, the board and signals at the left, the strike grid at the right."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial

from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Footer

from chain.clock import Clock
from chain.errors import ChaindeckError
from chain.model.grid import StrikeGrid
from chain.model.keys import ChainId
from chain.monitor.board import Board
from chain.monitor.freshness import Now, age_ms
from chain.monitor.signals import Report, judge
from chain.supervisor import error_words
from tui import figures
from tui.bindings import BINDINGS
from tui.board_lines import BoardTable, board_table
from tui.chart import AgeChart
from tui.demo import DemoMenu
from tui.feed import Demo, Feed, Operator
from tui.grid_lines import GridTable, Marks, grid_foot, grid_headline, grid_table, grid_title
from tui.help import HelpScreen
from tui.lines import Ground, Line, Role, Span, left, spread
from tui.panel import LinePanel
from tui.signal_lines import signal_table
from tui.strip_lines import badge, identity, trouble
from tui.view import View

log = logging.getLogger(__name__)

_SIGNALS_MIN = 8
_CHART_HEIGHT = 9
_JUDGE_EVERY_S = 0.3
_GRID_FRAME = 4  # lines of the grid that do not scroll
_NO_GRID = (Span("  no valid snapshot of this chain has been read yet", Role.DIM),)


class DeckScreen(Screen[None]):
    """Everything on one screen. It judges the newest Board against the clock and shows what that says."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-medium"), (150, "-wide"), (190, "-huge")]
    BINDINGS = BINDINGS

    class Chosen(Message):
        """The reader chose what is to be remembered."""

    def __init__(
        self,
        feed: Feed,
        clock: Clock,
        view: View,
        demo: Demo | None,
        operator: Operator | None,
        log_lines: Callable[[], Sequence[str]],
    ) -> None:
        super().__init__()
        self._log_lines = log_lines
        self._feed = feed
        self._clock = clock
        self._demo = demo
        self._operator = operator
        self.view = view
        self._board: Board | None = None
        self._report: Report | None = None
        self._table = BoardTable((), (), ())
        self._lines: tuple[tuple[object, ...], GridTable, Line] | None = None
        self._follow = True
        self._failed: dict[str, str] = {}  # panels that could not be brought up to date, and why
        self._signals_room = _SIGNALS_MIN
        self._painted = False
        self._shown_mono = float("-inf")
        self._heartbeat: Timer | None = None

    def compose(self) -> ComposeResult:
        """Lay out the panels."""
        yield LinePanel(id="strip")
        with Horizontal(id="main"):
            with Vertical(id="side"):
                yield LinePanel(id="board", can_focus=True)
                yield LinePanel(id="signals")
                yield AgeChart(id="chart")
            yield LinePanel(id="grid", can_focus=True)
        yield LinePanel(id="log")
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        """Find the panels once, and watch over the feed: ages tick even where no Board comes."""
        self.strip = self.query_one("#strip", LinePanel)
        self.board_panel = self.query_one("#board", LinePanel)
        self.signals = self.query_one("#signals", LinePanel)
        self.grid_panel = self.query_one("#grid", LinePanel)
        self.log_panel = self.query_one("#log", LinePanel)
        self.chart = self.query_one("#chart", AgeChart)
        self.board_panel.focus()
        self._heartbeat = self.set_interval(0.5, self._tick)

    def on_resize(self) -> None:
        """Lay the lines out anew once the panels know their sizes."""
        self.call_after_refresh(self.redraw)

    def _tick(self) -> None:
        """Redraw where the poll loop has not: its silence is itself worth showing."""
        if self._clock.monotonic() - self._shown_mono > 1.4:
            self.redraw()

    def board_arrived(self) -> None:
        """Take the newest Board from the slot and show it."""
        self._board = self._feed.latest() or self._board
        self.redraw()

    def redraw(self) -> None:
        """Judge the Board now and bring every panel up to it."""
        if self._heartbeat is None:
            return  # a Board came before the panels; the first resize shows it
        self._shown_mono = self._clock.monotonic()
        with self.app.batch_update():
            if self._contained(self.strip, self._judge_board, "judgement"):
                self._contained(self.strip, self._show_strip)
            self._contained(self.board_panel, self._show_board)
            self._contained(self.signals, self._show_signals)
            self._contained(self.chart, self._show_chart)
            self._contained(self.grid_panel, self._show_grid)
            self._contained(self.log_panel, self._show_log)
        if self.view.grid is not None and not self._painted:
            self._painted = True
            self.call_after_refresh(self._feed.painted)

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

    def _judge_board(self) -> None:
        """Judge a Board that is new, or was judged a while ago: a key that is pressed does not wait for it."""
        if self._board is None:
            return
        now, report = Now.of(self._clock), self._report
        if report is None or report.board is not self._board or now.mono - report.now.mono > _JUDGE_EVERY_S:
            self.view.settle(self._board)
            self._report = report = judge(self._board, now)
        self.view.take(report)

    def _show_strip(self) -> None:
        underlying = self.view.selected.underlying if self.view.selected else "-"
        width = self.strip.size.width
        paused = figures.clock(self.view.frozen_at) if self.view.frozen_at is not None else ""
        lines = (
            identity(self._report, underlying, self._feed.polls, width, paused=paused),
            trouble(self._report, width),
        )
        self.strip.show(lines, ())

    def _show_board(self) -> None:
        """Share out the side's height, and show the board in its part."""
        side = self.board_panel.parent
        assert isinstance(side, Vertical)
        width, height = side.size
        if not width:
            return
        chart_fits = height >= 34
        self.chart.display = chart_fits
        room = height - (_CHART_HEIGHT if chart_fits else 0)
        limit = room - _SIGNALS_MIN
        self._table = board_table(self._report, self.view.selected, self.board_panel.size.width, limit)
        wanted = max(4, min(limit, len(self._table.head) + len(self._table.body)))
        if self.board_panel.size.height != wanted:
            self.board_panel.styles.height = wanted
        rows = [i for i, chain in enumerate(self._table.rows) if chain == self.view.selected]
        top = self.board_panel.keep_visible(rows[0]) if rows else None
        self.board_panel.show(self._table.head, self._table.body, top=top)
        self._signals_room = room - wanted  # the panel's own size follows the board's only with the next layout

    def _show_signals(self) -> None:
        if not self.signals.size.width:
            return
        signals = signal_table(self._report, self.signals.size.width, self._signals_room)
        self.signals.show(signals[:1], signals[1:])

    def _show_chart(self) -> None:
        reading = self.view.reading(self._report) if self._report else None
        if reading and self._report:
            title = f"AGE {reading.entry.chain.expiry:%m-%d}"
            self.chart.draw(self.view.history, reading.limits, self._report.now.mono, title)

    def _show_grid(self) -> None:
        panel, view = self.grid_panel, self.view
        width = panel.size.width
        if not width:
            return
        reading = view.reading(self._report) if self._report else None
        frozen = None
        if view.frozen_at is not None and view.shown is not None and self._report is not None:
            frozen = (figures.clock(view.frozen_at), age_ms(view.shown, self._report.now) / 1000)
        mark = badge(self._report.board) if self._report else ""
        title = grid_title(view.grid, reading, mark, width, frozen)
        if view.grid is None or view.top is None:
            panel.show((title,), (_NO_GRID,))
            return
        table, foot = self._grid_lines(view.grid, view.marks, width)
        top = grid_headline(view.grid, view.top, width)
        panel.show((title, top, *table.head), table.body, (foot,), top=self._grid_top(table))

    def _grid_lines(self, grid: StrikeGrid, marks: Marks, width: int) -> tuple[GridTable, Line]:
        """Return the grid's lines, the same objects as long as nothing that shapes them changed."""
        shape = (grid.snapshot.id, id(marks), width, self.view.highest_first)
        if self._lines is None or self._lines[0] != shape:
            table = grid_table(grid, width, highest_first=self.view.highest_first, marks=marks)
            self._lines = (shape, table, grid_foot(grid, width))
        return self._lines[1:]

    def _show_log(self) -> None:
        panel = self.log_panel
        if not panel.display or not panel.size.width:
            return
        width = panel.size.width
        title = spread(
            [Span(" LOG", Role.HEAD)],
            [Span(badge(self._report.board) if self._report else "", Role.BADGE)],
            width,
            Ground.BAR,
        )
        lines = [(Span(left(f" {text}", width), Role.DIM),) for text in self._log_lines()]
        panel.show((title,), lines, top=len(lines))

    def _grid_top(self, table: GridTable) -> int | None:
        """Return the first line to show: around the ATM as long as the reader has not scrolled away."""
        if not self._follow or table.atm is None:
            return None
        room = max(1, self.grid_panel.size.height - _GRID_FRAME)
        return table.atm - room // 2

    def on_line_panel_row_chosen(self, event: LinePanel.RowChosen) -> None:
        """A click on the board chooses its chain."""
        if event.panel is self.board_panel and event.row < len(self._table.rows):
            chain = self._table.rows[event.row]
            if chain is not None:
                self.view.choose(chain)
                self._follow = True
                self.redraw()

    def on_line_panel_scrolled(self, event: LinePanel.Scrolled) -> None:
        """The wheel scrolls the grid, and moves along the board."""
        if event.panel is self.grid_panel:
            self._scroll(event.rows)
        elif event.panel is self.board_panel:
            self.action_expiry(1 if event.rows > 0 else -1)

    def _scroll(self, rows: int) -> None:
        self._follow = False
        self.grid_panel.scroll_by(rows)

    def action_down(self) -> None:
        """Move down in the focused panel."""
        self._scroll(1) if self.focused is self.grid_panel else self.action_expiry(1)

    def action_up(self) -> None:
        """Move up in the focused panel."""
        self._scroll(-1) if self.focused is self.grid_panel else self.action_expiry(-1)

    def action_page(self, way: int) -> None:
        """Scroll the grid by a page."""
        self._scroll(way * max(1, self.grid_panel.room - 1))

    def action_edge(self, way: int) -> None:
        """Scroll the grid to an end."""
        self._scroll(way * 1_000_000)

    def action_expiry(self, by: int) -> None:
        """Choose another expiry."""
        if self._board:
            self.view.step_chain(self._board, by)
            self._follow = True
            self.redraw()

    def action_underlying(self, by: int) -> None:
        """Choose another underlying."""
        if self._board:
            self.view.step_underlying(self._board, by)
            self._follow = True
            self.redraw()

    def action_grid(self) -> None:
        """Turn to the grid; on a narrow screen it takes the whole width."""
        self.add_class("-grid-open")
        self.grid_panel.focus()
        self.call_after_refresh(self.redraw)

    def action_board(self) -> None:
        """Turn back to the board, and leave what the mouse has marked."""
        self.clear_selection()
        self.remove_class("-grid-open")
        self.board_panel.focus()
        self.call_after_refresh(self.redraw)

    def action_atm(self) -> None:
        """Centre on the ATM and follow it again."""
        self._follow = True
        self.redraw()

    def action_order(self) -> None:
        """Turn the grid over, and remember it."""
        self.view.highest_first = not self.view.highest_first
        self._follow = True
        self.redraw()
        self.post_message(self.Chosen())

    def action_pause(self) -> None:
        """Freeze or thaw the grid's view."""
        self.view.frozen_at = None if self.view.frozen_at is not None else self._clock.wall_ns() / 1e9
        self.redraw()

    def action_log(self) -> None:
        """Open or close the log pane."""
        self.log_panel.display = not self.log_panel.display
        self.call_after_refresh(self.redraw)

    def action_help(self) -> None:
        """Show keys and words."""
        if self.app.screen is self:
            self.app.push_screen(HelpScreen(binding for binding in self.BINDINGS if isinstance(binding, Binding)))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the demo only where there is one."""
        if action in ("acknowledge", "publish_again"):
            return self._operator is not None
        return self._demo is not None if action == "demo" else True

    def action_acknowledge(self) -> None:
        """Take every change of source as known."""
        if self._operator is not None:
            self._decide(self._operator.acknowledge)

    def action_publish_again(self) -> None:
        """Let the publisher try again, after it gave way to a live one."""
        if self._operator is not None:
            self._decide(self._operator.publish_again)

    def action_demo(self) -> None:
        """Offer the faults; a second key finds the menu open."""
        chain = self.view.selected
        if self._demo is not None and chain is not None and self.app.screen is self:
            self.app.push_screen(DemoMenu(self._demo.faults, str(chain)), partial(self._chosen, self._demo, chain))

    def _chosen(self, demo: Demo, chain: ChainId, name: str | None) -> None:
        if name:
            self._inflict(demo, chain, name)

    def _inflict(self, demo: Demo, chain: ChainId, name: str) -> None:
        self._decide(partial(demo.inflict, name, chain))

    @work(exclusive=True, group="decision", exit_on_error=False)
    async def _decide(self, begin: Callable[[], "Future[str]"]) -> None:
        """Do what the reader has chosen, and say what was done."""
        try:
            done = await asyncio.wrap_future(begin())
        except ChaindeckError as error:
            self.notify(str(error), severity="error", markup=False)
        else:
            self.notify(done, markup=False)

    def action_quit(self) -> None:
        """Quit."""
        self.app.exit()

    def on_paste(self, event: events.Paste) -> None:
        """Say that pasted text is no command."""
        event.stop()
        self.app.clear_notifications()
        self.notify("pasted text is not taken for keys", markup=False)
