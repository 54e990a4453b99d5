"""The screen as pure lines: within their width for every state and size, with the words that a reader needs."""

import re
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chain.analytics.headline import headline
from chain.clock import Instant, ManualClock
from chain.model.grid import build_grid
from chain.model.keys import ChainId
from chain.model.session import new_york
from chain.monitor.analytics import RecentAnalytics
from chain.monitor.board import Board, ChainRecord, Transition
from chain.monitor.evaluate.signals import HealthReport, evaluate
from chain.monitor.heartbeat import STOPPED, SourceInfo
from chain.monitor.messages.heartbeat import FeedBlock
from chain.monitor.states import DeckState, Flag, State
from chain.text import clean
from tests.support.scenes import (
    NDX,
    SPX,
    SPX_MON,
    START_NS,
    START_S,
    at_fault,
    board,
    changed,
    heartbeat,
    in_state,
    item,
    law,
    received,
    record,
    recorder,
    report,
    snapshot,
    surface,
)
from tui.lines import figures
from tui.lines.board.table import board_table
from tui.lines.grid.frame import Shown, grid_foot, grid_headline, grid_title, is_past
from tui.lines.grid.rows import grid_table
from tui.lines.line import Ground, Line, Span, cut, justify, left, length, plain, right
from tui.lines.signals import signal_lines, signals_title
from tui.lines.strip import badge, identity, trouble
from tui.view import CHANGE_SHOWN_S, View

NOW = Instant(START_NS, 5_000.0)
WIDTHS = st.integers(40, 220)


# Figures


def test_money_rounds_half_a_cent_up_and_nothing_breaks_it() -> None:
    shown = {
        0.325: "0.33",
        0.425: "0.43",
        -0.425: "-0.43",
        1.005: "1.01",
        0.004: "0.00",
        12.0: "12.00",
        1e20: "1" + "0" * 20 + ".00",
    }
    assert {value: figures.price(value) for value in shown} == shown
    assert figures.level(7575.125) == "7,575.13"
    assert len(figures.price(1.7e308)) == 312


def test_an_age_is_cut_and_never_reaches_a_limit_early() -> None:
    shown = {0.0: "0.0", 0.049: "0.0", 21.999: "21.9", 22.0: "22.0", 34.999: "34.9", 35.0: "35.0", 99.999: "99.9"}
    assert {seconds: figures.age(seconds) for seconds in shown} == shown
    assert [figures.age(s) for s in (100, 3599.9, 3600, 86_399, 86_400)] == [
        "1:40",
        "59:59",
        "1h00",
        "23h59",
        "1d00h",
    ]
    assert figures.age(None) == "-"


@pytest.mark.parametrize(
    ("value", "words"),
    [(161.68e6, "+161.7M"), (-2.88e9, "-2.88B"), (812.4, "+812"), (999_990, "+1.00M"), (-1e15, "-1000.0T"), (0, "+0")],
)
def test_large_numbers_are_short(value: float, words: str) -> None:
    assert figures.large(value) == words


@law
@given(ms=st.integers(0, 99_999))
def test_the_age_read_is_the_age_to_the_tenth_below(ms: int) -> None:
    assert round(float(figures.age(ms / 1000)) * 10) == ms // 100


@law
@given(
    limit=st.integers(1, 2_000),
    late=st.integers(0, 5_000),
)
def test_no_rounding_takes_an_age_across_a_limit(limit: int, late: int) -> None:
    def seconds(text: str) -> float:
        minutes, _, rest = text.rpartition(":")
        return float(rest) + 60 * int(minutes or 0)

    assert seconds(figures.age(limit + late / 1000)) >= limit
    assert seconds(figures.age(limit - (late + 1) / 1000 if late < limit * 1000 else 0.0)) < limit


@law
@given(seconds=st.integers(0, 10**9))
def test_an_age_of_any_length_is_readable_in_the_board(seconds: int) -> None:
    judged = report([record(SPX, NOW, age_ms=seconds * 1000)], NOW)
    assert figures.age(seconds) in plain(board_table(judged, None, 60, 20).body[0]).split()


