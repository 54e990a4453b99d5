"""Pages of several expirations at an instant of the past: of that instant, and said so."""

import re

import pytest

from tests.support.past import PastDeck, past_deck

pytestmark = pytest.mark.slow

PAGES = [("3", "measures"), ("4", "straddles")]


def straddles(deck: PastDeck, panel: str) -> list[str]:
    """Return the straddles at the money, as the heads or the measures tell them."""
    line = next(line for line in deck.lines(panel) if re.match(r" (ATM +)?straddle +(points +)?[>\d]", line))
    return re.findall(r"\d+\.\d\d", line)


@pytest.mark.parametrize(("key", "panel"), PAGES)
@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_a_step_back_says_as_of_and_has_the_figures_of_then(key: str, panel: str, size: tuple[int, int]) -> None:
    async with past_deck(size) as deck:
        await deck.press(key)
        before, priced = deck.lines(panel), straddles(deck, panel)
        assert "AS OF" not in before[0]
        await deck.press("comma")
        assert "AS OF 10:05:50" in deck.lines(panel)[0]
        assert priced and straddles(deck, panel) and straddles(deck, panel) != priced
        await deck.press("L")
        assert deck.lines(panel) == before


@pytest.mark.parametrize(("key", "panel"), PAGES)
async def test_an_expiration_that_was_lost_then_is_lost_on_the_page(key: str, panel: str) -> None:
    async with past_deck((200, 60)) as deck:
        await deck.press(key, *["less_than_sign"] * 3)  # three minutes back
        states = next(line for line in deck.lines(panel) if line.startswith(" state"))
        assert states.split()[1:3] == ["FRESH", "MISSING"]
        await deck.press("right")
        assert "LAST GOOD" in deck.lines(panel)[0]


@pytest.mark.parametrize(("key", "panel"), PAGES)
async def test_keys_move_the_cursor_there_as_in_the_present(key: str, panel: str) -> None:
    async with past_deck((200, 60)) as deck:
        await deck.press(key, "comma", "l", "j")
        dates = next(line for line in deck.lines(panel) if line.startswith(" expiration"))
        assert ">01-05 Mon" in dates and "AS OF" in deck.lines(panel)[0]


async def test_gamma_exposure_of_the_past_is_told_by_the_chosen_convention() -> None:
    async with past_deck((200, 60)) as deck:
        await deck.press("3", "comma", "w")
        assert "GEX in dollars per point" in deck.lines("measures")[0]
        [line] = [line for line in deck.lines("measures") if "net GEX" in line]
        assert "$/pt" in line
