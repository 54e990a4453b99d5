"""The stream's values in the strike grid: marked, without colour too, hidden on request; figures and ages stay."""

import re

import pytest
from msgspec.structs import replace
from redis.asyncio import Redis

from chain.analytics.painted import PaintedGrid
from chain.clock import Instant
from chain.model.keys import KeySchema
from chain.pipeline.staging import StagedContract, StagingMeta, Value
from screenshots.gallery import painted
from tests.support.contrast import screen_of, worst_word
from tests.support.scenes import compositor
from tests.support.stage import Deck, deck_of, make_stage
from tests.tui.terminal.test_contrast import HEIGHT, WIDTH, looks
from tui.ports.board_source import StagedView
from tui.terminal.contrast import LEGIBLE
from tui.terminal.depth import Depth

pytestmark = pytest.mark.slow


def stream(deck: Deck, *, bid: float = 31.5, ask: float = 31.9, later_s: float = 2.0) -> None:
    """Hand the screen staging of the chosen chain, with one quote of the stream so much later than its snapshot."""
    chain, analytics = deck.app.deck.view.selected, deck.app.deck.view.analytics
    assert chain is not None and analytics is not None
    header = analytics.grid.snapshot
    ts_ms = header.id.ts_ms + round(later_s * 1000)
    quote = StagedContract(
        side="call",
        strike=float(analytics.grid.rows[analytics.grid.atm or 0].strike),
        root="SPXW",
        bid=Value(bid, ts_ms, "stream"),
        ask=Value(ask, ts_ms, "stream"),
    )
    meta = StagingMeta(
        snapshot=KeySchema().snapshot(header.id), ts=header.ts, atm=6930, position="1-0", flushed=ts_ms / 1000
    )
    deck.stage.slot.put_staged(StagedView(chain, meta, {"O:SPXW260102C06930000": quote}))


def atm(deck: Deck) -> str:
    [line] = [line for line in deck.lines("grid") if re.search(r"\[\d+\]", line)]
    return line


async def test_values_of_the_stream_are_marked_and_counted(deck: Deck) -> None:
    before = atm(deck)
    stream(deck)
    await deck.pilot.pause()
    assert "*31.50" in atm(deck) and "*31.90" in atm(deck)
    assert before.count("*") == 0 and atm(deck).count("*") == 2
    assert "* 1 of the stream, to 10:03:26" in deck.lines("grid")[-1]


async def test_headline_and_ages_stay_the_snapshots_and_say_so(deck: Deck) -> None:
    title, headline = deck.lines("grid")[:2]
    stream(deck)
    await deck.pilot.pause()
    assert deck.lines("grid")[0] == title
    told = deck.lines("grid")[1]
    assert "snapshot 10:03:24" in told
    assert told[:40] == headline[:40]  # straddle and expected move


async def test_b_shows_the_snapshot_alone(deck: Deck) -> None:
    before = atm(deck)
    stream(deck)
    await deck.press("b")
    assert atm(deck) == before
    assert "snapshot only, 1 newer of the stream hidden (b)" in deck.lines("grid")[-1]
    await deck.press("b")
    assert "*31.50" in atm(deck)


async def test_the_next_snapshot_takes_the_marks_away_until_staging_stands_on_it(deck: Deck) -> None:
    stream(deck)
    await deck.pilot.pause()
    deck.stage.clock.advance(10)
    await deck.cycle()
    assert "*" not in atm(deck)
    stream(deck)
    await deck.pilot.pause()
    assert "*31.50" in atm(deck)


async def test_a_frozen_view_is_not_painted_over(deck: Deck) -> None:
    before = atm(deck)
    await deck.press("space")
    stream(deck)
    await deck.pilot.pause()
    assert atm(deck) == before


async def test_staging_is_read_only_where_somebody_keeps_one(deck: Deck) -> None:
    seen: list[object] = []
    deck.stage.slot.on_look(lambda look: seen.append(look.staged_of))
    board = deck.stage.slot.latest()
    assert board is not None and seen == [None]
    deck.stage.slot.put(replace(board, compositor=compositor(Instant.now(deck.stage.clock))))
    assert seen == [None, deck.app.deck.view.selected]
    await deck.pilot.pause()
    assert deck.app.deck.pipeline_panel.display
    await deck.press("2")
    assert seen[-1] is None


async def test_a_painted_grid_is_derived_once_by_whoever_fills_the_slot(deck: Deck) -> None:
    stream(deck)
    await deck.pilot.pause()
    first = deck.app.deck.view.painted
    assert isinstance(first, PaintedGrid)
    deck.app.deck.redraw()
    await deck.stage.look()
    await deck.pilot.pause()
    assert deck.app.deck.view.painted is first


@pytest.mark.parametrize("depth", [Depth.TRUE, Depth.SIXTEEN, Depth.NONE])
async def test_marks_are_legible_in_the_bytes_of_a_frame(redis: Redis, depth: Depth) -> None:
    async with deck_of(make_stage(redis), (WIDTH, HEIGHT), depth=depth) as deck:
        stream(deck)
        await deck.pilot.pause()
        word = worst_word(screen_of(painted(deck.app), WIDTH, HEIGHT), looks(deck.app))
        assert word.ratio >= LEGIBLE, word
        assert "*31.50" in atm(deck)
