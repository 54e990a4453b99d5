"""Finds the chains that have a pointer, by SCAN: each step is short, however many keys Redis holds."""

from typing import Any

from redis.asyncio import Redis
from redis.asyncio.cluster import ClusterNode

from chain.errors import InvalidNameError
from chain.model.keys import ChainId, KeySchema
from chain.redis.connect.connection import is_cluster, redis_call

_KEYS_A_STEP = 1_000
_MOST_CHAINS = 20_000


class PointerScan:
    """Scans the keys of one Redis for pointers. Payload keys are never requested."""

    def __init__(self, redis: Redis, keys: KeySchema, most: int = _MOST_CHAINS) -> None:
        """`most`: the number of keys after which a scan ends."""
        self._redis = redis
        self._keys = keys
        self._most = most
        self._nodes: list[ClusterNode | None] = []  # still to be scanned; None: the single server
        self._cursor = 0
        self._count = 0  # keys found by this scan

    def begin_again(self) -> None:
        """Restart: the next step begins a new scan."""
        self._nodes.clear()

    async def step(self) -> tuple[set[ChainId], bool]:
        """Scan the next thousand keys or so; return the chains among them, and whether the scan is complete.

        Raises RedisUnavailableError; the next step then resumes at the same position.
        """
        pointers, over = await self.pointer_keys()
        found: set[ChainId] = set()
        for key in pointers:
            try:
                found.add(self._keys.parse_latest(key))
            except InvalidNameError:
                continue  # another program's key with our prefix
        return found, over

    async def pointer_keys(self) -> tuple[list[bytes], bool]:
        """Do a step; return the pointer keys found, valid or not, and whether the scan is complete."""
        async with redis_call():
            if not self._nodes:
                self._nodes, self._cursor, self._count = await self._all_nodes(), 0, 0
            pointers = await self._next(self._nodes[0])
        self._count += len(pointers)
        if self._cursor == 0:
            self._nodes.pop(0)
        if self._count >= self._most:
            self._nodes.clear()
        return pointers, not self._nodes

    async def _all_nodes(self) -> list[ClusterNode | None]:
        if not is_cluster(self._redis):
            return [None]
        await self._redis.initialize()
        return list(self._redis.get_primaries())  # type: ignore[attr-defined]

    async def _next(self, node: ClusterNode | None) -> list[bytes]:
        """Return the keys of one step, and advance the cursor."""
        where: dict[str, Any] = {} if node is None else {"target_nodes": node}
        reply: tuple[Any, list[bytes]] = await self._redis.scan(  # type: ignore[assignment]
            self._cursor, match=self._keys.latest_pattern(), count=_KEYS_A_STEP, **where
        )
        cursor, pointers = reply
        self._cursor = next(iter(cursor.values())) if isinstance(cursor, dict) else cursor  # on a cluster: by node
        return pointers
