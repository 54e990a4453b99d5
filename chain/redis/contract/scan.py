"""Which chains have a pointer, found by SCAN in steps: a step is short, however many keys Redis holds."""

from typing import Any

from redis.asyncio import Redis
from redis.asyncio.cluster import ClusterNode

from chain.errors import InvalidNameError
from chain.model.keys import ChainId, KeySchema
from chain.redis.connect.connection import is_cluster, redis_call

_KEYS_A_STEP = 1_000
_MOST_CHAINS = 20_000


class PointerScan:
    """Walks through the keys of one Redis, again and again. Payload keys are never asked for."""

    def __init__(self, redis: Redis, keys: KeySchema, most: int = _MOST_CHAINS) -> None:
        """`most`: how many keys end a walk."""
        self._redis = redis
        self._keys = keys
        self._most = most
        self._nodes: list[ClusterNode | None] = []  # those that this walk has still to visit; None: the one server
        self._cursor = 0
        self._count = 0  # of the keys that this walk has found

    def begin_again(self) -> None:
        """Let the next step begin a walk."""
        self._nodes.clear()

    async def step(self) -> tuple[set[ChainId], bool]:
        """Look at the next thousand keys or so; return the chains among them, and whether the walk is over.

        Raises RedisUnavailableError; the next step then goes on from the same place.
        """
        pointers, over = await self.pointer_keys()
        found: set[ChainId] = set()
        for key in pointers:
            try:
                found.add(self._keys.parse_latest(key))
            except InvalidNameError:
                continue  # another program's key that merely begins like ours
        return found, over

    async def pointer_keys(self) -> tuple[list[bytes], bool]:
        """Do a step; return the pointer keys as they stand, of whatever name, and whether the walk is over."""
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
        """Return the keys of one step, and move the cursor on."""
        where: dict[str, Any] = {} if node is None else {"target_nodes": node}
        reply: tuple[Any, list[bytes]] = await self._redis.scan(  # type: ignore[assignment]
            self._cursor, match=self._keys.latest_pattern(), count=_KEYS_A_STEP, **where
        )
        cursor, pointers = reply
        self._cursor = next(iter(cursor.values())) if isinstance(cursor, dict) else cursor  # a cluster tells the node
        return pointers
