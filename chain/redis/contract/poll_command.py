"""The poll: pointers, heartbeats and the stream's activity, read in one round trip of bounded size."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, cast

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import ResponseError

from chain.errors import OversizedError, RedisUnavailableError
from chain.model.keys import KeySchema
from chain.redis.connect.causes import HUNG_UP, REFUSALS, redis_cause
from chain.redis.connect.connection import POLL_TIMEOUT_S, is_cluster, raise_if_lost, redis_call
from chain.redis.connect.reply_limit import READ_SIZE
from chain.redis.contract.stream.signs import StreamSigns, ask, oversized, signs

POINTER_BYTES = 255  # the longest payload key has 128
HEARTBEAT_BYTES = 256 * 1024  # of a heartbeat
_HANGUPS_BEFORE_MINIMAL = 2
_FRAMING_BYTES = 24  # protocol overhead per value


class PollReply(NamedTuple):
    """The result of a poll: values in the order requested, None if there is no string; how many payloads exist."""

    values: list[bytes | None]
    stream: StreamSigns
    there: int
    refused: str = ""  # why heartbeats could not be read
    apart: Sequence[bytes | None] = ()


class _Wanted(NamedTuple):
    """What one poll reads: keys with their limits in bytes, of which the first `pointers` must be readable."""

    keys: Sequence[str]
    pointers: int
    limits: Sequence[int]
    payloads: Sequence[bytes]
    apart: Sequence[str]

    @property
    def most(self) -> int:
        """The most bytes that an answer takes."""
        known = sum(self.limits) + HEARTBEAT_BYTES * len(self.apart)
        return READ_SIZE + known + _FRAMING_BYTES * (len(self.limits) + len(self.apart))


class PollCommand:
    """Polls one Redis. Remembers which values are oversized, since MGET would read them whole."""

    def __init__(self, redis: Redis, keys: KeySchema) -> None:
        self._redis = redis
        self._keys = keys
        self._key_by_key = is_cluster(redis)
        self._oversized: set[str] = set()
        self._stream_oversized = False
        self._last_values: list[bytes | None] = []  # the values of the last poll, if none exceeded its limit
        self._last_limits: Sequence[int] = ()  # theirs
        self._minimal = False  # whether a proxy closes the connection at commands it does not know
        self._minimal_runs = 0  # consecutive polls that were cut off and then succeeded with the simplest commands

    async def run(
        self,
        pointers: Sequence[str],
        heartbeats: Sequence[str],
        payloads: Sequence[bytes],
        apart: Sequence[str] = (),
    ) -> PollReply:
        """Return the values of all keys, the stream's activity, and how many payloads exist.

        Keys in `apart` are read one by one, since other rights may be needed for them: what is refused is None.

        Only the first bytes of a value known to be oversized are read: its limit and one more. A value that has just
        become oversized is read once, up to the sum of all limits; beyond that the connection is closed, and the
        poll is repeated with the first bytes only.
        """
        limits = [POINTER_BYTES] * len(pointers) + [HEARTBEAT_BYTES] * len(heartbeats)
        wanted = _Wanted([*pointers, *heartbeats], len(pointers), limits, payloads, apart)
        try:
            async with redis_call(POLL_TIMEOUT_S, wanted.most):
                reply = await self._read(wanted)
        except OversizedError:
            self._oversized, self._stream_oversized = set(wanted.keys), True
        except RedisUnavailableError as error:
            if error.code in HUNG_UP and not self._minimal:
                return await self._run_minimal(wanted)
            if self._key_by_key or error.code not in REFUSALS:
                raise
            self._key_by_key = True  # MGET fails as a whole if one key may not be read
        else:
            self._minimal_runs = 0
            return reply
        async with redis_call(POLL_TIMEOUT_S, wanted.most):
            return await self._read(wanted)

    async def _run_minimal(self, wanted: _Wanted) -> PollReply:
        """Poll again with the simplest commands only, and keep doing so if that helped twice in a row."""
        before, self._minimal = self._key_by_key, True
        self._key_by_key = True
        try:
            async with redis_call(POLL_TIMEOUT_S):
                reply = await self._read(wanted)
        except RedisUnavailableError:
            self._key_by_key, self._minimal = before, False
            raise
        self._minimal_runs += 1
        if self._minimal_runs < _HANGUPS_BEFORE_MINIMAL:
            self._key_by_key, self._minimal = before, False
        return reply

    async def _read(self, wanted: _Wanted) -> PollReply:
        """Return the values of the keys; the first `pointers` of them are pointers and must be readable."""
        keys, limits, payloads = wanted.keys, wanted.limits, wanted.payloads
        known_large = self._oversized  # nearly always none
        large = [at for at in zip(keys, limits, strict=True) if at[0] in known_large] if known_large else []
        plain = [key for key in keys if key not in known_large] if large else keys
        pipe = self._redis.pipeline(transaction=False)
        asked = self._queue_commands(pipe, plain, large, wanted)
        replies: list[object] = [*raise_if_lost(await pipe.execute(raise_on_error=False))]
        if plain and not self._key_by_key:
            replies[:1] = _values(replies[0])
        beside = replies[len(keys) :]
        apart, told, counts = (beside[: asked.apart], beside[asked.apart : asked.both], beside[asked.both :])
        self._stream_oversized = oversized(told)
        if self._key_by_key or large:
            values, refused = _one_by_one(keys, wanted.pointers, plain, large, replies)
        else:  # MGET answers strings only, and refuses no single key
            values, refused = cast("list[bytes | None]", replies[: len(keys)]), ""
        known = all(isinstance(count, int) for count in counts)  # if we may not ask, assume that all are there
        there = sum(count for count in counts if isinstance(count, int)) if known else len(payloads)
        found = [value if isinstance(value, bytes) and value else None for value in apart] or [None] * len(wanted.apart)
        return PollReply(self._cut(values, keys, limits), signs(told), there, refused, found)

    @property
    def _reads_beside(self) -> bool:
        """Whether what stands beside the chains is asked for."""
        return not self._minimal

    def _cut(self, values: list[bytes | None], keys: Sequence[str], limits: Sequence[int]) -> list[bytes | None]:
        """Return the values, each cut one byte past its limit; remember the keys of those that were longer.

        Returns the same list object as before if nothing changed, the usual case, so that comparing is cheap.
        """
        if values == self._last_values and limits == self._last_limits:
            self._oversized = set()
            return self._last_values
        at_fault = [at for at, value in enumerate(values) if value and len(value) > limits[at]]
        self._oversized = {keys[at] for at in at_fault}
        for at in at_fault:
            values[at] = (values[at] or b"")[: limits[at] + 1]
        self._last_values, self._last_limits = ([], ()) if at_fault else (values, limits)
        return values

    def _queue_commands(
        self, pipe: Pipeline, plain: Sequence[str], large: Sequence[tuple[str, int]], wanted: _Wanted
    ) -> "_Asked":
        """Queue all commands in one pipeline; return how many of them ask for what stands beside the chains.

        On a cluster each command has one key, and each node gets a pipeline.
        """
        if self._key_by_key:
            for key in plain:
                pipe.get(key)
        elif plain:
            pipe.mget(plain)
        for key, most in large:
            pipe.getrange(key, 0, most)
        asked = _Asked(0, 0)
        if self._reads_beside:
            for key in wanted.apart:
                pipe.getrange(key, 0, HEARTBEAT_BYTES)
            asked = _Asked(len(wanted.apart), ask(pipe, self._keys, sizes_only=self._stream_oversized))
        if self._key_by_key:
            for payload in wanted.payloads:
                pipe.exists(payload)
        elif wanted.payloads:
            pipe.exists(*wanted.payloads)
        return asked


class _Asked(NamedTuple):
    """How many commands read keys apart, and how many the stream's activity."""

    apart: int
    stream: int

    @property
    def both(self) -> int:
        return self.apart + self.stream


