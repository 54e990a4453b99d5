"""Reads the stream through the consumer group: new entries, what others left, and what is still there of the past."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from redis.asyncio import Redis

from chain.context import Context
from chain.errors import ChaindeckError, OversizedError
from chain.model.kinds import kind_name
from chain.redis.contract.stream.group import Claim, Entry, StreamGroup, StreamPlace
from chain.redis.contract.stream.ids import START, StreamId
from chain.redis.contract.stream.writer import LastWriter
from mmaker.merge.market import StagedMarket

T = TypeVar("T")

_BATCH = 1_000  # entries read at once
_SMALLEST_BATCH = 1
_MOST_UNWRITTEN = 50_000  # entries; beyond that, they are written before more are read
_LOOKS_EVERY_S = 1.0


class TrimmedError(ChaindeckError):
    """Entries that nobody has read may have been trimmed from the stream."""


class MovedError(ChaindeckError):
    """The group stands past what was read: another program has read in it, or set it elsewhere."""


class Reading:
    """How far a compositor has read: every entry up to `position` is taken in, and acknowledged when it is written."""

    def __init__(self, redis: Redis, context: Context, consumer: str) -> None:
        self.position = START
        self.last = START  # a later id cannot be of this stream
        self.acknowledged = START
        self.foreign = ""  # why the stream is left out of some chains, or ""
        self._group = StreamGroup(redis, context.keys, consumer)
        self._clock = context.clock
        self._apart = context.keys.is_replay  # names that only replays use: their streams tell no kind
        self._there = False  # whether there is a stream
        self._gap = START  # up to here, it is known that entries may be missing
        self._batch = _BATCH
        self._unwritten: list[bytes] = []
        self._written: list[bytes] = []
        self._written_to = START
        self._looked = float("-inf")  # monotonic seconds; for a stream, then for strays

    async def begin(self, *, again: bool) -> str:
        """Find the place to read on from; return what there is to say of it. `again`: this process has read before."""
        place = await self._group.place()
        if place is None:
            return "the stream is gone" if again else ""
        self._there, self.last = True, place.last
        if place.delivered is None:
            await self._group.create(place.last)
            self.position = place.last
            return "the consumer group was gone" if again else ""
        if place.delivered > place.last:  # nothing would ever be read again
            await self._group.move(place.last)
        self.position = min(place.delivered, place.last)
        await self._group.forget_others()
        if place.oldest is not None and START < place.delivered < place.oldest:
            self._gap = place.oldest
            return _trimmed(place.delivered, place.oldest)
        return ""

    async def place(self) -> StreamPlace | None:
        """Return where stream and group stand now."""
        return await self._group.place()

    async def read(self, market: StagedMarket, until: float) -> None:
        """Take in what nobody has read, until there is no more, or until `until`, monotonic seconds.

        Acknowledges what was written before. Raises GroupGoneError, TrimmedError and MovedError.
        """
        if not self._there and not await self._appear():
            return
        asked = self._batch
        while True:
            try:
                batch = await self._group.read(asked, self._written)
            except OversizedError:  # what was not received is pending
                self._shrink()
                await self.claim(market)
                return
            self._written, self.acknowledged = [], self._written_to
            self._on_writer(batch.writer, market)
            if not batch.entries:
                break
            if batch.oldest is not None and START < self.position < batch.oldest and batch.oldest > self._gap:
                raise TrimmedError(_trimmed(self.position, batch.oldest))
            self._take(market, batch.entries)
            self._unwritten += [entry.id for entry in batch.entries]
            self.position = self.last = max(self.position, StreamId.parse(batch.entries[-1].id) or START)
            if (
                len(batch.entries) < asked
                or self._clock.monotonic() >= until
                or len(self._unwritten) >= _MOST_UNWRITTEN
            ):
                break
        self._batch = min(_BATCH, self._batch * 2)
        if self._clock.monotonic() - self._looked >= _LOOKS_EVERY_S:
            self._looked = self._clock.monotonic()
            await self._look(market)

    async def _look(self, market: StagedMarket) -> None:
        """See to what others have done to the group. Raises MovedError."""
        if await self._group.strays():  # a leader of before that was paused, and read once more
            await self.claim(market)
        place = await self._group.place()
        if place is not None and place.delivered is not None and place.delivered > self.position:
            raise MovedError(f"the consumer group was moved past {self.position}, to {place.delivered}")

    async def claim(self, market: StagedMarket) -> None:
        """Take in whatever is pending, whoever has read it: to take in twice changes nothing."""
        after: StreamId | None = START if self._there else None
        while after is not None:
            claim = await self._sized(self._claimer(after))
            self._take(market, claim.entries)
            self._unwritten += claim.ids
            if claim.ids:
                self.position = max(self.position, StreamId.parse(claim.ids[-1]) or START)
            after = claim.more_after

    async def catch_up(self, market: StagedMarket, after: StreamId) -> None:
        """Take in what the stream still holds after an id and up to our position, for chains that are new here."""
        while self._there and after < self.position:
            entries = await self._sized(self._reader(after))
            if not entries:
                return
            self._take(market, entries)
            after = StreamId.parse(entries[-1].id) or self.position

    async def check_writer(self, market: StagedMarket) -> None:
        """Find out who wrote to the stream last, and leave out of some chains what is not of their kind of source."""
        self._on_writer(await self._group.last_writer(), market)

    def on_written(self) -> None:
        """Note that all that was taken in is written: it is acknowledged with the next read."""
        self._written += self._unwritten
        self._unwritten = []
        self._written_to = self.position

    async def finish(self) -> None:
        """Acknowledge what was written."""
        if self._there and self._written:
            await self._group.acknowledge(self._written)
            self._written, self.acknowledged = [], self._written_to

    async def _appear(self) -> bool:
        """Return whether there is a stream now; if so, all of it is new. Redis is asked once a second."""
        now = self._clock.monotonic()
        if now - self._looked < _LOOKS_EVERY_S:
            return False
        self._looked = now
        if await self._group.place() is None:
            return False
        await self._group.create(START)
        self._there = True
        return True

    def _claimer(self, after: StreamId) -> Callable[[int], Awaitable[Claim]]:
        return lambda count: self._group.claim(after, count)

    def _reader(self, after: StreamId) -> Callable[[int], Awaitable[Sequence[Entry]]]:
        return lambda count: self._group.between(after, self.position, count)

    async def _sized(self, ask: Callable[[int], Awaitable[T]]) -> T:
        """Return the answer for as many entries as fit into a reply."""
        while True:
            try:
                return await ask(self._batch)
            except OversizedError:
                if self._batch <= _SMALLEST_BATCH:
                    raise
                self._shrink()

    def _on_writer(self, writer: LastWriter | None, market: StagedMarket) -> None:
        self.foreign = ""
        if writer is not None and not self._apart and market.on_writer(writer.kind, round(writer.ts * 1000)):
            self.foreign = f"the stream is of {kind_name(writer.kind)} data, and left out of chains of another kind"

    def _shrink(self) -> None:
        self._batch = max(_SMALLEST_BATCH, self._batch // 8)

    @staticmethod
    def _take(market: StagedMarket, entries: Sequence[Entry]) -> None:
        for entry in entries:
            market.apply_frame(entry.payload, entry.received_ms)


def _trimmed(position: StreamId, oldest: StreamId) -> str:
    return f"the stream was trimmed past {position}, to {oldest}: entries may be missing"
