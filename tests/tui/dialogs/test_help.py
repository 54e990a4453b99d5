"""The help by place: the keys of what the reader looks at come first, and none is left out."""

import re

import pytest

from tests.support.past import past_deck
from tests.support.stage import Deck
from tui.actions.catalogue.everything import ACTIONS, together
from tui.actions.keymap import DEFAULT_KEYMAP
from tui.actions.keys import PALETTE
from tui.dialogs.help import HelpScreen
from tui.dialogs.help_lines import WIDTH, help_lines
from tui.lines.line import length, plain
from tui.pages import Page, Panel, Place

PLACES: list[Place] = [*Panel, *(page for page in Page if page is not Page.DECK)]


def sections(places: tuple[Place, ...]) -> dict[str, str]:
    """Return the help by heading, in its order."""
    found: dict[str, str] = {}
    for line in help_lines(DEFAULT_KEYMAP, places):
        assert length(line) <= WIDTH
        text = plain(line)
        if heading := re.match(r" ([A-Z]{3,}[^a-z]*)(,|$)", text.rstrip()):
            found[heading[1]] = ""
        else:
            found[list(found)[-1]] += text.rstrip() + "\n"
    return found


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_a_place_begins_with_its_own_keys_and_every_action_is_told_once(place: Place) -> None:
    found = sections((place,))
    first, rest, *legend = found
    assert first.startswith("KEYS: ") and rest == "KEYS"
    assert {"STATES", "FLAGS", "COLOURS", "WORDS AND MARKS", "HEATMAP", "THE PAST"} <= set(legend)
    for action in ACTIONS:
        if not action.beside:
            keys = re.escape(DEFAULT_KEYMAP.shown(*together(action.id)) or PALETTE)
            told = rf"^ {keys} +{re.escape(action.help[:30])}"
            mine, others = (re.search(told, found[name], re.MULTILINE) for name in (first, rest))
            assert bool(mine) is action.is_first(place) and bool(others) is not action.is_first(place), action.id


def test_what_a_page_alone_can_do_is_told_first_there() -> None:
    assert "butterfly" in sections((Page.HEATMAP,))["KEYS: HEATMAP"]
    assert "butterfly" in sections((Panel.BOARD,))["KEYS"]


def first_heading(deck: Deck) -> str:
    assert isinstance(deck.app.screen, HelpScreen)
    return plain(deck.app.screen.lines[0]).strip()


@pytest.mark.slow
async def test_the_help_is_about_what_has_the_focus(deck: Deck) -> None:
    for keys, heading in (("", "BOARD"), ("tab", "STRIKE GRID"), ("tab", "SIGNALS"), ("2", "HEATMAP"), ("1", "BOARD")):
        await deck.press(*filter(None, (keys, "question_mark")))
        assert first_heading(deck) == f"KEYS: {heading}"
        await deck.press("escape")


@pytest.mark.slow
async def test_in_the_past_the_timelines_keys_come_second() -> None:
    async with past_deck() as deck:
        await deck.press("comma", "question_mark")
        screen = deck.app.screen
        assert isinstance(screen, HelpScreen)
        headings = [text for line in screen.lines if (text := plain(line).strip()).startswith("KEYS")]
        assert headings == ["KEYS: BOARD", "KEYS: TIMELINE", "KEYS"]
