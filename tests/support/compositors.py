"""Compositors as processes under load: what feeds them, and what is known of every entry that they were given."""

import asyncio
import os
import random
import signal
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import msgspec
import orjson
from redis.asyncio import Redis

from chain.clock import SystemClock
from chain.model.keys import KeySchema
from chain.pipeline.events import Quote, StreamEvent, Trade
from chain.pipeline.staging import CONTRACT_FORM, META_FIELD, META_FORM, StagedContract
from chain.redis.contract.stream.group import GROUP
from chain.redis.contract.stream.ids import START, StreamId
from tests.support.builders import SPX
from tests.support.composing import Surroundings
from tests.support.product import start_logged
from tests.support.warm import WarmChild

KEYS = KeySchema()
_ENDS_S = 5.0
STRIKES = tuple(range(6800, 7000, 10))
TICKERS = tuple(f"O:SPXW260102{side}{strike * 1000:08d}" for strike in STRIKES for side in "CP")
Order = tuple[int, int]  # time in ms, and sequence number: what a later event has more of


@dataclass
class Feed:
    """Publishes snapshots with old quotes, so that the stream's are later, and adds frames of ten events."""

    redis: Redis
    frames_s: float = 200.0
    sent: dict[StreamId, tuple[StreamEvent, ...]] = field(default_factory=dict)
    _seq: int = 0
    _chance: random.Random = field(default_factory=lambda: random.Random(7))

    async def run(self) -> None:
        """Feed until cancelled."""
        around = Surroundings(self.redis, SystemClock())
        due = published = 0.0
        while True:
            now = time.monotonic()
            if now - published > 3:
                await around.publish(quoted_ms=around.now_ms - 3_600_000, strikes=STRIKES)
                published = now
            await self.add(around)
            due = max(due + 1 / self.frames_s, now - 0.1)
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def add(self, around: Surroundings) -> None:
        """Add one frame; some of its events are late, by time or by number."""
        events = tuple(self._event(around.now_ms) for _ in range(10))
        of = await around.add(*events)
        self.sent[of] = events

    def _event(self, now_ms: int) -> StreamEvent:
        self._seq += 1
        ticker, late_ms = self._chance.choice(TICKERS), self._chance.choice((0, 0, 0, 5, 50))
        if self._seq % 5 == 0:
            return Trade(ticker, 7.0, 1.0, now_ms - late_ms, self._seq)
        return Quote(ticker, 6.0, 6.2, 1.0, 2.0, now_ms - late_ms, self._seq)


def latest(frames: Iterable[tuple[StreamEvent, ...]]) -> dict[tuple[str, str], Order]:
    """Return the order of the latest event of each kind, by ticker and kind."""
    found: dict[tuple[str, str], Order] = {}
    for events in frames:
        for event in events:
            place = (event.ticker, "quote" if isinstance(event, Quote) else "trade")
            found[place] = max(found.get(place, (0, 0)), (event.ts_ms, event.seq))
    return found


def orders(staged: Mapping[str, StagedContract]) -> dict[tuple[str, str], Order]:
    """Return the same of what is staged from the stream."""
    found: dict[tuple[str, str], Order] = {}
    for ticker, contract in staged.items():
        size, last = contract.bid_size, contract.last
        if isinstance(contract.quote_seq, int) and size is not msgspec.UNSET:
            found[ticker, "quote"] = (cast(Any, size).ts_ms, contract.quote_seq)
        if isinstance(contract.trade_seq, int) and last is not msgspec.UNSET:
            found[ticker, "trade"] = (cast(Any, last).ts_ms, contract.trade_seq)
    return found


@dataclass
class View:
    """What stood in Redis at one instant: staging, its position, and which entries were acknowledged."""

    staged: dict[tuple[str, str], Order]
    position: StreamId
    flushed: float
    delivered: StreamId
    pending: frozenset[StreamId]

    def acknowledged(self, of: StreamId) -> bool:
        return of <= self.delivered and of not in self.pending


async def view(redis: Redis) -> View | None:
    """Return everything at one instant; None where nothing is staged, or nobody has read."""
    pipe = redis.pipeline(transaction=True)
    pipe.hgetall(KEYS.staging(SPX))
    pipe.execute_command("XINFO", "GROUPS", KEYS.stream())
    pipe.xpending_range(KEYS.stream(), GROUP, "-", "+", 1_000_000)
    try:
        fields, groups, pending = await pipe.execute()
    except Exception as error:
        if "NOGROUP" in str(error) or "no such key" in str(error):
            return None
        raise
    if not fields or not groups:
        return None
    meta = META_FORM.decode(fields.pop(META_FIELD.encode()))
    group = groups[0] if isinstance(groups[0], dict) else dict(zip(groups[0][::2], groups[0][1::2], strict=True))
    raw = group.get("last-delivered-id") or group.get(b"last-delivered-id")
    staged = {name.decode(): CONTRACT_FORM.decode(value) for name, value in fields.items()}
    return View(
        orders(staged),
        StreamId.parse(meta.position) or START,
        meta.flushed,
        StreamId.parse(raw) or START,
        frozenset(filter(None, (StreamId.parse(row["message_id"]) for row in pending))),
    )


class Fleet:
    """Two compositors, and as many after them as are killed."""

    def __init__(self, home: Path, url: str, interval_s: float) -> None:
        self._home = home
        self._url = url
        self._more = {
            "MASSIVE_CHAIN_INTERVAL_SEC": str(interval_s),
            "MASSIVE_CHAIN_SNAPSHOT_TTL_SEC": str(max(20.0, 4 * interval_s + 6)),
        }
        self._started = 0
        self._running: dict[int, WarmChild] = {}

    def start(self) -> int:
        """Start one more; return its process id."""
        self._started += 1
        home = self._home / str(self._started)
        home.mkdir()
        child = start_logged(home, home / "log", "mmaker", self._url, **self._more)
        self._running[child.pid] = child
        return child.pid

    def said(self) -> str:
        """Return all that they have logged."""
        return "\n".join((self._home / str(one) / "log").read_text() for one in range(1, self._started + 1))

    def kill(self, pid: int, number: signal.Signals = signal.SIGKILL) -> None:
        os.kill(pid, number)
        if number is signal.SIGKILL:
            self._running.pop(pid).ended(_ENDS_S)

    def end(self) -> None:
        for pid in list(self._running):
            self.kill(pid)


async def leader(redis: Redis) -> int:
    """Return the process id of who leads; 0 for nobody."""
    held = cast("bytes | None", await redis.get(KEYS.compositor_lease()))
    return int(held.split(b":")[1]) if held else 0


async def beat(redis: Redis) -> dict[str, Any]:
    """Return the heartbeat of who leads."""
    raw = await redis.get("mmaker:heartbeat")
    return orjson.loads(raw) if raw else {}
