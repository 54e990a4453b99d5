"""Enter on a figure of the grid says where it comes from, live, frozen, painted and in the past."""

import re

import pytest

from tests.support.stage import Deck
from tui.dialogs.provenance import ProvenanceDialog
from tui.lines.grid.asked import FIGURE_OF
from tui.lines.grid.columns import COLUMNS, STRIKE
from tui.panels.line_panel import LinePanel

pytestmark = pytest.mark.slow


def test_every_column_can_be_asked_for() -> None:
    assert set(FIGURE_OF) == {*COLUMNS, STRIKE}


async def dialog(deck: Deck) -> list[str]:
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