def test_a_key_that_lives_never_shows_nothing_left() -> None:
    assert [figures.countdown(s) for s in (None, 0.0, 0.001, 1.0, 59.2)] == ["-", "0", "1", "1", "60"]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(999.0, "999"), (999.1, "16m"), (5_999.0, "99m"), (6_000.0, "1h"), (359_999.0, "99h"), (360_000.0, "4d")],
)
@pytest.mark.parametrize("age_s", [9, 3_599, 85_000])
def test_a_long_time_to_live_stands_apart_from_the_age(seconds: float, said: str, age_s: int) -> None:
    assert figures.countdown(seconds) == said
    judged = report([record(SPX, NOW, age_ms=age_s * 1000, ttl_ms=round(seconds * 1000))], NOW)
    row = plain(board_table(judged, None, 42, 20).body[0]).split()
    assert row[row.index(figures.age(age_s)) + 1] == said


def flagged(*flags: Flag) -> HealthReport:
    """Return a report of two chains, of which the first has these flags."""
    judged = report([record(SPX, NOW), record(SPX_MON, NOW)], NOW)
    first, second = judged.statuses
    return replace(judged, statuses=(replace(first, flags=flags), replace(second, flags=())))


def test_a_narrow_board_does_without_weekdays_where_its_flags_need_the_room() -> None:
    after_hours = flagged(Flag.DELAYED, Flag.OFF_HOURS)
    tables = [board_table(one, None, 42, 20) for one in (after_hours, flagged(Flag.FAILING))]
    head, rows = plain(tables[0].head[1]), [list(map(plain, table.body)) for table in tables]
    assert rows[0][0].endswith(" DLY OFF") and "Fri" not in rows[0][0] and "Mon" not in rows[0][1]
    assert head.index("dte") + 3 == rows[0][0].index(" FRESH") == rows[0][1].index(" FRESH")
    assert rows[1][0].endswith(" FAIL") and "Fri" in rows[1][0] and "Mon" in rows[1][1]
    assert "Fri" in plain(board_table(after_hours, None, 80, 20).body[0])


def test_where_not_all_flags_fit_as_words_the_faults_do_before_the_source_which_the_title_says() -> None:
    judged = flagged(Flag.FAILING, Flag.MOCK)
    assert plain(board_table(judged, None, 66, 20).body[0]).endswith(" FAIL MOCK")
    assert plain(board_table(judged, None, 65, 20).body[0]).endswith(" FAIL")


@law
@given(value=st.floats(0, 9.9e9))
def test_a_count_takes_five_characters_at_most_and_keeps_its_size(value: float) -> None:
    text = figures.count(value)
    assert len(text) <= 5
    scale = {"k": 1e3, "M": 1e6}.get(text[-1], 1.0)
    assert float(text.rstrip("kM")) * scale == pytest.approx(value, rel=0.05, abs=0.51)


def test_counts_at_their_edges() -> None:
    edges = {
        999: "999",
        1000: "1.0k",
        99_949: "99.9k",
        99_950: "100k",
        999_499: "999k",
        999_500: "1.0M",
        99_950_000: "100M",
    }
    assert {value: figures.count(value) for value in edges} == edges


def test_figures_read_as_the_desk_reads_them() -> None:
    assert [figures.price(v) for v in (None, 0.0, 4.1, -0.05)] == ["-", "0.00", "4.10", "-0.05"]
    assert [figures.greek(v) for v in (None, 0.0, 0.5, -0.5, -0.001, 1.25, -1.25)] == [
        "-",
        ".00",
        ".50",
        "-.50",
        ".00",
        "1.25",
        "-1.25",
    ]
    assert [figures.percent(v) for v in (None, 0.0, 0.136)] == ["-", "0.0", "13.6"]
    assert [figures.strike(v) for v in (6930, 6930.0, 207.5, 1_234_567)] == ["6930", "6930", "207.5", "1234567"]
    assert [figures.level(v) for v in (None, 6931.4, 207)] == ["-", "6,931.40", "207.00"]
    assert figures.clock(START_S) == "10:00:00"
    assert figures.day(date(2026, 1, 2)) == "01-02 Fri"
    assert [figures.elapsed(s) for s in (None, -1, 0, 59.9, 3599, 3600)] == [
        "-",
        "0:00",
        "0:00",
        "0:59",
        "59:59",
        "1h00",
    ]


