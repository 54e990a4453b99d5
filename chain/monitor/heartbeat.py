"""The publisher's heartbeat: proof of life, what it plans to publish, and where its data come from."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, time
from typing import Protocol

import msgspec
from msgspec import UNSET, Struct, field
from msgspec.structs import replace
from redis.asyncio import Redis

from chain.clock import Instant
from chain.decode.salvage import salvage
from chain.errors import ConfigError, DecodeError, InvalidNameError
from chain.model.calendar import RULE, Calendar
from chain.model.keys import (
    LIVE_PREFIX,
    ChainId,
    parse_expiry,
    parse_underlying,
)
from chain.model.kinds import LIVE, UNKNOWN, is_recorded
from chain.monitor.messages.health import HealthBlock
from chain.monitor.messages.heartbeat import BEAT, MAX_CHAINS, FeedBlock, FullBeat, PartBlock, PlanBlock, SourceBlock
from chain.monitor.messages.services import speaks_live
from chain.redis.contract.coordination.announce import write_heartbeat
from chain.supervisor import PartStatus
from chain.text import clean, shown
from chain.thresholds import DEFAULT_EXPIRATIONS, UNANNOUNCED, Thresholds

_CLOSE = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
STOPPED = "stopped"  # the status in a publisher's last heartbeat
WITHDRAWN = "withdrawn"  # it stopped publishing because a live publisher is there


class ChainPlan(Struct, frozen=True):
    """What a publisher plans to keep in Redis, and how that is going. `cycle_ms` is the last cycle's duration."""

    prefix: str = LIVE_PREFIX
    thresholds: Thresholds = field(default_factory=Thresholds)
    depth: int = DEFAULT_EXPIRATIONS
    expected: tuple[ChainId, ...] = ()
    failures: Mapping[ChainId, str] = field(default_factory=dict)
    cycle_ms: float | None = None
    counters: Mapping[str, int] = field(default_factory=dict)


class SourceInfo(Struct, frozen=True):
    """Where a publisher's data come from. For recorded data `as_of`, epoch seconds, stands in for "now".

    When underlyings were recorded on different days, `as_of_by` has one per underlying and `as_of` is the earliest, so
    that a reader of `as_of` alone treats no chain as expired. `calendar` holds the source's own trading hours.
    A replay keeps the timestamps of its recording: `as_of` is then its clock, which advances `speed` seconds per second
    and against which snapshot ages are measured. `heard_at`: when it was read, monotonic seconds.
    """

    kind: str = "unknown"
    detail: str = ""
    record: str = ""
    as_of: float | None = None
    market: str = ""
    last_error: str = ""
    as_of_by: Mapping[str, float] = field(default_factory=dict)
    calendar: Calendar = RULE
    speed: float | None = None
    heard_at: float = 0.0

    def played_s(self, mono: float) -> float | None:
        """Return a replay's clock at a monotonic time, epoch seconds; None for any other source.

        Extrapolated at real speed at most: later snapshots of a fast replay, not read yet, must not age the known ones.
        """
        if self.speed is None or self.as_of is None:
            return None
        return self.as_of + min(self.speed, 1.0) * max(0.0, mono - self.heard_at)

    def now_s(self, now: Instant) -> float:
        """Return the time by which its data are judged, epoch seconds: ours, or that of the recording."""
        played = self.played_s(now.mono)
        if played is not None:
            return played
        return now.wall_s if self.as_of is None else self.as_of

    def for_underlying(self, underlying: str) -> "SourceInfo":
        """Return the same source with the `as_of` of one underlying."""
        own = self.as_of_by.get(underlying, self.as_of)
        return self if own == self.as_of else replace(self, as_of=own)


