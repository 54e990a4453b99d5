"""A HealthReport as JSON: one form for heartbeat, status and events.

Ages and times to live in seconds, to the millisecond; times as epoch seconds; null where unknown.
"""

from collections.abc import Iterator

from msgspec import UNSET, structs

from chain.model.keys import KeySchema
from chain.monitor.board import Board, CompositorStatus, PublisherStatus, RecorderStatus
from chain.monitor.evaluate.feed import feeding
from chain.monitor.evaluate.report import ChainStatus, HealthReport, Signal, stream_active, stream_age_s
from chain.monitor.heartbeat import STOPPED, WITHDRAWN
from chain.monitor.messages.event import EventData
from chain.monitor.messages.health import ExpiryBlock, HealthBlock, SignalBlock, StreamBlock, WatchedStreamBlock
from chain.monitor.messages.status import (
    ChangeBlock,
    CompositorBlock,
    PublisherBlock,
    RecorderBlock,
    RedisBlock,
    StatusBody,
    StatusExpiry,
    StatusPart,
)
from chain.monitor.states import Flag


def health_block(report: HealthReport) -> HealthBlock:
    """Return the health block of a heartbeat, from the publisher's own watcher."""
    board, streams = report.board, report.board.streams
    return HealthBlock(
        state=report.state,
        sources=report.sources,
        signals=[_signal(signal) for signal in report.signals],
        expiries={str(status.chain): _expiry(status) for status in report.statuses},
        depth={underlying: list(report.depth(underlying)) for underlying in board.chains.underlyings},
        stream=WatchedStreamBlock(
            **structs.asdict(_stream(report)),
            frames_s=_rounded(streams.frames_s, 1),
            events_s=_rounded(streams.events_s, 1),
        ),
    )


def event_data(signal: Signal, report: HealthReport) -> EventData:
    """Return an event's data: its signal, and the deck's state at the time."""
    return EventData(
        name=signal.name,
        severity=signal.severity,
        text=signal.text,
        since=signal.since,
        subject=signal.subject,
        state=report.state,
        sources=report.sources,
    )


def status_body(report: HealthReport, *, url: str, log: str) -> StatusBody:
    """Return what `status --json` prints; `url` is Redis's without user and password, `log` the log file's path."""
    board = report.board
    redis, keys = board.redis, KeySchema(board.prefix)
    return StatusBody(
        state=report.state,
        signals=[_signal(signal) for signal in report.signals],
        redis=RedisBlock(
            url=url,
            server=redis.server.name or None,
            limits=[*redis.limits, *filter(None, [redis.server.unasked])],
            ping_ms=_rounded(redis.health.ping_ms, 3),
        ),
        sources=report.sources,
        source=_publisher(speaking(board)),
        stream=_stream(report),
        compositor=_compositor(board.compositor),
        feed=publisher.heartbeat.feed if (publisher := feeding(board)) else None,
        recorder=_recorder(board.recorder),
        parts=list(_parts(board)),
        expected=len(board.chains.records),
        expiries=[_status_expiry(status, keys) for status in report.statuses],
        log=log,
    )


def speaking(board: Board) -> PublisherStatus | None:
    """Return the publisher to name: a living one before a silent one."""
    known = board.publishers.known
    return min(known, key=lambda p: (p.heartbeat.status == WITHDRAWN, not p.alive), default=None)


def _signal(signal: Signal) -> SignalBlock:
    return SignalBlock(signal.name, signal.severity, signal.text, signal.since)


def _expiry(status: ChainStatus) -> ExpiryBlock:
    return ExpiryBlock(
        state=status.state,
        flags=list(status.flags),
        source=status.record.kind,
        age_s=_rounded(status.age_s, 3),
        ttl_s=_rounded(status.ttl_s, 3),
        since=status.since,
    )


def _status_expiry(status: ChainStatus, keys: KeySchema) -> StatusExpiry:
    good, chain = status.record.last_good, status.chain
    summary, snapshot = (good.summary, good.snapshot) if good else (None, None)
    return StatusExpiry(
        underlying=chain.underlying,
        expiry=chain.expiry.isoformat(),
        dte=status.dte,
        **structs.asdict(_expiry(status)),
        source_changed=_change(status),
        ts=snapshot.ts if snapshot else None,
        contracts=summary.contracts if summary else None,
        calls=summary.calls if summary else None,
        puts=summary.puts if summary else None,
        strikes=summary.strikes if summary else None,
        atm=snapshot.atm if snapshot else None,
        range_points=snapshot.range_points if snapshot else None,
        payload_key=keys.snapshot(snapshot.id) if snapshot else None,
    )


def _change(status: ChainStatus) -> ChangeBlock | None:
    """Return an unacknowledged change of source: the kinds before and after, and when."""
    change = status.record.change
    if change is None or Flag.SOURCE_CHANGED not in status.flags:
        return None
    return ChangeBlock(change.before, change.after, change.at)


def _publisher(publisher: PublisherStatus | None) -> PublisherBlock:
    if publisher is None:
        return PublisherBlock("unknown")
    beat = publisher.heartbeat
    source, plan = beat.source, beat.chain
    return PublisherBlock(
        kind=source.kind,
        detail=source.detail,
        record=source.record,
        as_of=source.as_of,
        speed=UNSET if source.speed is None else source.speed,
        service=beat.service,
        status=beat.status if publisher.alive or beat.status == STOPPED else "silent",
        pid=beat.pid,
        ts=beat.ts,
        interval_s=plan.thresholds.interval_s,
        ttl_s=plan.thresholds.ttl_s,
        cycle_ms=_rounded(plan.cycle_ms, 1),
        counters=dict(plan.counters),
    )


def _stream(report: HealthReport) -> StreamBlock:
    board, now = report.board, report.now
    streams = board.streams
    return StreamBlock(
        active=stream_active(board, now),
        age_s=_rounded(stream_age_s(board, now), 3),
        state=report.stream,
        entries=streams.length,
        subscriptions=streams.subscriptions,
        group_lag=streams.group_lag,
        group_pending=streams.group_pending,
    )


def _compositor(compositor: CompositorStatus | None) -> CompositorBlock | None:
    if compositor is None:
        return None
    told = {name: getattr(compositor.beat, name) for name in compositor.beat.__struct_fields__}
    return CompositorBlock(**(told | {"status": compositor.state}))


def _recorder(recorder: RecorderStatus | None) -> RecorderBlock | None:
    if recorder is None:
        return None
    beat = recorder.beat
    told = structs.asdict(beat) | {"status": recorder.state}
    return RecorderBlock(**told, behind_s=_rounded(beat.behind_s, 3))


def _parts(board: Board) -> Iterator[StatusPart]:
    """Yield each part that a living publisher reports, with the name of its service."""
    for publisher in board.publishers.known:
        if publisher.alive:
            for part in publisher.heartbeat.parts:
                yield StatusPart(**structs.asdict(part), service=publisher.heartbeat.service)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
