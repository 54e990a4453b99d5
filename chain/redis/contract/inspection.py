"""Reads values and deadlines of contract keys, with read-only commands."""

from collections.abc import Sequence
from typing import NamedTuple

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from chain.model.keys import ChainId, KeySchema, SnapshotId, heartbeat_key
from chain.model.snapshot import MAX_PAYLOAD_BYTES
from chain.redis.connect.causes import is_wrong_type
from chain.redis.connect.connection import redis_call, unavailable
from chain.redis.connect.reply_limit import DEFAULT_BYTES
from chain.redis.contract.poll_command import HEARTBEAT_BYTES, POINTER_BYTES

BATCH = 16  # payloads per round trip
_BATCH_BYTES = 2 * MAX_PAYLOAD_BYTES  # of them together
_EXACT = "PEXPIRETIME"  # the deadline itself; since Redis 7.0, and not allowed to every user
_LEFT = "PTTL"  # the time left until then
_GONE = -2

ReadCommand = tuple[str | int, ...]


class PointerKey(NamedTuple):
    """A pointer's value, and the deadlines of pointer and payload as Redis answered them."""

    value: bytes | None  # None where the key is of another type
    end: int
    payload_end: int


class Inspector:
    """Reads keys under one prefix. Every call is bounded in time and raises RedisUnavailableError.

    Deadlines are epoch milliseconds if `exact`, else the milliseconds left; -1 if a key never expires, -2 if it is
    gone.
    """

    def __init__(self, redis: Redis, keys: KeySchema) -> None:
        self._redis = redis
        self._keys = keys
        self._ends = ""  # the command that reads deadlines; empty until tried

    async def exact(self) -> bool:
        """Return whether deadlines can be read directly, rather than as the time left."""
        if not self._ends:
            async with redis_call():
                try:
                    await self._redis.pexpiretime(f"{self._keys.prefix}:chain:latest")
                    self._ends = _EXACT
                except ResponseError:
                    self._ends = _LEFT
        return self._ends == _EXACT

    async def now_ms(self) -> int:
        """Return Redis's time, epoch milliseconds."""
        async with redis_call():
            seconds, micros = await self._redis.time()
        return int(seconds) * 1000 + int(micros) // 1000

    async def heartbeats(self, services: Sequence[str]) -> dict[str, bytes | None]:
        """Return the heartbeats by key, None where there is none."""
        keys = [heartbeat_key(service) for service in services]
        replies = await self._ask([("GETRANGE", key, 0, HEARTBEAT_BYTES) for key in keys])
        return {key: _bytes(reply) or None for key, reply in zip(keys, replies, strict=True)}

    async def values(self, chains: Sequence[ChainId]) -> list[bytes | None]:
        """Return what the pointers of chains hold."""
        return [_bytes(reply) for reply in await self._ask([self._value(chain) for chain in chains])]

    async def pointers(self, targets: Sequence[tuple[ChainId, SnapshotId | None]]) -> list[PointerKey]:
        """Read each pointer's deadline, that of the payload it named a moment ago, and then its value."""
        await self.exact()
        asked: list[ReadCommand] = []
        for chain, target in targets:
            pointer = self._keys.latest(chain)
            payload = self._keys.snapshot(target) if target else pointer
            asked += [(self._ends, pointer), (self._ends, payload), self._value(chain)]
        replies = await self._ask(asked)
        rows = zip(replies[::3], replies[1::3], replies[2::3], strict=True)
        return [PointerKey(_bytes(value), _int(end), _int(payload_end)) for end, payload_end, value in rows]

    async def payloads(self, batch: Sequence[SnapshotId]) -> list[tuple[bytes | None, bool]]:
        """Return each payload, cut one byte past the limit, and whether its key is gone.

        None if the key is of another type. Raises OversizedError if a round trip has too many bytes.
        """
        await self.exact()
        asked: list[ReadCommand] = []
        for key in map(self._keys.snapshot, batch):
            asked += [("GETRANGE", key, 0, MAX_PAYLOAD_BYTES), (self._ends, key)]
        replies = await self._ask(asked, most=_BATCH_BYTES)
        pairs = zip(replies[::2], replies[1::2], strict=True)
        return [(_bytes(raw), end == _GONE and not raw) for raw, end in pairs]

    def _value(self, chain: ChainId) -> ReadCommand:
        return ("GETRANGE", self._keys.latest(chain), 0, POINTER_BYTES)

    async def _ask(self, commands: Sequence[ReadCommand], most: int = DEFAULT_BYTES) -> list[object]:
        """Return the replies, WRONGTYPE errors included; raise any other error."""
        if not commands:
            return []
        pipe = self._redis.pipeline(transaction=False)
        for command in commands:
            pipe.execute_command(*command)
        async with redis_call(most=most):
            replies: list[object] = await pipe.execute(raise_on_error=False)
        for reply in replies:
            if isinstance(reply, Exception) and not is_wrong_type(reply):
                raise unavailable(reply)
        return replies


def _bytes(reply: object) -> bytes | None:
    """Return a string's bytes; None where the key is of another type."""
    return reply if isinstance(reply, bytes) else None


def _int(reply: object) -> int:
    assert isinstance(reply, int)
    return reply
