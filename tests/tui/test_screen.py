"""The deck's keys, menus and mouse under Textual's Pilot."""

import re
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from redis.asyncio import Redis
from textual.command import CommandPalette

from chain.errors import ChaindeckError
from chain.model.keys import ChainId
from screenshots.scenes import Stage
from tests.support.stage import ATM_CELL, Deck, deck_of, make_stage
from tests.support.waiting import wait_until_async
from tui.actions.catalogue.everything import ACTIONS
from tui.dialogs.demo import DemoMenu
from tui.dialogs.help import HelpScreen
from tui.key_bar import KeyBar
from tui.lines.grid.cursor import GridCell
from tui.lines.line import plain
from tui.panels.line_panel import LinePanel

pytestmark = pytest.mark.slow


def cell(deck: Deck) -> GridCell:
    """The figure under the grid's cursor."""
    found = deck.app.deck.view.cell
    assert found is not None
    return found


@pytest.mark.parametrize(("forth", "back"), [("down", "up"), ("j", "k"), ("right", "left"), ("l", "h")])
async def test_keys_move_along_the_expirations(deck: Deck, forth: str, back: str) -> None:
    first = deck.chosen
    await deck.press(forth)
    second = deck.chosen
    assert second != first
    assert second[2:7] in deck.lines("grid")[0]
    await deck.press(back)
    assert deck.chosen == first
    await deck.press(back)
    assert deck.chosen == first  # the end of the list is an end


async def test_tab_moves_to_the_grid_and_keys_move_its_cursor_there(deck: Deck) -> None:
    chosen = deck.chosen
    await deck.press("tab")
    at_first = cell(deck)
    assert (at_first.column, at_first.place.side) == ("Bid", "call")
    await deck.press("k", "up")
    assert cell(deck).place.strike > at_first.place.strike
    await deck.press("j", "down")
    assert cell(deck) == at_first
    await deck.press("l", "l")
    assert cell(deck).column == "STRIKE"
    await deck.press("right")
    assert (cell(deck).column, cell(deck).place.side) == ("Bid", "put")
    assert deck.chosen == chosen
    await deck.press("right_curly_bracket")
    assert deck.chosen != chosen  # from any panel
    await deck.press("shift+tab", "k")
    assert deck.chosen == chosen


async def test_the_grid_scrolls_to_its_ends_and_a_returns_to_the_atm(deck: Deck) -> None:
    centred = deck.strikes
    await deck.press("g")
    highest = deck.strikes[0]
    assert highest > centred[0]
    await deck.press("G")
    lowest = deck.strikes[-1]
    assert lowest < centred[-1]
    await deck.press("home")
    assert deck.strikes[0] == highest
    await deck.press("end", "pageup")
    assert lowest not in deck.strikes
    await deck.press("pagedown")
    assert deck.strikes[-1] == lowest
    await deck.press("a")
    assert deck.strikes == centred
    assert ATM_CELL.search(deck.text("grid"))


async def test_a_scrolled_grid_stays_where_the_reader_left_it(deck: Deck) -> None:
    await deck.press("g")
    shown = deck.strikes
    deck.stage.clock.advance(10)
    await deck.cycle()
    assert deck.strikes == shown


async def test_the_cursor_is_in_brackets_where_keys_go_to_it_and_nowhere_else(deck: Deck) -> None:
    [at_money] = [line for line in deck.lines("grid") if ATM_CELL.search(line)]
    bid = re.split("[│┃]", at_money)[0].split()[-2]
    await deck.press("tab")
    [pointed] = [line for line in deck.lines("grid") if ATM_CELL.search(line)]
    assert f"[{bid}]" in pointed and f"[{bid}]" not in at_money
    assert deck.lines("grid")[0].startswith("▌")
    await deck.press("escape")
    assert at_money in deck.lines("grid")


