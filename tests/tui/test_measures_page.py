"""The page of measures under Textual's Pilot: turned to by number, moved over by keys and mouse, honest about age."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from chain.model.keys import ChainId
from publisher.faults import InjectedFault
from tests.support.stage import Deck, deck_of, make_stage
from tui.lines.measures.choice import ChosenMeasure
from tui.ports.board_source import Scene

pytestmark = pytest.mark.slow

SIZES = [(80, 24), (120, 40), (200, 60), (250, 60)]


@pytest.fixture
async def measured(redis: Redis) -> AsyncIterator[Deck]:
    """A deck on its measures."""
    async with deck_of(make_stage(redis), (200, 60)) as deck:
        await deck.press("3")
        yield deck


def cursor(deck: Deck) -> str:
    """Return the line under the cursor: what it is called, and the value."""
    [line] = [line for line in deck.lines("measures") if re.search(r">[^<]{9}<", line)]
    found = re.search(r">([^<]{9})<", line)
    assert found is not None
    return f"{line[10:36].strip()} {found[1].strip()}".strip()


def chosen(deck: Deck) -> ChosenMeasure:
    found = deck.app.deck.measures.chosen
    assert found is not None
    return found


@pytest.mark.parametrize("size", SIZES)
async def test_numbers_choose_the_page(redis: Redis, size: tuple[int, int]) -> None:
    async with deck_of(make_stage(redis), size) as deck:
        await deck.press("3")
        title, dates, runs, states, *_ = deck.lines("measures")
        assert "MEASURES SPX" in title and title.endswith("[MOCK]")
        assert ">01-02 Fri" in dates and "total" in dates
        assert re.search(r"\d+h\d\dm PM +3 of 3" if size[0] == 80 else r"\d+h\d\dm PM +3 DTE PM", runs)
        assert "FRESH" in states
        assert "straddle" in deck.text("measures") and "call + put at the ATM strike, mids" in deck.text("measures")
        assert not deck.app.deck.side.size.width
        await deck.press("1")
        assert not deck.app.deck.measures.display and "EXPIRIES" in deck.lines("board")[0]


async def test_keys_move_along_measures_and_expirations_to_the_total(measured: Deck) -> None:
    chains = await measured.chains()
    assert cursor(measured).startswith("straddle ") and chosen(measured) == ("straddle", chains[0])
    await measured.press("down", "j")
    assert chosen(measured) == ("expected_move_straddle", chains[0])
    await measured.press("right", "l")
    assert chosen(measured) == ("expected_move_straddle", chains[2])
    await measured.press("right", "right")
    assert chosen(measured) == ("expected_move_straddle", None) and "of one expiration" in measured.text("measures")
    await measured.press("G")
    assert chosen(measured).name == "greeks_apart"
    await measured.press("g", "left")
    assert chosen(measured) == ("straddle", chains[2])
    await measured.press("1")
    assert measured.chosen.startswith("> 01-06")  # the same chain as on the board
    await measured.press("3", "h", "h", "h", "h")
    assert chosen(measured) == ("straddle", chains[0])


async def test_the_other_underlying_has_its_own_measures(measured: Deck) -> None:
    before = measured.text("measures")
    await measured.press("right_square_bracket")
    assert "MEASURES NDX" in measured.lines("measures")[0]
    assert measured.text("measures") != before and chosen(measured).chain == ChainId(
        "NDX", (await measured.chains())[0].expiry
    )


async def test_a_click_chooses_and_the_wheel_scrolls(redis: Redis) -> None:
    async with deck_of(make_stage(redis)) as deck:
        await deck.press("3")
        line = next(y for y, text in enumerate(deck.lines("measures")) if "max pain" in text)
        await deck.pilot.click("#measures", offset=(58, line))
        await deck.pilot.pause()
        assert chosen(deck) == ("max_pain", (await deck.chains())[1])


async def test_a_small_screen_scrolls_with_the_cursor(redis: Redis) -> None:
    async with deck_of(make_stage(redis), (80, 24)) as deck:
        await deck.press("3", "G")
        assert "vendor greeks apart" in cursor(deck)
        await deck.press("g")
        assert cursor(deck).startswith("straddle")


async def test_w_tells_gamma_exposure_by_another_convention(measured: Deck) -> None:
    await measured.press(*["j"] * 11)
    dollars = cursor(measured)
    assert (
        dollars.startswith("net GEX*")
        and "GEX in dollars per 1 % move, calls +, puts -" in measured.lines("measures")[0]
    )
    await measured.press("w")
    assert cursor(measured) != dollars and "GEX in dollars per point" in measured.lines("measures")[0]
    await measured.press("w")
    assert "shares per point, calls +, puts -" in measured.lines("measures")[0]
    await measured.press("w")
    assert "dollars per 1 % move, calls +, puts +" in measured.lines("measures")[0]
    await measured.press("w", "w", "w")
    assert cursor(measured) == dollars


async def test_what_is_lost_stays_with_its_state_and_its_last_good_figures(measured: Deck) -> None:
    chains = await measured.chains()
    straddle = cursor(measured)
    await measured.inject(InjectedFault.DROP, chains[0])
    await measured.cycle()
    title, dates, _, states, *_ = measured.lines("measures")
    assert ">01-02 Fri" in dates and "MISSING" in states and "LAST GOOD 10:03:24" in title
    assert cursor(measured) == straddle


async def test_a_frozen_view_keeps_its_figures_while_ages_go_on(measured: Deck) -> None:
    before = cursor(measured)
    await measured.press("space")
    for _ in range(3):
        measured.stage.clock.advance(10)
        await measured.cycle()
    title, *_ = measured.lines("measures")
    assert "FROZEN 10:03:24" in title and cursor(measured) == before
    assert "30.0" in measured.lines("measures")[4]
    await measured.press("space")
    assert "FROZEN" not in measured.lines("measures")[0] and cursor(measured) != before


async def test_a_page_that_comes_while_the_view_is_frozen_says_from_when_it_is(redis: Redis) -> None:
    async with deck_of(make_stage(redis)) as deck:
        await deck.press("3", "1", "space")
        deck.stage.clock.advance(10)
        await deck.cycle()
        await deck.press("3")
        assert "FROZEN 10:03:34" in deck.lines("measures")[0]


async def test_expirations_are_derived_only_while_they_are_looked_at(measured: Deck) -> None:
    assert measured.stage.slot.is_across
    await measured.press("1")
    assert not measured.stage.slot.is_across


async def test_without_any_snapshot_every_expiration_has_dashes(redis: Redis) -> None:
    stage = make_stage(redis)
    async with deck_of(stage) as deck:
        for key in await redis.keys("massive:chain:*"):
            await redis.delete(key)
        await deck.press("3")
        await deck.pass_time(1)
        assert "MISSING" in deck.text("measures")


async def test_what_spots_have_realised_stands_beside_what_is_implied_once_there_is_enough(redis: Redis) -> None:
    stage = make_stage(redis)
    async with deck_of(stage, (200, 60)) as deck:
        await deck.press("3")
        [line] = [line for line in deck.lines("measures") if " realised vol  " in line]
        assert line.split()[3] == "%" and line.split()[4] == "-"
        for _ in range(21):
            stage.clock.advance(60)
            await deck.cycle()
        [vol] = [line for line in deck.lines("measures") if " realised vol  " in line]
        [less] = [line for line in deck.lines("measures") if "realised less ATM IV" in line]
        assert re.search(r"realised vol +% +\d+\.\d\b", vol)
        assert re.search(r"ATM IV +%( +[+-]\d+\.\d\d){3} ", less)
        await deck.press(*["j"] * 18, "l", "l", "l")
        detail = deck.text("measures")
        assert chosen(deck) == ("realised_vol", None)
        assert "returns 21 used" in detail and "252 sessions" in detail and "standard error" in detail
        assert "22 snapshots since 10:03:24" in detail


async def test_where_what_is_derived_fails_to_come_the_page_goes_on_without_it(
    measured: Deck, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Board that is newer than what is derived says nothing of old figures under new ages."""
    slot, derived = measured.stage.slot, measured.stage.slot.scene
    old = derived()
    assert old is not None

    def without() -> Scene | None:
        scene = derived()
        return None if scene is None else replace(scene, analytics=old.analytics, across=old.across)

    monkeypatch.setattr(slot, "scene", without)
    before = cursor(measured)
    measured.stage.clock.advance(10)
    await measured.cycle()
    assert cursor(measured) == before  # for a moment, while the figures are on their way
    for _ in range(4):
        await measured.pass_time(1)
    assert cursor(measured) == "straddle -" and "FRESH" in measured.text("measures")
    assert "no valid snapshot" in measured.text("measures")
    monkeypatch.undo()
    await measured.pass_time(1)
    assert cursor(measured) != "straddle -"


async def test_a_frozen_view_keeps_its_convention_and_says_so(redis: Redis) -> None:
    async with deck_of(make_stage(redis), (200, 60)) as deck:
        await deck.press("3", "space", "w")
        assert "GEX in dollars per 1 % move" in deck.lines("measures")[0]
        assert "by the other convention once the view goes on" in " ".join(
            one.message for one in deck.app._notifications
        )
        await deck.press("space")
        assert "GEX in dollars per point" in deck.lines("measures")[0]


async def test_on_a_low_screen_the_chosen_measure_gives_way_to_the_rows(redis: Redis) -> None:
    async with deck_of(make_stage(redis), (80, 16)) as deck:
        await deck.press("3", "j", "j")
        rows = [line for line in deck.lines("measures") if re.search(r" (points|%) ", line[30:46])]
        assert len(rows) >= 5 and "EM, 0.85 x straddle" in cursor(deck)
