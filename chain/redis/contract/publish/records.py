"""Reads and changes the kinds of source recorded with the chains."""

from collections.abc import Iterable

from redis.asyncio import Redis
from redis.typing import EncodableT

from chain.model.keys import ChainId, KeySchema, SnapshotId
from chain.model.kinds import UNKNOWN
from chain.redis.connect.connection import is_cluster, raise_if_lost, redis_call, unavailable
from chain.redis.contract.kinds import RECORD_BYTES, parse_record
from chain.redis.contract.poll_command import POINTER_BYTES
from chain.redis.contract.scripts import ScriptCall, ScriptName, ScriptRunner

_BATCH = 500


class KindRecords:
    """Reads and changes records under one prefix. Every call is bounded in time and raises RedisUnavailableError."""

    def __init__(self, redis: Redis, keys: KeySchema) -> None:
        self._redis = redis
        self._keys = keys
        self._runner = ScriptRunner(redis)
        self._cluster = is_cluster(redis)

    async def held(self, chains: Iterable[ChainId]) -> dict[ChainId, tuple[SnapshotId, str]]:
        """Return the snapshot and kind of each chain that has a pointer."""
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
        return await self._each("withdraw", chains)

    async def acknowledge(self, chains: Iterable[ChainId]) -> int:
        """Clear the recorded changes of kind of these chains; return how many there were."""
        return await self._each("acknowledge", chains)

    async def force(self, snapshot: SnapshotId, *, kind: str, hold_ms: int) -> bool:
        """Point a chain to a payload whatever its timestamp; return False, and do nothing, if data may be live."""
        chain, payload = snapshot.chain, self._keys.snapshot(snapshot)
        args: list[EncodableT] = [self._keys.snapshot_head(chain), payload, snapshot.ts_ms, kind, hold_ms]
        return await self._done([ScriptCall("force", self._pair(chain), args)]) == 1

    async def _each(self, name: ScriptName, chains: Iterable[ChainId]) -> int:
        wanted = list(chains)
        done = 0
        for start in range(0, len(wanted), _BATCH):
            batch = wanted[start : start + _BATCH]
            done += await self._done(
                [ScriptCall(name, self._pair(chain), [self._keys.snapshot_head(chain)]) for chain in batch]
            )
        return done

    async def _done(self, calls: list[ScriptCall]) -> int:
        """Return how many scripts had an effect; raise the first error."""
        replies = (await self._runner.run(calls)).calls
        for reply in replies:
            if isinstance(reply, Exception):
                raise unavailable(reply)
        return sum(reply == 1 for reply in replies)

    def _stamp(self, chain: ChainId, pointer: object) -> int | None:
        head = self._keys.snapshot_head(chain)
        text = pointer.decode("utf-8", "replace") if isinstance(pointer, bytes) else ""
        stamp = text.removeprefix(head)
        return int(stamp) if text.startswith(head) and stamp.isascii() and stamp.isdigit() else None

    def _pair(self, chain: ChainId) -> list[str]:
        return [self._keys.latest(chain), self._source(chain)]

    def _source(self, chain: ChainId) -> str:
        return self._keys.source(chain, cluster=self._cluster)
