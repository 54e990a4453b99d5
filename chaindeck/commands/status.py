"""The Board in one shot, as text or JSON."""

import asyncio
import sys

import msgspec
import orjson

from chain.clock import Instant
from chain.context import Context
from chain.monitor.board import CompositorStatus, RecorderStatus
from chain.monitor.evaluate.feed import feed_words
from chain.monitor.evaluate.provenance import span_words
from chain.monitor.evaluate.report import stream_age_s
from chain.monitor.evaluate.serialize import status_body
from chain.monitor.evaluate.signals import HealthReport, evaluate
from chain.monitor.states import StreamState
from chain.redis.connect.connection import RedisTarget
from chaindeck.commands.plain import WIDTH
from chaindeck.config.redis_location import running_place
from chaindeck.engine.watching import look_once
from chaindeck.exits import Exit
from chaindeck.process.logs import log_file, log_nowhere
from tui.lines.board.table import board_table
from tui.lines.line import cut, plain
from tui.lines.signals import signal_lines, signals_title
from tui.lines.strip import identity, trouble


def print_status(context: Context, url: str | None, *, as_json_text: bool) -> int:
    """Print one Board; return 0 if Redis answered, 2 if not."""
    log_nowhere()
    target = running_place(url).target
    report = asyncio.run(report_once(target, context))
    if as_json_text:
        body = status_body(report, url=target.shown, log=str(log_file()))
        print(orjson.dumps(msgspec.to_builtins(body), option=orjson.OPT_INDENT_2).decode())
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
    if (pipeline := _pipeline(report)) is not None:
        tail.insert(-1, f" stream {pipeline}")
    if feed := feed_words(report.board):
        tail.insert(-1, f" feed   {feed}")
    if report.board.compositor is not None:
        tail.insert(-1, f" mmaker {_compositor(report.board.compositor)}")
    if report.board.recorder is not None:
        tail.insert(-1, f" tape   {_recorder(report.board.recorder)}")
    return "\n".join([*map(plain, lines), *tail])


def _pipeline(report: HealthReport) -> str | None:
    """Return how active the stream is, in a line; None where there is none."""
    streams, age_s = report.board.streams, stream_age_s(report.board, report.now)
    if age_s is None or report.stream is StreamState.NONE:
        return None
    figures = ((streams.events_s, "events/s"), (streams.subscriptions, "subscribed"), (streams.group_lag, "to be read"))
    told = [f"{figure:,.0f} {what}" for figure, what in figures if figure is not None]
    return ", ".join([f"{report.stream}, {span_words(age_s)} old", *told])


def _compositor(compositor: CompositorStatus) -> str:
    """Return how a compositor fares, in a line."""
    beat = compositor.beat
    models = [model.underlying for model in beat.models if not model.reason]
    said = [f"{len(beat.chains)} chains staged", f"heatmap of {', '.join(models)}" if models else "no heatmap"]
    return ", ".join([compositor.state, *said, *filter(None, [beat.error, beat.notice])])


def _recorder(recorder: RecorderStatus) -> str:
    """Return what a recorder says of itself, in a line."""
    beat = recorder.beat
    bytes_of = ((beat.size, "written"), (beat.free, "free"))
    sizes = [f"{size / 1e6:,.0f} MB {what}" for size, what in bytes_of if size is not None]
    return ", ".join([f"{beat.tape or 'none yet'} ({recorder.state})", *sizes, f"{beat.missed} answers missed"])


async def report_once(target: RedisTarget, context: Context) -> HealthReport:
    """Return the report of one poll; an unreachable Redis is a report that says so."""
    return evaluate(await look_once(target, context, "chaindeck-status"), Instant.now(context.clock))
