"""What tests build from: vendor items whose every number is its own, snapshots, payloads, and a source on a script."""

import asyncio
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import orjson
from hypothesis import settings
from redis.asyncio import Redis

from chain.clock import Clock, SystemClock
from chain.model.keys import ChainId, KeySchema, SnapshotId, vendor_symbol
from chain.model.kinds import SourceKind
from chain.model.snapshot import Contract, Snapshot
from publisher.source import ChainWindow, SourceStatus, Survey
from tests.support.waiting import wait_until_async

# A busy machine is no counterexample. `long` is for a law that has just changed, and for `make test-hostile`.
settings.register_profile("short", deadline=None, max_examples=60)
settings.register_profile("long", deadline=None, max_examples=1_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "short"))
law = settings()

TS_NS = 1_766_762_051_149_389_123  # the contract's own example: 2025-12-26 10:14 in New York
TS_MS = TS_NS // 1_000_000
AS_OF = TS_NS / 1e9
SPOT = 6931.37
SPX = ChainId("SPX", date(2026, 1, 2))
GOLDEN_ID = SnapshotId(SPX, TS_MS)
GOLDEN_STRIKES = (6910, 6920, 6930, 6940, 6950)


def details(chain: ChainId, strike: float, side: str, root: str | None = None) -> dict[str, Any]:
    """Return what names a contract; its root is the underlying's name where none is given, the weekly one of SPX."""
    root = root or {"SPX": "SPXW"}.get(chain.underlying, chain.underlying)
    return {
        "ticker": f"O:{root}{chain.expiry:%y%m%d}{side[0].upper()}{round(strike * 1000):08d}",
        "contract_type": side,
        "expiration_date": chain.expiry.isoformat(),
        "shares_per_contract": 100,
        "strike_price": strike,
    }


def contract(
    chain: ChainId, strike: float, side: str, serial: int, *, root: str | None = None, **changes: Any
) -> Contract:
    """Return a vendor item in which no number occurs twice, nor in any other serial below 1000.

    Strike, spot and the 100 shares are what items of a chain share; `changes` replaces fields of its details.
    """
    k, sign = serial, 1 if side == "call" else -1
    spot_field = "value" if vendor_symbol(chain.underlying).startswith("I:") else "price"
    return {
        "details": details(chain, strike, side, root) | {"exercise_style": "european"} | changes,
        "day": {
            "open": (20_000 + k) / 100,
            "high": (32_000 + k) / 100,
            "low": (18_000 + k) / 100,
            "close": (24_000 + k) / 100,
            "previous_close": (26_000 + k) / 100,
            "change": (70_000 + k) / 1000,
            "change_percent": (80_000 + k) / 1000,
            "volume": 50_000 + k,
            "vwap": (28_000 + k) / 100,
            "last_updated": TS_NS - 9_000_000_000 + k,
        },
        "last_quote": {
            "bid": (1001 + 4 * k) / 100,
            "bid_size": 2_000 + k,
            "bid_exchange": 7_000 + k,
            "ask": (1003 + 4 * k) / 100,
            "ask_size": 3_000 + k,
            "ask_exchange": 8_000 + k,
            "midpoint": (1002 + 4 * k) / 100,
            "last_updated": TS_NS - 3_000_000_000 + k,
            "timeframe": "REAL-TIME",
        },
        "last_trade": {
            "price": (1004 + 4 * k) / 100,
            "size": 4_000 + k,
            "exchange": 5_000 + k,
            "conditions": [10_000 + k],
            "sip_timestamp": TS_NS - 5_000_000_000 + k,
            "timeframe": "REAL-TIME",
        },
        "greeks": {
            "delta": sign * (30_000 + k) / 100_000,
            "gamma": (1_000 + k) / 1_000_000,
            "theta": -(50_000 + k) / 100_000,
            "vega": (60_000 + k) / 100_000,
        },
        "implied_volatility": (12_000 + k) / 100_000,
        "open_interest": 60_000 + k,
        "break_even_price": (2_200_000 + k) / 100,
        "underlying_asset": {
            "ticker": vendor_symbol(chain.underlying),
            spot_field: SPOT,
            "change_to_break_even": (1_500_000 + k) / 100,
            "last_updated": TS_NS - 1_000_000_000 + k,
            "timeframe": "REAL-TIME",
        },
    }


