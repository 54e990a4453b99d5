"""The line in which the reader types which chains the board is to list."""

import string
from collections.abc import Callable

from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Static

from tui.dialogs.typing.typed import TypedDialog, typing

_PROMPT = "spx 01-02 fri 0dte stale; -word leaves out   enter keep   esc clear"


class FilterDialog(TypedDialog[str]):
    """Filters while it is typed; its result is what was typed, None where the filter is to be no more."""

    DEFAULT_CSS = """
    FilterDialog { align: left bottom; }
    FilterDialog Static { width: 100%; height: 1; background: $surface; color: $foreground; }
    """
    BINDINGS = [
        Binding("escape", "dismiss", "Clear"),
        *typing(string.ascii_letters + string.digits + string.punctuation + " "),
    ]
    LONGEST = 40

    def __init__(self, text: str, filtered: Callable[[str], None]) -> None:
        """`filtered` hears every change of the text."""
        super().__init__(text)
        self._filtered = filtered
        self._line = Static(markup=False)

    def compose(self) -> ComposeResult:
        """Lay out the line."""
        yield self._line
        self._show()

    def _show(self) -> None:
        self._line.update(f"/{self.text}█  {_PROMPT}")

    def typed(self) -> None:
        """Show what is typed so far, and filter by it."""
        self._show()
        self._filtered(self.text)

    def action_go(self) -> None:
        """Keep the filter."""
        self.dismiss(self.text)
