"""A deck under Textual's Pilot on a running engine, as the product has it: two threads and one slot."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from textual.pilot import Pilot

from chain.clock import SystemClock
from chaindeck.engine.board_slot import BoardSlot
from chaindeck.engine.engine import Engine
from tui.app import DeckApp
from tui.panels.line_panel import LinePanel

CLOCK = SystemClock()


@asynccontextmanager
async def pilot_on(engine: Engine, slot: BoardSlot) -> AsyncIterator[Pilot[None]]:
    """Run the deck on an engine, and stop both after."""
    async with DeckApp(slot, CLOCK).run_test(size=(150, 44)) as pilot:
        engine.start()
        try:
            yield pilot
        finally:
            await asyncio.to_thread(engine.stop)


@asynccontextmanager
async def screen_on(engine: Engine, slot: BoardSlot) -> AsyncIterator[DeckApp]:
    """The same for a test that presses no key."""
    async with pilot_on(engine, slot) as pilot:
        assert isinstance(pilot.app, DeckApp)
        yield pilot.app


def text(app: DeckApp, *panels: str) -> str:
    """What panels show."""
    found = [app.deck.query_one(f"#{name}", LinePanel) for name in panels]
    return "\n".join(panel.render_line(y).text for panel in found for y in range(panel.size.height))
