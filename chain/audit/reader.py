"""Looks at one prefix of one Redis for an auditor, with commands that only read."""

import math
from collections.abc import Sequence

from redis.asyncio import Redis

from chain.audit.audit import Auditor
from chain.audit.pointer import PointerSeen, follow
from chain.clock import Clock
from chain.errors import OversizedError, RedisUnavailableError
from chain.model.keys import ChainId, SnapshotId
from chain.monitor.messages.services import services_under
from chain.redis.connect.causes import REFUSALS
from chain.redis.contract.inspection import BATCH, Inspector
from chain.redis.contract.scan import PointerScan

REREAD_BYTES = 512 * 1024  # of payloads a look, so that a busy Redis hardly feels the watch
PTTL_TOLERANCE_MS = 10  # two PTTL in one pipeline are not answered in the same instant
_MAX_POINTERS = 5_000


class AuditReader:
    """Reads for an auditor. Every call is bounded in time and raises RedisUnavailableError."""

    def __init__(self, redis: Redis, auditor: Auditor, clock: Clock) -> None:
        self._clock = clock
        self._auditor = auditor
        self._keys = auditor.keys
        self._redis = Inspector(redis, auditor.keys)
        self._scan = PointerScan(redis, auditor.keys, most=_MAX_POINTERS)

    async def discover(self, within_s: float = math.inf) -> bool:
        """Find pointer keys by their pattern; payload keys are learned from pointers alone.

        Goes on where it ended, until all keys were seen or for so many seconds; returns whether all were.
        """
        began, now_ms, over = self._clock.monotonic(), await self._now_ms(), False
        while not over:
            try:
                keys, over = await self._scan.pointer_keys()
            except RedisUnavailableError as error:
                if error.code not in REFUSALS:
                    raise
                self._auditor.on_refusal(f"cannot discover chains: {error}")
                return True
            self._auditor.found(sorted(keys), now_ms)
            if not over and self._clock.monotonic() - began >= within_s:
                return False
        return True

    async def poll(self, reread_bytes: float = REREAD_BYTES) -> None:
        """Read heartbeats, every pointer, payloads not read yet, and known ones again up to so many bytes.

        What may have come of a move between two reads is read once more and judged by that.
        """
        self._auditor.on_heartbeats(await self._redis.heartbeats(services_under(self._keys)))
        seen = await self._pointers(self._auditor.chains)
        if suspects := [pointer.chain for pointer in seen if pointer.suspect]:
            again = {pointer.chain: pointer for pointer in await self._pointers(suspects)}
            seen = [again.get(pointer.chain, pointer) for pointer in seen]
        due = self._auditor.due(reread_bytes)
        self._auditor.on_poll(seen, await self._now_ms())
        await self._payloads([*self._auditor.wanted(), *due])

    async def _pointers(self, chains: Sequence[ChainId]) -> list[PointerSeen]:
        """Read both deadlines of each pointer between two reads of its value; one that moved was not followed."""
        before = await self._redis.values(chains)
        targets = [follow(self._keys, chain, value) for chain, value in zip(chains, before, strict=True)]
        now_ms = 0 if await self._redis.exact() else await self._now_ms()
        found = await self._redis.pointers([*zip(chains, targets, strict=True)])
        seen: list[PointerSeen] = []
        for chain, target, first, key in zip(chains, targets, before, found, strict=True):
            steady = target is not None and key.value == first
            seen.append(
                PointerSeen(
                    chain,
                    key.value,
                    _epoch(key.end, now_ms),
                    _epoch(key.payload_end, now_ms) if steady else None,
                    tolerance_ms=PTTL_TOLERANCE_MS if now_ms else 1,
                )
            )
        return seen

    async def _payloads(self, wanted: Sequence[SnapshotId]) -> None:
        """Read payloads, never more bytes of one than the limit and one."""
        for start in range(0, len(wanted), BATCH):
            batch = wanted[start : start + BATCH]
            try:
                await self._read(batch)
            except OversizedError:
                for one in batch:
                    await self._read([one])

    async def _read(self, batch: Sequence[SnapshotId]) -> None:
        payloads, now_ms = await self._redis.payloads(batch), await self._now_ms()
        for snapshot, (raw, gone) in zip(batch, payloads, strict=True):
            if gone:
                self._auditor.gone(snapshot)
            else:
                self._auditor.read(snapshot, raw, now_ms)

    async def _now_ms(self) -> int:
        """Return Redis's time, or this machine's where Redis may not be asked, which the audit then says."""
        try:
            return await self._redis.now_ms()
        except RedisUnavailableError as error:
            if error.code not in REFUSALS:
                raise
            self._auditor.on_refusal(f"times are by this machine's clock: {error}")
            return self._clock.wall_ns() // 1_000_000


def _epoch(end: int, now_ms: int) -> int:
    """Return a deadline in epoch ms, or one of the two codes below zero."""
    return end + now_ms if end >= 0 else end