class Heartbeat(Struct, frozen=True):
    """One heartbeat of one service; `ts` is epoch seconds."""

    service: str
    ts: float
    pid: int
    status: str
    source: SourceInfo
    chain: ChainPlan
    lease: Mapping[str, str] = field(default_factory=dict)  # who leads each underlying, where publishers take turns
    parts: tuple[PartStatus, ...] = ()  # status of the publisher's own parts
    feed: FeedBlock | None = None  # the stream that it feeds; None where it feeds none
    health: HealthBlock | None = None  # what the publisher's own watcher sees
    left_out: tuple[str, ...] = ()  # fields that could not be read, and why

    def encode(self) -> bytes:
        """Return the JSON written to the key and published on the channel."""
        plan, source = self.chain, self.source
        expected: dict[str, list[str]] = {}
        for chain in plan.expected:
            expected.setdefault(chain.underlying, []).append(chain.expiry.isoformat())
        return msgspec.json.encode(
            FullBeat(
                service=self.service,
                ts=self.ts,
                pid=self.pid,
                status=self.status,
                source=SourceBlock(
                    kind=source.kind,
                    detail=source.detail,
                    record=source.record,
                    as_of=source.as_of,
                    as_of_by=dict(source.as_of_by),
                    sessions=sessions_json(source.calendar),
                    market=source.market,
                    trouble=source.last_error,
                    speed=UNSET if source.speed is None else source.speed,
                ),
                chain=PlanBlock(
                    expected=expected,
                    prefix=plan.prefix,
                    interval_s=plan.thresholds.interval_s,
                    ttl_s=plan.thresholds.ttl_s,
                    depth=plan.depth,
                    trouble={str(chain): reason for chain, reason in plan.failures.items()},
                    cycle_ms=plan.cycle_ms,
                    counters=dict(plan.counters),
                ),
                lease=dict(self.lease),
                parts=[part_block(part) for part in self.parts],
                feed=self.feed or UNSET,
                **(msgspec.structs.asdict(self.health) if self.health else {}),
            )
        )


def part_block(part: PartStatus) -> PartBlock:
    """Return a part's status as it is written."""
    return PartBlock(part.name, part.state, part.error, part.since, part.restarts)


def _part(body: PartBlock) -> PartStatus:
    return PartStatus(clean(body.name, 40), body.state, clean(body.error, 160), body.since, body.restarts)


def _feed(body: FeedBlock) -> FeedBlock:
    return replace(
        body,
        state=clean(body.state, 20),
        detail=clean(body.detail, 80),
        limits=clean(body.limits, 120),
        error=clean(body.error, 160),
    )


class ServiceBeat(Protocol):
    """Any service's heartbeat, ready to be sent."""

    @property
    def service(self) -> str:
        """Whose it is."""

    def encode(self) -> bytes:
        """Return the JSON that is set and published."""


async def beat(redis: Redis, heartbeat: ServiceBeat) -> str:
    """Write and publish a heartbeat; return why publishing was refused, or "". Raises RedisUnavailableError."""
    return await write_heartbeat(redis, heartbeat.service, heartbeat.encode())


def parse_heartbeat(raw: bytes, service: str) -> Heartbeat | None:
    """Return the heartbeat under a service's key; every string has passed the sanitiser.

    None for a plain beat of only `service` and `ts`: it names no expirations. Service, timestamp and announced chains
    must be valid, or DecodeError names the field; any other invalid field is left out.
    """
    body, misfits = salvage(BEAT, raw)
    if body.service != service:
        raise DecodeError(f"service: calls itself {shown(body.service, 40)} under the key of {service}")
    if body.chain is None:
        return None
    left_out = list(misfits)
    return Heartbeat(
        service=service,
        ts=body.ts,
        pid=body.pid,
        status=clean(body.status, 40),
        source=_source(body.source, service, left_out),
        chain=_plan(body.chain, left_out),
        lease={clean(k, 12): clean(v, 80) for k, v in body.lease.items()},
        parts=tuple(map(_part, body.parts)),
        feed=None if body.feed is UNSET else _feed(body.feed),
        left_out=tuple(left_out),
    )


