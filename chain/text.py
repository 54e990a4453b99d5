"""The one sanitiser: text from outside is hostile until it has passed here."""

import re
import unicodedata

# Letters and marks that Unicode lets a terminal ignore. All else that is not seen (controls, format and bidi marks,
# line separators, surrogates, unassigned) `str.isprintable` tells.
_INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
_LOGIN = re.compile(r"//[^\s'\"]*@")  # user and password of a URL, up to the last @ of its word
_PLACEHOLDER = "\ufffd"


def clean(value: object, limit: int = 200) -> str:
    """Return `value` as one visible line: all that is not seen replaced, NFC, at most `limit` characters."""
    text = unicodedata.normalize("NFC", str(value)[: limit * 4])
    if not text.isascii():
        text = _INVISIBLE.sub(_PLACEHOLDER, text)
    if not text.isprintable():
        text = "".join(char if char.isprintable() else _PLACEHOLDER for char in text)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def without_login(text: str) -> str:
    """Return text without the user and password of any URL in it."""
    return _LOGIN.sub("//", text) if "@" in text else text
