"""The publisher's heartbeat: that it lives, what it means to publish, and what it draws on."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, time
from typing import Any

import orjson
from redis.asyncio import Redis

from chain.errors import ChaindeckError
from chain.model.calendar import RULE, Calendar
from chain.model.keys import (
    EPOCH_MAX_S,
    EPOCH_MIN_S,
    LIVE_PREFIX,
    ChainId,
    heartbeat_key,
    parse_expiry,
    parse_underlying,
    standby_service,
)
from chain.text import clean
from chain.thresholds import DEFAULT_EXPIRATIONS, DEFAULT_INTERVAL_S, DEFAULT_TTL_S, HEARTBEAT_TTL_S, Thresholds

SERVICES = ("massive", "mock_massive")
STANDBYS = tuple(map(standby_service, SERVICES))
STOPPED = "stopped"  # the status of a publisher's last beat
_MAX_BYTES = 256 * 1024
_MAX_CHAINS = 5_000
_MAX_SESSIONS = 200
_MAX_PERIOD_S = 7 * 86_400.0
_MAX_COUNT = 2**53  # above it, JSON numbers are no longer exact


@dataclass(frozen=True, slots=True)
class ChainPlan:
    """What a publisher means to keep in Redis, and how it fares. Times in seconds, bytes whole."""

    prefix: str = LIVE_PREFIX
    thresholds: Thresholds = field(default_factory=Thresholds)
    depth: int = DEFAULT_EXPIRATIONS
    expected: tuple[ChainId, ...] = ()
    trouble: Mapping[ChainId, str] = field(default_factory=dict)
    cycle_ms: float | None = None
    counters: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """Where a publisher's data come from. `as_of`, epoch seconds, replaces "today" for recorded data.

    Records of several days have one each, by underlying in `as_of_by`. `as_of` is then the earliest of them: a reader
    that knows it alone takes no chain for past. `calendar` holds what the source was told of single trading days.
    """

    kind: str = "unknown"
    detail: str = ""
    record: str = ""
    as_of: float | None = None
    market: str = ""
    trouble: str = ""
    as_of_by: Mapping[str, float] = field(default_factory=dict)
    calendar: Calendar = RULE

    def of(self, underlying: str) -> "SourceInfo":
        """Return what holds for one underlying: `as_of` is its own."""
        own = self.as_of_by.get(underlying, self.as_of)
        return self if own == self.as_of else replace(self, as_of=own)


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """One beat of one service; `ts` is epoch seconds."""

    service: str
    ts: float
    pid: int
    status: str
    source: SourceInfo
    chain: ChainPlan
    lease: Mapping[str, str] = field(default_factory=dict)  # who leads each underlying, where publishers take turns
    health: Mapping[str, Any] = field(default_factory=dict)  # what the publisher's own watcher sees, as JSON types

    def encode(self) -> bytes:
        """Return the JSON that is set and published."""
        plan = self.chain
        expected: dict[str, list[str]] = {}
        for chain in plan.expected:
            expected.setdefault(chain.underlying, []).append(chain.expiry.isoformat())
        return orjson.dumps(
            {
                "service": self.service,
                "ts": self.ts,
                "pid": self.pid,
                "status": self.status,
                "source": {
                    "kind": self.source.kind,
                    "detail": self.source.detail,
                    "record": self.source.record,
                    "as_of": self.source.as_of,
                    "as_of_by": dict(self.source.as_of_by),
                    "sessions": sessions_json(self.source.calendar),
                    "market": self.source.market,
                    "trouble": self.source.trouble,
                },
                "chain": {
                    "prefix": plan.prefix,
                    "interval_s": plan.thresholds.interval_s,
                    "ttl_s": plan.thresholds.ttl_s,
                    "depth": plan.depth,
                    "expected": expected,
                    "trouble": {str(chain): reason for chain, reason in plan.trouble.items()},
                    "cycle_ms": plan.cycle_ms,
                    "counters": dict(plan.counters),
                },
                "lease": dict(self.lease),
                **self.health,
            }
        )


async def beat(redis: Redis, heartbeat: Heartbeat) -> None:
    """Set the heartbeat's key with its time to live, and publish the same bytes on the channel of that name.

    Some readers poll the key and others listen: both must see the same beat.
    """
    key, body = heartbeat_key(heartbeat.service), heartbeat.encode()
    await redis.set(key, body, ex=HEARTBEAT_TTL_S)
    await redis.publish(key, body)


def parse_heartbeat(raw: bytes) -> Heartbeat | None:
    """Return a heartbeat, or None where `raw` is not one of this contract's publishers.

    A foreign service's plain `{"service", "ts"}` beat counts as none: it names no expirations. Every string has passed
    the sanitiser, and a part that makes no sense falls back to its default.
    """
    if len(raw) > _MAX_BYTES:
        return None
    try:
        body = orjson.loads(raw)
        chain = _mapping(body["chain"])
        stamp = _epoch(body["ts"])
        if stamp is None:
            return None
        return Heartbeat(
            service=clean(body["service"], 40),
            ts=stamp,
            pid=_whole(body.get("pid"), 0),
            status=clean(body.get("status", ""), 40),
            source=_source(_mapping(body.get("source"))),
            chain=_plan(chain),
            lease={clean(k, 12): clean(v, 80) for k, v in _mapping(body.get("lease")).items()},
        )
    except (orjson.JSONDecodeError, ChaindeckError, KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None


def _source(body: Mapping[str, Any]) -> SourceInfo:
    words = {name: clean(body.get(name) or "", 80) for name in ("detail", "record", "market")}
    words["trouble"] = clean(body.get("trouble") or "", 160)
    return SourceInfo(
        kind=clean(body.get("kind") or "unknown", 20),
        as_of=_epoch(body.get("as_of")),
        as_of_by=_as_of_by(_mapping(body.get("as_of_by"))),
        calendar=calendar_of(_mapping(body.get("sessions"))),
        **words,
    )


def _as_of_by(body: Mapping[str, Any]) -> dict[str, float]:
    """Return the epochs that make sense, by underlying; none where an underlying is no symbol."""
    try:
        found = {parse_underlying(name): _epoch(value) for name, value in body.items()}
    except ChaindeckError:
        return {}
    return {name: at for name, at in found.items() if at is not None}


def sessions_json(calendar: Calendar) -> dict[str, str]:
    """Return what a calendar was told, by date: `closed`, or New York's time of the close as HH:MM."""
    return {day.isoformat(): f"{close:%H:%M}" if close else "closed" for day, close in calendar.told.items()}


