"""Takes the Boards of a watcher, judges the alerts by them, and tells what is raised and what is over."""

import logging
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Protocol

from chain.clock import Clock, Instant
from chain.monitor.alerts.alarm import Change, Phase
from chain.monitor.alerts.book import AlertBook, AlertEvent, AlertKey
from chain.monitor.alerts.derived import DerivedMeasures
from chain.monitor.alerts.pace import Pace
from chain.monitor.alerts.rule import Action, AlertRule
from chain.monitor.alerts.words import Place, event_words, events_words
from chain.monitor.board import Board
from chain.monitor.evaluate.signals import evaluate
from chain.supervisor import Part
from chain.text import clean
from chaindeck.engine.alerts.hooks import HookRunner
from chaindeck.engine.alerts.kept import load_kept, save_kept
from tui.ports.alerts import AlertsShown, Call

log = logging.getLogger(__name__)

BELL_EVERY_S = 5.0
NOTIFY_EVERY_S = 10.0
_KEEP_EVERY_S = 60.0
_KNOWN = Phase.ACKNOWLEDGED  # a reader has seen it, whatever became of its hook


class Hearer(Protocol):
    """Who is told: a screen, or a terminal alone. Neither may make the engine wait."""

    def put_alerts(self, alerts: AlertsShown) -> None:
        """Hear how the alerts stand."""

    def call_attention(self, call: Call) -> None:
        """Ring, or notify."""


class AlertService:
    """The alerts of one watcher, on the engine's loop."""

    def __init__(
        self,
        rules: Sequence[AlertRule],
        clock: Clock,
        place: Place,
        hearer: Hearer,
        kept: Path | None = None,
    ) -> None:
        """`kept` is the file in which raised alerts outlive this run."""
        self._clock = clock
        self._hearer = hearer
        self._kept = kept
        now = Instant.now(clock)
        self._book = AlertBook(rules, load_kept(kept, now.wall_s))
        self._kept_at = now.mono
        self._derived = DerivedMeasures(rules)
        self.hooks = HookRunner(rules, clock, place, self._tell_hearer)
        self._bell = Pace[AlertEvent](BELL_EVERY_S)
        self._notify = Pace[AlertEvent](NOTIFY_EVERY_S)

    def on_board(self, board: Board) -> None:
        """Judge every alert by a Board, and tell what there is to tell."""
        now = Instant.now(self._clock)
        report = evaluate(board, now)
        events = self._book.on_report(report, self._derived.update(report))
        for event in events:
            raised = event.change is Change.RAISED
            log.log(logging.WARNING if raised else logging.INFO, "%s", event_words(event))
        self._bell.add(_asking_for(Action.BELL, events))
        self._notify.add(_asking_for(Action.NOTIFY, events))
        asking = list(_asking_for(Action.HOOK, events))
        for name in dict.fromkeys(event.rule.name for event in asking):
            mine = [event for event in asking if event.rule.name == name]
            self.hooks.offer(mine[0].rule, mine)
        self._speak(now.mono)
        if events or now.mono - self._kept_at >= _KEEP_EVERY_S:
            self._keep()
        self._tell_hearer()

    def _speak(self, now_s: float) -> None:
        """Call for attention, where that is due."""
        bell, notify = self._bell.due(now_s), self._notify.due(now_s)
        if bell is not None or notify is not None:
            words = "" if notify is None else events_words(notify.items)
            self._hearer.call_attention(Call(bell is not None, words))

    def acknowledge(self, keys: Collection[AlertKey] | None = None) -> int:
        """Acknowledge raised alerts, all of them without `keys`; return how many."""
        count = self._book.acknowledge(keys)
        if count:
            log.info("%d alerts acknowledged", count)
            self._keep()
            self._tell_hearer()
        return count

    def parts(self) -> Sequence[Part]:
        """Return what is to be run beside the watcher: the hooks."""
        return self.hooks.parts()

    async def leave(self) -> None:
        """Keep what is raised for the next run, but for what no hook was told to the end: that is raised again."""
        self._keep(self.hooks.untold())

    def _tell_hearer(self) -> None:
        self._hearer.put_alerts(AlertsShown(self._book.view(), self.hooks.faults))

    def _keep(self, untold: Collection[AlertKey] = ()) -> None:
        if self._kept is None:
            return
        now = Instant.now(self._clock)
        self._kept_at = now.mono
        known = {key: alarm for key, alarm in self._book.kept().items() if key not in untold or alarm.phase is _KNOWN}
        try:
            save_kept(self._kept, known, now.wall_s)
        except OSError as error:
            why, once = error.strerror, {"once": True}
            log.warning("alerts are not kept for the next run: %s: %s", clean(self._kept), why, extra=once)


def _asking_for(action: Action, events: Iterable[AlertEvent]) -> Iterable[AlertEvent]:
    """Yield the events for which an alert wants something done."""
    for event in events:
        if action in (event.rule.do if event.change is Change.RAISED else event.rule.when_cleared):
            yield event
