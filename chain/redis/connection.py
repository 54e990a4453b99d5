"""A Redis client from a URL: bounded in time, named without its password, and its failures in words."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from hiredis import pack_command
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.asyncio.connection import Connection, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool, SentinelManagedConnection
from redis.backoff import ConstantBackoff
from redis.exceptions import ClusterDownError, RedisClusterException, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.typing import EncodableT

from chain.errors import ConfigError, RedisUnavailableError
from chain.redis.causes import redis_cause
from chain.text import clean

SOCKET_TIMEOUT_S = 1.0  # redis-py's own defaults hide an outage for about a minute
OPERATION_TIMEOUT_S = 2.5
POLL_TIMEOUT_S = 1.8  # with one poll a second, an outage is on screen within three
_SEND_BUFFER = 1 << 20  # the default of a unix socket makes a pipeline of payloads three times slower
_SCHEMES = ("redis", "rediss", "unix", "redis+sentinel", "redis+cluster")
_QUERY = ("db", "username", "password")
_LOST = (RedisConnectionError, RedisTimeoutError, ClusterDownError)


@dataclass(frozen=True, slots=True)
class RedisTarget:
    """A Redis address. Its `repr`, `shown` and `label` never hold the password."""

    url: str

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme != "unix" and "@" in f"{parts.path}?{parts.query}#{parts.fragment}":
            raise ConfigError("Redis URL: write / ? # and @ in a user or password as %2F %3F %23 and %40")
        for name, value in parse_qsl(parts.query):
            if not (name in _QUERY or name.startswith("ssl_")) or (name == "db" and not value.isdigit()):
                raise ConfigError(f"Redis URL {self.shown!r}: {clean(name, 24)} after the ? makes no sense")
        if parts.scheme not in _SCHEMES:
            raise ConfigError(
                f"Redis URL {self.shown!r}: scheme must be one of {', '.join(_SCHEMES)}, as in redis://host:6379/0"
            )
        if parts.scheme == "unix":
            missing = not parts.path
        else:
            try:
                missing = not self.hosts
            except ValueError:
                missing = True
        if missing:
            raise ConfigError(f"Redis URL {self.shown!r} names no host and port, or no socket path")
        if parts.scheme == "redis+sentinel" and not self._path[0]:
            raise ConfigError(f"Redis URL {self.shown!r} names no service: redis+sentinel://host:26379/SERVICE")

    def __repr__(self) -> str:
        return f"RedisTarget({self.shown!r})"

    @property
    def shown(self) -> str:
        """The URL without user, password and query."""
        parts = urlsplit(self.url)
        host = parts.netloc.rpartition("@")[2]
        return clean(f"{parts.scheme}://{host}{parts.path}", 120)

    @property
    def label(self) -> str:
        """A few letters for a status line: `unix`, or host:port, before it the kind where it is no single server."""
        parts = urlsplit(self.url)
        if parts.scheme == "unix":
            return "unix"
        host, port = self.hosts[0]
        kind = {"redis+sentinel": "sentinel ", "redis+cluster": "cluster "}.get(parts.scheme, "")
        return clean(f"{kind}{host}:{port}", 40)

    @property
    def hosts(self) -> list[tuple[str, int]]:
        """The addresses named; raises ValueError where one makes no sense."""
        scheme, netloc = urlsplit(self.url)[:2]
        default = 26379 if scheme == "redis+sentinel" else 6379
        found = [urlsplit(f"//{part}") for part in netloc.rpartition("@")[2].split(",")]
        if not all(address.hostname for address in found):
            raise ValueError("no host")
        return [(str(address.hostname), address.port or default) for address in found]

    @property
    def _path(self) -> tuple[str, int]:
        """The service and the database number of a Sentinel URL."""
        service, _, database = urlsplit(self.url).path.strip("/").partition("/")
        return service, int(database) if database.isdigit() else 0

    def connect(self, *, name: str = "chaindeck") -> Redis:
        """Return a client whose every socket wait ends after a second, with one retry."""
        options: dict[str, Any] = {
            "socket_timeout": SOCKET_TIMEOUT_S,
            "socket_connect_timeout": SOCKET_TIMEOUT_S,
            "client_name": name,
        }
        scheme = urlsplit(self.url).scheme
        if scheme == "redis+cluster":
            return self._connect_cluster(options)
        options["retry"] = Retry(ConstantBackoff(0.05), 1)
        if scheme == "redis+sentinel":
            return self._connect_sentinel(options)
        pool = ConnectionPool.from_url(self.url, **options)
        pool.connection_class = _OUR_KIND[pool.connection_class]
        return Redis.from_pool(pool)

    @property
    def _login(self) -> dict[str, Any]:
        """User and password, where the URL has them."""
        user, _, password = urlsplit(self.url).netloc.rpartition("@")[0].partition(":")
        return {"username": unquote(user) or None, "password": unquote(password) or None}

    def _connect_sentinel(self, options: dict[str, Any]) -> Redis:
        """Return a client of whatever primary the Sentinels name, asked anew at each connection."""
        service, database = self._path
        quick = options | {"retry": Retry(ConstantBackoff(0.05), 0)}
        sentinels = Sentinel(self.hosts, sentinel_kwargs=quick)  # type: ignore[no-untyped-call]
        client: Redis = sentinels.master_for(
            service,
            connection_pool_class=_SentinelPool,
            connection_class=_SentinelConnection,
            db=database,
            **self._login,
            **options,
        )
        return client

    def _connect_cluster(self, options: dict[str, Any]) -> Redis:
        """Return a cluster client, which answers to the same calls; `is_cluster` tells it apart."""
        nodes = [ClusterNode(host, port) for host, port in self.hosts]
        retry = Retry(ConstantBackoff(0.05), 2)
        return cast(Redis, RedisCluster(startup_nodes=nodes, retry=retry, **self._login, **options))


def is_cluster(redis: Redis) -> bool:
    """Whether keys of one command must share a slot."""
    return hasattr(redis, "nodes_manager")


class _Packed:
    """Commands packed in C: redis-py's asyncio connections would do it in Python, key by key."""

    def pack_command(self, *args: EncodableT) -> list[bytes]:
        words = str(args[0]).split() if isinstance(args[0], str) else [args[0]]
        return [pack_command((*words, *args[1:]))]


