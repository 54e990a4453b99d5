"""Enter on a figure of the grid says where it comes from, live, frozen, painted and in the past."""

import asyncio
import csv
import re
from pathlib import Path

import pytest

from chain.monitor.explain.explanation import Explanation
from chain.monitor.explain.question import Question
from screenshots.scenes import Stage
from tests.support.contrast import worst_word
from tests.support.heatmaps import DATES, heatmap_model, view_of
from tests.support.past import PastDeck, past_deck
from tests.support.stage import Deck, deck_of
from tests.support.waiting import wait_until_async
from tests.tui.terminal.test_contrast import HEIGHT, WIDTH, looks, shown
from tests.tui.test_stream_marks import stream
from tui.dialogs.provenance import ProvenanceDialog
from tui.panels.line_panel import LinePanel
from tui.terminal.contrast import LEGIBLE
from tui.terminal.depth import Depth
from tui.terminal.themes import DARK, LIGHT, SAFE

pytestmark = pytest.mark.slow


async def dialog(deck: Deck | PastDeck) -> list[str]:
    """What the dialog on top says, line by line."""
    screen = deck.app.screen
    assert isinstance(screen, ProvenanceDialog)
    await deck.pilot.pause()
    await deck.pilot.pause()
    [panel] = screen.query(LinePanel)
    return [panel.render_line(y).text.rstrip() for y in range(panel.size.height)]


def said(lines: list[str], name: str) -> str:
    [line] = [line for line in lines if line.startswith(f" {name} ")]
    return line[len(name) + 1 :].strip()


async def test_enter_in_the_grid_explains_the_figure_under_the_cursor(deck: Deck) -> None:
    await deck.press("tab", "k", "k")
    [pointed] = [line for line in deck.lines("grid") if re.search(r"\[\d+\.\d\d\]", line)]
    bid = re.findall(r"\[(\d+\.\d\d)\]", pointed)[0]
    good = deck.app.deck.view.shown
    assert good is not None
    await deck.press("enter")
    lines = await dialog(deck)
    assert lines[0].endswith(f"call bid{bid:>{len(lines[0]) - lines[0].index('call bid') - 8}}")
    assert said(lines, "value").startswith(bid.rstrip("0").rstrip("."))
    assert said(lines, "key").endswith(f":{good.snapshot.id.ts_ms}")
    assert said(lines, "source").startswith("MOCK")
    await deck.press("enter")
    assert deck.app.screen is deck.app.deck


async def test_a_frozen_figure_is_explained_by_the_snapshot_that_is_shown(deck: Deck) -> None:
    await deck.press("tab", "space")
    frozen = deck.app.deck.view.shown
    deck.stage.clock.advance(10)
    await deck.cycle()
    await deck.press("enter")
    lines = await dialog(deck)
    assert frozen is not None
    assert said(lines, "key").endswith(f":{frozen.snapshot.id.ts_ms}")
    assert said(lines, "shown").startswith("frozen at 2026-01-02 10:03:24")
    assert said(lines, "age").startswith("10.0 s")


async def test_the_chosen_chains_figures_are_explained_from_anywhere(deck: Deck) -> None:
    await deck.press("j", "i")
    lines = await dialog(deck)
    assert said(lines, "state") == "FRESH"
    assert "STRADDLE" in "\n".join(lines)
    await deck.press("G")
    assert any(line.startswith(" source ") for line in await dialog(deck))
    await deck.press("escape", "2", "i")
    assert isinstance(deck.app.screen, ProvenanceDialog)


@pytest.mark.parametrize("size", [(80, 24), (46, 12), (200, 60)])
async def test_the_dialog_fits_every_screen_and_scrolls(stage: Stage, size: tuple[int, int]) -> None:
    async with deck_of(stage, size) as deck:
        await deck.press("i")
        lines = await dialog(deck)
        frame = deck.app.screen.query_one("Vertical")
        assert frame.size.width <= size[0] and frame.region.bottom <= size[1]
        if size[1] < 40:
            assert lines[-1].strip().startswith("+")
            await deck.press("G")
            assert (await dialog(deck))[-1].startswith((" source", "     "))
        assert all(len(line) <= size[0] - 4 for line in lines)


