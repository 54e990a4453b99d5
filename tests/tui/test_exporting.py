"""What is on screen is exported: grid, measures and heatmap as tables, the payload as published, the screen."""

import csv
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from chain.clock import Instant
from chain.model.keys import KeySchema
from chain.monitor.board import ChainRecord
from publisher.faults import InjectedFault
from screenshots.scenes import Stage
from tests.support.heatmaps import DATES, heatmap_model, view_of
from tests.support.scenes import SPX, board
from tests.support.stage import Deck, deck_of
from tests.support.waiting import wait_until_async
from tui.app import DeckApp
from tui.dialogs.export import ExportMenu
from tui.screen.deck import DeckScreen

pytestmark = pytest.mark.slow


@pytest.fixture
async def deck(stage: Stage, tmp_path: Path) -> AsyncIterator[Deck]:
    async with deck_of(stage, (160, 40), export_folder=tmp_path / "exports") as found:
        yield found


def told(deck: Deck) -> str:
    return "\n".join(notice.message for notice in deck.app._notifications)


async def exported(deck: Deck, *keys: str) -> Path:
    """Export by these keys in the menu, and return the file that the deck tells of."""
    deck.app.clear_notifications()
    await deck.press("e", *keys, "enter")
    await wait_until_async(lambda: bool(told(deck)))
    assert told(deck).startswith("exported "), told(deck)
    return Path(told(deck).removeprefix("exported "))


def table(path: Path) -> tuple[dict[str, str], list[dict[str, str]]]:
    with path.open(newline="") as file:
        lines = list(csv.reader(file))
    about = {line[0][2:]: line[1] for line in lines if line[0].startswith("# ")}
    heads, *body = [line for line in lines if not line[0].startswith("# ")]
    return about, [dict(zip(heads, line, strict=True)) for line in body]


async def test_the_grid_is_exported_as_it_is_shown(deck: Deck) -> None:
    good = deck.app.deck.view.shown
    assert good is not None
    path = await exported(deck)
    assert path.name == "SPX-2026-01-02_20260102-100324.000_MOCK_grid.csv"
    assert path.stat().st_mode & 0o777 == 0o600
    about, rows = table(path)
    assert about["key"] == KeySchema().snapshot(good.snapshot.id)
    assert about["source"].startswith("MOCK") and about["shown"].startswith("live")
    payload = orjson.loads(good.snapshot.raw)
    bids = {
        (each["details"]["strike_price"], each["details"]["contract_type"]): each["last_quote"].get("bid")
        for each in payload["contracts"]
    }
    assert {float(row["strike (points)"]) for row in rows} == {strike for strike, _ in bids}
    for row in rows:
        for side in ("call", "put"):
            shown = row[f"{side} bid (points of the underlying)"]
            assert (float(shown) if shown else None) == bids[float(row["strike (points)"]), side]
    again = await exported(deck)
    assert again.name == path.name.replace("grid.csv", "grid-2.csv")


async def test_the_payload_is_exported_byte_for_byte_also_while_frozen(deck: Deck) -> None:
    good = deck.app.deck.view.shown
    assert good is not None
    key = KeySchema().snapshot(good.snapshot.id)
    published = await deck.stage.redis.get(key)
    await deck.press("space")
    deck.stage.clock.advance(10)
    await deck.cycle()
    path = await exported(deck, "j")
    assert path.name.endswith("_MOCK_payload.json") and path.read_bytes() == published
    about, _ = table(await exported(deck))
    assert about["shown"].startswith("frozen at") and about["key"] == key


async def test_the_screen_is_exported_as_a_picture_without_the_menu(deck: Deck) -> None:
    path = await exported(deck, "j", "j")
    text = path.read_text()
    root = ET.fromstring(text)
    assert root.tag.endswith("svg") and "STRIKE" in text and "[MOCK]" in text
    assert "export the grid" not in text
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


async def test_each_page_is_exported_as_a_table_of_its_own(deck: Deck) -> None:
    await deck.press("3")
    about, rows = table(await exported(deck))
    assert about["chaindeck"] == "the measures of SPX" and {row["expiration"] for row in rows} >= {
        "2026-01-02",
        "total",
    }
    await deck.press("4")
    about, rows = table(await exported(deck))
    assert about["2026-01-05 prices"] == "mids" and {"2026-01-05 straddle (points)", "strike (points)"} <= set(rows[0])
    await deck.press("2")
    await deck.pilot.pause()
    deck.app.clear_notifications()
    await deck.press("e", "enter")
    await wait_until_async(lambda: "shows no table now" in told(deck))
    model = heatmap_model(ts=deck.stage.clock.wall / 1e9, dates=DATES[:3])
    deck.stage.slot.put_heatmap(view_of(model, ""))
    await deck.pilot.pause()
    path = await exported(deck)
    assert path.name == "SPX_20260102-100324.000_MOCK_heatmap.csv"
    about, rows = table(path)
    assert about["model"] == "massive:model:heatmap:SPX" and len(rows) > 3
    model_json = orjson.loads((await exported(deck, "j")).read_bytes())
    assert set(model_json["tiles"]) == set(model.tiles)


async def test_what_cannot_be_written_is_one_line(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    async with deck_of(stage, export_folder=tmp_path / "file/x") as deck:
        await deck.press("e", "enter")
        await wait_until_async(lambda: bool(told(deck)))
        assert told(deck) == f"not exported: {tmp_path}/file/x: Not a directory"
        screens = []
        for _ in range(2):
            await deck.press("e")
            screens.append(type(deck.app.screen))
        assert screens == [ExportMenu, DeckScreen]


async def test_a_table_that_cannot_be_made_is_told_and_the_deck_goes_on(
    deck: Deck, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("no such column")

    monkeypatch.setattr("tui.screen.asking.exporting.grid_table", broken)
    await deck.press("e", "enter")
    await wait_until_async(lambda: bool(told(deck)))
    assert told(deck) == "not exported: ValueError: no such column"
    monkeypatch.undo()
    assert (await exported(deck)).suffix == ".csv"


async def test_where_the_grid_is_not_shown_the_board_is_exported_also_without_any_snapshot(
    stage: Stage, tmp_path: Path
) -> None:
    async with deck_of(stage, (80, 24), export_folder=tmp_path) as deck:
        chains = await deck.chains()
        await deck.inject(InjectedFault.DROP, chains[1])
        await deck.pass_time(3)
        path = await exported(deck)
        assert path.name == "SPX_20260102-100324.000_MOCK_board.csv"
        about, rows = table(path)
        assert about["chaindeck"] == "the board" and about["state of the deck"]
        assert [(row["underlying"], row["expiration"]) for row in rows] == [
            (chain.underlying, chain.expiry.isoformat()) for chain in chains
        ]
        assert [row["state"] for row in rows[:2]] == ["FRESH", "MISSING"]
        assert float(rows[0]["age (s)"]) == 3.0 and rows[0]["snapshot"].startswith("massive:chain:snapshot:SPX:")


async def test_before_anything_was_read_the_screen_alone_can_be_exported(stage: Stage, tmp_path: Path) -> None:
    now = Instant.now(stage.clock)
    stage.slot.put(board([ChainRecord(SPX)], now))
    app = DeckApp(stage.slot, stage.clock, export_folder=tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        deck = Deck(app, pilot, stage)
        await deck.press("e", "enter")
        await wait_until_async(lambda: "nothing is exported: no valid snapshot of this chain" in told(deck))
        path = await exported(deck, "j", "j")
        assert path.name.startswith("SPX_20260102-100324") and path.suffix == ".svg"