async def test_the_cursor_stays_on_its_strike_whatever_comes_and_the_wheel_leaves_it(deck: Deck) -> None:
    await deck.press("tab", "k", "k", "l")
    where = cell(deck)
    deck.stage.clock.advance(10)
    await deck.cycle()
    assert cell(deck) == where
    await deck.press("pageup", "g")
    assert cell(deck).place.strike == deck.strikes[0]
    await deck.press("G")
    assert cell(deck).place.strike == deck.strikes[-1]
    shown = deck.strikes
    deck.app.deck.grid_panel.post_message(LinePanel.Scrolled(deck.app.deck.grid_panel, -3))
    await deck.pilot.pause()
    assert deck.strikes != shown and cell(deck).place.strike == shown[-1]
    await deck.press("k")
    assert cell(deck).place.strike in deck.strikes  # a cursor that moves is in view
    await deck.press("a")
    assert cell(deck).place.strike == where.place.strike - 10


def headings(deck: Deck) -> list[str]:
    """The headings of the grid, left of the strike."""
    [line] = [line for line in deck.lines("grid") if "STRIKE" in line]
    return line.split("│")[0].split()


async def test_p_turns_to_other_columns_and_the_cursor_keeps_its_strike(redis: Redis) -> None:
    async with deck_of(make_stage(redis), (160, 40), columns=("IV", "Mid")) as deck:
        assert headings(deck) == ["Mid", "IV"]
        await deck.press("tab", "k", "k")
        strike = cell(deck).place.strike
        met = []
        for _ in range(6):
            await deck.press("P")
            met.append(headings(deck))
            assert cell(deck).place.strike == strike
        assert [len(met), met[-1]] == [6, ["Mid", "IV"]]
        assert met[0][-2:] == ["Bid", "Ask"] and {"Gamma", "Theta", "Vega"} <= set(met[2])
        assert {"OI", "Vol", "GEX$/1%"} <= set(met[3]) and {"Lag", "Spr%"} <= set(met[4])


async def test_columns_and_bars_are_remembered_and_own_ones_begin_where_nothing_is(
    redis: Redis, tmp_path: Path
) -> None:
    prefs = tmp_path / "prefs.json"
    async with deck_of(make_stage(redis), (160, 40), prefs_file=prefs, columns=("IV", "Mid")) as deck:
        await deck.press("o")
        assert b"own" not in prefs.read_bytes()  # nobody chose it
    await redis.flushall()
    async with deck_of(make_stage(redis), (160, 40), prefs_file=prefs) as deck:
        await deck.press("P", "P", "P", "u")
    await redis.flushall()
    async with deck_of(make_stage(redis), (160, 40), prefs_file=prefs, columns=("IV", "Mid")) as deck:
        assert (deck.app.deck.view.columns.name, deck.app.deck.view.bars) == ("flow", False)


async def test_u_draws_bars_or_not(redis: Redis) -> None:
    async with deck_of(make_stage(redis), (160, 40)) as deck:
        await deck.press("P", "P", "P")
        assert "█" in deck.text("grid") and "OI 0-" in deck.text("grid")
        await deck.press("u")
        assert "█" not in deck.text("grid") and "OI 0-" not in deck.text("grid")
        await deck.press("u")
        assert "█" in deck.text("grid")


async def test_a_click_in_the_grid_points_at_a_figure(deck: Deck) -> None:
    await deck.press("tab")
    fourth = next(y for y, line in enumerate(deck.lines("grid")) if f"{deck.strikes[3]:.0f}" in line)
    await deck.pilot.click("#grid", offset=(30, fourth))
    await deck.pilot.pause()
    assert cell(deck).place.strike == deck.strikes[3] and "[" in deck.lines("grid")[fourth]


async def test_brackets_turn_to_another_underlying_and_come_round(deck: Deck) -> None:
    assert " SPX 2026-" in deck.lines("grid")[0]
    await deck.press("right_square_bracket")
    assert " NDX 2026-" in deck.lines("grid")[0]
    assert " NDX " in deck.lines("strip")[0]
    await deck.press("right_square_bracket")
    assert " SPX 2026-" in deck.lines("grid")[0]
    await deck.press("left_square_bracket")
    assert " NDX 2026-" in deck.lines("grid")[0]


