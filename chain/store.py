"""The only code that reads or writes contract keys: publish whole, move the pointer forward, resolve through it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from redis.asyncio import Redis

from chain.connection import OPERATION_TIMEOUT_S, POLL_TIMEOUT_S, bounded, heard, is_cluster, phrase
from chain.errors import InvalidNameError, InvalidSnapshotError
from chain.names import ChainId, Names, SnapshotId, stream_activity_key
from chain.snapshot import MAX_PAYLOAD_BYTES, Snapshot, encode
from chain.text import clean
from chain.thresholds import FUTURE_TOLERANCE_S

_FETCH_BATCH = 16  # payloads a round trip: bounds memory when hundreds move at once
_SCAN_LIMIT = 20_000
_BUMPS = 8  # how often a millisecond already taken by other bytes is stepped over

# Moves one pointer forward. It touches the pointer alone, so it also runs in a cluster, where the payload lives in
# another slot. A pointer held in the future of Redis's own clock, or not of the grammar, holds nobody back.
_MOVE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local new, deadline, limit = tonumber(ARGV[2]), tonumber(ARGV[3]), now + tonumber(ARGV[4])
if now >= deadline then return 'late' end
if new > limit then return 'future' end
if redis.call('TYPE', KEYS[1]).ok == 'string' then
  local held = redis.call('GET', KEYS[1])
  local stamp = string.sub(held, 1, #ARGV[5]) == ARGV[5] and tonumber(string.match(held, '^[1-9]%d*$', #ARGV[5] + 1))
  if stamp and stamp > new and stamp <= limit then return 'older' end
end
redis.call('SET', KEYS[1], ARGV[1], 'PXAT', ARGV[3])
return 'moved'
"""


