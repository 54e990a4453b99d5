"""What a Redis says of itself: who it is, what it would evict, and how much it has evicted."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from redis.asyncio import Redis

from chain.errors import RedisUnavailableError
from chain.redis.connect.causes import HUNG_UP, OTHER, REFUSALS
from chain.redis.connect.connection import redis_call
from chain.text import clean


def parse_version(text: object) -> tuple[int, ...]:
    """Return a version as numbers, those of its first two parts; empty where it has none."""
    found = re.match(r"(\d+)\.(\d+)", str(text))
    return tuple(map(int, found.groups())) if found else ()


_SECTIONS = {"server": "its name and version", "memory": "what it evicts when full", "stats": "how much it evicts"}


@dataclass(frozen=True, slots=True)
class Server:
    """A Redis as a watcher knows it; empty where its user may not ask."""

    name: str = ""  # and version
    policy: str = ""  # what it evicts when full; empty where it has no limit
    evicted: int = 0  # keys evicted since the watcher first asked
    evicted_at: float | None = None  # epoch seconds at which that number was last seen to grow
    counted: int | None = None  # keys evicted as Redis itself counts, None before it was asked
    unasked: str = ""  # what this Redis, or this user, does not let us ask, and why

    def told(self, info: Mapping[str, object], wall_s: float) -> "Server":
        """Return what the reply to INFO (server, memory, stats) says at `wall_s`, epoch seconds."""
        name = clean(info.get("server_name", "redis"), 12)
        version = clean(info.get("valkey_version") or info.get("redis_version") or "", 16)
        policy = clean(info.get("maxmemory_policy", ""), 20) if info.get("maxmemory") else ""
        counted = info.get("evicted_keys")
        if not isinstance(counted, int):
            counted = None
        fresh = max(0, counted - self.counted) if counted is not None and self.counted is not None else 0
        at = wall_s if fresh else self.evicted_at
        return Server(f"{name} {version}".strip() if version else "", policy, self.evicted + fresh, at, counted)


async def ask_server(redis: Redis, before: Server, wall_s: float) -> Server:
    """Return what a Redis says of itself at `wall_s`, epoch seconds; what it does not let us ask is in `unasked`.

    Each section by itself: before 7.0, INFO takes one. No contract key depends on it, so a refusal is no failure.
    Raises RedisUnavailableError.
    """
    info: dict[str, object] = {}
    refused: dict[str, str] = {}
    for section, meaning in _SECTIONS.items():
        try:
            async with redis_call():
                info |= await redis.info(section)
        except RedisUnavailableError as error:
            if error.code not in REFUSALS | HUNG_UP | {OTHER.code}:
                raise
            refused[meaning] = str(error)
    asked = before.told(info, wall_s) if info else before
    reasons = ", ".join(dict.fromkeys(refused.values()))
    return replace(asked, unasked=f"cannot tell {', '.join(refused)}: {reasons}" if refused else "")
