"""Runs the commands of alerts: one at a time each, at most so often; what comes meanwhile goes with the next run."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

import msgspec

from chain.clock import Clock
from chain.monitor.alerts.alarm import Change
from chain.monitor.alerts.book import AlertEvent, AlertKey
from chain.monitor.alerts.pace import Due, Pace
from chain.monitor.alerts.rule import AlertRule
from chain.monitor.alerts.words import Place, alert_body
from chain.supervisor import Part
from chaindeck.engine.alerts.command import Ran, run_command
from tui.ports.alerts import HookFault

log = logging.getLogger(__name__)

HOOK_EVERY_S = 10.0


@dataclass(slots=True)
class _Line:
    """What waits for an alert's hook."""

    rule: AlertRule
    pace: Pace[AlertEvent] = field(default_factory=partial(Pace[AlertEvent], HOOK_EVERY_S))
    came: asyncio.Event = field(default_factory=asyncio.Event)
    telling: tuple[AlertEvent, ...] = ()  # what a run that goes on was told


class HookRunner:
    """Runs hooks on the engine's loop; `on_change` is called when one has failed, or works again."""

    def __init__(
        self, rules: Sequence[AlertRule], clock: Clock, place: Place, on_change: Callable[[], None] = lambda: None
    ) -> None:
        self._clock = clock
        self._place = place
        self._on_change = on_change
        self._lines = {rule.name: _Line(rule) for rule in rules if rule.hook is not None}
        self._faults: dict[str, HookFault] = {}

    @property
    def faults(self) -> tuple[HookFault, ...]:
        """The hooks that did not do their work when they last ran."""
        return tuple(self._faults.values())

    @property
    def is_running(self) -> bool:
        """Whether a hook runs now."""
        return any(line.telling for line in self._lines.values())

    def offer(self, rule: AlertRule, events: Iterable[AlertEvent]) -> None:
        """Have an alert's hook told of events; never waits."""
        line = self._lines[rule.name]
        line.pace.add(events)
        line.came.set()

    def untold(self) -> frozenset[AlertKey]:
        """Return the alarms that were raised, and whose hook has not run to its end since."""
        waiting = [event for line in self._lines.values() for event in (*line.telling, *line.pace.waiting)]
        return frozenset(event.key for event in waiting if event.change is Change.RAISED)

    def parts(self) -> Sequence[Part]:
        """Return what is to be run: one part for each hook."""
        return [Part(f"hook of {name}", partial(self._run, line)) for name, line in self._lines.items()]

    async def _run(self, line: _Line) -> None:
        while True:
            if line.pace.next_s is None:
                await line.came.wait()
                line.came.clear()
                continue
            await self._clock.sleep_until(line.pace.next_s)
            if (due := line.pace.due(self._clock.monotonic())) is not None:
                line.telling = due.items
                await self._tell(line.rule, due)
                line.telling = ()

    async def _tell(self, rule: AlertRule, due: Due[AlertEvent]) -> None:
        assert rule.hook is not None
        body = msgspec.json.encode(alert_body(rule, due, self._place))
        began = self._clock.monotonic()
        ran = await run_command(rule.hook, body, self._clock)
        self._note(rule, ran, self._clock.monotonic() - began)

    def _note(self, rule: AlertRule, ran: Ran, took_s: float) -> None:
        said = f": {ran.said}" if ran.said else ""
        before = self._faults.pop(rule.name, None)
        if ran.fault:
            log.warning("hook of %s %s%s", rule.name, ran.fault, said)
            since = self._clock.wall_ns() / 1e9 if before is None else before.since
            self._faults[rule.name] = HookFault(rule.name, f"{ran.fault}{said}", since)
        else:
            log.info("hook of %s ran in %.1f s%s", rule.name, took_s, said)
        if before is not None or ran.fault:
            self._on_change()