@law
@given(thousandths=st.integers(1, 99_999_999))
def test_a_strike_reads_as_it_is_listed(thousandths: int) -> None:
    assert round(float(figures.strike(thousandths / 1000)) * 1000) == thousandths


# Pieces


@law
@given(text=st.text(max_size=30), width=st.integers(1, 30))
def test_left_and_right_are_exact_and_never_show_a_part_of_a_number(text: str, width: int) -> None:
    assert len(left(text, width)) == len(right(text, width)) == width
    if len(text) > width:
        assert left(text, width).endswith("…")
        assert set(right(text, width)) == {"#"}
    else:
        assert left(text, width).rstrip() == text.rstrip()
        assert right(text, width).endswith(text)


@law
@given(
    start=st.lists(st.text(max_size=12), max_size=5),
    end=st.lists(st.text(max_size=6), max_size=3),
    width=st.integers(18, 60),
)
def test_a_spread_line_is_exact_and_its_start_gives_way(start: list[str], end: list[str], width: int) -> None:
    line = justify([Span(t) for t in start], [Span(t) for t in end], width, Ground.BAR)
    text = "".join(span.text for span in line)
    assert len(text) == length(line) == width
    assert text.endswith("".join(end))
    assert all(span.ground is Ground.BAR for span in line)
    if len("".join([*start, *end])) <= width:
        assert text.startswith("".join(start))


# Panels in every state


WORDS = st.text(max_size=60).map(lambda text: clean(text, 160))
KINDS = st.sampled_from(["mock", "massive", "capture", "replay", "other"])
UNDERLYINGS = ("SPX", "NDX", "BRK.B")
TRANSITIONS = st.builds(Transition, st.just(START_S), st.sampled_from([(), (SPX,), (SPX, SPX_MON, NDX)]), WORDS)


@st.composite
def reports(draw: st.DrawFn) -> HealthReport:
    """Return a report of any mixture of states, reasons, publishers and ages."""
    chains = draw(
        st.lists(
            st.builds(
                ChainId, st.sampled_from(UNDERLYINGS), st.integers(0, 20).map(lambda n: SPX.expiry + timedelta(days=n))
            ),
            max_size=7,
            unique=True,
        )
    )
    records: list[ChainRecord] = []
    for chain in sorted(chains, key=lambda c: (UNDERLYINGS.index(c.underlying), c.expiry)):
        one = record(
            chain, NOW, age_ms=draw(st.integers(-10_000, 30_000)), ttl_ms=draw(st.sampled_from([None, 1, 60_000]))
        )
        fault = draw(st.sampled_from([None, None, State.MISSING, State.DANGLING, State.INVALID]))
        if fault:
            one = at_fault(one, fault, NOW, draw(WORDS))
        if draw(st.booleans()):
            one = replace(one, last_error=draw(WORDS))
        if draw(st.integers(0, 5)) == 0:
            one = ChainRecord(chain)
        records.append(one)
    beats = [
        heartbeat(
            *chains,
            service=service,
            kind=draw(KINDS),
            status=draw(st.sampled_from(["running", STOPPED])),
            record=draw(WORDS),
            detail=draw(WORDS),
        )
        for service in draw(st.lists(st.sampled_from(["massive", "mock_massive"]), unique=True))
    ]
    made = board(
        records,
        NOW,
        beats=beats,
        reached=draw(st.booleans()),
        last_frame=draw(st.sampled_from([None, START_S])),
        depth={chain.underlying: draw(st.integers(1, 5_000)) for chain in chains},
        step_s=draw(st.sampled_from([0.0, -75_000.5])),
        transitions=draw(st.lists(TRANSITIONS, max_size=3).map(tuple)),
    )
    passed = draw(st.sampled_from([0.0, 0.7, 2.9, 3.1, 33.0, 700.0, 9_000.0, 400_000.0]))
    then = Instant(NOW.wall_ns + round(passed * 1e9), NOW.mono + passed)
    polled = then.mono if draw(st.booleans()) else NOW.mono
    return evaluate(changed(made, polled=polled), then)


