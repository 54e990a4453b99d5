"""The name of an export: what it is of, the instant of its snapshot in New York, and the kind of its source."""

import re

from chain.model.session import new_york

_OTHER = re.compile(r"[^A-Za-z0-9.^-]+")


def export_stem(of: str, ts: float, source: str, what: str) -> str:
    """Return a name without its suffix, as `SPX-2026-01-02_20260102-100324.000_MOCK_grid`.

    `of` is a chain or an underlying, `ts` epoch seconds, `source` its kind in a word.
    """
    at = new_york(ts)
    when = f"{at:%Y%m%d-%H%M%S}.{at.microsecond // 1000:03d}"
    return "_".join(_OTHER.sub("-", part).strip("-") or "unknown" for part in (of, when, source, what))
