"""The deck under Textual's Pilot: every key, every state, on boards that a real watcher read from a real server."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from textual.command import CommandPalette
from textual.pilot import Pilot
from textual.widgets import Static

from chain.board import Board
from chain.clock import ManualClock, SystemClock
from chain.connection import RedisTarget
from chain.errors import ChaindeckError, ConfigError
from chain.names import ChainId, Names
from chain.thresholds import Thresholds
from chain.watcher import Watcher
from chaindeck.engine import BoardSlot, Engine
from publisher.faults import Fault, Saboteur, WithholdingSource
from publisher.loop import Publisher
from publisher.mock import MockSource
from publisher.source import Source, SourceStatus
from screenshots.scenes import SEED, START, Stage
from tests.fault_proxy import FaultProxy
from tests.waiting import wait_until_async
from tui.app import DeckApp
from tui.demo import DemoMenu
from tui.help import HelpScreen
from tui.panel import LinePanel
from tui.screen import DeckScreen

ATM_CELL = re.compile(r"\[\d+\]")
PANELS = ("strip", "board", "signals", "grid")


@dataclass(frozen=True, slots=True)
class Deck:
    """The app under test, read as a person reads it."""

    app: DeckApp
    pilot: Pilot[None]
    stage: Stage

    def lines(self, panel: str) -> list[str]:
        """What one panel shows, line by line."""
        shown = self.app.deck.query_one(f"#{panel}", LinePanel)
        return [shown.render_line(y).text.rstrip() for y in range(shown.size.height)]

    def text(self, *panels: str) -> str:
        return "\n".join(line for panel in panels or PANELS for line in self.lines(panel))

    @property
    def chosen(self) -> str:
        """The board's line under the cursor."""
        [line] = [line for line in self.lines("board") if line.startswith(">")]
        return line

    @property
    def strikes(self) -> list[float]:
        """The strikes in view, from the top."""
        rows = [re.search(r"[│┃] +\[?(\d+)\]? *[│┃]", line) for line in self.lines("grid")]
        return [float(row[1]) for row in rows if row]

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def pass_time(self, seconds: float) -> None:
        """Let time go by without a publisher, and look."""
        self.stage.clock.advance(seconds)
        await self.stage.look()
        await self.pilot.pause()

    async def cycle(self) -> None:
        await self.stage.cycle()
        await self.pilot.pause()

    async def inflict(self, fault: Fault, chain: ChainId) -> None:
        await self.stage.saboteur.inflict(fault, chain)

    async def chains(self) -> list[ChainId]:
        return [entry.chain for entry in (await self.stage.look()).entries]


class Recorded:
    """A mock that gives itself out as a capture."""

    def __init__(self, inner: Source) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def status(self) -> SourceStatus:
        return SourceStatus("capture", "recorded.jsonl", "SPX 1/3")


def make_stage(redis: Redis, seen_through: Redis | None = None, *, recorded: bool = False) -> Stage:
    """Return a small market on a hand-moved clock: SPX and NDX, three expirations each."""
    clock = ManualClock(int(START.timestamp() * 1e9), 1000.0)
    mock: Any = MockSource(clock, seed=SEED, underlyings=("SPX", "NDX"))
    source = WithholdingSource(Recorded(mock) if recorded else mock)
    publisher = Publisher(redis, source, clock, thresholds=Thresholds(), expirations=3)
    saboteur = Saboteur(redis, Names(), source, publisher, clock)
    return Stage(
        clock, publisher, saboteur, Watcher(seen_through or redis, Names(), clock, shown_as="unix"), BoardSlot()
    )


@pytest.fixture
def stage(redis: Redis) -> Stage:
    return make_stage(redis)


@asynccontextmanager
async def deck_of(stage: Stage, size: tuple[int, int] = (120, 40), **options: Any) -> AsyncIterator[Deck]:
    """Run the deck on a stage, after one cycle."""
    app = DeckApp(stage.slot, stage.clock, **options)
    async with app.run_test(size=size) as pilot:
        deck = Deck(app, pilot, stage)
        await deck.cycle()
        yield deck


@pytest.fixture
async def deck(stage: Stage) -> AsyncIterator[Deck]:
    """A deck of 120 x 40 after one cycle."""
    async with deck_of(stage) as deck:
        yield deck


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


async def test_tab_moves_to_the_grid_and_keys_scroll_there(deck: Deck) -> None:
    chosen, top = deck.chosen, deck.strikes[0]
    await deck.press("tab", "k", "k", "up")
    assert deck.strikes[0] > top
    await deck.press("j", "j", "down")
    assert deck.strikes[0] == top
    assert deck.chosen == chosen
    await deck.press("l")
    assert deck.chosen != chosen  # sideways keys still choose
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
        await deck.press("l")
        assert "2026-01-05" in deck.lines("grid")[0]
        await deck.press("escape")
        assert not grid.display and side.size.width == 80


async def test_help_names_every_key_that_has_words(deck: Deck) -> None:
    await deck.press("question_mark")
    assert isinstance(deck.app.screen, HelpScreen)
    said = str(deck.app.screen.query_one(Static).render())
    for binding in DeckScreen.BINDINGS:
        assert isinstance(binding, tuple) or not binding.tooltip or binding.tooltip in said
    for state in ("FRESH", "AGING", "STALE", "FUTURE", "INVALID", "DANGLING", "MISSING", "UNREACHABLE"):
        assert state in said


