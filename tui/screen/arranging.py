"""The reader arranges the screen: by a preset, and what of it stands beside the panels, the log and a line of hints."""

from collections.abc import Callable, Sequence

from tui.key_bar import HintBar
from tui.pages import Panel
from tui.panels.side import side_width
from tui.panels.widgets import LogPanel
from tui.prefs import Prefs
from tui.presets import PRESETS, Preset
from tui.screen.asking.exporting import ExportingScreen
from tui.screen.travel import ScreenPorts

BESIDE_FROM = 100  # columns from which the grid stands beside the board


class ArrangingScreen(ExportingScreen):
    """A screen that begins as a preset and the reader's remembered choices say."""

    def __init__(self, ports: ScreenPorts, log_lines: Callable[[], Sequence[str]]) -> None:
        super().__init__(ports)
        self.log_panel = LogPanel(id="log")
        self.hint = HintBar(ports.keymap)
        self.arranged = ports.preset
        self._begin_on = ports.page
        self._log_lines = log_lines

    def begin(self) -> None:
        """Begin, once it is mounted, as the preset says, on the page where the reader was."""
        self._lay_out(self.arranged)
        self.action_show_page(self._begin_on)

    def action_arrange(self, name: str) -> None:
        """Arrange the screen as a preset says, whatever it was like."""
        self.arranged = preset = PRESETS[name]
        self.view.take(preset.chosen(own=self.view.own is not None))
        self._lay_out(preset)
        self.action_show_page(preset.choices.page)
        self._turned()

    def _lay_out(self, preset: Preset) -> None:
        """Open and close what a preset says, and have keys go where it says."""
        self.set_class(preset.whole_board, "-whole-board")
        self.set_class(preset.focus is Panel.GRID, "-grid-open")
        self._timeline_open = preset.timeline
        self.log_panel.display = preset.log_from is not None and self.app.size.height >= preset.log_from
        self.hint.display = preset.hint
        self.share_width(self.app.size.width)
        self.call_after_refresh(self.redraw)

    def share_width(self, width: int) -> None:
        """Share a width among the left side and the grid, where both are there."""
        alone = width < BESIDE_FROM or self.arranged.whole_board
        self.side.styles.width = "1fr" if alone else side_width(width)

    @property
    def chosen(self) -> Prefs:
        """What is remembered of how the screen is now."""
        view = self.view
        return Prefs(self.arranged.name, self.page, view.highest_first, view.columns.name, view.bars)

    def action_log(self) -> None:
        """Open or close the log pane."""
        self.log_panel.display = not self.log_panel.display
        self.call_after_refresh(self.redraw)
