"""Names of keys: a character stands for itself, others have the names that are printed on them."""

import unicodedata

_TEXTUAL = {"esc": "escape", "pgup": "pageup", "pgdn": "pagedown", " ": "space"}
# Textual names a character as Unicode does, but for these.
_RENAMED = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}


def textual_key(key: str) -> str:
    """Return a key's name in Textual: `]` is right_square_bracket there."""
    if len(key) > 1 or key.isalnum():
        return _TEXTUAL.get(key, key)
    name = unicodedata.name(key).lower().replace("-", "_").replace(" ", "_")
    return _TEXTUAL.get(key) or _RENAMED.get(name, name)


def shown_key(keys: tuple[str, ...]) -> str:
    """Return the one of several keys that is shown where there is room for one: a character before a name."""
    return next((key for key in keys if len(key) == 1), next(iter(keys), ""))