class _Connection(_Packed, Connection):
    pass


class _TlsConnection(_Packed, SSLConnection):
    pass


class _UnixConnection(_Packed, UnixDomainSocketConnection):
    """A unix socket with room for a whole cycle of payloads."""

    async def _connect(self) -> None:
        await super()._connect()  # type: ignore[no-untyped-call]
        assert self._writer is not None
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)


_OUR_KIND = {Connection: _Connection, SSLConnection: _TlsConnection, UnixDomainSocketConnection: _UnixConnection}


class _SentinelConnection(_Packed, SentinelManagedConnection):
    """A connection that asks the Sentinels also where a retry opens it again.

    redis-py would go back to the address of before, which may be a replica by now: it answers reads, perhaps old ones.
    """

    async def send_packed_command(self, command: bytes | str | Iterable[bytes], check_health: bool = True) -> None:
        if not self.is_connected:
            await self.connect()  # type: ignore[no-untyped-call]
        await super().send_packed_command(command, check_health)


class _SentinelPool(SentinelConnectionPool):
    """Connections to the primary that closes those to the Sentinels with its own."""

    async def aclose(self) -> None:
        await super().aclose()
        await self.sentinel_manager.aclose()


@asynccontextmanager
async def bounded(seconds: float = OPERATION_TIMEOUT_S) -> AsyncIterator[None]:
    """Turn every way in which Redis can fail, slowness included, into one RedisUnavailableError with its cause."""
    task = asyncio.current_task()
    asked = task.cancelling() if task else 0
    try:
        async with asyncio.timeout(seconds):
            yield
    except (RedisError, RedisClusterException, OSError) as error:
        raise unavailable(error) from None
    finally:
        # redis-py writes through wait_for, which up to Python 3.11 can swallow a cancellation: loops would never end.
        if task and task.cancelling() > asked:
            raise asyncio.CancelledError


def unavailable(error: BaseException) -> RedisUnavailableError:
    """Return the error that says why Redis failed."""
    cause = redis_cause(error)
    return RedisUnavailableError(str(cause), cause.code)


def heard(replies: Sequence[object]) -> Sequence[object]:
    """Return the replies of a pipeline; raise the first that says that a node did not answer.

    A refusal is an answer. On a cluster each node can be lost alone, and its replies are then errors among others.
    """
    for reply in replies:
        if isinstance(reply, _LOST):
            raise reply
    return replies
