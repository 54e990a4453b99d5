"""Which kind of source each chain's snapshot comes from, recorded beside its pointer; and the mark of a live publisher.

A record reads `KIND TS_MS`, and for an hour after a change of kind `KIND TS_MS BEFORE CHANGED_MS`. It speaks for the
snapshot of that stamp: where the pointer names a later one, somebody who records nothing has published since. Record
and pointer share a slot, so a script sees and changes both in one step, on a cluster too.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from redis.asyncio import Redis

from chain.model.keys import ChainId, KeySchema, SnapshotId
from chain.model.kinds import UNKNOWN
from chain.redis.connect.connection import is_cluster, raise_if_lost, redis_call
from chain.redis.contract.glance import POINTER_BYTES
from chain.redis.contract.scripts import ACKNOWLEDGE, FORCE, WITHDRAW

RECORD_BYTES = 80
CHANGE_TOLD_S = 3600.0
_RECORD = re.compile(rb"([a-z]{1,20}) ([1-9]\d{11,13})(?: ([a-z]{1,20}) ([1-9]\d{11,13}))?")
_BATCH = 500


@dataclass(frozen=True, slots=True)
class SourceChange:
    """A chain's change of kind; `at` is epoch seconds of Redis's clock, or of the last snapshot whose kind was told."""

    before: str
    after: str
    at: float
    recorded: bool = field(default=False, compare=False)  # in Redis, not only seen by us


@dataclass(frozen=True, slots=True)
class KindRecord:
    """The kind of source of one snapshot, empty where nothing is recorded, and the last change of it."""

    kind: str = ""
    change: SourceChange | None = None


NO_RECORD = KindRecord()


def parse_record(raw: object, ts_ms: int) -> KindRecord:
    """Return what a record says of the snapshot of `ts_ms`, epoch milliseconds.

    One of an earlier snapshot, or one that cannot be read, says that this one's kind is unknown. One of a later
    snapshot was read after its publisher moved on: its change tells which kind the one before had.
    """
    found = _RECORD.fullmatch(raw) if isinstance(raw, bytes) else None
    if found is None:
        return KindRecord(UNKNOWN) if isinstance(raw, bytes) and raw else NO_RECORD
    kind, made, before, at = (part.decode() if part else "" for part in found.groups())
    if int(made) > ts_ms and before and ts_ms < int(at):
        return KindRecord(before)
    if int(made) < ts_ms:
        change = SourceChange(kind, UNKNOWN, int(made) / 1000, recorded=True) if kind != UNKNOWN else None
        return KindRecord(UNKNOWN, change)
    return KindRecord(kind, SourceChange(before, kind, int(at) / 1000, recorded=True) if before else None)


class KindRecords:
    """Reads and changes records under one prefix. Every call is bounded in time and raises RedisUnavailableError."""

    def __init__(self, redis: Redis, keys: KeySchema) -> None:
        self._redis = redis
        self._keys = keys
        self._cluster = is_cluster(redis)

    async def held(self, chains: Iterable[ChainId]) -> dict[ChainId, tuple[SnapshotId, str]]:
        """Return the snapshot that each chain's pointer names and its kind, of chains that have one."""
        found: dict[ChainId, tuple[SnapshotId, str]] = {}
        wanted = list(chains)
        for start in range(0, len(wanted), _BATCH):
            batch = wanted[start : start + _BATCH]
            pipe = self._redis.pipeline(transaction=False)
            for chain in batch:
                pipe.getrange(self._keys.latest(chain), 0, POINTER_BYTES)
                pipe.getrange(self._source(chain), 0, RECORD_BYTES)
            async with redis_call():
                replies = raise_if_lost(await pipe.execute(raise_on_error=False))
            for chain, pointer, record in zip(batch, replies[::2], replies[1::2], strict=True):
                if (stamp := self._stamp(chain, pointer)) is not None:
                    found[chain] = SnapshotId(chain, stamp), parse_record(record, stamp).kind or UNKNOWN
        return found

    async def withdraw(self, chains: Iterable[ChainId]) -> int:
        """Delete the pointers to invented and recorded snapshots, no others; return how many were there."""
        return await self._each(WITHDRAW, chains)

    async def acknowledge(self, chains: Iterable[ChainId]) -> int:
        """Forget the changes of kind of these chains; return how many were told."""
        return await self._each(ACKNOWLEDGE, chains)

    async def force(self, chain: ChainId, payload: str, *, kind: str, hold_ms: int) -> bool:
        """Point a chain to a payload whatever its stamp; return False, and do nothing, where live data may be."""
        stamp = payload.rpartition(":")[2]
        wanted = (self._keys.latest(chain), self._source(chain))
        async with redis_call():
            said = await self._redis.eval(FORCE, 2, *wanted, self._head(chain), payload, stamp, kind, hold_ms)
        return bool(said == 1)

    async def _each(self, script: str, chains: Iterable[ChainId]) -> int:
        wanted = list(chains)
        done = 0
        for start in range(0, len(wanted), _BATCH):
            pipe = self._redis.pipeline(transaction=False)
            for chain in wanted[start : start + _BATCH]:
                pipe.eval(script, 2, self._keys.latest(chain), self._source(chain), self._head(chain))
            async with redis_call():
                replies: Sequence[object] = raise_if_lost(await pipe.execute(raise_on_error=False))
            for reply in replies:
                if isinstance(reply, Exception):
                    async with redis_call():
                        raise reply
                done += reply == 1
        return done

    def _stamp(self, chain: ChainId, pointer: object) -> int | None:
        head = self._head(chain)
        text = pointer.decode("utf-8", "replace") if isinstance(pointer, bytes) else ""
        stamp = text.removeprefix(head)
        return int(stamp) if text.startswith(head) and stamp.isascii() and stamp.isdigit() else None

    def _source(self, chain: ChainId) -> str:
        return self._keys.source(chain, cluster=self._cluster)

    def _head(self, chain: ChainId) -> str:
        return self._keys.snapshot_head(chain)
