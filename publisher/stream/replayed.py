"""The stream of a replay: recorded entries under the ids that they had, so that ids tell the replay's time."""

import logging
from collections.abc import Iterator, Sequence

from chain.errors import DecodeError, RedisUnavailableError
from chain.pipeline.events import decode_frame
from chain.pipeline.frame import ReceivedFrame, StreamEntry
from chain.redis.connect.causes import REFUSALS
from chain.redis.contract.stream.ids import START, StreamId
from chain.redis.contract.stream.writer import StreamWriter

log = logging.getLogger(__name__)

_BATCH = 500  # entries in one request


class ReplayedFrames:
    """Writes recorded entries to the stream of a prefix that belongs to replays.

    The stream is a courtesy: where this user may not write it, that is said once, and snapshots are replayed.
    """

    def __init__(self, writer: StreamWriter) -> None:
        self._writer = writer
        self._last: StreamId | None = None  # None before the first entry: what stands there is another replay's
        self._refused = ""

    async def put(self, entries: Sequence[StreamEntry]) -> None:
        """Add entries, those after which none with a smaller id may come; an earlier one begins the stream anew.

        Raises RedisUnavailableError.
        """
        first = next((at for entry in entries if (at := StreamId.parse(entry.id)) is not None), None)
        if first is None or self._refused:
            return
        try:
            if self._last is None or first <= self._last:
                await self._writer.clear()
                self._last = START
            frames = [*self._frames(entries)]
            for start in range(0, len(frames), _BATCH):
                await self._writer.add(frames[start : start + _BATCH])
        except RedisUnavailableError as error:
            self._last = None  # nobody knows what was added: begin anew
            if error.code not in REFUSALS:
                raise
            self._refused = str(error)
            log.warning("the stream is not replayed: %s", error)

    async def withdraw(self) -> None:
        """Take the stream away; raises RedisUnavailableError."""
        if self._last is not None and not self._refused:
            await self._writer.clear()
            self._last = None

    def _frames(self, entries: Sequence[StreamEntry]) -> Iterator[ReceivedFrame]:
        """Yield what can be added: ids rise, whatever a tape says."""
        for entry in entries:
            at = StreamId.parse(entry.id)
            if at is not None and self._last is not None and at > self._last:
                self._last = at
                yield ReceivedFrame(entry.ts, entry.payload, _events(entry.payload), str(at))


def _events(payload: bytes) -> int:
    try:
        return len(decode_frame(payload).events)
    except DecodeError:
        return 0
