"""The one sanitiser: text from outside is hostile until it has passed here."""

import re
import unicodedata

# C0 and DEL, C1, zero-width and joiners, line separators, bidi controls and isolates, BOM, interlinear marks.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_PLACEHOLDER = "\ufffd"


def clean(value: object, limit: int = 200) -> str:
    """Return `value` as one visible line: controls and bidi marks replaced, NFC, at most `limit` characters."""
    text = unicodedata.normalize("NFC", str(value)[: limit * 4])
    text = _UNSAFE.sub(_PLACEHOLDER, text)
    return text if len(text) <= limit else text[: limit - 1] + "…"