@pytest.mark.parametrize("key", ["question_mark", "escape", "q"])
async def test_help_closes_and_the_deck_goes_on(deck: Deck, key: str) -> None:
    await deck.press("question_mark", key)
    assert deck.app.screen is deck.app.deck
    assert deck.app.is_running


async def test_the_palette_lists_our_commands_and_does_them(deck: Deck) -> None:
    offered = {command.title for command in deck.app.get_system_commands(deck.app.screen)}
    assert {"ATM", "Strike order", "Freeze"} <= offered
    await deck.press("ctrl+p")
    assert isinstance(deck.app.screen, CommandPalette)
    await deck.press(*"Freeze")
    await wait_until_async(lambda: "Freeze" in deck.app.export_screenshot())
    await deck.press("enter", "enter")
    await wait_until_async(lambda: "VIEW FROZEN" in deck.text("grid"))


async def test_q_quits(deck: Deck) -> None:
    await deck.press("q")
    assert not deck.app.is_running
    assert deck.app.return_code == 0


async def test_space_freezes_the_grid_while_the_board_goes_on(deck: Deck) -> None:
    body = slice(2, -1)
    await deck.press("space")
    assert "VIEW FROZEN 10:03:24" in deck.lines("grid")[0]
    assert "PAUSED 10:03:24" in deck.lines("strip")[0]
    frozen = deck.lines("grid")[body]
    deck.stage.clock.advance(10)
    await deck.cycle()
    await deck.pass_time(3)
    assert deck.lines("grid")[body] == frozen
    assert " 3.0 " in deck.chosen
    await deck.pass_time(40)
    assert "STALE !" in deck.chosen
    assert "VIEW FROZEN 10:03:24 53.0 s" in deck.lines("grid")[0]  # the age of what is shown, not of what is newest
    assert deck.lines("grid")[body] == frozen
    await deck.press("space")
    assert "FROZEN" not in deck.text() and "PAUSED" not in deck.text()
    assert deck.lines("grid")[body] != frozen


async def test_another_expiry_thaws_the_view(deck: Deck) -> None:
    await deck.press("space", "j")
    assert "FROZEN" not in deck.text()
    assert deck.chosen[2:7] in deck.lines("grid")[0]


async def test_a_missing_expiry_keeps_its_row_and_the_grid_its_last_good(deck: Deck) -> None:
    first, *_ = await deck.chains()
    await deck.inflict(Fault.DROP, first)
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
    deck.stage.clock.advance(10)
    await deck.cycle()
    assert set("▴▾") & set(deck.text("grid"))
    await deck.pass_time(3.5)
    assert not set("▴▾") & set(deck.text("grid"))


async def test_a_click_chooses_and_the_wheel_scrolls(deck: Deck) -> None:
    await deck.pilot.click("#board", offset=(5, 5))
    await deck.pilot.pause()
    assert deck.chosen == deck.lines("board")[5]
    top = deck.strikes[0]
    deck.app.deck.grid_panel.post_message(LinePanel.Scrolled(deck.app.deck.grid_panel, 3))
    await deck.pilot.pause()
    assert deck.strikes[0] < top


class Eager:
    """A feed that has a Board before anybody is ready for it."""

    def __init__(self, board: Board) -> None:
        self.polls = 1
        self._board = board

    def latest(self) -> Board:
        return self._board

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


@dataclass(slots=True)
class Stub:
    """A demo that remembers what was asked of it."""

    faults: Sequence[tuple[str, str]] = (("drop", "drop its pointer"), ("stall", "stall this expiry"))
    failure: Exception | None = None
    asked: list[tuple[str, ChainId]] = field(default_factory=list)

    def inflict(self, name: str, chain: ChainId) -> "Future[str]":
        self.asked.append((name, chain))
        done: Future[str] = Future()
        if self.failure:
            done.set_exception(self.failure)
        else:
            done.set_result(f"did {name}")
        return done


@pytest.mark.parametrize("failure", [None, ChaindeckError("[bold]not now[/nope]")], ids=["done", "failed"])
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


async def test_no_color_keeps_to_the_terminals_own_palette(monkeypatch: pytest.MonkeyPatch, stage: Stage) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert DeckApp(stage.slot, stage.clock).theme == "ansi-dark"
    assert DeckApp(stage.slot, stage.clock, theme="nord").theme == "nord"


def test_an_unknown_theme_is_refused_in_words(stage: Stage) -> None:
    with pytest.raises(ConfigError, match=r"'nope' is none of .*chaindeck"):
        DeckApp(stage.slot, stage.clock, theme="nope")


READS = {
    *("client", "exists", "get", "getrange", "hello", "hget", "info", "mget", "ping", "pttl", "scan", "select", "type"),
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
    engine = Engine(RedisTarget(redis_url), SystemClock(), slot)
    app = DeckApp(slot, SystemClock())
    async with app.run_test(size=(120, 40)) as pilot:
        engine.start()
        try:
            await wait_until_async(lambda: slot.polls >= 3)
            for key in ("j", "right_square_bracket", "space", "o", "a", "d", "question_mark", "escape"):
                await pilot.press(key)
            await wait_until_async(lambda: slot.polls >= 4)
        finally:
            await asyncio.to_thread(engine.stop)
    stats = await redis.info("commandstats")
    used = {name.removeprefix("cmdstat_").partition("|")[0] for name in stats}
    assert "mget" in used
    assert used <= READS
    assert await held(redis) == before
