"""Entries of the stream on a tape: those of one read together, as MessagePack, in a fact that nothing replaces.

Each is `[id, ts, payload]`: the entry's id, when its frame was received (epoch seconds), and the frame as it came.
"""

from collections.abc import Iterator, Sequence

import msgspec

from chain.clock import Instant
from chain.pipeline.frame import StreamEntry
from tape.errors import DamagedError
from tape.store.facts import Fact, FactKind, Moment, MomentKind

MOST_BYTES = 4 * 1024 * 1024  # of payloads in one fact

_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(list[StreamEntry])


def frames_moments(entries: Sequence[StreamEntry], read: Instant) -> Iterator[Moment]:
    """Yield entries that were read at an instant as moments, of limited size each; a larger frame is left out."""
    batch, size = list[StreamEntry](), 0
    for entry in entries:
        if len(entry.payload) > MOST_BYTES:
            continue
        if batch and size + len(entry.payload) > MOST_BYTES:
            yield _moment(batch, read)
            batch, size = [], 0
        batch.append(entry)
        size += len(entry.payload)
    if batch:
        yield _moment(batch, read)


def _moment(batch: Sequence[StreamEntry], read: Instant) -> Moment:
    fact = Fact(FactKind.FRAMES, value=_ENCODER.encode(batch))
    return Moment(MomentKind.FRAMES, read, read, facts=(fact,))


def read_frames(raw: bytes) -> list[StreamEntry]:
    """Return the entries of a fact; raise DamagedError."""
    try:
        return _DECODER.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        raise DamagedError("frames of the stream that cannot be read") from None
