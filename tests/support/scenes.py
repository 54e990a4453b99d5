"""Scenes at a clock moved by hand: contracts, snapshots, entries in a wanted state, Boards, heartbeats."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import msgspec
from msgspec.structs import fields, replace

from chain.clock import Instant, ManualClock
from chain.model.contract import Item
from chain.model.keys import LIVE_PREFIX, ChainId, SnapshotId, vendor_symbol
from chain.model.snapshot import Contract, Received, Snapshot, encode
from chain.monitor.board import (
    Board,
    ChainRecord,
    Chains,
    CompositorStatus,
    PollClock,
    Publishers,
    PublisherStatus,
    RecorderStatus,
    RedisHealth,
    RedisStatus,
)
from chain.monitor.evaluate.signals import HealthReport, evaluate
from chain.monitor.heartbeat import STOPPED, ChainPlan, Heartbeat, SourceInfo
from chain.monitor.messages.compositor import CompositorBeat
from chain.monitor.messages.recorder import RecorderBeat
from chain.monitor.states import State
from chain.monitor.watch import record_updates
from chain.redis.server.info import Server
from chain.thresholds import Thresholds
from tests.support import builders

START_NS = 1_767_366_000_000_000_000  # Friday 2026-01-02, 10:00 in New York
START_S = START_NS // 10**9
SPX = builders.SPX
SPX_MON = ChainId("SPX", date(2026, 1, 5))
SPX_MONTHLY = ChainId("SPX", date(2026, 1, 16))  # a third Friday
NDX = ChainId("NDX", date(2026, 1, 2))
SPOT = 6931.42
law = builders.law


def manual_clock() -> ManualClock:
    """Return a clock at the scenes' beginning."""
    return ManualClock(START_NS, 5_000.0)


def item(
    strike: float, side: str, *, chain: ChainId = SPX, root: str | None = None, spot: float | None = SPOT, **parts: Any
) -> Contract:
    """Return a vendor item; `parts` replace whole blocks, and None leaves a block out."""
    body: Contract = {
        "details": builders.details(chain, strike, side, root),
        "greeks": {"delta": 0.5 if side == "call" else -0.5, "gamma": 0.003, "theta": -4.0, "vega": 1.5},
        "last_quote": {"bid": 10.0, "ask": 10.4, "last_updated": START_NS - 10**9, "timeframe": "REAL-TIME"},
        "day": {"volume": 1200},
        "last_trade": {"price": 10.2},
        "implied_volatility": 0.14,
        "open_interest": 900,
        "underlying_asset": None if spot is None else {"ticker": vendor_symbol(chain.underlying), "value": spot},
    }
    return {name: value for name, value in (body | parts).items() if value is not None}


def surface(strikes: Iterable[float] = (6920, 6930, 6940), **how: Any) -> list[Contract]:
    """Return calls and puts on these strikes."""
    return [item(strike, side, **how) for strike in strikes for side in ("call", "put")]


