"""The live source's fetch against the official client in its default use, both asking one fake vendor over HTTP."""

import asyncio
import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from typing import Any

from massive import RESTClient

from benchmarks.rows import Row, below, less_by
from benchmarks.terminal import ROOT, usage
from chain.clock import ManualClock, SystemClock
from chain.model.keys import ChainId
from chain.model.session import new_york
from publisher.massive.api import vendor as limits
from publisher.massive.api.vendor import BURST, PER_SECOND, Vendor
from publisher.massive.source import MassiveSource
from publisher.source import ChainWindow
from publisher.window import cut, index_expiry
from tests.fake_massive import ChainBook, FakeMassive, Fault, expirations, faults, generate, generate_count

_SYMBOL, _SPOT = "SPY", 752.06
_EXPIRIES, _STRIKES = 8, 125  # 250 rows each: a page
_REPETITIONS = {0: 20, 30: 15, 150: 8}  # by latency, ms
_AIMS = {30: 5.0, 150: 6.5}
_CPU_AIM = 4.0
_DEPTH = 6
_CYCLES = 1_000
_GROWTH_AIM_MB = 8.0


def run() -> list[Row]:
    """Return wall and processor time of fetching 2,000 contracts, requests of a survey, memory over 1,000 cycles."""
    rows: list[Row] = []
    for latency, repetitions in _REPETITIONS.items():
        with _fake(latency) as url:
            rows += asyncio.run(_fetches(url, latency, repetitions))
    rows.append(asyncio.run(_survey()))
    with _fake(0) as url:
        rows.append(asyncio.run(_memory(url)))
    return rows


async def _fetches(url: str, latency: int, repetitions: int) -> list[Row]:
    official = RESTClient("demo", base=url)
    dates = _dates()
    ours: list[tuple[float, float]] = []
    theirs: list[tuple[float, float]] = []
    client = Vendor("demo", SystemClock(), base=url)
    for number in range(1 + repetitions):
        await asyncio.sleep(_EXPIRIES / PER_SECOND)  # a cycle comes every ten seconds: the limiter has nothing to say
        mine = await _timed(lambda: _ours(client, dates))
        other = await _timed(lambda: _theirs(official, dates))
        if number:
            ours.append(mine)
            theirs.append(other)
    await client.aclose()
    note = f"{_EXPIRIES} x {2 * _STRIKES} contracts at {latency} ms; the client page by page, each object made a dict"
    return [
        _row(f"vendor fetch wall {latency} ms", [w for w, _ in ours], [w for w, _ in theirs], _AIMS.get(latency), note),
        _row(f"vendor fetch cpu {latency} ms", [c for _, c in ours], [c for _, c in theirs], _CPU_AIM, ""),
    ]


def _row(name: str, ours: list[float], theirs: list[float], aim: float | None, note: str) -> Row:
    made = less_by(aim or 1.0, name, "ms", ours, theirs, note)
    if aim is not None:
        return made
    return Row(name, "ms", made.ours, made.baseline, made.ratio, "", None, note, made.samples, made.baseline_samples)


async def _ours(client: Vendor, dates: list[date]) -> None:
    windows = await asyncio.gather(*(_window(client, expiry) for expiry in dates))
    assert sum(len(piece.contracts) for piece in windows) == 2 * _EXPIRIES * _STRIKES


async def _window(client: Vendor, expiry: date) -> ChainWindow:
    """Return one expiry as it would be published."""
    params: dict[str, str | int] = {"expiration_date": expiry.isoformat(), "limit": 250, "sort": "ticker"}
    rows = [row async for page in client.pages(f"/v3/snapshot/options/{_SYMBOL}", params) for row in page.rows]
    unique = {row["details"]["ticker"]: row for row in rows}
    return cut(ChainId(_SYMBOL, expiry), index_expiry(unique.values()), spot=_SPOT, dte=365, mult=10.0)


async def _theirs(official: Any, dates: list[date]) -> None:
    contracts = [
        json.loads(json.dumps(found, default=vars))
        for expiry in dates
        for found in official.list_snapshot_options_chain(
            _SYMBOL, params={"expiration_date": expiry.isoformat(), "limit": 250}
        )
    ]
    assert len(contracts) == 2 * _EXPIRIES * _STRIKES


async def _survey() -> Row:
    """Return how many requests tell the next six expirations out of 30,000 contracts."""
    now = time.time()
    with FakeMassive(ChainBook.of(generate_count("SPX", 30_000, now))) as fake:
        clock = SystemClock()
        source = MassiveSource(Vendor("demo", clock, base=fake.url), clock, ["SPX"], depth=_DEPTH)
        found = (await source.survey("SPX")).expirations
        await source.aclose()
        ours = fake.count()
        fake.reset_counts()
        chain = RESTClient("demo", base=fake.url).list_snapshot_options_chain("I:SPX", params={"limit": 250})
        listed = await asyncio.to_thread(lambda: sorted({found.details.expiration_date for found in chain}))
        assert [day.isoformat() for day in found[:_DEPTH]] == listed[:_DEPTH]
        theirs = fake.count()
    note = "a small request a date, and one more; again every five minutes"
    most = _DEPTH + 1
    return Row("vendor expirations", "requests", ours, theirs, theirs / ours, f"<= {most}", ours <= most, note)


async def _memory(url: str) -> Row:
    """Return by how much memory grows over 1,000 cycles, after 100 that fill what is kept."""
    limits.PER_SECOND = 1e6  # memory is at stake here, not the vendor's patience
    clock = ManualClock(time.time_ns())
    source = MassiveSource(Vendor("demo", clock, base=url), clock, [_SYMBOL], depth=2)
    before = 0.0
    for number in range(100 + _CYCLES):
        clock.advance(10)
        await source.begin_cycle()
        survey = await source.survey(_SYMBOL)
        await asyncio.gather(*(source.fetch_window(survey, expiry) for expiry in survey.expirations[:2]))
        if number == 99:
            before = _resident_mb()
    after = _resident_mb()
    await source.aclose()
    limits.PER_SECOND = PER_SECOND
    return below(_GROWTH_AIM_MB, "vendor memory growth", "MB", after - before, note=f"{_CYCLES:,} cycles of 2 expiries")


def _resident_mb() -> float:
    gc.collect()
    return usage(os.getpid()).resident / 1e6


async def _timed(work: Callable[[], Awaitable[None]]) -> tuple[float, float]:
    """Return wall and processor time of some work, ms."""
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    await work()
    return (time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000


def _dates() -> list[date]:
    return expirations(new_york(time.time()).date(), _EXPIRIES)


@contextmanager
def _fake(latency: int) -> Iterator[str]:
    """Give the URL of the fake vendor, in a process of its own that ends after."""
    command = [sys.executable, "-m", "benchmarks.vendor", str(latency)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        try:
            yield url
        finally:
            process.stdin.close()


def _serve(latency: int) -> None:
    """Serve 2,000 contracts until standard input ends."""
    chain = generate(_SYMBOL, as_of=time.time(), spot=_SPOT, dates=_dates(), strikes=_STRIKES, step=1)
    with FakeMassive(ChainBook.of(chain)) as fake:
        if latency:
            fake.inject(Fault(faults.latency(latency / 1000)))
        print(fake.url, flush=True)
        with suppress(KeyboardInterrupt):
            sys.stdin.read()


assert _EXPIRIES <= BURST

if __name__ == "__main__":
    _serve(int(sys.argv[1]))
