"""Writes the stream in the form that MarketSwarm's readers know, and beside it the hash of its counts.

An entry has two fields: `ts`, epoch seconds of the receipt, and `payload`, the frame as it came. The hash has one field
more than MarketSwarm's, `writer`: which program wrote `last_ts`. Where another program has written since, the two
differ, so a stream that others feed is never taken for our own. The keys have no deadline, as MarketSwarm's have none;
the stream is bounded by its length.
"""

from collections.abc import Collection, Sequence

from msgspec import Struct
from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.typing import EncodableT, FieldT

from chain.model.keys import KeySchema
from chain.model.kinds import KINDS, UNKNOWN
from chain.pipeline.frame import ReceivedFrame
from chain.redis.connect.causes import REFUSALS, redis_cause
from chain.redis.connect.connection import raise_if_lost, redis_call, unavailable
from chain.redis.contract.scripts import Command
from chain.redis.contract.stream.signs import epoch

MAXLEN = 100_000  # entries, give or take a node of the stream


class LastWriter(Struct, frozen=True):
    """Who wrote to the stream last: when, epoch seconds, and from which kind of source; unknown of other programs."""

    ts: float
    kind: str = UNKNOWN
    who: str = ""


def last_writer_command(keys: KeySchema) -> Command:
    """Return the command whose reply `last_writer_of` parses."""
    return ("HMGET", keys.stream_analytics(), "last_ts", "writer")


def last_writer_of(reply: object) -> LastWriter | None:
    """Return who wrote last; None where nobody has, or this user may not ask."""
    if not isinstance(reply, list) or not isinstance(reply[0], bytes):
        return None
    mark, by = reply
    ts = epoch(mark)
    return None if ts is None else _parse_writer(ts, mark, by if isinstance(by, bytes) else b"")


async def fetch_last_writer(redis: Redis, keys: KeySchema) -> LastWriter | None:
    """Return who wrote to the stream last; None where nobody has, or this user may not ask."""
    pipe = redis.pipeline(transaction=False)
    pipe.execute_command(*last_writer_command(keys))
    async with redis_call():
        [reply] = raise_if_lost(await pipe.execute(raise_on_error=False))
    return last_writer_of(reply)


class StreamWriter:
    """Writes the stream under one prefix. Every call is bounded in time and raises RedisUnavailableError."""

    def __init__(
        self, redis: Redis, keys: KeySchema, *, kind: str, who: str, maxlen: int = MAXLEN, ttl_ms: int | None = None
    ) -> None:
        """`kind` of source and `who` writes are recorded with the counts; `maxlen` in entries.

        `ttl_ms`: how long stream and counts outlive their last frame; for good unless told.
        """
        self._redis = redis
        self._keys = keys
        self._by = f"{kind} {who}"
        self._maxlen = maxlen
        self._ttl_ms = ttl_ms
        self._topics: frozenset[str] = frozenset()

    async def last_writer(self) -> LastWriter | None:
        """Return who wrote last; None where nobody has, or this user may not ask."""
        return await fetch_last_writer(self._redis, self._keys)

    async def add(self, frames: Sequence[ReceivedFrame]) -> str:
        """Add frames in one request; return why they could not be counted, or "".

        Raises if one could not be added; those before it may have been. To add them again does no harm: readers drop
        what is not later than what they hold.
        """
        pipe = self._redis.pipeline(transaction=False)
        stream = self._keys.stream()
        for frame in frames:
            entry: dict[FieldT, EncodableT] = {"ts": repr(frame.ts), "payload": frame.payload}
            pipe.xadd(stream, entry, id=frame.id, maxlen=self._maxlen, approximate=True)
        self._count(pipe, frames)
        if self._ttl_ms is not None:
            for key in (stream, self._keys.stream_analytics()):
                pipe.pexpire(key, self._ttl_ms)
        async with redis_call():
            replies = raise_if_lost(await pipe.execute(raise_on_error=False))
        added, counted = replies[: len(frames)], replies[len(frames) :]
        for reply in added:
            if isinstance(reply, Exception):
                raise unavailable(reply)
        return _refused("counted", counted)

    async def clear(self) -> None:
        """Delete stream, counts and subscriptions, as only a replay may that begins anew."""
        keys = self._keys
        pipe = self._redis.pipeline(transaction=False)
        for key in (keys.stream(), keys.stream_analytics(), keys.stream_subscriptions()):
            pipe.delete(key)
        async with redis_call():
            await pipe.execute()

    def _count(self, pipe: Pipeline, frames: Sequence[ReceivedFrame]) -> None:
        key, events = self._keys.stream_analytics(), sum(frame.events for frame in frames)
        pipe.hincrby(key, "frames", len(frames))
        pipe.hincrby(key, "bytes", sum(len(frame.payload) for frame in frames))
        stamp = repr(frames[-1].ts)
        fields: dict[FieldT, EncodableT] = {"last_ts": stamp, "writer": f"{self._by} {stamp}"}
        if events:
            pipe.hincrby(key, "messages_processed", events)
            fields["last_tick_ts"] = next(repr(frame.ts) for frame in reversed(frames) if frame.events)
        pipe.hset(key, mapping=fields)

    async def set_subscriptions(self, topics: Collection[str], now_s: float) -> str:
        """Replace the list of subscriptions (`Q.O:SPXW...`) by these; return why it was refused, or "".

        `now_s`: epoch seconds of the change.
        """
        wanted = frozenset(topics)
        key = self._keys.stream_subscriptions()
        pipe = self._redis.pipeline(transaction=False)
        pipe.delete(key)
        if wanted:
            pipe.sadd(key, *sorted(wanted))
        fields: dict[FieldT, EncodableT] = {
            "subscriptions_current": len(wanted),
            "subscriptions_added_last": len(wanted - self._topics),
            "subscriptions_removed_last": len(self._topics - wanted),
            "last_subscription_update_ts": repr(now_s),
        }
        pipe.hset(self._keys.stream_analytics(), mapping=fields)
        async with redis_call():
            replies = raise_if_lost(await pipe.execute(raise_on_error=False))
        self._topics = wanted
        return _refused("listed", replies)


def _parse_writer(ts: float, mark: bytes, by: bytes) -> LastWriter:
    """Return who wrote a mark: what is recorded, if it is about this very mark."""
    kind, _, rest = by.decode("utf-8", "replace").partition(" ")
    who, _, stamp = rest.rpartition(" ")
    if stamp.encode() != mark or kind not in KINDS:
        return LastWriter(ts)
    return LastWriter(ts, kind, who)


def _refused(deed: str, replies: Sequence[object]) -> str:
    """Return which of some courtesies was refused and why, or ""; raise any other failure."""
    for reply in replies:
        if isinstance(reply, Exception):
            cause = redis_cause(reply)
            if cause.code not in REFUSALS:
                raise unavailable(reply)
            return f"not {deed}: {cause.sentence}"
    return ""
