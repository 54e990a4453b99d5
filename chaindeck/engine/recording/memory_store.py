"""Chains in memory in place of a Redis: what a publisher writes there, a watcher of the same process is answered."""

from collections.abc import Sequence
from typing import NamedTuple, assert_never

from chain.clock import Clock, Instant
from chain.model.keys import ChainId, KeySchema, heartbeat_key
from chain.model.snapshot import EncodedSnapshot, Snapshot
from chain.monitor.discovery import Search
from chain.monitor.heartbeat import Heartbeat
from chain.monitor.watch.port import (
    Answer,
    FetchAnswer,
    FetchRequest,
    PollAnswer,
    PollRequest,
    RecheckAnswer,
    RecheckRequest,
    Request,
)
from chain.redis.contract.kinds import KindRecord
from chain.redis.contract.publish.draft import Draft, PublishResult, PublishVerdict
from chain.redis.contract.store import Payload
from chain.supervisor import Part


class _Stored(NamedTuple):
    key: bytes
    body: bytes
    deadline: float  # monotonic seconds


class MemoryStore:
    """The newest snapshot of each chain, and the publisher's heartbeat. For one publisher, whose clock never steps."""

    def __init__(self, keys: KeySchema, clock: Clock, kind: str) -> None:
        """`kind` of source is recorded beside each snapshot, as a publisher records it in Redis."""
        self.keys = keys
        self._clock = clock
        self._kind = KindRecord(kind)
        self._chains: dict[ChainId, _Stored] = {}
        self._heartbeats: dict[str, bytes | None] = {}

    async def publish(self, snapshots: Sequence[Snapshot | EncodedSnapshot], ttl_s: float) -> list[PublishResult]:
        """Take snapshots; one outcome each, in order: those that no reader would take are refused."""
        return [self._publish(Draft.from_snapshot(snapshot, self.keys), ttl_s) for snapshot in snapshots]

    def beat(self, heartbeat: Heartbeat) -> None:
        """Take a heartbeat."""
        self._heartbeats[heartbeat_key(heartbeat.service)] = heartbeat.encode()

    async def ask(self, request: Request) -> Answer:
        """Return the answer, at once."""
        now = Instant.now(self._clock)
        match request:
            case PollRequest():
                there = {stored.key for chain in self._chains if (stored := self._living(chain, now))}
                return PollAnswer(
                    now,
                    now,
                    {chain: self._pointer(chain, now) for chain in request.chains},
                    frozenset(request.held) - there,
                    dict(self._heartbeats) if request.heartbeats else {},
                    search=Search(over=True),
                )
            case RecheckRequest():
                pointers = {chain: self._pointer(chain, now) for chain in request.chains}
                return RecheckAnswer(now, now, pointers, {chain: "none" for chain, key in pointers.items() if not key})
            case FetchRequest():
                payloads = {
                    snapshot: self._payload(self.keys.snapshot(snapshot), now) for snapshot in request.snapshots
                }
                return FetchAnswer(now, now, payloads)
            case _:
                assert_never(request)

    async def search(self, within_s: float) -> bool:
        """Search for nothing: all chains are announced."""
        del within_s
        return False

    def parts(self) -> tuple[Part, ...]:
        """Return nothing: no part runs beside it."""
        return ()

    def _publish(self, draft: Draft, ttl_s: float) -> PublishResult:
        if draft.refusal:
            return draft.failed(draft.refusal)
        deadline = self._clock.monotonic() + ttl_s
        self._chains[draft.snapshot.id.chain] = _Stored(draft.payload.encode(), draft.body, deadline)
        return PublishResult(draft.snapshot.id, PublishVerdict.PUBLISHED, len(draft.body))

    def _living(self, chain: ChainId, now: Instant) -> _Stored | None:
        stored = self._chains.get(chain)
        return stored if stored and now.mono < stored.deadline else None

    def _pointer(self, chain: ChainId, now: Instant) -> bytes | None:
        stored = self._living(chain, now)
        return stored.key if stored else None

    def _payload(self, key: str, now: Instant) -> Payload:
        chain = self.keys.parse_snapshot(key.encode()).chain
        stored = self._living(chain, now)
        if stored is None or stored.key != key.encode():
            return Payload(None, None)
        return Payload(stored.body, round(1000 * (stored.deadline - now.mono)), kind_record=self._kind)
