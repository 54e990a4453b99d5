"""One line for a monitoring system: the Board's verdict, performance data, and an exit code."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from itertools import accumulate

from msgspec.structs import replace

from chain.clock import Clock, Instant
from chain.context import Context
from chain.errors import ChaindeckError, ConfigError
from chain.monitor.board import Board
from chain.monitor.evaluate.report import ChainStatus, HealthReport, Signal, stream_age_s, usable
from chain.monitor.evaluate.signals import evaluate
from chain.monitor.states import DeckState, Level
from chain.redis.connect.connection import RedisTarget
from chain.text import clean
from chaindeck.config.redis_location import running_place
from chaindeck.engine.watching import look_once
from chaindeck.exits import UNKNOWN, unknown_line, without_bar
from chaindeck.process.collector import when_loaded
from chaindeck.process.logs import log_nowhere, origin_of

_MAX_WORDS = 800  # an agent may read only 2 kB in all, and truncates the rest
_MAX_DATA = 1_000
_EXIT = {Level.INFO: 0, Level.WARNING: 1, Level.CRITICAL: 2}


def run_check(
    context: Context,
    url: str | None,
    warn_s: float | None,
    stale_s: float | None,
    depth: int | None,
    every_s: float | None,
) -> int:
    """Print one line and return its exit code; with `every_s`, a line each so many seconds until interrupted."""
    log_nowhere()
    try:
        _refuse_nonsense(warn_s, stale_s, depth, every_s)
        target = running_place(url).target
        when_loaded()
        poll = partial(report_once, target, context, warn_s=warn_s, stale_s=stale_s, depth=depth)
        return exit_code(asyncio.run(_tell(poll, context.clock, every_s)))
    except ChaindeckError as error:
        return _unknown(str(error))
    except (KeyboardInterrupt, asyncio.CancelledError):  # an interrupt can come as either
        if every_s is None:
            raise  # there was no result, and exit code 0 would be one
        return 0
    except OSError:
        raise  # the line cannot be written, or nobody reads it: not a result
    except Exception as error:  # noqa: BLE001 - by itself it would end with 1, which means WARNING
        return _unknown(f"the check itself failed: {origin_of(error)}; please report it")


async def _tell(poll: Callable[[], Awaitable[HealthReport]], clock: Clock, every_s: float | None) -> HealthReport:
    """Print a line for a report and return it; with `every_s`, go on until interrupted, on one event loop.

    An interrupt that comes while a loop is made or closed leaves a trace; so none is made for each line.
    """
    while True:
        report = await poll()
        print(line(report), flush=True)
        if every_s is None:
            return report
        await clock.sleep(every_s)


async def report_once(
    target: RedisTarget,
    context: Context,
    *,
    warn_s: float | None = None,
    stale_s: float | None = None,
    depth: int | None = None,
) -> HealthReport:
    """Return the report of one poll, by the publisher's limits or the operator's."""
    board = await look_once(target, context, "chaindeck-check")
    return evaluate(limited(board, warn_s, stale_s, depth), Instant.now(context.clock))


def limited(board: Board, warn_s: float | None, stale_s: float | None, depth: int | None) -> Board:
    """Return the Board with an operator's limits; raise ConfigError for invalid ones."""
    records = tuple(
        replace(record, thresholds=record.thresholds.limited(warn_s, stale_s)) for record in board.chains.records
    )
    wanted = dict(board.chains.depth) if depth is None else dict.fromkeys(board.chains.underlyings, depth)
    return replace(board, chains=replace(board.chains, records=records, depth=wanted))


def exit_code(report: HealthReport) -> int:
    """Return the plugin convention's code: 0 OK, 1 WARNING, 2 CRITICAL, 3 if it is too early to know."""
    return UNKNOWN if report.state is DeckState.STARTING else _EXIT[report.state.level]


