"""The auditor's eyes: looks at one prefix of one Redis with commands that only read."""

import math
from collections.abc import Sequence

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from chain.audit.audit import Auditor
from chain.audit.pointer import NO_KEY, PointerSeen, follow
from chain.clock import Clock
from chain.errors import OversizedError, RedisUnavailableError
from chain.model.keys import ChainId, SnapshotId, heartbeat_key
from chain.model.snapshot import MAX_PAYLOAD_BYTES
from chain.monitor.heartbeat import SERVICES
from chain.redis.connect.budget import DEFAULT_BYTES
from chain.redis.connect.causes import REFUSALS
from chain.redis.connect.connection import redis_call, unavailable
from chain.redis.contract.glance import BESIDE_BYTES, POINTER_BYTES
from chain.redis.contract.scan import PointerScan

REREAD_BYTES = 512 * 1024  # of payloads a look, so that a busy Redis hardly feels the watch
PTTL_TOLERANCE_MS = 10  # two PTTL in one pipeline are not answered in the same instant
_MAX_POINTERS = 5_000
_BATCH = 16  # payloads a round trip
_BATCH_BYTES = 2 * MAX_PAYLOAD_BYTES  # of them together; beyond it, they are read one by one
_EXACT = "PEXPIRETIME"  # a deadline's exact word; Redis has it since 7.0, and not every user may say it

Command = tuple[str | int, ...]


class AuditReader:
    """Reads for an auditor. Every call is bounded in time and raises RedisUnavailableError."""

    def __init__(self, redis: Redis, auditor: Auditor, clock: Clock) -> None:
        self._clock = clock
        self._redis = redis
        self._auditor = auditor
        self._keys = auditor.keys
        self._scan = PointerScan(redis, auditor.keys, most=_MAX_POINTERS)
        self._ends = ""  # the command that tells deadlines; empty until tried

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
                self._auditor.limit(f"cannot discover chains: {error}")
                return True
            self._auditor.found(sorted(keys), now_ms)
            if not over and self._clock.monotonic() - began >= within_s:
                return False
        return True

    async def look(self, reread_bytes: float = REREAD_BYTES) -> None:
        """Read heartbeats, every pointer, payloads not read yet, and known ones again up to so many bytes.

        What may have come of a move between two reads is read once more and judged by that.
        """
        await self._hear()
        seen = await self._pointers(self._auditor.chains)
        if suspects := [pointer.chain for pointer in seen if pointer.suspect]:
            again = {pointer.chain: pointer for pointer in await self._pointers(suspects)}
            seen = [again.get(pointer.chain, pointer) for pointer in seen]
        due = self._auditor.due(reread_bytes)
        self._auditor.look(seen, await self._now_ms())
        await self._payloads([*self._auditor.wanted(), *due])

    async def _hear(self) -> None:
        keys = [heartbeat_key(service) for service in SERVICES]
        replies = await self._ask([("GETRANGE", key, 0, BESIDE_BYTES) for key in keys])
        self._auditor.hear({key: _bytes(reply) or None for key, reply in zip(keys, replies, strict=True)})

    async def _pointers(self, chains: Sequence[ChainId]) -> list[PointerSeen]:
        """Read both deadlines of each pointer between two reads of its value; one that moved was not followed."""
        keys = [self._keys.latest(chain) for chain in chains]
        before = [_bytes(reply) for reply in await self._ask([_value(key) for key in keys])]
        targets = [follow(self._keys, chain, value) for chain, value in zip(chains, before, strict=True)]
        ends, now_ms = await self._deadlines()
        asked: list[Command] = []
        for key, target in zip(keys, targets, strict=True):
            asked += [(ends, key), (ends, self._keys.snapshot(target) if target else key), _value(key)]
        replies = await self._ask(asked)
        seen: list[PointerSeen] = []
        for at, (chain, target) in enumerate(zip(chains, targets, strict=True)):
            deadline, payload_deadline, after = replies[3 * at : 3 * at + 3]
            steady = target is not None and _bytes(after) == before[at]
            seen.append(
                PointerSeen(
                    chain,
                    _bytes(after),
                    _epoch(deadline, now_ms),
                    _epoch(payload_deadline, now_ms) if steady else None,
                    tolerance_ms=PTTL_TOLERANCE_MS if now_ms else 1,
                )
            )
        return seen

    async def _payloads(self, wanted: Sequence[SnapshotId]) -> None:
        """Read payloads, never more bytes of one than the limit and one."""
        ends, _ = await self._deadlines()
        for start in range(0, len(wanted), _BATCH):
            batch = wanted[start : start + _BATCH]
            try:
                await self._read(batch, ends)
            except OversizedError:
                for one in batch:
                    await self._read([one], ends)

    async def _read(self, batch: Sequence[SnapshotId], ends: str) -> None:
        asked: list[Command] = []
        for key in map(self._keys.snapshot, batch):
            asked += [("GETRANGE", key, 0, MAX_PAYLOAD_BYTES), (ends, key)]
        replies, now_ms = await self._ask(asked, most=_BATCH_BYTES), await self._now_ms()
        for snapshot_id, raw, deadline in zip(batch, replies[::2], replies[1::2], strict=True):
            if deadline == NO_KEY and not raw:
                self._auditor.gone(snapshot_id)
            else:
                self._auditor.read(snapshot_id, _bytes(raw), now_ms)

    async def _deadlines(self) -> tuple[str, int]:
        """Return the command that tells deadlines, and the epoch ms from which it counts."""
        if not self._ends:
            async with redis_call():
                try:
                    await self._redis.pexpiretime(f"{self._keys.prefix}:chain:latest")
                    self._ends = _EXACT
                except ResponseError:
                    self._ends = "PTTL"
        return self._ends, 0 if self._ends == _EXACT else await self._now_ms()

    async def _now_ms(self) -> int:
        """Return Redis's time, or this machine's where Redis may not be asked, which the audit then says."""
        try:
            async with redis_call():
                seconds, micros = await self._redis.time()
        except RedisUnavailableError as error:
            if error.code not in REFUSALS:
                raise
            self._auditor.limit(f"times are by this machine's clock: {error}")
            return self._clock.wall_ns() // 1_000_000
        return int(seconds) * 1000 + int(micros) // 1000

    async def _ask(self, commands: Sequence[Command], most: int = DEFAULT_BYTES) -> list[object]:
        """Return the replies, that a key is of another type among them; any other refusal is no answer."""
        if not commands:
            return []
        pipe = self._redis.pipeline(transaction=False)
        for command in commands:
            pipe.execute_command(*command)
        async with redis_call(most=most):
            replies: list[object] = await pipe.execute(raise_on_error=False)
        for reply in replies:
            if isinstance(reply, Exception) and "WRONGTYPE" not in str(reply):
                raise unavailable(reply)
        return replies


def _value(key: str) -> Command:
    return ("GETRANGE", key, 0, POINTER_BYTES)


def _bytes(reply: object) -> bytes | None:
    """Return a string's bytes; None where the key is of another type."""
    return reply if isinstance(reply, bytes) else None


def _epoch(reply: object, now_ms: int) -> int:
    """Return a deadline in epoch ms, or one of the two codes below zero."""
    assert isinstance(reply, int)
    return reply + now_ms if reply >= 0 else reply
