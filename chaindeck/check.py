"""One line for a monitoring system: the Board's verdict, performance data, and an exit code."""

import asyncio
import time
from dataclasses import replace

from chain.board import Board, DeckState
from chain.clock import Clock, SystemClock
from chain.connection import RedisTarget
from chain.errors import ChaindeckError
from chain.names import Names
from chain.signals import Now, Report, judge, usable
from chain.watcher import Watcher
from chaindeck.compose import running_place
from chaindeck.logs import log_nowhere

UNKNOWN = 3  # by the plugin convention: bad arguments, own failure
_EXIT = {
    DeckState.OK: 0,
    DeckState.WARNING: 1,
    DeckState.PARTIAL_DEGRADATION: 1,
    DeckState.DEGRADED: 2,
    DeckState.CRITICAL: 2,
}


def run_check(
    url: str | None, warn_s: float | None, stale_s: float | None, depth: int | None, every_s: float | None
) -> int:
    """Print one line and return its exit code; with `every_s`, a line each so many seconds until interrupted."""
    log_nowhere()
    try:
        target = running_place(url).target
        clock = SystemClock()
        while True:
            report = asyncio.run(look(target, clock, warn_s=warn_s, stale_s=stale_s, depth=depth))
            print(line(report), flush=True)
            if every_s is None:
                return exit_code(report)
            time.sleep(every_s)
    except ChaindeckError as error:
        print(f"CHAIN UNKNOWN - {error}")
        return UNKNOWN
    except KeyboardInterrupt:
        return 0


async def look(
    target: RedisTarget,
    clock: Clock,
    *,
    warn_s: float | None = None,
    stale_s: float | None = None,
    depth: int | None = None,
) -> Report:
    """Return one poll, judged by the publisher's limits or the operator's."""
    redis = target.connect(name="chaindeck-check")
    try:
        board = await Watcher(redis, Names(), clock, shown_as=target.label).poll_once()
    finally:
        await redis.aclose()
    return judge(limited(board, warn_s, stale_s, depth), Now.of(clock))


def limited(board: Board, warn_s: float | None, stale_s: float | None, depth: int | None) -> Board:
    """Return the Board under an operator's limits; raise ConfigError where they make no sense."""
    entries = tuple(replace(entry, thresholds=entry.thresholds.limited(warn_s, stale_s)) for entry in board.entries)
    wanted = dict(board.depth) if depth is None else dict.fromkeys(board.underlyings, depth)
    return replace(board, entries=entries, depth=wanted)


def exit_code(report: Report) -> int:
    """Return the plugin convention's code: 0 OK, 1 WARNING, 2 CRITICAL. Nothing published at all is critical."""
    return _EXIT[report.state] if report.readings else 2


def line(report: Report) -> str:
    """Return the verdict and its performance data."""
    if not report.readings and not report.signals:
        return f"CHAIN CRITICAL - no chains under {report.board.prefix}: nothing is published"
    words = "; ".join(signal.text for signal in report.signals) or f"{len(report.readings)} chains fresh"
    return f"CHAIN {report.state} - {words.replace('|', '/')} | {performance(report)}"


def performance(report: Report) -> str:
    """Return performance data: ages with their limits, depth, the stream's age, Redis's answer time."""
    parts = [
        f"'{reading.entry.chain} age'={reading.age_s:.3f}s;{limits.warn_s:g};{limits.stale_s:g};0"
        for reading in report.readings
        if reading.age_s is not None and (limits := reading.entry.thresholds)
    ]
    for underlying in report.board.underlyings:
        wanted = report.board.depth.get(underlying, 0)
        have = sum(usable(reading) for reading in report.of(underlying))
        parts.append(f"'{underlying} depth'={have};{wanted}:;1:;0;{wanted}")
    if report.board.stream_ts is not None:
        parts.append(f"'stream age'={max(0.0, report.now.wall_s - report.board.stream_ts):.1f}s")
    if report.board.contact.ping_ms is not None:
        parts.append(f"'redis ping'={report.board.contact.ping_ms:.1f}ms")
    return " ".join(parts)
