"""What a recorder of this process says of itself."""

from chain.context import Context
from chain.monitor.messages.recorder import RecorderBeat
from chain.monitor.messages.services import recorder_service
from tape.record.status import RecordingStatus


def recorder_beat(context: Context, fares: RecordingStatus, status: str) -> RecorderBeat:
    """Return the heartbeat of a recorder as of now."""
    now_s = context.clock.wall_ns() / 1e9
    return RecorderBeat(
        service=recorder_service(context.keys),
        ts=now_s,
        pid=context.identity.pid,
        status=status,
        since=fares.since or now_s,
        tape="" if fares.path is None else str(fares.path.absolute()),
        answers=fares.answers,
        missed=fares.missed,
        missed_at=fares.missed_at,
        recorded_to=fares.recorded_to,
        size=fares.size,
        free=fares.free,
        error=fares.error,
        failing_since=fares.failing_since,
    )
