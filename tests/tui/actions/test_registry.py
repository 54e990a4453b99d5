"""The laws of the registry: what every action has, and that no two of them quarrel."""

import ast
import inspect
import re
import sys
from itertools import combinations
from subprocess import run

import pytest
from textual.keys import _character_to_key

from tests.support.places import ROOT
from tui.actions.action import Action, Need
from tui.actions.bars import BARS, Bar, Entry, bar_of
from tui.actions.bindings import bindings
from tui.actions.catalogue.everything import ACTIONS, BY_ID, is_offered_on, need_of, together
from tui.actions.keymap import DEFAULT_KEYMAP
from tui.actions.keys import textual_key
from tui.pages import Page
from tui.screen.deck import DeckScreen


def named(action: Action) -> str:
    return action.id


def entries() -> list[Entry]:
    return [entry for bar in BARS.values() for entry in bar]


def test_every_action_has_an_id_of_its_own() -> None:
    assert len(BY_ID) == len(ACTIONS)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", action.id) for action in ACTIONS)


@pytest.mark.parametrize("action", ACTIONS, ids=named)
def test_every_action_has_words(action: Action) -> None:
    assert len(action.help.split()) >= 1 and action.help == action.help.strip() and not action.help.endswith(".")
    assert action.word and len(action.word) <= 11
    assert action.pages


@pytest.mark.parametrize("action", ACTIONS, ids=named)
def test_every_action_calls_a_method_of_the_screen_with_arguments_that_it_takes(action: Action) -> None:
    method = getattr(DeckScreen, f"action_{action.name}")
    call = ast.parse(action.call, mode="eval").body
    arguments = [ast.literal_eval(argument) for argument in call.args] if isinstance(call, ast.Call) else []
    inspect.signature(method).bind(object(), *arguments)
    assert inspect.getdoc(method)


def test_no_two_actions_share_a_key_on_one_page() -> None:
    for one, other in combinations(ACTIONS, 2):
        if one.pages & other.pages:
            assert not set(one.keys) & set(other.keys), (one.id, other.id)


def test_calls_of_one_name_are_offered_alike() -> None:
    """Textual asks by the name alone whether an action can be done."""
    for action in ACTIONS:
        assert need_of(action.name) is action.need
        assert {page for page in Page if is_offered_on(page, action.name)} == action.pages
    assert need_of("quit_app") is Need.NOTHING and is_offered_on(Page.DECK, "quit_app")


def test_keys_are_shown_together_with_those_of_an_action_that_is_shown_itself() -> None:
    for action in ACTIONS:
        assert not action.beside or not BY_ID[action.beside].beside
        assert action.id in together(action.id)
    assert together("up") == together("down") == ("down", "up")


@pytest.mark.parametrize("action", ACTIONS, ids=named)
def test_every_action_is_in_the_help_which_shows_its_keys(action: Action) -> None:
    shown = set(DEFAULT_KEYMAP.shown(*together(action.id)).split())
    assert shown & set(action.keys) if action.keys else action.title and not shown


def test_every_bar_has_known_actions_that_work_there_and_a_way_out() -> None:
    assert set(BARS) == {*Page, Bar.GRID, Bar.PAST}
    assert "back" in {entry.id for entry in bar_of(Page.DECK, past=False, in_grid=True)}
    for page in Page:
        for past, in_grid in ((False, False), (False, True), (True, False), (True, True)):
            shown = bar_of(page, past=past, in_grid=in_grid)
            assert {"help", "quit"} <= {entry.id for entry in shown}
            assert all(page in BY_ID[entry.id].pages for entry in shown)
            assert "show-next" in {entry.id for entry in shown}
    for entry in entries():
        assert {entry.id, *entry.keys_of} <= set(BY_ID)
        assert entry.word or BY_ID[entry.id].word


def test_a_bar_gives_way_in_one_order() -> None:
    for page in Page:
        for past, in_grid in ((False, False), (False, True), (True, False)):
            spare = [entry.spare for entry in bar_of(page, past=past, in_grid=in_grid) if entry.spare]
            assert sorted(spare) == list(range(1, len(spare) + 1))


def test_each_page_is_chosen_by_its_number() -> None:
    for number, page in enumerate(Page, start=1):
        action = BY_ID[f"show-{page}"]
        assert (action.keys, action.call) == ((str(number),), f"show_page('{page}')")


def test_a_title_of_the_palette_is_one_actions() -> None:
    titles = [action.title for action in ACTIONS if action.title]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("character", [chr(code) for code in range(0x21, 0x7F)])
def test_a_key_is_written_as_the_character_that_it_types(character: str) -> None:
    assert textual_key(character) == _character_to_key(character)


def test_every_key_is_bound_to_its_action() -> None:
    bound = {(key, one.action) for one in bindings(DEFAULT_KEYMAP) for key in one.key.split(",")}
    assert bound == {(textual_key(key), action.call) for action in ACTIONS for key in action.keys}


def test_every_key_in_the_readmes_tables_of_keys_is_an_actions() -> None:
    """Tables of keys have a first column `key` or `press`; tab leads from panel to panel, and is no action."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    tables = re.findall(r"^\| (?:key \| what it does|press)[^\n]*\n((?:\|[^\n]*\n)+)", readme, re.MULTILINE)
    cells = [row.split("|")[1] for table in tables for row in table.splitlines()[1:]]
    keys = {key for cell in cells for span in re.findall(r"`([^`]+)`", cell) for key in span.split()}
    assert {"N", "n", "v", "enter"} <= keys <= {"tab", *(key for action in ACTIONS for key in action.keys)}


def test_the_registry_loads_no_textual() -> None:
    """The settings are validated by it, without a screen."""
    code = "import sys, tui.actions.bars; sys.exit('textual' in sys.modules)"
    assert run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize("page", Page)
@pytest.mark.parametrize("past", [False, True])
@pytest.mark.parametrize("alerts", [False, True])
@pytest.mark.parametrize("in_grid", [False, True])
def test_what_a_bar_cannot_spare_fits_into_eighty_columns(page: Page, past: bool, alerts: bool, in_grid: bool) -> None:
    entries = bar_of(page, past=past, alerts=alerts, in_grid=in_grid)
    shown = [one.text(DEFAULT_KEYMAP) for one in entries if not one.spare]
    assert len(" ".join(f"{keys} {word}" for keys, word in shown)) < 80, shown
