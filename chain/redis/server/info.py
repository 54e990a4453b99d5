"""What a Redis reports about itself: version, eviction policy, and evictions."""

import re
from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace
from redis.asyncio import Redis

from chain.errors import RedisUnavailableError
from chain.redis.connect.causes import HUNG_UP, OTHER, REFUSALS
from chain.redis.connect.connection import redis_call
from chain.text import clean


def parse_version(text: object) -> tuple[int, ...]:
    """Return the first two parts of a version as numbers; empty if there are none."""
    found = re.match(r"(\d+)\.(\d+)", str(text))
    return tuple(map(int, found.groups())) if found else ()


_SECTIONS = {"server": "its name and version", "memory": "what it evicts when full", "stats": "how much it evicts"}


class Server(Struct, frozen=True):
    """A Redis as a watcher knows it; fields are empty if its user may not run INFO."""

    name: str = ""  # and version
    policy: str = ""  # maxmemory-policy; empty if it has no memory limit
    evicted: int = 0  # keys evicted since the watcher first asked
    evicted_at: float | None = None  # when that number last grew, epoch seconds
    counted: int | None = None  # Redis's own count of evicted keys, None before the first INFO
    unasked: str = ""  # what this Redis or its ACL does not let us read, and why

    def updated(self, info: Mapping[str, object], wall_s: float) -> "Server":
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
    """Return what a Redis reports about itself at `wall_s`, epoch seconds; what we may not read is in `unasked`.

    One call per section, since INFO takes only one before 7.0. Nothing depends on it, so a refusal is no failure.
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
    asked = before.updated(info, wall_s) if info else before
    reasons = ", ".join(dict.fromkeys(refused.values()))
    return replace(asked, unasked=f"cannot tell {', '.join(refused)}: {reasons}" if refused else "")
