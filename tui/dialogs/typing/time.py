"""The dialog that asks for a time to go to."""

import string
from collections.abc import Callable

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Static

from chain.model.session import TYPED
from tui.dialogs.typing.typed import TypedDialog, typing

_PROMPT = f"{TYPED}; -5m is from the instant shown"


class TimeDialog(TypedDialog[int]):
    """Reads a time; its result is the instant, epoch ns, None where none was chosen. It says why a text means none."""

    DEFAULT_CSS = """
    TimeDialog { align: center bottom; }
    TimeDialog > Vertical { width: 72; max-width: 100%; height: 5; border: round $primary; background: $surface;
        padding: 0 1; margin-bottom: 3; }
    TimeDialog Static { height: 1; }
    TimeDialog #told { height: 2; }
    """
    BINDINGS = [
        Binding("escape", "dismiss", "Close"),
        *typing(string.ascii_letters + string.digits + ":-+. "),
    ]

    def __init__(self, read: Callable[[str], int]) -> None:
        """`read` returns the instant that a text means, epoch ns; ValueError says in a line why it means none."""
        super().__init__()
        self._read = read
        self._entry = Static(markup=False, id="entry")
        self._told = Static(markup=False, id="told")

    def compose(self) -> ComposeResult:
        """Lay out what is typed over what is said of it."""
        with Vertical() as frame:
            frame.border_title = "go to a time, ET"
            frame.border_subtitle = "enter go   esc close"
            yield self._entry
            yield self._told
        self.typed()

    def typed(self) -> None:
        """Show what is typed so far."""
        self._show(_PROMPT)

    def _show(self, words: str) -> None:
        self._entry.update(f"> {self.text}█")
        self._told.update(words)

    def action_go(self) -> None:
        """Close with the instant that was typed, or say why it is none."""
        try:
            at = self._read(self.text)
        except ValueError as error:
            self._show(str(error))
        else:
            self.dismiss(at)
