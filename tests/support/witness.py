"""A reader that never looks away: it remembers every pointer that went back or led nowhere."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise

from redis.asyncio import Redis
from redis.exceptions import RedisError

from chain.model.keys import ChainId
from tests.support.builders import held
from tests.support.waiting import wait_until_async

_EVERY_S = 0.005


@dataclass
class Witness:
    """What was seen of some chains; times are monotonic seconds."""

    chains: Sequence[ChainId]
    moves: dict[ChainId, list[tuple[float, int]]] = field(default_factory=dict)  # when each pointer was first seen
    fell: list[tuple[ChainId, int, int]] = field(default_factory=list)  # from a stamp back to an older one
    dangled: list[ChainId] = field(default_factory=list)

    async def look(self, redis: Redis) -> None:
        """Read every chain once, each in one instant."""
        for chain in self.chains:
            found = await held(redis, chain)
            if found is None:
                continue
            if found.payload is None:
                self.dangled.append(chain)
            seen = self.moves.setdefault(chain, [])
            if seen and found.ts_ms < seen[-1][1]:
                self.fell.append((chain, seen[-1][1], found.ts_ms))
            if not seen or found.ts_ms != seen[-1][1]:
                seen.append((time.monotonic(), found.ts_ms))

    def moved_since(self, instant: float) -> float | None:
        """Return when every chain had moved after `instant`; None while one has not."""
        firsts = [next((at for at, _ in self.moves.get(chain, ()) if at > instant), None) for chain in self.chains]
        return None if None in firsts else max(at for at in firsts if at is not None)

    @property
    def longest_gap_s(self) -> float:
        """The longest time that any chain stood still between two moves."""
        return max(later - earlier for seen in self.moves.values() for (earlier, _), (later, _) in pairwise(seen))


@asynccontextmanager
async def witness(redis: Redis, chains: Sequence[ChainId]) -> AsyncIterator[Witness]:
    """Give a witness that has seen every chain and looks on meanwhile; while Redis is away it sees nothing."""
    seen, done = Witness(chains), asyncio.Event()

    async def watch() -> None:
        while not done.is_set():
            with suppress(RedisError):
                await seen.look(redis)
            await asyncio.sleep(_EVERY_S)

    task = asyncio.create_task(watch())
    try:
        await wait_until_async(lambda: task.done() or len(seen.moves) == len(chains), what="every chain")
        yield seen
    finally:
        done.set()
        await task
