"""Reading a vendor's contract item, in which any field may be absent, null or of another type."""

import math
from typing import Any

from chain.model.snapshot import Contract


def number(value: object) -> float | None:
    """Return a JSON number as a float; None for anything else, NaN and infinity included."""
    if type(value) is float:
        return value if math.isfinite(value) else None
    return float(value) if type(value) is int else None


def block(item: Contract, name: str) -> dict[str, Any]:
    """Return a nested object of a contract item; empty where the vendor left it out, sent null or something else."""
    value = item.get(name)
    return value if isinstance(value, dict) else {}


def spot_of(item: Contract) -> float | None:
    """Return the underlying's price as an item carries it: `price` of a share, `value` of an index; always above 0."""
    asset = block(item, "underlying_asset")
    found = (number(asset.get(name)) for name in ("price", "value"))
    return next((level for level in found if level is not None and level > 0), None)
