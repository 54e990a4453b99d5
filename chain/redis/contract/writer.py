"""The only code that writes contract keys: payload first, then the pointer, which moves forward only."""

from collections.abc import Sequence
from itertools import compress

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

from chain.errors import RedisUnavailableError
from chain.model.keys import KeySchema
from chain.model.kinds import is_recorded
from chain.model.snapshot import Snapshot
from chain.redis.connect.causes import redis_cause
from chain.redis.connect.connection import is_cluster, raise_if_lost, redis_call
from chain.redis.contract.draft import Answer, Draft, PublishResult
from chain.redis.contract.scripts import MOVE, MOVE_ALL, PUT
from chain.redis.server.info import parse_version
from chain.thresholds import FUTURE_TOLERANCE_MS

_BUMPS = 8  # how often a millisecond already taken by other bytes is stepped over
_OLDEST = (6, 2)  # the first Redis whose SET takes a deadline
_TRY_SCRIPT = "return 1"


class Writer:
    """Publishes snapshots under one prefix. Every call is bounded in time and raises RedisUnavailableError."""

    def __init__(self, redis: Redis, keys: KeySchema, *, kind: str = "", among_live: bool = False) -> None:
        """`kind` and `among_live` as for Store."""
        self._redis = redis
        self._keys = keys
        self._kind = kind
        self.apart = is_cluster(redis)
        gives_way = is_recorded(kind) and not among_live and not self.apart
        self._mark = [keys.live()] if gives_way else []
        self._able = False  # whether this Redis was found to run scripts

    async def publish(self, snapshots: Sequence[Snapshot], ttl_s: float) -> list[PublishResult]:
        """Write payloads and move their pointers; one outcome each, in order. One round trip where nothing clashes.

        The deadline is of Redis's own clock. Writing again after a lost reply changes nothing: a payload is never
        rewritten, and its pointer is set to where it already stands. A millisecond whose key holds other bytes is
        stepped over. Where Redis cannot move a pointer safely, nothing is written at all.
        """
        drafts = [Draft.of(snapshot, self._keys) for snapshot in snapshots]
        if drafts and not self._able and (why := await self._unable(drafts[0])):
            return [draft.failed(draft.refusal or why) for draft in drafts]
        ends = [draft.failed(draft.refusal) if draft.refusal else None for draft in drafts]
        send = self._send_apart if self.apart else self._send
        for _ in range(1 + _BUMPS):
            waiting = [at for at, end in enumerate(ends) if end is None]
            if not waiting:
                break
            answers = await send([drafts[at] for at in waiting], round(ttl_s * 1000))
            for at, answer in zip(waiting, answers, strict=True):
                ends[at] = drafts[at].ended(answer)
                if ends[at] is None:
                    drafts[at] = drafts[at].later(self._keys)
        taken = "every millisecond tried holds another snapshot"
        return [end or draft.failed(taken) for draft, end in zip(drafts, ends, strict=True)]

    async def _unable(self, draft: Draft) -> str:
        """Return why this Redis cannot publish, asked before anything is written; empty where it can."""
        pipe = self._redis.pipeline(transaction=False)
        pipe.eval(_TRY_SCRIPT, 1, draft.pointer)
        async with redis_call():
            [reply] = raise_if_lost(await pipe.execute(raise_on_error=False))
        if isinstance(reply, Exception):
            return f"{redis_cause(reply, 'EVAL').sentence}: publishing needs it to move pointers forward only"
        version = await self._version()
        self._able = version >= _OLDEST
        told = ".".join(map(str, version))
        return "" if self._able else f"publishing needs Redis {_OLDEST[0]}.{_OLDEST[1]}: this one is {told}"

    async def _version(self) -> tuple[int, ...]:
        """Return the version that this Redis says it is compatible with; the oldest that will do where it says none."""
        try:
            async with redis_call():
                info = await self._redis.info("server")
        except RedisUnavailableError:
            return _OLDEST
        return parse_version(info.get("redis_version", ""))

    async def _send(self, drafts: Sequence[Draft], ttl_ms: int) -> list[Answer]:
        """Write every payload, move every pointer and look that all are there, in one request."""
        wanted = [key for draft in drafts for key in (draft.pointer, draft.payload)]
        pipe = self._redis.pipeline(transaction=False)
        for draft in drafts:
            pipe.execute_command("SET", draft.payload, draft.body, "NX", "PX", ttl_ms)
        guards = [*map(self._source, drafts), *self._mark] if self._kind else []
        head = (FUTURE_TOLERANCE_MS, len(drafts), self._kind)
        marks = (part for draft in drafts for part in draft.marks)
        pipe.eval(MOVE_ALL, len(wanted) + len(guards), *wanted, *guards, *head, *marks)
        pipe.exists(*wanted)
        async with redis_call():
            *written, moved, there = await pipe.execute(raise_on_error=False)
        words = moved if isinstance(moved, list) else [moved] * len(drafts)
        if isinstance(moved, Exception):
            self._able = False  # a proxy or another server may stand there now: ask again before the next
            new = (reply is not None and not isinstance(reply, Exception) for reply in written)
            await self._take_back([*compress(drafts, new)])
        unseen = there == len(wanted) or isinstance(there, Exception)  # nothing is known to be gone
        looks = [True] * len(drafts) if unseen else await self._look(drafts)
        taken = [draft for draft, reply in zip(drafts, written, strict=True) if reply is None]
        exact = iter(await self._send_apart(taken, ttl_ms) if taken else [])
        return [
            next(exact) if reply is None else (reply if isinstance(reply, Exception) else word, look)
            for reply, word, look in zip(written, words, looks, strict=True)
        ]

    async def _send_apart(self, drafts: Sequence[Draft], ttl_ms: int) -> list[Answer]:
        """Write every payload, and then move the pointers of those that were written."""
        pipe = self._redis.pipeline(transaction=False)
        for draft in drafts:
            pipe.eval(PUT, 1, draft.payload, ttl_ms, draft.body)
        async with redis_call():
            deadlines = await pipe.execute(raise_on_error=False)
        return await self.move(drafts, deadlines)

    async def move(self, drafts: Sequence[Draft], deadlines: Sequence[object]) -> list[Answer]:
        """Move pointers; `deadlines`: epoch ms of each payload, negative where other bytes are there, or an error."""
        answers: list[Answer] = [("clash" if end == -1 else end, True) for end in deadlines]
        ready = [
            (at, draft, end)
            for at, (draft, end) in enumerate(zip(drafts, deadlines, strict=True))
            if isinstance(end, int) and end > 0
        ]
        pipe = self._redis.pipeline(transaction=False)
        for _, draft, deadline in ready:
            wanted = [draft.pointer, *([self._source(draft)] if self._kind else []), *self._mark]
            pipe.eval(
                MOVE, len(wanted), *wanted, *draft.marks[:2], FUTURE_TOLERANCE_MS, draft.payload, deadline, self._kind
            )
        words, looks = await self._execute(pipe, [draft for _, draft, _ in ready])
        for (at, *_), word, look in zip(ready, words, looks, strict=True):
            answers[at] = (word, look)
        left = (word == b"live" or isinstance(word, Exception) for word in words)
        await self._take_back([draft for _, draft, _ in compress(ready, left)])
        return answers

    def _source(self, draft: Draft) -> str:
        return self._keys.source(draft.snapshot.id.chain, cluster=self.apart)

    async def _take_back(self, drafts: Sequence[Draft]) -> None:
        """Delete payloads to which no pointer leads in the end; what may not be deleted runs out by itself."""
        if not drafts:
            return
        look, pipe = self._redis.pipeline(transaction=False), self._redis.pipeline(transaction=False)
        for draft in drafts:
            look.get(draft.pointer)
        async with redis_call():
            for draft, held in zip(drafts, await look.execute(raise_on_error=False), strict=True):
                if not isinstance(held, Exception) and held != draft.payload.encode():
                    pipe.delete(draft.payload)
            await pipe.execute(raise_on_error=False)

    async def _look(self, drafts: Sequence[Draft]) -> list[bool]:
        """Return whether pointer and payload are there, of each draft."""
        return (await self._execute(self._redis.pipeline(transaction=False), drafts))[1]

    async def _execute(self, pipe: Pipeline, drafts: Sequence[Draft]) -> tuple[list[object], list[bool]]:
        """Return a pipeline's replies, and whether each draft's pointer and payload are there after it."""
        size = len(pipe)
        for draft in drafts:
            pipe.exists(draft.pointer)
            pipe.exists(draft.payload)
        async with redis_call():
            replies = await pipe.execute(raise_on_error=False) if drafts else []
        looks = [
            reply if isinstance(reply, int) else 1 for reply in replies[size:]
        ]  # who may not look assumes the best
        return replies[:size], [pair == (1, 1) for pair in zip(looks[::2], looks[1::2], strict=True)]