def line(report: HealthReport) -> str:
    """Return the verdict and its performance data."""
    words = _first(report.signals)
    if report.state is DeckState.OK:
        many = len(report.statuses)
        fresh = f"{many} chain{'s' * (many != 1)} fresh, {report.sources}"
        words = "; ".join(filter(None, (fresh, words)))
    elif report.sources:
        words = f"{words}; source {report.sources.removeprefix('source ')}"
    said = f"CHAIN {report.state} - {without_bar(clean(words, 2 * _MAX_WORDS))}"
    data = performance(report)
    return f"{said} | {data}" if data else said


def _first(signals: Sequence[Signal]) -> str:
    """Return the most severe signals, as many as an agent reads, and how many more there are."""
    texts = [clean(signal.text, _MAX_WORDS) for signal in signals]
    shown = _fitting(texts, _MAX_WORDS)
    more = len(texts) - shown
    return "; ".join([*texts[:shown], *([f"and {more} more signals"] if more else [])])


def _fitting(texts: Sequence[str], room: int) -> int:
    """Return how many of the first texts fit into `room` characters; one at least, where there is one."""
    ends = accumulate(len(text) + 2 for text in texts)
    return max(min(1, len(texts)), sum(end <= room for end in ends))


def performance(report: HealthReport) -> str:
    """Return performance data: ages with their limits, depth, the stream's age, Redis's answer time.

    If there are more than an agent reads, those of the whole deck come first, and the rest are counted.
    """
    ages = [
        f"'{status.chain} age'={status.age_s:.3f}s;{_figure(status.limits.warn_s)};;0"
        for status in report.statuses
        if status.age_s is not None
    ]
    depths = []
    for underlying in report.board.chains.underlyings:
        have, wanted = report.depth(underlying)
        depths.append(f"'{underlying} depth'={have};{wanted}:;;0;{wanted}")
    rest = []
    stream = stream_age_s(report.board, report.now)
    if stream is not None:
        rest.append(f"'stream age'={stream:.3f}s")
    if report.board.redis.health.ping_ms is not None:
        rest.append(f"'redis ping'={report.board.redis.health.ping_ms:.1f}ms")
    youngest = _youngest(report.statuses)
    figures = [*ages, *youngest, *depths, *rest]
    if sum(len(figure) + 1 for figure in figures) > _MAX_DATA:
        figures = [*youngest, *rest, *depths, *ages]
        shown = _fitting(figures, _MAX_DATA)
        figures = [*figures[:shown], f"'left out'={len(figures) - shown}"]
    return " ".join(figures)


def _youngest(statuses: Sequence[ChainStatus]) -> list[str]:
    """Return the age of the snapshot furthest from its limit: one that is stale is a warning, the last is critical."""
    there = [(r.age_s, r.limits.stale_s) for r in statuses if usable(r) and r.age_s is not None]
    if not there:
        return []
    age, limit = min(there, key=lambda one: one[0] - one[1])
    return [f"'youngest'={age:.3f}s;;{_figure(limit)};0"]


def _refuse_nonsense(warn_s: float | None, stale_s: float | None, depth: int | None, every_s: float | None) -> None:
    """Raise ConfigError for an operator's number that is invalid whatever is published."""
    for name, seconds in (("warn-age", warn_s), ("stale-age", stale_s), ("watch", every_s)):
        if seconds is not None and not (math.isfinite(seconds) and seconds > 0):
            raise ConfigError(f"--{name} {seconds:g} must be a number of seconds above 0")
    if warn_s is not None and stale_s is not None and not warn_s < stale_s:
        raise ConfigError(f"--warn-age {warn_s:g} must be below --stale-age {stale_s:g}")
    if depth is not None and depth < 1:
        raise ConfigError(f"--depth {depth} must be 1 or more")


def _unknown(reason: str) -> int:
    print(unknown_line(reason))
    return UNKNOWN


def _figure(seconds: float) -> str:
    """Return a limit to the millisecond in plain digits: the convention knows no exponents."""
    return f"{seconds:.3f}".rstrip("0").rstrip(".")
