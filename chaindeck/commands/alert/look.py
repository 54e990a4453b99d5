"""One look at every alert: where its subjects stand. Nothing is raised, run or kept."""

import asyncio
import sys
from collections.abc import Iterator

import msgspec
import orjson

from chain.clock import Instant
from chain.context import Context
from chain.monitor.alerts.derived import DerivedMeasures
from chain.monitor.alerts.readings import Look, Readings, readings_of
from chain.monitor.alerts.rule import AlertRule, Zone
from chain.monitor.alerts.words import Place, what
from chain.monitor.evaluate.signals import evaluate
from chaindeck.commands.alert.body import alerts_body
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


def look_at_alerts(context: Context, settings: Settings, *, as_json_text: bool) -> int:
    """Print where the subjects of every alert stand.

    Returns 0 if none is beyond its limit, 1 if one is, 2 without Redis. A hold is not judged.
    """
    log_nowhere()
    target, rules = running_place(settings.redis_url).target, settings.alerts
    board = asyncio.run(look_once(target, context, "chaindeck-alert"))
    report = evaluate(board, Instant.now(context.clock))
    derived = DerivedMeasures(rules).update(report)
    look = Look.of(report, derived)
    found = {rule.name: readings_of(rule, look) for rule in rules}
    if as_json_text:
        body = alerts_body(rules, found, Place(target.shown, context.keys.prefix), answered=board.redis.health.ok)
        print(orjson.dumps(msgspec.to_builtins(body), option=orjson.OPT_INDENT_2).decode())
    else:
        print("\n".join(line for rule in rules for line in _lines(rule, found[rule.name])))
    if not board.redis.health.ok:
        print(f"chaindeck: {board.redis.health.trouble}", file=sys.stderr)
        return Exit.UNAVAILABLE
    beyond = any(reading.zone is Zone.BEYOND for readings in found.values() for reading in readings.each)
    return Exit.INCOMPLETE if beyond else Exit.DONE


def _lines(rule: AlertRule, readings: Readings) -> Iterator[str]:
    """Yield an alert and its subjects; where it has none, what that means."""
    yield str(rule)
    for reading in readings.each:
        yield f"  {_WORDS[reading.zone]:<8} {reading.origin.mark}{what(rule, reading)}"
    if not readings.each:
        yield f"  {_WORDS[readings.absent]:<8} {readings.none}"
