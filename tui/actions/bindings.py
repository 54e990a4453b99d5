"""The actions as Textual binds them."""

from collections.abc import Iterator

from textual.binding import Binding

from tui.actions.catalogue.everything import ACTIONS
from tui.actions.keymap import Keymap
from tui.actions.keys import textual_key


def bindings(keymap: Keymap) -> Iterator[Binding]:
    """Yield a binding for every action that has a key."""
    for action in ACTIONS:
        if keys := keymap.of(action):
            names = ",".join(map(textual_key, keys))
            yield Binding(names, action.call, action.word, tooltip=action.help, id=action.id)
