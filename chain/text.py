"""The one sanitiser: text from outside is hostile until it has passed here."""

import re
import unicodedata

# Letters and marks that Unicode lets a terminal ignore. Everything else that is invisible (controls, format and bidi
# marks, line separators, surrogates, unassigned) is found by `str.isprintable`.
_INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
# User and password of a URL, up to the last @ of its word. The placeholder USER:PASSWORD of our own messages stays.
_LOGIN = re.compile(r"//(?!(?:USER)?:PASSWORD@[^\s'\"@]*(?:[\s'\"]|$))[^\s'\"]*@")
_PLACEHOLDER = "\ufffd"
_EXACT = 2**63  # an integer beyond it may have more digits than Python agrees to print


def clean(value: object, limit: int = 200) -> str:
    """Return `value` as one visible line: everything invisible replaced, NFC, at most `limit` characters."""
    text = unicodedata.normalize("NFC", (value if isinstance(value, str) else _brief(value))[: limit * 4])
    if not text.isascii():
        text = _INVISIBLE.sub(_PLACEHOLDER, text)
    if not text.isprintable():
        text = "".join(char if char.isprintable() else _PLACEHOLDER for char in text)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def without_login(text: str) -> str:
    """Return text without the user and password of any URL in it."""
    return _LOGIN.sub("//", text) if "@" in text else text


def shown(value: object, limit: int = 24) -> str:
    """Return a JSON value in a few letters, whatever it holds: a string in quotes, an object or array by its length."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return repr(clean(value, limit)) if isinstance(value, str) else clean(value, limit)


def _brief(value: object) -> str:
    """Return a value's text; of one that may be deep or vast, what it is."""
    if isinstance(value, dict | list | tuple | set):
        return f"an {'object' if isinstance(value, dict) else 'array'} of {len(value)}"
    if isinstance(value, int) and abs(value) > _EXACT:
        return "a vast integer"
    return str(value)
