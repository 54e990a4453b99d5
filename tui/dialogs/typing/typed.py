"""A dialog with a line that is typed.

Its keys are bindings, as those of every dialog: of keys that come faster than the screen none is lost.
"""

from collections.abc import Iterable
from typing import TypeVar

from textual import events
from textual.binding import Binding

from chain.text import clean
from tui.actions.keys import parsed_key, textual_key
from tui.dialogs.dialog import Dialog

Result = TypeVar("Result")


def typing(characters: Iterable[str]) -> list[Binding]:
    """Return what has each of these characters typed."""
    return [Binding(textual_key(parsed_key(char)), f"type({char!r})", show=False) for char in characters]


class TypedDialog(Dialog[Result]):
    """Reads a line, `LONGEST` characters at most."""

    BINDINGS = [
        Binding("enter", "go", show=False),
        Binding("backspace,ctrl+h", "erase", show=False),
        Binding("ctrl+u", "clear", show=False),
    ]
    LONGEST = 30

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self.text = text

    def typed(self) -> None:
        """Show the line as it is now."""
        raise NotImplementedError

    def action_type(self, char: str) -> None:
        """Take a character."""
        self.text = (self.text + char)[: self.LONGEST]
        self.typed()

    def action_erase(self) -> None:
        """Take the last character back."""
        self.text = self.text[:-1]
        self.typed()

    def action_clear(self) -> None:
        """Begin anew."""
        self.text = ""
        self.typed()

    def on_paste(self, event: events.Paste) -> None:
        """Take pasted text for typed."""
        event.stop()
        self.action_type(clean(event.text.strip(), self.LONGEST))
