"""Reads snapshots under one prefix, through their pointers."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace
from redis.asyncio import Redis

from chain.errors import OversizedError
from chain.model.keys import ChainId, KeySchema, SnapshotId
from chain.model.snapshot import MAX_PAYLOAD_BYTES
from chain.redis.connect.causes import redis_cause
from chain.redis.connect.connection import is_cluster, raise_if_lost, redis_call
from chain.redis.contract.kinds import RECORD_BYTES, KindRecord, parse_record
from chain.redis.contract.poll_command import POINTER_BYTES, PollCommand
from chain.redis.contract.scan import PointerScan
from chain.redis.contract.stream.signs import StreamSigns

_FETCH_BATCH = 16  # payloads per round trip: bounds memory when hundreds move at once
_FETCH_BYTES = 2 * MAX_PAYLOAD_BYTES  # per batch; beyond that, payloads are read one by one


class Poll(Struct, frozen=True):
    """One read of pointers, and of the other keys of a poll; raw values."""

    pointers: Mapping[ChainId, bytes | None]
    beside: Mapping[str, bytes | None]
    stream: StreamSigns
    payloads: int  # how many of the payloads in question exist
    refused: str = ""  # why the other keys could not be read


class Payload(Struct, frozen=True):
    """One payload as read: `raw` is None if the key is gone; `ttl_ms` is the pointer's, None if it never expires."""

    raw: bytes | None
    ttl_ms: int | None
    error: str = ""
    kind_record: KindRecord = field(default_factory=KindRecord)


