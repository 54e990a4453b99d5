"""Other keys for actions: what is taken, what is refused, and that the deck obeys and shows them."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from screenshots.scenes import Stage
from tests.support.scenes import law
from tests.support.stage import deck_of
from tests.tui.test_screen import Stub
from tui.actions.catalogue.everything import ACTIONS, BY_ID
from tui.actions.keymap import DEFAULT_KEYMAP
from tui.actions.keys import PALETTE, parsed_key, textual_key
from tui.actions.rebinding import KEPT, RebindingError, rebound
from tui.dialogs.dialog import Palette
from tui.dialogs.help import HelpScreen
from tui.key_bar import KeyBar
from tui.lines.line import plain

KEYS = st.sampled_from(["j", "k", "x", "X", "Z", "f1", "ctrl+t", "esc", "pgdn", "é", "space"])


def test_what_nobody_has_chosen_is_as_usual() -> None:
    assert rebound({}) == DEFAULT_KEYMAP


@law
@given(st.dictionaries(st.sampled_from(sorted(BY_ID)), st.lists(KEYS, max_size=3), max_size=5))
def test_every_key_does_one_thing_on_a_page_or_the_choice_is_refused(chosen: dict[str, list[str]]) -> None:
    try:
        found = rebound(chosen)
    except RebindingError as error:
        assert error.action in chosen
        return
    for one, other in combinations(ACTIONS, 2):
        assert not (one.pages & other.pages and set(found.of(one)) & set(found.of(other)))
    for action in ACTIONS:
        assert set(found.of(action)) == set(chosen.get(action.id, action.keys))
    assert all(found.keys[id] for id in KEPT)


@pytest.mark.parametrize(
    ("chosen", "action", "told"),
    [
        ({"quitt": "x"}, "quitt", "there is no such action: did you mean quit?"),
        ({"zzz": "x"}, "zzz", "there is no such action: `chaindeck config show` lists them"),
        ({"log": "j"}, "log", "j is the key of down, too: give one of them another"),
        ({"down": "q"}, "down", "q is the key of quit, too: give one of them another"),
        ({"log": "Z", "order": "Z"}, "order", "Z is the key of log, too"),
        ({"quit": []}, "quit", "needs a key: it cannot be turned off"),
        ({"help": []}, "help", "needs a key: it cannot be turned off"),
        ({"log": "tab"}, "log", "'tab' is no key for an action"),
        ({"log": "ctrl+c"}, "log", "'ctrl+c' is no key for an action"),
        ({"log": "ab"}, "log", "'ab' is no key for an action"),
        ({"log": ""}, "log", "'' is no key for an action"),
        ({"log": "\x1b[31m"}, "log", "is no key for an action"),
        ({"log": 7}, "log", "is neither a key nor a list of keys"),
        ({"log": ["Z", 7]}, "log", "is neither a key nor a list of keys"),
        ({"log": {"key": "Z"}}, "log", "is neither a key nor a list of keys"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_with_its_reason(chosen: dict[str, object], action: str, told: str) -> None:
    with pytest.raises(RebindingError) as refused:
        rebound(chosen)
    assert refused.value.action == action
    assert told in str(refused.value) and "\x1b" not in str(refused.value)


def test_two_may_change_places_and_one_page_may_use_the_key_of_another() -> None:
    found = rebound({"down": ["n", "down"], "change-on": "j", "strategy": "Z"})
    assert (found.keys["down"], found.keys["change-on"]) == (("n", "down"), ("j",))


@pytest.mark.parametrize(
    ("text", "key"), [("ESC", "esc"), ("Escape", "esc"), ("PageDown", "pgdn"), (" ", "space"), ("G", "G"), ("F1", "f1")]
)
def test_keys_are_read_by_their_usual_names(text: str, key: str) -> None:
    assert parsed_key(text) == key


@law
@given(st.text(max_size=3) | st.characters())
def test_whatever_is_written_is_a_key_of_textuals_or_refused_in_one_line(text: str) -> None:
    try:
        key = parsed_key(text)
    except ValueError as error:
        assert str(error).isprintable() and len(str(error)) < 120
    else:
        assert parsed_key(key) == key and textual_key(key) and cell_len(key) == len(key)


@pytest.mark.slow
async def test_key_bar_help_and_palette_show_the_keys_that_the_deck_obeys(stage: Stage) -> None:
    keymap = rebound({"down": ["X"], "order": ["f5"], "help": ["f1"], "freeze": [], "timeline": []})
    async with deck_of(stage, (160, 50), keymap=keymap) as deck:
        first, order = deck.chosen, deck.strikes[0] > deck.strikes[-1]
        await deck.press("j", "o", "space", "question_mark")
        assert deck.chosen == first and (deck.strikes[0] > deck.strikes[-1]) is order
        assert "FROZEN" not in deck.text("strip") and not isinstance(deck.app.screen, HelpScreen)
        await deck.press("X", "f5")
        assert deck.chosen != first and (deck.strikes[0] > deck.strikes[-1]) is not order
        bar = deck.app.deck.query_one(KeyBar)
        shown = bar.render().plain
        assert shown.startswith("X k expiry") and "f5 order" in shown and "freeze" not in shown and "f1 help" in shown
        await deck.pilot.click(KeyBar, offset=(shown.index("f5 order"), 0))
        await deck.pilot.pause()
        assert (deck.strikes[0] > deck.strikes[-1]) is order
        commands = {command.title: command.help for command in deck.app.get_system_commands(deck.app.screen)}
        assert commands["Strike order"].endswith("(f5)") and commands["Freeze"] == BY_ID["freeze"].help
        await deck.press("f1")
        assert isinstance(deck.app.screen, HelpScreen)
        lines = {" ".join(plain(line).split()) for line in deck.app.screen.lines}
        assert any(line.startswith("X k next or previous expiry") for line in lines)
        assert any(line.startswith("f5 highest strike") for line in lines)
        await deck.press("f1")
        assert len(deck.app.screen_stack) == 1


@pytest.mark.slow
async def test_a_dialog_is_closed_by_the_key_that_opens_it(stage: Stage) -> None:
    async with deck_of(stage, demo=Stub(), keymap=rebound({"demo": "X"})) as deck:
        await deck.press("d")
        assert len(deck.app.screen_stack) == 1
        await deck.press("X", "d")
        assert len(deck.app.screen_stack) == 2
        await deck.press("X")
        assert len(deck.app.screen_stack) == 1
    async with deck_of(stage, demo=Stub(), keymap=rebound({"demo": []})) as deck:
        await deck.app.run_action("demo", deck.app.deck)  # as the palette does
        await deck.press("d", "escape")
        assert len(deck.app.screen_stack) == 1


@pytest.mark.slow
async def test_the_palette_opens_by_its_usual_key_by_one_of_choice_and_by_a_click(stage: Stage) -> None:
    async with deck_of(stage, (240, 40), keymap=rebound({"palette": ":"})) as deck:
        for key in (PALETTE, "colon"):
            await deck.press(key)
            assert isinstance(deck.app.screen, Palette)
            await deck.press("escape")
        shown = deck.app.deck.query_one(KeyBar).render().plain
        await deck.pilot.click(KeyBar, offset=(shown.index(": commands"), 0))
        await deck.pilot.pause()
        assert isinstance(deck.app.screen, Palette)


def test_a_sentence_names_the_palette_where_an_action_has_no_key() -> None:
    assert rebound({"live": "Z"}).way("live") == "Z"
    assert rebound({"live": []}).way("live") == PALETTE