def _source(body: SourceBlock, service: str, left_out: list[str]) -> SourceInfo:
    """Return where the data come from; an invalid field is left out and added to `left_out` with its reason."""
    kind, as_of = clean(body.kind or UNKNOWN, 20), body.as_of
    as_of_by: dict[str, float] = {}
    calendar = RULE
    try:
        as_of_by = {_underlying(name, "source.as_of_by"): at for name, at in body.as_of_by.items()}
    except DecodeError as error:
        left_out.append(str(error))
    try:
        calendar = _calendar(body.sessions)
    except DecodeError as error:
        left_out.append(str(error))
    if kind == LIVE and not speaks_live(service):
        left_out.append(f"source.kind: {kind} under the key of {service}")
        kind = UNKNOWN
    if not is_recorded(kind) and (as_of is not None or as_of_by):
        left_out.append("source.as_of: of data that are not recorded")
        as_of, as_of_by = None, {}
    speed = None if body.speed is UNSET else body.speed
    if speed is not None and as_of is None:
        left_out.append("source.speed: without the clock that goes on by it")
        speed = None
    return SourceInfo(
        kind=kind,
        detail=clean(body.detail, 80),
        record=clean(body.record, 80),
        as_of=as_of,
        market=clean(body.market, 80),
        last_error=clean(body.trouble, 160),
        as_of_by=as_of_by,
        calendar=calendar,
        speed=speed,
    )


def sessions_json(calendar: Calendar) -> dict[str, str]:
    """Return a calendar's exceptions by date: `closed`, or the close as HH:MM New York time."""
    return {day.isoformat(): f"{close:%H:%M}" if close else "closed" for day, close in calendar.told.items()}


def _calendar(sessions: Mapping[str, str]) -> Calendar:
    """Return the calendar given by a heartbeat's sessions; our own rule if there are none."""
    closes: dict[date, time | None] = {}
    for day, close in sessions.items():
        if close != "closed" and not _CLOSE.fullmatch(close):
            raise DecodeError(f"source.sessions.{clean(day, 12)}: {shown(close, 12)} is neither closed nor HH:MM")
        try:
            closes[parse_expiry(day)] = None if close == "closed" else time.fromisoformat(close)
        except InvalidNameError as error:
            raise DecodeError(f"source.sessions: {error}") from None
    return Calendar(closes) if closes else RULE


def _plan(body: PlanBlock, left_out: list[str]) -> ChainPlan:
    """Return what is announced; invalid limits are left out and added to `left_out`."""
    expected = tuple(_chains(body.expected))
    known = {str(chain): chain for chain in expected}
    try:
        thresholds = Thresholds(body.interval_s, body.ttl_s)
    except ConfigError as error:
        left_out.append(f"chain.interval_s: {error}")
        thresholds = UNANNOUNCED
    return ChainPlan(
        prefix=clean(body.prefix, 60),
        thresholds=thresholds,
        depth=body.depth,
        expected=expected,
        failures={known[name]: clean(reason, 160) for name, reason in body.trouble.items() if name in known},
        cycle_ms=body.cycle_ms,
        counters={clean(name, 40): value for name, value in body.counters.items()},
    )


def _chains(expected: Mapping[str, Sequence[str]]) -> Iterator[ChainId]:
    """Yield the announced chains; raise DecodeError with the position of an invalid one."""
    if sum(map(len, expected.values())) > MAX_CHAINS:
        raise DecodeError(f"chain.expected: more than {MAX_CHAINS} chains")
    for name, dates in expected.items():
        underlying = _underlying(name, "chain.expected")
        for at, text in enumerate(dates):
            try:
                yield ChainId(underlying, parse_expiry(text))
            except InvalidNameError as error:
                raise DecodeError(f"chain.expected.{underlying}[{at}]: {error}") from None


def _underlying(name: str, where: str) -> str:
    try:
        return parse_underlying(name)
    except InvalidNameError as error:
        raise DecodeError(f"{where}: {error}") from None
