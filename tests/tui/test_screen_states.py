"""What the deck shows of each state of the world, on boards that a real watcher read from a real server."""

import asyncio
import re
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from chain.analytics.measures.gamma import GexConvention
from chain.clock import SystemClock
from chain.errors import ConfigError
from chain.model.keys import ChainId
from chain.monitor.analytics import DatedBoard, RecentAnalytics
from chain.monitor.board import Board
from chain.monitor.explain.explanation import Explanation
from chain.monitor.explain.question import Question
from chain.redis.connect.connection import RedisTarget
from chaindeck.engine.board_slot import BoardSlot
from publisher.faults import InjectedFault
from screenshots.scenes import Stage
from tests.support.engines import watching_engine
from tests.support.fault_proxy import FaultProxy
from tests.support.stage import ATM_CELL, Deck, deck_of, make_stage
from tests.support.waiting import wait_until_async
from tui.app import DeckApp
from tui.ports.board_source import Scene
from tui.terminal.depth import Depth

pytestmark = pytest.mark.slow


async def test_space_freezes_the_grid_while_the_board_goes_on(deck: Deck) -> None:
    body = slice(2, -1)
    await deck.press("space")
    assert "FROZEN 10:03:24 FRESH" in deck.lines("grid")[0]
    assert "FROZEN 10:03:24" in deck.lines("strip")[0]
    frozen = deck.lines("grid")[body]
    deck.stage.clock.advance(10)
    await deck.cycle()
    await deck.pass_time(3)
    assert deck.lines("grid")[body] == frozen
    assert " 3.0 " in deck.chosen
    await deck.pass_time(40)
    assert "STALE !" in deck.chosen
    assert "FROZEN 10:03:24 STALE LAST GOOD 10:03:24 53.0 s" in deck.lines("grid")[0]
    assert deck.lines("grid")[body] == frozen
    await deck.press("space")
    assert "FROZEN" not in deck.text()
    assert deck.lines("grid")[body] != frozen


async def test_another_expiry_thaws_the_view(deck: Deck) -> None:
    await deck.press("space", "j")
    assert "FROZEN" not in deck.text()
    assert deck.chosen[2:7] in deck.lines("grid")[0]


async def test_a_missing_expiry_keeps_its_row_and_the_grid_its_last_good(deck: Deck) -> None:
    first, *_ = await deck.chains()
    await deck.inject(InjectedFault.DROP, first)
    await deck.pass_time(1)
    assert "MISSING" in deck.chosen
    assert any("last seen 10:03:24" in line for line in deck.lines("board"))
    assert "2 of 3" in deck.text("board")
    assert "MISSING" in deck.lines("grid")[0]
    assert ATM_CELL.search(deck.text("grid"))
    assert "PARTIAL DEGRADATION" in deck.lines("strip")[1]


async def test_the_selection_survives_a_new_set_of_expirations(deck: Deck) -> None:
    await deck.press("j")
    chosen = deck.chosen[2:7]
    deck.stage.clock.advance(86_400)  # the first expiration has passed, another comes at the end
    await deck.cycle()
    assert deck.chosen[2:7] == chosen
    assert next(line[2:7] for line in deck.lines("board") if line[2:3] == "0") == chosen
    deck.stage.clock.advance(7 * 86_400)
    await deck.cycle()
    assert deck.chosen[2:7] > chosen
    assert " SPX 2026-" in deck.lines("grid")[0]


@pytest.mark.parametrize(("recorded", "badge"), [(False, "[MOCK]"), (True, "[CAPTURE]")])
@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)], ids=str)
async def test_every_panel_says_where_its_data_come_from(
    redis: Redis, recorded: bool, badge: str, size: tuple[int, int]
) -> None:
    async with deck_of(make_stage(redis, recorded=recorded), size) as deck:
        assert all(badge in deck.lines(panel)[0] for panel in ("strip", "board", "signals"))
        await deck.press("enter")
        assert all(badge in deck.lines(panel)[0] for panel in ("strip", "grid"))


async def test_an_unreachable_redis_marks_the_whole_board_and_ages_go_on(
    redis: Redis, redis_url: str, short_dir: Path
) -> None:
    async with (
        FaultProxy(redis_url, short_dir) as proxy,
        RedisTarget(proxy.url).connect() as through,
        deck_of(make_stage(redis, through)) as deck,
    ):
        await proxy.refuse()
        await deck.pass_time(5)
        rows = [line for line in deck.lines("board") if re.match(r"[> ] \d\d-\d\d", line)]
        assert len(rows) == 6
        assert all("UNREACHABLE" in row and " 5.0" in row for row in rows)
        assert "UNREACHABLE" in deck.lines("grid")[0]
        assert "CRITICAL" in deck.lines("strip")[1] and "Redis unreachable" in deck.lines("strip")[1]
        await deck.pass_time(7)
        assert " 12.0 " in deck.chosen
        await proxy.listen()
        await deck.pass_time(1)
        assert "UNREACHABLE" not in deck.text()
        assert "FRESH" in deck.chosen


async def test_a_silent_poll_loop_is_told(deck: Deck) -> None:
    rotor = deck.lines("strip")[0][-3:]
    deck.stage.clock.advance(3.1)
    await wait_until_async(lambda: "the poll loop has been silent" in deck.lines("strip")[1])
    assert "CRITICAL" in deck.lines("strip")[1]
    assert deck.text("board").count("UNREACHABLE") == 6
    assert deck.lines("strip")[0][-3:] == rotor


async def test_ages_tick_where_no_board_comes(deck: Deck) -> None:
    deck.stage.clock.advance(2.5)
    await wait_until_async(lambda: " 2.5 " in deck.chosen)
    assert "silent" not in deck.text("strip")


