"""What a Redis says of itself: who it is, what it would evict, and how much it has evicted."""

from collections.abc import Mapping
from dataclasses import dataclass

from chain.text import clean


@dataclass(frozen=True, slots=True)
class Server:
    """A Redis as a watcher knows it; empty where its user may not ask."""

    name: str = ""  # and version
    policy: str = ""  # what it evicts when full; empty where it has no limit
    evicted: int = 0  # keys evicted since the watcher first asked
    evicted_at: float | None = None  # epoch seconds at which that number was last seen to grow
    counted: int | None = None  # keys evicted as Redis itself counts, None before it was asked

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
        return Server(f"{name} {version}".strip(), policy, self.evicted + fresh, at, counted)
