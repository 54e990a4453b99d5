"""Follows the stream beside the watcher, and has its entries recorded."""

import logging
from collections.abc import Callable, Sequence

from redis.asyncio import Redis

from chain.clock import Instant
from chain.context import Context
from chain.errors import RedisUnavailableError
from chain.pipeline.frame import StreamEntry
from chain.redis.contract.stream.tail import PAGE, StreamTail

log = logging.getLogger(__name__)

_EVERY_S = 0.5


class FrameRecorder:
    """Reads what is new in the stream twice a second. What keeps it from reading is said once, and tried again."""

    def __init__(
        self, redis: Redis, context: Context, offer: Callable[[Sequence[StreamEntry], Instant], object]
    ) -> None:
        """`offer` takes entries and when they were read; it must neither wait nor raise."""
        self._tail = StreamTail(redis, context.keys)
        self._clock = context.clock
        self._offer = offer
        self._said = ""

    async def run(self) -> None:
        """Read until cancelled."""
        while True:
            if await self._read() < PAGE:
                await self._clock.sleep(_EVERY_S)

    async def _read(self) -> int:
        """Read once, and return how many entries there were."""
        try:
            entries = await self._tail.read()
        except RedisUnavailableError as error:
            if str(error) != self._said:
                log.warning("the stream is not recorded: %s", error)
            self._said = str(error)
            return 0
        self._said = ""
        if entries:
            self._offer(entries, Instant.now(self._clock))
        return len(entries)
