"""A deck under Textual's Pilot on a market that a test moves by hand, and read as a person reads it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from textual.pilot import Pilot

from chain.clock import ManualClock
from chain.model.keys import ChainId, KeySchema
from chain.monitor.watch.redis_reader import RedisReader
from chain.monitor.watch.watcher import Watcher
from chain.redis.contract.publish.fault_writer import FaultWriter
from chaindeck.engine.board_slot import BoardSlot
from publisher.faults import FaultInjector, InjectedFault, WithholdingSource
from publisher.loop.publisher import Publisher
from publisher.mock.source import MockSource
from publisher.source import Source, SourceStatus
from screenshots.scenes import SEED, START, Stage
from tests.support.contexts import context_of
from tui.app import DeckApp
from tui.panels.line_panel import LinePanel

ATM_CELL = re.compile(r"\[\d+\]")
STRIKE = re.compile(r"[│┃][ A-Za-z+]*\[?(\d+)\]? ?.?[│┃]")  # with tags before it and a band after it
PANELS = ("strip", "board", "signals", "grid")


@dataclass(frozen=True, slots=True)
class Deck:
    """The app under test, read as a person reads it."""

    app: DeckApp
    pilot: Pilot[None]
    stage: Stage

    def lines(self, panel: str) -> list[str]:
        """What one panel shows, line by line."""
        shown = self.app.deck.query_one(f"#{panel}", LinePanel)
        return [shown.render_line(y).text.rstrip() for y in range(shown.size.height)]

    def text(self, *panels: str) -> str:
        return "\n".join(line for panel in panels or PANELS for line in self.lines(panel))

    @property
    def chosen(self) -> str:
        """The board's line under the cursor."""
        [line] = [line for line in self.lines("board") if line.startswith(">")]
        return line

    @property
    def strikes(self) -> list[float]:
        """The strikes in view, from the top."""
        rows = [STRIKE.search(line) for line in self.lines("grid")]
        return [float(row[1]) for row in rows if row]

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def pass_time(self, seconds: float) -> None:
        """Let time go by without a publisher, and look."""
        self.stage.clock.advance(seconds)
        await self.stage.look()
        await self.pilot.pause()

    async def cycle(self) -> None:
        await self.stage.cycle()
        await self.pilot.pause()

    async def inject(self, fault: InjectedFault, chain: ChainId) -> None:
        await self.stage.injector.inject(fault, chain)

    async def chains(self) -> list[ChainId]:
        return [record.chain for record in (await self.stage.look()).chains.records]


class Recorded:
    """A mock that gives itself out as a capture."""

    def __init__(self, inner: Source) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def status(self) -> SourceStatus:
        return SourceStatus("capture", "recorded.jsonl", "SPX 1/3")


def make_stage(redis: Redis, seen_through: Redis | None = None, *, recorded: bool = False) -> Stage:
    """Return a small market on a hand-moved clock: SPX and NDX, three expirations each."""
    clock = ManualClock(int(START.timestamp() * 1e9), 1000.0)
    mock: Any = MockSource(clock, seed=SEED, underlyings=("SPX", "NDX"))
    source = WithholdingSource(Recorded(mock) if recorded else mock)
    publisher = Publisher(redis, source, context_of(clock), expirations=3)
    injector = FaultInjector(FaultWriter(redis, KeySchema()), source, publisher, clock)
    watcher = Watcher(RedisReader(seen_through or redis, KeySchema(), clock), clock, shown_as="unix")
    return Stage(redis, clock, publisher, injector, watcher, BoardSlot())


@asynccontextmanager
async def deck_of(stage: Stage, size: tuple[int, int] = (120, 40), **options: Any) -> AsyncIterator[Deck]:
    """Run the deck on a stage, after one cycle."""
    app = DeckApp(stage.slot, stage.clock, **options)
    async with app.run_test(size=size) as pilot:
        deck = Deck(app, pilot, stage)
        await deck.cycle()
        yield deck
