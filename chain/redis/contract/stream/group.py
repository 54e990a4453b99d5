"""The compositors' consumer group on the stream: what was read and not acknowledged is nobody's loss.

One compositor leads and reads. An entry that it has read is pending until it acknowledges it, and its successor claims
what is pending, whoever read it. Needs Redis 6.2; the lag is told since 7.0.
"""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from redis.asyncio import Redis
from redis.exceptions import ResponseError
from redis.typing import EncodableT

from chain.errors import RedisUnavailableError
from chain.model.keys import EPOCH_MAX_S, EPOCH_MIN_S, KeySchema
from chain.pipeline.events import FRAME_BYTES
from chain.redis.connect.connection import raise_if_lost, redis_call, unavailable
from chain.redis.contract.scripts import Command, ScriptCall, ScriptName, ScriptRunner
from chain.redis.contract.stream.ids import START, StreamId
from chain.redis.contract.stream.writer import LastWriter, fetch_last_writer, last_writer_command, last_writer_of

GROUP = "mmaker"
BATCH_BYTES = 32 * 1024 * 1024  # of the entries that are read at once
_PAGE = 1_000  # ids acknowledged by one command
_NO_GROUP, _EXISTS, _NO_KEY = "NOGROUP", "BUSYGROUP", "no such key"


class GroupGoneError(RedisUnavailableError):
    """There is no such group, or no stream: Redis was emptied, or somebody deleted one of them."""


class Entry(Struct, frozen=True, gc=False):
    """An entry: its id, when its frame was received (epoch ms), and the frame; empty where it has none to be read."""

    id: bytes
    received_ms: int
    payload: bytes


class Batch(Struct, frozen=True):
    """Entries in the order of their ids. What is told beside them was so just before.

    `oldest`: of the entries that the stream still held; `writer`: who wrote to it last, if that is known.
    """

    entries: Sequence[Entry]
    oldest: StreamId | None
    writer: LastWriter | None = None


class StreamPlace(Struct, frozen=True):
    """Where a stream and our group on it stand. `last`: of the last entry ever added; `delivered`: last read by us."""

    last: StreamId
    oldest: StreamId | None  # None where it is empty
    delivered: StreamId | None  # None where there is no group
    lag: int | None = None  # entries not read; None where this Redis cannot tell
    pending: int = 0  # entries read and not acknowledged


