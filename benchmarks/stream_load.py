"""A steady stream of frames from a process of its own, which hears of each write of staging."""

import asyncio
import sys
import time
from collections import deque

import orjson
from redis.asyncio import Redis

from chain.model.keys import KeySchema
from chain.pipeline.staging import FLUSH_FORM
from chain.redis.connect.connection import RedisTarget
from chain.redis.contract.stream.ids import StreamId

EVENTS_S = 50_000
SECONDS = 8.0
_BURST_S = 0.01  # frames of so long are sent at once
_FLOOD = 500  # frames at once
_MOST_UNREAD = 20_000  # entries
_SETTLES_S = 1.0  # whose frames are not counted


async def latencies_ms(redis: Redis, keys: KeySchema, frames: list[bytes], events: int = 0) -> list[float]:
    """Return, for each frame sent by another process, how long it took to be in staging.

    Where a number of `events` is given, they are sent as fast as they are read, and nothing is measured.
    """
    url = str(redis.connection_pool.connection_kwargs["path"])
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks.stream_load",
        f"unix://{url}",
        keys.prefix,
        str(events),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await process.communicate(b"\n".join(frames))
    found: list[float] = orjson.loads(told)
    return found


class _Load:
    def __init__(self, redis: Redis, keys: KeySchema, frames: list[bytes]) -> None:
        self._redis = redis
        self._keys = keys
        self._frames = frames
        self._waiting: deque[tuple[StreamId, float]] = deque()
        self.found: list[float] = []

    async def run(self) -> None:
        """Send for some seconds, and hear until the last frame is in staging."""
        hearing = asyncio.ensure_future(self._hear())
        await asyncio.sleep(0.2)
        await self._send()
        for _ in range(200):
            if not self._waiting:
                break
            await asyncio.sleep(0.01)
        hearing.cancel()

    async def flood(self, events: int) -> None:
        """Send so many events as fast as they are read."""
        sent = 0
        while sent * 10 < events:
            await self._add(sent, _FLOOD, counted=False)
            sent += _FLOOD
            while (await self._lag()) > _MOST_UNREAD:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.02)

    async def _lag(self) -> int:
        [group] = await self._redis.xinfo_groups(self._keys.stream())
        return int(group["lag"] or 0)

    async def _send(self) -> None:
        began, sent, burst = time.perf_counter(), 0, round(EVENTS_S * _BURST_S / 10)
        while (past := time.perf_counter() - began) < SECONDS:
            if past >= sent / EVENTS_S * 10:
                await self._add(sent, burst, counted=past > _SETTLES_S)
                sent += burst
            else:
                await asyncio.sleep(sent / EVENTS_S * 10 - past)

    async def _add(self, sent: int, burst: int, *, counted: bool) -> None:
        """Add some frames with the time of now in all their events."""
        now = time.time()
        pipe = self._redis.pipeline(transaction=False)
        for number in range(sent, sent + burst):
            frame = self._frames[number % len(self._frames)]
            stamped = frame.replace(b'"t":' + frame.split(b'"t":', 1)[1][:13], b'"t":%d' % round(now * 1000))
            pipe.xadd(self._keys.stream(), {"ts": repr(now), "payload": stamped}, maxlen=100_000, approximate=True)
        at = time.perf_counter()
        for of in await pipe.execute():
            if counted and (parsed := StreamId.parse(of)):
                self._waiting.append((parsed, at))

    async def _hear(self) -> None:
        async with self._redis.pubsub() as ear:
            await ear.subscribe(self._keys.staging_flushes())
            async for message in ear.listen():
                if message["type"] != "message":
                    continue
                now, position = time.perf_counter(), StreamId.parse(FLUSH_FORM.decode(message["data"]).position)
                while self._waiting and position is not None and self._waiting[0][0] <= position:
                    self.found.append((now - self._waiting.popleft()[1]) * 1000)


async def _main(url: str, prefix: str, events: str) -> None:
    frames = sys.stdin.buffer.read().split(b"\n")
    async with RedisTarget(url).connect(name="load") as redis:
        load = _Load(redis, KeySchema(prefix), frames)
        await (load.flood(int(events)) if int(events) else load.run())
    sys.stdout.buffer.write(orjson.dumps(load.found))


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
