"""Reads the heatmap model of the underlying that is looked at: the whole once, then by its diffs."""

from collections.abc import Callable

from redis.asyncio import Redis

from chain.clock import Clock
from chain.errors import DecodeError, RedisUnavailableError
from chain.model.keys import KeySchema
from chain.pipeline.follow import HeatmapFollower
from chain.pipeline.heatmap import MODEL_BYTES, HeatmapModel, read_diff
from chain.pipeline.heatmap_index import indexed
from chain.redis.connect.causes import REFUSALS
from chain.redis.contract.channel import Channel, Heard
from chain.redis.contract.models import fetch_model
from chaindeck.engine.looking.reader import IDLE_S, Reader
from tui.ports.board_source import HeatmapView

_SHOWN_EVERY_S = 1.0  # tiles that change more often than they can be read are no help
_WHOLE_EVERY_S = 1.0  # where diffs do not lead on; so often one is written
_POLL_EVERY_S = 2.0  # where diffs may not be heard
_FIRST_S = 1.0
_LEAST_S = 0.01


class ModelReader(Reader[str]):
    """Hands views of the model over, a few a second at most; what was read last stays until something newer is."""

    def __init__(self, redis: Redis, keys: KeySchema, clock: Clock, show: Callable[[HeatmapView | None], None]) -> None:
        super().__init__(clock)
        self._redis = redis
        self._keys = keys
        self._show = show
        self._view: HeatmapView | None = None

    async def follow(self, subject: str) -> None:
        """Follow an underlying's model; by reading it again and again where its channel may not be heard."""
        name = self._keys.heatmap_diffs(subject)
        async with Channel(self._redis, name, self._clock, most=MODEL_BYTES) as channel:
            try:
                first = await channel.next(_FIRST_S)
            except RedisUnavailableError as error:
                if error.code not in REFUSALS:
                    raise
                refused = str(error)
            else:
                await self._follow(channel, subject, first)
        await self._poll(subject, f"read every {_POLL_EVERY_S:g} s: {refused}")

    async def _follow(self, channel: Channel, underlying: str, heard: Heard | None) -> None:
        follower, fault = HeatmapFollower(), ""
        read_at = shown_at = float("-inf")
        while True:
            if heard is not None:
                follower, fault = _heard(follower, heard, underlying, fault)
            now = self._clock.monotonic()
            if follower.behind and now - read_at >= _WHOLE_EVERY_S:
                read_at = now
                whole = await fetch_model(self._redis, self._keys, underlying)
                if whole is not None:
                    follower.on_whole(whole)
                    fault = ""
            if now - shown_at >= _SHOWN_EVERY_S and self._hand_over(underlying, follower.model, fault):
                shown_at = now
            waits = [IDLE_S]
            if follower.behind:
                waits.append(read_at + _WHOLE_EVERY_S - now)
            if not self._is_shown(underlying, follower.model, fault):
                waits.append(shown_at + _SHOWN_EVERY_S - now)
            heard = await channel.next(max(_LEAST_S, min(waits)))

    async def _poll(self, underlying: str, notice: str) -> None:
        while True:
            self._hand_over(underlying, await fetch_model(self._redis, self._keys, underlying), notice)
            await self._clock.sleep(_POLL_EVERY_S)

    def _hand_over(self, underlying: str, model: HeatmapModel | None, fault: str) -> bool:
        """Show what is new; return whether anything is."""
        if self._is_shown(underlying, model, fault):
            return False
        held = self._held(underlying)
        model = model or (held.model if held else None)
        if model is None:
            self._view = HeatmapView(underlying, fault=fault)
        else:
            before = held.model.tiles if held and held.model else {}
            index = indexed(model.tiles, before, held.index if held else None)
            self._view = HeatmapView(underlying, model, fault, index)
        self._show(self._view)
        return True

    def _is_shown(self, underlying: str, model: HeatmapModel | None, fault: str) -> bool:
        held = self._held(underlying)
        return held is not None and (model is None or held.model is model) and held.fault == fault

    def _held(self, underlying: str) -> HeatmapView | None:
        """Return what was shown of an underlying last."""
        return self._view if self._view and self._view.underlying == underlying else None

    def on_failure(self, subject: str, words: str) -> None:
        """Say why there is no newer model; the one that is held stays, and ages."""
        self._hand_over(subject, None, words)

    def forget(self) -> None:
        """Let the model go."""
        if self._view is not None:
            self._view = None
            self._show(None)


def _heard(follower: HeatmapFollower, heard: Heard, underlying: str, fault: str) -> tuple[HeatmapFollower, str]:
    """Return the follower after what was heard, and what is wrong with it."""
    if heard.payload is None:  # what was said until now was not heard
        return HeatmapFollower(), fault
    try:
        follower.on_diff(read_diff(heard.payload, underlying))
    except DecodeError as error:
        return HeatmapFollower(), f"a diff of it is refused: {error}"
    return follower, fault