def _one_by_one(
    keys: Sequence[str],
    pointers: int,
    plain: Sequence[str],
    large: Sequence[tuple[str, int]],
    replies: Sequence[object],
) -> tuple[list[bytes | None], str]:
    """Return values that were read key by key, in the keys' order, and why some were refused."""
    asked = [*plain, *(key for key, _ in large)]
    refused = _refused(zip(asked, replies, strict=False), frozenset(keys[:pointers]))
    values = [reply if isinstance(reply, bytes) else None for reply in replies[: len(keys)]]
    # GETRANGE does not tell an empty value from a missing one.
    values[len(plain) :] = [value or None for value in values[len(plain) :]]
    found = dict(zip(asked, values, strict=True))
    return [found[key] for key in keys], refused


def _refused(replies: Iterable[tuple[str, object]], pointers: frozenset[str]) -> str:
    """Return why heartbeats were refused, or ""; raise the error if a pointer was."""
    words = ""
    for key, reply in replies:
        if isinstance(reply, ResponseError) and (cause := redis_cause(reply, "GET")).code in REFUSALS:
            if key in pointers:
                raise reply
            words = words or cause.sentence
    return words


def _values(reply: object) -> list[object]:
    """Return MGET's values; raise its error."""
    if isinstance(reply, Exception):
        raise reply
    assert isinstance(reply, list)
    return reply