class Verdict(StrEnum):
    """What became of one snapshot."""

    PUBLISHED = "published"
    REFUSED_OLDER = "refused-older"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one publish: `id` as written (its millisecond may have been stepped on), payload size in bytes."""

    id: SnapshotId
    verdict: Verdict
    size: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Poll:
    """One reading of pointers and of what stands beside them; values as Redis holds them."""

    pointers: Mapping[ChainId, bytes | None]
    beside: Mapping[str, bytes | None]
    stream_ts: bytes | None
    payloads: int  # how many of the payloads asked about exist


@dataclass(frozen=True, slots=True)
class Payload:
    """One payload as read: `raw` None where the key is gone; `ttl_ms` of the pointer, None where it has no expiry."""

    raw: bytes | None
    ttl_ms: int | None
    error: str = ""


class Store:
    """Contract keys under one prefix on one Redis. Every call is bounded in time and raises RedisUnavailableError."""

    def __init__(self, redis: Redis, names: Names) -> None:
        self._redis = redis
        self.names = names

    async def publish(self, snapshots: Sequence[Snapshot], ttl_s: float) -> list[Outcome]:
        """Write payloads, then move their pointers; one outcome each, in order.

        Payload and pointer share one deadline taken from Redis's own clock. Writing again after a lost reply changes
        nothing: a payload is never rewritten, and its pointer is set to where it already stands.
        """
        async with bounded():
            seconds, micros = await self._redis.time()
        deadline = seconds * 1000 + micros // 1000 + round(ttl_s * 1000)
        written = [await self._resolve_clash(item, deadline) for item in await self._write(snapshots, deadline)]
        return await self._move(written)

    async def _write(self, snapshots: Sequence[Snapshot], deadline: int) -> list["_Written"]:
        """Write the payloads in one round trip."""
        batch = []
        for snapshot in snapshots:
            try:
                batch.append(_Written(snapshot, encode(snapshot), deadline))
            except (InvalidSnapshotError, TypeError) as error:
                batch.append(_Written(snapshot, b"", deadline, failure=clean(error, 120)))
        pipe = self._redis.pipeline(transaction=False)
        sent = [item for item in batch if not item.failure]
        for item in sent:
            pipe.set(self.names.snapshot(item.snapshot.id), item.body, nx=True, pxat=deadline)
        async with bounded():
            replies = iter(await pipe.execute(raise_on_error=False) if sent else [])
        return [item if item.failure else _judge(item, next(replies)) for item in batch]

    async def _resolve_clash(self, item: "_Written", deadline: int) -> "_Written":
        """Step over milliseconds whose key holds other bytes; the same bytes are our own, with a deadline they keep."""
        for _ in range(_BUMPS):
            if not item.clash:
                return item
            pipe = self._redis.pipeline(transaction=False)
            pipe.get(self.names.snapshot(item.snapshot.id))
            pipe.pexpiretime(self.names.snapshot(item.snapshot.id))
            async with bounded():
                held, kept = await pipe.execute(raise_on_error=False)
            if held == item.body and isinstance(kept, int):
                return replace(item, clash=False, deadline=kept)
            [item] = await self._write([_next_millisecond(item.snapshot)], deadline)
        return replace(item, failure="every millisecond tried holds another snapshot") if item.clash else item

    async def _move(self, written: Sequence["_Written"]) -> list[Outcome]:
        """Move the pointers of what was written, and look once more that pointer and payload are there."""
        ready = [item for item in written if not item.failure]
        pipe = self._redis.pipeline(transaction=False)
        tolerance = round(FUTURE_TOLERANCE_S * 1000)
        for item in ready:
            key = self.names.snapshot(item.snapshot.id)
            head = key[: key.rindex(":") + 1]
            pointer = self.names.latest(item.snapshot.id.chain)
            pipe.eval(_MOVE, 1, pointer, key, item.snapshot.id.ts_ms, item.deadline, tolerance, head)
        for item in ready:
            pipe.exists(self.names.latest(item.snapshot.id.chain))
            pipe.exists(self.names.snapshot(item.snapshot.id))
        async with bounded():
            replies = await pipe.execute(raise_on_error=False) if ready else []
        moves, looks = iter(replies[: len(ready)]), iter(replies[len(ready) :])
        return [
            Outcome(item.snapshot.id, Verdict.FAILED, reason=item.failure)
            if item.failure
            else _outcome(item, next(moves), next(looks), next(looks))
            for item in written
        ]

    async def poll(
        self, chains: Sequence[ChainId], beside: Sequence[str] = (), payloads: Sequence[SnapshotId] = ()
    ) -> Poll:
        """Read every pointer, the named keys beside them and the stream's activity in one round trip.

        `payloads` are counted, not read: one that is gone while its pointer stands was evicted.
        """
        keys = [*map(self.names.latest, chains), *beside]
        held = [*map(self.names.snapshot, payloads)]
        async with bounded(POLL_TIMEOUT_S):
            read = self._poll_slots if is_cluster(self._redis) else self._poll_at_once
            values, stream_ts, present = await read(keys, held)
        found = [value if isinstance(value, bytes) else None for value in values]
        pointers = dict(zip(chains, found, strict=False))
        rest = dict(zip(beside, found[len(chains) :], strict=True))
        return Poll(pointers, rest, stream_ts if isinstance(stream_ts, bytes) else None, present)

    async def _poll_at_once(self, keys: Sequence[str], held: Sequence[str]) -> tuple[Sequence[object], object, int]:
        pipe = self._redis.pipeline(transaction=False)
        pipe.mget(keys)
        pipe.hget(stream_activity_key(), "last_ts")
        if held:
            pipe.exists(*held)
        values, stream_ts, *count = await pipe.execute(raise_on_error=False)
        if isinstance(values, Exception):
            raise values
        return values, stream_ts, count[0] if count and isinstance(count[0], int) else 0

    async def _poll_slots(self, keys: Sequence[str], held: Sequence[str]) -> tuple[Sequence[object], object, int]:
        """The same on a cluster, where a command may name one slot only: one batch to each node, all at once."""
        pipe = self._redis.pipeline(transaction=False)
        for key in keys:
            pipe.get(key)
        pipe.hget(stream_activity_key(), "last_ts")
        for key in held:
            pipe.exists(key)
        replies = heard(await pipe.execute(raise_on_error=False))
        there = sum(reply == 1 for reply in replies[len(keys) + 1 :])
        return replies[: len(keys)], replies[len(keys)], there

    async def recheck(self, snapshots: Sequence[SnapshotId]) -> list[tuple[bytes | None, bool]]:
        """Return, for each snapshot, its chain's pointer read anew and whether the payload exists."""
        pipe = self._redis.pipeline(transaction=False)
        for snapshot in snapshots:
            pipe.get(self.names.latest(snapshot.chain))
            pipe.exists(self.names.snapshot(snapshot))
        async with bounded():
            replies = heard(await pipe.execute(raise_on_error=False))
        return [
            (pointer if isinstance(pointer, bytes) else None, there == 1)
            for pointer, there in zip(replies[::2], replies[1::2], strict=True)
        ]

    async def pointer_types(self, chains: Iterable[ChainId]) -> dict[ChainId, str]:
        """Return the Redis type of each pointer key; MGET answers nil for one that is no string."""
        wanted = list(chains)
        pipe = self._redis.pipeline(transaction=False)
        for chain in wanted:
            pipe.type(self.names.latest(chain))
        async with bounded():
            kinds = await pipe.execute() if wanted else []
        return {chain: kind.decode() for chain, kind in zip(wanted, kinds, strict=True)}

    async def fetch(self, snapshots: Sequence[SnapshotId]) -> list[Payload]:
        """Read payloads with the time their pointers have left; never more bytes of one than the limit and one."""
        found: list[Payload] = []
        for start in range(0, len(snapshots), _FETCH_BATCH):
            pipe = self._redis.pipeline(transaction=False)
            batch = snapshots[start : start + _FETCH_BATCH]
            for snapshot in batch:
                pipe.getrange(self.names.snapshot(snapshot), 0, MAX_PAYLOAD_BYTES)
                pipe.pttl(self.names.latest(snapshot.chain))
            async with bounded():
                replies = heard(await pipe.execute(raise_on_error=False))
            found += [_payload(replies[at], replies[at + 1]) for at in range(0, len(replies), 2)]
        return found

    async def discover(self) -> set[ChainId]:
        """Return the chains that have a pointer. For publishers that announce nothing; payload keys are not scanned."""
        found: set[ChainId] = set()
        async with bounded(2 * OPERATION_TIMEOUT_S):
            async for key in self._redis.scan_iter(match=self.names.latest_pattern(), count=1000):
                try:
                    found.add(self.names.parse_latest(key))
                except InvalidNameError:
                    continue  # another program's key that merely begins like ours
                if len(found) >= _SCAN_LIMIT:
                    break
        return found


