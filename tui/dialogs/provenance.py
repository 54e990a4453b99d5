"""The dialog that says where a number comes from."""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import Future

from textual import work
from textual.binding import Binding

from chain.monitor.explain.explanation import Explanation
from chain.supervisor import error_words
from tui.clipboard import CopyAsked
from tui.dialogs.reading import ReadingDialog
from tui.lines.line import Line, Role, Span
from tui.lines.provenance import WIDTH, provenance_lines

log = logging.getLogger(__name__)

_PATIENCE_S = 5.0


class ProvenanceDialog(ReadingDialog):
    """Keys, stamps and formula of one number, as soon as they are looked up."""

    BINDINGS = [Binding("enter", "dismiss", show=False), Binding("y", "copy", "Copy")]

    def __init__(self, answer: "Future[Explanation]", shown: str) -> None:
        """`shown` is the number as it reads on screen."""
        super().__init__("provenance", "j k scroll   y copy   esc close", WIDTH)
        self._answer = answer
        self.shown = shown
        self.found: Explanation | None = None
        self._told: Line = (Span(" looking it up", Role.DIM),)

    def lines_for(self, width: int) -> Sequence[Line]:
        """Return the explanation, or until it is there that it is looked up."""
        return [self._told] if self.found is None else provenance_lines(self.found, self.shown, width)

    def on_mount(self) -> None:
        """Wait for the answer, while the deck lives on."""
        super().on_mount()
        self.set_timer(_PATIENCE_S, self._say_it_takes_long)
        self._await()

    def _say_it_takes_long(self) -> None:
        """Say that nobody answers: what computes may have ended."""
        if not self._answer.done():
            words = f" looking it up: no answer for {_PATIENCE_S:g} s, what computes it may have failed or ended"
            self._told = (Span(words, Role.CAUTION),)
            self.renew()

    @work(exit_on_error=False)
    async def _await(self) -> None:
        try:
            self.found = await asyncio.wrap_future(self._answer)
        except Exception as error:
            log.debug("told in the dialog", exc_info=error)
            self._told = (Span(f" this cannot be explained: {error_words(error)}", Role.ALARM),)
        self.renew()

    def action_copy(self) -> None:
        """Copy all that is said."""
        if self.found is not None:
            self.post_message(CopyAsked(self.found.text(self.shown), f"the provenance of {self.found.title}"))
