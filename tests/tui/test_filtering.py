"""The reader filters the board: while typing, with a selection that stays sensible, and without hiding a signal."""

import pytest

from publisher.faults import InjectedFault
from screenshots.scenes import Stage
from tests.support.stage import Deck, deck_of
from tui.key_bar import KeyBar
from tui.lines.board.filter import NO_FILTER

pytestmark = pytest.mark.slow


def listed(deck: Deck) -> list[str]:
    return [str(chain) for chain in deck.app.deck.board_panel.listed]


async def test_a_filter_lists_while_it_is_typed_and_escape_clears_it(deck: Deck) -> None:
    everything, before = listed(deck), deck.chosen
    await deck.press("slash", "n", "d")
    assert all(name.startswith("NDX") for name in listed(deck)) and len(listed(deck)) == 3
    assert "/nd 3 of 6" in deck.lines("board")[0]
    assert " NDX " in deck.lines("grid")[0]  # what was chosen is no longer listed
    await deck.press("backspace", "backspace")
    assert listed(deck) == everything and " NDX " in deck.lines("grid")[0]
    await deck.press("escape")
    assert listed(deck) == everything and deck.chosen == before and deck.app.deck.view.wanted == NO_FILTER


async def test_enter_keeps_it_keys_move_in_it_and_escape_on_the_board_ends_it(deck: Deck) -> None:
    await deck.press("slash", *"01-05", "enter")
    assert "2 of 6" in deck.lines("board")[0] and deck.chosen.startswith("> 01-05")
    assert " SPX " in deck.lines("grid")[0]
    await deck.press("j", "j")
    assert " NDX 2026-01-05" in deck.lines("grid")[0]  # the next that is listed, of another underlying
    await deck.press("k", "right_curly_bracket")
    assert " SPX 2026-01-06" in deck.lines("grid")[0]  # braces lead everywhere
    assert len(listed(deck)) == 3 and "2 of 6" in deck.lines("board")[0]  # and where one is, is listed
    await deck.press("tab", "escape")
    assert "2 of 6" in deck.lines("board")[0]  # back to the board first
    await deck.press("escape")
    assert len(listed(deck)) == 6 and " SPX 2026-01-06" in deck.lines("grid")[0]


async def test_it_opens_with_what_was_kept_and_a_paste_is_typed(deck: Deck) -> None:
    await deck.press("slash", *"spx", "enter", "slash", "space", *"01-0", "enter")
    assert deck.app.deck.view.wanted.text == "spx 01-0"
    await deck.press("slash", "ctrl+u", "enter")
    assert deck.app.deck.view.wanted == NO_FILTER


async def test_what_nothing_fits_leaves_the_chosen_chain_alone(deck: Deck) -> None:
    before = deck.lines("grid")[0]
    await deck.press("slash", *"aapl", "enter")
    assert "0 of 6" in deck.lines("board")[0] and deck.lines("grid")[0] == before
    await deck.press("j", "k")
    assert deck.lines("grid")[0] == before


async def test_no_signal_and_no_count_is_hidden(stage: Stage) -> None:
    async with deck_of(stage) as deck:
        gone = next(chain for chain in await deck.chains() if chain.underlying == "NDX")
        await deck.inject(InjectedFault.DROP, gone)
        await deck.pass_time(12)
        signals, strip = deck.text("signals"), deck.lines("strip")[1]
        assert "NDX" in signals
        await deck.press("slash", *"spx", "enter")
        assert str(gone) not in listed(deck)
        assert deck.text("signals").rstrip() == signals.rstrip() and deck.lines("strip")[1] == strip


async def test_on_a_narrow_screen_it_shows_the_board_and_on_another_page_it_is_none(stage: Stage) -> None:
    async with deck_of(stage, (80, 24)) as deck:
        await deck.press("enter", "slash", *"ndx", "enter")
        assert "3 of 6" in deck.lines("board")[0] and not deck.app.deck.grid_panel.display
        await deck.press("2", "slash")
        assert len(deck.app.screen_stack) == 1


async def test_a_click_opens_it(stage: Stage) -> None:
    async with deck_of(stage, (200, 50)) as deck:
        shown = deck.app.deck.query_one(KeyBar).render().plain
        await deck.pilot.click(KeyBar, offset=(shown.index("/ filter"), 0))
        await deck.pilot.pause()
        await deck.press(*"ndx")
        assert "/ndx 3 of 6" in deck.lines("board")[0]
