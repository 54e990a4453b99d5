"""Six minutes of a small market that a deck can go back to, made of Boards: no Redis, no waiting."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from textual.pilot import Pilot

from chain.clock import Instant, ManualClock
from chain.model.keys import ChainId
from chain.model.snapshot import Contract
from chain.monitor.analytics import DatedBoard
from chain.monitor.board import Board, ChainRecord, Transition
from chain.monitor.states import State
from chaindeck.engine.board_slot import BoardSlot
from tests.support.rewound import Rewound
from tests.support.scenes import NDX, SPX, SPX_MON, SPX_MONTHLY, at_fault, board, item, manual_clock, record
from tests.support.waiting import wait_until_async
from tui.app import DeckApp
from tui.panels.line_panel import LinePanel

SPOT = 6931.0
PANELS = ("strip", "board", "signals", "grid", "timeline")
LOOK_S, CYCLE_S, END_S = 5, 10, 360
LOST_S, BACK_S = 120, 180  # when a chain has no pointer
GAP_S = (230, 290)  # when nobody looked
LISTED_S = 60  # from when on the monthly chain is published


def contracts_at(chain: ChainId, cycle: int) -> list[Contract]:
    """Return contracts of which every figure moves with each cycle."""
    return [
        item(
            strike,
            side,
            chain=chain,
            spot=SPOT + cycle,
            last_quote={"bid": 10.0 + cycle / 10, "ask": 10.4 + cycle / 10},
            implied_volatility=round(0.14 + cycle / 1000, 4),
            greeks={"delta": round((0.5 if side == "call" else -0.5) + cycle / 500, 4)},
            open_interest=900 + cycle,
            day={"volume": 1200 + 7 * cycle},
        )
        for strike in range(6900, 6970, 5)
        for side in ("call", "put")
    ]


def look_at(seconds: int, now: Instant) -> Board:
    """Return the Board of so many seconds after the beginning."""
    cycle = seconds // CYCLE_S
    shown: list[ChainRecord] = []
    for chain in (SPX, SPX_MON, SPX_MONTHLY, NDX):
        if chain != SPX_MONTHLY or seconds >= LISTED_S:
            age_ms = (seconds - cycle * CYCLE_S) * 1000 + 400
            one = record(chain, now, age_ms=age_ms, contracts=contracts_at(chain, cycle))
            lost = chain == SPX_MON and LOST_S <= seconds < BACK_S
            shown.append(at_fault(one, State.MISSING, now) if lost else one)
    start_s = now.wall_s - seconds
    changes = (
        Transition(start_s + LOST_S, (SPX_MON,), "FRESH to MISSING"),
        Transition(start_s + BACK_S, (SPX_MON,), "MISSING to FRESH"),
    )
    return board(shown, now, transitions=tuple(one for one in changes[::-1] if one.at <= now.wall_s))


@cache
def history() -> tuple[DatedBoard, ...]:
    """Return all looks, made once: nothing of them can change."""
    looks, clock = [], manual_clock()
    for seconds in range(0, END_S + 1, LOOK_S):
        if not GAP_S[0] < seconds < GAP_S[1]:
            now = Instant.now(clock)
            looks.append(DatedBoard(look_at(seconds, now), now))
        clock.advance(LOOK_S)
    return tuple(looks)


@dataclass(frozen=True, slots=True)
class PastDeck:
    """The app under test, its past, and the clock of the present."""

    app: DeckApp
    pilot: Pilot[None]
    travel: Rewound
    slot: BoardSlot
    clock: ManualClock

    def lines(self, panel: str) -> list[str]:
        """What one panel shows, line by line; nothing where it is not there."""
        shown = self.app.deck.query_one(f"#{panel}", LinePanel)
        return [shown.render_line(y).text.rstrip() for y in range(shown.size.height)] if shown.display else []

    def text(self, *panels: str) -> str:
        return "\n".join(line for panel in panels or PANELS for line in self.lines(panel))

    def told(self) -> str:
        """What the deck has notified of."""
        return " ".join(notice.message for notice in self.app._notifications)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def live_look(self, seconds: float, made: Board | None = None) -> None:
        """Let the present go on, and look."""
        self.clock.advance(seconds)
        self.slot.put(look_at(END_S, Instant.now(self.clock)) if made is None else made)
        await self.pilot.pause()


@asynccontextmanager
async def past_deck(
    size: tuple[int, int] = (120, 40),
    *,
    tape: bool = False,
    notices: bool = False,
    looks: Callable[[], Sequence[DatedBoard]] = history,
    **options: Any,
) -> AsyncIterator[PastDeck]:
    """Run the deck on six minutes of past: live at their end, or where there is only the tape, paused there."""
    clock, slot = manual_clock(), BoardSlot()
    clock.advance(END_S)
    travel = Rewound(slot, can_be_live=not tape, label="TAPE 2026-01-02.tape" if tape else "LAST 6 min, 41 of 64 MB")
    for look in looks():
        travel.record(look.board, look.now)
    if tape:
        travel.live()
    else:
        slot.put(travel.looks[-1].board)
    app = DeckApp(slot, clock, travel=travel, **options)
    async with app.run_test(size=size, notifications=notices) as pilot:
        deck = PastDeck(app, pilot, travel, slot, clock)
        await wait_until_async(lambda: app.deck.view.analytics is not None)
        await pilot.pause()
        yield deck
