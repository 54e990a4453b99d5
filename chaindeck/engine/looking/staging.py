"""Reads the staging of the chain that is looked at: all of it once, then the fields that flushes name."""

from collections.abc import Callable

from redis.asyncio import Redis

from chain.clock import Clock
from chain.errors import DecodeError
from chain.model.keys import ChainId, KeySchema
from chain.pipeline.staging import FLUSH_FORM
from chain.redis.contract.channel import Channel, Heard
from chain.redis.contract.staging import Staging, read_staging
from chaindeck.engine.looking.reader import IDLE_S, Reader
from tui.ports.board_source import StagedView

_SHOWN_EVERY_S = 0.5
_LEAST_S = 0.01
_FLUSH_BYTES = 4 * 1024 * 1024  # read at once: notices of many chains may wait
_ALL_FROM = 200  # changed contracts, from which all are read


class StagingReader(Reader[ChainId]):
    """Hands views of staging over, a few a second at most; what changed meanwhile is read in one request."""

    def __init__(self, redis: Redis, keys: KeySchema, clock: Clock, show: Callable[[StagedView | None], None]) -> None:
        super().__init__(clock)
        self._redis = redis
        self._keys = keys
        self._show = show
        self._view: StagedView | None = None

    async def follow(self, subject: ChainId) -> None:
        """Follow a chain's staging."""
        name = self._keys.staging_flushes()
        changes = _Changes(subject)
        async with Channel(self._redis, name, self._clock, most=_FLUSH_BYTES) as channel:
            read_at = float("-inf")
            while True:
                now = self._clock.monotonic()
                due_s = read_at + _SHOWN_EVERY_S - now
                if changes.any and due_s <= 0:
                    read_at = now
                    await self._read(subject, changes.take())
                heard = await channel.next(max(_LEAST_S, due_s) if changes.any else IDLE_S)
                if heard is not None:
                    changes.hear(heard)

    async def _read(self, chain: ChainId, fields: frozenset[str] | None) -> None:
        """Read some contracts, or for None all; all again where what is held does not go with what was read."""
        held = self._view if self._view and self._view.chain == chain and self._view.meta else None
        some = None if fields is None or held is None else sorted(fields)
        found = await read_staging(self._redis, self._keys, chain, some)
        if found is not None and some is not None and held is not None:
            if held.meta is not None and held.meta.snapshot != found.meta.snapshot:
                found = await read_staging(self._redis, self._keys, chain)
            else:
                found = Staging(found.meta, {**held.contracts, **found.contracts}, found.malformed)
        self._hand_over(StagedView(chain) if found is None else _view(chain, found))

    def _hand_over(self, view: StagedView) -> None:
        if view != self._view:
            self._view = view
            self._show(view)

    def on_failure(self, subject: ChainId, words: str) -> None:
        """Say why nothing newer is read; the snapshot is shown as without a compositor."""
        self._hand_over(StagedView(subject, fault=words))

    def forget(self) -> None:
        """Let staging go."""
        if self._view is not None:
            self._view = None
            self._show(None)


class _Changes:
    """What flushes have said of one chain since it was read last."""

    def __init__(self, chain: ChainId) -> None:
        self._name = (chain.underlying, chain.expiry.isoformat())
        self._fields: set[str] = set()
        self._all = False  # listening begins with a notice of its own, of all

    @property
    def any(self) -> bool:
        """Whether there is anything to read."""
        return self._all or bool(self._fields)

    def hear(self, heard: Heard) -> None:
        """Take a notice; one that cannot be read, or an interruption, may have been about anything."""
        if heard.payload is None:
            self._all = True
            return
        try:
            flush = FLUSH_FORM.decode(heard.payload)
        except DecodeError:
            self._all = True
            return
        if (flush.underlying, flush.expiration) == self._name:
            self._fields.update(flush.fields)
            self._all |= flush.whole or len(self._fields) > _ALL_FROM

    def take(self) -> frozenset[str] | None:
        """Return which contracts to read, None for all; and begin anew."""
        fields = None if self._all else frozenset(self._fields)
        self._fields, self._all = set(), False
        return fields


def _view(chain: ChainId, found: Staging) -> StagedView:
    fault = f"{found.malformed} fields cannot be read" if found.malformed else ""
    return StagedView(chain, found.meta, found.contracts, fault)