@dataclass(frozen=True, slots=True)
class _Written:
    snapshot: Snapshot
    body: bytes
    deadline: int  # epoch ms of Redis's clock
    clash: bool = False
    failure: str = ""


def _judge(item: _Written, reply: object) -> _Written:
    if isinstance(reply, Exception):
        return replace(item, failure=phrase(reply))
    return replace(item, clash=reply is None)


def _next_millisecond(snapshot: Snapshot) -> Snapshot:
    stamp = snapshot.id.ts_ms + 1
    return replace(snapshot, id=SnapshotId(snapshot.id.chain, stamp), ts=stamp / 1000)


def _outcome(item: _Written, move: object, pointer: object, payload: object) -> Outcome:
    snapshot_id, size = item.snapshot.id, len(item.body)
    if isinstance(move, Exception):
        return Outcome(snapshot_id, Verdict.FAILED, size, phrase(move))
    answer = move.decode() if isinstance(move, bytes) else ""
    if answer == "older":
        return Outcome(snapshot_id, Verdict.REFUSED_OLDER, size, "a newer snapshot is already there")
    if answer == "future":
        return Outcome(snapshot_id, Verdict.FAILED, size, "our clock is ahead of Redis's: set the time on this machine")
    if answer == "late":
        return Outcome(snapshot_id, Verdict.FAILED, size, "written too late: its time to live had passed")
    if not (pointer and payload):
        lost = "payload" if pointer else "pointer"
        return Outcome(snapshot_id, Verdict.FAILED, size, f"Redis evicted the {lost} at once: raise maxmemory")
    return Outcome(snapshot_id, Verdict.PUBLISHED, size)


def _payload(raw: object, ttl: object) -> Payload:
    ttl_ms = ttl if isinstance(ttl, int) and ttl >= 0 else None
    if isinstance(raw, Exception):
        return Payload(None, ttl_ms, f"payload key: {phrase(raw)}")
    return Payload(raw if isinstance(raw, bytes) and raw else None, ttl_ms)
