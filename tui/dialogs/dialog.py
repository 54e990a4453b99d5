"""What every dialog over the deck has in common: it closes once, whatever is pressed or clicked how often."""

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.command import CommandPalette
from textual.screen import ModalScreen

from tui.pump import FittedPump

Result = TypeVar("Result")


class Dialog(FittedPump, ModalScreen[Result]):
    """A screen over the deck. The first answer counts; further keys and clicks find it closed."""

    _answered = False

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Close with a result; a dialog that has closed, or is not on top, stays as it is."""
        if self._answered or self.app.screen is not self:
            return AwaitComplete()
        self._answered = True
        return super().dismiss(result)


class Palette(FittedPump, CommandPalette):
    """The command palette, which closes once as every dialog does."""

    def dismiss(self, result: None = None) -> AwaitComplete:
        """Close with the chosen command, unless it has closed already."""
        return super().dismiss(result) if self.app.screen is self else AwaitComplete()
