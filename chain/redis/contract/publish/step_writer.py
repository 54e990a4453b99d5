"""Publishing in two steps: for a cluster, where payload and pointer are in different slots, and for taken keys."""

from collections.abc import Sequence

from msgspec import Struct
from redis.asyncio import Redis

from chain.model.keys import KeySchema
from chain.redis.connect.connection import redis_call
from chain.redis.contract.publish.draft import Draft
from chain.redis.contract.publish.reply import PutReply, WriteReply, WriteWord
from chain.redis.contract.scripts import Command, ScriptCall, ScriptRunner
from chain.thresholds import FUTURE_TOLERANCE_MS


class WriteTarget(Struct, frozen=True):
    """Where a publisher writes, and its kind of source, recorded for each chain unless empty.

    `live_mark` is a key that blocks its writes while it exists; None if nothing does.
    """

    keys: KeySchema
    kind: str = ""
    cluster: bool = False
    live_mark: str | None = None

    def guards(self, drafts: Sequence[Draft]) -> list[str]:
        """Return the keys that a script reads besides pointers and payloads: records, and the live mark."""
        if not self.kind:
            return []
        records = [self.keys.source(draft.snapshot.id.chain, cluster=self.cluster) for draft in drafts]
        return records if self.live_mark is None else [*records, self.live_mark]


class StepWriter:
    """Writes all payloads, then moves the pointers of those that were written."""

    def __init__(self, redis: Redis, runner: ScriptRunner, target: WriteTarget) -> None:
        self._redis = redis
        self._runner = runner
        self._target = target

    async def write(self, drafts: Sequence[Draft], ttl_ms: int) -> list[WriteReply]:
        """Write payloads and move their pointers; one reply each, in order. Raises RedisUnavailableError."""
        return await self.move(drafts, await self.put(drafts, ttl_ms))

    async def put(self, drafts: Sequence[Draft], ttl_ms: int) -> list[PutReply]:
        """Write payloads only."""
        calls = [ScriptCall("put_payload", [draft.payload], [ttl_ms, draft.body]) for draft in drafts]
        return [PutReply.parse(said) for said in (await self._runner.run(calls)).calls]

    async def renew(self, drafts: Sequence[Draft], ttl_ms: int) -> list[WriteReply]:
        """Extend the life of existing payloads, and set their pointers to the same deadlines."""
        calls = [ScriptCall("extend_payload", [draft.payload], [ttl_ms]) for draft in drafts]
        return await self.move(drafts, [PutReply.parse(said) for said in (await self._runner.run(calls)).calls])

    async def move(self, drafts: Sequence[Draft], puts: Sequence[PutReply]) -> list[WriteReply]:
        """Move the pointers of the payloads that were written."""
        ready = [(draft, put.deadline_ms) for draft, put in zip(drafts, puts, strict=True) if put.refused is None]
        moved = iter(await self._move(ready) if ready else [])
        return [next(moved) if put.refused is None else put.refused for put in puts]

    async def _move(self, written: Sequence[tuple[Draft, int]]) -> list[WriteReply]:
        """Move pointers to payloads with their deadlines, epoch ms, and check that all exist, in one request."""
        drafts = [draft for draft, _ in written]
        calls = [self._call(draft, deadline_ms) for draft, deadline_ms in written]
        said = await self._runner.run(calls, after=exists_each(drafts))
        replies = [WriteReply.parse(each) for each in said.calls]
        left = [
            draft
            for draft, reply in zip(drafts, replies, strict=True)
            if reply.word in (WriteWord.LIVE, WriteWord.FAILED)
        ]
        await take_back(self._redis, left)
        return [reply.seen(there) for reply, there in zip(replies, both_there(said.after), strict=True)]

    def _call(self, draft: Draft, deadline_ms: int) -> ScriptCall:
        keys = [draft.pointer, *self._target.guards([draft])]
        return ScriptCall("move_pointer", keys, [draft.payload, deadline_ms, FUTURE_TOLERANCE_MS, self._target.kind])


def exists_each(drafts: Sequence[Draft]) -> list[Command]:
    """Return the commands that check the pointer and the payload of each draft."""
    return [("EXISTS", key) for draft in drafts for key in (draft.pointer, draft.payload)]


def both_there(replies: Sequence[object]) -> list[bool]:
    """Return the result of those commands for each draft; if we may not ask, assume that both exist."""
    counts = [reply if isinstance(reply, int) else 1 for reply in replies]
    return [pair == (1, 1) for pair in zip(counts[::2], counts[1::2], strict=True)]


async def take_back(redis: Redis, drafts: Sequence[Draft]) -> None:
    """Delete payloads that no pointer names in the end; any that we may not delete will expire."""
    if not drafts:
        return
    look, pipe = redis.pipeline(transaction=False), redis.pipeline(transaction=False)
    for draft in drafts:
        look.get(draft.pointer)
    async with redis_call():
        for draft, held in zip(drafts, await look.execute(raise_on_error=False), strict=True):
            if not isinstance(held, Exception) and held != draft.payload.encode():
                pipe.delete(draft.payload)
        await pipe.execute(raise_on_error=False)
