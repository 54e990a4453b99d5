"""Snapshots that were exported from a tape, as records of a capture: those of one cycle are one whole chain."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import orjson
from msgspec import Raw, Struct

from chain.decode.form import Form, decode_plain
from chain.decode.limits import Limits
from chain.errors import DecodeError
from chain.model.snapshot import PAYLOAD_LIMITS
from publisher.fields import spot_of
from publisher.source import SourceError

_MARK = b'{"received":'  # with which every exported line begins


class ExportedPayload(Struct, frozen=True):
    """A snapshot's payload, its contracts left as they are written."""

    ts: float
    underlying: str
    expiration: str
    atm: int
    contracts: Raw


class ExportedLine(Struct, frozen=True):
    """One exported line: when it was received, epoch seconds, and the payload, absent where it was no JSON."""

    received: float
    payload: ExportedPayload | None = None
    raw_base64: str = ""


_SIZE = 2 * PAYLOAD_LIMITS.size  # in base64 a payload takes a third more
_LINE = Form(ExportedLine, Limits(_SIZE, 18, PAYLOAD_LIMITS.containers, PAYLOAD_LIMITS.values, string=_SIZE))


@dataclass(slots=True)
class _Cycle:
    """The snapshots of one underlying until a date comes again; `line` is where the first of them stands."""

    line: int
    ts: float
    spot: float
    expirations: set[str] = field(default_factory=set)
    contracts: list[bytes] = field(default_factory=list)


def as_records(lines: Iterable[tuple[int, bytes]], name: str) -> Iterator[tuple[int, bytes]]:
    """Yield a capture's lines with their numbers; those that were exported come as records, a cycle each.

    What was no JSON when it was published is left out. Raises SourceError naming the file's line.
    """
    cycles: dict[str, _Cycle] = {}
    for number, raw in lines:
        if not raw.startswith(_MARK):
            yield number, raw
            continue
        try:
            payload = _LINE.decode(raw.rstrip()).payload
            if payload is None:
                continue
            cycle = cycles.get(payload.underlying)
            if cycle is not None and payload.expiration in cycle.expirations:
                yield cycle.line, _record(payload.underlying, cycle)
                cycle = None
            if cycle is None:
                cycle = cycles[payload.underlying] = _Cycle(number, payload.ts, _spot(payload))
        except DecodeError as error:
            raise SourceError(f"{name}, line {number}: {error}; it was exported from a tape") from None
        cycle.expirations.add(payload.expiration)
        cycle.contracts.append(bytes(payload.contracts).strip()[1:-1])
    for underlying, cycle in cycles.items():
        yield cycle.line, _record(underlying, cycle)


def _record(underlying: str, cycle: _Cycle) -> bytes:
    head = orjson.dumps({"ts": cycle.ts, "underlying": underlying, "spot": cycle.spot})
    return head[:-1] + b',"results":[' + b",".join(filter(None, cycle.contracts)) + b"]}"


def _spot(payload: ExportedPayload) -> float:
    """Return the underlying's price that the contracts tell, else the ATM strike."""
    items = decode_plain(bytes(payload.contracts), PAYLOAD_LIMITS)
    told = (spot_of(item) for item in items if isinstance(item, dict)) if isinstance(items, list) else iter(())
    return next((level for level in told if level is not None), float(payload.atm))
