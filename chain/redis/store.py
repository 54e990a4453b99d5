"""The only code that reads or writes contract keys: publish whole, move the pointer forward, resolve through it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

from chain.errors import OversizedError
from chain.model.keys import ChainId, Names, SnapshotId
from chain.model.snapshot import MAX_PAYLOAD_BYTES, Snapshot
from chain.redis.causes import redis_cause
from chain.redis.connection import bounded, heard, is_cluster
from chain.redis.draft import MOVE, MOVE_ALL, PUT, Answer, Draft, Outcome
from chain.redis.glance import POINTER_BYTES, Glance
from chain.redis.kinds import RECORD_BYTES, KindRecord, parse_record
from chain.redis.scan import PointerScan
from chain.redis.stream import StreamSigns
from chain.thresholds import FUTURE_TOLERANCE_MS

_FETCH_BATCH = 16  # payloads a round trip: bounds memory when hundreds move at once
_FETCH_BYTES = 2 * MAX_PAYLOAD_BYTES  # of a batch together; beyond it, they are read one by one
_BUMPS = 8  # how often a millisecond already taken by other bytes is stepped over


@dataclass(frozen=True, slots=True)
class Poll:
    """One reading of pointers and of what stands beside them; values as Redis holds them."""

    pointers: Mapping[ChainId, bytes | None]
    beside: Mapping[str, bytes | None]
    stream: StreamSigns
    payloads: int  # how many of the payloads asked about exist


@dataclass(frozen=True, slots=True)
class Payload:
    """One payload as read: `raw` None where the key is gone; `ttl_ms` of the pointer, None where it has no expiry."""

    raw: bytes | None
    ttl_ms: int | None
    error: str = ""
    record: KindRecord = field(default_factory=KindRecord)


class Store:
    """Contract keys under one prefix on one Redis. Every call is bounded in time and raises RedisUnavailableError."""

    def __init__(self, redis: Redis, names: Names, *, kind: str = "", among_live: bool = False) -> None:
        """`kind` of the source whose snapshots are published, recorded beside them; empty records nothing.

        Recorded and invented kinds leave every chain that may be live alone, and all of them while a live publisher is
        there, unless they are to publish `among_live`.
        """
        self._redis = redis
        self._kind = kind
        self._among_live = among_live
        self._apart = is_cluster(redis)
        self._glance = Glance(redis)
        self._asked: list[ChainId] = []  # the chains of the last poll, and their keys: they seldom change
        self._pointers: list[str] = []
        self.names = names

    async def publish(self, snapshots: Sequence[Snapshot], ttl_s: float) -> list[Outcome]:
        """Write payloads and move their pointers; one outcome each, in order. One round trip where nothing clashes.

        The deadline is of Redis's own clock. Writing again after a lost reply changes nothing: a payload is never
        rewritten, and its pointer is set to where it already stands. A millisecond whose key holds other bytes is
        stepped over.
        """
        drafts = [Draft.of(snapshot, self.names) for snapshot in snapshots]
        ends = [draft.failed(draft.refusal) if draft.refusal else None for draft in drafts]
        send = self._send_apart if self._apart else self._send
        for _ in range(1 + _BUMPS):
            waiting = [at for at, end in enumerate(ends) if end is None]
            if not waiting:
                break
            answers = await send([drafts[at] for at in waiting], round(ttl_s * 1000))
            for at, answer in zip(waiting, answers, strict=True):
                ends[at] = drafts[at].ended(answer)
                if ends[at] is None:
                    drafts[at] = drafts[at].later(self.names)
        taken = "every millisecond tried holds another snapshot"
        return [end or draft.failed(taken) for draft, end in zip(drafts, ends, strict=True)]

    async def _send(self, drafts: Sequence[Draft], ttl_ms: int) -> list[Answer]:
        """Write every payload, move every pointer and look that all are there, in one request."""
        keys = [key for draft in drafts for key in (draft.pointer, draft.payload)]
        pipe = self._redis.pipeline(transaction=False)
        for draft in drafts:
            pipe.execute_command("SET", draft.payload, draft.body, "NX", "PX", ttl_ms)
        guards = [*map(self._source, drafts), self.names.live()] if self._kind else []
        head = (FUTURE_TOLERANCE_MS, len(drafts), self._kind, int(self._among_live))
        marks = (part for draft in drafts for part in draft.marks)
        pipe.eval(MOVE_ALL, len(keys) + len(guards), *keys, *guards, *head, *marks)
        pipe.exists(*keys)
        async with bounded():
            *written, moved, there = await pipe.execute(raise_on_error=False)
        words = moved if isinstance(moved, list) else [moved] * len(drafts)
        looks = [True] * len(drafts) if there == len(keys) else await self._look(drafts)
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
        async with bounded():
            deadlines = await pipe.execute(raise_on_error=False)
        return await self._move(drafts, deadlines)

    async def _move(self, drafts: Sequence[Draft], deadlines: Sequence[object]) -> list[Answer]:
        """Move pointers; `deadlines`: epoch ms of each payload, negative where other bytes are there, or an error."""
        answers: list[Answer] = [("clash" if end == -1 else end, True) for end in deadlines]
        ready = [
            (at, draft, end)
            for at, (draft, end) in enumerate(zip(drafts, deadlines, strict=True))
            if isinstance(end, int) and end > 0
        ]
        guard = [] if self._apart or self._among_live or not self._kind else [self.names.live()]
        pipe = self._redis.pipeline(transaction=False)
        for _, draft, deadline in ready:
            keys = [draft.pointer, *([self._source(draft)] if self._kind else []), *guard]
            pipe.eval(
                MOVE, len(keys), *keys, *draft.marks[:2], FUTURE_TOLERANCE_MS, draft.payload, deadline, self._kind
            )
        words, looks = await self._execute(pipe, [draft for _, draft, _ in ready])
        for (at, *_), word, look in zip(ready, words, looks, strict=True):
            answers[at] = (word, look)
        await self._take_back([draft for (_, draft, _), word in zip(ready, words, strict=True) if word == b"live"])
        return answers

    def _source(self, draft: Draft) -> str:
        return self.names.source(draft.snapshot.id.chain, cluster=self._apart)

    async def _take_back(self, drafts: Sequence[Draft]) -> None:
        """Delete payloads that may not be pointed to."""
        pipe = self._redis.pipeline(transaction=False)
        for draft in drafts:
            pipe.delete(draft.payload)
        if drafts:
            async with bounded():
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
        async with bounded():
            replies = await pipe.execute(raise_on_error=False) if drafts else []
        looks = replies[size:]
        return replies[:size], [pair == (1, 1) for pair in zip(looks[::2], looks[1::2], strict=True)]

    async def poll(self, chains: Sequence[ChainId], beside: Sequence[str] = (), payloads: Sequence[bytes] = ()) -> Poll:
        """Read every pointer, the named keys beside them and the stream's activity in one round trip.

        `payloads`, their keys as pointers gave them, are counted, not read: one that is gone while its pointer stands
        was evicted. A value beyond its limit comes as its beginning, one byte longer than the limit.
        """
        if chains != self._asked:
            self._asked, self._pointers = list(chains), [*map(self.names.latest, chains)]
        seen = await self._glance.look(self._pointers, beside, payloads)
        pointers = dict(zip(chains, seen.values, strict=False))
        rest = dict(zip(beside, seen.values[len(chains) :], strict=True))
        return Poll(pointers, rest, seen.stream, seen.there)

    async def recheck(self, snapshots: Sequence[SnapshotId]) -> list[tuple[bytes | None, bool]]:
        """Return, for each snapshot, its chain's pointer read anew and whether the payload exists."""
        pipe = self._redis.pipeline(transaction=False)
        for snapshot in snapshots:
            pipe.getrange(self.names.latest(snapshot.chain), 0, POINTER_BYTES)
            pipe.exists(self.names.snapshot(snapshot))
        async with bounded():
            replies = heard(await pipe.execute(raise_on_error=False))
        return [
            (pointer if isinstance(pointer, bytes) and pointer else None, there == 1)
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
        """Read payloads, their pointers' time left and their kinds; never more of one than the limit and a byte."""
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
            pipe.getrange(self.names.snapshot(snapshot), 0, MAX_PAYLOAD_BYTES)
            pipe.pttl(self.names.latest(snapshot.chain))
            pipe.getrange(self.names.source(snapshot.chain, cluster=self._apart), 0, RECORD_BYTES)
        async with bounded(most=_FETCH_BYTES):
            replies = heard(await pipe.execute(raise_on_error=False))
        answers = zip(batch, replies[::3], replies[1::3], replies[2::3], strict=True)
        return [_payload(raw, ttl, parse_record(record, of.ts_ms)) for of, raw, ttl, record in answers]

    async def _tell_gone(self, snapshots: Sequence[SnapshotId], found: list[Payload]) -> list[Payload]:
        """Tell a payload that is gone from one that is empty: GETRANGE reads both alike."""
        doubtful = [at for at, payload in enumerate(found) if payload.raw == b""]
        if not doubtful:
            return found
        pipe = self._redis.pipeline(transaction=False)
        for at in doubtful:
            pipe.exists(self.names.snapshot(snapshots[at]))
        async with bounded():
            replies = heard(await pipe.execute(raise_on_error=False))
        for at, there in zip(doubtful, replies, strict=True):
            if there == 0:
                found[at] = replace(found[at], raw=None)
        return found

    async def discover(self) -> set[ChainId]:
        """Return the chains that have a pointer. For publishers that announce nothing; payload keys are not scanned."""
        scan, found, over = PointerScan(self._redis, self.names), set[ChainId](), False
        while not over:
            more, over = await scan.step()
            found |= more
        return found


def _payload(raw: object, ttl: object, record: KindRecord) -> Payload:
    ttl_ms = ttl if isinstance(ttl, int) and ttl >= 0 else None
    if isinstance(raw, Exception):
        return Payload(None, ttl_ms, f"payload key: {redis_cause(raw)}", record)
    return Payload(raw if isinstance(raw, bytes) else None, ttl_ms, record=record)
