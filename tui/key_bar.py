"""The bottom line: the keys that a reader needs most, each to be clicked as well."""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from rich.text import Text
from textual import events
from textual.binding import Binding
from textual.reactive import reactive
from textual.widget import Widget

from tui.bindings import BINDINGS, HEATMAP_BAR, HEATMAP_SPARE, PAST_BAR, PAST_SPARE, SPARE
from tui.pages import Page


class Entry(NamedTuple):
    """A key as displayed, what for, and the key that a click presses."""

    key: str
    words: str
    pressed: str

    @property
    def width(self) -> int:
        """How many cells it takes, with the blank after it."""
        return len(self.key) + 1 + len(self.words) + 1


def _by_key(bar: Sequence[tuple[str, str, str]]) -> dict[str, Entry]:
    return {pressed: Entry(key, words, pressed) for key, words, pressed in bar}


class KeyBar(Widget):
    """One widget that draws all keys; Textual's own footer mounts one a key, a tenth of the deck's start."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"key-bar--key"}
    DEFAULT_CSS = """
    KeyBar { dock: bottom; height: 1; color: $footer-description-foreground; background: $footer-background; }
    KeyBar > .key-bar--key { color: $footer-key-foreground; text-style: bold; }
    """
    ALLOW_SELECT = False

    past: reactive[bool] = reactive(False)  # whether the past is on screen: other keys are needed there
    page: reactive[Page] = reactive(Page.DECK)

    @property
    def _entries(self) -> list[Entry]:
        """The keys in their order; where not all fit, those that can be spared are left out."""
        if self.past:
            page = ("2", "heatmap", "2") if self.page is Page.DECK else ("1", "deck", "1")
            return self._fitting(_by_key((*PAST_BAR, page)), (page[2], *PAST_SPARE))
        if self.page is Page.HEATMAP:
            return self._fitting(_by_key(HEATMAP_BAR), HEATMAP_SPARE)
        shown = [one for one in BINDINGS if isinstance(one, Binding) and one.show]
        usable = [one for one in shown if self.screen.check_action(one.action.partition("(")[0], ())]
        return self._fitting({one.action: self._entry(one) for one in usable}, SPARE)

    def _fitting(self, entries: dict[str, Entry], spare: Sequence[str]) -> list[Entry]:
        for name in spare:
            if sum(entry.width for entry in entries.values()) > self.size.width:
                entries.pop(name, None)
        return list(entries.values())

    def _entry(self, binding: Binding) -> Entry:
        return Entry(self.app.get_key_display(binding), binding.description, binding.key.partition(",")[0])

    def render(self) -> Text:
        """Return the keys, a blank between two."""
        key_style = self.get_component_rich_style("key-bar--key")
        text = Text(no_wrap=True, overflow="crop", end="")
        for key, words, _ in self._entries:
            text.append(key, key_style).append(f" {words} ")
        return text

    def on_click(self, event: events.Click) -> None:
        """Press the key that was clicked."""
        end = 0
        for entry in self._entries:
            end += entry.width
            if event.x < end:
                self.app.simulate_key(entry.pressed)
                return
