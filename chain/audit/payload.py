"""One payload against the contract: every clause on its own, where decoding would stop at the first that is broken."""

from collections.abc import Iterator
from typing import Any, TypeGuard

import orjson

from chain.audit.clauses import Clause, Finding
from chain.audit.surface import surface_findings
from chain.errors import InvalidNameError, InvalidSnapshotError
from chain.model.fields import number
from chain.model.keys import EPOCH_MAX_S, EPOCH_MIN_S, SnapshotId, parse_expiry
from chain.model.snapshot import MAX_CONTRACTS, check_size, same_instant
from chain.text import clean
from chain.thresholds import FUTURE_TOLERANCE_S

FIELDS = ("ts", "underlying", "expiration", "atm", "range_points", "contracts")


def audit_payload(raw: bytes | None, expected: SnapshotId, now_ms: int) -> tuple[list[Finding], float | None]:
    """Return what a payload keeps and breaks, and its ts in epoch seconds where it has a sane one.

    `raw` is None for a key that holds no string; `now_ms` is Redis's clock when it was read. What cannot be judged
    because of a breach already found has no finding.
    """
    body, fault = _parse(raw)
    findings = [Finding(Clause.PAYLOAD_JSON, fault)]
    if body is None:
        return findings, None
    findings.append(_fields(body))
    ts: float | None = None
    if "ts" in body:
        ts, found = _stamp(body["ts"], expected.ts_ms, now_ms)
        findings += found
    findings += _identity(body, expected)
    findings += _numbers(body)
    if "contracts" in body:
        whole = _contracts(body["contracts"])
        findings.append(whole)
        if not whole.fault:
            findings += surface_findings(body["contracts"], expected.chain, _around(body))
    return findings, ts


def _parse(raw: bytes | None) -> tuple[dict[str, Any] | None, str]:
    """Return the JSON object, or why there is none; what a reader would refuse for its size is never decoded."""
    if raw is None:
        return None, "the key holds no Redis string"
    try:
        check_size(raw)
        body = orjson.loads(raw)
    except InvalidSnapshotError as error:
        return None, str(error)
    except orjson.JSONDecodeError as error:
        return None, f"not JSON: {clean(error, 80)}, in {_shown(raw[:60].decode('utf-8', 'replace'))}"
    if not isinstance(body, dict):
        return None, f"a JSON {type(body).__name__}, not an object"
    return body, ""


def _fields(body: dict[str, Any]) -> Finding:
    missing = [name for name in FIELDS if name not in body]
    extra = [clean(name, 24) for name in body if name not in FIELDS]
    fault = f"missing: {', '.join(missing)}" if missing else ""
    note = f"more than the six fields: {', '.join(extra[:5])}" if extra else ""
    return Finding(Clause.PAYLOAD_FIELDS, fault, note)


def _stamp(value: object, ts_ms: int, now_ms: int) -> tuple[float | None, list[Finding]]:
    ts = number(value)
    if ts is None or not EPOCH_MIN_S <= ts < EPOCH_MAX_S:
        return None, [Finding(Clause.TS, f"ts {_shown(value)} is no epoch in seconds between 2000 and 2100")]
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


def _identity(body: dict[str, Any], expected: SnapshotId) -> Iterator[Finding]:
    chain = expected.chain
    if "underlying" in body:
        same = body["underlying"] == chain.underlying
        yield Finding(Clause.UNDERLYING, "" if same else f"{_shown(body['underlying'])} under a key of {chain}")
    if "expiration" in body:
        yield Finding(Clause.EXPIRATION, _expiration_fault(body["expiration"], expected))


def _expiration_fault(value: object, expected: SnapshotId) -> str:
    if not isinstance(value, str):
        return f"expiration {_shown(value)} is no string"
    try:
        same = parse_expiry(value) == expected.chain.expiry
    except InvalidNameError as error:
        return str(error)
    return "" if same else f"{_shown(value)} under a key of {expected.chain}"


def _numbers(body: dict[str, Any]) -> Iterator[Finding]:
    if "atm" in body:
        yield Finding(Clause.ATM, "" if _is_int(body["atm"]) else f"atm {_shown(body['atm'])} is no int")
    if "range_points" in body:
        points = body["range_points"]
        sound = _is_int(points) and points >= 0
        yield Finding(Clause.RANGE_POINTS, "" if sound else f"range_points {_shown(points)} is no int from 0 up")


def _around(body: dict[str, Any]) -> tuple[int, int] | None:
    atm, points = body.get("atm"), body.get("range_points")
    return (atm, points) if _is_int(atm) and _is_int(points) and points >= 0 else None


def _contracts(value: object) -> Finding:
    if not isinstance(value, list):
        return Finding(Clause.CONTRACTS, f"contracts is {_shown(value)}, not an array")
    if not value:
        return Finding(Clause.CONTRACTS, "contracts is empty")
    if len(value) > MAX_CONTRACTS:
        return Finding(Clause.CONTRACTS, f"{len(value)} contracts, more than the {MAX_CONTRACTS} that readers take")
    strange = next(((at, item) for at, item in enumerate(value) if not isinstance(item, dict)), None)
    return Finding(Clause.CONTRACTS, f"contracts[{strange[0]}] is {_shown(strange[1])}, no object" if strange else "")


def _is_int(value: object) -> TypeGuard[int]:
    """Whether a JSON value is a number without a fraction; `true` is none."""
    return isinstance(value, int) and not isinstance(value, bool)


def _shown(value: object) -> str:
    """Return a JSON value in a few letters."""
    if isinstance(value, dict | list):
        return f"{'an object' if isinstance(value, dict) else 'an array'} of {len(value)}"
    return repr(clean(value, 24)) if isinstance(value, str) else clean(value, 24)
