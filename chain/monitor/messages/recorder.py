"""A recorder's heartbeat: that it lives, where it records to, and how that goes."""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from chain.decode.form import Form
from chain.decode.limits import Limits
from chain.errors import DecodeError
from chain.monitor.messages.fields import EXACT, Count, Epoch, promise
from chain.redis.contract.poll_command import HEARTBEAT_BYTES
from chain.text import clean, shown

Status = Annotated[str, promise(enum=["running", "stopped"])]


class RecorderBeat(Struct, frozen=True):
    """One beat of a recorder, as it is written and as it is read."""

    service: Annotated[str, Meta(description="PREFIX:recorder, of the prefix that is recorded")]
    ts: Epoch
    pid: Annotated[int, Meta(ge=0, le=EXACT)]
    status: Status
    since: Annotated[Epoch, Meta(description="epoch seconds at which it began")]
    tape: Annotated[str, Meta(description="path of the file that is written; empty before the first answer")] = ""
    answers: Annotated[Count, Meta(description="that were recorded since it began")] = 0
    missed: Annotated[Count, Meta(description="answers that are on no tape")] = 0
    missed_at: Annotated[Epoch | None, Meta(description="epoch seconds of the last one missed")] = None
    size: Annotated[Count | None, Meta(description="bytes of that file, its log included")] = None
    free: Annotated[Count | None, Meta(description="bytes that are free where it is written")] = None
    error: Annotated[str, Meta(description="why nothing is recorded; empty while it goes on")] = ""
    failing_since: Annotated[Epoch | None, Meta(description="epoch seconds since which nothing is recorded")] = None
    recorded_to: Annotated[
        Epoch | None, Meta(description="epoch seconds at which the newest answer that is safe on the tape was received")
    ] = None

    @property
    def behind_s(self) -> float | None:
        """By how many seconds the tape is behind what is answered, as of this beat; None before the first commit."""
        return None if self.recorded_to is None else max(0.0, self.ts - self.recorded_to)

    def encode(self) -> bytes:
        """Return the JSON that is set and published."""
        return msgspec.json.encode(self)


_BEAT = Form(RecorderBeat, Limits(HEARTBEAT_BYTES))


def read_recorder_beat(raw: bytes, service: str) -> RecorderBeat:
    """Return the beat under a service's key; every string has passed the sanitiser. Raises DecodeError."""
    beat = _BEAT.decode(raw)
    if beat.service != service:
        raise DecodeError(f"service: calls itself {shown(beat.service, 40)} under the key of {service}")
    return msgspec.structs.replace(
        beat, status=clean(beat.status, 40), tape=clean(beat.tape, 160), error=clean(beat.error, 160)
    )
