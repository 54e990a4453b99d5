"""All alerts of a run: what each report raises and ends, and what is acknowledged. Owned by one thread, without I/O."""

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from chain.monitor.alerts.alarm import ARMED, Alarm, Change, Phase, step, step_absent
from chain.monitor.alerts.readings import Derived, Look, Reading, Readings, readings_of
from chain.monitor.alerts.rule import AlertRule, Zone
from chain.monitor.evaluate.report import HealthReport

log = logging.getLogger(__name__)

_ONCE = {"once": True}


class AlertKey(NamedTuple):
    """One alarm: the alert's name, and what it is about (`SPX 2026-01-02`, `SPX`, `stale SPX`)."""

    alert: str
    subject: str


class AlertEvent(Struct, frozen=True):
    """What there is to tell: an alarm was raised, or is over. `at` and `since` are epoch seconds.

    `reading` is what raised it, or what it is now.
    """

    change: Change
    rule: AlertRule
    reading: Reading
    at: float
    since: float

    @property
    def key(self) -> AlertKey:
        """Which alarm it is."""
        return AlertKey(self.rule.name, self.reading.subject)


class AlertStatus(Struct, frozen=True):
    """A raised alarm as it stands: its last reading that had a value, and why it has none now, if it has none."""

    rule: AlertRule
    reading: Reading
    phase: Phase
    since: float
    why: str = ""

    @property
    def key(self) -> AlertKey:
        """Which alarm it is."""
        return AlertKey(self.rule.name, self.reading.subject)


class Unjudged(Struct, frozen=True):
    """Subjects of an alert that cannot be judged now, and why in words; none where nothing of the Board is meant."""

    rule: AlertRule
    subjects: tuple[str, ...]
    why: str


class AlertsView(Struct, frozen=True):
    """How the alerts stand: those raised, unacknowledged ones first, and those that cannot be judged."""

    raised: tuple[AlertStatus, ...] = ()
    unjudged: tuple[Unjudged, ...] = ()

    @property
    def unacknowledged(self) -> int:
        """How many wait for a reader."""
        return sum(status.phase is Phase.RAISED for status in self.raised)


class AlertBook:
    """Steps the alarms of all alerts. `kept` are alarms that were raised before this run began, as it left them."""

    def __init__(self, rules: Sequence[AlertRule], kept: Mapping[AlertKey, Alarm] | None = None) -> None:
        self._rules = rules
        self._alarms: dict[str, dict[str, Alarm]] = {rule.name: {} for rule in rules}  # by alert, then by subject
        for key, alarm in (kept or {}).items():
            if key.alert in self._alarms:
                self._alarms[key.alert][key.subject] = alarm
        self._last: dict[AlertKey, Reading] = {}  # of raised alarms: the last that had something to tell
        self._why: dict[AlertKey, str] = {}
        self._unjudged: tuple[Unjudged, ...] = ()

    def on_report(self, report: HealthReport, derived: Derived) -> tuple[AlertEvent, ...]:
        """Step every alarm by a report; return what there is to tell, in the order of the alerts."""
        look = Look.of(report, derived)
        found = [(rule, _readings_or_none(rule, look)) for rule in self._rules]
        events = [event for rule, readings in found for event in self._step(rule, readings, report)]
        self._unjudged = tuple(told for rule, readings in found for told in _unjudged(rule, readings))
        return tuple(events)

    def _step(self, rule: AlertRule, readings: Readings, report: HealthReport) -> Iterator[AlertEvent]:
        alarms, present = self._alarms[rule.name], {reading.subject: reading for reading in readings.each}
        absent = [(subject, alarm) for subject, alarm in alarms.items() if subject not in present]
        for subject, reading in present.items():
            alarm = alarms.get(subject, ARMED)
            yield from self._take(rule, reading, report, step(alarm, reading.zone, report.now, rule))
        stepped = step_absent if report.board.redis.health.ok else step
        why = "no longer expected" if readings.absent is Zone.UNKNOWN else ""
        for subject, alarm in absent:
            gone = Reading(subject, readings.absent, why=why)
            yield from self._take(rule, gone, report, stepped(alarm, readings.absent, report.now, rule))

    def _take(
        self, rule: AlertRule, reading: Reading, report: HealthReport, stepped: tuple[Alarm, Change | None]
    ) -> Iterator[AlertEvent]:
        """Keep an alarm after its step, and yield what it tells."""
        alarm, change = stepped
        alarms, key, now = self._alarms[rule.name], AlertKey(rule.name, reading.subject), report.now.wall_s
        before = alarms.pop(reading.subject, ARMED)
        known = reading.zone is not Zone.UNKNOWN
        if change is not None:
            since = (before.since if change is Change.CLEARED else alarm.since) or now
            last = self._last.pop(key, reading)
            told = reading if reading.value is not None or reading.told else replace(last, why=reading.why)
            yield AlertEvent(change, rule, told, now, since)
        if alarm != ARMED:
            alarms[reading.subject] = alarm
        if alarm.phase.is_raised:
            self._why[key] = "" if known else reading.why
            if known or key not in self._last:
                self._last[key] = reading
        else:
            self._why.pop(key, None)

    def acknowledge(self, keys: Collection[AlertKey] | None = None) -> int:
        """Acknowledge raised alarms, all of them without `keys`; return how many were not before."""
        waiting = [(key, alarm) for key, alarm in self.kept().items() if alarm.phase is Phase.RAISED]
        chosen = [(key, alarm) for key, alarm in waiting if keys is None or key in keys]
        for key, alarm in chosen:
            self._alarms[key.alert][key.subject] = replace(alarm, phase=Phase.ACKNOWLEDGED)
        return len(chosen)

    def view(self) -> AlertsView:
        """Return how the alerts stand."""
        order = {rule.name: place for place, rule in enumerate(self._rules)}
        rules = {rule.name: rule for rule in self._rules}
        raised = [
            AlertStatus(
                rules[key.alert],
                self._last.get(key, Reading(key.subject, Zone.UNKNOWN)),
                alarm.phase,
                alarm.since or 0.0,
                self._why.get(key, "not judged yet"),
            )
            for key, alarm in self.kept().items()
        ]
        raised.sort(key=lambda one: (one.phase is Phase.ACKNOWLEDGED, order[one.rule.name], one.reading.subject))
        return AlertsView(tuple(raised), self._unjudged)

    def kept(self) -> Mapping[AlertKey, Alarm]:
        """Return the alarms that are raised, for a run after this one."""
        return {
            AlertKey(name, subject): alarm
            for name, alarms in self._alarms.items()
            for subject, alarm in alarms.items()
            if alarm.phase.is_raised
        }


def _readings_or_none(rule: AlertRule, look: Look) -> Readings:
    """Return what an alert finds; one that cannot be judged says so, and silences no other."""
    try:
        return readings_of(rule, look)
    except Exception as error:
        log.exception("alert %s cannot be judged", rule.name, extra=_ONCE)
        return Readings(none=f"it fails ({type(error).__name__}): the log says where")


def _unjudged(rule: AlertRule, readings: Readings) -> Iterable[Unjudged]:
    """Yield what an alert cannot judge, by reason; or that it is about nothing that is on the Board."""
    if not readings.each and readings.absent is Zone.UNKNOWN:
        yield Unjudged(rule, (), readings.none)
    reasons: dict[str, list[str]] = {}
    for reading in readings.each:
        if reading.zone is Zone.UNKNOWN:
            reasons.setdefault(reading.why, []).append(reading.subject)
    for why, subjects in reasons.items():
        yield Unjudged(rule, tuple(subjects), why)