def fits(line: Line, width: int) -> bool:
    return length(line) <= width and plain(line).isprintable()


@pytest.mark.parametrize("frozen", ["", "14:03:27"])
@pytest.mark.parametrize("address", ["unix", "10.1.2.3:6379", "cluster redis-01.desk.example:26379"])
def test_at_80_columns_an_unreachable_redis_is_named_with_its_address(address: str, frozen: str) -> None:
    away = board([record(SPX, NOW), record(NDX, NOW)], NOW, reached=False, label=address)
    line = identity(evaluate(away, NOW), "SPX", 3, 80, frozen=frozen)
    assert length(line) == 80
    assert f" {address} " in plain(line)
    assert "[MOCK]" in plain(line) and "10:00:00 ET" in plain(line)
    if len(address) < 30 and not frozen:
        assert f"redis {address} no answer" in plain(line)


@law
@given(judged=st.none() | reports(), width=WIDTHS, polls=st.integers(0, 9), frozen=st.sampled_from(["", "14:03:27"]))
def test_the_two_top_lines_are_whole_in_every_state(
    judged: HealthReport | None, width: int, polls: int, frozen: str
) -> None:
    first, second = identity(judged, "SPX", polls, width, frozen=frozen), trouble(judged, width)
    assert length(first) == length(second) == width
    assert fits(first, width) and fits(second, width)
    if judged:
        assert f"{figures.clock(judged.now.wall_s)} ET " in plain(first)
        assert plain(first)[-1] in "●·"
        assert width < 60 or plain(second).strip().startswith(judged.state)


@law
@given(judged=st.none() | reports(), width=WIDTHS, height=st.integers(3, 40), which=st.integers(0, 7))
def test_the_board_gives_each_chain_its_line_in_every_state(
    judged: HealthReport | None, width: int, height: int, which: int
) -> None:
    chains = [chain_status.record.chain for chain_status in judged.statuses] if judged else []
    selected = chains[which % len(chains)] if chains and which < 7 else None
    table = board_table(judged, selected, width, height)
    assert all(fits(line, width) for line in (*table.head, *table.body))
    assert len(table.rows) == len(table.body)
    for chain_status in judged.statuses if judged else ():
        chain = chain_status.record.chain
        lines = [plain(line) for line, row in zip(table.body, table.rows, strict=True) if row == chain]
        if selected is None or chain.underlying == selected.underlying:
            assert f"{chain.expiry:%m-%d}" in lines[0]
            assert {chain_status.state, figures.age(chain_status.age_s)} <= set(lines[0].split())
            assert lines[0].startswith(">") is (chain == selected)
    folded = [plain(line) for line, row in zip(table.body, table.rows, strict=True) if row is None]
    assert all(line.split()[0] in UNDERLYINGS for line in folded) or not chains


