"""The screen in an incident: what stands first, what is folded, what scrolls, and that nothing is cut in mid-word."""

import re
from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from redis.asyncio import Redis

from chain.analytics.measures.gamma import GexConvention
from chain.clock import Instant, ManualClock
from chain.model.keys import ChainId
from chain.monitor.analytics import DatedBoard, RecentAnalytics
from chain.monitor.board import Board, Transition
from chain.monitor.evaluate.report import HealthReport
from chain.monitor.evaluate.signals import evaluate
from chain.monitor.explain.explanation import Explanation
from chain.monitor.explain.question import Question
from chain.monitor.heartbeat import STOPPED, WITHDRAWN
from chain.monitor.states import Flag, State
from chain.redis.connect.connection import RedisTarget
from screenshots.scenes import Stage
from tests.support.fault_proxy import FaultProxy
from tests.support.scenes import NDX, SPX, START_NS, START_S, board, heartbeat, in_state, item, law, record, report
from tests.support.stage import Deck, deck_of, make_stage
from tui.app import DeckApp
from tui.lines import figures
from tui.lines.board.table import board_table
from tui.lines.board.words import FLAGS, flags_within
from tui.lines.line import Line, Role, cut, length, plain
from tui.lines.signals import signal_lines
from tui.lines.strip import identity, trouble
from tui.panels.age_chart import AgeChart, scale
from tui.ports.board_source import Scene
from tui.view import CHANGE_SHOWN_S, Histories, View

NOW = Instant(START_NS, 5_000.0)


def chains_of(*underlyings: str, each: int = 6) -> list[ChainId]:
    return [ChainId(name, SPX.expiry + timedelta(days=day)) for name in underlyings for day in range(each)]


def outage(*underlyings: str, each: int = 6, state: State = State.MISSING) -> HealthReport:
    """Return a report after the publisher of these has gone, and all their pointers with it."""
    chains = chains_of(*underlyings, each=each)
    beats = [heartbeat(*chains, status=STOPPED)]
    return report([in_state(chain, state, NOW) for chain in chains], NOW, beats=beats)


def texts(lines: list[Line]) -> list[str]:
    return [plain(line) for line in lines]


# Signals


@pytest.mark.parametrize("width", [42, 60, 80])
def test_a_total_outage_is_its_cause_and_two_facts(width: int) -> None:
    words = " ".join(texts(signal_lines(outage("SPX", "NDX", "SPY"), width))).split()
    said = " ".join(word for word in words if word not in ("-", "0:00"))  # how long each has lasted
    assert said.startswith("! WARNING publisher mock_massive has stopped")
    assert "no chain has a usable snapshot" in said
    assert said.count("MISSING") == 2
    assert len(signal_lines(outage("SPX", "NDX", "SPY"), width)) <= 6


def test_the_cause_is_whole_on_line_two_of_the_narrowest_screen() -> None:
    line = trouble(outage("SPX", "NDX", "SPY"), 80)
    assert plain(line).startswith(" CRITICAL  publisher mock_massive has stopped ")
    assert "…" not in plain(line)
    wide = plain(trouble(outage("SPX", "NDX", "SPY"), 160))
    assert "has stopped; no chain has a usable snapshot: all 18 MISSING" in wide


def test_as_many_signals_as_underlyings_are_one_line_each_kind() -> None:
    many = outage(*(f"U{number}" for number in range(40)), each=2)
    assert len(many.signals) > 40
    lines = signal_lines(many, 80)
    assert len(lines) <= 6
    shown = cut(lines, 2)
    assert plain(shown[-1]) == f"   +{len(lines) - 1} more"


def test_a_very_long_reason_is_wrapped_and_never_cut() -> None:
    words = " ".join(f"word{number}" for number in range(60))
    failing = [heartbeat(SPX, failures={SPX: words})]
    judged = report([replace(record(SPX, NOW), last_error=words)], NOW, beats=failing)
    said = "\n".join(texts(signal_lines(judged, 42)))
    assert all(f"word{number}" in said.split() for number in range(60))


def test_wide_characters_in_a_reason_break_no_line() -> None:
    judged = report([replace(record(SPX, NOW), last_error="期限切れ " * 20)], NOW)
    for width in (42, 80):
        assert all(length(line) <= width for line in signal_lines(judged, width))


