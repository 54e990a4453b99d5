"""The charts' page under Textual's Pilot: turned to by number, moved along by keys and the mouse, honest about age."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from publisher.faults import InjectedFault
from screenshots.scenes import Stage, staged
from tests.support.stage import Deck, deck_of, make_stage
from tui.app import DeckApp
from tui.terminal.symbols import Symbols

pytestmark = pytest.mark.slow


async def settle(deck: Deck) -> None:
    """Have what is looked at derived, and shown."""
    await deck.stage.look()
    await deck.pilot.pause()
    deck.app.deck.board_arrived()
    await deck.pilot.pause()


async def charted(deck: Deck, *keys: str) -> None:
    await deck.press("5", *keys)
    await settle(deck)


@pytest.fixture
async def deck(redis: Redis) -> AsyncIterator[Deck]:
    """A deck of 80x24 on its charts."""
    async with deck_of(make_stage(redis), (80, 24)) as deck:
        await charted(deck)
        yield deck


def titles(deck: Deck) -> list[str]:
    """Return the titles of the charts that are on screen."""
    return [deck.lines(panel.id or "")[0] for panel in deck.app.query("ChartPanel") if panel.display]


@pytest.mark.parametrize(("size", "count"), [((80, 24), 1), ((120, 40), 2), ((200, 60), 4)])
async def test_as_many_charts_as_there_is_room_for(redis: Redis, size: tuple[int, int], count: int) -> None:
    async with deck_of(make_stage(redis), size) as deck:
        await charted(deck)
        names = ("SMILE", "TERM STRUCTURE", "GEX PROFILE", "GEX BY STRIKE")[:count]
        assert [title[1:].startswith(name) for title, name in zip(titles(deck), names, strict=True)] == [True] * count
        assert titles(deck)[0].startswith(">SMILE SPX all 3 expirations") and titles(deck)[0].endswith("[MOCK]")
        await deck.press("1")
        assert not deck.app.deck.query_one("#charts-page").display


async def test_expirations_are_derived_together_only_while_charts_are_on_screen(redis: Redis) -> None:
    stage = make_stage(redis)
    async with deck_of(stage) as deck:
        derived = [stage.slot.is_across]
        for page in ("5", "2", "5", "1"):
            await charted(deck) if page == "5" else await deck.press(page)
            derived.append(stage.slot.is_across)
        assert derived == [False, True, False, True, False]


async def test_keys_choose_the_chart(deck: Deck) -> None:
    assert "[smile]" in deck.lines("tabs")[0]
    seen = []
    for _ in range(8):
        seen.append(titles(deck)[0][1:].split(" SPX")[0].split(" mock")[0].strip())
        await deck.press("right")
    assert seen == [
        "SMILE",
        "TERM STRUCTURE",
        "GEX PROFILE",
        "GEX BY STRIKE",
        "OI AND VOLUME",
        "AGE",
        "SEEN AFTER",
        "PUBLISH CYCLE",
    ]
    await deck.press("left", "left")
    assert titles(deck)[0].startswith(">AGE")


async def test_above_the_first_expiry_stand_all_of_them(deck: Deck) -> None:
    await deck.press("down")
    assert titles(deck)[0].startswith(">SMILE SPX 01-02 Fri")
    await deck.press("j", "j", "j")
    assert titles(deck)[0].startswith(">SMILE SPX 01-06 Tue")
    await deck.press("up", "up", "k")
    assert titles(deck)[0].startswith(">SMILE SPX all 3 expirations")
    await deck.press("right_curly_bracket")
    assert titles(deck)[0].startswith(">SMILE SPX 01-05 Mon")


async def test_another_underlying(deck: Deck) -> None:
    await deck.press("right_square_bracket")
    await settle(deck)
    assert titles(deck)[0].startswith(">SMILE NDX all 3 expirations")
    assert "spot 25," in deck.text("chart-0")


async def test_strikes_by_distance_from_the_forward(deck: Deck) -> None:
    assert "strike, points" in deck.text("chart-0")
    await deck.press("x")
    assert "distance from the forward, SD" in deck.text("chart-0")


async def test_pages_and_the_wheel_move_over_the_strikes(deck: Deck) -> None:
    def shown() -> list[str]:
        return [
            word for line in deck.lines("chart-0")[2:12] for word in line.split() if word.isdigit() and len(word) == 4
        ]

    await deck.press("right", "right", "right")
    first = shown()
    assert "6930" in first
    await deck.press("pageup")
    higher = shown()
    assert min(higher) > min(first) and higher != first
    await deck.press("a")
    assert shown() == first
    await deck.press("G")
    lowest = shown()
    await deck.press("pagedown")
    assert shown() == lowest
    await deck.press("pageup")
    assert shown() != lowest


async def test_the_mouse_chooses_a_tab_and_a_chart(redis: Redis) -> None:
    async with deck_of(make_stage(redis), (120, 40)) as deck:
        await charted(deck)
        await deck.pilot.click("#chart-1", offset=(5, 5))
        await deck.pilot.pause()
        assert titles(deck)[1].startswith(">TERM") and "[term]" in deck.lines("tabs")[0]
        await deck.pilot.click("#tabs", offset=(deck.lines("tabs")[0].index("age") + 1, 0))
        await deck.pilot.pause()
        assert "[age]" in deck.lines("tabs")[0]


async def stalled(stage: Stage, deck: Deck) -> None:
    await stage.injector.inject(InjectedFault.STALL, (await deck.chains())[1])
    for _ in range(4):
        stage.clock.advance(10)
        await stage.cycle()


async def test_a_stale_part_is_told_and_dims_what_rests_on_it(deck: Deck) -> None:
    await stalled(deck.stage, deck)
    await settle(deck)
    assert "1 of 3 LAST GOOD" in titles(deck)[0]
    assert "01-05 LAST GOOD" in deck.text("chart-0")
    assert "3 snapshots, the oldest 01-05 40" in deck.text("chart-0")
    await deck.press("down", "down")
    assert "SMILE SPX 01-05 Mon  LAST GOOD 10:03:24" in titles(deck)[0]


async def test_ages_run_up_against_their_thresholds(redis: Redis) -> None:
    stage = make_stage(redis)
    async with deck_of(stage, (80, 24)) as deck:
        await deck.press("5", "right", "right", "right", "right", "right")
        assert "1 reading: too few for a chart yet" in deck.text("chart-0")
        for _ in range(24):
            await deck.pass_time(1.0)
        text = deck.text("chart-0")
        assert "warn 22 s" in text and "stale 35 s" in text and "25 readings" in text


async def test_ascii_where_a_terminal_has_no_more(redis: Redis) -> None:
    async with deck_of(make_stage(redis), (80, 24), symbols=Symbols.ASCII) as deck:
        await charted(deck)
        assert deck.text("chart-0", "tabs").replace("▌", "").isascii()


async def test_w_tells_gamma_exposure_in_another_unit(deck: Deck) -> None:
    await deck.press("right", "right", "right")
    assert "dollars per 1 % move" in deck.text("chart-0")
    await deck.press("w")
    await settle(deck)
    assert "dollars per point" in deck.text("chart-0")


async def test_a_frozen_view_keeps_its_charts_and_says_since_when(deck: Deck) -> None:
    await deck.press("down", "space")
    frozen = deck.lines("chart-0")[2:10]
    for _ in range(4):
        deck.stage.clock.advance(10)
        await deck.stage.cycle()
    await settle(deck)
    assert "FROZEN 10:03:24" in titles(deck)[0] and "LAST GOOD 10:03:24" in titles(deck)[0]
    assert deck.lines("chart-0")[2:10] == frozen
    await deck.press("space")
    await settle(deck)
    assert "FROZEN" not in titles(deck)[0] and "LAST GOOD" not in titles(deck)[0]


async def test_enter_explains_the_measure_of_a_chart(deck: Deck) -> None:
    await deck.press("right", "right", "right", "enter")
    assert deck.app.screen is not deck.app.deck
    await deck.press("escape")
    assert deck.app.screen is deck.app.deck


async def test_the_past_is_charted_as_of_then() -> None:
    async with staged(("SPX",)) as stage:
        for _ in range(3):
            await stage.cycle()
            stage.clock.advance(10)
        await stage.look()
        app = DeckApp(stage.slot, stage.clock, travel=stage.travel)
        async with app.run_test(size=(80, 24)) as pilot:
            deck = Deck(app, pilot, stage)
            for key in ("5", "T", *"10:03:35", "enter", *["right"] * 5):
                await deck.press(key)
                stage.catch_up()
                await pilot.pause()
            assert "AS OF 10:03:3" in titles(deck)[0] and titles(deck)[0].startswith(">AGE SPX 01-02 Fri")
            assert "kept up to now, and not of the past" in deck.text("chart-0")
            await deck.press(*["left"] * 5)
            assert "AS OF 10:0" in titles(deck)[0] and ">SMILE SPX" in titles(deck)[0]
            assert "S spot" in deck.text("chart-0")