async def test_o_turns_the_grid_over_and_is_remembered(redis: Redis, tmp_path: Path) -> None:
    prefs = tmp_path / "state/prefs.json"
    async with deck_of(make_stage(redis), prefs_file=prefs) as deck:
        assert deck.strikes == sorted(deck.strikes, reverse=True)
        await deck.press("o")
        assert deck.strikes == sorted(deck.strikes)
    await redis.flushall()
    async with deck_of(make_stage(redis), prefs_file=prefs) as deck:
        assert deck.strikes == sorted(deck.strikes)


@pytest.mark.parametrize("content", [b"", b"[]", b'{"highest_first": "yes"}', b"\xff\x00"])
async def test_choices_that_make_no_sense_are_no_choices(stage: Stage, tmp_path: Path, content: bytes) -> None:
    prefs = tmp_path / "prefs.json"
    prefs.write_bytes(content)
    async with deck_of(stage, prefs_file=prefs) as deck:
        assert deck.strikes == sorted(deck.strikes, reverse=True)


async def test_enter_opens_the_grid_on_a_narrow_screen_and_escape_returns(stage: Stage) -> None:
    async with deck_of(stage, (80, 24)) as deck:
        grid, side = deck.app.deck.grid_panel, deck.app.deck.board_panel
        assert not grid.display and side.size.width == 80
        await deck.press("enter")
        assert grid.size.width == 80
        assert ATM_CELL.search(deck.text("grid"))
        await deck.press("right_curly_bracket")
        assert "2026-01-05" in deck.lines("grid")[0]
        await deck.press("escape")
        assert not grid.display and side.size.width == 80


async def test_help_names_every_key_that_has_words(deck: Deck) -> None:
    await deck.press("question_mark")
    assert isinstance(deck.app.screen, HelpScreen)
    said = " ".join(" ".join(map(plain, deck.app.screen.lines)).split())
    for action in ACTIONS:
        assert action.beside or action.help in said
    for state in ("FRESH", "AGING", "STALE", "FUTURE", "INVALID", "DANGLING", "MISSING", "UNREACHABLE"):
        assert state in said


@pytest.mark.parametrize("key", ["question_mark", "escape", "q"])
async def test_help_closes_and_the_deck_goes_on(deck: Deck, key: str) -> None:
    await deck.press("question_mark", key)
    assert deck.app.screen is deck.app.deck
    assert deck.app.is_running


async def test_the_palette_lists_our_commands_and_does_them(deck: Deck) -> None:
    offered = {command.title for command in deck.app.get_system_commands(deck.app.screen)}
    assert {"ATM", "Strike order", "Freeze", "Heatmap", "Board and grid", "Snapshot only"} <= offered
    await deck.press("ctrl+p")
    assert isinstance(deck.app.screen, CommandPalette)
    await deck.press(*"Freeze")
    await wait_until_async(lambda: "Freeze" in deck.app.export_screenshot())
    await deck.press("enter", "enter")
    await wait_until_async(lambda: "FROZEN" in deck.text("grid"))


async def test_q_quits(deck: Deck) -> None:
    await deck.press("q")
    assert not deck.app.is_running
    assert deck.app.return_code == 0


async def test_a_click_chooses_and_the_wheel_scrolls(deck: Deck) -> None:
    await deck.pilot.click("#board", offset=(5, 5))
    await deck.pilot.pause()
    assert deck.chosen == deck.lines("board")[5]
    top = deck.strikes[0]
    deck.app.deck.grid_panel.post_message(LinePanel.Scrolled(deck.app.deck.grid_panel, 3))
    await deck.pilot.pause()
    assert deck.strikes[0] < top


