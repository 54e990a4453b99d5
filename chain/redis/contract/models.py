"""The heatmap model of an underlying: the whole under its key, and what changes on its channel.

The whole is written less often than diffs are sent. A reader that listens before it reads the whole can tell how the
two fit together (`chain.pipeline.follow`).
"""

from enum import StrEnum
from typing import NamedTuple

from redis.asyncio import Redis
from redis.typing import EncodableT

from chain.errors import RedisUnavailableError
from chain.model.keys import KeySchema
from chain.pipeline.heatmap import MODEL_BYTES, HeatmapModel, read_model
from chain.redis.connect.causes import REFUSALS
from chain.redis.connect.connection import is_cluster, redis_call, unavailable
from chain.redis.contract.scripts import ScriptCall, ScriptRunner
from chain.text import clean

_READ_BYTES = MODEL_BYTES + 64 * 1024


class ModelWord(StrEnum):
    """What became of a model that was published; these are the script's words."""

    WRITTEN = "written"
    FENCED = "fenced"  # another leads, or nobody does
    GONE = "gone"  # there is no whole that could be left as it is


class ModelReply(NamedTuple):
    """The outcome of a publish.

    `readers`: how many heard the message, None where there was none. `unheard` says why it could not be announced; the
    whole is written even so.
    """

    word: ModelWord
    readers: int | None = None
    unheard: str = ""


class LeaseHeld(NamedTuple):
    """The lease by which a writer leads: its key, and the name under which it is held."""

    key: str
    owner: str


class ModelWriter:
    """Writes the models under one prefix. Every call is bounded in time and raises RedisUnavailableError."""

    def __init__(self, redis: Redis, keys: KeySchema) -> None:
        self._redis = redis
        self._runner = ScriptRunner(redis)
        self._keys = keys
        self._cluster = is_cluster(redis)
        self._may_count = not self._cluster

    async def publish(
        self, underlying: str, *, ttl_ms: int, whole: bytes = b"", diff: bytes = b"", lease: LeaseHeld | None = None
    ) -> ModelReply:
        """Write the whole if it is given, else let the one that is there live on; announce the diff if one is given.

        On a cluster the lease lies on another node than the model and is not looked at.
        """
        fence = [lease.key] if lease and not self._cluster else []
        args: list[EncodableT] = [
            lease.owner if lease else "",
            ttl_ms,
            whole,
            self._keys.heatmap_diffs(underlying),
            diff,
        ]
        call = ScriptCall("publish_model", [self._keys.heatmap(underlying), *fence], args)
        [reply] = (await self._runner.run([call])).calls
        return _parse(reply)

    async def count_readers(self, underlying: str) -> int | None:
        """Return how many listen to an underlying's diffs; None where that cannot be told.

        On a cluster each node knows its own listeners only. A right that is missing is not asked for again.
        """
        if not self._may_count:
            return None
        channel = self._keys.heatmap_diffs(underlying)
        try:
            async with redis_call():
                [(_, count)] = await self._redis.pubsub_numsub(channel)
        except RedisUnavailableError as error:
            self._may_count = error.code not in REFUSALS
            return None
        return int(count)

    async def write_legacy(self, underlying: str, body: bytes, ttl_s: int) -> None:
        """Write a model in the form of MarketSwarm's own readers, under their key."""
        async with redis_call():
            await self._redis.set(self._keys.legacy_heatmap(underlying), body, ex=ttl_s)


def _parse(reply: object) -> ModelReply:
    if isinstance(reply, Exception):
        raise unavailable(reply)
    assert isinstance(reply, bytes)
    word, _, rest = reply.decode("utf-8", "replace").partition(" ")
    if word == "unheard":
        return ModelReply(ModelWord.WRITTEN, unheard=f"not announced: {clean(rest, 120)}")
    return ModelReply(ModelWord(word), int(rest) if rest else None)


async def fetch_model(redis: Redis, keys: KeySchema, underlying: str) -> HeatmapModel | None:
    """Return an underlying's model; None where there is none.

    Raises RedisUnavailableError, and DecodeError where what stands under its key is no model of it.
    """
    async with redis_call(most=_READ_BYTES):
        raw = await redis.getrange(keys.heatmap(underlying), 0, MODEL_BYTES)
    return read_model(raw, underlying) if isinstance(raw, bytes) and raw else None
