"""The page of straddles under Textual's Pilot: moved over by keys and mouse, rows by strike or by deviations."""

import re
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from publisher.faults import InjectedFault
from tests.support.stage import Deck, deck_of, make_stage

pytestmark = pytest.mark.slow

CURSOR = re.compile(r">\s*([\d.]+|-)[<\]]")


@pytest.fixture
async def straddled(redis: Redis) -> AsyncIterator[Deck]:
    """A deck on its straddles."""
    async with deck_of(make_stage(redis)) as deck:
        await deck.press("4")
        yield deck


def cursor(deck: Deck) -> tuple[str, str]:
    """Return the row under the cursor and the straddle there."""
    [line] = [line for line in deck.lines("straddles") if CURSOR.search(line)]
    found = CURSOR.search(line)
    assert found is not None
    return line.split()[0], found[1]


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60), (250, 60)])
async def test_numbers_choose_the_page_and_the_money_is_in_view(redis: Redis, size: tuple[int, int]) -> None:
    async with deck_of(make_stage(redis), size) as deck:
        await deck.press("4")
        title, dates, runs, states, ages, *_ = deck.lines("straddles")
        assert "STRADDLES SPX" in title and title.endswith("[MOCK]")
        assert ">01-02 Fri" in dates and "01-06 Tue" in dates
        assert re.search(r"\d+h\d\dm PM +3 DTE PM +4 DTE PM", runs)
        assert states.split() == ["state", "FRESH", "FRESH", "FRESH"] and ages.split()[0] == "age"
        strike, value = cursor(deck)
        assert deck.lines("straddles")[-1].strip().startswith(f"01-02 Fri {strike}: call ")
        assert f"= {value}, mids" in deck.lines("straddles")[-1]
        assert deck.text("straddles").count("]") >= 3


async def test_the_straddle_at_the_money_is_that_of_the_measures(straddled: Deck) -> None:
    _, value = cursor(straddled)
    await straddled.press("3")
    [line] = [line for line in straddled.lines("measures") if " straddle " in line and "points" in line and ">" in line]
    assert re.search(rf">\s*{re.escape(value)}<", line)


async def test_keys_move_over_strikes_and_expirations_and_a_leads_back(straddled: Deck) -> None:
    strike, value = cursor(straddled)
    await straddled.press("down", "j")
    lower, other = cursor(straddled)
    assert float(lower) == float(strike) - 10 and other != value
    await straddled.press("l")
    assert cursor(straddled)[0] == lower and cursor(straddled)[1] != other
    await straddled.press("right", "right", "right")
    assert ">01-06 Tue" in straddled.lines("straddles")[1]
    await straddled.press("a")
    assert cursor(straddled)[0] == strike
    await straddled.press("g")
    highest = float(cursor(straddled)[0])
    await straddled.press("o")
    await straddled.press("g")
    assert float(cursor(straddled)[0]) < highest


async def test_x_has_rows_by_standard_deviations(straddled: Deck) -> None:
    await straddled.press("x")
    assert cursor(straddled)[0] == "+0.00" and "by standard deviations" in straddled.lines("straddles")[0]
    await straddled.press("k", "k")
    assert cursor(straddled)[0] == "+0.50" and "; +0.40 SD;" in straddled.lines("straddles")[-1]
    await straddled.press("a")
    assert cursor(straddled)[0] == "+0.00"
    await straddled.press("x")
    assert cursor(straddled)[0].isdecimal()
    await straddled.press("2")  # there the same key is the heatmap's
    assert straddled.app.deck.view.straddle.rows == "strike"


async def test_a_click_chooses_a_cell_and_the_wheel_scrolls(straddled: Deck) -> None:
    begin, *_ = straddled.app.deck.straddles._table.cells[1]  # type: ignore[union-attr]
    line = next(y for y, text in enumerate(straddled.lines("straddles")) if text.strip().startswith("6915"))
    await straddled.pilot.click("#straddles", offset=(begin + 3, line))
    await straddled.pilot.pause()
    assert cursor(straddled)[0] == "6915" and ">01-05 Mon" in straddled.lines("straddles")[1]
    top = straddled.lines("straddles")[14]
    straddled.app.deck.straddles.panel.scroll_by(3)
    await straddled.pass_time(1)
    assert straddled.lines("straddles")[14] != top  # and stays there
    await straddled.press("a")
    assert CURSOR.search(straddled.text("straddles"))


async def test_what_is_lost_keeps_its_column_with_its_state(straddled: Deck) -> None:
    chains = await straddled.chains()
    before = cursor(straddled)
    await straddled.inject(InjectedFault.DROP, chains[0])
    await straddled.cycle()
    title, _, _, states, *_ = straddled.lines("straddles")
    assert states.split() == ["state", "MISSING", "FRESH", "FRESH"] and "LAST GOOD 10:03:24" in title
    assert cursor(straddled) == before


async def test_a_frozen_view_keeps_its_prices(straddled: Deck) -> None:
    before = cursor(straddled)
    await straddled.press("space")
    for _ in range(3):
        straddled.stage.clock.advance(10)
        await straddled.cycle()
    assert "FROZEN 10:03:24" in straddled.lines("straddles")[0] and cursor(straddled) == before
    assert straddled.lines("straddles")[4].split() == ["age", "30.0", "30.0", "30.0"]
