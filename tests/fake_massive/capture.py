"""Recorded chains, moved as a whole to another day."""

import gzip
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import orjson

from .chains import Chain
from .views import Item

NEW_YORK = ZoneInfo("America/New_York")
_STAMPS = ("last_updated", "sip_timestamp")  # epoch ns, wherever they stand


@dataclass(frozen=True, slots=True)
class Record:
    """One recorded moment of one underlying's chain."""

    ts: float  # epoch seconds
    underlying: str
    spot: float
    items: list[Item]

    def moved_to_day(self, day: date) -> "Record":
        """Return the record as of the same New York wall time on another date."""
        there = datetime.fromtimestamp(self.ts, NEW_YORK)
        moved = datetime.combine(day, there.time(), NEW_YORK)
        return self.moved_to(moved.timestamp())

    def moved_to(self, ts: float) -> "Record":
        """Return the record as of another instant (epoch seconds).

        Expirations and tickers move by whole New York days, all time stamps by the same nanoseconds.
        """
        days = datetime.fromtimestamp(ts, NEW_YORK).date() - datetime.fromtimestamp(self.ts, NEW_YORK).date()
        shift_ns = round((ts - self.ts) * 1e9)
        return replace(self, ts=ts, items=[_moved(item, days, shift_ns) for item in self.items])

    def chain(self) -> Chain:
        named = (item.get("underlying_asset", {}).get("ticker") for item in self.items)
        return Chain(next(filter(None, named), self.underlying), self.spot, self.items)


def read_capture(path: Path) -> list[bytes]:
    """Return the file's records, each one line of JSON still to be parsed."""
    with gzip.open(path) as lines:
        return [line for line in lines if line.strip()]


def parse_record(line: bytes) -> Record:
    raw = orjson.loads(line)
    return Record(raw["ts"], raw["underlying"], raw["spot"], raw["results"])


def load_capture(path: Path, record: int = 0, day: date | None = None) -> Chain:
    """Return the chain of one record, moved to a date if one is given."""
    recorded = parse_record(read_capture(path)[record])
    return (recorded.moved_to_day(day) if day else recorded).chain()


def _moved(item: Item, days: timedelta, shift_ns: int) -> Item:
    moved = {name: _restamped(block, shift_ns) for name, block in item.items()}
    details = moved["details"] = dict(item["details"])
    expiry = date.fromisoformat(details["expiration_date"]) + days
    ticker = details["ticker"]
    details["expiration_date"] = expiry.isoformat()
    details["ticker"] = f"{ticker[:-15]}{expiry:%y%m%d}{ticker[-9:]}"
    return moved


def _restamped(block: object, shift_ns: int) -> object:
    if not isinstance(block, dict) or not any(name in block for name in _STAMPS):
        return block
    return {name: value + shift_ns if name in _STAMPS else value for name, value in block.items()}
