"""All alerts of a run: what each report raises and ends, and what is acknowledged. Owned by one thread, without I/O."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from chain.monitor.alerts.alarm import ARMED, Alarm, Change, Phase, step, step_absent
from chain.monitor.alerts.readings import Derived, Reading, Readings, readings_of
from chain.monitor.alerts.rule import AlertRule, Zone
from chain.monitor.evaluate.report import HealthReport


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
        names = {rule.name for rule in rules}
        self._alarms = {key: alarm for key, alarm in (kept or {}).items() if key.alert in names}
        self._last: dict[AlertKey, Reading] = {}  # of raised alarms: the last that had something to tell
        self._why: dict[AlertKey, str] = {}
        self._unjudged: tuple[Unjudged, ...] = ()

    def on_report(self, report: HealthReport, derived: Derived) -> tuple[AlertEvent, ...]:
        """Step every alarm by a report; return what there is to tell, in the order of the alerts."""
        found = [(rule, readings_of(rule, report, derived)) for rule in self._rules]
        events = [event for rule, readings in found for event in self._step(rule, readings, report)]
        self._unjudged = tuple(told for rule, readings in found for told in _unjudged(rule, readings))
        return tuple(events)

    def _step(self, rule: AlertRule, readings: Readings, report: HealthReport) -> Iterator[AlertEvent]:
        present = {reading.subject: reading for reading in readings.each}
        for subject, reading in present.items():
            alarm = self._alarms.get(AlertKey(rule.name, subject), ARMED)
            yield from self._take(rule, reading, report, step(alarm, reading.zone, report.now, rule))
        for key, alarm in [(key, alarm) for key, alarm in self._alarms.items() if key.alert == rule.name]:
            if key.subject in present:
                continue
            why = "no longer on the board" if readings.absent is Zone.UNKNOWN else ""
            gone = Reading(key.subject, readings.absent, why=why)
            answered = report.board.redis.health.ok
            stepped = step_absent if answered else step
            yield from self._take(rule, gone, report, stepped(alarm, readings.absent, report.now, rule))

    def _take(
        self, rule: AlertRule, reading: Reading, report: HealthReport, stepped: tuple[Alarm, Change | None]
    ) -> Iterator[AlertEvent]:
        """Keep an alarm after its step, and yield what it tells."""
        alarm, change = stepped
        key, now = AlertKey(rule.name, reading.subject), report.now.wall_s
        before = self._alarms.pop(key, ARMED)
        known = reading.zone is not Zone.UNKNOWN
        if change is not None:
            since = (before.since if change is Change.CLEARED else alarm.since) or now
            last = self._last.pop(key, reading)
            told = reading if reading.value is not None or reading.told else replace(last, why=reading.why)
            yield AlertEvent(change, rule, told, now, since)
        if alarm != ARMED:
            self._alarms[key] = alarm
        if alarm.phase.is_raised:
            self._why[key] = "" if known else reading.why
            if known or key not in self._last:
                self._last[key] = reading
        else:
            self._why.pop(key, None)

    def acknowledge(self, keys: Collection[AlertKey] | None = None) -> int:
        """Acknowledge raised alarms, all of them without `keys`; return how many were not before."""
        waiting = [key for key, alarm in self._alarms.items() if alarm.phase is Phase.RAISED]
        chosen = [key for key in waiting if keys is None or key in keys]
        for key in chosen:
            self._alarms[key] = replace(self._alarms[key], phase=Phase.ACKNOWLEDGED)
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
        return {key: alarm for key, alarm in self._alarms.items() if alarm.phase.is_raised}


def _unjudged(rule: AlertRule, readings: Readings) -> Iterable[Unjudged]:
    """Yield what an alert cannot judge, by reason; or that it is about nothing that is on the Board."""
    if not readings.each and readings.absent is Zone.UNKNOWN:
        yield Unjudged(rule, (), "nothing on the board is meant by it")
    reasons: dict[str, list[str]] = {}
    for reading in readings.each:
        if reading.zone is Zone.UNKNOWN:
            reasons.setdefault(reading.why, []).append(reading.subject)
    for why, subjects in reasons.items():
        yield Unjudged(rule, tuple(subjects), why)
