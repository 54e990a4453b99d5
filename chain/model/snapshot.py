"""The chain snapshot: typed, and validated on the way in and on the way out."""

from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

import msgspec
import orjson
from msgspec import structs

from chain.decode.form import Form
from chain.decode.limits import Limits
from chain.decode.prune import without_deep
from chain.errors import DecodeError, InvalidNameError, InvalidSnapshotError, TooDeepError
from chain.model.contract import Item
from chain.model.keys import EPOCH_MAX_S, EPOCH_MIN_S, SnapshotId, parse_expiry
from chain.text import shown

T = TypeVar("T")

# A contract item is the vendor's own object, unchanged: https://massive.com option chain snapshot.
Contract = dict[str, Any]

MAX_PAYLOAD_BYTES = 8 * 1024 * 1024
MAX_CONTRACTS = 5_000
PAYLOAD_LIMITS = Limits(
    MAX_PAYLOAD_BYTES,
    containers=MAX_CONTRACTS * 10,  # an item nests seven blocks and a list; ten leaves room for new ones
    values=MAX_CONTRACTS * 100,  # an item has about fifty
)

_EXACT = 2**53  # up to here every reader of JSON holds an integer exactly


class Header(msgspec.Struct, frozen=True):
    """The payload's JSON but for its contracts. Other fields are ignored."""

    ts: float
    underlying: str
    expiration: str
    atm: Annotated[int, msgspec.Meta(ge=-_EXACT, le=_EXACT)]
    range_points: Annotated[int, msgspec.Meta(ge=0, le=_EXACT)]


class Body(Header, frozen=True):
    """The payload's JSON: the contract's six fields."""

    contracts: list[Item]


class Envelope(Header, frozen=True):
    """The payload's JSON, with each contract as the bytes that it came in."""

    contracts: list[msgspec.Raw]


PAYLOAD = Form(Body, PAYLOAD_LIMITS)
_ENVELOPE = Form(Envelope, PAYLOAD_LIMITS, nesting=False)
TOO_DEEP = f"nested more than {PAYLOAD_LIMITS.depth} deep"
_ITEM_LEVEL = 3  # the object, its array of contracts, and in it an item


def decode_payload(form: Form[T], raw: bytes) -> T:
    """Return a payload by a form; an item in which anything nests too deep says so in place of its details.

    Such an item is a rejected contract, and no reason to refuse the others. Raises DecodeError.
    """
    try:
        return form.decode(raw)
    except TooDeepError:
        instead = b'{"details":"%s"}' % TOO_DEEP.encode()
        return form.decode(without_deep(raw, _ITEM_LEVEL, form.limits.depth, instead))


@dataclass(frozen=True, slots=True)
class SnapshotHeader:
    """A snapshot without its contracts. `atm` and `range_points` are in points of the underlying."""

    id: SnapshotId
    ts: float  # epoch seconds
    atm: int
    range_points: int

    @property
    def header(self) -> "SnapshotHeader":
        """The header alone, which keeps no contract in memory."""
        return SnapshotHeader(self.id, self.ts, self.atm, self.range_points)