def contracts(chain: ChainId = SPX, strikes: Iterable[float] = GOLDEN_STRIKES, *, first: int = 1) -> list[Contract]:
    """Return a call and a put at each strike, sorted as a window is, serials counting from `first`."""
    sides = ((strike, side) for strike in strikes for side in ("call", "put"))
    return [contract(chain, strike, side, serial) for serial, (strike, side) in enumerate(sides, start=first)]


def numbers(value: Any) -> Iterator[float]:
    """Yield every number inside a JSON value."""
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from numbers(part)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield value


def golden_snapshot(chain: ChainId = SPX, ts_ns: int = TS_NS, *, strikes: Iterable[float] = GOLDEN_STRIKES) -> Snapshot:
    """Return the golden snapshot: ten contracts around 6930, made at `ts_ns`."""
    items = contracts(chain, strikes)
    return Snapshot.at(SnapshotId(chain, ts_ns // 1_000_000), ts_ns, atm=6930, range_points=24, contracts=items)


def small(chain: ChainId = SPX, ts_ms: int = TS_MS, mark: int = 1, *, padding: int = 0) -> Snapshot:
    """Return a snapshot of one contract that differs from others by `mark`, made larger by about `padding` bytes."""
    item = contract(chain, 6930, "call", mark)
    if padding:
        item["padding"] = ["x" * 100] * (padding // 103)
    return Snapshot.at(SnapshotId(chain, ts_ms), ts_ms * 1_000_000, atm=6930, range_points=7, contracts=[item])


def golden_body() -> dict[str, Any]:
    """Return the golden payload's JSON object, to be spoiled."""
    return {
        "ts": TS_NS / 1e9,
        "underlying": "SPX",
        "expiration": "2026-01-02",
        "atm": 6930,
        "range_points": 24,
        "contracts": contracts(),
    }


def payload(*without: str, **changes: Any) -> bytes:
    """Return the golden payload less some fields and with others changed."""
    body = golden_body() | changes
    return orjson.dumps({name: value for name, value in body.items() if name not in without})


def capture_line(
    underlying: str = "SPX",
    dates: Iterable[date] = (SPX.expiry,),
    *,
    ts: float = AS_OF,
    spot: float = SPOT,
    strikes: Sequence[float] = GOLDEN_STRIKES,
    **changes: Any,
) -> bytes:
    """Return one line of a capture file: a whole chain of those dates; `changes` replaces fields of the record."""
    results = [item for day in dates for item in contracts(ChainId(underlying, day), strikes)]
    return orjson.dumps({"ts": ts, "underlying": underlying, "spot": spot, "results": results} | changes) + b"\n"


def expiries(count: int, first: date = SPX.expiry) -> tuple[date, ...]:
    """Return that many dates, a day apart."""
    return tuple(first + timedelta(days=day) for day in range(count))


@dataclass(slots=True)
class ScriptedSource:
    """A source that does as told: fails where told, and waits where a gate stands until it is opened."""

    listed: dict[str, tuple[date, ...]]
    as_of: float = AS_OF
    kind: SourceKind = "mock"
    strikes: Sequence[float] = GOLDEN_STRIKES
    cycle_fault: Exception | None = None
    survey_faults: dict[str, Exception] = field(default_factory=dict)
    window_faults: dict[ChainId, Exception] = field(default_factory=dict)
    gates: dict[ChainId | str, asyncio.Event] = field(default_factory=dict)  # by chain, or by underlying surveyed
    counters: dict[str, int] = field(default_factory=dict)
    begun: list[float] = field(default_factory=list)  # monotonic seconds at which each cycle began
    fetched: list[ChainId] = field(default_factory=list)
    in_memory: bool = False
    clock: Clock = field(default_factory=SystemClock)

    @property
    def underlyings(self) -> tuple[str, ...]:
        return tuple(self.listed)

    def status(self) -> SourceStatus:
        return SourceStatus(self.kind, "scripted", counters=self.counters)

    async def begin_cycle(self) -> None:
        self.begun.append(self.clock.monotonic())
        if self.cycle_fault:
            raise self.cycle_fault

    async def survey(self, underlying: str) -> Survey:
        if gate := self.gates.get(underlying):
            await gate.wait()
        if fault := self.survey_faults.get(underlying):
            raise fault
        return Survey(underlying, SPOT, self.as_of, self.listed[underlying])

    async def fetch_window(self, survey: Survey, expiry: date) -> ChainWindow:
        chain = ChainId(survey.underlying, expiry)
        if gate := self.gates.get(chain):
            await gate.wait()
        if fault := self.window_faults.get(chain):
            raise fault
        self.fetched.append(chain)
        return ChainWindow(chain, survey.spot, 6930, 24, contracts(chain, self.strikes))

    async def aclose(self) -> None:
        self.listed.clear()


@dataclass(frozen=True, slots=True)
class Held:
    """What Redis holds of one chain, read in one instant. Deadlines in epoch ms, -1 without one, -2 without a key."""

    pointer: bytes
    deadline: int
    payload: bytes | None
    payload_deadline: int

    @property
    def ts_ms(self) -> int:
        return int(self.pointer.rpartition(b":")[2])


# One script sees one instant: no key expires between its reads.
_HOLD = """
local found = redis.call('GET', KEYS[1])
if not found then return {} end
local held = {found, redis.call('PEXPIRETIME', KEYS[1]), redis.call('PEXPIRETIME', found)}
local body = redis.call('GET', found)
if body then table.insert(held, body) end
return held
"""


async def held(redis: Redis, chain: ChainId = SPX, prefix: str = "massive") -> Held | None:
    """Return pointer and payload of a chain as they stand in one instant; None without a pointer."""
    reply = await redis.eval(_HOLD, 1, f"{prefix}:chain:latest:{chain.underlying}:{chain.expiry.isoformat()}")
    if not reply:
        return None
    pointer, deadline, payload_deadline, *body = reply
    return Held(pointer, deadline, body[0] if body else None, payload_deadline)


def items_in(raw: bytes) -> tuple[Contract, ...]:
    """Return a payload's contract items as any program reads them."""
    return tuple(orjson.loads(raw)["contracts"])


async def payload_at(redis: Redis, snapshot_id: SnapshotId, keys: KeySchema | None = None) -> bytes:
    """Return the bytes under a payload key; fail where there are none."""
    return await value_at(redis, (keys or KeySchema()).snapshot(snapshot_id))


async def value_at(redis: Redis, key: str | bytes) -> bytes:
    """Return the bytes under a key; fail where there are none."""
    raw = await redis.get(key)
    assert isinstance(raw, bytes), f"nothing at {key!r}"
    return raw


async def eventually(condition: Callable[[], Any], what: str = "") -> Any:
    """Wait for a condition, plain or awaitable, for as long as a busy machine may need."""
    return await wait_until_async(condition, 20.0, what)


LASTING = (b":chain:analytics", b":ws:stream", b":ws:analytics", b":ws:subscription_list")  # as MarketSwarm keeps them


async def assert_all_expire(redis: Redis, match: str = "massive:*") -> None:
    """Fail unless every key of the pattern has a deadline, less those that are bounded without one."""
    async for key in redis.scan_iter(match=match, count=1000):
        assert key.endswith(LASTING) or await redis.pexpiretime(key) != -1, f"{key!r} would live for ever"


async def assert_contract_kept(redis: Redis) -> None:
    """Fail unless every contract key has a deadline, and every pointer leads to a payload that dies with it."""
    await assert_all_expire(redis)
    async for key in redis.scan_iter(match="massive:*:latest:*", count=1000):
        assert await redis.type(key) in (b"string", b"none"), f"{key!r} is no string"
        chain = ChainId(key.split(b":")[-2].decode(), date.fromisoformat(key[-10:].decode()))
        found = await held(redis, chain, key.partition(b":chain:")[0].decode())
        if found is not None:
            assert found.payload is not None, f"{key!r} dangles"
            assert abs(found.deadline - found.payload_deadline) <= 1, f"{key!r} and its payload part by more than 1 ms"