@law
@given(judged=st.none() | reports(), width=WIDTHS, room=st.integers(1, 40))
def test_the_signals_panel_tells_every_signal_and_counts_what_it_has_no_room_for(
    judged: HealthReport | None, width: int, room: int
) -> None:
    lines = signal_lines(judged, width)
    assert all(fits(line, width) for line in (signals_title(judged, width), *lines))
    shown = cut(lines, room)
    if len(lines) > room:
        assert len(shown) == room
        assert plain(shown[-1]) == f"   +{len(lines) - room + 1} more"
    else:
        assert shown == lines
    if judged:
        assert f"{len(judged.signals)} active" in plain(signals_title(judged, width))
        words = {word.strip(",:") for line in lines for word in plain(line).split()}
        alone = {name: count == 1 for name, count in Counter(told.name for told in judged.signals).items()}
        for told in judged.signals:
            wanted = told.text if alone[told.name] or not told.subject else told.subject
            assert {word.strip(",:") for word in wanted.split() if len(word) < 20 and "-" not in word} <= words
        assert ("all quiet" in "\n".join(map(plain, lines))) is (not judged.signals)


@law
@given(judged=reports(), width=WIDTHS, frozen=st.sampled_from([None, Shown(State.STALE, 48.2, START_S)]))
def test_the_lines_about_a_grid_fit_in_every_state(judged: HealthReport, width: int, frozen: Shown | None) -> None:
    mark = badge(judged.board)
    assert length(grid_title(None, None, mark, width, frozen)) == width
    for chain_status in judged.statuses:
        good = chain_status.record.last_good
        grid = build_grid(good.snapshot.open()) if good else None
        title = grid_title(grid, chain_status, mark, width, frozen)
        assert length(title) == width
        assert plain(title).endswith(mark)
        if width >= 100:
            assert f"{chain_status.record.chain.underlying} {chain_status.record.chain.expiry}" in plain(title)
            assert (chain_status.state if frozen is None else "FROZEN 10:00:00 STALE") in plain(title)
            past = is_past(frozen.state if frozen else chain_status.state)
            assert ("LAST GOOD " in plain(title)) is (grid is not None and past)
        if grid:
            assert length(grid_headline(grid, headline(grid, START_S), width)) == width
            assert length(grid_foot(grid, width)) == width


def test_the_strip_stands_still_with_the_poll_loop_and_moves_with_it() -> None:
    judged = report([record(SPX, NOW)], NOW)
    lines = [plain(identity(judged, "SPX", polls, 120)) for polls in (0, 0, 1, 2, 3)]
    assert lines[0] == lines[1]
    assert len({line[-3:] for line in lines}) == 3


def test_the_strip_answers_who_where_and_what() -> None:
    text = plain(identity(report([record(SPX, NOW)], NOW), "SPX", 0, 160))
    for words in ("[MOCK]", "SPX 6,931.42", "redis unix 0.4 ms", "publish 10 s, cycle 14 ms, 1/1", "10:00:00 ET"):
        assert words in text
    assert "no publisher" in plain(identity(report([record(SPX, NOW)], NOW, beats=[]), "SPX", 0, 160))
    failing = [heartbeat(SPX, SPX_MON, failures={SPX: "429"})]
    assert ", 1/2" in plain(identity(report([record(SPX, NOW)], NOW, beats=failing), "SPX", 0, 160))
    assert "FROZEN 14:03:27" in plain(identity(report([record(SPX, NOW)], NOW), "SPX", 0, 160, frozen="14:03:27"))


@pytest.mark.parametrize(
    ("kind", "feed", "words"),
    [
        ("massive", None, "stream off"),
        ("massive", FeedBlock("streaming"), ""),
        ("massive", FeedBlock("streaming", delayed=True), "stream 15-min delayed"),
        ("mock", None, ""),
    ],
)
def test_line_one_says_where_live_data_have_no_stream_or_a_late_one(
    kind: str, feed: FeedBlock | None, words: str
) -> None:
    service = "massive" if kind == "massive" else "mock_massive"
    beat = replace(heartbeat(SPX, kind=kind, service=service), feed=feed)
    text = plain(identity(report([record(SPX, NOW)], NOW, beats=[beat]), "SPX", 0, 160))
    assert (words in text) and ("stream" in text) is bool(words)


