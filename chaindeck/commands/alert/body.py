"""What `alert --once --json` prints, by type."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from msgspec import Meta, Struct

from chain.monitor.alerts.body import KindWord, SourceWords
from chain.monitor.alerts.readings import Reading, Readings
from chain.monitor.alerts.rule import AlertRule
from chain.monitor.alerts.words import Place, limit_of, what
from chain.monitor.messages.fields import Seconds


class SubjectBody(Struct, frozen=True):
    """One subject of an alert as one look found it."""

    subject: str
    stands: Annotated[str, Meta(description="beyond, band (neither), clear, or unknown; a hold is not judged")]
    value: float | None
    unit: str
    text: str
    why: Annotated[str, Meta(description="why there is no value; empty where there is one, or none is needed")]
    kind: KindWord
    source: SourceWords


class StandingBody(Struct, frozen=True):
    """One alert as configured, and its subjects; none where nothing on the board is meant, or no signal stands."""

    alert: str
    on: str
    above: float | None
    below: float | None
    clear: float | None
    hold_s: Seconds
    clear_hold_s: Seconds
    chains: Annotated[list[str], Meta(description="which it is about; empty for all")]
    do: list[str]
    when_cleared: list[str]
    replay: bool
    subjects: list[SubjectBody]


class AlertsBody(Struct, frozen=True, kw_only=True):
    """Every alert of the config file, at one look at a Redis."""

    schema: Literal[1] = 1
    redis: Annotated[str, Meta(description="which Redis, without user and password")]
    prefix: str
    answered: Annotated[bool, Meta(description="whether Redis answered")]
    alerts: list[StandingBody]


def alerts_body(
    rules: Sequence[AlertRule], found: Mapping[str, Readings], place: Place, *, answered: bool
) -> AlertsBody:
    """Return what is printed; `found` is by the name of the alert."""
    alerts = [_standing(rule, found[rule.name]) for rule in rules]
    return AlertsBody(redis=place.redis, prefix=place.prefix, answered=answered, alerts=alerts)


def _standing(rule: AlertRule, found: Readings) -> StandingBody:
    above, below, clear = limit_of(rule)
    return StandingBody(
        alert=rule.name,
        on=rule.watch.on,
        above=above,
        below=below,
        clear=clear,
        hold_s=rule.hold_s,
        clear_hold_s=rule.clear_hold_s,
        chains=[str(one) for one in rule.chains],
        do=[str(one) for one in rule.do],
        when_cleared=[str(one) for one in rule.when_cleared],
        replay=rule.replay,
        subjects=[_subject(rule, reading) for reading in found.each],
    )


def _subject(rule: AlertRule, reading: Reading) -> SubjectBody:
    return SubjectBody(
        subject=reading.subject,
        stands=reading.zone.value,
        value=reading.value,
        unit=reading.unit,
        text=what(rule, reading),
        why=reading.why,
        kind=reading.origin.kind,
        source=reading.origin.words,
    )
