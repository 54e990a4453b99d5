"""Deterministic scenes of the deck: a real server, a real publisher and watcher, a fixed clock and seed."""

import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from msgspec import structs
from redis.asyncio import Redis

from chain.clock import ManualClock
from chain.model.keys import ChainId, KeySchema
from chain.model.session import NEW_YORK
from chain.monitor.board import Board
from chain.monitor.messages.services import HEARTBEAT_KEYS
from chain.monitor.watch.port import Answer, FetchAnswer, Request
from chain.monitor.watch.redis_reader import RedisReader
from chain.monitor.watch.watcher import Watcher
from chain.redis.connect.connection import RedisTarget
from chain.redis.contract.publish.fault_writer import FaultWriter
from chain.redis.server.embedded import EmbeddedServer
from chain.thresholds import DEFAULT_TTL_S, Thresholds
from chaindeck.engine.board_slot import BoardSlot
from chaindeck.engine.context import make_context
from chaindeck.engine.travel.recent import Recent
from chaindeck.engine.travel.traveller import Traveller
from publisher.faults import FaultInjector, InjectedFault, WithholdingSource
from publisher.loop.publisher import Publisher
from publisher.mock.source import MockSource
from tape.record.reader import RecordingReader
from tape.record.tap import Tap
from tui.app import DeckApp
from tui.export.svg import picture_of, svg_of
from tui.terminal.depth import Depth
from tui.terminal.themes import LIGHT, SAFE

START = datetime(2026, 1, 2, 10, 3, 24, tzinfo=NEW_YORK)
SEED = 7
UNDERLYINGS = ("SPX", "NDX", "SPY")
RING_BYTES = 64_000_000
_SEARCHED_S = 0.01  # a traveller that wants to go on sooner is still searching


@dataclass(slots=True)
class Stage:
    """What a scene may move: Redis, the clock, the publisher, the faults, and the watcher that looks on."""

    redis: Redis
    clock: ManualClock
    publisher: Publisher
    injector: FaultInjector
    watcher: Watcher
    slot: BoardSlot
    stop_redis: Callable[[], None] = lambda: None
    tap: Tap = field(default_factory=Tap)
    travel: Traveller | None = None

    async def cycle(self) -> None:
        """Publish once and look."""
        await self.publisher.cycle()
        await self.publisher.beat()
        await self.look()

    async def look(self) -> Board:
        """Poll once and hand the Board over."""
        board = _on_our_clock(await self.watcher.poll_once())
        self.tap.on_look(self.watcher.tracker)
        self.slot.put(board)
        if self.travel is not None:
            self.travel.turn()
        return board

    def catch_up(self) -> None:
        """Have what travels do all that it was asked for, and find every mark."""
        if self.travel is not None:
            catch_up(self.travel)


def catch_up(travel: Traveller) -> None:
    """Have a traveller do all that it was asked for, and find every mark."""
    travel.turn()  # a turn that moves does not search
    while travel.turn() < _SEARCHED_S:
        pass


def _on_our_clock(board: Board) -> Board:
    """Return a Board whose times to live count on the scene's clock: the server's own is never the same twice."""
    records = (
        structs.replace(record, deadline=record.last_good.first_seen + DEFAULT_TTL_S)
        if record.deadline is not None and record.last_good
        else record
        for record in board.chains.records
    )
    return structs.replace(board, chains=structs.replace(board.chains, records=tuple(records)))


