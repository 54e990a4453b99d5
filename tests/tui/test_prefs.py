"""Remembered choices: what is kept, what an explicit choice does to them, and files that mean no good."""

import os
import stat
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from screenshots.scenes import Stage
from tests.support.scenes import law
from tests.support.stage import deck_of, make_stage
from tui.pages import Page
from tui.prefs import Memory, Prefs, load_prefs, save_prefs
from tui.terminal.depth import Depth
from tui.terminal.themes import DARK

CHOICES = st.builds(
    Prefs,
    preset=st.sampled_from([None, "ops"]),
    page=st.sampled_from(list(Page)),
    highest_first=st.booleans(),
    columns=st.sampled_from([None, "flow"]),
    bars=st.booleans(),
    theme=st.sampled_from([None, "dracula"]),
)


@law
@given(CHOICES)
def test_what_is_saved_is_loaded(tmp_path_factory: pytest.TempPathFactory, prefs: Prefs) -> None:
    path = tmp_path_factory.mktemp("state") / "deep/prefs.json"
    save_prefs(path, prefs)
    assert load_prefs(path) == (prefs, "")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [one.name for one in path.parent.iterdir()] == ["prefs.json"]


def test_a_file_of_an_older_deck_still_loads(tmp_path: Path) -> None:
    path = tmp_path / "prefs.json"
    path.write_bytes(b'{"highest_first":false}')
    assert load_prefs(path) == (Prefs(highest_first=False), "")
    path.write_bytes(b'{"highest_first":false,"of_a_newer_one":[1]}')
    assert load_prefs(path) == (Prefs(highest_first=False), "")


def test_without_a_file_nothing_is_wrong(tmp_path: Path) -> None:
    assert load_prefs(tmp_path / "none/prefs.json") == (Prefs(), "")


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"", "empty"),
        (b"[]", "array"),
        (b"\xff\x00", "not UTF-8"),
        (b'{"highest_first":', "not JSON"),
        (b'{"theme":"' + b"x" * 20_000 + b'"}', "larger than"),
        (b"[" * 5_000 + b"]" * 5_000, "deep"),
        (b'{"highest_first":"yes"}', "highest_first: "),
        (b'{"page":"\x1b[31mnowhere"}', ""),
        (b'{"page":"nowhere"}', "page: "),
    ],
    ids=["empty", "array", "bytes", "cut", "long", "deep", "type", "control", "page"],
)
def test_a_hostile_file_is_one_line_and_no_choice(tmp_path: Path, raw: bytes, told: str) -> None:
    path = tmp_path / "prefs.json"
    path.write_bytes(raw)
    prefs, trouble = load_prefs(path)
    assert prefs == Prefs() and str(path) in trouble and told in trouble
    assert "\n" not in trouble and "\x1b" not in trouble and len(trouble) < 300


def test_one_bad_choice_costs_no_other(tmp_path: Path) -> None:
    path = tmp_path / "prefs.json"
    path.write_bytes(b'{"highest_first":false,"page":"nowhere","theme":7}')
    prefs, trouble = load_prefs(path)
    assert prefs == Prefs(highest_first=False)
    assert "page" in trouble and "theme" in trouble


def test_what_is_no_file_is_neither_read_nor_waited_for(tmp_path: Path) -> None:
    pipe, folder = tmp_path / "pipe", tmp_path / "folder"
    os.mkfifo(pipe)
    folder.mkdir()
    for path in (pipe, folder):
        prefs, trouble = load_prefs(path)
        assert prefs == Prefs() and trouble.startswith(f"nothing is remembered: {path}: ")


def test_only_what_the_reader_changed_is_kept_and_two_decks_keep_each_others(tmp_path: Path) -> None:
    path = tmp_path / "prefs.json"
    one, other = Memory(path), Memory(path)
    one.begin(Prefs(preset="ops", highest_first=False))  # by a flag, for this run
    assert one.keep(Prefs(preset="ops", highest_first=False, page=Page.HEATMAP)) == ""
    assert load_prefs(path)[0] == Prefs(page=Page.HEATMAP)
    assert other.keep(Prefs(theme="dracula")) == ""
    assert load_prefs(path)[0] == Prefs(page=Page.HEATMAP, theme="dracula")


def test_where_nothing_can_be_written_that_is_told_once_and_the_old_stays(tmp_path: Path) -> None:
    path = tmp_path / "file/prefs.json"
    path.parent.write_text("no folder")
    memory = Memory(path)
    told = [memory.keep(Prefs(highest_first=first)) for first in (False, True, False)]
    assert told == [f"not remembered: {path}: not a directory", "", ""]
    path.parent.unlink()
    assert memory.keep(Prefs(page=Page.HEATMAP, highest_first=False)) == ""
    assert load_prefs(path)[0].page is Page.HEATMAP


# On the deck


def remembered(path: Path) -> dict[str, object]:
    found: dict[str, object] = orjson.loads(path.read_bytes())
    return found


@pytest.mark.slow
async def test_page_order_theme_and_preset_come_back(redis: Redis, tmp_path: Path) -> None:
    prefs = tmp_path / "prefs.json"
    async with deck_of(make_stage(redis), prefs_file=prefs, depth=Depth.TRUE) as deck:
        assert not prefs.exists()  # a start is no choice
        await deck.app.run_action("arrange('ops')", deck.app.deck)
        assert deck.app.deck.view.columns.name == "quality"
        await deck.press("o", "u", "P", "P", "2")
        deck.app.theme = "dracula"
        await deck.pilot.pause()
    wanted = {"preset": "ops", "page": "heatmap", "highest_first": False, "theme": "dracula"}
    assert remembered(prefs) == wanted | {"columns": "price", "bars": False}
    await redis.flushall()
    async with deck_of(make_stage(redis), prefs_file=prefs, depth=Depth.TRUE) as deck:
        screen = deck.app.deck
        assert (screen.page, screen.arranged.name, screen.view.highest_first) == (Page.HEATMAP, "ops", False)
        assert (screen.view.columns.name, screen.view.bars, deck.app.theme) == ("price", False, "dracula")


@pytest.mark.slow
async def test_an_explicit_choice_wins_and_is_not_remembered(redis: Redis, tmp_path: Path) -> None:
    prefs = tmp_path / "prefs.json"
    save_prefs(prefs, Prefs(preset="ops", page=Page.HEATMAP, highest_first=False, theme="dracula"))
    before = prefs.read_bytes()
    async with deck_of(make_stage(redis), prefs_file=prefs, preset="demo", theme="nord", depth=Depth.TRUE) as deck:
        screen = deck.app.deck
        assert (screen.page, screen.arranged.name, screen.view.highest_first) == (Page.DECK, "demo", True)
        assert deck.app.theme == "nord" and prefs.read_bytes() == before
        await deck.press("2")
    wanted = {"preset": "ops", "page": "heatmap", "highest_first": False, "theme": "dracula"}
    assert remembered(prefs) == wanted | {"columns": None, "bars": True}


@pytest.mark.slow
async def test_what_is_remembered_and_there_no_more_is_no_hindrance(stage: Stage, tmp_path: Path) -> None:
    prefs = tmp_path / "prefs.json"
    prefs.write_bytes(b'{"preset":"of another","theme":"of another","page":"of another"}')
    async with deck_of(stage, prefs_file=prefs) as deck:
        assert (deck.app.deck.arranged.name, deck.app.theme, deck.app.deck.page) == ("standard", DARK, Page.DECK)
        assert any(str(prefs) in note.message for note in deck.app._notifications)
