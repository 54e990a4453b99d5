"""A Redis client from a URL: bounded in time, shown without its password, with failures described."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import ConstantBackoff
from redis.exceptions import ClusterDownError, RedisClusterException, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from chain.errors import OversizedError, RedisUnavailableError
from chain.redis.connect.address import Address, parse_url, shown
from chain.redis.connect.causes import redis_cause
from chain.redis.connect.reply_limit import DEFAULT_BYTES, OversizedReplyError, reply_limit
from chain.redis.connect.sentinel import PrimaryConnection, PrimaryPool, PrimaryTlsConnection, Sentinels
from chain.redis.connect.transports import Handshake, PlainConnection, TlsConnection, UnixConnection
from chain.text import clean

SOCKET_TIMEOUT_S = 1.0  # redis-py's own defaults hide an outage for about a minute
OPERATION_TIMEOUT_S = 2.5
POLL_TIMEOUT_S = 1.8  # with one poll a second, an outage is on screen within three
_LOST = (OversizedReplyError, RedisConnectionError, RedisTimeoutError, ClusterDownError)


@dataclass(frozen=True, slots=True)
class RedisTarget:
    """A Redis address. Its `repr`, `shown` and `label` never hold the password."""

    url: str
    address: Address = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "address", parse_url(self.url))

    def __repr__(self) -> str:
        return f"RedisTarget({self.shown!r})"

    @property
    def shown(self) -> str:
        """The URL without user, password and query."""
        return shown(self.url)

    @property
    def label(self) -> str:
        """A short name for a status line: `unix`, or host:port, prefixed by the kind unless it is a single server."""
        if self.address.kind == "unix":
            return "unix"
        host, port = self.address.hosts[0]
        kind = "" if self.address.kind == "redis" else f"{self.address.kind} "
        return clean(f"{kind}[{host}]:{port}" if ":" in host else f"{kind}{host}:{port}", 40)

    def connect(self, *, name: str = "chaindeck") -> Redis:
        """Return a client whose every socket wait ends after a second, with one retry."""
        address = self.address
        options: dict[str, Any] = {
            "socket_timeout": SOCKET_TIMEOUT_S,
            "socket_connect_timeout": SOCKET_TIMEOUT_S,
            # RESP2 by default: every server and proxy supports it, and nothing needs to be negotiated.
            "protocol": address.protocol,
            "driver_info": None,  # sending the library's name would cost two more commands
            **(address.tls.options if address.tls else {}),
        }
        if address.kind == "cluster":
            return self._connect_cluster(options, Handshake(name))
        options["redis_connect_func"] = Handshake(name).greet
        if address.kind == "sentinel":
            return self._connect_sentinel(options, Handshake(name))
        place: dict[str, Any] = {"path": address.path}
        if address.kind == "redis":
            place = dict(zip(("host", "port"), address.hosts[0], strict=True))
        return Redis.from_pool(
            ConnectionPool(
                connection_class=UnixConnection if address.kind == "unix" else self._by_tcp,
                db=address.database,
                retry=Retry(ConstantBackoff(0.05), 1),
                **place,
                **address.login.options,
                **options,
            )
        )

    @property
    def _by_tcp(self) -> type[PlainConnection | TlsConnection]:
        return TlsConnection if self.address.tls else PlainConnection

    def _connect_sentinel(self, options: dict[str, Any], greeting: Handshake) -> Redis:
        """Return a client of the primary that the Sentinels name, asked again for each connection."""
        address = self.address
        asked = options | {"redis_connect_func": greeting.greet, "retry": Retry(ConstantBackoff(0.05), 0)}
        pools = (
            ConnectionPool(
                connection_class=self._by_tcp, host=host, port=port, **address.sentinel_login.options, **asked
            )
            for host, port in address.hosts
        )
        pool = PrimaryPool(  # type: ignore[no-untyped-call]
            address.service,
            Sentinels([Redis.from_pool(each) for each in pools]),
            connection_class=PrimaryTlsConnection if address.tls else PrimaryConnection,
            db=address.database,
            retry=Retry(ConstantBackoff(0.05), 1),
            **address.login.options,
            **options,
        )
        return Redis.from_pool(pool)

    def _connect_cluster(self, options: dict[str, Any], greeting: Handshake) -> Redis:
        """Return a cluster client, which has the same methods; `is_cluster` tells them apart."""
        nodes = [ClusterNode(host, port) for host, port in self.address.hosts]
        files = ("ssl_ca_path", "ssl_password")  # the cluster client passes these on only from here
        ours: dict[str, Any] = {name: options.pop(name) for name in files if name in options}
        ours |= {"connection_class": self._by_tcp, "redis_connect_func": greeting.greet}
        cluster = RedisCluster(
            startup_nodes=nodes,
            retry=Retry(ConstantBackoff(0.05), 2),
            ssl=self.address.tls is not None,
            **self.address.login.options,
            **options,
        )
        cluster.connection_kwargs.update(ours)  # for every node found later
        for node in cluster.nodes_manager.startup_nodes.values():
            node.connection_class = ours["connection_class"]
            node.connection_kwargs.update({name: value for name, value in ours.items() if name != "connection_class"})
        return cast(Redis, cluster)


def is_cluster(redis: Redis) -> bool:
    """Whether keys of one command must share a slot."""
    return hasattr(redis, "nodes_manager")


@asynccontextmanager
async def redis_call(seconds: float = OPERATION_TIMEOUT_S, most: int = DEFAULT_BYTES) -> AsyncIterator[None]:
    """Turn every failure of Redis, timeouts included, into a RedisUnavailableError with its cause.

    Raises OversizedError when the replies exceed `most` bytes together; the rest is not read.
    """
    task = asyncio.current_task()
    asked = task.cancelling() if task else 0
    try:
        with reply_limit(most):
            async with asyncio.timeout(seconds):
                yield
    except OversizedReplyError as error:
        raise OversizedError(str(error)) from None
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


def raise_if_lost(replies: Sequence[object]) -> Sequence[object]:
    """Return the replies of a pipeline; raise the first that says that a node did not answer.

    A refusal is an answer. On a cluster a single node can be lost; its replies are then errors among the others.
    """
    for reply in replies:
        if isinstance(reply, _LOST):
            raise reply
    return replies
