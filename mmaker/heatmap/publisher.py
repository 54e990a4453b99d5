"""Publishes the models as the compositor's flushes come in: diffs often, the whole less often, nothing of stale inputs.

Whatever a reader missed, the next whole puts it right: one is written after the last diff when the pace allows, and
sooner where a reader has joined. Where readers cannot be led on, or would not profit because most tiles differ, the
whole is written at once and the message names its version only. While nobody listens, no diff is made: tiles are then
made again once for each whole.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from msgspec import structs
from redis.asyncio import Redis

from chain.context import Context
from chain.errors import RedisUnavailableError
from chain.model.keys import ChainId
from chain.monitor.messages.compositor import ModelStatus
from chain.pipeline.heatmap import ENCODER, MODEL_BYTES, HeatmapDiff, HeatmapModel
from chain.redis.contract.models import LeaseHeld, ModelReply, ModelWord, ModelWriter
from mmaker.flush import ChainFlush
from mmaker.heatmap.builder import HeatmapBuilder
from mmaker.heatmap.freshness import bring_up_to, lacking
from mmaker.heatmap.legacy import LEGACY_TTL_S, legacy_body
from mmaker.heatmap.options import DEFAULT_OPTIONS, DEFAULT_PACE, SOONEST_WHOLE_S, HeatmapOptions, Pace
from mmaker.inputs import ChainInput

log = logging.getLogger(__name__)

_FENCED = "another compositor leads"
_RENEWED_OF_LIFE = 1 / 3  # of a model's life, after which it is renewed in any case
_TOO_LARGE_RETRY_S = 30.0  # making it costs most of what writing it does
_COMPLETE_WITHIN_S = 2.0  # how long a first model waits for the other chains, which are laid out one after the other
_LEAD_ON_SHARE = 0.5  # of the tiles: where more of them differ, the whole is as short as what differs


@dataclass(slots=True)
class _Model:
    """One underlying's model, and what is known of it in Redis."""

    builder: HeatmapBuilder
    status: ModelStatus
    since: float  # monotonic seconds of its first flush
    behind: bool = True  # whether the whole in Redis is older than what has been announced
    broken: bool = True  # whether readers cannot be led on by a diff
    readers: int = 0  # who heard the last message
    joined: bool = False  # whether they have become more since the last whole
    whole_at: float = float("-inf")  # monotonic seconds at which a whole was last tried
    kept_at: float = float("-inf")  # monotonic seconds of the last write, which renews its time to live


