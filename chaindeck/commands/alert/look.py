"""One look at every alert: where its subjects stand. Nothing is raised, run or kept."""

import asyncio
import sys

from chain.clock import Instant
from chain.context import Context
from chain.monitor.alerts.derived import DerivedMeasures
from chain.monitor.alerts.readings import readings_of
from chain.monitor.alerts.rule import AlertRule, NumberWatch, Zone
from chain.monitor.alerts.words import what
from chain.monitor.evaluate.report import HealthReport
from chain.monitor.evaluate.signals import evaluate
from chaindeck.config.redis_location import running_place
from chaindeck.config.settings import Settings
from chaindeck.engine.watching import look_once
from chaindeck.exits import Exit
from chaindeck.process.logs import log_nowhere

_WORDS = {
    Zone.BEYOND: "BEYOND",
    Zone.BAND: "band",
    Zone.CLEAR: "clear",
    Zone.UNKNOWN: "unknown",
}


def look_at_alerts(context: Context, settings: Settings) -> int:
    """Print where the subjects of every alert stand.

    Returns 0 if none is beyond its limit, 1 if one is, 2 without Redis. A hold is not judged.
    """
    log_nowhere()
    board = asyncio.run(look_once(running_place(settings.redis_url).target, context, "chaindeck-alert"))
    report = evaluate(board, Instant.now(context.clock))
    derived = DerivedMeasures(settings.alerts).update(report)
    found = {rule.name: readings_of(rule, report, derived) for rule in settings.alerts}
    for rule in settings.alerts:
        print(rule)
        each = found[rule.name].each
        for reading in each:
            source = f"[{reading.origin.words}] " if reading.origin.words else ""
            print(f"  {_WORDS[reading.zone]:<8} {source}{what(rule, reading)}")
        if not each:
            print(f"  {_nothing(rule, report)}")
    if not board.redis.health.ok:
        print(f"chaindeck: {board.redis.health.trouble}", file=sys.stderr)
        return Exit.UNAVAILABLE
    beyond = any(reading.zone is Zone.BEYOND for readings in found.values() for reading in readings.each)
    return Exit.INCOMPLETE if beyond else Exit.DONE


def _nothing(rule: AlertRule, report: HealthReport) -> str:
    """Return why an alert has no subject now."""
    if not report.board.redis.health.ok or isinstance(rule.watch, NumberWatch) or rule.watch.on != "signal":
        return f"{_WORDS[Zone.UNKNOWN]:<8} nothing on the board is meant by it"
    return f"{_WORDS[Zone.CLEAR]:<8} no such signal"
