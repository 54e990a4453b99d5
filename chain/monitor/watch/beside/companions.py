"""Programs beside the publishers that a watcher knows by a heartbeat of their own: recorder and compositor."""

import logging
from collections.abc import Callable, Mapping
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from chain.clock import Instant
from chain.errors import DecodeError
from chain.model.keys import KeySchema, heartbeat_key, standby_service
from chain.monitor.board import CompositorStatus, PublisherStatus, RecorderStatus, Refusal
from chain.monitor.heartbeat import STOPPED
from chain.monitor.messages.compositor import read_compositor_beat
from chain.monitor.messages.recorder import read_recorder_beat
from chain.monitor.messages.services import recorder_service
from chain.monitor.states import CompositorState
from chain.thresholds import HEARTBEAT_TTL_S

log = logging.getLogger(__name__)

S = TypeVar("S", PublisherStatus, RecorderStatus, CompositorStatus)


class CompanionState(Struct, frozen=True):
    """All as last heard; None where one never was. `standby`: a compositor that does not lead."""

    recorder: RecorderStatus | None = None
    compositor: CompositorStatus | None = None
    standby: CompositorStatus | None = None

    @property
    def shown(self) -> CompositorStatus | None:
        """The compositor that matters: who leads; where nobody does, who stands by and says why it cannot lead."""
        leader, standby = self.compositor, self.standby
        if standby is None or not standby.alive or (leader is not None and leader.alive):
            return leader
        silent = leader is not None and leader.state is CompositorState.SILENT
        return leader if silent and not standby.beat.error else standby


class Companions:
    """Recorder and compositor of one prefix; one that stopped or fell silent stays, marked so."""

    def __init__(self, keys: KeySchema, refused: dict[str, Refusal], state: CompanionState | None = None) -> None:
        """`refused`: where a value that is no heartbeat is noted, by service."""
        self._refused = refused
        self._recorder = recorder_service(keys)
        self._compositor, self._standby = keys.compositor, standby_service(keys.compositor)
        self.keys = frozenset(map(heartbeat_key, (self._recorder, self._compositor, self._standby)))
        self.state = state or CompanionState()

    def on_heartbeats(self, beats: Mapping[str, bytes | None], before: dict[str, bytes | None], now: Instant) -> None:
        """Process their heartbeats as read, by key; `before` holds what was read last, and is brought up to date."""
        known = self.state
        self.state = CompanionState(
            recorder=self._heard(self._recorder, known.recorder, beats, before, now, _recorder),
            compositor=self._heard(self._compositor, known.compositor, beats, before, now, _compositor),
            standby=self._heard(self._standby, known.standby, beats, before, now, _compositor),
        )

    def _heard(
        self,
        service: str,
        known: S | None,
        beats: Mapping[str, bytes | None],
        before: dict[str, bytes | None],
        now: Instant,
        read: Callable[[bytes, str, Instant], S],
    ) -> S | None:
        key = heartbeat_key(service)
        if key not in beats:
            return known
        raw = beats[key]
        if raw != before.get(key):
            before[key] = raw
            try:
                known = known if raw is None else read(raw, service, now)
            except DecodeError as error:
                refuse(self._refused, service, error, now)
            else:
                self._refused.pop(service, None)
        return known and heard_or_gone(known, raw, now)


def refuse(refused: dict[str, Refusal], service: str, error: DecodeError, now: Instant) -> None:
    """Note that a value is no heartbeat of a service, and since when; log it once."""
    before = refused.get(service)
    if before is None:
        log.warning("heartbeat of %s refused: %s", service, error)
    refused[service] = Refusal(service, str(error), before.since if before else now.wall_s)


def heard_or_gone(known: S, raw: bytes | None, now: Instant) -> S:
    """Return a program as known, marked as gone once its heartbeat is: the key, or a value that still changes.

    A key whose value no longer changes is another program's, or has lost its time to live.
    """
    if known.alive and (raw is None or now.mono - known.seen > HEARTBEAT_TTL_S):
        return replace(known, alive=False, gone_since=now.wall_s)
    return known


def _recorder(raw: bytes, service: str, now: Instant) -> RecorderStatus:
    beat = read_recorder_beat(raw, service)
    alive = beat.status != STOPPED
    return RecorderStatus(beat, now.mono, alive, None if alive else now.wall_s)


def _compositor(raw: bytes, service: str, now: Instant) -> CompositorStatus:
    beat = read_compositor_beat(raw, service)
    alive = beat.status != STOPPED
    return CompositorStatus(beat, now.mono, alive, None if alive else now.wall_s)
