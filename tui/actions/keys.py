"""Names of keys: a character stands for itself, others have the names that are printed on them."""

import string
import unicodedata

from chain.text import clean

_TEXTUAL = {"esc": "escape", "pgup": "pageup", "pgdn": "pagedown"}
# Textual names a character as Unicode does, but for these.
_RENAMED = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
PALETTE = "ctrl+p"  # Textual's own key of its command palette
# What is read besides characters. Of keys with Ctrl, a terminal sends some as others; the rest move the focus, open the
# palette, or end and suspend programs.
_ARROWS = ("up", "down", "left", "right")
_NAMED = (
    *(*_ARROWS, "home", "end", "pgup", "pgdn", "enter", "esc", "space", "backspace", "delete", "insert"),
    *(f"f{number}" for number in range(1, 13)),
    *(f"{held}+{arrow}" for held in ("shift", "ctrl") for arrow in _ARROWS),
    *(f"ctrl+{letter}" for letter in string.ascii_lowercase if letter not in "chijmpqz"),
)
_OTHER_NAMES = {" ": "space", "escape": "esc", "pageup": "pgup", "pagedown": "pgdn", "return": "enter", "del": "delete"}


def parsed_key(text: str) -> str:
    """Return a key by its name here; ValueError for what is no key that can be given to an action."""
    if len(text) == 1 and text.isprintable() and not text.isspace() and _is_one_cell(text):
        return text
    name = _OTHER_NAMES.get(text.lower(), text.lower())
    if name not in _NAMED:
        raise ValueError(f"{clean(text, 20)!r} is no key for an action: a character, ctrl+t, f1, pgdn, esc, space")
    return name


def _is_one_cell(character: str) -> bool:
    """Whether a character takes one cell of the key bar, and stands alone."""
    return unicodedata.east_asian_width(character) not in "WF" and not unicodedata.combining(character)


def textual_key(key: str) -> str:
    """Return a key's name in Textual: `]` is right_square_bracket there."""
    if len(key) > 1 or key.isalnum():
        return _TEXTUAL.get(key, key)
    name = unicodedata.name(key).lower().replace("-", "_").replace(" ", "_")
    return _RENAMED.get(name, name)


def shown_key(keys: tuple[str, ...]) -> str:
    """Return the one of several keys that is shown where there is room for one: a character before a name."""
    return next((key for key in keys if len(key) == 1), next(iter(keys), ""))
