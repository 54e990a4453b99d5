"""The dialog that asks for a time to go to."""

import string
from collections.abc import Callable

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Static

from chain.model.session import TYPED
from chain.text import clean
from tui.dialogs.dialog import Dialog

_PROMPT = f"{TYPED}; -5m is from the instant shown"
_LONGEST = 30  # characters: a date, a time and an offset
_TYPED = {":": "colon", "-": "minus", "+": "plus", ".": "full_stop", " ": "space"}


class TimeDialog(Dialog[int]):
    """Reads a time; its result is the instant, epoch ns, None where none was chosen. What is no time is said in a line.

    Its keys are bindings, as those of every dialog: of keys that come faster than the screen none is lost.
    """

    DEFAULT_CSS = """
    TimeDialog { align: center bottom; }
    TimeDialog > Vertical { width: 72; max-width: 100%; height: 5; border: round $primary; background: $surface;
        padding: 0 1; margin-bottom: 3; }
    TimeDialog Static { height: 1; }
    TimeDialog #told { height: 2; }
    """
    BINDINGS = [
        Binding("escape", "dismiss", "Close"),
        Binding("enter", "go", show=False),
        Binding("backspace,ctrl+h", "erase", show=False),
        Binding("ctrl+u", "clear", show=False),
        *(Binding(key, f"type({key!r})", show=False) for key in string.ascii_letters + string.digits),
        *(Binding(key, f"type({char!r})", show=False) for char, key in _TYPED.items()),
    ]

    def __init__(self, read: Callable[[str], int]) -> None:
        """`read` returns the instant that a text means, epoch ns; ValueError says in a line why it means none."""
        super().__init__()
        self._read = read
        self._text = ""
        self._entry = Static(markup=False, id="entry")
        self._told = Static(markup=False, id="told")

    def compose(self) -> ComposeResult:
        """Lay out what is typed over what is said of it."""
        with Vertical() as frame:
            frame.border_title = "go to a time, ET"
            frame.border_subtitle = "enter go   esc close"
            yield self._entry
            yield self._told
        self._show(_PROMPT)

    def _show(self, words: str) -> None:
        self._entry.update(f"> {self._text}█")
        self._told.update(words)

    def action_type(self, char: str) -> None:
        """Take a character."""
        self._text = (self._text + char)[:_LONGEST]
        self._show(_PROMPT)

    def action_erase(self) -> None:
        """Take the last character back."""
        self._text = self._text[:-1]
        self._show(_PROMPT)

    def action_clear(self) -> None:
        """Begin anew."""
        self._text = ""
        self._show(_PROMPT)

    def on_paste(self, event: events.Paste) -> None:
        """Take pasted text for typed."""
        event.stop()
        self.action_type(clean(event.text.strip(), _LONGEST))

    def action_go(self) -> None:
        """Close with the instant that was typed, or say why it is none."""
        try:
            at = self._read(self._text)
        except ValueError as error:
            self._show(str(error))
        else:
            self.dismiss(at)
