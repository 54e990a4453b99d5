"""The reader asks where a number comes from."""

from chain.clock import Instant
from chain.monitor.analytics import DatedBoard
from chain.monitor.explain.question import CellOf, Question, Staged, Subject
from tui.dialogs.provenance import ProvenanceDialog
from tui.lines.grid.asked import FIGURE_OF
from tui.lines.grid.cursor import GridCell
from tui.screen.moving import MovingScreen


class ProvenanceScreen(MovingScreen):
    """A screen each of whose numbers can be asked for its origin; what is shown then goes on beneath the answer."""

    def action_grid(self) -> None:
        """In the grid explain the figure under the cursor; else turn to it."""
        cell = self.view.cell
        if self.paged is None and self.focused is self.grid_panel and cell is not None:
            self._ask(self._cell_of(cell), self.grid_panel.figure)
        else:
            super().action_grid()

    def _cell_of(self, cell: GridCell) -> CellOf:
        """Return what is asked of a cell: the snapshot's figure, or where the stream has painted it, that."""
        staged = self._scene.staged if self._scene else None
        painted = self.view.painted if not self.view.backdrop else None
        on_it = None
        if painted is not None and cell.place in painted.streamed and staged is not None and staged.meta is not None:
            on_it = Staged(staged.meta, staged.contracts)
        return CellOf(cell.place, FIGURE_OF[cell.column], on_it)

    def _ask(self, subject: Subject, shown: str) -> None:
        """Have a number explained as it is shown now, and show the answer as soon as it is there."""
        chain, here = self.view.selected, self._here
        if chain is None or here is None or self.app.screen is not self:
            return
        moment = here if self.view.past else DatedBoard(here.board, Instant.now(self._clock))
        question = Question(
            subject, chain, moment, self.view.shown, frozen_at=self.view.frozen_at, is_past=self.view.past is not None
        )
        self.app.push_screen(ProvenanceDialog(self._feed.explain(question), shown))
