"""Putting the parts together: which source, which publisher."""

import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from redis.asyncio import Redis

from chain.clock import Clock
from chain.errors import ConfigError
from chain.model.keys import Names
from chain.monitor.watcher import Watcher
from chain.redis.connection import RedisTarget
from chain.thresholds import HEARTBEAT_EVERY_S
from chaindeck.crew import Crew
from chaindeck.settings import LIVE_UNDERLYINGS, Settings
from publisher.capture import CaptureSource
from publisher.faults import Saboteur, WithholdingSource
from publisher.guard import Guard
from publisher.herald import Herald
from publisher.lease import Lease
from publisher.loop import Publisher
from publisher.mock.listing import PRODUCTS
from publisher.mock.source import MockSource
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
    return MockSource(clock, seed=settings.seed, underlyings=chosen, mult=settings.em_mult)


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


def make_crew(
    redis: Redis,
    source: Source,
    settings: Settings,
    clock: Clock,
    *,
    shown_as: str = "",
    in_turn: bool = True,
    among_live: bool = False,
    after_first: Callable[[], Awaitable[None]] | None = None,
) -> Crew:
    """Return a publisher of a source on a Redis, with its watcher and herald.

    `in_turn`: it publishes only while it leads; a publisher of one cycle need not, for the pointer fences it.
    `among_live`: it publishes beside a live publisher all the same, chains that this one holds left out.
    """
    names = Names()
    system_url = settings.system_redis_url
    system = RedisTarget(system_url).connect(name="chaindeck-beat") if system_url else None
    kind, ttl_s = source.status().kind, settings.thresholds.ttl_s
    guard = Guard(redis, names, kind, clock, ttl_s=ttl_s, among_live=among_live)
    lease = Lease(
        redis,
        names,
        source.underlyings,
        clock,
        interval_s=settings.thresholds.interval_s,
        service=service_name(kind),
    )
    first = source.underlyings[0]
    herald = Herald(redis, service_name(kind), clock, speaks=lambda: lease.leader.get(first, lease.me) == lease.me)
    publisher = Publisher(
        redis,
        source,
        clock,
        thresholds=settings.thresholds,
        expirations=settings.expirations,
        names=names,
        also_beat=system,
        report=herald.report,
        lease=lease if in_turn else None,
        guard=guard,
        among_live=among_live,
        after_first=after_first,
    )
    # What it watches first of all is its own publisher, whose first beat follows its first snapshots.
    watcher = Watcher(redis, names, clock, shown_as=shown_as, discover_after_s=2 * HEARTBEAT_EVERY_S)
    return Crew(publisher, watcher, herald, guard)


async def refuse_beside_live(
    target: RedisTarget, kind: SourceKind, settings: Settings, clock: Clock, *, among_live: bool
) -> None:
    """Raise LiveProtectedError where a source of this kind may not publish, before anything is started."""
    client = target.connect(name="chaindeck-guard")
    try:
        ttl_s = settings.thresholds.ttl_s
        await Guard(client, Names(), kind, clock, ttl_s=ttl_s, among_live=among_live).refuse()
    finally:
        await client.aclose()


def make_saboteur(redis: Redis, source: WithholdingSource, publisher: Publisher, clock: Clock) -> Saboteur:
    """Return the hand behind the demo menu."""
    return Saboteur(redis, Names(), source, publisher, clock)
