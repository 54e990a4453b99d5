"""The bottom line: the keys that a reader needs most, each to be clicked as well."""

from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding
from textual.widget import Widget

from tui.bindings import BINDINGS


class KeyBar(Widget):
    """One widget that draws all keys; Textual's own footer mounts one a key, a tenth of the deck's start."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"key-bar--key"}
    DEFAULT_CSS = """
    KeyBar { dock: bottom; height: 1; color: $footer-description-foreground; background: $footer-background; }
    KeyBar > .key-bar--key { color: $footer-key-foreground; text-style: bold; }
    """
    ALLOW_SELECT = False

    @property
    def _entries(self) -> list[tuple[str, str, Binding]]:
        """The shown keys in their order: as displayed, what for, and the binding."""
        shown = [one for one in BINDINGS if isinstance(one, Binding) and one.show]
        usable = [one for one in shown if self.screen.check_action(one.action.partition("(")[0], ())]
        return [(self.app.get_key_display(one), one.description, one) for one in usable]

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
        for key, words, binding in self._entries:
            end += len(key) + 1 + len(words) + 1
            if event.x < end:
                self.app.simulate_key(binding.key.partition(",")[0])
                return
