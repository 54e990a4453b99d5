"""Recorded chains of three days side by side: each announced chain is shown, by its own underlying's date."""

import gzip
import math
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from redis.asyncio import Redis

from chain.analytics.headline import headline
from chain.model.grid import build_grid
from chain.monitor.evaluate.provenance import made_at
from chain.monitor.evaluate.signals import HealthReport, usable
from chain.monitor.states import Flag, State
from chain.redis.connect.connection import RedisTarget
from chaindeck.commands.check import exit_code, report_once
from tests.support.builders import value_at
from tests.support.contexts import context_of
from tests.support.places import CAPTURES
from tests.support.product import run

NAMES = ("SPX-2026-07-12", "SPY-2026-07-14", "TSLA-2026-07-15")
EASTERN = ZoneInfo("America/New_York")
DEPTH = 6
HEARTBEAT = "mock_massive:heartbeat"


def first_record(name: str) -> dict[str, Any]:
    """Return a file's first record, read without the code under test."""
    with gzip.open(CAPTURES / f"{name}.jsonl.gz") as lines:
        found: dict[str, Any] = orjson.loads(lines.readline())
    return found


def next_dates(record: dict[str, Any]) -> list[date]:
    """Return the six next expirations by the record's own clock."""
    now = datetime.fromtimestamp(record["ts"], EASTERN)
    listed = {date.fromisoformat(row["details"]["expiration_date"]) for row in record["results"]}
    return sorted(d for d in listed if datetime(d.year, d.month, d.day, 16, tzinfo=EASTERN) > now)[:DEPTH]


def expected_move(record: dict[str, Any], expiry: date) -> float | None:
    """Return spot x IV at the money x root of the years left, from the record alone; None without an IV.

    Of the index's two roots on a third Friday it is the one that settles in the afternoon.
    """
    spot = record["spot"]
    rows = [row for row in record["results"] if row["details"]["expiration_date"] == expiry.isoformat()]
    nearest = min((row["details"]["strike_price"] for row in rows), key=lambda strike: (abs(strike - spot), strike))
    at_the_money = [row for row in rows if row["details"]["strike_price"] == nearest]
    afternoon = [row for row in at_the_money if not row["details"]["ticker"].startswith("O:SPX2")]
    ivs = (row.get("implied_volatility") for row in afternoon or at_the_money)
    known = [iv for iv in ivs if iv and 0.001 < iv < 10]
    close = datetime(expiry.year, expiry.month, expiry.day, 16, tzinfo=EASTERN).timestamp()
    years = (close - record["ts"]) / (365 * 86_400)
    return spot * sum(known) / len(known) * math.sqrt(years) if known else None


async def published(home: Path, redis_url: str) -> HealthReport:
    """Publish the three files once, as a user would, and report_once as `check` does."""
    files = [word for name in NAMES for word in ("--capture", str(CAPTURES / f"{name}.jsonl.gz"))]
    ended = run(home, "publish", "--once", "--redis-url", redis_url, *files)
    assert ended.returncode == 0, ended.stderr
    return await report_once(RedisTarget(redis_url), context_of())


async def test_every_announced_chain_is_shown_by_its_own_date(short_dir: Path, redis_url: str, redis: Redis) -> None:
    report = await published(short_dir, redis_url)
    beat = orjson.loads(await value_at(redis, HEARTBEAT))
    announced = {(name, day) for name, days in beat["chain"]["expected"].items() for day in days}
    shown = {(r.record.chain.underlying, r.record.chain.expiry.isoformat()) for r in report.statuses}
    assert shown == announced
    assert len(shown) == 3 * DEPTH
    for record in map(first_record, NAMES):
        name = record["underlying"]
        statuses = report.statuses_of(name)
        assert [r.record.chain.expiry for r in statuses] == next_dates(record)
        own = datetime.fromtimestamp(record["ts"], EASTERN).date()
        for status in statuses:
            assert status.state is State.FRESH
            assert status.record.source.as_of == record["ts"]
            assert status.dte == (status.record.chain.expiry - own).days
            assert Flag.PARTIAL not in status.flags
            assert (Flag.OFF_HOURS in status.flags) is (name != "SPY")  # a Sunday, and four in the morning
            good = status.record.last_good
            assert good
            top = headline(build_grid(good.snapshot.open()), made_at(status.record, good))
            wanted = expected_move(record, status.record.chain.expiry)
            assert top.move.value == (None if wanted is None else pytest.approx(wanted, rel=1e-9))


async def test_check_counts_what_was_announced(short_dir: Path, redis_url: str, redis: Redis) -> None:
    report = await published(short_dir, redis_url)
    assert sum(map(usable, report.statuses)) == 3 * DEPTH
    [gone, *_] = report.statuses_of("SPX")
    chain = gone.record.chain
    assert await redis.delete(f"massive:chain:latest:{chain.underlying}:{chain.expiry}") == 1
    fewer = await report_once(RedisTarget(redis_url), context_of())
    assert len(fewer.statuses) == 3 * DEPTH
    assert exit_code(fewer) != 0
    assert f"depth {DEPTH - 1} of {DEPTH}" in " ".join(signal.text for signal in fewer.signals)


async def test_a_reader_that_knows_one_date_alone_takes_nothing_for_past(
    short_dir: Path, redis_url: str, redis: Redis
) -> None:
    await published(short_dir, redis_url)
    source = orjson.loads(await value_at(redis, HEARTBEAT))["source"]
    stamps = [first_record(name)["ts"] for name in NAMES]
    assert source["as_of"] == min(stamps)
    assert sorted(source["as_of_by"].values()) == sorted(stamps)
