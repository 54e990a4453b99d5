"""A panel that raises, and parts that fail behind the screen: told on the screen, and nothing else stops."""

import asyncio
import logging
from typing import Any

import pytest
from redis.asyncio import Redis

from chain.monitor.watch.redis_reader import RedisReader
from chaindeck.config.file import resolve
from chaindeck.engine.board_slot import BoardSlot
from chaindeck.engine.engine import Engine
from chaindeck.engine.sources import make_source
from publisher.loop.publisher import Publisher
from tests.support.engines import publishing_engine, watching_engine
from tests.support.live_deck import CLOCK, screen_on, text
from tests.support.stage import PANELS, Deck
from tests.support.waiting import wait_until_async

pytestmark = pytest.mark.slow

PARTS_OF_SCREEN = {
    "strip": "tui.panels.widgets.identity",
    "board": "tui.panels.widgets.board_table",
    "signals": "tui.panels.widgets.signal_lines",
    "grid": "tui.panels.grid.grid_title",
}


def broken(*_: Any, **__: Any) -> Any:
    raise ValueError("a defect \x1b[31mof one panel")


@pytest.mark.parametrize("panel", PARTS_OF_SCREEN)
async def test_a_panel_that_raises_says_so_in_its_place_and_is_there_again(
    deck: Deck, panel: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    before = {name: deck.text(name) for name in PANELS}
    with monkeypatch.context() as patch:
        patch.setattr(PARTS_OF_SCREEN[panel], broken)
        for _ in range(3):
            await deck.pass_time(1)
        assert f"{panel} failed: ValueError: a defect" in deck.text(panel)
        assert "\x1b" not in deck.text(panel)
        for other in set(PANELS) - {panel}:
            assert "failed" not in deck.text(other)
            assert deck.text(other)
    traces = [record for record in caplog.records if record.exc_info and record.levelno == logging.ERROR]
    assert len(traces) == 1  # not one for each redraw
    await deck.pass_time(0.1)
    assert "failed" not in deck.text(panel)
    assert len(deck.lines(panel)) == len(before[panel].split("\n"))


async def test_a_judgement_that_raises_leaves_the_panels_as_they_were(
    deck: Deck, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = deck.text("board")
    monkeypatch.setattr("tui.screen.deck.evaluate", broken)
    await deck.pass_time(1)
    assert "evaluation failed: ValueError" in deck.text("strip")
    assert deck.text("board") == board


# Parts that fail behind the screen


class Switch:
    """Makes a real method raise while it is on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, owner: type, name: str, error: BaseException) -> None:
        self.on = True
        real = getattr(owner, name)

        async def method(*args: Any, **options: Any) -> Any:
            if self.on:
                raise error
            return await real(*args, **options)

        monkeypatch.setattr(owner, name, method)


@pytest.mark.parametrize(
    "error", [ValueError("x"), RecursionError("too deep"), MemoryError(), asyncio.CancelledError()]
)
async def test_a_watcher_that_fails_from_the_first_is_on_the_screen_within_two_seconds(
    redis: Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    switch, slot = Switch(monkeypatch, RedisReader, "ask", error), BoardSlot()
    async with screen_on(watching_engine(redis_url, CLOCK, slot), slot) as app:
        said = f"watcher failed: {type(error).__name__}"
        await wait_until_async(lambda: said in text(app, "strip"), 2, "the failure on the screen")
        assert "waiting" not in text(app, "strip")
        switch.on = False
        await wait_until_async(lambda: (board := slot.latest()) and board.redis.health.ok, 8, "the recovery")


async def test_a_watcher_that_fails_later_leaves_the_last_board_marked_and_the_publisher_at_work(
    redis: Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = resolve({"interval": 0.3, "ttl": 7.0, "underlyings": "SPX", "stream": False}, None, {}).settings
    slot = BoardSlot()
    switch = Switch(monkeypatch, RedisReader, "ask", ValueError("in mid-flight"))
    switch.on = False
    engine = publishing_engine(redis_url, make_source("mock", settings, (), CLOCK), settings, CLOCK, slot)
    async with screen_on(engine, slot) as app:
        await wait_until_async(lambda: text(app, "board").count("FRESH") == 6, 15, "the first Board")
        switch.on = True
        await wait_until_async(lambda: "watcher failed: ValueError: in mid-flight" in text(app, "strip", "signals"), 2)
        assert "SPX" in text(app, "board")  # what was read last
        assert engine.publishing is not None
        counters = engine.publishing.publisher.heartbeat().chain.counters
        before = counters["published"]
        await wait_until_async(
            lambda: (
                engine.publishing and engine.publishing.publisher.heartbeat().chain.counters["published"] >= before + 12
            ),
            8,
            "publishing to go on",
        )
        [part] = [part for part in engine.publishing.publisher.heartbeat().parts if part.name == "watcher"]
        assert part.error == "ValueError: in mid-flight"
        switch.on = False
        await wait_until_async(lambda: text(app, "board").count("FRESH") == 6, 15, "the recovery")


async def test_a_publisher_that_fails_leaves_the_watcher_at_work_and_the_heartbeat_tells(
    redis: Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = resolve({"interval": 0.3, "ttl": 7.0, "underlyings": "SPX", "stream": False}, None, {}).settings
    slot = BoardSlot()
    switch = Switch(monkeypatch, Publisher, "cycle", ValueError("in mid-cycle"))
    switch.on = False
    engine = publishing_engine(redis_url, make_source("mock", settings, (), CLOCK), settings, CLOCK, slot)
    async with screen_on(engine, slot) as app:
        await wait_until_async(lambda: text(app, "board").count("FRESH") == 6, 15, "the first Board")
        switch.on = True
        await wait_until_async(lambda: "publisher failed: ValueError" in text(app, "strip", "signals"), 3)
        polls = slot.polls
        await wait_until_async(lambda: slot.polls > polls + 1, 5, "watching to go on")

        def told() -> bool:  # as read from Redis
            board = slot.latest()
            beats = [publisher.heartbeat for publisher in board.publishers.known] if board else []
            return any(part.error == "ValueError: in mid-cycle" for beat in beats for part in beat.parts)

        await wait_until_async(told, 7, "the heartbeat to tell")
        switch.on = False
        await wait_until_async(lambda: text(app, "board").count("FRESH") == 6, 15, "the recovery")


async def test_an_engine_that_cannot_begin_is_on_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    slot = BoardSlot()

    def opener(_: object) -> Any:
        raise RuntimeError("no crew today")

    async with screen_on(Engine(slot, CLOCK, opener), slot) as app:
        await wait_until_async(lambda: "engine failed: RuntimeError: no crew today" in text(app, "strip"), 2)
