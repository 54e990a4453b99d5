"""What one pass over a snapshot's contracts tells of its wholeness and of its quotes' age."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from chain.model.snapshot import Contract


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts over one snapshot. `quote_ns` is the median vendor quote time, epoch ns; `spot` in points."""

    contracts: int
    calls: int
    puts: int
    strikes: int
    spot: float | None
    quote_ns: int | None
    delayed: bool


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
    """Return the underlying's price as an item carries it: `price` of a share, `value` of an index."""
    asset = block(item, "underlying_asset")
    found = number(asset.get("price"))
    return found if found is not None else number(asset.get("value"))


def summarise(contracts: Iterable[Contract]) -> Summary:
    """Return the counts of a snapshot's contracts; items that make no sense count as contracts alone."""
    calls = puts = total = 0
    strikes: set[object] = set()
    times: list[int] = []
    spot: float | None = None
    delayed = False
    for item in contracts:
        total += 1
        details = block(item, "details")
        side = details.get("contract_type")
        calls += side == "call"
        puts += side == "put"
        strike = details.get("strike_price")
        if isinstance(strike, int | float):
            strikes.add(strike)
        quote = block(item, "last_quote")
        stamp = quote.get("last_updated")
        if isinstance(stamp, int) and stamp > 0:
            times.append(stamp)
        frames = (block(item, name).get("timeframe") for name in ("last_quote", "last_trade", "underlying_asset"))
        delayed = delayed or next(filter(None, frames), None) == "DELAYED"
        if spot is None:
            spot = spot_of(item)
    return Summary(total, calls, puts, len(strikes), spot, _middle(times), delayed)


def _middle(times: list[int]) -> int | None:
    """Return the median, the lower of two in the middle."""
    return sorted(times)[(len(times) - 1) // 2] if times else None
