"""Which keys do what."""

import string
from collections.abc import Mapping

from msgspec import Struct

from tui.actions.action import Action
from tui.actions.catalogue.everything import ACTIONS, BY_ID
from tui.actions.keys import PALETTE, shown_key


class Keymap(Struct, frozen=True):
    """The keys of every action, by its id."""

    keys: Mapping[str, tuple[str, ...]]

    def of(self, action: Action) -> tuple[str, ...]:
        """Return an action's keys, as `tui.actions.keys` names them."""
        return self.keys[action.id]

    def shown(self, *ids: str) -> str:
        """Return what is shown of the keys of some actions, one of each; more than two characters stand together.

        Of digits in a row, the first and the last are shown.
        """
        shown = [key for key in (shown_key(self.of(BY_ID[id])) for id in ids) if key]
        if len(shown) > 1 and "".join(shown) in string.digits:
            return f"{shown[0]}-{shown[-1]}"
        return ("" if len(shown) > 2 and all(len(key) == 1 for key in shown) else " ").join(shown)

    def way(self, id: str) -> str:
        """Return the key that a sentence names for an action: its own, or where it has none the palette's."""
        return self.shown(id) or PALETTE


DEFAULT_KEYMAP = Keymap({action.id: action.keys for action in ACTIONS})
