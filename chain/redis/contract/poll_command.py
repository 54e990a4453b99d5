"""One look at pointers, at values beside them and at the stream's signs of life: one round trip, bounded in bytes."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, cast

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import ResponseError

from chain.errors import OversizedError, RedisUnavailableError
from chain.redis.connect.causes import HUNG_UP, REFUSALS, redis_cause
from chain.redis.connect.connection import POLL_TIMEOUT_S, is_cluster, raise_if_lost, redis_call
from chain.redis.connect.reply_limit import READ_SIZE
from chain.redis.contract.stream import StreamSigns, ask, oversized, signs

POINTER_BYTES = 255  # the longest payload key has 128
HEARTBEAT_BYTES = 256 * 1024  # of a heartbeat
_HANGUPS_BEFORE_MINIMAL = 2
_FRAMING_BYTES = 24  # around each value


class PollReply(NamedTuple):
    """What a look found: values in the order asked, None where there is no string; how many payloads exist."""

    values: list[bytes | None]
    stream: StreamSigns
    there: int
    refused: str = ""  # why values beside the pointers could not be read


class PollCommand:
    """Looks at one Redis. Remembers which values are oversized, for as long as they are: MGET reads values whole."""

    def __init__(self, redis: Redis, *, stream: bool = True) -> None:
        """`stream`: whether to look for the stream's signs of life, which tell nothing of a replay."""
        self._redis = redis
        self._stream = stream
        self._key_by_key = is_cluster(redis)
        self._oversized: set[str] = set()
        self._mark_oversized = False
        self._last_values: list[bytes | None] = []  # the values of the last look, if none was beyond its limit
        self._last_limits: Sequence[int] = ()  # theirs
        self._minimal = False  # whether a proxy stands there that hangs up at what it does not know
        self._minimal_runs = 0  # looks in a row that were cut, and went through by the simplest commands

    async def run(self, pointers: Sequence[str], heartbeats: Sequence[str], payloads: Sequence[bytes]) -> PollReply:
        """Return the values of all keys, the stream's signs of life, and how many payloads exist.

        Of a value known to be oversized only the beginning is read, its limit and a byte. Another that has become so
        may be read once, as far as all limits together allow; what is beyond ends the connection, and the look is
        made again by beginnings.
        """
        keys = [*pointers, *heartbeats]
        limits = [POINTER_BYTES] * len(pointers) + [HEARTBEAT_BYTES] * len(heartbeats)
        most = READ_SIZE + sum(limits) + _FRAMING_BYTES * len(limits)
        try:
            async with redis_call(POLL_TIMEOUT_S, most):
                reply = await self._read(keys, len(pointers), limits, payloads)
        except OversizedError:
            self._oversized, self._mark_oversized = set(keys), True
        except RedisUnavailableError as error:
            if error.code in HUNG_UP and not self._minimal:
                return await self._run_minimal(keys, len(pointers), limits, payloads)
            if self._key_by_key or error.code not in REFUSALS:
                raise
            self._key_by_key = True  # one key that this user may not read has MGET refuse all
        else:
            self._minimal_runs = 0
            return reply
        async with redis_call(POLL_TIMEOUT_S, most):
            return await self._read(keys, len(pointers), limits, payloads)

    async def _run_minimal(
        self, keys: Sequence[str], pointers: int, limits: Sequence[int], payloads: Sequence[bytes]
    ) -> PollReply:
        """Look again by the simplest commands alone, and do so for good where that helped twice in a row."""
        before, self._minimal = self._key_by_key, True
        self._key_by_key = True
        try:
            async with redis_call(POLL_TIMEOUT_S):
                reply = await self._read(keys, pointers, limits, payloads)
        except RedisUnavailableError:
            self._key_by_key, self._minimal = before, False
            raise
        self._minimal_runs += 1
        if self._minimal_runs < _HANGUPS_BEFORE_MINIMAL:
            self._key_by_key, self._minimal = before, False
        return reply

    async def _read(
        self, keys: Sequence[str], pointers: int, limits: Sequence[int], payloads: Sequence[bytes]
    ) -> PollReply:
        """Return what is there under the keys, of which the first so many are pointers: those must be readable."""
        known_large = self._oversized  # nearly always none
        large = [at for at in zip(keys, limits, strict=True) if at[0] in known_large] if known_large else []
        plain = [key for key in keys if key not in known_large] if large else keys
        pipe = self._redis.pipeline(transaction=False)
        self._queue_commands(pipe, plain, large, payloads)
        replies: list[object] = [*raise_if_lost(await pipe.execute(raise_on_error=False))]
        if plain and not self._key_by_key:
            replies[:1] = _values(replies[0])
        unasked: list[object] = [] if self._reads_stream else [None, None]
        frame, newest, *counts = unasked + replies[len(keys) :]
        self._mark_oversized = oversized(frame)
        if self._key_by_key or large:
            values, refused = _one_by_one(keys, pointers, plain, large, replies)
        else:  # in what MGET answers there is no refusal of a single key, and nothing but strings
            values, refused = cast("list[bytes | None]", replies[: len(keys)]), ""
        known = all(isinstance(count, int) for count in counts)  # who may not ask takes them to be there
        there = sum(count for count in counts if isinstance(count, int)) if known else len(payloads)
        return PollReply(self._cut(values, keys, limits), signs(frame, newest), there, refused)

    @property
    def _reads_stream(self) -> bool:
        return self._stream and not self._minimal

    def _cut(self, values: list[bytes | None], keys: Sequence[str], limits: Sequence[int]) -> list[bytes | None]:
        """Return values of which none is more than a byte longer than its limit; remember the keys of those that were.

        The very same list as before where nothing changed, which is nearly always: whoever compares is done at once.
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
        self, pipe: Pipeline, plain: Sequence[str], large: Sequence[tuple[str, int]], payloads: Sequence[bytes]
    ) -> None:
        """Put all commands in one batch. On a cluster each names one key, and a batch goes to each node."""
        if self._key_by_key:
            for key in plain:
                pipe.get(key)
        elif plain:
            pipe.mget(plain)
        for key, most in large:
            pipe.getrange(key, 0, most)
        if self._reads_stream:
            ask(pipe, size_only=self._mark_oversized)
        if self._key_by_key:
            for payload in payloads:
                pipe.exists(payload)
        elif payloads:
            pipe.exists(*payloads)


def _one_by_one(
    keys: Sequence[str],
    pointers: int,
    plain: Sequence[str],
    large: Sequence[tuple[str, int]],
    replies: Sequence[object],
) -> tuple[list[bytes | None], str]:
    """Return values that were asked for one by one, in the keys' order, and why some were refused."""
    asked = [*plain, *(key for key, _ in large)]
    refused = _refused(zip(asked, replies, strict=False), frozenset(keys[:pointers]))
    values = [reply if isinstance(reply, bytes) else None for reply in replies[: len(keys)]]
    # GETRANGE answers the same to an empty value and to none.
    values[len(plain) :] = [value or None for value in values[len(plain) :]]
    found = dict(zip(asked, values, strict=True))
    return [found[key] for key in keys], refused


def _refused(replies: Iterable[tuple[str, object]], pointers: frozenset[str]) -> str:
    """Return why values beside the pointers were refused, empty where none was; raise the refusal of a pointer."""
    words = ""
    for key, reply in replies:
        if isinstance(reply, ResponseError) and (cause := redis_cause(reply, "GET")).code in REFUSALS:
            if key in pointers:
                raise reply
            words = words or cause.sentence
    return words


def _values(reply: object) -> list[object]:
    """Return what MGET answers; raise its refusal."""
    if isinstance(reply, Exception):
        raise reply
    assert isinstance(reply, list)
    return reply
