"""What one pass over a snapshot's contracts tells of its wholeness and of its data's age."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from chain.model.snapshot import Contract


class Origin(StrEnum):
    """Which of the vendor's stamps tells how old a snapshot's data are; the first that it carries."""

    QUOTE = "quotes"
    UNDERLYING = "underlying"
    TRADE = "last trade"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class DataTime:
    """The vendor's own time of a snapshot's data, epoch ns: the median of quotes, else the newest of its origin."""

    ns: int
    origin: Origin


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts over one snapshot. `data` is None where no contract carries a stamp; `spot` in points."""

    contracts: int
    calls: int
    puts: int
    strikes: int
    spot: float | None
    data: DataTime | None
    delayed: bool
    index: bool  # whether the underlying is an index, by its ticker


_STAMPS = (
    (Origin.QUOTE, "last_quote", "last_updated"),
    (Origin.UNDERLYING, "underlying_asset", "last_updated"),
    (Origin.TRADE, "last_trade", "sip_timestamp"),
    (Origin.DAY, "day", "last_updated"),
)


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
    times: dict[Origin, list[int]] = {origin: [] for origin in Origin}
    spot: float | None = None
    delayed = index = False
    for item in contracts:
        total += 1
        details = block(item, "details")
        side = details.get("contract_type")
        calls += side == "call"
        puts += side == "put"
        strike = details.get("strike_price")
        if isinstance(strike, int | float):
            strikes.add(strike)
        for origin, name, field in _STAMPS:
            stamp = block(item, name).get(field)
            if type(stamp) is int and stamp > 0:
                times[origin].append(stamp)
        frames = (block(item, name).get("timeframe") for name in ("last_quote", "last_trade", "underlying_asset"))
        delayed = delayed or next(filter(None, frames), None) == "DELAYED"
        if spot is None:
            spot = spot_of(item)
            index = str(block(item, "underlying_asset").get("ticker")).startswith("I:")
    return Summary(total, calls, puts, len(strikes), spot, _data_time(times), delayed, index)


def _data_time(times: Mapping[Origin, list[int]]) -> DataTime | None:
    """Return the time of the best origin that has one. Quotes by their median, the lower of two in the middle.

    An old trade beside a new one tells of a quiet contract, not of old data: there the newest counts.
    """
    for origin, stamps in times.items():
        if stamps:
            at = sorted(stamps)[(len(stamps) - 1) // 2] if origin is Origin.QUOTE else max(stamps)
            return DataTime(at, origin)
    return None
