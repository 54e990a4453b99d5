"""Putting the parts together: which source, which publisher, and what is closed after them."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from functools import partial
from pathlib import Path

from chain.clock import Clock
from chain.errors import ConfigError
from chain.model.keys import KeySchema
from chain.monitor.watch.watcher import Watcher
from chain.redis.connect.connection import RedisTarget
from chain.supervisor import Part, Supervisor
from chain.thresholds import HEARTBEAT_EVERY_S
from chaindeck.config.redis_location import RedisLocation
from chaindeck.config.settings import LIVE_UNDERLYINGS, Settings
from chaindeck.engine.embedded_keeper import keep_server
from chaindeck.engine.services import Publishing, Services
from publisher.capture import CaptureSource
from publisher.loop.event_publisher import EventPublisher
from publisher.loop.publisher import Publisher
from publisher.mock.listing import PRODUCTS
from publisher.mock.source import MockSource
from publisher.protection.guard import Guard
from publisher.protection.lease import Lease
from publisher.source import Source, SourceKind, service_name


def make_source(kind: SourceKind, settings: Settings, captures: Sequence[Path], clock: Clock) -> Source:
    """Return a source; raises ChaindeckError for unreadable captures, unknown symbols and a missing key."""
    if captures and kind != "capture":
        raise ConfigError(f"--capture does not go with the source {kind}")
    if kind == "capture":
        if not captures:
            raise ConfigError("the source capture needs --capture FILE")
        return CaptureSource(captures, mult=settings.em_mult)
    if kind == "massive":
        return _live_source(settings, clock)
    chosen = settings.underlyings or tuple(PRODUCTS)
    try:
        return MockSource(clock, seed=settings.seed, underlyings=chosen, mult=settings.em_mult)
    except ConfigError as error:
        raise settings.refused("underlyings", error) from None


def _live_source(settings: Settings, clock: Clock) -> Source:
    from publisher.massive.proxy import proxy_for, refuse_clear_key  # noqa: PLC0415
    from publisher.massive.source import MassiveSource  # noqa: PLC0415 - the HTTP client loads for live data only
    from publisher.massive.vendor import Vendor  # noqa: PLC0415

    open_s = min(60.0, 0.8 * settings.thresholds.interval_s)
    proxy = proxy_for(settings.base_url, os.environ)
    if not settings.allow_http:
        refuse_clear_key(settings.base_url, proxy)
    vendor = Vendor(settings.api_key or "", clock, base=settings.base_url, proxy=proxy, open_s=open_s)
    chosen = settings.underlyings or LIVE_UNDERLYINGS
    return MassiveSource(vendor, clock, chosen, depth=settings.expirations, mult=settings.em_mult)


@asynccontextmanager
async def publishing_services(
    place: RedisLocation,
    source: Source,
    settings: Settings,
    clock: Clock,
    *,
    supervisor: Supervisor | None = None,
    in_turn: bool = True,
    among_live: bool = False,
    after_first: Callable[[], Awaitable[None]] | None = None,
) -> AsyncIterator[Services]:
    """Give a publisher of a source on a Redis, with its watcher and events; close the source and every client after.

    An embedded server is looked after beside them.

    `in_turn`: it publishes only while it leads; a publisher of one cycle need not, for the pointer fences it.
    `among_live`: it publishes beside a live publisher all the same, chains that this one holds left out.
    """
    keys, supervisor = KeySchema(), supervisor or Supervisor(clock)
    kind, thresholds = source.status().kind, settings.thresholds
    async with AsyncExitStack() as stack:
        stack.push_async_callback(source.aclose)
        redis = await stack.enter_async_context(aclosing(place.target.connect(name="chaindeck-publisher")))
        system = None
        if settings.system_redis_url:
            system = RedisTarget(settings.system_redis_url).connect(name="chaindeck-beat")
            await stack.enter_async_context(aclosing(system))
        service, first = service_name(kind), source.underlyings[0]
        guard = Guard(redis, keys, kind, clock, ttl_s=thresholds.ttl_s, among_live=among_live)
        lease = Lease(redis, keys, source.underlyings, clock, interval_s=thresholds.interval_s, service=service)
        events = EventPublisher(redis, service, clock, speaks=lambda: lease.leader.get(first, lease.me) == lease.me)
        publisher = Publisher(
            redis,
            source,
            clock,
            thresholds=thresholds,
            expirations=settings.expirations,
            keys=keys,
            also_beat=system,
            report=events.report,
            lease=lease if in_turn else None,
            guard=guard,
            among_live=among_live,
            after_first=after_first,
            parts=supervisor.status,
        )
        # What it watches first of all is its own publisher, whose first beat follows its first snapshots.
        watcher = Watcher(
            redis,
            keys,
            clock,
            shown_as=place.target.label,
            discover_after_s=2 * HEARTBEAT_EVERY_S,
            parts=supervisor.status,
        )
        others: tuple[Part, ...] = ()
        if place.server is not None:
            keep = partial(keep_server, place.server, place.target.url, clock, publisher.publish_now)
            others = (Part("embedded server", keep),)
        yield Services(supervisor, watcher, Publishing(redis, publisher, events, guard), others)


async def refuse_beside_live(
    target: RedisTarget, kind: SourceKind, settings: Settings, clock: Clock, *, among_live: bool
) -> None:
    """Raise LiveProtectedError where a source of this kind may not publish, before anything is started."""
    async with aclosing(target.connect(name="chaindeck-guard")) as client:
        ttl_s = settings.thresholds.ttl_s
        await Guard(client, KeySchema(), kind, clock, ttl_s=ttl_s, among_live=among_live).refuse()


@asynccontextmanager
async def watching_services(
    target: RedisTarget, clock: Clock, *, supervisor: Supervisor | None = None, name: str = "chaindeck-watch"
) -> AsyncIterator[Services]:
    """Give a watcher of a Redis that others fill, and close its client after."""
    supervisor = supervisor or Supervisor(clock)
    async with aclosing(target.connect(name=name)) as redis:
        yield Services(supervisor, Watcher(redis, KeySchema(), clock, shown_as=target.label, parts=supervisor.status))
