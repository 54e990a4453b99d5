"""The chain snapshot: typed, and validated on the way in and on the way out."""

import math
from dataclasses import dataclass, field
from typing import Any

import orjson

from chain.errors import InvalidNameError, InvalidSnapshotError
from chain.model.keys import EPOCH_MAX_S, EPOCH_MIN_S, SnapshotId, parse_expiry
from chain.text import clean

# A contract item is the vendor's own object, unchanged: https://massive.com option chain snapshot.
Contract = dict[str, Any]

MAX_PAYLOAD_BYTES = 8 * 1024 * 1024
MAX_CONTRACTS = 5_000
MAX_STRING_BYTES = 8_192
_MAX_CONTAINERS = MAX_CONTRACTS * 10  # an item nests seven blocks and a list; ten leaves room for new ones


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One option chain at one instant. `atm` and `range_points` are in points of the underlying."""

    id: SnapshotId
    ts: float  # epoch seconds
    atm: int
    range_points: int
    contracts: tuple[Contract, ...] = field(repr=False)  # megabytes, which asyncio would spell out for a debug line

    @classmethod
    def at(
        cls, snapshot_id: SnapshotId, ts_ns: int, *, atm: int, range_points: int, contracts: list[Contract]
    ) -> "Snapshot":
        """Return a snapshot made at `ts_ns` (epoch ns); raise InvalidSnapshotError if it breaks the contract."""
        snapshot = cls(snapshot_id, ts_ns / 1e9, atm, range_points, tuple(contracts))
        _check_stamp(snapshot.ts, snapshot_id.ts_ms)
        if not contracts:
            raise InvalidSnapshotError(f"{snapshot_id.chain} has no contracts in its range")
        if len(contracts) > MAX_CONTRACTS:
            raise InvalidSnapshotError(f"{len(contracts)} contracts, more than {MAX_CONTRACTS}")
        return snapshot


@dataclass(frozen=True, slots=True)
class Sealed:
    """A snapshot that was valid when read, kept as its bytes: decoded contracts take twenty times the memory."""

    id: SnapshotId
    ts: float  # epoch seconds
    atm: int
    range_points: int
    raw: bytes = field(repr=False)

    @classmethod
    def of(cls, snapshot: Snapshot, raw: bytes) -> "Sealed":
        """Return a snapshot with the bytes it was decoded from."""
        return cls(snapshot.id, snapshot.ts, snapshot.atm, snapshot.range_points, raw)

    def open(self) -> Snapshot:
        """Return the whole snapshot, decoded anew."""
        return decode(self.raw, self.id)


def encode(snapshot: Snapshot) -> bytes:
    """Return the payload's JSON: the contract's six fields in the contract's order.

    Raises InvalidSnapshotError for one of a size that every reader would refuse.
    """
    chain = snapshot.id.chain
    body = orjson.dumps(
        {
            "ts": snapshot.ts,
            "underlying": chain.underlying,
            "expiration": chain.expiry.isoformat(),
            "atm": snapshot.atm,
            "range_points": snapshot.range_points,
            "contracts": snapshot.contracts,
        }
    )
    check_size(body)
    return body


def decode(raw: bytes, expected: SnapshotId) -> Snapshot:
    """Return the snapshot in `raw` if it is the one that its key names.

    Raises:
        InvalidSnapshotError: it is oversized, not JSON, of wrong types, of another chain or of another instant.
    """
    check_size(raw)
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise InvalidSnapshotError(f"not JSON: {clean(error, 80)}") from None
    if not isinstance(body, dict):
        raise InvalidSnapshotError(f"a JSON {type(body).__name__}, not an object")
    ts = _number(body, "ts")
    _check_identity(body, expected)
    _check_stamp(ts, expected.ts_ms)
    atm, range_points = _integer(body, "atm"), _integer(body, "range_points")
    if range_points < 0:
        raise InvalidSnapshotError(f"range_points {range_points} is negative")
    contracts = body.get("contracts")
    if not isinstance(contracts, list):
        raise InvalidSnapshotError("contracts is missing or not an array")
    if len(contracts) > MAX_CONTRACTS:
        raise InvalidSnapshotError(f"{len(contracts)} contracts, more than {MAX_CONTRACTS}")
    for index, item in enumerate(contracts):
        if not isinstance(item, dict):
            raise InvalidSnapshotError(f"contracts[{index}] is a {type(item).__name__}, not an object")
    return Snapshot(expected, ts, atm, range_points, tuple(contracts))


def same_instant(ts: float, ts_ms: int) -> bool:
    """Return whether a payload's `ts`, epoch seconds, is the instant of its key, epoch milliseconds, give or take one.

    A key's millisecond is cut off, so `ts` may lie up to a whole one after it, and one more where they were taken
    apart; half a microsecond covers a float's own steps.
    """
    return -1.0005 <= ts * 1000 - ts_ms < 1.9995


def check_size(raw: bytes) -> None:
    """Bound what decoding can cost, by counting bytes; where read, before any object exists."""
    if len(raw) > MAX_PAYLOAD_BYTES:
        raise InvalidSnapshotError(f"payload larger than {MAX_PAYLOAD_BYTES} bytes")
    # Each container takes two bytes: what is smaller than that need not be counted.
    if len(raw) > 2 * _MAX_CONTAINERS and raw.count(b"{") + raw.count(b"[") > _MAX_CONTAINERS:
        raise InvalidSnapshotError(f"more objects than {MAX_CONTRACTS} contracts can hold")
    # A string this long leaves at least one aligned block of half its size without a quotation mark.
    block = MAX_STRING_BYTES // 2
    for start in range(0, len(raw) - block, block):
        if raw.find(b'"', start, start + block) < 0:
            raise InvalidSnapshotError(f"a string or gap of {block} bytes or more")


def _check_identity(body: dict[str, Any], expected: SnapshotId) -> None:
    underlying, expiration = body.get("underlying"), body.get("expiration")
    if not isinstance(underlying, str) or not isinstance(expiration, str):
        raise InvalidSnapshotError("underlying or expiration is missing or not a string")
    if underlying != expected.chain.underlying:
        raise InvalidSnapshotError(f"underlying {clean(underlying, 16)!r} under a key of {expected.chain.underlying}")
    try:
        same_date = parse_expiry(expiration) == expected.chain.expiry
    except InvalidNameError as error:
        raise InvalidSnapshotError(str(error)) from None
    if not same_date:
        raise InvalidSnapshotError(f"expiration {expiration} under a key of {expected.chain.expiry}")


def _check_stamp(ts: float, ts_ms: int) -> None:
    if not math.isfinite(ts) or not EPOCH_MIN_S <= ts < EPOCH_MAX_S:
        raise InvalidSnapshotError(f"ts {ts:g} is not an epoch in seconds between 2000 and 2100")
    if not same_instant(ts, ts_ms):
        raise InvalidSnapshotError(f"ts {ts:.6f} and the key's {ts_ms} ms are more than 1 ms apart")


def _number(body: dict[str, Any], name: str) -> float:
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidSnapshotError(f"{name} is missing or not a number")
    return float(value)


def _integer(body: dict[str, Any], name: str) -> int:
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidSnapshotError(f"{name} is missing or not an integer")
    return value
