"""The reader filters the board: by words, while they are typed."""

from functools import partial

from chain.model.keys import ChainId
from tui.dialogs.typing.filter import FilterDialog
from tui.lines.board.filter import NO_FILTER, BoardFilter
from tui.screen.moving import MovingScreen


class FilteringScreen(MovingScreen):
    """A screen whose board lists what fits a filter. Nothing else is filtered: signals and counts are of all chains."""

    def action_filter(self) -> None:
        """Ask for words, and show the board."""
        if self.app.screen is self:
            self.remove_class("-grid-open")
            dialog = FilterDialog(self.view.wanted.text, self._filter_by)
            self.app.push_screen(dialog, partial(self._end_filtering, self.view.selected))

    def _filter_by(self, text: str) -> None:
        """Filter by words; where the chain that is looked at does not fit, look at the first that does."""
        self.view.wanted = BoardFilter(text)
        if self._report is not None:
            fitting = [status.chain for status in self.view.wanted.fitting(self._report)]
            if fitting and self.view.selected not in fitting:
                self.view.select(fitting[0])
        self._turned()

    def _end_filtering(self, before: ChainId | None, text: str | None) -> None:
        """Keep the filter; or drop it, and look at what was looked at before."""
        if not text:
            self.view.wanted = NO_FILTER
            self.view.select(before)
        self.board_panel.focus()
        self._turned()

    def action_board(self) -> None:
        """Turn back to the board; from there drop the filter."""
        if self.paged is None and self.focused is self.board_panel and self.view.wanted:
            self.view.wanted = NO_FILTER
            self._turned()
        else:
            super().action_board()
