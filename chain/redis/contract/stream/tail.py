"""Follows the stream from its end, for whoever keeps what goes by. It reads only, and belongs to no group."""

from collections.abc import Mapping

from redis.asyncio import Redis

from chain.decode.form import Form
from chain.decode.limits import Limits
from chain.errors import DecodeError
from chain.model.keys import EPOCH_MAX_S, EPOCH_MIN_S, KeySchema
from chain.pipeline.frame import StreamEntry
from chain.redis.connect.connection import redis_call
from chain.redis.contract.stream.ids import START, StreamId

PAGE = 1_000  # entries read by one command
_PAGE_BYTES = 64 * 1024 * 1024
_TS = Form(float, Limits(64))


class StreamTail:
    """One reader's place in the stream. Every call is bounded in time and raises RedisUnavailableError."""

    def __init__(self, redis: Redis, keys: KeySchema) -> None:
        self._redis = redis
        self._key = keys.stream()
        self._at: StreamId | None = None  # the last entry that was read, or passed over at the start

    async def read(self) -> list[StreamEntry]:
        """Return the next entries, up to a page of them, oldest first; the first call returns none.

        A stream that was emptied and begun anew is followed from its new beginning.
        """
        async with redis_call():
            newest = await self._redis.execute_command("XREVRANGE", self._key, "+", "-", "COUNT", 1)
        last = StreamId.parse(newest[0][0]) if newest else None
        if self._at is None or last is None:
            self._at = last or START
            return []
        if last < self._at:
            self._at = START
        if last == self._at:
            return []
        async with redis_call(most=_PAGE_BYTES):
            found = await self._redis.execute_command("XRANGE", self._key, f"({self._at}", "+", "COUNT", PAGE)
        if found:
            self._at = StreamId.parse(found[-1][0]) or self._at
        return [entry for row in found if (entry := _entry(row)) is not None]


def _entry(row: tuple[bytes, Mapping[bytes, bytes] | None]) -> StreamEntry | None:
    """Return an entry; None where it was deleted since, or has no payload."""
    at, fields = StreamId.parse(row[0]), row[1] or {}
    payload = fields.get(b"payload")
    if at is None or not isinstance(payload, bytes):
        return None
    return StreamEntry(str(at), _received(fields.get(b"ts"), at), payload)


def _received(raw: object, at: StreamId) -> float:
    """Return when a frame was received, epoch seconds: as its writer says, else when Redis took it."""
    try:
        ts = _TS.decode(raw) if isinstance(raw, bytes) else 0.0
    except DecodeError:
        ts = 0.0
    return ts if EPOCH_MIN_S <= ts < EPOCH_MAX_S else at.ms / 1000
