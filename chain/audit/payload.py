"""One payload against the contract: every clause on its own, where decoding would stop at the first that is broken."""

from collections.abc import Iterator
from typing import TypeGuard

from msgspec import UNSET, Raw, Struct, UnsetType

from chain.audit.clauses import Clause, Finding
from chain.audit.surface import surface_findings
from chain.decode.form import Form
from chain.errors import DecodeError, InvalidNameError
from chain.model.contract import Figure, Item, Whole, Word, number
from chain.model.keys import EPOCH_MAX_S, EPOCH_MIN_S, SnapshotId, parse_expiry
from chain.model.snapshot import MAX_CONTRACTS, PAYLOAD_LIMITS, TOO_DEEP, decode_payload, same_instant
from chain.text import clean, shown
from chain.thresholds import FUTURE_TOLERANCE_S

_Entry = Item | float | str | bool | list[Raw] | None


class Claim(Struct, frozen=True):
    """A payload whose every field may be missing or of any type, to be judged one by one."""

    ts: Figure | int | UnsetType = UNSET
    underlying: Word | UnsetType = UNSET
    expiration: Word | UnsetType = UNSET
    atm: Whole | UnsetType = UNSET
    range_points: Whole | UnsetType = UNSET
    contracts: list[_Entry] | dict[str, Raw] | float | str | bool | UnsetType | None = UNSET


FIELDS = Claim.__struct_fields__
_CLAIM = Form(Claim, PAYLOAD_LIMITS)
_NAMES = Form(dict[str, Raw], PAYLOAD_LIMITS)


def audit_payload(raw: bytes | None, expected: SnapshotId, now_ms: int) -> tuple[list[Finding], float | None]:
    """Return what a payload keeps and breaks, and its ts in epoch seconds where it has a sane one.

    `raw` is None for a key that holds no string; `now_ms` is Redis's clock when it was read. What cannot be judged
    because of a breach already found has no finding.
    """
    claim, findings = _parse(raw)
    if claim is None:
        return findings, None
    ts: float | None = None
    if claim.ts is not UNSET:
        ts, found = _stamp(claim.ts, expected.ts_ms, now_ms)
        findings += found
    findings += _identity(claim, expected)
    findings += _numbers(claim)
    if claim.contracts is not UNSET:
        items, fault = _contracts(claim.contracts)
        findings.append(Finding(Clause.CONTRACTS, fault))
        if items:
            findings += surface_findings(items, expected.chain, _around(claim))
    return findings, ts


def _parse(raw: bytes | None) -> tuple[Claim | None, list[Finding]]:
    """Return the JSON object and what its fields tell, or why there is none; what a reader refuses is not decoded."""
    if raw is None:
        return None, [Finding(Clause.PAYLOAD_JSON, "the key holds no Redis string")]
    try:
        claim, names = decode_payload(_CLAIM, raw), decode_payload(_NAMES, raw)
    except DecodeError as error:
        beginning = f", in {shown(raw[:60].decode('utf-8', 'replace'))}" if "not JSON" in str(error) else ""
        return None, [Finding(Clause.PAYLOAD_JSON, f"{error}{beginning}")]
    return claim, [Finding(Clause.PAYLOAD_JSON, _too_deep(claim.contracts)), _fields(names)]


def _too_deep(contracts: object) -> str:
    """Return which contract nests too deep to be read by everybody; empty for none."""
    items = contracts if isinstance(contracts, list) else ()
    at = next((at for at, item in enumerate(items) if isinstance(item, Item) and item.details == TOO_DEEP), None)
    return "" if at is None else f"contracts[{at}]: {TOO_DEEP}"


def _fields(names: dict[str, Raw]) -> Finding:
    missing = [name for name in FIELDS if name not in names]
    extra = [clean(name, 24) for name in names if name not in FIELDS]
    fault = f"missing: {', '.join(missing)}" if missing else ""
    note = f"more than the six fields: {', '.join(extra[:5])}" if extra else ""
    return Finding(Clause.PAYLOAD_FIELDS, fault, note)


def _stamp(value: object, ts_ms: int, now_ms: int) -> tuple[float | None, list[Finding]]:
    ts = number(value)
    if ts is None or not EPOCH_MIN_S <= ts < EPOCH_MAX_S:
        return None, [Finding(Clause.TS, f"ts {shown(value)} is no epoch in seconds between 2000 and 2100")]
    apart_ms = ts * 1000 - ts_ms
    agrees = same_instant(ts, ts_ms)
    ahead_s = ts - now_ms / 1000
    return ts, [
        Finding(Clause.TS, note="" if isinstance(value, float) else "ts is written as an int"),
        Finding(Clause.TS_KEY, "" if agrees else f"ts {ts:.6f} is {apart_ms:+.3f} ms from the key's {ts_ms}"),
        Finding(
            Clause.TS_NOT_FUTURE,
            f"ts {ts:.3f} is {ahead_s:.1f} s ahead of Redis" if ahead_s > FUTURE_TOLERANCE_S else "",
        ),
    ]


def _identity(claim: Claim, expected: SnapshotId) -> Iterator[Finding]:
    chain = expected.chain
    if claim.underlying is not UNSET:
        same = claim.underlying == chain.underlying
        yield Finding(Clause.UNDERLYING, "" if same else f"{shown(claim.underlying)} under a key of {chain}")
    if claim.expiration is not UNSET:
        yield Finding(Clause.EXPIRATION, _expiration_fault(claim.expiration, expected))


def _expiration_fault(value: object, expected: SnapshotId) -> str:
    if not isinstance(value, str):
        return f"expiration {shown(value)} is no string"
    try:
        same = parse_expiry(value) == expected.chain.expiry
    except InvalidNameError as error:
        return str(error)
    return "" if same else f"{shown(value)} under a key of {expected.chain}"


def _numbers(claim: Claim) -> Iterator[Finding]:
    if claim.atm is not UNSET:
        yield Finding(Clause.ATM, "" if _is_int(claim.atm) else f"atm {shown(claim.atm)} is no int")
    points = claim.range_points
    if points is not UNSET:
        sound = _is_int(points) and points >= 0
        yield Finding(Clause.RANGE_POINTS, "" if sound else f"range_points {shown(points)} is no int from 0 up")


def _around(claim: Claim) -> tuple[int, int] | None:
    atm, points = claim.atm, claim.range_points
    return (atm, points) if _is_int(atm) and _is_int(points) and points >= 0 else None


def _contracts(value: object) -> tuple[list[Item], str]:
    """Return the items where all are objects, and what breaks the clause."""
    if not isinstance(value, list):
        return [], f"contracts is {shown(value)}, not an array"
    if not value:
        return [], "contracts is empty"
    if len(value) > MAX_CONTRACTS:
        return [], f"{len(value)} contracts, more than the {MAX_CONTRACTS} that readers take"
    items = [item for item in value if isinstance(item, Item)]
    if len(items) == len(value):
        return items, ""
    at = next(at for at, item in enumerate(value) if not isinstance(item, Item))
    return [], f"contracts[{at}] is {shown(value[at])}, no object"


def _is_int(value: object) -> TypeGuard[int]:
    """Whether a JSON value is a number without a fraction, of a size that readers hold; `true` is none."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= 2**53