def test_the_worst_is_told_with_its_beginning_and_how_much_more_there_is() -> None:
    judged = report([record(SPX, NOW, age_ms=48_000), record(SPX_MON, NOW)], NOW, last_frame=START_S, depth={"SPX": 3})
    text = plain(trouble(judged, 120))
    assert text.startswith(" DEGRADED  stream active while SPX 01-02 is STALE, 48 s")
    assert "since 09:59:47" in text and text.endswith("3 signals")
    calm = plain(trouble(report([record(SPX, NOW)], NOW), 80))
    assert calm == " OK  1 chain fresh, mock"


MARKED: dict[str, Callable[[HealthReport, int], list[Line]]] = {
    "strip": lambda judged, width: [identity(judged, "SPX", 0, width)],
    "board": lambda judged, width: list(board_table(judged, SPX, width, 20).head),
    "signals": lambda judged, width: [signals_title(judged, width)],
    "grid": lambda judged, width: [grid_title(None, judged.statuses[0], badge(judged.board), width)],
    "empty grid": lambda judged, width: [grid_title(None, None, badge(judged.board), width)],
}


@pytest.mark.parametrize("panel", MARKED)
@pytest.mark.parametrize(
    ("kind", "word"), [("mock", "[MOCK]"), ("capture", "[CAPTURE]"), ("replay", "[REPLAY]"), ("?", "[SOURCE ?]")]
)
@pytest.mark.parametrize("width", [40, 80, 138])
def test_each_panel_says_in_text_where_its_data_come_from(panel: str, kind: str, word: str, width: int) -> None:
    judged = report([record(SPX, NOW)], NOW, beats=[heartbeat(SPX, kind=kind)])
    text = "\n".join(plain(line) for line in MARKED[panel](judged, width))
    assert word in text
    assert "LIVE" not in text


def test_a_long_source_name_stays_within_every_panel() -> None:
    beats = [heartbeat(SPX, kind="massive", detail="a-host-of-many-letters." * 3)]
    judged = report([record(SPX, NOW)], NOW, beats=beats)
    for panel in MARKED.values():
        assert [length(line) for line in panel(judged, 60)] == [60] * len(panel(judged, 60))


def test_nothing_but_the_vendors_own_host_is_live() -> None:
    def marked(kind: str, detail: str = "") -> str:
        return badge(report([record(SPX, NOW)], NOW, beats=[heartbeat(SPX, kind=kind, detail=detail)]).board)

    assert marked("massive", "api.massive.com") == "[LIVE]"
    for other in ("127.0.0.1:8080", "", "api.massive.com.example"):
        assert "LIVE" not in marked("massive", other)
    both = [heartbeat(SPX), heartbeat(SPX, service="massive", kind="massive", detail="api.massive.com")]
    assert badge(report([record(SPX, NOW)], NOW, beats=both).board) == "[MOCK+LIVE]"
    assert badge(report([record(SPX, NOW)], NOW, beats=[]).board) == "[SOURCE ?]"
    assert badge(Board()) == ""


def test_a_missing_chain_keeps_its_line_with_the_time_last_seen() -> None:
    table = board_table(report([in_state(SPX, State.MISSING, NOW), record(SPX_MON, NOW)], NOW), SPX, 80, 20)
    lines = [plain(line) for line in table.body]
    assert "01-02 Fri" in lines[0] and "MISSING" in lines[0]
    assert lines[1].strip() == "last seen 09:59:59"
    assert (table.rows[0], table.rows[1], table.rows[2]) == (SPX, SPX, SPX_MON)
    assert "1 of 2" in plain(table.head[0])


