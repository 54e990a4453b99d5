"""The bottom line: the keys that a reader needs most, each to be clicked as well."""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from rich.text import Text
from textual import events
from textual.reactive import reactive
from textual.widget import Widget

from tui.actions.bars import HINTS, Entry, bar_of
from tui.actions.catalogue.everything import BY_ID
from tui.actions.keymap import DEFAULT_KEYMAP, Keymap
from tui.actions.keys import textual_key
from tui.pages import Page


class _Shown(NamedTuple):
    """An entry as it is shown."""

    keys: str
    word: str
    entry: Entry

    @property
    def width(self) -> int:
        """How many cells it takes, with the blank after it."""
        return len(self.keys) + 1 + len(self.word) + 1


class Keys(Widget):
    """One widget that draws all keys; Textual's own footer mounts one a key, a tenth of the deck's start."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"keys--key"}
    DEFAULT_CSS = """
    Keys { height: 1; color: $footer-description-foreground; background: $footer-background; }
    Keys > .keys--key { color: $footer-key-foreground; text-style: bold; }
    """
    ALLOW_SELECT = False

    def __init__(self, keymap: Keymap = DEFAULT_KEYMAP) -> None:
        super().__init__()
        self._keymap = keymap

    @property
    def _wanted(self) -> Sequence[Entry]:
        """What it is to show, as far as that can be done and there is room."""
        raise NotImplementedError

    @property
    def _entries(self) -> list[_Shown]:
        """The entries in their order; where not all fit, those that can be spared are left out."""
        usable = [
            _Shown(*entry.text(self._keymap), entry)
            for entry in self._wanted
            if self._keymap.of(BY_ID[entry.id]) and self.screen.check_action(BY_ID[entry.id].name, ())
        ]
        for one in sorted((one for one in usable if one.entry.spare), key=lambda one: one.entry.spare):
            if sum(shown.width for shown in usable) > self.size.width:
                usable.remove(one)
        return usable

    def render(self) -> Text:
        """Return the keys, a blank between two."""
        key_style = self.get_component_rich_style("keys--key")
        text = Text(no_wrap=True, overflow="crop", end="")
        for keys, word, _ in self._entries:
            text.append(keys, key_style).append(f" {word} ")
        return text

    def on_click(self, event: events.Click) -> None:
        """Press the key that was clicked."""
        end = 0
        for shown in self._entries:
            end += shown.width
            if event.x < end:
                self.app.simulate_key(textual_key(self._keymap.of(BY_ID[shown.entry.id])[0]))
                return


class KeyBar(Keys):
    """The bottom line."""

    DEFAULT_CSS = "KeyBar { dock: bottom; }"

    past: reactive[bool] = reactive(False)  # whether the past is on screen: other keys are needed there
    page: reactive[Page] = reactive(Page.DECK)  # that is shown
    alerts: reactive[bool] = reactive(False)  # whether one waits to be acknowledged
    in_grid: reactive[bool] = reactive(False)  # whether keys go to the grid: the same ones move its cursor

    @property
    def _wanted(self) -> Sequence[Entry]:
        return bar_of(self.page, past=self.past, alerts=self.alerts, in_grid=self.in_grid)


class HintBar(Keys):
    """A line with what to try, for who sees the deck for the first time."""

    DEFAULT_CSS = "HintBar { display: none; }"

    @property
    def _wanted(self) -> Sequence[Entry]:
        return HINTS
