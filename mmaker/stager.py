"""Writes what has changed of each chain to staging, and says what it has written."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from msgspec import Struct

from chain.clock import Instant
from chain.errors import ChaindeckError
from chain.model.keys import ChainId, KeySchema
from chain.monitor.messages.compositor import StagedChain
from chain.pipeline.staging import StagingMeta
from chain.redis.contract.staging import Extent, StagingVerdict, StagingWrite, StagingWriter
from chain.redis.contract.stream.ids import START, StreamId
from chain.thresholds import NO_EXPIRY_LIFE_MS
from mmaker.flush import ChainFlush
from mmaker.inputs import ChainInput
from mmaker.merge.market import StagedMarket
from mmaker.merge.state import Changes, StagedChainState

QUIET_S = 2.0  # how long a chain without news may be written later than the stream's position
_RENEWED_OF_LIFE = 1 / 3  # of a staging's life, after which it is renewed in any case
_CHAINS_A_REQUEST = 16  # the whole of one may have megabytes
_SHORTEST_LIFE_MS = 1_000


class LeadLostError(ChaindeckError):
    """Redis refused a write because another compositor leads, or none does."""


class OutrunError(ChaindeckError):
    """What stands in staging is not what we have written: it includes more of the stream, or it is gone."""


@dataclass(slots=True)
class _Book:
    """How a chain stands in staging. `floor`: a position that was there before ours, which never goes back."""

    extent: Extent
    floor: StreamId = START
    written: Instant | None = None
    position: StreamId = START
    snapshot: str = ""


class _Draft(Struct, frozen=True):
    write: StagingWrite
    changes: Changes
    input: ChainInput
    position: StreamId


class Stager:
    """Keeps the staging of one compositor, while it leads."""

    def __init__(self, writer: StagingWriter, keys: KeySchema, market: StagedMarket) -> None:
        self._writer = writer
        self._keys = keys
        self._market = market
        self._books: dict[ChainId, _Book] = {}

    def open(self, chain: ChainId, position: StreamId | None) -> None:
        """Begin with a chain, whose first write replaces what is there.

        `position`: what is taken in of it, which never goes back; None where nothing is, and whatever is there goes.
        """
        self._books[chain] = _Book(Extent.ANEW) if position is None else _Book(Extent.WHOLE, position)

    def close(self, chains: Iterable[ChainId]) -> None:
        """Let chains go; what is staged of them runs out."""
        for chain in chains:
            self._books.pop(chain, None)

    async def flush(self, inputs: Mapping[ChainId, ChainInput], position: StreamId, now: Instant) -> list[ChainFlush]:
        """Write every chain that has news, and return them as they now stand.

        `inputs` are those of which something may be derived; `position`: all entries up to it have been taken in.
        Raises RedisUnavailableError, LeadLostError and OutrunError; nobody knows then which were written.
        """
        drafts = [
            draft
            for chain, state in self._market.chains.items()
            if (input_ := inputs.get(chain)) is not None
            and (draft := self._draft(state, input_, max(position, self._books[chain].floor), now)) is not None
        ]
        flushed: list[ChainFlush] = []
        for start in range(0, len(drafts), _CHAINS_A_REQUEST):
            flushed += await self._write(drafts[start : start + _CHAINS_A_REQUEST], now)
        return flushed

    async def _write(self, drafts: Sequence[_Draft], now: Instant) -> list[ChainFlush]:
        verdicts = await self._writer.write([draft.write for draft in drafts])
        if StagingVerdict.LOST in verdicts:
            raise LeadLostError("another compositor leads")
        for verdict, draft in zip(verdicts, drafts, strict=True):
            if verdict in (StagingVerdict.BEHIND, StagingVerdict.OTHER):
                raise OutrunError(f"staging of {draft.write.chain} is not what was written before")
        return [self._written(draft, now) for draft in drafts]

    def _draft(self, state: StagedChainState, input_: ChainInput, position: StreamId, now: Instant) -> _Draft | None:
        """Return what is to be written of a chain; None if there is no need now."""
        book = self._books[state.chain]
        life_ms = min(max(input_.life_ms, _SHORTEST_LIFE_MS), NO_EXPIRY_LIFE_MS)
        if not state.dirty and book.written is not None:
            past_s = now.mono - book.written.mono
            moved = position > book.position and past_s >= QUIET_S
            if not moved and past_s < _RENEWED_OF_LIFE * life_ms / 1000:
                return None
        changes = state.take_changes()
        extent = Extent.WHOLE if changes.whole and book.extent is Extent.PART else book.extent
        contracts = changes.contracts
        if extent is Extent.PART:
            contracts = {ticker: changes.contracts[ticker] for ticker in changes.changed}
        meta = self._meta(state, input_, position, now)
        write = StagingWrite(state.chain, meta, extent, life_ms, contracts, before=str(book.position))
        return _Draft(write, changes, input_, position)

    def _meta(self, state: StagedChainState, input_: ChainInput, position: StreamId, now: Instant) -> StagingMeta:
        assert input_.snapshot is not None
        return StagingMeta(
            snapshot=self._keys.snapshot(input_.snapshot.id),
            ts=input_.snapshot.ts,
            kind=input_.kind,
            spot=input_.spot,
            atm=input_.snapshot.atm,
            position=str(position),
            events=state.events,
            dropped=state.dropped,
            flushed=now.wall_s,
        )

    def _written(self, draft: _Draft, now: Instant) -> ChainFlush:
        write, changes = draft.write, draft.changes
        book = self._books[write.chain]
        book.extent, book.written, book.position = Extent.PART, now, draft.position
        book.snapshot = write.meta.snapshot
        return ChainFlush(
            write.chain,
            write.meta,
            changes.contracts,
            changes.changed,
            write.extent is not Extent.PART,
            draft.input.state,
        )

    def status(self, inputs: Sequence[ChainInput]) -> tuple[StagedChain, ...]:
        """Return how each chain stands."""
        return tuple(self._status_of(each) for each in inputs)

    def _status_of(self, input_: ChainInput) -> StagedChain:
        chain = input_.chain
        book, state = self._books.get(chain), self._market.chains.get(chain)
        told = StagedChain(chain.underlying, chain.expiry.isoformat(), reason=input_.reason)
        if book is None or state is None or book.written is None:
            return told
        return StagedChain(
            told.underlying,
            told.expiration,
            snapshot=book.snapshot,
            position=str(book.position),
            flushed=book.written.wall_s,
            events=state.events,
            dropped=state.dropped,
            reason=input_.reason,
        )