def test_no_time_of_day_of_the_watcher_stands_beside_the_clock_of_a_replay() -> None:
    """Signals, changes and absences are seen by the watcher's clock, which a replay of another day does not have."""
    gone, there = in_state(SPX, State.MISSING, NOW), record(SPX_MON, NOW)
    clock = SourceInfo("replay", as_of=START_S - 86_400.0, speed=4.0, heard_at=NOW.mono)
    seen = Transition(START_S - 72.0, (SPX,), "FRESH to MISSING")
    late = Instant(START_NS + 60_000_000_000, NOW.mono + 60.0)

    def told(source: SourceInfo) -> str:
        records = [replace(one, source=source) for one in (gone, there)]
        judged = evaluate(board(records, late, transitions=(seen,)), late)
        lines = [*signal_lines(judged, 60), *board_table(judged, SPX, 80, 20).body, trouble(judged, 120)]
        return "\n".join(map(plain, lines))

    assert "1:01 ago" in told(clock) and "2:12 ago" in told(clock) and " for 1:0" in told(clock)
    assert not re.search(r"\d\d:\d\d:\d\d", told(clock))
    assert all(words in told(SourceInfo("mock")) for words in ("last seen 09:59:59", "09:58:48", "since 10:00:35"))


def test_an_invalid_chain_says_why_under_its_line() -> None:
    refused = at_fault(record(SPX, NOW), State.INVALID, NOW, "payload: not JSON")
    lines = [plain(line) for line in board_table(report([refused], NOW), None, 80, 20).body]
    assert "INVALID" in lines[0] and lines[1].strip() == "payload: not JSON"


def test_states_read_without_colour() -> None:
    shown = {}
    for state in State:
        judged = report([in_state(SPX, state, NOW)], NOW, reached=state is not State.UNREACHABLE)
        shown[state] = plain(board_table(judged, None, 60, 20).body[0])
    assert all(state in line for state, line in shown.items())
    assert len(set(shown.values())) == len(State)


def test_where_lines_lack_other_underlyings_fold_and_tell_their_worst() -> None:
    many = [ChainId(u, SPX.expiry + timedelta(days=n)) for u in ("SPX", "NDX") for n in range(5)]
    records = [record(c, NOW, age_ms=40_000 if c == many[7] else 1_000) for c in many]
    open_table = board_table(report(records, NOW), many[0], 60, 40)
    assert len(open_table.body) == 12
    folded = board_table(report(records, NOW), many[0], 60, 9)
    assert [row for row in folded.rows if row and row.underlying == "NDX"] == [many[5]]
    heading = plain(folded.body[-1])
    assert "NDX" in heading and "STALE" in heading and "40.0" in heading and "5 of 5" in heading


def test_a_move_that_is_not_there_has_no_sign() -> None:
    grid = build_grid(received(snapshot(contracts=[item(6930, "call", implied_volatility=None)])))
    text = plain(grid_headline(grid, headline(grid, START_S), 120))
    assert "EM - 1 SD" in text and "±" not in text


def test_the_headline_names_its_method_and_what_it_could_use() -> None:
    items = [item(6930, "call"), item(6930, "put", last_quote={"bid": 9.0, "ask": 8.0})]
    grid = build_grid(received(snapshot(contracts=items)))
    text = plain(grid_headline(grid, headline(grid, START_S), 120))
    assert "straddle - 1/2 mids" in text
    assert "1 SD by IV 14.0, 2/2" in text
    assert text.endswith("made 10:00:00")


# The reader's view


def seen(view: View, clock: ManualClock, bid: float) -> HealthReport:
    """Let a snapshot with this bid come in, and return its report."""
    items = [item(6930, side, last_quote={"bid": bid, "ask": bid + 0.4}) for side in ("call", "put")]
    judged = report([record(SPX, Instant.now(clock), contracts=items)], Instant.now(clock))
    view.keep_selection(judged.board)
    view.on_report(judged, RecentAnalytics().update(judged.board, view.selected))
    return judged


def bid_of(view: View) -> float | None:
    assert view.analytics and view.analytics.grid.rows[0].call
    return view.analytics.grid.rows[0].call.bid


def test_changes_are_marked_for_a_moment_and_never_at_first_sight_or_after_a_gap() -> None:
    clock, view = ManualClock(START_NS, 5.0), View()
    seen(view, clock, 10.0)
    assert not view.changed
    clock.advance(10)
    judged = seen(view, clock, 11.0)
    assert {name for _, name in view.changed} == {"Bid", "Ask"}
    clock.advance(CHANGE_SHOWN_S + 0.1)
    view.on_report(replace(judged, now=Instant.now(clock)))
    assert not view.changed
    clock.advance(60)
    seen(view, clock, 12.0)
    assert not view.changed


