"""Reading a vendor's contract item as the object that it came as, to be published as it is."""

from typing import Any

from chain.model.contract import number
from chain.model.snapshot import Contract

__all__ = ["block", "number", "spot_of"]


def block(item: Contract, name: str) -> dict[str, Any]:
    """Return a nested object of a contract item; empty where the vendor left it out, sent null or something else."""
    value = item.get(name)
    return value if isinstance(value, dict) else {}


def spot_of(item: Contract) -> float | None:
    """Return the underlying's price as an item carries it: `price` of a share, `value` of an index; always above 0."""
    asset = block(item, "underlying_asset")
    found = (number(asset.get(name)) for name in ("price", "value"))
    return next((level for level in found if level is not None and level > 0), None)
