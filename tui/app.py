"""The Textual app: one screen, themes, the command palette, and a wake-up from the engine's thread."""

import asyncio
import io
import logging
import os
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from rich.console import Console, RenderableType
from textual import events, work
from textual._compositor import CompositorUpdate
from textual.app import App, SystemCommand
from textual.driver import Driver
from textual.filter import LineFilter, Monochrome, NoColor
from textual.message import Message
from textual.screen import Screen
from textual.theme import Theme

from chain.clock import Clock
from chain.errors import ConfigError
from chain.supervisor import error_words
from tui.actions.catalogue.everything import ACTIONS
from tui.actions.keymap import DEFAULT_KEYMAP, Keymap
from tui.clipboard import CopyAsked, NotCopiedError, copy
from tui.dialogs.dialog import Dialog, Palette
from tui.lines.grid.columns.sets import own_columns
from tui.panels.line_panel import LinePanel
from tui.ports.board_source import BoardSource, Demo, Operator
from tui.ports.time_travel import TimeTravel
from tui.prefs import Memory, Prefs
from tui.presets import PRESETS, preset_of
from tui.pump import FairPump
from tui.screen.deck import DeckScreen
from tui.screen.travel import ScreenPorts
from tui.terminal.depth import Depth, colour_depth, light_terminal
from tui.terminal.frames.update import Frame, whole
from tui.terminal.legible import Legible
from tui.terminal.symbols import Symbols
from tui.terminal.themes import DARK, LIGHT, offered, own_themes, painted, terminal_themes
from tui.view import View

log = logging.getLogger(__name__)

_ECHO_S = 0.3  # the key that closed a dialog, again so soon, was meant for the dialog


class BoardArrived(Message):
    """A Board waits in the slot; a backlog of these is one."""

    def can_replace(self, message: Message) -> bool:
        """Only the newest Board matters."""
        return isinstance(message, BoardArrived)


def _console(depth: Depth) -> Console:
    """Return what turns styles into a terminal's sequences, for its colours and not for what COLUMNS or TERM say."""
    return Console(
        color_system=depth.rich_name,  # type: ignore[arg-type]
        file=io.StringIO(),
        markup=True,
        highlight=False,
        emoji=False,
        legacy_windows=False,
        _environ={},
        force_terminal=True,
        safe_box=False,
        soft_wrap=False,
    )


