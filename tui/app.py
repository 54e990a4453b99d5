"""The Textual app: one screen, themes, the command palette, and a wake-up from the engine's thread."""

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from textual.app import App, SystemCommand
from textual.message import Message
from textual.screen import Screen

from chain.clock import Clock
from chain.errors import ConfigError
from tui.feed import Demo, Feed
from tui.palette import DECK_DARK
from tui.panel import LinePanel
from tui.prefs import Prefs, load_prefs, save_prefs
from tui.screen import DeckScreen
from tui.view import View


class BoardArrived(Message):
    """A Board waits in the slot; a backlog of these is one."""

    def can_replace(self, message: Message) -> bool:
        """Only the newest Board matters."""
        return isinstance(message, BoardArrived)


class DeckApp(App[None]):
    """The deck. It reads Boards from a feed and never talks to Redis itself."""

    CSS_PATH = "deck.tcss"
    TITLE = "chaindeck"
    ENABLE_COMMAND_PALETTE = True
    animation_level = "none"

    def __init__(
        self,
        feed: Feed,
        clock: Clock,
        *,
        demo: Demo | None = None,
        prefs_file: Path | None = None,
        theme: str | None = None,
        log_lines: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        super().__init__()
        self._feed = feed
        self._prefs_file = prefs_file
        prefs = load_prefs(prefs_file) if prefs_file else Prefs()
        self.register_theme(DECK_DARK)
        if theme and theme not in self.available_themes:
            raise ConfigError(f"theme {theme!r} is none of {', '.join(sorted(self.available_themes))}")
        self.theme = theme or ("ansi-dark" if os.environ.get("NO_COLOR") else DECK_DARK.name)
        self.deck = DeckScreen(feed, clock, View(highest_first=prefs.highest_first), demo, log_lines)

    def get_default_screen(self) -> Screen[None]:
        """The deck is the first and only screen."""
        return self.deck

    def on_mount(self) -> None:
        """Start to listen; what came in before is shown at once."""
        self.theme_changed_signal.subscribe(self, self._restyle)
        self._feed.subscribe(self._wake)
        self.call_after_refresh(self.deck.board_arrived)

    def _wake(self) -> None:
        self.post_message(BoardArrived())

    def on_board_arrived(self) -> None:
        """Show what the engine has read."""
        self.deck.board_arrived()

    def _restyle(self, _: object) -> None:
        for panel in self.deck.query(LinePanel):
            panel.restyle()

    def on_unmount(self) -> None:
        """Remember the reader's choices."""
        if self._prefs_file:
            try:
                save_prefs(self._prefs_file, Prefs(highest_first=self.deck.view.highest_first))
            except OSError as error:
                self.log.warning(f"choices not remembered: {error.strerror}")

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Textual's own commands, and the deck's."""
        yield from super().get_system_commands(screen)
        yield SystemCommand("ATM", "Centre the grid on the ATM and follow it", self.deck.action_atm)
        yield SystemCommand("Strike order", "Highest strike on top, or lowest", self.deck.action_order)
        yield SystemCommand("Log", "Open or close the log pane", self.deck.action_log)
        yield SystemCommand("Freeze", "Freeze or thaw the grid's view", self.deck.action_pause)
