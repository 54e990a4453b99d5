"""A report as its readers get it: the JSON of a status, and the fields that a heartbeat carries."""

from typing import Any

import msgspec

from chain.monitor.evaluate.report import HealthReport
from chain.monitor.evaluate.serialize import health_block, status_body


def status_json(judged: HealthReport, url: str = "redis://h:1") -> dict[str, Any]:
    """Return what `status --json` prints."""
    read: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(status_body(judged, url=url, log="/tmp/log")))
    return read


def health_json(judged: HealthReport) -> dict[str, Any]:
    """Return what a heartbeat carries of its publisher's watcher."""
    read: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(health_block(judged)))
    return read
