"""Putting the parts together: which Redis, which source, which publisher."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from redis.asyncio import Redis

from chain.clock import Clock
from chain.connection import RedisTarget
from chain.embedded import EmbeddedServer, attach
from chain.errors import ConfigError
from chain.names import Names
from chaindeck.settings import PublisherSettings
from publisher.capture import CaptureSource
from publisher.faults import Saboteur, WithholdingSource
from publisher.loop import Publisher
from publisher.mock import MockSource
from publisher.source import Source


@dataclass(frozen=True, slots=True)
class Place:
    """A Redis to use, and the embedded server behind it where there is one."""

    target: RedisTarget
    server: EmbeddedServer | None = None


@contextmanager
def redis_place(url: str | None) -> Iterator[Place]:
    """Give the named Redis, or this user's embedded server, started if need be and stopped after if it was.

    A named Redis is never replaced by an embedded one: that would show a private, empty Redis as if it were the desk's.
    """
    if url:
        yield Place(RedisTarget(url))
        return
    server = EmbeddedServer()
    try:
        endpoint = server.start_or_attach()
        yield Place(RedisTarget(endpoint.url), server)
    finally:
        server.stop()


def running_place(url: str | None) -> Place:
    """Return the named Redis, or the embedded server that already runs; raise ConfigError where there is none."""
    if url:
        return Place(RedisTarget(url))
    endpoint = attach()
    if endpoint is None:
        raise ConfigError("no deck of this user is running: start `chaindeck`, or give a Redis URL")
    return Place(RedisTarget(endpoint.url))


def make_source(settings: PublisherSettings, clock: Clock) -> Source:
    """Return the source that the settings name; raises ChaindeckError for unreadable captures and unknown symbols."""
    if settings.capture:
        if settings.symbols:
            raise ConfigError("--underlyings does not go with --capture: a capture publishes what it recorded")
        return CaptureSource(settings.capture, mult=settings.em_mult)
    chosen: Sequence[str] = settings.symbols
    if chosen:
        return MockSource(clock, seed=settings.seed, underlyings=chosen, mult=settings.em_mult)
    return MockSource(clock, seed=settings.seed, mult=settings.em_mult)


def make_publisher(redis: Redis, source: Source, settings: PublisherSettings, clock: Clock) -> Publisher:
    """Return a publisher of a source on a Redis."""
    return Publisher(
        redis, source, clock, thresholds=settings.thresholds, expirations=settings.expirations, names=Names()
    )


def make_saboteur(redis: Redis, source: WithholdingSource, publisher: Publisher, clock: Clock) -> Saboteur:
    """Return the hand behind the demo menu."""
    return Saboteur(redis, Names(), source, publisher, clock)
