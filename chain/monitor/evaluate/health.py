"""A Report as JSON types, the one form in which heartbeat, status and events carry it."""

from typing import Any

from chain.monitor.evaluate.report import ChainStatus, HealthReport, Signal, stream_active, stream_age_s


def signal_json(signal: Signal) -> dict[str, Any]:
    """Return a signal; `since` in epoch seconds, null where it was so before anybody looked."""
    return {"name": signal.name, "severity": signal.severity, "text": signal.text, "since": signal.since}


def health_json(report: HealthReport) -> dict[str, Any]:
    """Return what a heartbeat carries: state, signals, per-expiry ages in seconds, depth as [have, wanted], stream."""
    board, now = report.board, report.now
    stream_age = stream_age_s(board, now)
    return {
        "state": report.state,
        "sources": report.sources,
        "signals": [signal_json(signal) for signal in report.signals],
        "expiries": {str(status.record.chain): reading_json(status) for status in report.statuses},
        "depth": {underlying: list(report.depth(underlying)) for underlying in board.chains.underlyings},
        "stream": {
            "active": stream_active(board, now),
            "age_s": None if stream_age is None else round(stream_age, 3),
        },
    }


def reading_json(status: ChainStatus) -> dict[str, Any]:
    """Return what every voice says of a chain; age and TTL in seconds, `since` epoch seconds, null where unknown."""
    return {
        "state": status.state,
        "flags": list(status.flags),
        "source": status.record.kind,
        "age_s": None if status.age_s is None else round(status.age_s, 3),
        "ttl_s": None if status.ttl_s is None else round(status.ttl_s, 3),
        "since": status.since,
    }
