"""The deck as plain text, for a pipe, a file or a terminal that is none: the same lines, without a screen."""

from chain.clock import Instant
from chain.model.session import new_york
from chain.monitor.analytics import analytics_of
from chain.monitor.board import Board
from chain.monitor.evaluate.signals import HealthReport
from tui.lines import figures
from tui.lines.board.table import board_table
from tui.lines.grid.frame import grid_foot, grid_headline, grid_title
from tui.lines.grid.rows import grid_table
from tui.lines.line import cut, plain
from tui.lines.signals import signal_lines, signals_title
from tui.lines.strip import Past, badge, identity, trouble

WIDTH = 100
_ROWS_AROUND = 12


def past_of(board: Board, as_of: Instant, kept: str) -> Past:
    """Return that a frame is of a Board of the past; `kept` says where it is kept."""
    at_s = board.now_s(as_of)
    return Past(figures.clock(at_s), f"{new_york(at_s):%Y-%m-%d %H:%M:%S} ET", kept)


def frame(report: HealthReport, past: Past | None = None) -> str:
    """Return one frame: strip, board, signals, and the grid around the ATM of the first chain that has one.

    `past` says of which instant it is, where that is not now.
    """
    at = past.at if past else ""
    status = next((r for r in report.statuses if r.record.last_good), None)
    chain = status.record.chain if status else None
    underlying = chain.underlying if chain else "-"
    board = board_table(report, chain, WIDTH, len(report.statuses) * 3 + 20, at=at)
    lines = [identity(report, underlying, 0, WIDTH, past=past), trouble(report, WIDTH, past), *board.head, *board.body]
    lines += [signals_title(report, WIDTH, at=at), *cut(signal_lines(report, WIDTH), 20)]
    analytics = analytics_of(status.record) if status else None
    if status and analytics:
        grid = analytics.grid
        table = grid_table(grid, WIDTH)
        centre = table.atm or 0
        rows = table.body[max(0, centre - _ROWS_AROUND) : centre + _ROWS_AROUND + 1]
        lines += [
            grid_title(grid, status, badge(report.board), WIDTH, at=at),
            grid_headline(grid, analytics.headline, WIDTH),
        ]
        lines += [*table.head, *rows, grid_foot(grid, WIDTH)]
    return "\n".join(plain(line) for line in lines)
