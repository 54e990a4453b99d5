"""Other keys for actions, as a reader has chosen them: each key does one thing, and there is a way out."""

import difflib
from collections.abc import Iterator, Mapping
from itertools import combinations

from tui.actions.action import Action
from tui.actions.catalogue.everything import ACTIONS, BY_ID
from tui.actions.keymap import DEFAULT_KEYMAP, Keymap
from tui.actions.keys import parsed_key

KEPT = ("quit", "help")  # without a key for these nobody would find out


class RebindingError(ValueError):
    """Keys that cannot be: `action` is the id that was given them, and the words say why not."""

    def __init__(self, action: str, why: str) -> None:
        super().__init__(why)
        self.action = action


def rebound(chosen: Mapping[str, object]) -> Keymap:
    """Return the usual keys, but for the actions that are chosen others: a key, or a list of keys; empty turns one off.

    Raises RebindingError for an action or a key that there is not, for two actions on one key of a page, and where
    there would be no key to quit or to find help.
    """
    keys = dict(DEFAULT_KEYMAP.keys)
    for id, value in chosen.items():
        if id not in BY_ID:
            near = difflib.get_close_matches(id, BY_ID, n=1)
            hint = f"did you mean {near[0]}?" if near else "`chaindeck config show` lists them"
            raise RebindingError(id, f"there is no such action: {hint}")
        keys[id] = _keys(id, value)
    for id in KEPT:
        if not keys[id]:
            raise RebindingError(id, "needs a key: it cannot be turned off")
    for one, other, key in _shared(keys):
        changed, kept = (one, other) if one.id in chosen else (other, one)
        raise RebindingError(changed.id, f"{key} is the key of {kept.id}, too: give one of them another")
    return Keymap(keys)


def _keys(id: str, value: object) -> tuple[str, ...]:
    """Return the keys that an action is given, each once."""
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list) or not all(isinstance(key, str) for key in given):
        raise RebindingError(id, 'is neither a key nor a list of keys, as in ["x", "ctrl+t"]')
    try:
        return tuple(dict.fromkeys(map(parsed_key, given)))
    except ValueError as error:
        raise RebindingError(id, str(error)) from None


def _shared(keys: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[Action, Action, str]]:
    """Yield two actions of one page that have a key in common, and that key."""
    for one, other in combinations(ACTIONS, 2):
        for key in keys[one.id]:
            if key in keys[other.id] and one.pages & other.pages:
                yield one, other, key
