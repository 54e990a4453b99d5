"""Alerts as the screen is given them: how they stand, and what is to be heard of them."""

from dataclasses import dataclass, field
from typing import NamedTuple

from chain.monitor.alerts.book import AlertKey, AlertsView

__all__ = ["NO_ALERTS", "AlertKey", "AlertsShown", "Call", "HookFault"]


class Call(NamedTuple):
    """A call for attention: the bell, a desktop notification with a text, or both."""

    bell: bool = False
    notify: str = ""


@dataclass(frozen=True, slots=True)
class HookFault:
    """An alert's hook that did not do its work when it last ran, why, and since when (epoch seconds)."""

    alert: str
    why: str
    since: float


@dataclass(frozen=True, slots=True)
class AlertsShown:
    """How the alerts stand now, whatever else is on screen."""

    view: AlertsView = field(default_factory=AlertsView)
    faults: tuple[HookFault, ...] = ()

    @property
    def standing(self) -> tuple[object, ...]:
        """What of it is news at once: which alerts are raised or acknowledged, and which hooks fail; no values."""
        return (*((status.key, status.phase) for status in self.view.raised), *self.faults)


NO_ALERTS = AlertsShown()
