"""Heartbeats to our Redis and to a system Redis: neither delays the other, or a cycle."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

from redis.asyncio import Redis

from chain.clock import Clock
from chain.errors import RedisUnavailableError
from chain.monitor.heartbeat import ServiceBeat, beat
from chain.supervisor import Part
from chain.thresholds import HEARTBEAT_EVERY_S

log = logging.getLogger(__name__)


class HeartbeatLoop:
    """Sends what `heartbeat` returns for a status; while `silent`, scheduled heartbeats are not sent."""

    def __init__(
        self,
        redis: Redis,
        system_redis: Redis | None,
        clock: Clock,
        heartbeat: Callable[[str], ServiceBeat],
        *,
        silent: Callable[[], bool],
        before: Callable[[], Awaitable[None]],
    ) -> None:
        """`before` is awaited before each scheduled heartbeat to our Redis."""
        self._redis = redis
        self._system_redis = system_redis
        self._clock = clock
        self._heartbeat = heartbeat
        self._silent = silent
        self._before = before
        self._due = asyncio.Event()  # for the system Redis
        self._errors: dict[str, str] = {}  # why the last heartbeat to a Redis failed, wholly or in part

    def parts(self, of: str = "") -> list[Part]:
        """Return the parts that send heartbeats, one per Redis; `of` begins their names where others beat beside us."""
        ours = Part(f"{of}heartbeat", self._run)
        if self._system_redis is None:
            return [ours]
        return [ours, Part(f"{of}system heartbeat", partial(self._run_to_system, self._system_redis))]

    async def beat(self, status: str) -> None:
        """Send a heartbeat to our Redis, and request one to the system Redis."""
        self._due.set()
        await self._beat_to(self._redis, "heartbeat", status)

    async def beat_everywhere(self, status: str) -> None:
        """Send a heartbeat to each Redis at once."""
        beats = [self._beat_to(self._redis, "heartbeat", status)]
        if self._system_redis is not None:
            beats.append(self._beat_to(self._system_redis, "system heartbeat", status))
        await asyncio.gather(*beats)

    async def _run(self) -> None:
        while True:
            await self._clock.sleep(HEARTBEAT_EVERY_S)
            if not self._silent():
                await self._before()
                await self.beat("running")

    async def _run_to_system(self, redis: Redis) -> None:
        """Send heartbeats to the system Redis as often as to ours, and on its own schedule if ours does not answer."""
        while True:
            with suppress(TimeoutError):
                async with self._clock.timeout(HEARTBEAT_EVERY_S):
                    await self._due.wait()
            self._due.clear()
            if not self._silent():
                await self._beat_to(redis, "system heartbeat", "running")

    async def _beat_to(self, redis: Redis, name: str, status: str) -> None:
        """Send one heartbeat to one Redis. A failure is logged once, since the next heartbeat tries again."""
        try:
            error_text = await beat(redis, self._heartbeat(status))
        except RedisUnavailableError as error:
            error_text = f"not written: {error}"
        before = self._errors.get(name, "")
        self._errors[name] = error_text
        if error_text and error_text != before:
            log.warning("%s %s", name, error_text)
        elif before and not error_text:
            log.info("%s written again", name)
