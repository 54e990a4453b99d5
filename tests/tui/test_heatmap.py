"""The heatmap's page under Textual's Pilot: turned to by number, moved over by keys and the mouse, honest about age."""

import re
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from screenshots.scenes import Stage
from tests.support.contrast import worst_word
from tests.support.heatmaps import DATES, heatmap_model, view_of
from tests.support.stage import Deck, deck_of, make_stage
from tests.tui.terminal.test_contrast import HEIGHT, WIDTH, looks, shown
from tui.lines.line import plain
from tui.terminal.contrast import LEGIBLE
from tui.terminal.depth import Depth
from tui.terminal.themes import DARK, LIGHT

pytestmark = pytest.mark.slow

CURSOR = re.compile(r">\s*([\d.]+|NA|-)<")
SIZES = [(80, 24), (120, 40), (200, 60)]


def give(stage: Stage, *, age_s: float = 1.0, fault: str = "") -> None:
    """Hand the screen a model of the stage's dates, whose newest value is so old."""
    model = heatmap_model(ts=stage.clock.wall / 1e9 - age_s, dates=DATES[:3])
    stage.slot.put_heatmap(view_of(model, fault))


@pytest.fixture
async def heated(redis: Redis) -> AsyncIterator[Deck]:
    """A deck on its heatmap."""
    stage = make_stage(redis)
    async with deck_of(stage) as deck:
        give(stage)
        await deck.press("2")
        yield deck


def chosen(deck: Deck) -> tuple[str, str]:
    """Return the strike and the debit under the cursor."""
    [line] = [line for line in deck.lines("tiles") if CURSOR.search(line)]
    found, strike = CURSOR.search(line), re.search(r"\d{4}", line)
    assert found is not None and strike is not None
    return strike[0], found[1]


@pytest.mark.parametrize("size", SIZES)
async def test_numbers_choose_the_page(redis: Redis, size: tuple[int, int]) -> None:
    stage = make_stage(redis)
    async with deck_of(stage, size) as deck:
        give(stage)
        assert not deck.app.deck.heatmap.display
        await deck.press("2")
        assert "HEATMAP SPX" in deck.lines("tiles")[0]
        assert "[6930]" in deck.text("tiles") and "spot 6,931.42" in deck.text("tiles")
        assert not deck.app.deck.side.display or deck.app.deck.side.size.width == 0
        await deck.press("1")
        assert not deck.app.deck.heatmap.display
        assert "EXPIRIES" in deck.lines("board")[0]


async def test_only_what_is_looked_at_is_asked_for(heated: Deck) -> None:
    asked: list[str | None] = []
    heated.stage.slot.on_look(lambda look: asked.append(look.heatmap_of))
    await heated.press("right_square_bracket", "1", "2", "left_square_bracket", "1")
    assert asked == ["SPX", "NDX", None, "NDX", "SPX", None]


async def test_arrows_move_the_cursor_over_strikes_and_columns(heated: Deck) -> None:
    strike, debit = chosen(heated)
    assert strike == "6930"
    await heated.press("down", "j")
    assert chosen(heated)[0] == "6920"
    await heated.press("up", "k", "right")
    wider = chosen(heated)
    assert wider[0] == "6930" and float(wider[1]) > float(debit)
    await heated.press("left")
    assert chosen(heated) == (strike, debit)
    await heated.press("g")
    assert chosen(heated)[0] == "7010"  # the highest that has a tile
    await heated.press("G")
    assert chosen(heated)[0] == "6850"
    await heated.press("a")
    assert chosen(heated)[0] == "6930"


async def test_o_turns_the_strikes_over(heated: Deck) -> None:
    await heated.press("o", "down")
    assert chosen(heated)[0] == "6935"