def test_a_frozen_view_keeps_its_grid_while_ages_go_on() -> None:
    clock, view = ManualClock(START_NS, 5.0), View()
    seen(view, clock, 10.0)
    view.frozen_at = START_S
    clock.advance(10)
    seen(view, clock, 11.0)
    assert bid_of(view) == 10.0
    assert len(view.histories.ages(SPX)) == 2
    view.frozen_at = None
    seen(view, clock, 11.0)
    assert bid_of(view) == 11.0


def test_the_selection_stays_with_its_chain_or_moves_to_its_kin() -> None:
    view = View()
    full = board([record(chain, NOW) for chain in (SPX, SPX_MON, NDX)], NOW)
    view.keep_selection(full)
    assert view.selected == SPX
    view.step_chain(full, 1)
    view.step_chain(full, 1)
    assert view.selected == SPX_MON
    view.keep_selection(board([record(chain, NOW) for chain in (NDX, SPX)], NOW))
    assert view.selected == SPX
    view.step_underlying(full, 1)
    assert view.selected == NDX
    view.step_underlying(full, 1)
    assert view.selected == SPX
    view.keep_selection(board([], NOW))
    assert view.selected is None


def test_another_chain_shows_nothing_of_the_one_before() -> None:
    clock, view = ManualClock(START_NS, 5.0), View()
    seen(view, clock, 10.0)
    view.frozen_at = START_S
    view.select(NDX)
    assert [view.analytics, view.shown, view.frozen_at] == [None] * 3
    assert not view.histories.ages(NDX)


def test_every_deck_state_has_its_words_on_line_two() -> None:
    scenes = {
        DeckState.OK: report([record(SPX, NOW)], NOW),
        DeckState.STARTING: report([], NOW, beats=[], started=NOW.mono),
        DeckState.WARNING: report([in_state(SPX, State.AGING, NOW)], NOW),
        DeckState.PARTIAL_DEGRADATION: report([in_state(SPX, State.MISSING, NOW), record(SPX_MON, NOW)], NOW),
        DeckState.DEGRADED: report([in_state(SPX, State.STALE, NOW), record(SPX_MON, NOW)], NOW, last_frame=START_S),
        DeckState.CRITICAL: report([in_state(SPX, State.STALE, NOW)], NOW),
    }
    assert list(scenes) == list(DeckState)
    for state, judged in scenes.items():
        assert judged.state is state
        assert plain(trouble(judged, 100)).startswith(f" {state} ")


def test_a_grid_of_a_whole_surface_fits_a_wide_and_a_narrow_panel() -> None:
    grid = build_grid(received(snapshot(contracts=surface(range(6800, 7000, 5)))))
    for width in range(40, 221, 3):
        table = grid_table(grid, width)
        assert {length(line) for line in (*table.head, *table.body)} == {width}


def recorded(*, here: bool, **values: Any) -> str:
    """Return line one of a Board with a recorder."""
    status = recorder(NOW, here=here, since=NOW.wall_s, **values)
    return plain(identity(report([record(SPX, NOW)], NOW, recorder=status), "SPX", 0, 170))


def test_line_one_says_what_this_deck_records_and_where_others_do() -> None:
    at = f"{new_york(NOW.wall_s):%H:%M}"
    mine = recorded(here=True, size=12_340_000)
    assert f" REC since {at}, 12.3 MB " in mine and "in massive-2026-01-02.tape" in mine
    assert f" REC since {at} " in recorded(here=True)
    theirs = recorded(here=False, size=12_340_000)
    assert "REC" not in theirs and "recorded in massive-2026-01-02.tape, 12.3 MB" in theirs
    assert "record" not in plain(identity(report([record(SPX, NOW)], NOW), "SPX", 0, 170))