class DeckApp(FairPump, App[None]):
    """The deck. It reads Boards from a feed and never talks to Redis itself."""

    CSS_PATH = "deck.tcss"
    TITLE = "chaindeck"
    ENABLE_COMMAND_PALETTE = True
    depth = Depth.TRUE
    _is_paint_due = False
    symbols = Symbols.BRAILLE
    loop: asyncio.AbstractEventLoop | None = None
    _legible_for: tuple[str, bool] | None = None

    def __init__(
        self,
        feed: BoardSource,
        clock: Clock,
        *,
        travel: TimeTravel | None = None,
        demo: Demo | None = None,
        operator: Operator | None = None,
        prefs_file: Path | None = None,
        theme: str | None = None,
        log_lines: Callable[[], Sequence[str]] = tuple,
        calls: Callable[[], str] = str,
        driver: type[Driver] | None = None,
        notices: Sequence[str] = (),
        depth: Depth | None = None,
        symbols: Symbols = Symbols.BRAILLE,
        columns: tuple[str, ...] = (),
        keymap: Keymap = DEFAULT_KEYMAP,
        preset: str | None = None,
        export_folder: Path | None = None,
    ) -> None:
        """Raise ConfigError for a theme that there is not.

        `driver` paints and reads, by default Textual's own does; `notices` are shown at the start; `depth` tells the
        terminal's colours, by default as the environment says; `symbols` what it can draw, `keymap` which keys do what.
        `calls` returns what is to be written to the terminal so that its reader looks up, empty for nothing.
        `columns` are the reader's own in the strike grid, which begins with them unless others are remembered.
        """
        super().__init__(driver_class=driver)
        self.animation_level = "none"  # nothing moves by itself
        self.symbols = symbols
        self._notices = notices
        self._closed_by = ("", float("-inf"))  # the key that closed a dialog, and when it was last heard, monotonic
        self._feed, self._calls, self._clock = feed, calls, clock
        self._memory = Memory(prefs_file)
        self._paint_for(colour_depth(os.environ) if depth is None else depth)
        begin, view = self._begin(preset, theme, columns)
        begun = preset_of(begin.preset), begin.page
        ports = ScreenPorts(feed, clock, view, demo, operator, travel, keymap, *begun, export_folder)
        self.deck = DeckScreen(ports, log_lines)

    def _begin(self, preset: str | None, theme: str | None, columns: tuple[str, ...]) -> tuple[Prefs, View]:
        """Begin with what is given, else with what is remembered; return what that is, and the view of it."""
        known = self._memory.prefs
        self.theme = self._theme_for(theme, known.theme)
        given = PRESETS.get(preset or "")
        begin = known if given is None else given.chosen(own=bool(columns))
        view = View(own=own_columns(columns) if columns else None)
        view.take(begin)
        begin = replace(begin, preset=preset_of(begin.preset).name, columns=view.columns.name, theme=self.theme)
        self._memory.begin(begin)
        return begin, view

    def _paint_for(self, depth: Depth) -> None:
        """Paint with a terminal's colours, and offer the deck's own themes in them."""
        self.depth = depth
        self.no_color = depth is Depth.NONE
        self.console = _console(depth)
        for own in (*own_themes(depth), *terminal_themes()):
            self.register_theme(own)

    @property
    def available_themes(self) -> dict[str, Theme]:
        """The themes that this terminal can show."""
        return offered(super().available_themes, self.depth)

    def _theme_for(self, given: str | None, remembered: str | None) -> str:
        """Return the theme to start with: the one that is wanted, or where it has too many colours the deck's own."""
        known = super().available_themes
        wanted = given or (remembered if remembered in known else None)
        if wanted is None:
            return LIGHT if light_terminal(os.environ) else DARK
        if wanted in self.available_themes:
            return wanted
        if wanted not in known:
            raise ConfigError(f"theme {wanted!r} is none of {', '.join(sorted(known))}")
        return DARK if known[wanted].dark else LIGHT

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's filters less those that grey colours out, then the one that keeps everything legible."""
        theme, ansi = self.current_theme, self.native_ansi_color
        if (theme.name, ansi) != self._legible_for:
            self._legible_for = (theme.name, ansi)
            self._legible = Legible(self.depth, ansi=ansi, dark=theme.dark, painted=painted(theme, self.depth))
        others = [one for one in super().get_line_filters() if not isinstance(one, (Monochrome, NoColor))]
        return [*others, self._legible]

    def get_default_screen(self) -> Screen[None]:
        """The deck is the first and only screen."""
        return self.deck

    def on_mount(self) -> None:
        """Start to listen; what came in before is shown at once."""
        self.loop = asyncio.get_running_loop()
        self.theme_changed_signal.subscribe(self, self._restyle)
        self.app_resume_signal.subscribe(self, self._repaint)
        for notice in filter(None, (*self._notices, self._memory.trouble)):
            self.notify(notice, severity="warning", timeout=15, markup=False)
        self._feed.subscribe(self._wake)
        self.call_after_refresh(self.deck.board_arrived)

    def _wake(self) -> None:
        self.post_message(BoardArrived())

    def on_board_arrived(self) -> None:
        """Show what the engine has read, and call for attention where that is asked for."""
        self.deck.board_arrived()
        if (sequence := self._calls()) and self._driver is not None and not self.is_headless:
            self._driver.write(sequence)  # between two frames: both are written on this thread

    def _restyle(self, _: object) -> None:
        self.on_moving_screen_chosen()
        for screen in self.screen_stack:
            for panel in screen.query(LinePanel):
                panel.restyle()

    def _repaint(self, _: object) -> None:
        """Paint every cell, for somebody else has written on the terminal."""
        for screen in self.screen_stack:
            for widget in screen.walk_children(with_self=True):
                widget.refresh(layout=True)
        self.call_after_refresh(self._paint_all)

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        super()._display(screen, Frame(renderable) if isinstance(renderable, CompositorUpdate) else renderable)

    def _paint_all(self) -> None:
        self._is_paint_due = False
        self._display(self.screen, whole(self))

    def _paint_soon(self) -> None:
        """Paint every cell once the screen is laid out: what a terminal cut off while it was smaller is gone from it.

        Of sizes in a row the screen is laid out for the last only, which may be that of before.
        """
        if not self._is_paint_due:
            self._is_paint_due = True
            self.call_after_refresh(self._paint_all)

    @property
    def failure(self) -> Exception | None:
        """The unexpected exception that ended the screen, if one did."""
        return self._exception

    def _fatal_error(self) -> None:
        """Log what failed and end; a trace on the terminal would show values that are nobody's business."""
        log.error("the screen failed", exc_info=self._exception)
        self._close_messages_no_wait()

    async def on_event(self, event: events.Event) -> None:
        """Do what a key of the deck or of a dialog says before the next one is looked at.

        Through the queues of the widgets that have the focus, keys would be lost with the dialog that an earlier one
        closes. Only the palette's input reads text, and has its keys by Textual's own way.
        """
        if isinstance(event, events.Key) and not event.is_forwarded and isinstance(self.screen, Dialog | DeckScreen):
            await self._key(event.key, self.screen)
        else:
            await super().on_event(event)
            if isinstance(event, events.Resize):
                self._paint_soon()

    async def _key(self, key: str, screen: Screen[object]) -> None:
        now = self._clock.monotonic()
        closed_by, heard = self._closed_by
        if screen is self.deck and key == closed_by and now - heard <= _ECHO_S:
            self._closed_by = (key, now)  # a key that is held down repeats itself
            return
        if not await self._check_bindings(key, priority=True):
            await self._check_bindings(key)
        if screen is not self.deck and self.screen is self.deck:
            self._closed_by = (key, now)

    def action_show_help_panel(self) -> None:
        """Show the deck's help where Textual would mount a panel beside the deck."""
        self.deck.action_help()

    def action_command_palette(self) -> None:
        """Open the palette, once."""
        if not isinstance(self.screen, Palette):
            self.push_screen(Palette(id="--command-palette"))

    def on_copy_asked(self, event: CopyAsked) -> None:
        """Copy what a screen or a dialog asks for."""
        self._copy(event)

    @work(exclusive=True, group="copy", exit_on_error=False)
    async def _copy(self, asked: CopyAsked) -> None:
        """Copy, and say what was copied and to where."""
        try:
            where = await copy(asked.text, self.copy_to_clipboard, self._clock, os.environ)
        except NotCopiedError as error:
            self.notify(f"not copied: {error}", severity="warning", markup=False)
        except Exception as error:  # Textual would end this work without a word
            log.exception("copying failed")
            self.notify(f"not copied: {error_words(error)}", severity="error", markup=False)
        else:
            self.notify(f"{asked.what} copied {where}", markup=False)

    def on_moving_screen_chosen(self) -> None:
        """Remember the reader's choices."""
        if trouble := self._memory.keep(replace(self.deck.chosen, theme=self.theme)):
            self.notify(trouble, severity="warning", markup=False)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Textual's own commands, and what can be done now of the deck's."""
        yield from super().get_system_commands(screen)
        deck = self.deck
        for action in ACTIONS:
            if action.title and deck.check_action(action.name, ()):
                key = deck.keymap.shown(action.id)
                words = f"{action.help}  ({key})" if key else action.help
                yield SystemCommand(action.title, words, partial(self.run_action, action.call, deck))
