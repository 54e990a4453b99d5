"""How far a long task is: one line on a terminal, rewritten now and then."""

import sys
from typing import Final

from chain.clock import Clock

_EVERY_S: Final = 0.5
_WIDTH: Final = 78  # what a shorter line covers of the one before; it fits on the narrowest screen


class ProgressLine:
    """A line on standard error; nothing at all where that is no terminal."""

    def __init__(self, clock: Clock) -> None:
        """`clock` is the machine's own."""
        self._clock = clock
        self._is_shown = sys.stderr is not None and sys.stderr.isatty()
        self._due = clock.monotonic()

    def show(self, words: str) -> None:
        """Show words in place of those before, at most twice a second; what is logged next takes their place."""
        now = self._clock.monotonic()
        if self._is_shown and now >= self._due:
            self._due = now + _EVERY_S
            self._write(words)

    def end(self) -> None:
        """Leave an empty line."""
        if self._is_shown:
            self._write("")

    @staticmethod
    def _write(words: str) -> None:
        print(f"\r{words[:_WIDTH]:<{_WIDTH}}\r", end="", file=sys.stderr, flush=True)
