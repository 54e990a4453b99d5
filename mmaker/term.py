"""One term of leading: from what stands in Redis to the first whole staging, and on from there.

Whatever goes wrong ends the term, and the next one begins again from what stands in Redis. Nothing is lost by that: an
entry is acknowledged only after it is in staging, and to take one in twice changes nothing.
"""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace
from redis.asyncio import Redis

from chain.clock import Instant
from chain.context import Context
from chain.errors import DecodeError
from chain.model.keys import ChainId
from chain.redis.contract.staging import StagingWriter, read_staging
from chain.redis.contract.stream.ids import StreamId
from mmaker.flush import ChainFlush
from mmaker.inputs import ChainInput, usable
from mmaker.merge.market import StagedMarket
from mmaker.merge.state import KNOWN_BEFORE_MS, StagedChainState
from mmaker.reading import Reading
from mmaker.stager import Stager

_LAYING_S = 0.1  # for the snapshots of one round, so that events need not wait until all of many are decoded
_MARGIN_MS = 60_000  # by how much an entry's id may be earlier than its events: clocks differ


class Term:
    """A compositor while it leads."""

    def __init__(self, redis: Redis, context: Context) -> None:
        owner = str(context.identity)
        self.market = StagedMarket()
        self.reading = Reading(redis, context, owner)
        self.stager = Stager(StagingWriter(redis, context.keys, owner), context.keys, self.market)
        self._redis = redis
        self._keys = context.keys
        self._clock = context.clock
        self._laid: dict[ChainId, ChainInput] = {}  # what is laid beneath each chain

    async def begin(self, inputs: Mapping[ChainId, ChainInput], *, again: bool = False) -> str:
        """Take in what is staged, and what was read of the stream and not acknowledged.

        Returns what there is to say of it: the stream was trimmed; or, where this process has led before, `again`, that
        the stream or the group was gone.
        """
        said = await self.reading.begin(again=again)
        await self._lay(usable(inputs).values())
        await self.reading.claim(self.market)
        return said

    async def round(self, inputs: Mapping[ChainId, ChainInput], until: float) -> list[ChainFlush]:
        """Take in new snapshots, and of the stream what there is until `until` (monotonic seconds), and write.

        Returns the chains that were written. Raises RedisUnavailableError, LeadLostError, OutrunError, TrimmedError.
        """
        self._let_go(inputs)
        good = usable(inputs)
        await self._lay(good.values())
        await self.reading.read(self.market, until)
        laid = {chain: replace(self._laid[chain], state=good[chain].state) for chain in good if chain in self._laid}
        flushed = await self.stager.flush(laid, self.reading.position, Instant.now(self._clock))
        self.reading.on_written()
        return flushed

    def _let_go(self, inputs: Mapping[ChainId, ChainInput]) -> None:
        gone = [chain for chain in self._laid if chain not in inputs]
        for chain in gone:
            del self._laid[chain]
        self.market.forget(gone)
        self.stager.close(gone)

    async def _lay(self, inputs: Iterable[ChainInput]) -> None:
        """Lay new snapshots beneath their chains, the rest of many in the next round.

        Chains that are new, or of another source now, are brought up to date with the stream, all in one go.
        """
        entering: list[ChainInput] = []
        until = self._clock.monotonic() + _LAYING_S
        for each in inputs:
            laid, snapshot = self._laid.get(each.chain), each.snapshot
            if laid is None or laid.kind != each.kind:
                entering.append(each)
            elif snapshot is not None and laid.snapshot != snapshot and self._clock.monotonic() < until:
                self.market.apply_snapshot(snapshot.open(), kind=each.kind, since_ms=each.since_ms)
                self._laid[each.chain] = each
        if entering:
            await self._enter(entering)

    async def _enter(self, entering: Iterable[ChainInput]) -> None:
        """Bring chains up to date with the stream: from their staging, else from their snapshot on."""
        market, begin = StagedMarket(), self.reading.position
        for each in entering:
            assert each.snapshot is not None  # it is usable
            state = market.apply_snapshot(each.snapshot.open(), kind=each.kind, since_ms=each.since_ms)
            position = await self._resume(state, each.kind)
            since = StreamId(max(0, each.snapshot.id.ts_ms - KNOWN_BEFORE_MS - _MARGIN_MS, each.since_ms))
            begin = min(begin, since if position is None else position)
            self.stager.open(each.chain, position)
            self._laid[each.chain] = each
        await self.reading.check_writer(market)
        await self.reading.catch_up(market, begin)
        self.market.adopt(market)

    async def _resume(self, state: StagedChainState, kind: str) -> StreamId | None:
        """Take in what is staged of a chain; return the position that it includes, None where that means nothing here.

        Values of another kind of source are left alone. A position beyond the stream's last entry is of a stream that
        is gone; the values that it led to are as true as before.
        """
        try:
            staging = await read_staging(self._redis, self._keys, state.chain)
        except DecodeError:
            return None
        if staging is None or staging.meta.kind != kind:
            return None
        state.resume(staging.contracts, Instant.now(self._clock).wall_ms)
        position = StreamId.parse(staging.meta.position)
        return position if position is not None and position <= self.reading.last else None
