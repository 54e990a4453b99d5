"""Presets: how each arranges the screen at every size, and what keys make of it."""

from pathlib import Path

import pytest

from screenshots.scenes import Stage
from tests.support.past import past_deck
from tests.support.product import on_terminal, run
from tests.support.stage import Deck, deck_of
from tests.tui.test_screen import Stub
from tui.actions.catalogue.everything import BY_ID
from tui.key_bar import HintBar
from tui.presets import PRESETS, STANDARD, preset_of

pytestmark = pytest.mark.slow

SIZES = [(80, 24), (120, 40), (200, 60)]


def focused(deck: Deck) -> str | None:
    """The panel that has the focus."""
    panel = deck.app.deck.focused
    return None if panel is None else panel.id


def test_every_preset_is_an_action_with_its_meaning() -> None:
    for preset in PRESETS.values():
        action = BY_ID[f"preset-{preset.name}"]
        assert preset.meaning in action.help and action.title == f"Preset {preset.name}"
    assert preset_of(None) is preset_of("none of them") is STANDARD


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_desk_begins_in_the_grid(stage: Stage, size: tuple[int, int]) -> None:
    async with deck_of(stage, size, preset="desk") as deck:
        screen = deck.app.deck
        assert focused(deck) == "grid" and screen.view.cell is not None
        assert screen.grid_panel.size.width > 60
        await deck.press("escape")
        assert focused(deck) == "board" and screen.board_panel.display


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_ops_has_board_and_signals_over_the_whole_width(stage: Stage, size: tuple[int, int]) -> None:
    async with deck_of(stage, size, preset="ops") as deck:
        screen = deck.app.deck
        assert screen.side.size.width == size[0] and not screen.grid_panel.display
        assert "FRESH" in deck.chosen and "SIGNALS" in deck.text("signals")
        assert screen.log_panel.display is (size[1] >= 34)
        await deck.press("enter")
        assert screen.grid_panel.size.width == size[0]
        await deck.pilot.resize_terminal(160, 50)
        await deck.press("escape")
        assert screen.side.size.width == 160 and not screen.grid_panel.display


async def test_demo_shows_the_timeline_and_what_to_try(stage: Stage) -> None:
    async with past_deck((120, 40), preset="demo") as deck:
        assert deck.app.deck.timeline_panel.display
        hint = deck.app.deck.query_one(HintBar)
        assert "step in time" in hint.render().plain and "break" not in hint.render().plain  # nobody could
    async with deck_of(stage, (80, 24), preset="demo", demo=Stub()) as deck:
        hint = deck.app.deck.query_one(HintBar)
        words = hint.render().plain
        assert words.startswith("d break something ") and "? all keys" in words and len(words) <= 81
        await deck.pilot.click(HintBar, offset=(0, 0))
        await deck.pilot.pause()
        assert len(deck.app.screen_stack) == 2


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("before", PRESETS)
async def test_choosing_a_preset_is_as_beginning_with_it(stage: Stage, name: str, before: str) -> None:
    async with deck_of(stage, (120, 40), preset=before) as deck:
        screen = deck.app.deck
        await deck.press("o", "P", "u", "2")
        await deck.app.run_action(f"arrange('{name}')", screen)
        await deck.pilot.pause()
        found = (focused(deck), screen.log_panel.display, screen.query_one(HintBar).display, screen.grid_panel.display)
        preset = PRESETS[name]
        assert found == (preset.focus, preset.log_from is not None, preset.hint, not preset.whole_board)
        assert screen.view.highest_first and screen.page is preset.choices.page
        assert screen.view.columns.name == (preset.choices.columns or "standard") and screen.view.bars


async def test_columns_of_ones_own_are_kept_by_every_preset(stage: Stage) -> None:
    async with deck_of(stage, (160, 40), preset="desk", columns=("Bid", "Ask", "D")) as deck:
        screen = deck.app.deck
        assert screen.view.columns is screen.view.own
        await deck.press("P")
        await deck.app.run_action("arrange('ops')", screen)
        assert screen.view.columns is screen.view.own


def test_by_flag_environment_or_file_and_a_mistake_names_which(short_dir: Path) -> None:
    file = short_dir / "desk.toml"
    file.write_text('preset = "opps"\n')
    refused = run(short_dir, "config", "validate", "--config", str(file))
    assert refused.returncode == 3
    assert "desk.toml, line 1: preset is 'opps', not one of standard, desk, ops, demo" in refused.stderr
    file.write_text('preset = "demo"\n')
    with on_terminal(short_dir, "--config", str(file), CHAINDECK_PRESET="ops") as terminal:
        terminal.wait_for(" LOG")
        terminal.wait_for("±range")  # a column that a board beside the grid has no room for
        terminal.send("q")
        assert terminal.wait() == 0


def test_on_a_terminal_a_hostile_file_is_told_and_the_next_deck_begins_where_this_one_was_left(short_dir: Path) -> None:
    remembered = short_dir / ".local/state/chaindeck/prefs.json"
    remembered.parent.mkdir(parents=True)
    remembered.write_bytes(b"\x00\xff" * 40_000)
    with on_terminal(short_dir, columns=160) as terminal:
        terminal.wait_for("nothing is remembered:")
        terminal.wait_for("screens")
        terminal.send("3")
        terminal.wait_for("MEASURES SPX")
        terminal.send("q")
        assert terminal.wait() == 0
    with on_terminal(short_dir, columns=160) as terminal:
        terminal.wait_for("MEASURES SPX")
        assert "remembered" not in terminal.text
        terminal.send("q")
        assert terminal.wait() == 0
