"""The table `[keys]` of a file of settings: other keys for actions of the deck."""

from collections.abc import Mapping

from msgspec import Struct

from chain.errors import ConfigError
from chain.text import clean, shown
from chaindeck.config.toml_file import SettingsFile
from tui.actions.catalogue.everything import ACTIONS
from tui.actions.keymap import DEFAULT_KEYMAP, Keymap
from tui.actions.rebinding import RebindingError, rebound

TABLE = "keys"


class ChosenKeys(Struct, frozen=True):
    """Which keys do what, and where those that are not the usual ones are told, by the id of the action."""

    keymap: Keymap = DEFAULT_KEYMAP
    origins: Mapping[str, str] = {}

    def lines(self, *, chosen: bool = False) -> list[str]:
        """Return each action's keys, or those of the actions that were `chosen` others, and where that is told."""
        return [
            f"{f'{TABLE}.{action.id}':<26} {' '.join(self.keymap.of(action)) or '(none)':<28} "
            f"{self.origins.get(action.id, 'default')}"
            for action in ACTIONS
            if not chosen or action.id in self.origins
        ]


def read_keys(file: SettingsFile) -> ChosenKeys:
    """Return the keys that a file gives actions, and the usual ones of others.

    Raises ConfigError naming file, line and action.
    """
    value = file.table.get(TABLE, {})
    if not isinstance(value, dict):
        form = 'not a table, as in [keys] and quit = ["q", "ctrl+x"]'
        raise ConfigError(f"{file.place(TABLE)}: {TABLE} is {shown(value)}, {form}")
    try:
        return ChosenKeys(rebound(value), {id: file.place(TABLE, id) for id in value})
    except RebindingError as error:
        place = file.place(TABLE, error.action)
        raise ConfigError(f"{place}: {TABLE}.{clean(error.action, 40)}: {error}") from None
