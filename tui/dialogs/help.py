"""The help: a dialog over the living deck, with the deck's own keys and what its words mean."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical

from tui.actions.bindings import closed_by
from tui.actions.keymap import Keymap
from tui.dialogs.dialog import Dialog
from tui.dialogs.help_lines import WIDTH, help_lines
from tui.pages import Place
from tui.panels.line_panel import LinePanel


class HelpScreen(Dialog[None]):
    """Keys and words; it scrolls where it does not fit. The key that opened it closes it, and so do Escape and q."""

    DEFAULT_CSS = f"""
    HelpScreen {{ align: center middle; }}
    HelpScreen > Vertical {{ width: {WIDTH + 4}; max-width: 100%; max-height: 100%; border: round $primary;
        background: $background; padding: 0 1; }}
    HelpScreen LinePanel {{ width: 1fr; height: 1fr; }}
    """
    BINDINGS = [
        Binding("escape,q", "dismiss", "Close"),
        Binding("down,j", "scroll(1)", show=False),
        Binding("up,k", "scroll(-1)", show=False),
        Binding("pagedown,space", "page(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("home,g", "scroll(-10000)", show=False),
        Binding("end,G", "scroll(10000)", show=False),
    ]

    def __init__(self, keymap: Keymap, places: Sequence[Place]) -> None:
        """`places`: what the reader is looking at, whose keys come first."""
        super().__init__()
        self._bindings = closed_by(self._bindings, keymap, "help")
        self.lines = help_lines(keymap, places)
        self._panel = LinePanel(id="help", says_more=True)  # keys may come before it is mounted, and after

    def compose(self) -> ComposeResult:
        """Lay out the lines in a frame that is as high as they are, or as the screen."""
        with Vertical() as frame:
            frame.styles.height = len(self.lines) + 2
            frame.border_title = "help"
            frame.border_subtitle = "j k scroll   esc close"
            yield self._panel

    def on_mount(self) -> None:
        """Show the lines once the panel knows its size."""
        self.call_after_refresh(self._bring)

    def on_resize(self) -> None:
        """Show as many lines as fit now."""
        self.call_after_refresh(self._bring)

    def _bring(self) -> None:
        self._panel.show((), self.lines)

    def action_scroll(self, rows: int) -> None:
        """Scroll by lines."""
        self._panel.scroll_by(rows)

    def action_page(self, way: int) -> None:
        """Scroll by a page."""
        self._panel.scroll_by(way * max(1, self._panel.room - 1))

    def on_line_panel_scrolled(self, event: LinePanel.Scrolled) -> None:
        """The wheel scrolls."""
        event.panel.scroll_by(event.rows)