class _SameLives(RedisReader):
    """Gives every payload the same time to live: the server's own is never the same twice."""

    async def ask(self, request: Request) -> Answer:
        """Ask, and put the time to live right."""
        answer = await super().ask(request)
        if not isinstance(answer, FetchAnswer):
            return answer
        lives = {of: structs.replace(one, ttl_ms=round(DEFAULT_TTL_S * 1000)) for of, one in answer.payloads.items()}
        return structs.replace(answer, payloads=lives)


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: its name, size, theme, keys pressed, and what happened before."""

    name: str
    width: int
    height: int
    play: Callable[[Stage], Awaitable[None]]
    theme: str = "chaindeck"
    depth: Depth = Depth.TRUE
    keys: tuple[str, ...] = ()
    underlyings: tuple[str, ...] = UNDERLYINGS


async def calm(stage: Stage) -> None:
    """Two cycles, then a few seconds."""
    await stage.cycle()
    stage.clock.advance(10)
    await stage.cycle()
    stage.clock.advance(0.6)
    await stage.look()


async def troubled(stage: Stage) -> None:
    """One expiry stale, one gone, one corrupt, one of a clock ahead, while the stream flows."""
    await stage.cycle()
    chains = [ChainId("SPX", record.chain.expiry) for record in (await stage.look()).chains.records][:6]
    stage.clock.advance(10)
    await stage.injector.inject(InjectedFault.STALL, chains[2])
    await stage.cycle()
    await stage.injector.inject(InjectedFault.DROP, chains[4])
    await stage.look()
    for _ in range(3):
        stage.clock.advance(10)
        await stage.cycle()
    await stage.injector.inject(InjectedFault.CORRUPT, chains[3])
    await stage.look()
    stage.clock.advance(3.1)
    await stage.redis.hset("massive:ws:analytics", "last_ts", str(stage.clock.wall / 1e9))
    await stage.look()


async def silent(stage: Stage) -> None:
    """The publisher has died: its heartbeat has ended, then every pointer, one underlying after the other."""
    await calm(stage)
    redis, keys = stage.redis, KeySchema()
    await redis.delete(*HEARTBEAT_KEYS)
    chains = [record.chain for record in (await stage.look()).chains.records]
    for _ in range(5):
        stage.clock.advance(10)
        await stage.look()
    for underlying in ("SPX", "NDX", "SPY"):
        await redis.delete(*(keys.latest(chain) for chain in chains if chain.underlying == underlying))
        stage.clock.advance(1)
        await stage.look()


async def unreachable(stage: Stage) -> None:
    """Redis does not answer any more."""
    await calm(stage)
    stage.stop_redis()
    for _ in range(5):
        stage.clock.advance(2)
        await stage.look()


async def eventful(stage: Stage) -> None:
    """Four minutes: one expiry stale and then whole again, one gone, and a while in which nobody looked."""
    await run(stage, cycles=5)
    chains = [record.chain for record in (await stage.look()).chains.records]
    await stage.injector.inject(InjectedFault.STALL, chains[2])
    await run(stage, cycles=5)
    await stage.injector.inject(InjectedFault.STALL, chains[2])
    await run(stage, cycles=3)
    await stage.injector.inject(InjectedFault.DROP, chains[4])
    await run(stage, cycles=2)
    stage.clock.advance(40)
    await run(stage, cycles=6)
    await stage.look()


async def run(stage: Stage, cycles: int) -> None:
    """Publish every ten seconds, and look twice as often."""
    for _ in range(cycles):
        await stage.cycle()
        stage.clock.advance(5)
        await stage.look()
        stage.clock.advance(5)


_BACK = ("T", *"10:05:00", "enter")
_MARKED = ("T", *"10:03:40", "enter", "A", "T", *"10:05:00", "enter", "B", "D")

SCENES = (
    Picture("trouble-80x24", 80, 24, troubled),
    Picture("trouble-120x40", 120, 40, troubled),
    Picture("trouble-200x60", 200, 60, troubled),
    Picture("trouble-120x40-ansi", 120, 40, troubled, theme="ansi-dark"),
    Picture("trouble-120x40-safe", 120, 40, troubled, theme=SAFE),
    Picture("trouble-120x40-safe-16", 120, 40, troubled, theme=SAFE, depth=Depth.SIXTEEN),
    Picture("silent-80x24", 80, 24, silent),
    Picture("silent-120x40", 120, 40, silent),
    Picture("silent-200x60", 200, 60, silent),
    Picture("silent-120x40-light", 120, 40, silent, theme=LIGHT),
    Picture("silent-120x40-256", 120, 40, silent, depth=Depth.EIGHT_BIT),
    Picture("silent-120x40-16", 120, 40, silent, depth=Depth.SIXTEEN),
    Picture("silent-120x40-mono", 120, 40, silent, depth=Depth.NONE),
    Picture("unreachable-80x24", 80, 24, unreachable),
    Picture("unreachable-120x40", 120, 40, unreachable),
    Picture("unreachable-200x60", 200, 60, unreachable),
    Picture("past-80x24", 80, 24, eventful, keys=_BACK, underlyings=("SPX",)),
    Picture("past-120x40", 120, 40, eventful, keys=_BACK, underlyings=("SPX",)),
    Picture("past-200x60", 200, 60, eventful, keys=_BACK, underlyings=("SPX",)),
    Picture("past-120x40-ansi", 120, 40, eventful, theme="ansi-dark", keys=_BACK, underlyings=("SPX",)),
    Picture("past-120x40-mono", 120, 40, eventful, depth=Depth.NONE, keys=_BACK, underlyings=("SPX",)),
    Picture("diff-80x24", 80, 24, eventful, keys=(*_MARKED, "enter"), underlyings=("SPX",)),
    Picture("diff-120x40", 120, 40, eventful, keys=_MARKED, underlyings=("SPX",)),
    Picture("diff-120x40-mono", 120, 40, eventful, depth=Depth.NONE, keys=_MARKED, underlyings=("SPX",)),
    Picture("diff-200x60", 200, 60, eventful, keys=(*_MARKED, "o", "o"), underlyings=("SPX",)),
    Picture("help-80x24", 80, 24, calm, keys=("question_mark",)),
)


async def picture(scene: Picture) -> str:
    """Return a scene as SVG."""
    async with staged(scene.underlyings) as stage:
        return await _render(scene, stage)


@asynccontextmanager
async def staged(underlyings: tuple[str, ...] = UNDERLYINGS) -> AsyncIterator[Stage]:
    """Give a stage on a server of its own."""
    with tempfile.TemporaryDirectory(prefix="cd") as folder, EmbeddedServer() as server:
        endpoint = server.start_or_attach(Path(folder) / "r")
        redis = RedisTarget(endpoint.url).connect()
        try:
            clock = ManualClock(int(START.timestamp() * 1e9), 1000.0)
            source = WithholdingSource(MockSource(clock, seed=SEED, underlyings=underlyings))
            publisher = Publisher(redis, source, structs.replace(make_context(Thresholds()), clock=clock))
            injector = FaultInjector(FaultWriter(redis, KeySchema()), source, publisher, clock)
            tap, recent, slot = Tap(), Recent(KeySchema(), RING_BYTES, "unix"), BoardSlot()
            tap.add(recent.backlog)
            reader = RecordingReader(_SameLives(redis, KeySchema(), clock), tap.on_answer)
            watcher = Watcher(reader, clock, shown_as="unix")
            travel = recent.traveller(slot, clock)
            yield Stage(redis, clock, publisher, injector, watcher, slot, server.stop, tap, travel)
        finally:
            await redis.aclose()


async def _render(scene: Picture, stage: Stage) -> str:
    app = DeckApp(stage.slot, stage.clock, theme=scene.theme, depth=scene.depth, travel=stage.travel)
    async with app.run_test(size=(scene.width, scene.height)) as pilot:
        await scene.play(stage)
        stage.catch_up()
        await pilot.pause()
        for key in scene.keys:
            await pilot.press(key)
            stage.catch_up()
            await pilot.pause()
        app.deck.redraw()
        await pilot.pause()
        return svg_of(picture_of(app))