@dataclass(frozen=True, slots=True)
class Snapshot(SnapshotHeader):
    """One option chain at one instant, to be published."""

    contracts: tuple[Contract, ...] = field(repr=False)  # megabytes, which asyncio would format for a debug message

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
class Received(SnapshotHeader):
    """One option chain at one instant, as it was read: its contracts are typed."""

    contracts: tuple[Item, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class EncodedSnapshot(SnapshotHeader):
    """A valid snapshot, kept as bytes: decoded contracts take several times the memory."""

    raw: bytes = field(repr=False)

    @classmethod
    def from_received(cls, snapshot: Received, raw: bytes) -> "EncodedSnapshot":
        """Return a snapshot with the bytes it was decoded from."""
        return cls(snapshot.id, snapshot.ts, snapshot.atm, snapshot.range_points, raw)

    def open(self) -> Received:
        """Decode and return the whole snapshot."""
        return decode(self.raw, self.id)


def encode(snapshot: Snapshot) -> bytes:
    """Return the payload's JSON: the contract's six fields in the contract's order.

    Raises InvalidSnapshotError for one of a size that every reader would refuse. How deep its contracts nest was
    checked when they were read: a recorded or vendor's chain holds its items as deep as a payload does, and has the
    same limit.
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
    try:
        PAYLOAD_LIMITS.check_written(body)
    except DecodeError as error:
        raise InvalidSnapshotError(str(error)) from None
    return body


def decode(raw: bytes, expected: SnapshotId) -> Received:
    """Return the snapshot in `raw` if it is the one that its key names.

    Raises:
        InvalidSnapshotError: it is oversized, not JSON, of wrong types, of another chain or of another instant.
    """
    try:
        body = decode_payload(PAYLOAD, raw)
    except DecodeError as error:
        raise InvalidSnapshotError(str(error)) from None
    _check_header(body, len(body.contracts), expected)
    return Received(expected, body.ts, body.atm, body.range_points, tuple(body.contracts))


def decode_header(raw: bytes, expected: SnapshotId) -> EncodedSnapshot:
    """Return the snapshot in `raw` with its header decoded, to be published again as it is.

    Takes a third of the time of `decode`, and accepts all that `decode` does, except a snapshot without contracts,
    which no publisher sends. Of each contract it is known only that it is JSON.

    Raises:
        InvalidSnapshotError: as `decode` does.
    """
    try:
        body = _ENVELOPE.decode(raw)
    except DecodeError as error:
        raise InvalidSnapshotError(str(error)) from None
    _check_header(body, len(body.contracts), expected)
    if not body.contracts:
        raise InvalidSnapshotError("no contracts")
    return EncodedSnapshot(expected, body.ts, body.atm, body.range_points, raw)


def raw_contracts(raw: bytes) -> list[msgspec.Raw]:
    """Return each contract of a payload as the bytes that it came in; raise InvalidSnapshotError."""
    try:
        return _ENVELOPE.decode(raw).contracts
    except DecodeError as error:
        raise InvalidSnapshotError(str(error)) from None


def stamped(snapshot: EncodedSnapshot, ts_ns: int) -> EncodedSnapshot:
    """Return a snapshot as one made at `ts_ns` (epoch ns); its contracts are the same, byte for byte."""
    body = structs.replace(_ENVELOPE.decode(snapshot.raw), ts=ts_ns / 1e9)
    made = SnapshotId(snapshot.id.chain, ts_ns // 1_000_000)
    return EncodedSnapshot(made, body.ts, body.atm, body.range_points, msgspec.json.encode(body))


def same_instant(ts: float, ts_ms: int) -> bool:
    """Return whether a payload's `ts`, epoch seconds, is the instant of its key, epoch milliseconds, give or take one.

    A key's millisecond is cut off, so `ts` may lie up to a whole one after it, and one more where they were taken
    apart; half a microsecond covers a float's own steps.
    """
    return -1.0005 <= ts * 1000 - ts_ms < 1.9995


def _check_header(body: Header, contracts: int, expected: SnapshotId) -> None:
    _check_identity(body, expected)
    _check_stamp(body.ts, expected.ts_ms)
    if contracts > MAX_CONTRACTS:
        raise InvalidSnapshotError(f"{contracts} contracts, more than {MAX_CONTRACTS}")


def _check_identity(body: Header, expected: SnapshotId) -> None:
    if body.underlying != expected.chain.underlying:
        raise InvalidSnapshotError(
            f"underlying {shown(body.underlying, 16)} under a key of {expected.chain.underlying}"
        )
    try:
        same_date = parse_expiry(body.expiration) == expected.chain.expiry
    except InvalidNameError as error:
        raise InvalidSnapshotError(str(error)) from None
    if not same_date:
        raise InvalidSnapshotError(f"expiration {body.expiration} under a key of {expected.chain.expiry}")


def _check_stamp(ts: float, ts_ms: int) -> None:
    if not EPOCH_MIN_S <= ts < EPOCH_MAX_S:  # nor is NaN
        raise InvalidSnapshotError(f"ts {ts:g} is not an epoch in seconds between 2000 and 2100")
    if not same_instant(ts, ts_ms):
        raise InvalidSnapshotError(f"ts {ts:.6f} and the key's {ts_ms} ms are more than 1 ms apart")