async def test_strategy_side_and_axes_by_key(heated: Deck) -> None:
    assert "butterfly call" in heated.lines("tiles")[0]
    await heated.press("v")
    assert "vertical call" in heated.lines("tiles")[0]
    await heated.press("c")
    assert "vertical put" in heated.lines("tiles")[0]
    await heated.press("x")
    assert "01-02 0d" in heated.lines("tiles")[2] and "01-06 4d" in heated.lines("tiles")[2]
    await heated.press("v", "x")  # a single contract is by DTE all the same
    assert "single put" in heated.lines("tiles")[0] and "01-02 0d" in heated.lines("tiles")[2]


async def test_braces_turn_to_what_the_columns_are_not(heated: Deck) -> None:
    assert "01-02 Fri" in heated.lines("tiles")[0]
    await heated.press("right_curly_bracket")
    assert "01-05 Mon" in heated.lines("tiles")[0]
    await heated.press("left_curly_bracket", "x", "right_curly_bracket")
    assert "25 wide" in heated.lines("tiles")[0]
    await heated.press("right")  # across expirations the cursor chooses the chain
    await heated.press("1")
    assert heated.chosen.startswith("> 01-05")


async def test_a_click_chooses_a_tile_and_the_wheel_scrolls(heated: Deck) -> None:
    line = next(y for y, text in enumerate(heated.lines("tiles")) if text.strip().startswith("6915"))
    await heated.pilot.click("#tiles", offset=(30, line))
    await heated.pilot.pause()
    assert chosen(heated)[0] == "6915"
    top = heated.lines("tiles")[3]
    heated.app.deck.heatmap.tiles.scroll_by(-3)
    await heated.pilot.pause()
    assert heated.lines("tiles")[3] != top


async def test_where_there_is_room_both_axes_stand_level_and_a_click_chooses_on_either(redis: Redis) -> None:
    stage = make_stage(redis)
    async with deck_of(stage, (200, 60)) as deck:
        give(stage)
        await deck.press("2")
        tiles, beside = deck.lines("tiles"), deck.lines("beside")
        assert " 20 " in tiles[2] and "01-02 0d" in beside[2]
        [level] = [y for y, line in enumerate(tiles) if "[6930]" in line]
        assert "[6930]" in beside[level] and chosen(deck)[1] in beside[level]
        await deck.press("j", "l")
        debit = chosen(deck)[1]
        [level] = [y for y, line in enumerate(deck.lines("tiles")) if CURSOR.search(line)]
        assert f"{debit}<" in deck.lines("beside")[level]
        await deck.pilot.click("#beside", offset=(30, level - 3))  # the second expiration, beyond the spot
        await deck.pilot.pause()
        assert chosen(deck)[0] == "6935"
        assert "01-05 Mon" in deck.lines("tiles")[0]
        await deck.press("v", "v")  # a single contract has one axis
        assert not deck.app.deck.heatmap.beside.display


async def test_enter_shows_the_tile_in_full_and_escape_closes_it_then_the_page(redis: Redis) -> None:
    stage = make_stage(redis)
    async with deck_of(stage, (80, 24)) as deck:
        give(stage)
        await deck.press("2")
        assert not deck.app.deck.heatmap.tile.display
        await deck.press("enter")
        shown = deck.text("tile")
        for words in ("debit", "max profit", "max loss", "oldest leg", "sell 2 x 6930", "snapshot", "stream up to"):
            assert words in shown
        assert "[6930]" in deck.text("tiles")
        await deck.press("escape")
        assert not deck.app.deck.heatmap.tile.display and deck.app.deck.is_on_heatmap
        await deck.press("escape")
        assert not deck.app.deck.is_on_heatmap


async def test_keys_of_the_heatmap_do_nothing_on_the_deck(deck: Deck) -> None:
    before = deck.text()
    await deck.press("v", "c", "x")
    assert deck.text() == before
    await deck.press("2")
    give(deck.stage)
    await deck.pilot.pause()
    assert "butterfly call" in deck.lines("tiles")[0]


