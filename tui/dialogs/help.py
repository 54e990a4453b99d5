"""The help: a dialog over the living deck, with the deck's own keys and what its words mean."""

from collections.abc import Sequence

from tui.actions.bindings import closed_by
from tui.actions.keymap import Keymap
from tui.dialogs.help_lines import WIDTH, help_lines
from tui.dialogs.reading import ReadingDialog
from tui.lines.line import Line
from tui.pages import Place


class HelpScreen(ReadingDialog):
    """Keys and words. The key that opened it closes it, and so do Escape and q."""

    def __init__(self, keymap: Keymap, places: Sequence[Place]) -> None:
        """`places`: what the reader is looking at, whose keys come first."""
        super().__init__("help", "j k scroll   esc close", WIDTH)
        self._bindings = closed_by(self._bindings, keymap, "help")
        self.lines = help_lines(keymap, places)

    def lines_for(self, width: int) -> Sequence[Line]:
        """Return the help, which is as wide as it is."""
        return self.lines