class StreamGroup:
    """One consumer of the group. Every call is bounded in time and raises RedisUnavailableError."""

    def __init__(self, redis: Redis, keys: KeySchema, consumer: str) -> None:
        self._redis = redis
        self._runner = ScriptRunner(redis)
        self._keys = keys
        self._key = keys.stream()
        self._consumer = consumer

    async def place(self) -> StreamPlace | None:
        """Return where stream and group stand; None where there is no stream."""
        found = await self._run("stream_place")
        if found is None:
            return None
        last, oldest = StreamId.parse(found[0]) or START, StreamId.parse(found[1])
        async with redis_call():
            groups = [_fields(each) for each in await self._redis.execute_command("XINFO", "GROUPS", self._key)]
        ours = next((group for group in groups if _text(group.get("name")) == GROUP), None)
        if ours is None:
            return StreamPlace(last, oldest, None)
        delivered = StreamId.parse(ours.get("last-delivered-id")) or START
        lag = ours.get("lag")
        if not isinstance(lag, int):
            lag = 0 if delivered >= last else None
        return StreamPlace(last, oldest, delivered, lag, int(ours.get("pending") or 0))

    async def create(self, at: StreamId) -> None:
        """Create the group behind an entry, so that it reads on from there. Raises GroupGoneError without a stream."""
        async with redis_call():
            try:
                await self._redis.execute_command("XGROUP", "CREATE", self._key, GROUP, str(at))
            except ResponseError as error:
                if _EXISTS in str(error):
                    return
                if "requires the key to exist" in str(error) or _NO_KEY in str(error):
                    raise GroupGoneError("the stream is gone") from None
                raise

    async def move(self, to: StreamId) -> None:
        """Set the group behind an entry, so that it reads on from there."""
        async with redis_call():
            await self._redis.execute_command("XGROUP", "SETID", self._key, GROUP, str(to))

    async def read(self, count: int, acknowledged: Sequence[bytes] = ()) -> Batch:
        """Acknowledge entries, and read up to `count` that nobody has read; does not wait for any.

        Raises GroupGoneError.
        """
        before = [*self._acknowledging(acknowledged), last_writer_command(self._keys)]
        call = self._call("read_entries", GROUP, self._consumer, count, FRAME_BYTES)
        replies = await self._runner.run([call], before=before, most=BATCH_BYTES)
        *acks, writer = raise_if_lost(replies.before)
        for reply in (*acks, *replies.calls):
            if isinstance(reply, Exception):
                raise _error_of(reply)
        oldest, found = replies.calls[0]
        return Batch(_entries(found), StreamId.parse(oldest), last_writer_of(writer))

    async def last_writer(self) -> LastWriter | None:
        """Return who wrote to the stream last; None where nobody has, or this user may not ask."""
        return await fetch_last_writer(self._redis, self._keys)

    async def between(self, after: StreamId, until: StreamId, count: int) -> list[Entry]:
        """Return up to `count` entries after one id and up to another, whoever has read them."""
        return _entries(await self._run("range_entries", f"({after}", str(until), count, FRAME_BYTES))

    async def strays(self) -> bool:
        """Return whether other consumers hold entries that they have not acknowledged. Raises GroupGoneError."""
        async with redis_call():
            try:
                summary = await self._redis.xpending(self._key, GROUP)
            except ResponseError as error:
                raise _error_of(error) from None
        return any(_text(each["name"]) != self._consumer for each in summary["consumers"])

    async def claim(self, after: StreamId, count: int) -> "Claim":
        """Claim up to `count` pending entries after an id, whoever read them. Raises GroupGoneError."""
        ids, found = await self._run("claim_entries", GROUP, self._consumer, f"({after}", count, FRAME_BYTES)
        return Claim(ids, _entries(found), StreamId.parse(ids[-1]) if len(ids) == count else None)

    async def acknowledge(self, ids: Sequence[bytes]) -> None:
        """Acknowledge entries; those that are not pending do not matter."""
        if not ids:
            return
        pipe = self._redis.pipeline(transaction=False)
        for command in self._acknowledging(ids):
            pipe.execute_command(*command)
        async with redis_call():
            await pipe.execute()

    async def forget_others(self) -> None:
        """Delete the consumers that have nothing pending, other than our own: each start of a compositor adds one."""
        await self._runner.run([ScriptCall("forget_consumers", [self._key], [GROUP, self._consumer])])

    def _acknowledging(self, ids: Sequence[bytes]) -> list[Command]:
        return [("XACK", self._key, GROUP, *ids[start : start + _PAGE]) for start in range(0, len(ids), _PAGE)]

    def _call(self, name: ScriptName, *args: EncodableT) -> ScriptCall:
        return ScriptCall(name, [self._key], args)

    async def _run(self, name: ScriptName, *args: EncodableT) -> Any:  # noqa: ANN401 -- as the script documents it
        [reply] = raise_if_lost((await self._runner.run([self._call(name, *args)], most=BATCH_BYTES)).calls)
        if isinstance(reply, Exception):
            raise _error_of(reply)
        return reply


class Claim(Struct, frozen=True):
    """Pending entries that are ours now: all their ids, those that the stream still holds, and where to go on."""

    ids: Sequence[bytes]
    entries: Sequence[Entry]
    more_after: StreamId | None


def _error_of(error: Exception) -> Exception:
    text = str(error)
    if _NO_GROUP in text:
        return GroupGoneError("the stream or its consumer group is gone")
    return unavailable(error)


def _entries(found: Sequence[tuple[bytes, bytes, bytes]]) -> list[Entry]:
    """Return entries; each was received by its own `ts`, else when Redis added it."""
    return [Entry(of, _received_ms(of, ts), payload) for of, ts, payload in found]


def _received_ms(of: bytes, ts: bytes) -> int:
    try:
        received = float(ts)
    except ValueError:
        received = 0.0
    is_time = EPOCH_MIN_S <= received < EPOCH_MAX_S  # nor is NaN
    return int(received * 1000) if is_time else (StreamId.parse(of) or START).ms


def _fields(reply: Any) -> dict[str, Any]:  # noqa: ANN401 -- as the client library parses it
    """Return the fields of a reply of XINFO: a map, or a flat list, by protocol and library."""
    pairs = reply.items() if isinstance(reply, dict) else zip(reply[::2], reply[1::2], strict=True)
    return {_text(name): value for name, value in pairs}


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
