"""One subject of one alert, as a state machine: armed, pending, raised, acknowledged, and armed again.

It reads no clock: time is that of the report by which it is stepped. What is not known neither raises nor clears, and
ends a hold: that a condition held all the while is only known of what was seen all the while.
"""

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from chain.clock import Instant
from chain.monitor.alerts.rule import AlertRule, Zone

GONE_S = 60.0  # a subject that is on no Board for so long, while Redis answers, is over


class Phase(StrEnum):
    """How far an alarm is."""

    ARMED = "armed"
    PENDING = "pending"  # beyond its limit, not long enough yet
    RAISED = "raised"
    ACKNOWLEDGED = "acknowledged"  # raised, and a reader has said so; still listed

    @property
    def is_raised(self) -> bool:
        """Whether it was told, and is not over."""
        return self in (Phase.RAISED, Phase.ACKNOWLEDGED)


class Change(StrEnum):
    """What a step of an alarm can tell."""

    RAISED = "raised"
    CLEARED = "cleared"


class Alarm(Struct, frozen=True):
    """How one subject stands. `since`: epoch seconds at which it was first seen beyond its limit.

    `from_s` is the monotonic time, seconds, from which a pending alarm is beyond, or a raised one clear; `absent_s`
    from which its subject is on no Board. None where that is not so.
    """

    phase: Phase = Phase.ARMED
    since: float | None = None
    from_s: float | None = None
    absent_s: float | None = None


ARMED = Alarm()


def step(alarm: Alarm, zone: Zone, now: Instant, rule: AlertRule) -> tuple[Alarm, Change | None]:
    """Return an alarm after one look at its subject, and what there is to tell of it."""
    if alarm.absent_s is not None:
        alarm = replace(alarm, absent_s=None)
    if alarm.phase.is_raised:
        return _until_clear(alarm, zone, now, rule.clear_hold_s)
    if zone is not Zone.BEYOND:
        return ARMED, None
    begun = now.mono if alarm.from_s is None else alarm.from_s
    since = now.wall_s if alarm.since is None else alarm.since
    if _lasted(begun, now, rule.hold_s):
        return Alarm(Phase.RAISED, since), Change.RAISED
    return Alarm(Phase.PENDING, since, begun), None


def _until_clear(alarm: Alarm, zone: Zone, now: Instant, hold_s: float) -> tuple[Alarm, Change | None]:
    if zone is not Zone.CLEAR:
        return (alarm if alarm.from_s is None else replace(alarm, from_s=None)), None
    begun = now.mono if alarm.from_s is None else alarm.from_s
    if _lasted(begun, now, hold_s):
        return ARMED, Change.CLEARED
    return replace(alarm, from_s=begun), None


def step_absent(alarm: Alarm, zone: Zone, now: Instant, rule: AlertRule) -> tuple[Alarm, Change | None]:
    """Return an alarm whose subject is not on the Board: `zone` is what that means, UNKNOWN where it may come back."""
    if zone is not Zone.UNKNOWN:
        return step(alarm, zone, now, rule)
    begun = now.mono if alarm.absent_s is None else alarm.absent_s
    if not alarm.phase.is_raised:
        return ARMED, None
    if _lasted(begun, now, GONE_S):
        return ARMED, Change.CLEARED
    return replace(alarm, absent_s=begun, from_s=None), None


def _lasted(begun: float, now: Instant, seconds: float) -> bool:
    """Return whether so many seconds have passed, to the millisecond."""
    return round((now.mono - begun) * 1000) >= round(seconds * 1000)