async def test_what_cannot_be_explained_is_told_and_the_deck_lives_on(
    deck: Deck, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Question) -> Explanation:
        raise ValueError("a defect")

    monkeypatch.setattr("chaindeck.engine.board_slot.explain", fail)
    await deck.press("i")
    assert (await dialog(deck))[0].strip() == "this cannot be explained: ValueError: a defect"
    await deck.press("escape", "j")
    assert deck.app.screen is deck.app.deck


def notices(deck: Deck) -> list[str]:
    return [notice.message for notice in deck.app._notifications]


async def copied(deck: Deck, monkeypatch: pytest.MonkeyPatch) -> str:
    """Press y and return what the terminal was sent for its clipboard."""
    sent: list[str] = []
    monkeypatch.setattr(deck.app, "copy_to_clipboard", sent.append)
    await deck.press("y")
    await wait_until_async(lambda: bool(notices(deck)))
    return sent[0] if sent else ""


async def test_a_copy_that_fails_in_a_way_nobody_foresaw_is_told(deck: Deck, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> str:
        raise ValueError("unheard of")

    monkeypatch.setattr("tui.app.copy", broken)
    await copied(deck, monkeypatch)
    assert notices(deck) == ["not copied: ValueError: unheard of"]


async def test_y_copies_the_figure_the_key_or_the_provenance_and_says_what(
    deck: Deck, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TMUX", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    key = await copied(deck, monkeypatch)
    assert re.fullmatch(r"massive:chain:snapshot:SPX:2026-01-02:\d+", key)
    assert notices(deck)[-1] == f"{key} copied to the terminal's clipboard (OSC 52), if it allows that"
    deck.app.clear_notifications()
    await deck.press("tab")
    figure = await copied(deck, monkeypatch)
    assert re.fullmatch(r"\d+\.\d\d", figure) and notices(deck)[-1].startswith(f"{figure} copied")
    deck.app.clear_notifications()
    await deck.press("enter")
    await dialog(deck)
    text = await copied(deck, monkeypatch)
    assert f"call bid: {figure}" in text and "massive:chain:snapshot" in text
    assert notices(deck)[-1].startswith("the provenance of SPX 2026-01-02 SPXW")


async def test_a_tile_is_shown_in_full_and_then_explained(stage: Stage) -> None:
    async with deck_of(stage, (80, 24)) as deck:
        model = heatmap_model(ts=stage.clock.wall / 1e9, dates=DATES[:3])
        stage.slot.put_heatmap(view_of(model, ""))
        await deck.press("2", "enter")
        assert deck.app.screen is deck.app.deck and "TILE" in deck.text("tile")
        await deck.press("enter")
        lines = await dialog(deck)
        assert "butterfly:2026-01-02" in lines[0] and said(lines, "key") == "massive:model:heatmap:SPX"
        await deck.press("escape")
        stage.clock.advance(1)  # a key that is held down closes nothing more
        await deck.press("escape")
        assert not deck.app.deck.heatmap.tile.display


async def test_a_measure_is_explained_of_one_expiration_and_of_all(stage: Stage) -> None:
    async with deck_of(stage, (200, 60)) as deck:
        await deck.press("3", "enter")
        lines = await dialog(deck)
        assert lines[0].startswith(" SPX 2026-01-02 straddle") and any(line == " STRADDLE" for line in lines)
        await deck.press("escape", *["right"] * 3, *["down"] * 8, "enter")
        lines = await dialog(deck)
        assert lines[0].startswith(" SPX put/call OI ")
        assert len([line for line in lines if line.startswith(" key ")]) == 3
        await deck.press("escape", "w", *["down"] * 2, "enter")
        assert said(await dialog(deck), "missing") == "it is of one expiration: there is none of all together"
        await deck.press("escape", "down", "enter")
        lines = await dialog(deck)
        assert said(lines, "formula").startswith("vendor gamma * open interest in dollars per point")


async def test_a_straddle_is_explained(stage: Stage) -> None:
    async with deck_of(stage, (160, 40)) as deck:
        await deck.press("4", "right", "up", "enter")
        lines = await dialog(deck)
        assert re.match(r" SPX 2026-01-05 straddle \d+ +\d+\.\d\d$", lines[0])
        assert said(lines, "formula") == "call + put, mids"


async def test_of_the_past_the_snapshot_of_then_is_explained_and_exported(tmp_path: Path) -> None:
    async with past_deck((120, 40), export_folder=tmp_path, notices=True) as deck:
        await deck.press("tab", "comma", "comma", "enter")
        good = deck.app.deck.view.shown
        assert good is not None
        lines = await dialog(deck)
        assert said(lines, "shown") == "as of 2026-01-02 10:05:40.000 ET, in the past"
        assert said(lines, "key").endswith(f":{good.snapshot.id.ts_ms}")
        assert said(lines, "age").startswith("0.4 s")  # as it was then, whatever the present does
        await deck.press("escape", "e", "j", "enter")
        await wait_until_async(lambda: "exported" in deck.told())
        written = await asyncio.to_thread(lambda: [path.read_bytes() for path in tmp_path.iterdir()])
        assert written == [good.snapshot.raw]


async def test_what_changed_between_two_instants_is_exported(tmp_path: Path) -> None:
    async with past_deck((120, 40), export_folder=tmp_path, notices=True) as deck:
        await deck.press("comma", "A", "L", "D")
        await wait_until_async(lambda: deck.app.deck.view.diff is not None)
        await deck.press("e", "enter")
        await wait_until_async(lambda: "_diff.csv" in deck.told())
        [text] = await asyncio.to_thread(lambda: [path.read_text() for path in tmp_path.iterdir()])
        heads, first, *_ = [line for line in csv.reader(text.splitlines()) if not line[0].startswith("# ")]
        row = dict(zip(heads, first, strict=True))
        assert float(row["call change of mids (points)"]) == 0.1 and float(row["put volume (contracts)"]) == 7
        assert "# before snapshot,massive:chain:snapshot:SPX:2026-01-02:" in text


async def test_a_figure_that_the_stream_has_painted_leads_to_its_event_and_the_snapshot_beneath(deck: Deck) -> None:
    await deck.press("tab")
    stream(deck)
    await deck.pilot.pause()
    await deck.press("enter")
    lines = await dialog(deck)
    assert lines[0].endswith("*31.50") and " OF THE STREAM" in lines and " SNAPSHOT BENEATH" in lines
    assert said(lines, "position").startswith("1-0 of massive:ws:stream")
    await deck.press("escape", "b", "enter")
    assert " OF THE STREAM" not in await dialog(deck)


async def test_where_nobody_answers_that_is_said(deck: Deck, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.dialogs.provenance._PATIENCE_S", 0.05)
    deck.stage.slot.fill_by(lambda _: None)  # an engine that has ended
    await deck.press("i")
    screen = deck.app.screen
    await wait_until_async(lambda: "no answer for" in screen.query_one(LinePanel).render_line(0).text)
    await deck.press("escape")
    assert deck.app.screen is deck.app.deck


@pytest.mark.parametrize("depth", [Depth.TRUE, Depth.EIGHT_BIT, Depth.NONE])
@pytest.mark.parametrize("key", ["i", "e"])
async def test_every_word_of_the_dialogs_is_legible(stage: Stage, depth: Depth, key: str) -> None:
    async with deck_of(stage, (WIDTH, HEIGHT), depth=depth) as deck:
        await deck.press(key)
        for theme in (DARK, LIGHT, SAFE, "ansi-dark"):
            with deck.app.batch_update():  # painted once, by us
                deck.app.theme = theme
                word = worst_word(await shown(deck), looks(deck.app))
            assert word.ratio >= LEGIBLE, f"{theme}: {word}"