@dataclass(slots=True)
class Stub:
    """A demo that remembers what was asked of it."""

    faults: Sequence[tuple[str, str]] = (("drop", "drop its pointer"), ("stall", "stall this expiry"))
    failure: Exception | None = None
    asked: list[tuple[str, ChainId]] = field(default_factory=list)

    def inject(self, name: str, chain: ChainId) -> "Future[str]":
        self.asked.append((name, chain))
        done: Future[str] = Future()
        if self.failure:
            done.set_exception(self.failure)
        else:
            done.set_result(f"did {name}")
        return done


@pytest.mark.parametrize(
    "failure",
    [None, ChaindeckError("[bold]not now[/nope]"), ValueError("unheard of")],
    ids=["done", "failed", "defect"],
)
async def test_the_demo_menu_inflicts_on_the_chosen_chain(stage: Stage, failure: Exception | None) -> None:
    demo = Stub(failure=failure)
    async with deck_of(stage, demo=demo) as deck:
        await deck.press("j", "d")
        assert isinstance(deck.app.screen, DemoMenu)
        await deck.press("j", "enter")
        await wait_until_async(lambda: demo.asked)
        chosen = (await deck.chains())[1]
        assert demo.asked == [("stall", chosen)]
        words = str(failure) if failure else "did stall"
        if isinstance(failure, ValueError):
            words = "not done: ValueError: unheard of"
        await wait_until_async(lambda: words in [note.message for note in deck.app._notifications])
        assert deck.app.is_running


@pytest.mark.parametrize("key", ["escape", "d", "q"])
async def test_the_demo_menu_can_be_left(stage: Stage, key: str) -> None:
    demo = Stub()
    async with deck_of(stage, demo=demo) as deck:
        await deck.press("d", key)
        assert deck.app.screen is deck.app.deck
        assert not demo.asked


async def test_only_a_mock_has_a_demo_menu(deck: Deck) -> None:
    await deck.press("d")
    assert deck.app.screen is deck.app.deck


@pytest.mark.parametrize("width", [80, 160])
async def test_the_bottom_line_has_the_keys_of_the_panel_that_they_go_to(stage: Stage, width: int) -> None:
    async with deck_of(stage, (width, 24)) as deck:
        bar = deck.app.deck.query_one(KeyBar)
        assert "j k expiry" in bar.render().plain and "enter grid" in bar.render().plain
        await deck.press("enter")
        shown = bar.render().plain
        assert (
            shown.startswith("hjkl cell enter origin esc board") and "P columns" in shown and "enter grid" not in shown
        )
        await deck.pilot.click(KeyBar, offset=(shown.index("esc"), 0))
        await deck.pilot.pause()
        assert "j k expiry" in bar.render().plain


async def test_the_title_of_the_grid_says_which_columns_are_chosen(deck: Deck) -> None:
    assert deck.lines("grid")[0].endswith("s            [MOCK]")
    await deck.press("P")
    assert deck.lines("grid")[0].endswith(" price [MOCK]")
    await deck.pilot.resize_terminal(160, 40)
    assert deck.lines("grid")[0].endswith(" price columns [MOCK]")
    await deck.press("P", "P", "P", "P")
    assert deck.lines("grid")[0].endswith("   [MOCK]")


async def test_a_click_on_a_key_of_the_bottom_line_is_that_key(deck: Deck) -> None:
    bar = deck.app.deck.query_one(KeyBar)
    shown = bar.render().plain
    assert shown.startswith("j k expiry [ ] underlying")
    assert "demo" not in shown  # there is nobody for it
    order = deck.strikes[0] > deck.strikes[-1]
    await deck.pilot.click(KeyBar, offset=(shown.index("order"), 0))
    await deck.pilot.pause()
    assert (deck.strikes[0] > deck.strikes[-1]) is not order
    await deck.pilot.click(KeyBar, offset=(deck.app.size.width - 1, 0))  # beyond the last key is none
    assert deck.app.screen is deck.app.deck
