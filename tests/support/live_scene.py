"""A live desk in a test: fake vendor, live source, publisher on a real Redis, and one clock moved by hand."""

import asyncio
import math
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

import orjson
import pytest
from redis.asyncio import Redis

from chain.clock import Instant, ManualClock
from chain.model.keys import ChainId, KeySchema
from chain.monitor.evaluate.signals import HealthReport, evaluate
from chain.monitor.heartbeat import Heartbeat
from chain.monitor.watch.redis_reader import RedisReader
from chain.monitor.watch.watcher import Watcher
from publisher.loop.cycle import Cycle
from publisher.loop.publisher import Publisher
from publisher.massive.api import vendor
from publisher.massive.api.vendor import Vendor
from publisher.massive.source import MassiveSource
from tests.fake_massive import Chain, ChainBook, FakeMassive, IndexQuote, expirations, generate
from tests.fake_massive.capture import NEW_YORK
from tests.support.builders import held
from tests.support.contexts import context_of

CHAINS = "/v3/snapshot/options/*"
STATUS = "/v1/marketstatus/now"
UPCOMING = "/v1/marketstatus/upcoming"
INDICES = "/v3/snapshot/indices"
INTERVAL_S = 10.0
CYCLE_REAL_S = 60.0  # far longer than any cycle takes
DEPTH = 6
MONDAY = datetime(2026, 7, 13, 10, 30, tzinfo=NEW_YORK).timestamp()  # a third Friday is its fifth date
SPX_DATES = expirations(date(2026, 7, 13), 8)
VIX = {"I:VIX": IndexQuote(17.31, 16.52, round(MONDAY * 1e9))}


@cache
def small_chain(spot: float = 6853.25, *, seed: int = 1, as_of: float = MONDAY, dates: tuple[date, ...] = ()) -> Chain:
    """Return a small SPX chain: 41 strikes five points apart on every date; the listing is the same for every spot."""
    listed = dates or SPX_DATES
    return generate("SPX", as_of=as_of, spot=spot, dates=listed, strikes=41, step=5, centre=6850, iv=0.08, seed=seed)


def small_book(spot: float = 6853.25, **how: Any) -> ChainBook:
    """Return a book of the small chain, and of the volatility index."""
    return ChainBook.of(small_chain(spot, **how), indices=VIX)


@contextmanager
def hurried() -> Iterator[None]:
    """Ask and retry as often as the product does, without the waits by which it spares the vendor."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(vendor, "PER_SECOND", math.inf)
        for name in ("HOLD_S", "RETRY_S", "RETRY_MOST_S", "RETRY_JITTER_S"):
            patched.setattr(vendor, name, 0.0)
        yield


@dataclass
class Desk:
    """Everything from the vendor to the Board; `cycle` is what the publisher does every interval."""

    fake: FakeMassive
    redis: Redis
    clock: ManualClock
    source: MassiveSource
    publisher: Publisher
    watcher: Watcher

    async def cycle(self, after_s: float = INTERVAL_S) -> Cycle:
        """Run the next cycle, an interval after the last, with the counts of requests begun anew.

        Nobody moves the clock meanwhile: a cycle that waits for it would never end, and fails.
        """
        self.clock.advance(after_s)
        self.fake.reset_counts()
        async with asyncio.timeout(CYCLE_REAL_S):
            done = await self.publisher.cycle()
            await self.publisher.beat()
        return done

    async def report(self) -> HealthReport:
        """Return what a watcher judges now."""
        return evaluate(await self.watcher.poll_once(), Instant.now(self.clock))

    def heartbeat(self) -> Heartbeat:
        """Return the publisher's heartbeat as of now."""
        return self.publisher.heartbeat()

    def expected(self) -> tuple[ChainId, ...]:
        """Return what the publisher means to publish."""
        return self.heartbeat().chain.expected


@asynccontextmanager
async def desk(
    fake: FakeMassive,
    redis: Redis,
    *,
    ts: float = MONDAY,
    underlyings: Sequence[str] = ("SPX",),
    depth: int = DEPTH,
    key: str = "demo",
) -> AsyncIterator[Desk]:
    """Give a desk at an instant (epoch seconds), an interval before its first cycle."""
    clock = ManualClock(round((ts - INTERVAL_S) * 1e9), 1_000.0)
    source = MassiveSource(Vendor(key, clock, base=fake.url, open_s=0.8 * INTERVAL_S), clock, underlyings, depth=depth)
    publisher = Publisher(redis, source, context_of(clock), expirations=depth)
    try:
        with hurried():  # nobody moves the clock while a cycle runs
            yield Desk(fake, redis, clock, source, publisher, Watcher(RedisReader(redis, KeySchema(), clock), clock))
    finally:
        await source.aclose()


async def payload(redis: Redis, chain: ChainId) -> dict[str, Any]:
    """Return what the pointer of a chain leads to."""
    found = await held(redis, chain)
    assert found is not None, f"{chain} has no pointer"
    assert found.payload is not None, f"{chain} dangles"
    body = orjson.loads(found.payload)
    assert (body["underlying"], body["expiration"]) == (chain.underlying, chain.expiry.isoformat())
    return dict(body)


def within(chain: Chain, body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the book's contracts that a payload claims to hold: of its expiration, from ATM - range to ATM + range."""
    low, high = body["atm"] - body["range_points"], body["atm"] + body["range_points"]
    rows = []
    for item in chain.items:
        details = item["details"]
        standard = details["contract_type"] in ("call", "put") and details.get("shares_per_contract", 100) == 100
        if details["expiration_date"] == body["expiration"] and standard and low <= details["strike_price"] <= high:
            rows.append(item)
    return sorted(
        rows,
        key=lambda i: (float(i["details"]["strike_price"]), i["details"]["contract_type"], i["details"]["ticker"]),
    )


def as_seen(fake: FakeMassive, chain: Chain) -> Chain:
    """Return a chain as the fake's present plan shows it."""
    return Chain(chain.symbol, chain.spot, map(fake.api.row_as_seen, chain.items))


def tickers(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Return the rows' tickers."""
    return [row["details"]["ticker"] for row in rows]


def is_whole(chain: Chain, body: dict[str, Any]) -> None:
    """Fail unless a payload holds exactly what the book has in its range, ten strikes a side or all there are."""
    expected = within(chain, body)
    assert tickers(body["contracts"]) == tickers(expected)
    assert body["contracts"] == expected
    every = {
        float(item["details"]["strike_price"])
        for item in chain.items
        if item["details"]["expiration_date"] == body["expiration"]
        and item["details"].get("shares_per_contract", 100) == 100
    }
    held_strikes = {float(item["details"]["strike_price"]) for item in body["contracts"]}
    for sign in (-1, 1):
        listed, shown = (sum((strike - body["atm"]) * sign > 0 for strike in some) for some in (every, held_strikes))
        assert shown >= min(10, listed)