def test_changes_of_many_chains_are_one_line() -> None:
    chains = tuple(chains_of("SPX", "NDX"))
    base = outage("SPX", "NDX")
    told = (
        Transition(START_S, chains, "STALE to MISSING"),
        Transition(START_S, chains[:6], "FRESH to AGING"),
        Transition(START_S, chains[4:8], "AGING to STALE"),
        Transition(START_S, chains[:2], "FRESH to AGING"),
    )
    lines = texts(signal_lines(replace(base, board=replace(base.board, transitions=told)), 80))[-4:]
    assert [line.split("  ")[-1] for line in lines] == [
        "all 12 STALE to MISSING",
        "6 SPX FRESH to AGING",
        "4 chains AGING to STALE",
        "SPX 01-02, SPX 01-03 FRESH to AGING",
    ]


def test_a_mock_that_gave_way_stands_before_what_it_took_along() -> None:
    gone = heartbeat(NDX, status=WITHDRAWN)
    gone = replace(gone, source=replace(gone.source, last_error="a live publisher publishes here"))
    live = heartbeat(SPX, service="massive", kind="massive", detail="api.massive.com")
    records = [record(SPX, NOW, source=live.source), in_state(NDX, State.MISSING, NOW)]
    judged = report(records, NOW, beats=[live, gone])
    assert plain(trouble(judged, 160)).startswith(" PARTIAL DEGRADATION  mock publisher (process 77) has withdrawn")
    lines = texts(signal_lines(judged, 120))
    assert lines[0].startswith(" ! NOTE mock publisher")
    assert lines[1].startswith("   └ DEPTH NDX depth 0 of 1: NDX 01-02 MISSING")


def test_a_beginning_on_another_day_has_its_date() -> None:
    assert figures.since(START_S, START_S + 60) == "10:00:00"
    assert figures.since(START_S - 3 * 86_400, START_S) == "12-30 10:00:00"
    assert figures.elapsed(3 * 86_400 + 7_200) == "3d02h"


# The board


@pytest.mark.parametrize("state", [State.MISSING, State.INVALID, State.STALE])
def test_at_80x24_no_underlying_hides_behind_notes(state: State) -> None:
    judged = outage("SPX", "NDX", "SPY", state=state)
    table = board_table(judged, SPX, 80, 13)
    said = "\n".join(texts([*table.head, *table.body]))
    assert all(name in said for name in ("SPX", "NDX", "SPY"))
    assert len(table.head) + len(table.body) <= 13
    assert said.count("last seen") <= 1


def test_where_there_is_room_neighbours_share_their_note() -> None:
    table = board_table(outage("SPX", "NDX", "SPY"), SPX, 60, 40)
    assert [plain(line).strip() for line in table.body].count("last seen 09:59:59") == 3
    assert len(table.body) == 18 + 3 + 3


ALL_FLAGS = tuple(Flag)


@law
@given(flags=st.lists(st.sampled_from(ALL_FLAGS), unique=True), room=st.integers(1, 60))
def test_flags_are_words_or_letters_and_never_parts_of_words(flags: list[Flag], room: int) -> None:
    shown = flags_within(flags, room)
    assert len(shown) <= room
    words = [FLAGS[flag][0] for flag in flags]
    letters = "".join(FLAGS[flag][1] for flag in flags)
    assert shown in (" ".join(words), letters) or (shown.endswith("+") and letters.startswith(shown[:-1]))


def test_every_flag_has_a_word_and_a_letter_of_its_own() -> None:
    assert set(FLAGS) == set(Flag)
    assert len({word for word, _ in FLAGS.values()}) == len({letter for _, letter in FLAGS.values()}) == len(Flag)


@pytest.mark.parametrize("width", [42, 52, 60, 64, 80])
def test_all_flags_at_once_on_the_chosen_chain_are_spelled_below_it(width: int) -> None:
    judged = report([record(SPX, NOW), record(NDX, NOW)], NOW)
    flagged = tuple(replace(chain_status, flags=ALL_FLAGS) for chain_status in judged.statuses)
    with_all = replace(judged, statuses=flagged)
    lines = texts(list(board_table(with_all, SPX, width, 20).body))
    assert all(len(line) <= width for line in lines)
    chosen = next(number for number, line in enumerate(lines) if line.startswith(">"))
    assert lines[chosen].endswith(("+", FLAGS[ALL_FLAGS[-1]][1]))
    assert lines[chosen + 1].strip().startswith("PARTIAL FAILING")


@pytest.mark.parametrize("width", [42, 60, 80])
def test_no_state_is_cut_in_the_heading_of_a_folded_underlying(width: int) -> None:
    for state in (State.MISSING, State.STALE, State.DANGLING):
        said = "\n".join(texts(list(board_table(outage("SPX", "NDX", "SPY", state=state), SPX, width, 12).body)))
        assert said.count(state) == 8
        assert "…" not in said
    away = report([record(chain, NOW) for chain in chains_of("SPX", "NDX")], NOW, reached=False)
    assert plain(board_table(away, SPX, width, 9).body[-1]).count("UNREACHABLE") == 1


