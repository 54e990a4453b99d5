"""Dialogs close once, whatever comes how often; what a screen does when one of its parts fails."""

import pytest
from textual.events import Key

from screenshots.gallery import painted
from screenshots.scenes import Stage
from tests.support.contrast import screen_of
from tests.support.stage import Deck, deck_of
from tests.tui.test_screen import Stub
from tui.dialogs.demo import DemoMenu
from tui.dialogs.dialog import Palette
from tui.dialogs.help import HelpScreen
from tui.lines.line import plain
from tui.panels.line_panel import LinePanel
from tui.screen.deck import DeckScreen
from tui.terminal.themes import SAFE

pytestmark = pytest.mark.slow


def no_dialog(deck: Deck) -> bool:
    """Whether the deck itself is on top."""
    return deck.app.screen is deck.app.deck


@pytest.mark.parametrize("keys", [("enter", "enter"), ("escape", "escape"), ("enter", "escape"), ("q", "q")])
async def test_a_menu_answers_once(stage: Stage, keys: tuple[str, ...]) -> None:
    demo = Stub()
    async with deck_of(stage, demo=demo) as deck:
        await deck.press("d")
        assert isinstance(deck.app.screen, DemoMenu)
        for key in keys:
            deck.app.post_message(_key(key))  # all of them are on their way before the first is heard
        await deck.pilot.pause()
        assert no_dialog(deck)
        assert deck.app.is_running
        assert len(demo.asked) <= 1


async def test_the_help_stands_when_the_theme_changes_beneath_it_and_nothing_moves_by_itself(stage: Stage) -> None:
    async with deck_of(stage) as deck:
        await deck.press("question_mark")
        panel = deck.app.screen.query_one("#reading", LinePanel)
        before = panel.render_line(1).text
        assert before.strip()
        deck.app.theme = SAFE
        await deck.pilot.pause()
        assert panel.render_line(1).text == before
        assert deck.app.animation_level == "none"


@pytest.mark.parametrize("opened", ["d", "question_mark"])
async def test_a_key_right_behind_the_one_that_closes_a_dialog_is_heard(stage: Stage, opened: str) -> None:
    async with deck_of(stage, demo=Stub()) as deck:
        before = deck.app.deck.view.highest_first
        for key in (opened, "escape", "o"):
            deck.app.post_message(_key(key))
        await deck.pilot.pause()
        assert deck.app.screen is deck.app.deck
        assert deck.app.deck.view.highest_first is not before
        for key in (opened, "escape", "q"):
            deck.app.post_message(_key(key))
        await deck.pilot.pause()
        assert not deck.app.is_running


@pytest.mark.parametrize("opened", ["d", "question_mark"])
async def test_keys_in_a_dialog_that_still_opens_and_one_that_leaves_are_borne(stage: Stage, opened: str) -> None:
    async with deck_of(stage, demo=Stub()) as deck:
        for width, keys in enumerate(("j k", "enter", "G g", "pagedown pageup", "space", "down up"), start=90):
            for key in (opened, *keys.split(), "escape") * 3:
                deck.app.post_message(_key(key))
            await deck.pilot.resize_terminal(width, 30)
            await deck.press("escape")
            assert deck.app.screen is deck.app.deck, keys
            assert deck.app.failure is None, keys


async def test_a_choice_counts_before_the_key_behind_it(stage: Stage) -> None:
    demo = Stub()
    async with deck_of(stage, demo=demo) as deck:
        for key in ("d", "j", "enter", "escape"):
            deck.app.post_message(_key(key))
        await deck.pilot.pause()
        assert [name for name, _ in demo.asked] == [demo.faults[1][0]]


async def test_a_key_held_down_closes_the_help_and_no_more(stage: Stage) -> None:
    async with deck_of(stage) as deck:
        await deck.press("question_mark")
        for _ in range(20):
            await deck.press("q")
            stage.clock.advance(0.03)
        assert deck.app.is_running
        stage.clock.advance(0.31)
        await deck.press("q")
        assert not deck.app.is_running


async def test_a_double_click_is_one_choice(stage: Stage) -> None:
    demo = Stub()
    async with deck_of(stage, demo=demo) as deck:
        await deck.press("d")
        await deck.pilot.click("OptionList", offset=(5, 0), times=2)
        await deck.pilot.pause()
        assert no_dialog(deck)
        assert [name for name, _ in demo.asked] == ["drop"]


