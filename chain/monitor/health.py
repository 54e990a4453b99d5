"""A Report as JSON types, the one form in which heartbeat, status and events carry it."""

from typing import Any

from chain.monitor.signals import Reading, Report, Signal, usable
from chain.thresholds import STREAM_ACTIVE_S


def signal_json(signal: Signal) -> dict[str, Any]:
    """Return a signal; `since` in epoch seconds, null where it was so before anybody looked."""
    return {"name": signal.name, "severity": signal.severity, "text": signal.text, "since": signal.since}


def health_json(report: Report) -> dict[str, Any]:
    """Return what a heartbeat carries: state, signals, per-expiry ages in seconds, depth as [have, wanted], stream."""
    board, now = report.board, report.now
    stream_age = None if board.stream_ts is None else max(0.0, now.wall_s - board.stream_ts)
    return {
        "state": report.state,
        "signals": [signal_json(signal) for signal in report.signals],
        "expiries": {str(reading.entry.chain): _expiry(reading) for reading in report.readings},
        "depth": {
            underlying: [sum(map(usable, report.of(underlying))), board.depth.get(underlying, 0)]
            for underlying in board.underlyings
        },
        "stream": {
            "active": stream_age is not None and stream_age <= STREAM_ACTIVE_S,
            "age_s": None if stream_age is None else round(stream_age, 3),
        },
    }


def _expiry(reading: Reading) -> dict[str, Any]:
    return {
        "state": reading.state,
        "age_s": None if reading.age_s is None else round(reading.age_s, 3),
        "ttl_s": None if reading.ttl_s is None else round(reading.ttl_s, 3),
    }
