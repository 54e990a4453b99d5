"""Publishing on one server: payloads, pointers and a check that all exist, in one request."""

from collections.abc import Sequence
from itertools import compress

from redis.asyncio import Redis
from redis.typing import EncodableT

from chain.redis.connect.causes import redis_cause
from chain.redis.connect.connection import redis_call
from chain.redis.contract.publish.draft import Draft
from chain.redis.contract.publish.reply import WriteReply, WriteWord
from chain.redis.contract.publish.step_writer import StepWriter, WriteTarget, both_there, exists_each, take_back
from chain.redis.contract.scripts import Command, ScriptCall, ScriptRunner
from chain.thresholds import FUTURE_TOLERANCE_MS


class NodeWriter:
    """Writes a whole batch at once; a payload whose key is taken is retried in steps, which show why."""

    def __init__(self, redis: Redis, runner: ScriptRunner, target: WriteTarget, steps: StepWriter) -> None:
        self._redis = redis
        self._runner = runner
        self._target = target
        self._steps = steps

    async def write(self, drafts: Sequence[Draft], ttl_ms: int) -> list[WriteReply]:
        """Write payloads and move their pointers; one reply each, in order. Raises RedisUnavailableError."""
        keys = [*(draft.pointer for draft in drafts), *(draft.payload for draft in drafts)]
        sets: list[Command] = [("SET", draft.payload, draft.body, "NX", "PX", ttl_ms) for draft in drafts]
        written, [moved], [there] = await self._runner.run(
            [self._call(keys, drafts)], before=sets, after=[("EXISTS", *keys)]
        )
        if isinstance(moved, Exception):
            await self._take_back(drafts, written)
            replies = [WriteReply(WriteWord.UNRUN, str(redis_cause(moved)))] * len(drafts)
        else:
            replies = [WriteReply.parse(word) for word in moved]
        unseen = there == len(keys) or isinstance(there, Exception)  # nothing is known to be missing
        if not unseen:
            looks = await self._look(drafts)
            replies = [reply.seen(look) for reply, look in zip(replies, looks, strict=True)]
        taken = [draft for draft, reply in zip(drafts, written, strict=True) if reply is None]
        exact = iter(await self._steps.write(taken, ttl_ms) if taken else [])
        return [
            next(exact) if put is None else WriteReply.parse(put) if isinstance(put, Exception) else reply
            for put, reply in zip(written, replies, strict=True)
        ]

    def _call(self, keys: Sequence[str], drafts: Sequence[Draft]) -> ScriptCall:
        lengths, tails = [len(draft.body) for draft in drafts], [draft.tail for draft in drafts]
        args: list[EncodableT] = [len(drafts), FUTURE_TOLERANCE_MS, self._target.kind, *lengths, *tails]
        return ScriptCall("publish", [*keys, *self._target.guards(drafts)], args)

    async def _take_back(self, drafts: Sequence[Draft], written: Sequence[object]) -> None:
        """Delete the payloads that this request wrote."""
        new = (reply is not None and not isinstance(reply, Exception) for reply in written)
        await take_back(self._redis, [*compress(drafts, new)])

    async def _look(self, drafts: Sequence[Draft]) -> list[bool]:
        pipe = self._redis.pipeline(transaction=False)
        for command in exists_each(drafts):
            pipe.execute_command(*command)
        async with redis_call():
            return both_there(await pipe.execute(raise_on_error=False))
