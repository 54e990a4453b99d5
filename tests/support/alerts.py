"""Raised alerts, as a screen is given them."""

from chain.monitor.alerts.alarm import Phase
from chain.monitor.alerts.book import AlertStatus
from chain.monitor.alerts.readings import Reading
from chain.monitor.alerts.rule import AlertRule, Limit, NumberWatch, Zone
from tests.support.scenes import START_S

AGE = AlertRule("SPX old", NumberWatch("age", Limit(30.0, 20.0)))


def status(
    subject: str = "SPX 2026-01-02",
    age_s: float | None = 48.2,
    phase: Phase = Phase.RAISED,
    *,
    rule: AlertRule = AGE,
    why: str = "",
    ago_s: float = 46.0,
) -> AlertStatus:
    reading = Reading(subject, Zone.BEYOND, age_s, "s" if age_s is not None else "", told="is MISSING")
    return AlertStatus(rule, reading, phase, START_S - ago_s, why)
