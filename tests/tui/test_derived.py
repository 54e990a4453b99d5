"""What is shown of a snapshot is derived once, on the engine's thread, for the chains that somebody looks at."""

import threading
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from redis.asyncio import Redis
from textual.pilot import Pilot

from chain.analytics import derive
from chain.decode.form import Form
from chain.model.keys import SnapshotId
from chain.model.snapshot import Received
from chaindeck.config.file import resolve
from chaindeck.engine.board_slot import BoardSlot
from chaindeck.engine.sources import make_source
from tests.support.engines import publishing_engine
from tests.support.live_deck import CLOCK, pilot_on, text
from tests.support.waiting import wait_until_async
from tui.app import DeckApp

pytestmark = pytest.mark.slow

STEPS = ("j", "j", "k", "j", "right_square_bracket", "j", "left_square_bracket", "k")


@asynccontextmanager
async def publishing_deck(redis_url: str) -> AsyncIterator[Pilot[None]]:
    """A deck whose engine publishes a mock market twice a second."""
    settings = resolve({"interval": 0.5, "ttl": 7.0, "underlyings": "SPX,NDX", "stream": False}, None, {}).settings
    slot = BoardSlot()
    engine = publishing_engine(redis_url, make_source("mock", settings, (), CLOCK), settings, CLOCK, slot)
    async with pilot_on(engine, slot) as pilot:
        await wait_until_async(lambda: shows_selected(pilot), 8, "the first grid")
        yield pilot


def deck(pilot: Pilot[None]) -> DeckApp:
    assert isinstance(pilot.app, DeckApp)
    return pilot.app


def shows_selected(pilot: Pilot[None]) -> bool:
    """Whether the grid is that of the selected chain, strikes and all."""
    app = deck(pilot)
    view, grid = app.deck.view, text(app, "grid")
    if view.selected is None or view.analytics is None:
        return False
    title = f"{view.selected.underlying} {view.selected.expiry.isoformat()}"
    return view.analytics.snapshot_id.chain == view.selected and title in grid and "spot" in grid and "[" in grid


async def test_the_screens_thread_decodes_nothing(
    redis: Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: set[int] = set()

    def noted(owner: Any, name: str) -> None:
        real = getattr(owner, name)

        def call(*args: Any, **options: Any) -> Any:
            threads.add(threading.get_ident())
            return real(*args, **options)

        monkeypatch.setattr(owner, name, call)

    for owner, name in ((Form, "decode"), (orjson, "loads"), (derive, "build_grid"), (derive, "headline_of")):
        noted(owner, name)
    async with publishing_deck(redis_url) as pilot:
        for key in STEPS:
            await pilot.press(key)
            await wait_until_async(lambda: shows_selected(pilot), 5, "the selected chain's grid")
    assert threads
    assert threading.get_ident() not in threads


async def test_a_snapshot_is_derived_once_however_often_it_is_shown(
    redis: Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    derived: Counter[SnapshotId] = Counter()
    real: Any = getattr(derive, "build_grid")  # noqa: B009 - where it is used, not where it is defined

    def counted(snapshot: Received) -> Any:
        derived[snapshot.id] += 1
        return real(snapshot)

    monkeypatch.setattr(derive, "build_grid", counted)
    async with publishing_deck(redis_url) as pilot:
        for key in STEPS * 2:
            await pilot.press(key)
            await wait_until_async(lambda: shows_selected(pilot), 5, "the selected chain's grid")
            deck(pilot).deck.redraw()
    assert set(derived.values()) == {1}
    assert len({found.chain for found in derived}) < 12  # not those that nobody looked at


async def test_another_chain_is_on_screen_within_a_frame_or_two(redis: Redis, redis_url: str) -> None:
    waits: list[float] = []
    async with publishing_deck(redis_url) as pilot:
        for step in (1, 1, 1, -1, -1, -1) * 6:
            began = time.monotonic()
            deck(pilot).deck.action_expiry(step)
            await wait_until_async(lambda: shows_selected(pilot), 5, "the selected chain's grid")
            waits.append(time.monotonic() - began)
    assert sorted(waits)[int(len(waits) * 0.95)] < 0.25  # 20 ms where nothing else runs


async def test_the_chain_before_stays_until_the_next_is_derived_and_not_where_nothing_comes(
    redis: Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with publishing_deck(redis_url) as pilot:
        app = deck(pilot)
        before = app.deck.view.selected
        monkeypatch.setattr(BoardSlot, "select", lambda *_: None)  # nobody derives it
        app.deck.action_expiry(1)
        chosen = app.deck.view.selected
        assert before is not None and chosen is not None and chosen != before
        assert before.expiry.isoformat() in text(app, "grid")
        await wait_until_async(
            lambda: chosen.expiry.isoformat() in text(app, "grid"), 5, "the title of what is selected"
        )
        assert "spot" not in text(app, "grid")
