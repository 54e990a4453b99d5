"""The Board in one shot, as text or JSON."""

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import orjson

from chain.clock import Instant
from chain.context import Context
from chain.model.keys import KeySchema
from chain.monitor.board import Board, PublisherStatus
from chain.monitor.evaluate.health import reading_json, signal_json
from chain.monitor.evaluate.signals import ChainStatus, HealthReport, evaluate
from chain.monitor.heartbeat import STOPPED, WITHDRAWN
from chain.monitor.states import Flag
from chain.redis.connect.connection import RedisTarget
from chain.supervisor import PartStatus
from chaindeck.commands.plain import WIDTH
from chaindeck.config.redis_location import running_place
from chaindeck.engine.watching import look_once
from chaindeck.exits import Exit
from chaindeck.process.logs import log_file, log_nowhere
from tui.panels.board import board_table
from tui.panels.lines import cut, plain
from tui.panels.signals import signal_lines, signals_title
from tui.panels.strip import identity, trouble


def print_status(context: Context, url: str | None, *, as_json_text: bool) -> int:
    """Print one Board; return 0 if Redis answered, 2 if not."""
    log_nowhere()
    target = running_place(url).target
    report = asyncio.run(look(target, context))
    if as_json_text:
        body = as_json(report, target) | {"log": str(log_file())}
        print(orjson.dumps(body, option=orjson.OPT_INDENT_2).decode())
    else:
        print(as_text(report, target))
    contact = report.board.redis.health
    if not contact.ok:
        print(f"chaindeck: Redis unreachable: {contact.error}", file=sys.stderr)
    return Exit.DONE if contact.ok else Exit.UNAVAILABLE


def as_text(report: HealthReport, target: RedisTarget) -> str:
    """Return the report as text for a person."""
    underlying = next(iter(report.board.chains.underlyings), "-")
    board = board_table(report, None, WIDTH, len(report.statuses) * 3 + 20)
    lines = [identity(report, underlying, 0, WIDTH), trouble(report, WIDTH), *board.head, *board.body]
    lines += [signals_title(report, WIDTH), *cut(signal_lines(report, WIDTH), 40)]
    server = report.board.redis.server
    tail = [f" redis  {target.shown} ({server.name or server.unasked or 'unknown server'})", f" log    {log_file()}"]
    limits = [*report.board.redis.limits, *([server.unasked] if server.unasked and server.name else [])]
    tail[1:1] = [f"        {limit}" for limit in limits]
    return "\n".join([*map(plain, lines), *tail])


async def look(target: RedisTarget, context: Context) -> HealthReport:
    """Return the Board of one poll, judged; an unreachable Redis is a Board that says so."""
    return evaluate(await look_once(target, context, "chaindeck-status"), Instant.of(context.clock))


def as_json(report: HealthReport, target: RedisTarget) -> dict[str, Any]:
    """Return the report as JSON types. Ages and TTL in seconds, times as epoch seconds, null where unknown."""
    board = report.board
    return {
        "state": report.state,
        "signals": [signal_json(signal) for signal in report.signals],
        "redis": {
            "url": target.shown,
            "server": board.redis.server.name or None,
            "limits": [*board.redis.limits, *filter(None, [board.redis.server.unasked])],
            "ping_ms": _rounded(board.redis.health.ping_ms, 3),
        },
        "sources": report.sources,
        "source": _source(board),
        "parts": [asdict(part) | {"service": service} for service, part in all_parts(board)],
        "expected": len(board.chains.records),
        "expiries": [_expiry(chain_status, KeySchema(board.prefix)) for chain_status in report.statuses],
    }


def all_parts(board: Board) -> Iterator[tuple[str, PartStatus]]:
    """Yield each part that a living publisher tells of, after the name of its service."""
    for publisher in board.publishers.known:
        if publisher.alive:
            yield from ((publisher.heartbeat.service, part) for part in publisher.heartbeat.parts)


def _source(board: Board) -> dict[str, Any]:
    publisher = speaking(board)
    if publisher is None:
        return {"kind": "unknown"}
    beat = publisher.heartbeat
    return {
        "kind": beat.source.kind,
        "detail": beat.source.detail,
        "record": beat.source.record,
        "as_of": beat.source.as_of,
        "service": beat.service,
        "status": beat.status if publisher.alive or beat.status == STOPPED else "silent",
        "pid": beat.pid,
        "ts": beat.ts,
        "interval_s": beat.chain.thresholds.interval_s,
        "ttl_s": beat.chain.thresholds.ttl_s,
        "cycle_ms": _rounded(beat.chain.cycle_ms, 1),
        "counters": dict(beat.chain.counters),
    }


def speaking(board: Board) -> PublisherStatus | None:
    """Return the publisher to name: a living one before a silent one."""
    return next(
        iter(sorted(board.publishers.known, key=lambda p: (p.heartbeat.status == WITHDRAWN, not p.alive))), None
    )


def _expiry(chain_status: ChainStatus, keys: KeySchema) -> dict[str, Any]:
    record, good = chain_status.record, chain_status.record.last_good
    summary, snapshot = (good.summary, good.snapshot) if good else (None, None)
    return {
        "underlying": record.chain.underlying,
        "expiry": record.chain.expiry.isoformat(),
        "dte": chain_status.dte,
        **reading_json(chain_status),
        "source_changed": _change(chain_status),
        "ts": snapshot.ts if snapshot else None,
        "contracts": summary.contracts if summary else None,
        "calls": summary.calls if summary else None,
        "puts": summary.puts if summary else None,
        "strikes": summary.strikes if summary else None,
        "atm": snapshot.atm if snapshot else None,
        "range_points": snapshot.range_points if snapshot else None,
        "payload_key": keys.snapshot(snapshot.id) if snapshot else None,
    }


def _change(chain_status: ChainStatus) -> dict[str, Any] | None:
    """Return a change of source that is still told: the kinds before and after, and when, epoch seconds."""
    change = chain_status.record.change
    if change is None or Flag.SOURCE_CHANGED not in chain_status.flags:
        return None
    return {"before": change.before, "after": change.after, "at": change.at}


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