async def test_a_stale_model_says_so_and_loses_its_colours(heated: Deck) -> None:
    give(heated.stage, age_s=50.0)
    await heated.pilot.pause()
    title, told, *_ = heated.lines("tiles")
    assert "STALE 50.0 s" in title and "01-02 Fri" in title
    assert "LAST GOOD 10:02:34, no colours" in told
    assert "STALE" in heated.text("tile") and "FRESH" not in heated.text("tile")
    grounds = {span.ground for line in heated.app.deck.heatmap.tiles._painted for span in line}
    assert not any(ground.startswith("heat") for ground in grounds)


async def test_what_keeps_the_model_from_being_newer_is_said_in_the_foot(heated: Deck) -> None:
    give(heated.stage, fault="read every 2 s: this Redis user has no right to the channel")
    await heated.pilot.pause()
    assert "no right to the channel" in heated.lines("tiles")[-1]
    assert "[6930]" in heated.text("tiles")
    give(heated.stage)
    await heated.pilot.pause()
    assert "debit" in heated.lines("tiles")[-1]


async def test_ages_go_on_where_no_model_comes(heated: Deck) -> None:
    heated.stage.clock.advance(60)
    heated.app.deck.redraw()
    await heated.pilot.pause()
    assert "STALE 1:01" in heated.lines("tiles")[0] or "STALE 61.0 s" in heated.lines("tiles")[0]


async def test_without_a_compositor_the_page_says_what_to_do(deck: Deck) -> None:
    await deck.press("2")
    assert "no compositor" in deck.text("tiles") and "chaindeck mmaker" in deck.text("tiles")
    for key in ("j", "l", "v", "c", "x", "e", "enter", "g", "a", "escape"):
        await deck.press(key)
    assert deck.app.is_running


async def test_a_frozen_heatmap_stays_and_its_age_goes_on(heated: Deck) -> None:
    await heated.press("space")
    before = chosen(heated)
    heated.stage.clock.advance(5)
    model = heatmap_model(spot=6_890.0, ts=heated.stage.clock.wall / 1e9, dates=DATES[:3])
    heated.stage.slot.put_heatmap(view_of(model))
    await heated.pilot.pause()
    heated.app.deck.redraw()
    await heated.pilot.pause()
    assert chosen(heated) == before
    assert "FROZEN" in heated.lines("tiles")[0] and "6.0 s" in heated.lines("tiles")[0]
    await heated.press("space")
    assert "[6890]" in heated.text("tiles")


async def test_only_lines_that_changed_are_painted_again(heated: Deck) -> None:
    tiles = heated.app.deck.heatmap.tiles
    before = list(tiles._painted)
    give(heated.stage)
    await heated.pilot.pause()
    assert [new is old or new == old for new, old in zip(tiles._painted, before, strict=True)].count(False) == 0


@pytest.mark.parametrize("depth", Depth)
async def test_every_word_of_the_heatmap_is_legible_in_the_bytes_of_a_frame(redis: Redis, depth: Depth) -> None:
    stage = make_stage(redis)
    async with deck_of(stage, (WIDTH, HEIGHT), depth=depth) as deck:
        give(stage)
        await deck.press("2", "j", "l")
        for theme in (DARK, LIGHT, "ansi-dark", "ansi-light"):
            for age_s in (1.0, 60.0):
                give(stage, age_s=age_s)
                with deck.app.batch_update():  # painted once, by us
                    deck.app.theme = theme
                    word = worst_word(await shown(deck), looks(deck.app))
                assert word.ratio >= LEGIBLE, f"{theme}, {age_s} s old: {word}"


async def test_help_explains_the_heatmap(heated: Deck) -> None:
    await heated.press("question_mark")
    lines = heated.app.screen.lines  # type: ignore[attr-defined]
    text = "\n".join(plain(line) for line in lines)
    assert "HEATMAP" in text and "butterfly, vertical or single" in text
