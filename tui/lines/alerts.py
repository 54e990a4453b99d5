"""Alerts as lines, on top of the signals: those that wait for a reader, those acknowledged, what cannot be judged."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from chain.clock import Instant
from chain.monitor.alerts.alarm import Phase
from chain.monitor.alerts.book import AlertStatus, Unjudged
from chain.monitor.alerts.rule import AlertRule, NumberWatch
from chain.monitor.alerts.words import named, raised_words, what
from tui.lines import figures
from tui.lines.line import Ground, Line, Role, Span, wrapped
from tui.ports.alerts import AlertKey, AlertsShown

_LEAD = {Phase.RAISED: " !! ", Phase.ACKNOWLEDGED: " -- "}
_NAMED = 2  # subjects of one alert that have a line each; of more the worst stands for all


class AlertLines(Struct, frozen=True):
    """Lines, and for each the raised alerts that it tells of, none where it tells of none."""

    lines: tuple[Line, ...] = ()
    keys: tuple[tuple[AlertKey, ...], ...] = ()


def alerts_count(alerts: AlertsShown) -> list[Span]:
    """Return how many alerts are raised, for the end of a line; loud while one waits to be acknowledged."""
    count, waiting = len(alerts.view.raised), alerts.view.unacknowledged
    if not count:
        return []
    words = f" {waiting or count} alert{'s' if (waiting or count) > 1 else ''} "
    return [Span(words.upper(), Role.ALARM, Ground.ALARM)] if waiting else [Span(words, Role.DIM)]


def alert_lines(alerts: AlertsShown, now: Instant, width: int, *, blind: bool, past: bool) -> AlertLines:
    """Return the lines of the alerts as they stand `now`, the instant of the present.

    `blind`: Redis does not answer, so that nothing can be judged, which a signal says already. `past`: what stands
    below is of the past, and this is not.
    """
    made: list[tuple[Line, tuple[AlertKey, ...]]] = []
    lead = "now " if past else ""
    for group in _groups(alerts.view.raised):
        keys = tuple(status.key for status in group)
        made += [(line, keys) for line in _raised(group, lead, now, width)]
    for fault in alerts.faults:
        text = f"hook of {fault.alert} {fault.why}"
        made += [(line, ()) for line in wrapped(text, " ! ", Role.CAUTION, _lasted(fault.since, now), width)]
    for one in () if blind or past else alerts.view.unjudged:
        made += [(line, ()) for line in wrapped(_unjudged(one), "   ", Role.DIM, "", width)]
    return AlertLines(tuple(line for line, _ in made), tuple(keys for _, keys in made))


def _groups(raised: Sequence[AlertStatus]) -> Iterator[Sequence[AlertStatus]]:
    """Yield statuses that share a line: of one alert and phase, where they are more than a few."""
    together: dict[tuple[str, Phase], list[AlertStatus]] = {}
    for status in raised:
        together.setdefault((status.rule.name, status.phase), []).append(status)
    for group in together.values():
        if len(group) > _NAMED:
            yield sorted(group, key=_gravity)
        else:
            yield from ([status] for status in group)


def _gravity(status: AlertStatus) -> float:
    """Return what sorts the worst first: the value farthest beyond its limit."""
    watch, value = status.rule.watch, status.reading.value
    if not isinstance(watch, NumberWatch) or value is None:
        return 0.0
    return -value if watch.limit.above else value


def _raised(group: Sequence[AlertStatus], lead: str, now: Instant, width: int) -> list[Line]:
    first = group[0]
    more = f" (and {len(group) - 1} more)" if len(group) > 1 else ""
    since = min(status.since for status in group)
    waits = first.phase is Phase.RAISED
    word = "ALERT" if waits else "acknowledged"
    lasted = _lasted(since, now)
    text = f"{lead}{word}{named(first.rule)}: {_told(first)}{more}"
    return wrapped(text, _LEAD[first.phase], Role.ALARM if waits else Role.DIM, lasted, width)


def _told(status: AlertStatus) -> str:
    rule, reading = status.rule, status.reading
    words = raised_words(rule, reading) if _is_beyond(rule, status) else what(rule, reading)
    return f"{words}; now {status.why}" if status.why else words


def _is_beyond(rule: AlertRule, status: AlertStatus) -> bool:
    """Return whether the last value is still beyond the limit; within the band, the limit is not named as passed."""
    value = status.reading.value
    return not isinstance(rule.watch, NumberWatch) or value is None or rule.watch.limit.is_beyond(value)


def _unjudged(one: Unjudged) -> str:
    named = ", ".join(one.subjects[:2]) + (f" and {len(one.subjects) - 2} more" if len(one.subjects) > 2 else "")
    return f"alert {one.rule.name} not judged: {f'{named}: ' if named else ''}{one.why}"


def _lasted(since: float, now: Instant) -> str:
    return figures.elapsed(now.wall_s - since)
