"""What a replay holds in Redis: published as it was, kept alive while it stands, taken away where it stood no more."""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import Struct
from redis.asyncio import Redis

from chain.clock import Clock
from chain.context import Context
from chain.model.keys import ChainId
from chain.model.kinds import REPLAY
from chain.model.snapshot import EncodedSnapshot
from chain.redis.contract.publish.analytics import ChainAnalytics
from chain.redis.contract.publish.draft import PublishResult, PublishVerdict
from chain.redis.contract.publish.records import KindRecords
from chain.redis.contract.publish.writer import snapshot_writer
from chain.redis.contract.stream.writer import StreamWriter
from publisher.loop.tally import Tally
from publisher.replay.recording import Turn
from publisher.stream.replayed import ReplayedFrames

log = logging.getLogger(__name__)

SHORTEST_S = 3.0  # that a snapshot lives, however fast: a reader that was just told of it needs time to read it
_KEPT_OF_LIFE = 1 / 3  # what has lived no longer than that need not be renewed
_STREAM_TTL_MS = 3_600_000  # of the stream of a replay that was killed
_COUNTED_EVERY_S = 1.0  # however fast it is


class _Held(Struct, frozen=True):
    snapshot: EncodedSnapshot
    ends: float  # monotonic seconds: when Redis lets go of it, or sooner


def life_s(ttl_s: float, rate: float) -> float:
    """Return how long a snapshot lives that is published while a replay goes on at `rate` seconds a second.

    A fast replay would fill Redis with what has long been replaced.
    """
    return max(min(SHORTEST_S, ttl_s), ttl_s / max(1.0, rate))


class InForce:
    """The chains that a replay publishes under one prefix. Its calls raise RedisUnavailableError.

    They take turns: a renewal restores a pointer that is gone, which would undo what was withdrawn meanwhile.
    """

    def __init__(self, redis: Redis, context: Context) -> None:
        self.counters: Counter[str] = Counter(published=0)
        self.failures: dict[ChainId, str] = {}  # why the newest snapshot of a chain is not there
        self.met: set[ChainId] = set()  # chains that were published since the recording was entered
        self.met_live = False  # whether a write gave way to live data since this was last asked
        self._writer = snapshot_writer(redis, context.keys, kind=REPLAY)
        self._records = KindRecords(redis, context.keys)
        self._clock: Clock = context.clock
        self._ttl_s = context.thresholds.ttl_s
        self._held: dict[ChainId, _Held] = {}
        writer = StreamWriter(redis, context.keys, kind=REPLAY, who=str(context.identity), ttl_ms=_STREAM_TTL_MS)
        # Frames cannot be stamped anew: consumers of live names never see them.
        self._frames = ReplayedFrames(writer) if context.keys.is_replay else None
        self._turn = asyncio.Lock()
        self._analytics = ChainAnalytics(redis, context.keys)
        self._tally = Tally(context.clock, context.thresholds.warn_s)
        self._counted_at = float("-inf")  # monotonic seconds

    @property
    def chains(self) -> tuple[ChainId, ...]:
        """The chains that are in force."""
        return tuple(self._held)

    async def put(self, turn: Turn, snapshots: Sequence[EncodedSnapshot], rate: float) -> None:
        """Publish a turn's snapshots, as they are given here, and take away what stood no more."""
        async with self._turn:
            await self._put(turn, snapshots, rate)

    async def _put(self, turn: Turn, snapshots: Sequence[EncodedSnapshot], rate: float) -> None:
        chains = {snapshot.id.chain for snapshot in snapshots}
        self.met = (set() if turn.whole else self.met) | chains
        gone = {*turn.gone, *(self._held.keys() - chains if turn.whole or turn.resumes_ns else ())}
        older = {each.id.chain for each in snapshots if self._is_older(each)}  # a pointer only ever moves forward
        await self._withdraw(gone | older)
        life, now = life_s(self._ttl_s, rate), self._clock.monotonic()
        ended = await self._writer.publish(snapshots, life)
        # What was played a moment ago may still be there, and ends as it would have: it is to be renewed at once.
        ends = now if turn.whole else now + life
        self._tally.add(snapshots, ended)
        self._tally.fail(len(turn.left_out) + len(turn.damaged))
        if now - self._counted_at >= _COUNTED_EVERY_S:
            self._counted_at = now
            await self._analytics.add(self._tally.take())
        for snapshot, end in zip(snapshots, ended, strict=True):
            self._take(end)
            if end.verdict is PublishVerdict.PUBLISHED:
                self._held[end.id.chain] = _Held(snapshot, ends)
        if self._frames is not None:
            await self._frames.put(turn.frames)
        self.counters["left_out"] += len(turn.left_out)
        self.failures |= turn.left_out
        self.failures |= turn.damaged

    async def renew(self, rate: float) -> None:
        """Let live on what stands, where its life would end before long; what Redis has lost is published again."""
        async with self._turn:
            await self._renew(rate)

    async def _renew(self, rate: float) -> None:
        life, now = life_s(self._ttl_s, rate), self._clock.monotonic()
        due = [held.snapshot for held in self._held.values() if held.ends - now <= (1 - _KEPT_OF_LIFE) * life]
        if not due:
            return
        ended = await self._writer.renew(due, life)
        lost = [each for each, end in zip(due, ended, strict=True) if end.verdict is PublishVerdict.FAILED]
        kept = {end.id.chain for end in ended if end.verdict is PublishVerdict.PUBLISHED}
        if lost:
            again = await self._writer.publish(lost, life)
            kept |= {end.id.chain for end in again if end.verdict is PublishVerdict.PUBLISHED}
        for snapshot in due:
            chain, held = snapshot.id.chain, self._held.get(snapshot.id.chain)
            if chain in kept and held is not None and held.snapshot is snapshot:
                self._held[chain] = _Held(snapshot, now + life)

    def renewed_every_s(self, rate: float) -> float:
        """Return how often to renew, seconds."""
        return _KEPT_OF_LIFE * life_s(self._ttl_s, rate)

    async def withdraw(self) -> None:
        """Delete the pointers of all chains, and the stream."""
        async with self._turn:
            await self._withdraw(self.chains)
            if self._frames is not None:
                await self._frames.withdraw()

    async def _withdraw(self, chains: Iterable[ChainId]) -> None:
        wanted = [chain for chain in chains if chain in self._held]
        if not wanted:
            return
        await self._records.withdraw(wanted)
        for chain in wanted:
            self._held.pop(chain, None)
            self.failures.pop(chain, None)

    def outdate(self) -> None:
        """Have everything renewed at the next opportunity, however young it is."""
        self._held = {chain: _Held(held.snapshot, float("-inf")) for chain, held in self._held.items()}

    def forget(self) -> None:
        """Take nothing for ours any more: somebody else has taken it away."""
        self._held.clear()

    def _is_older(self, snapshot: EncodedSnapshot) -> bool:
        held = self._held.get(snapshot.id.chain)
        return held is not None and held.snapshot.id.ts_ms > snapshot.id.ts_ms

    def _take(self, end: PublishResult) -> None:
        chain = end.id.chain
        if end.verdict is PublishVerdict.PUBLISHED:
            self.counters["published"] += 1
            self.counters["bytes"] += end.size
            self.failures.pop(chain, None)
            return
        self.counters["refused_older" if end.verdict is PublishVerdict.REFUSED_OLDER else "failed"] += 1
        self.met_live = self.met_live or end.verdict is PublishVerdict.LEFT_TO_LIVE
        if self.failures.get(chain) != end.reason:
            log.warning("%s is not published: %s", chain, end.reason)
        self.failures[chain] = end.reason
