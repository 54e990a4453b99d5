"""Composes a publisher, and closes its resources afterwards."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from functools import partial

from msgspec import Struct
from redis.asyncio import Redis

from chain.context import Context
from chain.model.kinds import LIVE
from chain.monitor.messages.services import service_name
from chain.redis.connect.connection import RedisTarget
from chain.redis.contract.coordination.lease import Lease
from chain.redis.contract.stream.writer import MAXLEN, StreamWriter
from chain.supervisor import Supervisor
from chain.thresholds import HEARTBEAT_EVERY_S
from chaindeck.config.redis_location import RedisLocation
from chaindeck.config.settings import Settings
from chaindeck.engine.embedded_keeper import keepers
from chaindeck.engine.services import Publishing, Services
from chaindeck.engine.sources import make_stream
from chaindeck.engine.watching import make_watcher
from publisher.loop.event_publisher import EventPublisher
from publisher.loop.own_heartbeat import ProgramStatus
from publisher.loop.publisher import Publisher
from publisher.protection.guard import Guard
from publisher.protection.publish_gate import PublishGate
from publisher.source import Source
from publisher.stream.source import StreamState
from publisher.stream.stream_publisher import StreamPublisher
from tape.record.tap import Tap


class PublishMode(Struct, frozen=True, kw_only=True):
    """How a publisher treats others.

    Attributes:
        in_turn: it publishes only while it leads; a publisher of one cycle need not, for the pointer fences it.
        among_live: it publishes beside a live publisher all the same, chains that this one holds left out.
        after_first: awaited once, when the first underlying is published.
    """

    in_turn: bool = True
    among_live: bool = False
    after_first: Callable[[], Awaitable[None]] | None = None


_BY_DEFAULT = PublishMode()
_FEW_ENTRIES = 20_000  # of a mock, and in the 256 MB of an embedded server: ten minutes, and room for snapshots


@asynccontextmanager
async def publishing_services(
    place: RedisLocation,
    source: Source,
    settings: Settings,
    context: Context,
    mode: PublishMode = _BY_DEFAULT,
    *,
    supervisor: Supervisor | None = None,
    tap: Tap | None = None,
) -> AsyncIterator[Services]:
    """Give a publisher of a source on a Redis, with its watcher and events; close the source and every client after.

    An embedded server is kept running, too.
    """
    supervisor = supervisor or Supervisor(context.clock)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(source.aclose)
        redis = await _client(stack, place.target, "chaindeck-publisher")
        system = None
        if settings.system_redis_url:
            system = await _client(stack, RedisTarget(settings.system_redis_url), "chaindeck-beat")
        entries = MAXLEN if place.server is None and source.status().kind == LIVE else _FEW_ENTRIES
        publishing = _publishing(redis, system, source, settings, context, mode, supervisor, entries)
        # What it watches first of all is its own publisher, whose first beat follows its first snapshots.
        watcher = make_watcher(
            redis, place.target, context, supervisor, discover_after_s=2 * HEARTBEAT_EVERY_S, tap=tap
        )
        composing = None
        if mode.in_turn and composes(source.status().kind, settings):
            from chaindeck.engine.pipeline.composing import make_composing  # noqa: PLC0415

            client = await _client(stack, place.target, "chaindeck-mmaker")
            wanted = partial(_is_wanted, publishing)
            composing = make_composing(client, context, settings, supervisor, system_redis=system, wanted=wanted)
        kept = keepers(place, context.clock, publishing.publisher.publish_now)
        yield Services(supervisor, watcher, publishing, kept, tap, composing)


def composes(kind: str, settings: Settings) -> bool:
    """Return whether a compositor runs beside a publisher of this kind of source, in the same process.

    Beside live data only where the stream is fed too: its compositor is a service of its own otherwise.
    """
    return settings.stream is True if kind == LIVE else settings.stream is not False


def _is_wanted(publishing: Publishing) -> bool:
    """Return whether to compose: what is there must be ours, and no live data that it would be mixed with."""
    stream = publishing.stream
    foreign = stream is not None and stream.status().state is StreamState.REFUSED
    return not publishing.publisher.withdrawn and not foreign


def _publishing(
    redis: Redis,
    system: Redis | None,
    source: Source,
    settings: Settings,
    context: Context,
    mode: PublishMode,
    supervisor: Supervisor,
    entries: int,
) -> Publishing:
    """Return a publisher, guarded and in turn with others, and the events that tell what its watcher sees.

    `entries`: the most that its stream may hold.
    """
    kind = source.status().kind
    service = service_name(kind, context.keys)
    guard = Guard(redis, context, kind, among_live=mode.among_live)
    lease = Lease(redis, context, source.underlyings, service=service)
    gate = PublishGate(lease if mode.in_turn else None, guard, among_live=mode.among_live)
    events = EventPublisher(redis, service, context.clock, speaks=lease.leads_first)
    stream = _stream(redis, source, settings, context, gate, entries) if mode.in_turn else None
    publisher = Publisher(
        redis,
        source,
        context,
        expirations=settings.expirations,
        gate=gate,
        program=ProgramStatus(events.report, supervisor.status, stream.status if stream else lambda: None),
        system_redis=system,
        after_first=mode.after_first,
        on_published=supervisor.guarded("stream subscriptions", stream.on_published) if stream else None,
    )
    return Publishing(redis, publisher, events, guard, stream)


def _stream(
    redis: Redis, source: Source, settings: Settings, context: Context, gate: PublishGate, entries: int
) -> StreamPublisher | None:
    """Return the publisher of the stream beside a source's snapshots; it feeds while we lead the first underlying."""
    feeding = make_stream(source, settings, context.clock)
    if feeding is None:
        return None
    kind = source.status().kind
    writer = StreamWriter(redis, context.keys, kind=kind, who=str(context.identity), maxlen=entries)
    leads = partial(gate.leads, source.underlyings[0])
    return StreamPublisher(writer, feeding, context.clock, kind=kind, leads=leads, among_live=gate.among_live)


async def _client(stack: AsyncExitStack, target: RedisTarget, name: str) -> Redis:
    """Return a client that is closed with the stack."""
    return await stack.enter_async_context(aclosing(target.connect(name=name)))


async def refuse_beside_live(target: RedisTarget, source: Source, context: Context, *, among_live: bool) -> None:
    """Raise LiveProtectedError, with the source closed, where it may not publish; asked before anything is started."""
    async with AsyncExitStack() as stack:
        stack.push_async_callback(source.aclose)
        async with aclosing(target.connect(name="chaindeck-guard")) as client:
            await Guard(client, context, source.status().kind, among_live=among_live).refuse()
        stack.pop_all()  # it is going to be used
