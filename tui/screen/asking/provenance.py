"""The reader asks where a number comes from."""

from chain.clock import Instant
from chain.model.keys import KeySchema
from chain.monitor.analytics import DatedBoard
from chain.monitor.explain.question import CellOf, ChainOf, Question, Staged
from tui.clipboard import CopyAsked
from tui.dialogs.provenance import ProvenanceDialog
from tui.lines.grid.asked import FIGURE_OF
from tui.lines.grid.cells import unmarked
from tui.lines.grid.cursor import GridCell
from tui.panels.page import Asked
from tui.screen.filtering import FilteringScreen


class ProvenanceScreen(FilteringScreen):
    """A screen each of whose numbers can be asked for its origin; what is shown then goes on beneath the answer."""

    def action_grid(self) -> None:
        """Explain the figure under the cursor of the grid or a page; elsewhere turn to the grid."""
        asked = self._under_cursor()
        if asked is not None:
            self._ask(asked)
        else:
            super().action_grid()

    def action_inspect(self) -> None:
        """Explain what the board says of the chosen chain, and what stands over its grid."""
        chain = self.view.selected
        if chain is not None:
            self._ask(Asked(ChainOf(), chain, self.view.shown, ""))

    def action_copy(self) -> None:
        """Copy the figure under the cursor; where there is none, the key of the payload that is shown."""
        asked, good, here = self._under_cursor(), self.view.shown, self._here
        if asked is not None:
            text = unmarked(asked.shown.strip())
            self.post_message(CopyAsked(text, text))
        elif good is not None and here is not None:
            key = KeySchema(here.board.prefix).snapshot(good.snapshot.id)
            self.post_message(CopyAsked(key, key))

    def _under_cursor(self) -> Asked | None:
        """Return the number under the cursor of a page, or of the grid where keys go to it."""
        if self.paged is not None:
            return self.paged.asked(self.view)
        cell, chain = self.view.cell, self.view.selected
        if self.focused is not self.grid_panel or cell is None or chain is None or self.view.comparison.on:
            return None
        return Asked(self._cell_of(cell), chain, self.view.shown, self.grid_panel.figure)

    def _cell_of(self, cell: GridCell) -> CellOf:
        """Return what is asked of a cell: the snapshot's figure, or where the stream has painted it, that."""
        staged = self._scene.staged if self._scene else None
        painted = self.view.painted if not self.view.backdrop else None
        on_it = None
        if painted is not None and cell.place in painted.streamed and staged is not None and staged.meta is not None:
            on_it = Staged(staged.meta, staged.contracts)
        return CellOf(cell.place, FIGURE_OF[cell.column], on_it, self.view.gex)

    def _ask(self, asked: Asked) -> None:
        """Have a number explained as it is shown now, and show the answer as soon as it is there."""
        here = self._here
        if here is None or self.app.screen is not self:
            return
        question = self.question(asked, here)
        self.app.push_screen(ProvenanceDialog(self._feed.explain(question), asked.shown))

    def question(self, asked: Asked, here: DatedBoard) -> Question:
        """Return what is asked, with what is looked at: by the clock of now, or by the instant of the past."""
        is_past = self.view.past is not None
        is_frozen = asked.good is self.view.shown or asked.board not in (None, here.board)
        return Question(
            asked.subject,
            asked.chain,
            DatedBoard(asked.board or here.board, here.now if is_past else Instant.now(self._clock)),
            asked.good,
            frozen_at=self.view.frozen_at if is_frozen else None,
            is_past=is_past,
        )
