"""Reads fields of a vendor's contract item without changing it, since it is published as it is."""

from typing import Any

from chain.model.contract import MAX_LEVEL, number
from chain.model.placement import mismatch, not_of
from chain.model.snapshot import Contract


def block(item: Contract, name: str) -> dict[str, Any]:
    """Return a nested object of a contract item; empty if it is missing, null or not an object."""
    value = item.get(name)
    return value if isinstance(value, dict) else {}


def spot_of(item: Contract) -> float | None:
    """Return the underlying's price in an item: `price` for a stock, `value` for an index; always above 0."""
    asset = block(item, "underlying_asset")
    found = (number(asset.get(name)) for name in ("price", "value"))
    return next((level for level in found if level is not None and 0 < level <= MAX_LEVEL), None)


def contradiction(item: Contract, symbol: str) -> str:
    """Return how an item contradicts itself or belongs to another underlying; "" if it is consistent.

    `symbol` is the underlying as in the vendor's path. Adjusted contracts may bear any root.
    """
    named, details = block(item, "underlying_asset").get("ticker"), block(item, "details")
    ticker, side, strike = (details.get(name) for name in ("ticker", "contract_type", "strike_price"))
    if side not in ("call", "put") or details.get("shares_per_contract", 100) != 100:
        return not_of(named, None, symbol)
    if foreign := not_of(named, ticker, symbol):
        return foreign
    points, expiration = number(strike), details.get("expiration_date")
    if points is None or not isinstance(expiration, str) or len(expiration) != len("YYYY-MM-DD"):
        return ""  # which is told as what it is
    return mismatch(ticker, expiration, side, points)
