"""What is said on channels, as one who must not miss anything hears it: with every interruption told."""

from contextlib import suppress
from types import TracebackType
from typing import Any, NamedTuple, Self

from redis.asyncio import Redis

from chain.clock import Clock
from chain.errors import RedisUnavailableError
from chain.redis.connect.connection import OPERATION_TIMEOUT_S, redis_call

_ASK_AFTER_S = 5.0  # of silence: then the server is asked whether it still hears us
_LOST_AFTER_S = 10.0
_CLOSE_S = 1.0


class Heard(NamedTuple):
    """A message of a channel; `payload` is None where listening has just begun, again or for the first time."""

    channel: str
    payload: bytes | None


class Channel:
    """Listens on one channel while it is entered. Messages of more than `most` bytes together are not read.

    Entering and `next` raise RedisUnavailableError where the channel may not be heard, or the server has gone; the
    client may reconnect by itself, and then says so as it did at the beginning.
    """

    def __init__(self, redis: Redis, name: str, clock: Clock, *, most: int) -> None:
        self._redis = redis
        self._name = name
        self._clock = clock
        self._most = most
        self._pubsub: Any = None
        self._heard_at = 0.0
        self._asked = False

    async def __aenter__(self) -> Self:
        self._heard_at = self._clock.monotonic()
        self._pubsub = self._redis.pubsub()
        try:
            async with redis_call():
                await self._pubsub.subscribe(self._name)
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        await self._close()

    async def _close(self) -> None:
        with suppress(RedisUnavailableError):  # what is given up need not be given up well
            async with redis_call(_CLOSE_S):
                await self._pubsub.aclose()

    async def next(self, wait_s: float) -> Heard | None:
        """Return what is heard next; None where nothing is for so many seconds."""
        async with redis_call(wait_s + OPERATION_TIMEOUT_S, self._most):
            message = await self._pubsub.get_message(timeout=wait_s)
            if message is None:
                await self._check_silence()
        if message is None:
            return None
        self._heard_at, self._asked = self._clock.monotonic(), False
        match message["type"]:
            case "subscribe":
                return Heard(self._name, None)
            case "message" if isinstance(message["data"], bytes):
                return Heard(self._name, message["data"])
        return None

    async def _check_silence(self) -> None:
        """Ask a server that has said nothing for long; a line that is dead without a word is told from a quiet one."""
        silent_s = self._clock.monotonic() - self._heard_at
        if silent_s > _LOST_AFTER_S and self._asked:
            raise RedisUnavailableError(f"nothing was heard on {self._name} for {silent_s:.0f} s, nor is an answer")
        if silent_s > _ASK_AFTER_S and not self._asked:
            self._asked = True
            await self._pubsub.ping()
