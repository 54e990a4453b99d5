"""Pages are chosen by number, one after the other, or with the mouse."""

import pytest

from tests.support.stage import Deck
from tui.key_bar import KeyBar
from tui.pages import Page

pytestmark = pytest.mark.slow


async def test_each_number_chooses_its_page_and_nought_the_next(deck: Deck) -> None:
    pages, screen = list(Page), deck.app.deck
    for number, page in [*enumerate(pages, start=1)][::-1]:
        await deck.press(str(number))
        assert screen.page is page
        assert [one for one, widget in screen.pages.items() if widget.display] == ([page] if screen.paged else [])
    for page in [*pages[1:], pages[0]]:
        await deck.press("0")
        assert screen.page is page


async def test_a_click_on_the_bar_turns_to_the_next_page_from_each(deck: Deck) -> None:
    pages, screen = list(Page), deck.app.deck
    for page in [*pages[1:], pages[0]]:
        shown = deck.app.deck.query_one(KeyBar).render().plain
        await deck.pilot.click(KeyBar, offset=(shown.index(f"1-{len(pages)} screens"), 0))
        await deck.pilot.pause()
        assert screen.page is page
