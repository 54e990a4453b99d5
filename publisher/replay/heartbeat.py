"""What a replay says of itself: its clock and speed, what is in force, and what its recording's publishers meant."""

from collections import Counter
from collections.abc import Mapping

from msgspec import Struct

from chain.context import Context
from chain.model.calendar import RULE, Calendar
from chain.model.keys import ChainId
from chain.model.kinds import REPLAY
from chain.model.session import new_york
from chain.monitor.heartbeat import STOPPED, WITHDRAWN, ChainPlan, Heartbeat, SourceInfo
from chain.monitor.messages.services import service_name
from chain.thresholds import UNANNOUNCED
from publisher.protection.publish_gate import PublishGate
from publisher.replay.in_force import InForce
from publisher.replay.player import Player
from publisher.replay.recording import Recording


class ReplayHeartbeat(Struct, frozen=True):
    """Puts the heartbeat together. `restamped`: its snapshots are stamped anew, and their age counts by our clock."""

    recording: Recording
    player: Player
    in_force: InForce
    context: Context
    gate: PublishGate
    restamped: bool = False

    def now(self, status: str) -> Heartbeat:
        """Return the heartbeat as of now."""
        withdrawn = self.gate.withdrawn
        return Heartbeat(
            service=service_name(REPLAY, self.context.keys),
            ts=self.context.clock.wall_ns() / 1e9,
            pid=self.context.identity.pid,
            status=WITHDRAWN if withdrawn and status == "running" else status,
            source=self._source(withdrawn or self.player.last_error),
            chain=self._plan(),
            lease=self.gate.leaders,
        )

    def _source(self, last_error: str) -> SourceInfo:
        clock, at_s = self.player.clock, self.player.at_ns / 1e9
        pace = "paused" if clock.paused else f"{clock.speed:g}x"
        if self.player.pace.falls_behind:
            pace = f"at most {self.player.pace.now:.3g}x of {pace}"
        return SourceInfo(
            kind=REPLAY,
            detail=f"{self.recording.name} {pace}" + (", stamped anew" if self.restamped else ""),
            record=f"{new_york(at_s):%Y-%m-%d %H:%M:%S} ET",
            as_of=at_s,
            market=next((beat.source.market for beat in self._beats.values() if beat.source.market), ""),
            last_error=last_error,
            calendar=self._calendar(),
            speed=None if self.restamped else clock.rate,
        )

    def _plan(self) -> ChainPlan:
        """Return what the recorded publishers meant to publish, and beside it what nobody announced."""
        beats = self._beats.values()
        announced = {chain for beat in beats for chain in beat.chain.expected}
        spoken_for = {chain.underlying for chain in announced}
        foreign = {chain for chain in self.in_force.met if chain.underlying not in spoken_for}
        expected = tuple(sorted(announced | foreign))
        most = max(Counter(chain.underlying for chain in expected).values(), default=1)
        first = next(iter(beats), None)
        return ChainPlan(
            prefix=self.context.keys.prefix,
            thresholds=first.chain.thresholds if first else UNANNOUNCED,
            depth=max((beat.chain.depth for beat in beats), default=most),
            expected=expected,
            failures=self._failures(),
            cycle_ms=self.player.turn_ms,
            counters=dict(self.in_force.counters + self.player.counters),
        )

    @property
    def _beats(self) -> Mapping[str, Heartbeat]:
        """The recorded publishers that had not stopped then."""
        return {name: beat for name, beat in self.player.heartbeats.items() if beat.status != STOPPED}

    def _calendar(self) -> Calendar:
        return next((beat.source.calendar for beat in self._beats.values()), RULE)

    def _failures(self) -> Mapping[ChainId, str]:
        recorded = {chain: why for beat in self._beats.values() for chain, why in beat.chain.failures.items()}
        return {**recorded, **self.in_force.failures}