class Store:
    """Reads the contract keys under one prefix of one Redis.

    Every call is bounded in time and raises RedisUnavailableError.
    """

    def __init__(self, redis: Redis, keys: KeySchema) -> None:
        self._redis = redis
        self._cluster = is_cluster(redis)
        self._poll_command = PollCommand(redis, keys)
        self._asked: tuple[ChainId, ...] = ()  # the chains of the last poll, with their keys: they seldom change
        self._pointers: list[str] = []
        self._values: list[bytes | None] = []  # what it found
        self._answered: Mapping[ChainId, bytes | None] | None = None
        self.keys = keys

    async def poll(
        self,
        chains: Sequence[ChainId],
        beside: Sequence[str] = (),
        payloads: Sequence[bytes] = (),
        apart: Sequence[str] = (),
    ) -> Poll:
        """Read every pointer, the keys in `beside` and `apart`, and the stream's activity in one round trip.

        A key in `apart` that may not be read is as if it were not there. `payloads`, keys as found in pointers, are
        counted, not read: one that is gone while its pointer exists was evicted. A value beyond its limit is cut one
        byte past it.
        """
        if (asked := tuple(chains)) != self._asked:
            self._asked, self._pointers = asked, [*map(self.keys.latest, chains)]
            self._answered = None
        reply = await self._poll_command.run(self._pointers, beside, payloads, apart)
        if self._answered is None or reply.values is not self._values:  # they rarely move
            self._answered, self._values = dict(zip(chains, reply.values, strict=False)), reply.values
        values = [*reply.values[len(chains) :], *reply.apart]
        rest = dict(zip([*beside, *apart], values, strict=True))
        return Poll(self._answered, rest, reply.stream, reply.there, reply.refused)

    async def recheck(self, snapshots: Sequence[SnapshotId]) -> list[tuple[bytes | None, bool]]:
        """Return, for each snapshot, its chain's pointer read again, and whether the payload exists."""
        pipe = self._redis.pipeline(transaction=False)
        for snapshot in snapshots:
            pipe.getrange(self.keys.latest(snapshot.chain), 0, POINTER_BYTES)
            pipe.exists(self.keys.snapshot(snapshot))
        async with redis_call():
            replies = raise_if_lost(await pipe.execute(raise_on_error=False))
        return [
            (pointer if isinstance(pointer, bytes) and pointer else None, there != 0)  # if we may not ask: assume so
            for pointer, there in zip(replies[::2], replies[1::2], strict=True)
        ]

    async def recheck_pointers(
        self, chains: Iterable[ChainId]
    ) -> tuple[dict[ChainId, bytes | None], dict[ChainId, str]]:
        """Return each chain's pointer read again, and the Redis type of each that is not a string, or is empty.

        MGET answers nil both for a missing key and for one of another type.
        """
        wanted = list(chains)
        pipe = self._redis.pipeline(transaction=False)
        for chain in wanted:
            pipe.getrange(self.keys.latest(chain), 0, POINTER_BYTES)
            pipe.type(self.keys.latest(chain))
        async with redis_call():
            replies = raise_if_lost(await pipe.execute(raise_on_error=False)) if wanted else []
        pointers: dict[ChainId, bytes | None] = {}
        types: dict[ChainId, str] = {}
        for chain, pointer, kind in zip(wanted, replies[::2], replies[1::2], strict=True):
            pointers[chain] = pointer if isinstance(pointer, bytes) and pointer else None
            if pointers[chain] is None:
                types[chain] = kind.decode() if isinstance(kind, bytes) else "none"  # if we may not ask: none
        return pointers, types

    async def fetch(self, snapshots: Sequence[SnapshotId]) -> list[Payload]:
        """Read payloads, cut one byte past the limit, with their pointers' time to live and their kinds."""
        found: list[Payload] = []
        for start in range(0, len(snapshots), _FETCH_BATCH):
            batch = snapshots[start : start + _FETCH_BATCH]
            try:
                found += await self._fetch(batch)
            except OversizedError:
                found += [payload for one in batch for payload in await self._fetch([one])]
        return await self._tell_gone(snapshots, found)

    async def _fetch(self, batch: Sequence[SnapshotId]) -> list[Payload]:
        pipe = self._redis.pipeline(transaction=False)
        for snapshot in batch:
            pipe.getrange(self.keys.snapshot(snapshot), 0, MAX_PAYLOAD_BYTES)
            pipe.pttl(self.keys.latest(snapshot.chain))
            pipe.getrange(self.keys.source(snapshot.chain, cluster=self._cluster), 0, RECORD_BYTES)
        async with redis_call(most=_FETCH_BYTES):
            replies = raise_if_lost(await pipe.execute(raise_on_error=False))
        answers = zip(batch, replies[::3], replies[1::3], replies[2::3], strict=True)
        return [_payload(raw, ttl, parse_record(kind_record, of.ts_ms)) for of, raw, ttl, kind_record in answers]

    async def _tell_gone(self, snapshots: Sequence[SnapshotId], found: list[Payload]) -> list[Payload]:
        """Tell missing payloads from empty ones, which GETRANGE does not."""
        doubtful = [at for at, payload in enumerate(found) if payload.raw == b""]
        if not doubtful:
            return found
        pipe = self._redis.pipeline(transaction=False)
        for at in doubtful:
            pipe.exists(self.keys.snapshot(snapshots[at]))
        async with redis_call():
            replies = raise_if_lost(await pipe.execute(raise_on_error=False))
        for at, there in zip(doubtful, replies, strict=True):
            if there == 0:
                found[at] = replace(found[at], raw=None)
        return found

    async def discover(self) -> set[ChainId]:
        """Return the chains that have a pointer, announced or not; payload keys are not scanned."""
        scan, found, over = PointerScan(self._redis, self.keys), set[ChainId](), False
        while not over:
            more, over = await scan.step()
            found |= more
        return found


def _payload(raw: object, ttl: object, kind_record: KindRecord) -> Payload:
    ttl_ms = ttl if isinstance(ttl, int) and ttl >= 0 else None
    if isinstance(raw, Exception):
        return Payload(None, ttl_ms, f"payload key: {redis_cause(raw)}", kind_record)
    return Payload(raw if isinstance(raw, bytes) else None, ttl_ms, kind_record=kind_record)