class HeatmapPublisher:
    """Publishes the model of every underlying that is flushed, while its compositor leads."""

    def __init__(
        self,
        redis: Redis,
        context: Context,
        leads: Callable[[], bool],
        inputs: Callable[[], Mapping[ChainId, ChainInput]],
        *,
        lease: LeaseHeld | None = None,
        options: HeatmapOptions = DEFAULT_OPTIONS,
        pace: Pace = DEFAULT_PACE,
        legacy: bool = False,
    ) -> None:
        """`inputs` returns every chain that is expected, as its snapshot stands now.

        `lease`: by which it leads, so that a write of one who leads no more is refused by Redis itself.
        `legacy`: write each whole under the key of MarketSwarm's own readers too.
        """
        self._writer = ModelWriter(redis, context.keys)
        self._clock = context.clock
        self._leads = leads
        self._inputs = inputs
        self._lease = lease
        self._options = options
        self._pace = pace
        self._legacy = legacy
        self._models: dict[str, _Model] = {}
        self._legacy_refused = ""
        self._unheard = ""  # why diffs could not be announced last

    def on_flush(self, flush: ChainFlush) -> None:
        """Take in a flush; it is published when the pace allows."""
        underlying = flush.chain.underlying
        model = self._models.get(underlying)
        if model is None:
            builder = HeatmapBuilder(underlying, self._options)
            model = self._models[underlying] = _Model(builder, ModelStatus(underlying), self._clock.monotonic())
        model.builder.update(flush)

    def status(self) -> tuple[ModelStatus, ...]:
        """Return the status of every model, by underlying."""
        return tuple(self._models[underlying].status for underlying in sorted(self._models))

    def forget(self) -> None:
        """Forget every model, as one who leads no more must: another writes them now."""
        self._models.clear()

    async def run(self) -> None:
        """Publish what has changed, as often as the pace allows, until cancelled."""
        while True:
            await self._clock.sleep(self._pace.diff_s)
            await self.publish_due()

    async def publish_due(self) -> None:
        """Publish what has changed since the last call."""
        inputs = self._inputs() if self._models else {}
        for model in list(self._models.values()):
            if self._leads():
                await self._publish(model, inputs)

    async def _publish(self, model: _Model, inputs: Mapping[ChainId, ChainInput]) -> None:
        """Publish one model if anything is due."""
        basis = bring_up_to(model.builder, inputs)
        if not model.builder.chains:
            self._models.pop(model.status.underlying, None)
            return
        if basis.reason:
            self._say(model, basis.reason)
            return
        now = self._clock.monotonic()
        first = not model.builder.version
        if first and now - model.since < _COMPLETE_WITHIN_S and lacking(model.builder, inputs):
            return
        past_s = now - model.whole_at
        if not first and not model.broken and past_s < self._pace.whole_s and not await self._has_readers(model):
            return
        diff = self._take(model)
        if model.broken and past_s < SOONEST_WHOLE_S:
            return
        due_s = SOONEST_WHOLE_S if model.joined else self._pace.whole_s
        whole = model.builder.model() if model.broken or (model.behind and past_s >= due_s) else None
        message = HeatmapDiff.to(whole) if whole and model.broken else diff
        if whole or message or (now - model.kept_at) * 1000 >= basis.life_ms * _RENEWED_OF_LIFE:
            await self._write(model, whole, message, basis.life_ms)

    async def _has_readers(self, model: _Model) -> bool:
        """Return whether anybody hears diffs; yes where that cannot be told."""
        if model.readers:
            return True
        count = await self._writer.count_readers(model.status.underlying)
        if count:
            model.readers, model.joined = count, True
        return count != 0

    def _take(self, model: _Model) -> HeatmapDiff | None:
        """Bring a model up to date; return what leads its readers on, None where nothing does."""
        diff = model.builder.take()
        if diff is None:
            return None
        model.behind = True
        if len(diff.changed) + len(diff.removed) > _LEAD_ON_SHARE * model.status.tiles:
            model.broken = True
        return None if model.broken else diff

    async def _write(self, model: _Model, whole: HeatmapModel | None, message: HeatmapDiff | None, ttl_ms: int) -> None:
        underlying, now = model.status.underlying, self._clock.monotonic()
        body = ENCODER.encode(whole) if whole else b""
        if whole:
            model.whole_at = now
        if len(body) > MODEL_BYTES:
            model.broken, model.whole_at = True, now + _TOO_LARGE_RETRY_S
            self._say(model, f"its {len(body)} bytes are more than any reader takes: choose fewer strikes or widths")
            return
        sent = ENCODER.encode(message) if message else b""
        try:
            reply = await self._writer.publish(underlying, ttl_ms=ttl_ms, whole=body, diff=sent, lease=self._lease)
        except RedisUnavailableError as error:
            model.broken = True  # nobody knows what readers have heard
            self._say(model, str(error))
            return
        if reply.word is not ModelWord.WRITTEN:
            model.broken = True
            if reply.word is ModelWord.GONE:
                model.whole_at = float("-inf")
            else:
                self._say(model, _FENCED)
            return
        self._written(model, whole, reply, now)
        if whole and self._legacy:
            await self._write_legacy(whole)

    async def _write_legacy(self, whole: HeatmapModel) -> None:
        body, refused = legacy_body(whole, self._clock.wall_ns() / 1e9), ""
        try:
            await self._writer.write_legacy(whole.underlying, body, LEGACY_TTL_S)
        except RedisUnavailableError as error:
            refused = str(error)
        if refused and refused != self._legacy_refused:
            log.warning("no heatmap of %s for MarketSwarm's readers: %s", whole.underlying, refused)
        self._legacy_refused = refused

    def _written(self, model: _Model, whole: HeatmapModel | None, reply: ModelReply, now: float) -> None:
        model.kept_at = now
        if reply.readers is not None:
            model.joined = model.joined or reply.readers > model.readers
            model.readers = reply.readers
        if whole:
            model.behind = model.broken = model.joined = False
        unheard = reply.unheard
        self._say(model, "", tiles=len(whole.tiles) if whole else model.status.tiles)
        if unheard != self._unheard:
            self._unheard = unheard
            if unheard:
                log.warning("heatmap of %s: %s; readers see the whole only", model.status.underlying, unheard)

    def _say(self, model: _Model, reason: str, *, tiles: int | None = None) -> None:
        """Set a model's status; `reason` says why it was not published, empty where it was."""
        if reason:
            if reason != model.status.reason:
                log.warning("no heatmap of %s: %s", model.status.underlying, reason)
            model.status = structs.replace(model.status, reason=reason)
            return
        model.status = ModelStatus(
            model.status.underlying,
            version=model.builder.version,
            ts=model.builder.ts,
            published=self._clock.wall_ns() / 1e9,
            tiles=model.status.tiles if tiles is None else tiles,
        )