@pytest.mark.parametrize(("key", "kind"), [("d", DemoMenu), ("question_mark", HelpScreen), ("ctrl+p", Palette)])
async def test_a_dialog_is_open_once(stage: Stage, key: str, kind: type) -> None:
    async with deck_of(stage, demo=Stub()) as deck:
        for _ in range(2):
            deck.app.post_message(_key(key))
        await deck.pilot.pause()
        assert sum(isinstance(screen, kind) for screen in deck.app.screen_stack) <= 1
        await deck.press("escape", "escape", "escape")
        assert no_dialog(deck)


async def test_a_palette_left_twice_leaves_the_deck(deck: Deck) -> None:
    await deck.press("ctrl+p")
    palette = deck.app.screen
    assert isinstance(palette, Palette)
    palette.dismiss()
    palette.dismiss()
    await deck.pilot.pause()
    assert deck.app.screen is deck.app.deck


def _key(name: str) -> Key:
    return Key(name, "\r" if name == "enter" else None)


# Dialogs over the living deck


@pytest.mark.parametrize("key", ["question_mark", "d", "ctrl+p"])
async def test_behind_a_dialog_the_deck_stays_in_sight_and_alive(stage: Stage, key: str) -> None:
    async with deck_of(stage, demo=Stub()) as deck:
        await deck.press(key)
        assert deck.app.screen is not deck.app.deck
        before = _painted(deck)
        assert "chaindeck" in before[0]
        assert "10:03:24 ET" in before[0]
        assert "strikes 69" in before[38]  # the foot of the grid
        await deck.pass_time(45)
        after = _painted(deck)
        assert "10:04:09 ET" in after[0]
        assert "CRITICAL" in after[1]


def _painted(deck: Deck) -> list[str]:
    """What a terminal shows of all screens together."""
    app = deck.app
    width, height = app.size
    return screen_of(painted(app), width, height).display


@pytest.mark.parametrize(("size", "key"), [((80, 24), "j"), ((120, 40), "j"), ((40, 10), "pagedown")], ids=str)
async def test_the_help_is_whole_at_every_size_by_scrolling(stage: Stage, size: tuple[int, int], key: str) -> None:
    async with deck_of(stage, size) as deck:
        await deck.press("question_mark")
        help_screen = deck.app.screen
        assert isinstance(help_screen, HelpScreen)
        panel = help_screen.query_one(LinePanel)
        seen: dict[str, None] = {}
        for _ in help_screen.lines:
            shown = [panel.render_line(y).text.rstrip() for y in range(panel.size.height)]
            seen |= dict.fromkeys(shown)
            if not any(" more" in line and "+" in line for line in shown[-1:]):
                break
            await deck.press(key)
        wanted = {plain(line)[: panel.size.width].rstrip() for line in help_screen.lines}
        assert wanted <= set(seen)
        for heading in ("KEYS", "STATES", "FLAGS", "COLOURS"):
            assert any(line.startswith(f" {heading}") for line in seen)


async def test_a_resize_while_the_help_is_open_fits_it_anew(stage: Stage) -> None:
    async with deck_of(stage, (120, 40)) as deck:
        await deck.press("question_mark")
        for width, height in ((80, 24), (30, 6), (200, 60)):
            await deck.pilot.resize_terminal(width, height)
            await deck.pilot.pause()
            panel = deck.app.screen.query_one(LinePanel)
            assert panel.size.height <= height - 2
            assert "KEYS" in panel.render_line(0).text
        await deck.press("escape")
        assert deck.app.screen is deck.app.deck
        assert "FRESH" in deck.chosen


async def test_the_palettes_keys_are_the_help_and_squeeze_nothing(deck: Deck) -> None:
    width = deck.app.deck.grid_panel.size.width
    deck.app.action_show_help_panel()
    await deck.pilot.pause()
    assert [type(screen) for screen in deck.app.screen_stack] == [DeckScreen, HelpScreen]
    assert deck.app.deck.grid_panel.size.width == width
    await deck.press("escape")
    assert [type(screen) for screen in deck.app.screen_stack] == [DeckScreen]
