"""A dialog to read in: lines in a frame that is as high as they are, or as the screen, and scrolls."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical

from tui.dialogs.dialog import Dialog
from tui.lines.line import Line
from tui.panels.line_panel import LinePanel

_FRAME = 2  # cells of its border, and of the blanks at either side


class ReadingDialog(Dialog[None]):
    """Lines over the living deck."""

    DEFAULT_CSS = """
    ReadingDialog { align: center middle; }
    ReadingDialog > Vertical { max-width: 100%; max-height: 100%; border: round $primary; background: $background;
        padding: 0 1; }
    ReadingDialog LinePanel { width: 1fr; height: 1fr; }
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

    def __init__(self, title: str, subtitle: str, width: int) -> None:
        """`width` is of the lines, where the screen has room for as much."""
        super().__init__()
        self._titles = title, subtitle
        self._width = width
        self._frame = Vertical()
        self._panel = LinePanel(id="reading", says_more=True)  # keys may come before it is mounted, and after

    def lines_for(self, width: int) -> Sequence[Line]:
        """Return what there is to read, for a panel of `width`."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        """Lay out the frame."""
        with self._frame as frame:
            frame.styles.width = self._width + 2 * _FRAME
            frame.border_title, frame.border_subtitle = self._titles
            yield self._panel
        self._fit(self.app.size.width)

    def on_mount(self) -> None:
        """Show the lines once the panel knows its size."""
        self.call_after_refresh(self.bring)

    def on_resize(self) -> None:
        """Show as many lines as fit now."""
        self._fit(self.app.size.width)
        self.call_after_refresh(self.bring)

    def _fit(self, width: int) -> None:
        """Make the frame as high as the lines are."""
        self._frame.styles.height = len(self.lines_for(min(self._width, width - 2 * _FRAME))) + _FRAME

    def renew(self) -> None:
        """Show other lines."""
        self._fit(self.app.size.width)
        self.call_after_refresh(self.bring)

    def bring(self) -> None:
        """Show the lines."""
        self._panel.show((), self.lines_for(self._panel.size.width))

    def action_scroll(self, rows: int) -> None:
        """Scroll by lines."""
        self._panel.scroll_by(rows)

    def action_page(self, way: int) -> None:
        """Scroll by a page."""
        self._panel.scroll_by(way * max(1, self._panel.room - 1))

    def on_line_panel_scrolled(self, event: LinePanel.Scrolled) -> None:
        """The wheel scrolls."""
        event.panel.scroll_by(event.rows)