# The strip


def role_of(line: Line, words: str) -> Role:
    [role] = {span.role for span in line if words in span.text}
    return role


def test_what_a_publisher_does_is_grey_only_where_it_is_well() -> None:
    one = [record(SPX, NOW)]
    assert role_of(identity(report(one, NOW), "SPX", 0, 160), "1/1") is Role.DIM
    none_done = [heartbeat(SPX, failures={SPX: "429"})]
    assert role_of(identity(report(one, NOW, beats=none_done), "SPX", 0, 160), "0/1") is Role.ALARM
    assert role_of(identity(report(one, NOW, beats=[]), "SPX", 0, 160), "no publisher") is Role.ALARM
    away = identity(report(one, NOW, reached=False), "SPX", 0, 160)
    assert role_of(away, "publisher not known") is Role.CAUTION
    assert "1/1" not in plain(away)


# Marks of change


def seen(view: View, clock: ManualClock, bid: float, *, kind: str = "", age_ms: int = 0) -> None:
    """Let a snapshot with this bid come in."""
    quote = {"bid": bid, "ask": bid + 0.4}
    items = [item(6930, side, last_quote=quote, implied_volatility=bid / 100) for side in ("call", "put")]
    now = Instant.now(clock)
    one = record(SPX, now, contracts=items, age_ms=age_ms)
    assert one.last_good
    made = board([replace(one, last_good=replace(one.last_good, kind=kind))], now)
    judged = evaluate(made, now)
    view.keep_selection(judged.board)
    view.on_report(judged, RecentAnalytics().update(judged.board, view.selected))


@pytest.mark.parametrize("interval", [1, 2, 10])
def test_marks_calm_before_the_next_snapshot(interval: int) -> None:
    assert interval > CHANGE_SHOWN_S
    clock, view = ManualClock(START_NS, 5.0), View()
    for turn in range(3):
        seen(view, clock, 10.0 + turn)
        assert {name for _, name in view.changed} == ({"Bid", "Ask"} if turn else set())
        clock.advance(CHANGE_SHOWN_S)
        assert view.changed_at <= clock.mono - CHANGE_SHOWN_S
        clock.advance(interval - CHANGE_SHOWN_S)


@pytest.mark.parametrize("gap", [22.1, 70])
def test_nothing_is_marked_after_a_gap(gap: float) -> None:
    clock, view = ManualClock(START_NS, 5.0), View()
    seen(view, clock, 10.0)
    clock.advance(gap)
    seen(view, clock, 11.0)
    assert not view.changed


def test_nothing_is_marked_across_a_change_of_source_or_selection_or_a_frozen_view() -> None:
    clock, view = ManualClock(START_NS, 5.0), View()
    seen(view, clock, 10.0, kind="mock")
    clock.advance(1)
    seen(view, clock, 11.0, kind="massive")
    assert not view.changed
    view.select(NDX)
    clock.advance(1)
    seen(view, clock, 12.0, kind="massive")
    assert not view.changed
    view.frozen_at = START_S
    clock.advance(1)
    seen(view, clock, 13.0, kind="massive")
    view.frozen_at = None
    clock.advance(1)
    seen(view, clock, 14.0, kind="massive")
    assert not view.changed


# The chart


def test_each_chain_keeps_two_minutes_of_ages_and_no_more() -> None:
    clock, kept = ManualClock(START_NS, 5.0), Histories()
    first = Instant.now(clock)
    records = [record(chain, first) for chain in (SPX, NDX)]
    for _ in range(300):
        clock.advance(1)
        kept.on_report(report(records, Instant.now(clock)))
    assert [len(kept.ages(chain)) for chain in (SPX, NDX)] == [121, 121]
    kept.on_report(report(records[:1], Instant.now(clock)))
    clock.advance(1)
    kept.on_report(report(records[:1], Instant.now(clock)))
    assert not kept.ages(NDX)


@law
@given(peak=st.floats(0, 1e5))
def test_the_chart_holds_every_age_and_the_limits_it_comes_near(peak: float) -> None:
    limits = record(SPX, NOW).thresholds
    top = scale([(0.0, 0.0), (1.0, peak)], limits)
    assert top >= peak
    assert (top >= limits.stale_s) or peak <= limits.stale_s / 2