def calendar_of(sessions: Mapping[str, object]) -> Calendar:
    """Return the calendar that a heartbeat's sessions tell; our own rule alone where one of them makes no sense."""
    closes: dict[date, time | None] = {}
    try:
        for day, close in sessions.items():
            closes[parse_expiry(day)] = None if close == "closed" else _close(close)
    except (ChaindeckError, ValueError):
        return RULE
    return Calendar(closes) if 0 < len(closes) <= _MAX_SESSIONS else RULE


def _close(text: object) -> time:
    """Return the time in a `HH:MM`; raise ValueError for anything else."""
    if not isinstance(text, str) or len(text) != len("HH:MM"):
        raise ValueError("no time of day")
    return time.fromisoformat(text)


def _plan(body: Mapping[str, Any]) -> ChainPlan:
    expected: list[ChainId] = []
    for underlying, dates in _mapping(body["expected"]).items():
        expected.extend(_chain(underlying, text) for text in dates)
    if len(expected) > _MAX_CHAINS:
        raise ValueError("too many chains")
    known = {str(chain): chain for chain in expected}
    trouble = _mapping(body.get("trouble"))
    counters = _mapping(body.get("counters"))
    return ChainPlan(
        prefix=clean(body.get("prefix") or LIVE_PREFIX, 60),
        thresholds=Thresholds(
            _number(body.get("interval_s"), 0, _MAX_PERIOD_S) or DEFAULT_INTERVAL_S,
            _number(body.get("ttl_s"), 0, _MAX_PERIOD_S) or DEFAULT_TTL_S,
        ),
        depth=_whole(body.get("depth"), DEFAULT_EXPIRATIONS, _MAX_CHAINS),
        expected=tuple(expected),
        trouble={known[name]: clean(reason, 160) for name, reason in trouble.items() if name in known},
        cycle_ms=_number(body.get("cycle_ms"), 0, _MAX_PERIOD_S * 1000),
        counters={clean(name, 40): _whole(value, 0) for name, value in counters.items()},
    )


def _chain(underlying: str, expiry: str) -> ChainId:
    return ChainId(parse_underlying(underlying), parse_expiry(expiry))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: object, low: float, high: float) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        return None
    return float(value)


def _whole(value: object, default: int, high: int = _MAX_COUNT) -> int:
    found = _number(value, 0, high)
    return default if found is None else int(found)


def _epoch(value: object) -> float | None:
    """Return epoch seconds; None for what is out of the range in which a date can be told."""
    return _number(value, EPOCH_MIN_S, EPOCH_MAX_S)
