"""The hash in which publishers count their snapshots, under the names that MarketSwarm's documents give its fields.

It is a courtesy to whoever reads it: where it cannot be written, publishing goes on.
"""

import logging

from msgspec import Struct
from redis.asyncio import Redis

from chain.errors import RedisUnavailableError
from chain.model.keys import KeySchema
from chain.redis.connect.causes import REFUSALS, redis_cause
from chain.redis.connect.connection import raise_if_lost, redis_call

log = logging.getLogger(__name__)


class ChainCounts(Struct, frozen=True):
    """What was published since the last count.

    Attributes:
        snapshots: how many were published.
        contracts: how many they hold.
        fetch_ms: how long their source took to answer, added up.
        last_ts: `ts` of the newest, epoch seconds; None for none.
        failures: how many could not be published.
        late: how many were published only when readers had seen the one before it age beyond the warning limit.
    """

    snapshots: int = 0
    contracts: int = 0
    fetch_ms: float = 0.0
    last_ts: float | None = None
    failures: int = 0
    late: int = 0

    def __add__(self, other: "ChainCounts") -> "ChainCounts":
        return ChainCounts(
            self.snapshots + other.snapshots,
            self.contracts + other.contracts,
            self.fetch_ms + other.fetch_ms,
            self.last_ts if other.last_ts is None else other.last_ts,
            self.failures + other.failures,
            self.late + other.late,
        )


class ChainAnalytics:
    """The counts under one prefix; several publishers add to the same ones."""

    def __init__(self, redis: Redis, keys: KeySchema) -> None:
        self._redis = redis
        self._key = keys.chain_analytics()
        self._unwritten = ChainCounts()
        self._refused = ""

    async def add(self, counts: ChainCounts) -> None:
        """Add counts. What Redis does not take now is added the next time; what it refuses is said once."""
        self._unwritten += counts
        if self._unwritten == ChainCounts():
            return
        try:
            refused = await self._write(self._unwritten)
        except RedisUnavailableError as error:
            log.debug("counts of chains wait: %s", error)  # the publisher says it of its snapshots
            return
        self._unwritten = ChainCounts()
        if refused and refused != self._refused:
            log.warning("snapshots are not counted in %s: %s", self._key, refused)
        self._refused = refused

    async def _write(self, counts: ChainCounts) -> str:
        pipe = self._redis.pipeline(transaction=False)
        for name, more in (
            ("total_snapshots", counts.snapshots),
            ("total_contracts", counts.contracts),
            ("publish_success", counts.snapshots),
            ("publish_failures", counts.failures),
            ("sla_violations", counts.late),
        ):
            pipe.hincrby(self._key, name, more)
        pipe.hincrbyfloat(self._key, "total_fetch_latency_ms", round(counts.fetch_ms, 3))
        if counts.last_ts is not None:
            pipe.hset(self._key, "last_snapshot_ts", repr(counts.last_ts))
        async with redis_call():
            replies = raise_if_lost(await pipe.execute(raise_on_error=False))
        causes = [redis_cause(reply) for reply in replies if isinstance(reply, Exception)]
        return next((cause.sentence for cause in causes if cause.code in REFUSALS), str(causes[0]) if causes else "")
