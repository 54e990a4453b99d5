"""Publishing snapshots: payload first, then the pointer, which moves forward only."""

from collections.abc import Sequence
from typing import Protocol

from redis.asyncio import Redis

from chain.errors import RedisUnavailableError
from chain.model.keys import KeySchema
from chain.model.kinds import is_recorded
from chain.model.snapshot import EncodedSnapshot, Snapshot, SnapshotHeader
from chain.redis.connect.causes import redis_cause
from chain.redis.connect.connection import is_cluster, raise_if_lost, redis_call
from chain.redis.contract.publish.draft import Draft, PublishResult
from chain.redis.contract.publish.node_writer import NodeWriter
from chain.redis.contract.publish.reply import WriteReply, WriteWord
from chain.redis.contract.publish.step_writer import StepWriter, WriteTarget
from chain.redis.contract.scripts import ScriptCall, ScriptRunner
from chain.redis.server.info import parse_version

_BUMPS = 8  # how many milliseconds taken by other bytes are skipped
_OLDEST = (6, 2)  # the first Redis whose SET accepts a deadline
_TAKEN = "every millisecond tried holds another snapshot"
_TAKEN_AS_GIVEN = "other bytes stand at its millisecond"


class BatchWriter(Protocol):
    """Sends drafts to one kind of Redis."""

    async def write(self, drafts: Sequence[Draft], ttl_ms: int) -> list[WriteReply]:
        """Write payloads and move their pointers; one reply each, in order. Raises RedisUnavailableError."""
        ...


class SnapshotWriter:
    """Publishes snapshots under one prefix. Every call is bounded in time and raises RedisUnavailableError."""

    def __init__(
        self, redis: Redis, keys: KeySchema, runner: ScriptRunner, steps: StepWriter, batch: BatchWriter | None = None
    ) -> None:
        """`runner`, `steps` and `batch` of one Redis, chosen by `snapshot_writer`; without `batch`, all in steps."""
        self._redis = redis
        self._keys = keys
        self._runner = runner
        self._steps = steps
        self._batch = batch or steps
        self._able = False  # whether this Redis is known to run scripts

    async def publish(self, snapshots: Sequence[Snapshot | EncodedSnapshot], ttl_s: float) -> list[PublishResult]:
        """Write payloads and move their pointers; one outcome each, in order. One round trip unless keys are taken.

        Deadlines are by Redis's own clock. Writing again after a lost reply changes nothing: a payload is never
        rewritten, and its pointer is set to its present value. A millisecond whose key holds other bytes is
        skipped; a snapshot with fixed bytes fails there. If Redis cannot move a pointer safely, nothing is
        written at all.
        """
        drafts = [Draft.from_snapshot(snapshot, self._keys) for snapshot in snapshots]
        if drafts and not self._able and (why := await self._unable(drafts[0])):
            return [draft.failed(draft.refusal or why) for draft in drafts]
        ends = [draft.failed(draft.refusal) if draft.refusal else None for draft in drafts]
        for _ in range(1 + _BUMPS):
            waiting = [at for at, end in enumerate(ends) if end is None]
            if not waiting:
                break
            replies = await self._batch.write([drafts[at] for at in waiting], round(ttl_s * 1000))
            if any(reply.word is WriteWord.UNRUN for reply in replies):
                self._able = False  # there may be another server or a proxy now: check again before the next
            for at, reply in zip(waiting, replies, strict=True):
                ends[at] = drafts[at].ended(reply)
                if ends[at] is None:
                    later = drafts[at].later(self._keys)
                    drafts[at], ends[at] = later or drafts[at], None if later else drafts[at].failed(_TAKEN_AS_GIVEN)
        return [end or draft.failed(_TAKEN) for draft, end in zip(drafts, ends, strict=True)]

    async def renew(self, snapshots: Sequence[SnapshotHeader], ttl_s: float) -> list[PublishResult]:
        """Extend the life of published snapshots from now: payloads first, then pointers, to the same deadline.

        A pointer to a newer snapshot stays; a deleted one is restored. If the
        payload is gone, it fails and must be published again.
        """
        drafts = [Draft.written(snapshot, self._keys) for snapshot in snapshots]
        replies = await self._steps.renew(drafts, round(ttl_s * 1000)) if drafts else []
        ends = [draft.ended(reply) for draft, reply in zip(drafts, replies, strict=True)]
        return [end or draft.failed(_TAKEN_AS_GIVEN) for draft, end in zip(drafts, ends, strict=True)]

    async def _unable(self, draft: Draft) -> str:
        """Return why this Redis cannot be published to, checked before anything is written; "" if it can."""
        nothing = ScriptCall("nothing", [draft.pointer])
        # With its source: a user who may run only loaded scripts could not publish after a restart of Redis.
        [reply] = raise_if_lost([await self._runner.run_whole(nothing)])
        if isinstance(reply, Exception):
            return f"{redis_cause(reply, 'EVAL').sentence}: publishing needs it to move pointers forward only"
        await self._runner.run([nothing])  # which also detects whether digests are accepted
        version = await self._version()
        self._able = version >= _OLDEST
        told = ".".join(map(str, version))
        return "" if self._able else f"publishing needs Redis {_OLDEST[0]}.{_OLDEST[1]}: this one is {told}"

    async def _version(self) -> tuple[int, ...]:
        """Return the version this Redis reports; the oldest sufficient one if it reports none."""
        try:
            async with redis_call():
                info = await self._redis.info("server")
        except RedisUnavailableError:
            return _OLDEST
        return parse_version(info.get("redis_version", ""))


def snapshot_writer(redis: Redis, keys: KeySchema, *, kind: str = "", among_live: bool = False) -> SnapshotWriter:
    """Return the writer for a Redis, one server or a cluster.

    `kind` of source is recorded with the snapshots, unless empty. Recorded and
    invented kinds leave every chain that may be live alone, and all of them while a live publisher is there, unless
    they are to publish `among_live`.
    """
    runner, cluster = ScriptRunner(redis), is_cluster(redis)
    gives_way = is_recorded(kind) and not among_live and not cluster
    target = WriteTarget(keys, kind, cluster=cluster, live_mark=keys.live() if gives_way else None)
    steps = StepWriter(redis, runner, target)
    return SnapshotWriter(redis, keys, runner, steps, None if cluster else NodeWriter(redis, runner, target, steps))
