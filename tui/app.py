"""The Textual app: one screen, themes, the command palette, and a wake-up from the engine's thread."""

import asyncio
import logging
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from textual.app import App, SystemCommand
from textual.driver import Driver
from textual.message import Message
from textual.screen import Screen

from chain.clock import Clock
from chain.errors import ConfigError
from tui.dialog import Palette
from tui.feed import Demo, Feed, Operator
from tui.palette import DECK_DARK
from tui.panel import LinePanel
from tui.prefs import Prefs, load_prefs, save_prefs
from tui.screen import DeckScreen
from tui.view import View

log = logging.getLogger(__name__)


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
        operator: Operator | None = None,
        prefs_file: Path | None = None,
        theme: str | None = None,
        log_lines: Callable[[], Sequence[str]] = tuple,
        driver: type[Driver] | None = None,
        notices: Sequence[str] = (),
    ) -> None:
        """`driver`: what paints and reads, by default Textual's own; `notices` are shown at the start."""
        super().__init__(driver_class=driver)
        self._notices = notices
        self.loop: asyncio.AbstractEventLoop | None = None
        self._feed = feed
        self._prefs_file = prefs_file
        prefs = load_prefs(prefs_file) if prefs_file else Prefs()
        self.register_theme(DECK_DARK)
        if theme and theme not in self.available_themes:
            raise ConfigError(f"theme {theme!r} is none of {', '.join(sorted(self.available_themes))}")
        self.theme = theme or ("ansi-dark" if os.environ.get("NO_COLOR") else DECK_DARK.name)
        self.deck = DeckScreen(feed, clock, View(highest_first=prefs.highest_first), demo, operator, log_lines)

    def get_default_screen(self) -> Screen[None]:
        """The deck is the first and only screen."""
        return self.deck

    def on_mount(self) -> None:
        """Start to listen; what came in before is shown at once."""
        self.loop = asyncio.get_running_loop()
        self.theme_changed_signal.subscribe(self, self._restyle)
        self.app_resume_signal.subscribe(self, self._repaint)
        for notice in self._notices:
            self.notify(notice, severity="warning", timeout=15, markup=False)
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

    def _repaint(self, _: object) -> None:
        """Paint every cell, for somebody else has written on the terminal."""
        for screen in self.screen_stack:
            for widget in screen.walk_children(with_self=True):
                widget.refresh(layout=True)
        self.call_after_refresh(self._paint_all)

    def _paint_all(self) -> None:
        self._display(self.screen, self.screen._compositor.render_update(full=True))

    @property
    def failure(self) -> Exception | None:
        """The unexpected exception that ended the screen, if one did."""
        return self._exception

    def _fatal_error(self) -> None:
        """Log what failed and end; a trace on the terminal would show values that are nobody's business."""
        log.error("the screen failed", exc_info=self._exception)
        self._close_messages_no_wait()

    def action_command_palette(self) -> None:
        """Open the palette, once."""
        if not isinstance(self.screen, Palette):
            self.push_screen(Palette(id="--command-palette"))

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
