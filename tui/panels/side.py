"""The left side of the deck: the board, the signals and the age chart, and how they share its height."""

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from chain.monitor.evaluate.report import HealthReport
from tui.lines.grid.columns.sets import idle_columns
from tui.panels.age_chart import HEIGHT as CHART_HEIGHT
from tui.panels.age_chart import AgeChart
from tui.panels.widgets import BoardPanel, SignalsPanel
from tui.view import View

_SIGNALS_MIN = 8  # lines
_CHART_FROM = 34  # lines of height from which there is room for the chart
_LEAST_WIDTH = ((150, 42), (190, 60), (10_000, 64))  # up to which width of the screen, how wide
_MOST_WIDTH = 76  # every column of the board, and three flags in words
_BORDER = _MARGIN = 1
_TAGS = 3  # columns that the grid makes use of for more tags beside its strikes


def side_width(width: int) -> int:
    """Return how wide the left side is beside a grid, on a screen of `width`: what no grid uses is the board's."""
    least = next(least for upto, least in _LEAST_WIDTH if width < upto)
    idle = idle_columns(width - least - _BORDER)
    return min(
        least + max(min(idle, _MARGIN), idle - _MARGIN - _TAGS), _MOST_WIDTH
    )  # flags would touch the border first


class Side(Vertical):
    """The board takes the lines that it needs, the chart its own where there is room, the signals what is left."""

    class LaidOut(Message):
        """It has a size for the first time: a Board that came before could not be shown in it."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._laid_out = False
        # Made here, not found once mounted: a key may come before that.
        self.board = BoardPanel(id="board", can_focus=True, says_more=True)
        self.signals = SignalsPanel(id="signals", can_focus=True, says_more=True)
        self.chart = AgeChart(id="chart")

    def compose(self) -> ComposeResult:
        """Lay out the panels from the top."""
        yield self.board
        yield self.signals
        yield self.chart

    def on_resize(self) -> None:
        """Tell once that there is room."""
        if self.size.width and not self._laid_out:
            self._laid_out = True
            self.post_message(self.LaidOut())

    def update_board(self, report: HealthReport | None, view: View) -> None:
        """Show the chains in as many lines as the others leave."""
        width, height = self.size
        if width:
            self.chart.display = height >= _CHART_FROM and view.past is None  # it runs up to now
            room = height - (CHART_HEIGHT if self.chart.display else 0)
            self.board.update(report, view, room - _SIGNALS_MIN)

    def update_chart(self, report: HealthReport | None, view: View) -> None:
        """Draw the selected chain's ages up to now."""
        status = view.status(report) if report and view.past is None else None
        if status and report:
            self.chart.draw(status.chain, view.histories.ages(status.chain), status.limits, report.now.mono)
