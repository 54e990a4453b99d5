"""Counts what a publisher publishes, for whoever watches it by figures."""

from collections.abc import Iterable

from chain.clock import Clock
from chain.model.keys import ChainId
from chain.model.snapshot import EncodedSnapshot, Snapshot
from chain.redis.contract.publish.analytics import ChainCounts
from chain.redis.contract.publish.draft import PublishResult, PublishVerdict


class Tally:
    """The counts since they were last taken. A snapshot is late that comes more than `limit_s` after the one before."""

    def __init__(self, clock: Clock, limit_s: float) -> None:
        self._clock = clock
        self._limit_s = limit_s
        self._counts = ChainCounts()
        self._published: dict[ChainId, float] = {}  # monotonic seconds

    def add(self, snapshots: Iterable[Snapshot | EncodedSnapshot], ended: Iterable[PublishResult]) -> None:
        """Count snapshots by what became of them."""
        now = self._clock.monotonic()
        for snapshot, end in zip(snapshots, ended, strict=True):
            if end.verdict is not PublishVerdict.PUBLISHED:
                continue
            chain = snapshot.id.chain
            late = now - self._published.get(chain, now) > self._limit_s
            self._published[chain] = now
            self._counts += ChainCounts(1, _contracts(snapshot), last_ts=snapshot.ts, late=late)

    def fail(self, chains: int) -> None:
        """Count chains that could not be published."""
        self._counts += ChainCounts(failures=chains)

    def take(self, fetch_ms: float = 0.0) -> ChainCounts:
        """Return the counts, and begin again; `fetch_ms`: how long a source took to answer."""
        counts, self._counts = self._counts + ChainCounts(fetch_ms=fetch_ms), ChainCounts()
        return counts


def _contracts(snapshot: Snapshot | EncodedSnapshot) -> int:
    """Return how many contracts a snapshot holds; one kept as bytes is not decoded for that."""
    return len(snapshot.contracts) if isinstance(snapshot, Snapshot) else snapshot.raw.count(b'"details":')