async def test_the_chart_of_another_expiry_is_its_own_and_one_point_is_no_trend(stage: Stage) -> None:
    async with deck_of(stage, (120, 50)) as deck:
        with patch.object(AgeChart, "_paint") as paint:
            await deck.pass_time(1)
            assert paint.call_count == 0
            for _ in range(5):
                await deck.pass_time(1)
            assert paint.call_count > 0
            first = paint.call_args.args[0]
            paint.reset_mock()
            await deck.press("j")
            assert paint.call_args.args[0] != first
            assert len(paint.call_args.args[1]) > 5  # its history did not begin with the choice


# Scrolling


async def test_the_signals_scroll_by_keys_and_wheel_and_count_what_is_below(stage: Stage) -> None:
    async with deck_of(stage, (80, 24)) as deck:
        for number in range(30):
            deck.stage.watcher.tracker.history.note(START_S + number, f"change {number}")
        await deck.pass_time(1)
        panel = deck.app.deck.signals
        assert deck.lines("signals")[-1].strip().startswith("+")
        panel.focus()
        await deck.press("G")
        assert "change 0" in deck.text("signals")
        await deck.press("g")
        assert "all quiet" in deck.text("signals")
        await deck.press("j", "pagedown")
        assert "all quiet" not in deck.text("signals")
        assert deck.lines("signals")[0].startswith("▌SIGNALS")


async def test_a_frozen_view_across_an_outage_says_both(deck: Deck) -> None:
    await deck.press("space")
    deck.stage.clock.advance(40)
    await deck.pass_time(1)
    title = deck.lines("grid")[0]
    assert "FROZEN 10:03:24" in title and "STALE" in title and "LAST GOOD 10:03:24" in title


# Many chains


class Still:
    """A feed of one Board."""

    polls = 1

    def __init__(self, shown: Board) -> None:
        self._shown = shown

    def painted(self) -> None:
        """Nothing waits for it."""

    def latest(self) -> Board:
        return self._shown

    def scene(self) -> Scene:
        return Scene(self._shown)

    def select(self, chain: ChainId | None) -> None:
        """Nothing is derived."""

    def tell_gex(self, convention: GexConvention) -> None:
        """Nothing tells of gamma exposure."""

    def look_across(self, on: bool) -> None:
        """Nothing is derived of other expirations."""

    def look_at_heatmap(self, underlying: str | None) -> None:
        """No heatmap is read."""

    def compare(self, moments: tuple[DatedBoard, DatedBoard] | None) -> None:
        """Nothing is compared."""

    def explain(self, question: Question) -> "Future[Explanation]":
        raise NotImplementedError

    def subscribe(self, wake: Callable[[], None]) -> None:
        wake()


@pytest.mark.slow
@pytest.mark.parametrize(("underlyings", "each"), [(1, 30), (2, 30), (10, 30), (40, 1)])
async def test_of_very_many_chains_the_chosen_is_in_sight_and_the_rest_is_counted(underlyings: int, each: int) -> None:
    chains = chains_of(*(f"U{number}" for number in range(underlyings)), each=each)
    shown = board([in_state(chain, State.MISSING, NOW) for chain in chains], NOW)
    app = DeckApp(Still(shown), ManualClock(START_NS, NOW.mono))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        panel = app.deck.board_panel
        for key in ("j",) * 29 + ("right_square_bracket",) * 2 + ("k",) * 3:
            await pilot.press(key)
            lines = [panel.render_line(y).text.rstrip() for y in range(panel.size.height)]
            assert sum(line.startswith(">") for line in lines) == 1
            below = re.search(r"\+(\d+) more$", lines[-1])
            assert below or lines[-1].strip()
        await pilot.press("home")
        signals = app.deck.signals
        assert "no chain has a usable snapshot" in signals.render_line(1).text


async def test_a_frozen_view_stays_across_an_outage_of_redis_and_says_so(
    redis: Redis, redis_url: str, short_dir: Path
) -> None:
    async with (
        FaultProxy(redis_url, short_dir) as proxy,
        RedisTarget(proxy.url).connect() as through,
        deck_of(make_stage(redis, through)) as deck,
    ):
        await deck.press("space")
        body = deck.lines("grid")[2:-1]
        await proxy.refuse()
        await deck.pass_time(5)
        assert "FROZEN 10:03:24 UNREACHABLE LAST GOOD 10:03:24" in deck.lines("grid")[0]
        assert deck.lines("grid")[2:-1] == body
        await proxy.listen()
        await deck.pass_time(1)
        assert "FROZEN 10:03:24 FRESH" in deck.lines("grid")[0]
        assert "chains FRESH again" in deck.text("signals")
        await deck.press("space")
        assert not set("▴▾") & set(deck.text("grid"))
