"""What every page but the first has in common: it is brought up to date as a whole, and has a cursor."""

from typing import NamedTuple

from textual.containers import Container
from textual.widget import Widget

from chain.model.keys import ChainId
from chain.monitor.board import Board, LastGood
from chain.monitor.evaluate.report import HealthReport
from chain.monitor.explain.question import Subject
from tui.export.table import About, Table
from tui.panels.line_panel import LinePanel
from tui.ports.board_source import Scene
from tui.view import View


class Asked(NamedTuple):
    """A number on screen: what it is of, and how it reads.

    `good` is the snapshot that it was made of, `board` what it stands on where a frozen view keeps another than the
    newest.
    """

    subject: Subject
    chain: ChainId
    good: LastGood | None
    shown: str
    board: Board | None = None


class PageWidget(Container):
    """A page. What it shows of several expirations is derived only while it is on screen."""

    DEFAULT_CSS = "PageWidget { height: 1fr; display: none; }"
    needs_across = False  # whether it shows what the expirations of the underlying say together

    @property
    def main(self) -> LinePanel:
        """The panel that has the focus while the page is on screen."""
        raise NotImplementedError

    def bring(self, report: HealthReport | None, view: View, scene: Scene | None) -> bool:
        """Show what there is.

        Returns whether a panel came or went: it has to be shown again once all know their new sizes.
        """
        raise NotImplementedError

    def move(self, view: View, rows: int, columns: int) -> ChainId | None:
        """Move the cursor by lines and columns; return the chain that it came to, where a line or column is one."""
        raise NotImplementedError

    def move_page(self, view: View, way: int) -> ChainId | None:
        """Move the cursor by as many lines as are seen at once, up or down."""
        return self.move(view, way * max(1, self.main.room - 1), 0)

    def point_at(self, view: View, panel: Widget, row: int, x: int) -> ChainId | None:
        """Put the cursor where the mouse points, as `move` does."""
        raise NotImplementedError

    def asked(self, view: View) -> Asked | None:
        """Return what is under the cursor as a question; None where that is no number, or not yet in full."""
        return None

    def table(self, view: View, about: About) -> Table | None:
        """Return what is on the page as a table, after lines `about` it; None where there is nothing."""
        return None

    def json(self) -> bytes | None:
        """Return the page's own JSON as it is published; None where it shows snapshots, which have theirs."""
        return None

    def enter(self, view: View) -> None:
        """Show what is under the cursor in full, or no longer."""

    def leave(self, view: View) -> bool:
        """Close what is open on the page; return whether anything was."""
        return False

    def turn_axes(self, view: View) -> None:
        """Put something else along an axis."""

    def follow(self) -> None:
        """Show the cursor with the next lines."""
