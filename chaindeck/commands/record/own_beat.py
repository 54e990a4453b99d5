"""What a recorder says of itself in its heartbeat."""

from dataclasses import dataclass

from chain.context import Context
from chain.monitor.messages.recorder import RecorderBeat
from chain.monitor.messages.services import recorder_service
from tape.record.recorder import Recorder


@dataclass(frozen=True, slots=True)
class OwnBeat:
    """Makes the heartbeats of a recorder that runs in this process."""

    context: Context
    recorder: Recorder

    def now(self, status: str) -> RecorderBeat:
        """Return the heartbeat as of now."""
        fares, now_s = self.recorder.status, self.context.clock.wall_ns() / 1e9
        return RecorderBeat(
            service=recorder_service(self.context.keys),
            ts=now_s,
            pid=self.context.identity.pid,
            status=status,
            since=fares.since or now_s,
            tape=str(fares.path or ""),
            answers=fares.answers,
            missed=fares.missed,
            missed_at=fares.missed_at,
            size=fares.size,
            free=fares.free,
            error=fares.error,
            failing_since=fares.failing_since,
        )