def snapshot(
    chain: ChainId = SPX, ts_ns: int = START_NS, contracts: Sequence[Contract] | None = None, *, atm: int = 6930
) -> Snapshot:
    """Return a snapshot made at `ts_ns`."""
    body = surface(chain=chain) if contracts is None else list(contracts)
    return Snapshot(SnapshotId(chain, ts_ns // 1_000_000), ts_ns / 1e9, atm, 50, tuple(body))


def received(made: Snapshot) -> Received:
    """Return a snapshot as a reader gets it."""
    items = msgspec.json.decode(msgspec.json.encode(made.contracts), type=tuple[Item, ...])
    return Received(made.id, made.ts, made.atm, made.range_points, items)


def record(
    chain: ChainId,
    now: Instant,
    *,
    age_ms: int = 0,
    thresholds: Thresholds | None = None,
    source: SourceInfo | None = None,
    contracts: Sequence[Contract] | None = None,
    ttl_ms: int | None = 60_000,
) -> ChainRecord:
    """Return an entry that has just accepted a snapshot of this age."""
    blank = ChainRecord(chain, thresholds=thresholds or Thresholds(), source=source or SourceInfo("mock"))
    made = snapshot(chain, now.wall_ns - age_ms * 1_000_000, contracts)
    return record_updates.accept(blank, received(made), encode(made), ttl_ms, now)


def at_fault(before: ChainRecord, state: State, now: Instant, reason: str = "for a reason") -> ChainRecord:
    """Return an entry after MISSING, DANGLING or INVALID has come over it."""
    if state is State.MISSING:
        return record_updates.missing(before, now, now.wall_s - 1)
    return record_updates.faulty(before, state, reason, now, now.wall_s - 1)


def in_state(chain: ChainId, state: State, now: Instant) -> ChainRecord:
    """Return an entry that judges to `state`; UNREACHABLE is the Board's affair, and gives a FRESH one."""
    ages = {State.AGING: 25_000, State.STALE: 40_000, State.FUTURE: -9_000}
    fine = record(chain, now, age_ms=ages.get(state, 3_000))
    return at_fault(fine, state, now) if state in (State.MISSING, State.DANGLING, State.INVALID) else fine


def heartbeat(
    *chains: ChainId,
    service: str = "mock_massive",
    kind: str = "mock",
    status: str = "running",
    ts: float = START_S,
    depth: int | None = None,
    prefix: str = LIVE_PREFIX,
    thresholds: Thresholds | None = None,
    failures: dict[ChainId, str] | None = None,
    **source: Any,
) -> Heartbeat:
    """Return a beat that announces these chains."""
    plan = ChainPlan(
        prefix=prefix,
        thresholds=thresholds or Thresholds(),
        depth=len(chains) if depth is None else depth,
        expected=chains,
        failures=failures or {},
        cycle_ms=14.2,
        counters={"published": 12},
    )
    return Heartbeat(service, ts, 77, status, SourceInfo(kind, **source), plan)


def board(
    records: Iterable[ChainRecord],
    now: Instant,
    *,
    beats: Sequence[Heartbeat] | None = None,
    reached: bool = True,
    **values: Any,
) -> Board:
    """Return a Board polled at `now`; without `beats`, a mock publisher that announces its chains is alive.

    `values` are of the Board or of its components, as in `changed`.
    """
    shown = tuple(records)
    if beats is None:
        beats = [heartbeat(*(e.chain for e in shown))]
    made = Board(
        redis=RedisStatus(
            label="unix",
            server=Server("valkey 9.1.2"),
            health=RedisHealth(reached, now.mono, now.mono, now.wall_s, "" if reached else "connection refused", 0.4),
        ),
        chains=Chains(shown, Counter(one.chain.underlying for one in shown)),
        publishers=Publishers(tuple(PublisherStatus(b, now.mono, b.status != STOPPED) for b in beats)),
        clock=PollClock(now.mono),
    )
    return changed(made, **values)


def changed(made: Board, **values: Any) -> Board:
    """Return a Board with other values in these fields, each in the component that has it, else in the Board itself."""
    components = ("redis", "chains", "publishers", "streams", "clock")
    places = {field.name: name for name in components for field in fields(getattr(made, name))}
    for name, value in values.items():
        if name in places:
            component = replace(getattr(made, places[name]), **{name: value})
            made = replace(made, **{places[name]: component})
        else:
            made = replace(made, **{name: value})
    return made


def recorder(now: Instant, *, alive: bool = True, here: bool = False, **values: Any) -> RecorderStatus:
    """Return a recorder that was heard at `now`; `values` are of its beat."""
    tape = "/tapes/massive-2026-01-02.tape"
    beat = RecorderBeat("massive:recorder", now.wall_s, 7, "running", now.wall_s - 60.0, tape, answers=90)
    return RecorderStatus(replace(beat, **values), now.mono, alive, None if alive else now.wall_s, here)


def compositor(now: Instant, *, alive: bool = True, **values: Any) -> CompositorStatus:
    """Return a compositor that was heard at `now`; `values` are of its beat."""
    beat = CompositorBeat("mmaker", now.wall_s, 7, "leading", now.wall_s - 60.0, 0.2)
    return CompositorStatus(replace(beat, **values), now.mono, alive, None if alive else now.wall_s)


def report(records: Iterable[ChainRecord], now: Instant, **parts: Any) -> HealthReport:
    """Return a Board of these entries, judged at the instant of its poll."""
    return evaluate(board(records, now, **parts), now)
