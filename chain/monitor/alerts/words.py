"""An alert in words, the same in every voice, and as the JSON that a hook reads."""

from collections.abc import Sequence

from msgspec import Struct

from chain.analytics.measures.measure import FRACTION, RATIO
from chain.monitor.alerts.alarm import Change
from chain.monitor.alerts.body import AlertBody, AlertEventBody
from chain.monitor.alerts.book import AlertEvent
from chain.monitor.alerts.pace import Due
from chain.monitor.alerts.readings import Reading, one_kind
from chain.monitor.alerts.rule import AlertRule, NumberWatch
from chain.text import clean

_LONGEST = 200
_DIGITS = {"s": ".1f", "points": ",.2f", "expirations": ".0f"}
_UNSPOKEN = (FRACTION, RATIO)


class Place(Struct, frozen=True):
    """Whose alerts they are: the Redis that is watched, without user and password, and its prefix."""

    redis: str
    prefix: str


def figure(value: float, unit: str) -> str:
    """Return a value with its unit, where it has one: `31.2 s`, `6,931.42 points`, `0.2134`."""
    number = f"{value:{_DIGITS.get(unit, '.4g')}}"
    return number if unit in _UNSPOKEN else f"{number} {unit}".rstrip()


def what(rule: AlertRule, reading: Reading) -> str:
    """Return what a subject is: `SPX 2026-01-02 age 31.2 s above 30`, `SPX 2026-01-02 is STALE`, a signal's text."""
    watch = rule.watch
    if not isinstance(watch, NumberWatch):
        named = "" if watch.on == "signal" else f"{reading.subject} "
        return f"{named}{reading.told or reading.why}" if reading.told or reading.why else reading.subject
    of = f"{'total ' if watch.total else ''}{watch.of}"
    if reading.value is None:
        return f"{reading.subject} {of}: {reading.why or 'no value'}"
    return f"{reading.subject} {of} {figure(reading.value, reading.unit)}"


def raised_words(rule: AlertRule, reading: Reading) -> str:
    """Return what raised an alarm, with the limit that it passed."""
    limit = f" {rule.watch.limit}" if isinstance(rule.watch, NumberWatch) and reading.value is not None else ""
    return f"{what(rule, reading)}{limit}"


def named(rule: AlertRule) -> str:
    """Return the name that an operator gave an alert, behind a space; what it watches by itself is said anyhow."""
    return "" if rule.name == rule.default_name else f" {rule.name}"


def event_words(event: AlertEvent) -> str:
    """Return one event as every voice tells it: source unless it is live, name, what it is."""
    rule, reading = event.rule, event.reading
    source = reading.origin.mark
    if event.change is Change.RAISED:
        return clean(f"{source}ALERT{named(rule)}: {raised_words(rule, reading)}", _LONGEST)
    why = f" ({reading.why})" if reading.why else ""
    return clean(f"{source}cleared{named(rule)}: {what(rule, reading)}{why}", _LONGEST)


def events_words(events: Sequence[AlertEvent]) -> str:
    """Return several events in one line: the last one raised, or else over, and how many there are beside it."""
    more = f" (and {len(events) - 1} more)" if len(events) > 1 else ""
    raised = [event for event in events if event.change is Change.RAISED]
    return clean(f"{event_words((raised or events)[-1])}{more}", _LONGEST)


def limit_of(rule: AlertRule) -> tuple[float | None, float | None, float | None]:
    """Return above, below and clear of an alert as configured; None where it has none of it."""
    if not isinstance(rule.watch, NumberWatch):
        return None, None, None
    limit = rule.watch.limit
    return (limit.at, None, limit.clear) if limit.above else (None, limit.at, limit.clear)


def alert_body(rule: AlertRule, due: Due[AlertEvent], place: Place) -> AlertBody:
    """Return what a hook of an alert reads."""
    events = due.items
    above, below, clear = limit_of(rule)
    kinds = {event.reading.origin.kind for event in events}
    sources = dict.fromkeys(event.reading.origin.words for event in events)
    return AlertBody(
        alert=rule.name,
        on=rule.watch.on,
        above=above,
        below=below,
        clear=clear,
        text=events_words(events),
        kind=one_kind(kinds),
        source=", ".join(filter(None, sources)),
        redis=place.redis,
        prefix=place.prefix,
        events=[_event(event) for event in events],
        left_out=due.left_out,
    )


def _event(event: AlertEvent) -> AlertEventBody:
    reading = event.reading
    return AlertEventBody(
        event="raised" if event.change is Change.RAISED else "cleared",
        subject=reading.subject,
        text=event_words(event),
        value=reading.value,
        unit=reading.unit,
        kind=reading.origin.kind,
        source=reading.origin.words,
        since=event.since,
        at=event.at,
    )
