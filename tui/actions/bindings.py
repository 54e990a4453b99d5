"""The actions as Textual binds them."""

from collections.abc import Iterator

from textual.binding import Binding, BindingsMap

from tui.actions.catalogue.everything import ACTIONS
from tui.actions.keymap import Keymap
from tui.actions.keys import textual_key


def bindings(keymap: Keymap) -> Iterator[Binding]:
    """Yield a binding for every action that has a key."""
    for action in ACTIONS:
        if keys := keymap.of(action):
            names = ",".join(map(textual_key, keys))
            yield Binding(names, action.call, action.word, tooltip=action.help, id=action.id)


def with_actions(own: BindingsMap, keymap: Keymap) -> BindingsMap:
    """Return a screen's own bindings, and those of every action."""
    return BindingsMap.merge([own, BindingsMap(bindings(keymap))])


def closed_by(own: BindingsMap, keymap: Keymap, id: str) -> BindingsMap:
    """Return a dialog's own bindings, and that the keys of the action that opens it, if it has any, close it."""
    keys = (Binding(textual_key(key), "dismiss") for key in keymap.keys[id])
    return BindingsMap.merge([own, BindingsMap(keys)])