async def test_the_rotor_turns_with_each_poll(deck: Deck) -> None:
    for _ in range(4):
        before = deck.lines("strip")[0][-3:]
        await deck.pass_time(1)
        assert deck.lines("strip")[0][-3:] != before


async def test_content_survives_every_size(stage: Stage) -> None:
    async with deck_of(stage, (120, 40)) as deck:
        for width, height, heading in ((80, 24, ""), (200, 60, "Theta"), (120, 40, "OI"), (200, 60, "Gamma")):
            await deck.pilot.resize_terminal(width, height)
            await deck.pilot.pause()
            assert "[MOCK]" in deck.lines("strip")[0]
            assert "FRESH" in deck.chosen
            assert all(len(line) <= width for line in deck.lines("strip"))
            if heading:
                assert ATM_CELL.search(deck.text("grid"))
                assert heading in deck.text("grid")


async def test_what_rose_and_fell_is_marked_and_then_calm(deck: Deck) -> None:
    assert not set("▴▾") & set(deck.text("grid"))
    for _ in range(10):
        await deck.pass_time(1)
    await deck.cycle()
    assert set("▴▾") & set(deck.text("grid"))
    await deck.pass_time(0.9)
    assert not set("▴▾") & set(deck.text("grid"))


class Eager:
    """A feed that has a Board before anybody is ready for it."""

    def __init__(self, board: Board) -> None:
        self.polls = 1
        self._board = board

    def painted(self) -> None:
        pass

    def latest(self) -> Board:
        return self._board

    def scene(self) -> Scene:
        return Scene(self._board, RecentAnalytics().update(self._board, None))

    def select(self, chain: ChainId | None) -> None:
        pass

    def tell_gex(self, convention: GexConvention) -> None:
        """Nothing tells of gamma exposure."""

    def look_across(self, on: bool) -> None:
        """Nothing is derived of other expirations."""

    def look_at_heatmap(self, underlying: str | None) -> None:
        """No heatmap is read."""

    def compare(self, moments: tuple[DatedBoard, DatedBoard] | None) -> None:
        pass

    def explain(self, question: Question) -> "Future[Explanation]":
        raise NotImplementedError

    def subscribe(self, wake: Callable[[], None]) -> None:
        for _ in range(3):
            wake()


async def test_a_board_may_come_before_the_panels_are_there(stage: Stage) -> None:
    await stage.publisher.cycle()
    await stage.publisher.beat()
    app = DeckApp(Eager(await stage.look()), stage.clock)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert ATM_CELL.search(Deck(app, pilot, stage).text("grid"))


async def test_without_a_board_the_deck_waits_in_words(stage: Stage) -> None:
    app = DeckApp(stage.slot, stage.clock)
    async with app.run_test(size=(120, 40)) as pilot:
        deck = Deck(app, pilot, stage)
        await wait_until_async(lambda: "waiting for the first poll" in deck.text("strip"))
        for key in ("j", "right_square_bracket", "space", "space", "o", "a", "tab", "j", "d"):
            await deck.press(key)
        assert app.screen is app.deck


async def test_no_color_keeps_to_the_terminals_own_palette(monkeypatch: pytest.MonkeyPatch, stage: Stage) -> None:
    """A theme of colours gives way to ours of the same brightness, which without colours has attributes only."""
    monkeypatch.setenv("NO_COLOR", "1")
    for theme in (None, "nord"):
        app = DeckApp(stage.slot, stage.clock, theme=theme)
        assert (app.depth, app.theme, app.current_theme.ansi) == (Depth.NONE, "chaindeck", True)


def test_an_unknown_theme_is_refused_in_words(stage: Stage) -> None:
    with pytest.raises(ConfigError, match=r"'nope' is none of .*chaindeck"):
        DeckApp(stage.slot, stage.clock, theme="nope")


READS = {
    *(
        "client",
        "exists",
        "get",
        "getrange",
        "hello",
        "hget",
        "info",
        "mget",
        "ping",
        "pttl",
        "scan",
        "select",
        "time",
        "type",
    ),
    *("hmget", "xinfo", "xlen"),  # the stream's figures
    *("subscribe", "unsubscribe", "ping", "getrange", "hgetall"),  # the heatmap and staging, as far as looked at
    *("eval_ro", "xrevrange"),  # the newest id of the stream, by a script that cannot write
    "config",  # our own reset of these statistics
}


async def held(redis: Redis) -> dict[Any, Any]:
    """Return every key with its value, serialised."""
    return {key: await redis.dump(key) for key in await redis.keys("*")}


async def test_a_watching_deck_never_writes(redis: Redis, redis_url: str) -> None:
    await make_stage(redis).cycle()
    before = await held(redis)
    await redis.config_resetstat()
    slot = BoardSlot()
    engine = watching_engine(redis_url, SystemClock(), slot)
    app = DeckApp(slot, SystemClock())
    async with app.run_test(size=(120, 40)) as pilot:
        engine.start()
        try:
            await wait_until_async(lambda: slot.polls >= 3)
            for key in ("j", "right_square_bracket", "space", "o", "a", "d", "question_mark", "escape", "2", "v", "1"):
                await pilot.press(key)
            await wait_until_async(lambda: slot.polls >= 4)
        finally:
            await asyncio.to_thread(engine.stop)
    stats = await redis.info("commandstats")
    used = {name.removeprefix("cmdstat_").partition("|")[0] for name in stats}
    assert "mget" in used
    assert used <= READS
    assert await held(redis) == before
