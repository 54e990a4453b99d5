"""Judging a Board: two ages of which the worse counts, limits to the millisecond, states in order, the deck's state."""

import itertools
import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chain.clock import Instant, ManualClock
from chain.model.keys import ChainId, SnapshotId
from chain.model.session import NEW_YORK
from chain.model.snapshot import Contract
from chain.monitor.board import Board, ChainRecord
from chain.monitor.evaluate.freshness import age_ms
from chain.monitor.evaluate.signals import HealthReport, evaluate
from chain.monitor.heartbeat import STOPPED, SourceInfo
from chain.monitor.states import DeckState, Flag, State
from chain.redis.server.info import Server
from chain.thresholds import FUTURE_TOLERANCE_S, OLD_SOURCE_DELAYED_S, OLD_SOURCE_S, STREAM_ACTIVE_S, Thresholds
from tests.support.published import health_json, status_json
from tests.support.scenes import (
    NDX,
    SPOT,
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
    manual_clock,
    record,
    report,
    surface,
)
from tui.lines.board.table import board_table
from tui.lines.line import plain
from tui.lines.signals import signal_lines
from tui.lines.strip import trouble

NOW = Instant(START_NS, 5_000.0)
WARN_MS, STALE_MS, TOLERANCE_MS = 22_000, 35_000, 2_000
SOONER = Thresholds(3.0, 20.0)  # AGING above 8 s, STALE above 14 s


def names(evaluated: HealthReport) -> list[str]:
    return [signal.name for signal in evaluated.signals]


def text_of(evaluated: HealthReport, name: str) -> str:
    [found] = [signal.text for signal in evaluated.signals if signal.name == name]
    return found


def later(seconds: float) -> Instant:
    return Instant(NOW.wall_ns + round(seconds * 1e9), NOW.mono + seconds)


# Age


@law
@given(
    ahead_ms=st.integers(-100_000, 100_000),
    steps=st.lists(st.tuples(st.floats(0, 50), st.floats(-200, 200)), max_size=6),
)
def test_the_age_is_the_worse_of_two_and_never_negative(ahead_ms: int, steps: list[tuple[float, float]]) -> None:
    clock = manual_clock()
    good = record(SPX, Instant.now(clock), age_ms=ahead_ms).last_good
    assert good is not None
    seen = clock.mono
    for run, step in steps:
        clock.advance(run)
        clock.step_wall(step)
        age = age_ms(good, Instant.now(clock))
        assert age >= 0
        assert age >= clock.wall // 1_000_000 - good.snapshot.id.ts_ms
        assert age >= max(0, ahead_ms) + (clock.mono - seen) * 1000 - 1
        by_one_of_them = (
            clock.wall // 1_000_000 - good.snapshot.id.ts_ms,
            max(0, ahead_ms) + (clock.mono - seen) * 1000,
        )
        assert age <= max(0, *by_one_of_them) + 1


@law
@given(
    ahead_ms=st.integers(-100_000, 100_000),
    steps=st.lists(st.tuples(st.floats(0.001, 50), st.floats(-500, 0)), min_size=1, max_size=8),
)
def test_no_step_back_of_the_wall_clock_makes_a_snapshot_younger(
    ahead_ms: int, steps: list[tuple[float, float]]
) -> None:
    clock = manual_clock()
    good = record(SPX, Instant.now(clock), age_ms=ahead_ms).last_good
    assert good is not None
    age = age_ms(good, Instant.now(clock))
    for run, step in steps:
        clock.advance(run)
        clock.step_wall(step)
        before, age = age, age_ms(good, Instant.now(clock))
        assert age - before == pytest.approx(run * 1000, abs=1.01)


def test_a_step_forward_ages_at_once_and_the_true_age_returns_with_the_clock() -> None:
    clock = manual_clock()
    one = record(SPX, Instant.now(clock), age_ms=1_000)
    clock.step_wall(60)
    [chain_status] = evaluate(board([one], Instant.now(clock)), Instant.now(clock)).statuses
    assert (chain_status.state, chain_status.age_s) == (State.STALE, 61.0)
    clock.step_wall(-60)
    [chain_status] = evaluate(board([one], Instant.now(clock)), Instant.now(clock)).statuses
    assert (chain_status.state, chain_status.age_s) == (State.FRESH, 1.0)


# Limits


def voices(evaluated: HealthReport) -> dict[str, str]:
    """Return the one state that board, JSON and signals give the only chain, read from each voice's own words."""
    [chain_status] = evaluated.statuses
    row = plain(board_table(evaluated, None, 60, 20).body[0])
    words = [state for state in State if re.search(rf"\b{state}\b", row)]
    told = [state for state in State if any(re.search(rf"\b{state}\b", s.text) for s in evaluated.signals)]
    strip = [state for state in State if re.search(rf"\b{state}\b", plain(trouble(evaluated, 200)).partition(" ")[2])]
    body = status_json(evaluated)
    return {
        "reading": chain_status.state,
        "board": "+".join(words),
        "json": body["expiries"][0]["state"],
        "signals": "+".join(told) or State.FRESH,
        "strip": "+".join(strip) or State.FRESH,
    }


LIMITS = [
    (WARN_MS - 1, State.FRESH),
    (WARN_MS, State.FRESH),
    (WARN_MS + 1, State.AGING),
    (STALE_MS - 1, State.AGING),
    (STALE_MS, State.AGING),
    (STALE_MS + 1, State.STALE),
    (-TOLERANCE_MS + 1, State.FRESH),
    (-TOLERANCE_MS, State.FRESH),
    (-TOLERANCE_MS - 1, State.FUTURE),
]


@pytest.mark.parametrize(("age", "state"), LIMITS)
def test_every_voice_changes_its_word_on_the_same_millisecond(age: int, state: State) -> None:
    one = record(SPX, NOW, age_ms=age)
    fine = record(SPX_MON, NOW)  # keeps "all stale" out of the strip
    assert set(voices(report([one], NOW)).values()) >= {state}
    both = report([one, fine], NOW)
    assert both.statuses[0].state is state
    heard = voices(report([one], NOW))
    if state is State.STALE:  # then the gravest thing to say is that no chain is usable
        heard["strip"] = both.signals[0].text.split()[2].rstrip(",:")
    assert heard == dict.fromkeys(heard, state)


@pytest.mark.parametrize(("age", "state"), [case for case in LIMITS if case[0] > 0])
def test_the_tick_that_crosses_a_limit_changes_the_state_without_a_poll(age: int, state: State) -> None:
    clock = manual_clock()
    known = board([record(SPX, Instant.now(clock))], Instant.now(clock))
    clock.advance(age / 1000)
    polled = changed(known, polled=clock.mono)
    assert evaluate(polled, Instant.now(clock)).statuses[0].state is state


def test_limits_follow_the_publishers_own_interval() -> None:
    states = [report([record(SPX, NOW, age_ms=age, thresholds=SOONER)], NOW).statuses[0].state for age in (8000, 8001)]
    assert states == [State.FRESH, State.AGING]
    states = [
        report([record(SPX, NOW, age_ms=age, thresholds=SOONER)], NOW).statuses[0].state for age in (14000, 14001)
    ]
    assert states == [State.AGING, State.STALE]


@law
@given(age=st.integers(WARN_MS + 1, 3_600_000))
def test_no_signal_says_an_age_that_a_limit_forbids(age: int) -> None:
    evaluated = report([record(SPX, NOW, age_ms=age), record(SPX_MON, NOW)], NOW, last_frame=START_S)
    said = {int(found) for signal in evaluated.signals for found in re.findall(r"(\d+) s\b", signal.text)}
    assert said == {age // 1000}


# States, one at a time


def test_the_first_state_that_fits_is_shown() -> None:
    both_old_and_ahead = record(SPX, NOW, age_ms=-9_000)
    assert both_old_and_ahead.last_good
    old = replace(both_old_and_ahead.last_good, age_then_ms=90_000)
    ahead = replace(both_old_and_ahead, last_good=old)

    def state(one: ChainRecord, **parts: object) -> State:
        return report([one], NOW, **parts).statuses[0].state

    assert state(ahead) is State.FUTURE  # though STALE by sight
    for fault in (State.INVALID, State.DANGLING, State.MISSING):
        assert state(at_fault(ahead, fault, NOW)) is fault
        assert state(at_fault(ahead, fault, NOW), reached=False) is State.UNREACHABLE
    assert state(ahead, reached=False) is State.UNREACHABLE
    assert state(replace(ahead, fault=None, last_good=replace(old, snapshot=record(SPX, NOW).last_good.snapshot))) is (  # type: ignore[union-attr]
        State.STALE
    )
    assert " ".join(State) == "UNREACHABLE MISSING DANGLING INVALID FUTURE STALE AGING FRESH"


def test_a_chain_that_was_never_read_is_missing_without_a_beginning() -> None:
    [chain_status] = report([ChainRecord(SPX)], NOW).statuses
    assert (chain_status.state, chain_status.age_s, chain_status.ttl_s, chain_status.since) == (
        State.MISSING,
        None,
        None,
        None,
    )


def test_a_fault_keeps_the_age_of_what_was_last_good() -> None:
    clock = manual_clock()
    lost = at_fault(record(SPX, Instant.now(clock), age_ms=4_000), State.MISSING, Instant.now(clock))
    clock.advance(10)
    [chain_status] = evaluate(board([lost], Instant.now(clock)), Instant.now(clock)).statuses
    assert (chain_status.age_s, chain_status.ttl_s, chain_status.note) == (14.0, None, "no pointer")


def test_ttl_counts_down_beside_the_age_and_never_below_nothing() -> None:
    known = board([record(SPX, NOW, ttl_ms=5_000)], NOW)
    left = [evaluate(changed(known, polled=NOW.mono + s), later(s)).statuses[0].ttl_s for s in (0, 1.5, 5, 9)]
    assert left == [5.0, 3.5, 0.0, 0.0]


def test_days_to_expiry_are_counted_from_the_recorded_day_where_there_is_one() -> None:
    recorded = SourceInfo("replay", as_of=START_S - 7 * 86_400)
    assert report([record(SPX, NOW, source=recorded)], NOW).statuses[0].dte == 7
    assert report([record(SPX_MON, NOW)], NOW).statuses[0].dte == 3


def test_since_is_the_moment_at_which_the_limit_was_crossed() -> None:
    known = board([record(SPX, NOW, age_ms=1_000), record(SPX_MON, NOW)], NOW)
    for seconds in (40, 47.25, 3_000):
        evaluated = evaluate(changed(known, polled=NOW.mono + seconds), later(seconds))
        assert evaluated.statuses[0].since == pytest.approx(START_S + 34, abs=1e-3)
        assert evaluated.signals[0].since == evaluated.statuses[1].since  # all are stale since the last of them is
    aging = evaluate(changed(known, polled=NOW.mono + 30), later(30))
    assert [r.since for r in aging.statuses] == [START_S + 21, START_S + 22]
    assert [s.since for s in aging.signals] == [START_S + 21]


# Flags


def test_flags_stand_beside_the_state() -> None:
    def flags(one: ChainRecord) -> tuple[Flag, ...]:
        return report([one], NOW).statuses[0].flags

    old = {"bid": 1.0, "ask": 1.1, "last_updated": START_NS - round((OLD_SOURCE_S + 1) * 1e9)}
    quotes = [item(6930, side, last_quote=old) for side in ("call", "put")]
    late = [item(6930, side, last_quote=old | {"timeframe": "DELAYED"}) for side in ("call", "put")]
    assert flags(record(SPX, NOW)) == (Flag.MOCK,)
    assert flags(record(SPX, NOW, source=SourceInfo("massive"))) == ()
    assert flags(record(SPX, NOW, source=SourceInfo("capture", market="closed"))) == (Flag.CAPTURE, Flag.OFF_HOURS)
    assert flags(record(SPX, NOW, source=SourceInfo("replay"))) == (Flag.REPLAY,)
    assert flags(record(SPX, NOW, contracts=quotes)) == (Flag.OLD_SOURCE, Flag.MOCK)
    assert flags(record(SPX, NOW, contracts=late)) == (Flag.DELAYED, Flag.MOCK)  # late by contract, not old
    for side in ("call", "put"):
        assert flags(record(SPX, NOW, contracts=[item(6930, side)])) == (Flag.PARTIAL, Flag.MOCK)


@pytest.mark.parametrize(("timeframe", "limit"), [("REAL-TIME", OLD_SOURCE_S), ("DELAYED", OLD_SOURCE_DELAYED_S)])
def test_old_source_is_measured_from_the_snapshot_not_from_now(timeframe: str, limit: float) -> None:
    for extra, expected in ((-1, False), (1, True)):
        stamp = START_NS - round((limit + extra) * 1e9)
        quote = {"bid": 1.0, "ask": 1.1, "last_updated": stamp, "timeframe": timeframe}
        one = record(SPX, NOW, contracts=[item(6930, side, last_quote=quote) for side in ("call", "put")])
        known = board([one], NOW)
        for seconds in (0, 20):
            [chain_status] = evaluate(changed(known, polled=NOW.mono + seconds), later(seconds)).statuses
            assert (Flag.OLD_SOURCE in chain_status.flags) is expected


def stamped(seconds_old: float, *names: str) -> list[Contract]:
    """Return both sides of a strike without a quote, their blocks `names` stamped so long before the snapshot."""
    at = START_NS - round(seconds_old * 1e9)
    blocks: dict[str, Any] = {
        "underlying_asset": {"ticker": "I:SPX", "value": SPOT, "last_updated": at},
        "last_trade": {"price": 10.2, "sip_timestamp": at},
        "day": {"volume": 1, "last_updated": at},
    }
    parts = {name: blocks[name] if name in names else {} for name in blocks}
    return [item(6930, side, last_quote=None, **parts) for side in ("call", "put")]


DAY = 86_400


@pytest.mark.parametrize(
    ("names", "seconds", "said"),
    [
        (("underlying_asset", "last_trade", "day"), OLD_SOURCE_S + 1, "underlying 121 s old"),
        (("underlying_asset", "last_trade", "day"), OLD_SOURCE_S - 1, ""),
        (("last_trade", "day"), 41 * DAY, "last trade 41 d old"),
        (("last_trade", "day"), 20 * 3600, ""),  # the session before: New Year's Eve is two days ago
        (("day",), 97 * DAY, "day 97 d old"),
        (("day",), 1.5 * DAY, ""),
        ((), 0, ""),  # no stamp, no verdict
    ],
)
def test_without_quotes_the_next_best_stamp_tells_the_datas_age(
    names: tuple[str, ...], seconds: float, said: str
) -> None:
    evaluated = report([record(SPX, NOW, contracts=stamped(seconds, *names), source=SourceInfo("massive"))], NOW)
    assert (Flag.OLD_SOURCE in evaluated.statuses[0].flags) is bool(said)
    told = [signal.text for signal in evaluated.signals if signal.name == "old-source"]
    assert told == ([f"SPX 01-02 OLD-SOURCE: {said}"] if said else [])


@pytest.mark.parametrize(
    ("stamp", "said"),
    [
        (START_NS // 10**6, f"quotes stamped {START_NS // 10**6}, no epoch in nanoseconds: how old is unknown"),
        (1, "quotes stamped 1, no epoch in nanoseconds: how old is unknown"),
        (START_NS + 30 * DAY * 10**9, "quotes stamped 30 d ahead of the snapshot: how old is unknown"),
        (START_NS + DAY * 10**9 + 10**9, "quotes stamped 24.0 h ahead of the snapshot: how old is unknown"),
        (START_NS + DAY * 10**9, ""),  # a clock that is off is told as such
    ],
)
def test_a_stamp_that_cannot_be_right_vouches_for_no_age(stamp: int, said: str) -> None:
    contracts = surface(last_quote={"bid": 10.0, "ask": 10.4, "last_updated": stamp})
    evaluated = report([record(SPX, NOW, contracts=contracts, source=SourceInfo("massive"))], NOW)
    told = [signal.text for signal in evaluated.signals if signal.name == "old-source"]
    assert told == ([f"SPX 01-02 OLD-SOURCE: {said}"] if said else [])


def test_one_old_trade_among_new_ones_is_a_quiet_contract() -> None:
    mixed = stamped(60 * DAY, "last_trade")[:1] + stamped(5, "last_trade")[1:]
    evaluated = report([record(SPX, NOW, contracts=mixed, source=SourceInfo("massive"))], NOW)
    assert Flag.OLD_SOURCE not in evaluated.statuses[0].flags


NIGHT = datetime(2026, 1, 2, 21, tzinfo=NEW_YORK).timestamp()


@pytest.mark.parametrize(
    ("market", "as_of", "off"),
    [
        ("open", None, False),
        ("closed", None, True),  # the vendor knows of a closure that no rule tells
        ("extended-hours", None, False),
        ("", None, False),  # nobody says
        ("", float(START_S), False),
        ("", NIGHT, True),  # a Friday night's record
    ],
)
def test_off_hours_are_when_a_chains_options_do_not_trade(market: str, as_of: float | None, off: bool) -> None:
    source = SourceInfo("massive", market=market, as_of=as_of)
    assert (Flag.OFF_HOURS in report([record(SPX, NOW, source=source)], NOW).statuses[0].flags) is off


def test_what_the_vendor_calls_closed_may_be_the_global_session_of_an_index() -> None:
    def flags(clock: tuple[int, ...], underlying: str, ticker: str) -> tuple[Flag, ...]:
        wall = datetime(*clock, tzinfo=NEW_YORK).timestamp()  # type: ignore[misc,arg-type]
        now = Instant(round(wall * 1e9), 5_000.0)
        chain = ChainId(underlying, date(2026, 9, 18))
        asset = {"ticker": ticker, "value": SPOT}
        rows = [item(6930, side, chain=chain, underlying_asset=asset, last_quote=None) for side in ("call", "put")]
        return (
            report([record(chain, now, contracts=rows, source=SourceInfo("massive", market="closed"))], now)
            .statuses[0]
            .flags
        )

    assert Flag.OFF_HOURS not in flags((2026, 8, 19, 21, 0), "SPX", "I:SPX")
    assert Flag.OFF_HOURS in flags((2026, 8, 19, 21, 0), "NDX", "I:NDX")
    assert Flag.OFF_HOURS in flags((2026, 8, 19, 21, 0), "TSLA", "TSLA")
    assert Flag.OFF_HOURS not in flags((2026, 8, 19, 7, 45), "TSLA", "TSLA")
    assert Flag.OFF_HOURS not in flags((2026, 8, 19, 16, 10), "NQX", "I:NQX")  # an index by its ticker
    assert Flag.OFF_HOURS in flags((2026, 8, 12, 16, 10), "TSLA", "TSLA")  # before shares' longer hours


def test_a_publishers_trouble_is_told_even_of_a_chain_never_published() -> None:
    evaluated = report([replace(ChainRecord(SPX), last_error="vendor: 403, the key has no options plan")], NOW)
    assert Flag.FAILING in evaluated.statuses[0].flags
    assert text_of(evaluated, "failing") == "SPX 01-02 FAILING: vendor: 403, the key has no options plan"


def test_off_hours_changes_neither_age_nor_word() -> None:
    clock = ManualClock(START_NS + 2 * 86_400 * 10**9, 9.0)  # Sunday
    closed = SourceInfo("massive", market="closed")
    quote = {"bid": 1.0, "ask": 1.1, "last_updated": clock.wall - 60 * 10**9}
    items = [item(6930, side, chain=SPX_MON, last_quote=quote) for side in ("call", "put")]
    last = record(SPX_MON, Instant.now(clock), age_ms=41_500, source=closed, contracts=items)
    evaluated = report([last], Instant.now(clock))
    assert (evaluated.statuses[0].state, evaluated.statuses[0].age_s) == (State.STALE, 41.5)
    assert evaluated.statuses[0].flags == (Flag.OFF_HOURS,)
    row = plain(board_table(evaluated, None, 80, 10).body[0])
    assert "STALE" in row and "41.5" in row and "OFF" in row


# The deck


def deck(records: list[ChainRecord], **parts: object) -> DeckState:
    return report(records, NOW, **parts).state


def test_the_state_of_the_deck_is_that_of_its_gravest_signal() -> None:
    fine = record(SPX_MON, NOW)
    assert deck([fine]) is DeckState.OK
    assert deck([fine, in_state(SPX, State.AGING, NOW)]) is DeckState.WARNING
    assert deck([fine, in_state(SPX, State.STALE, NOW)]) is DeckState.WARNING
    assert deck([fine, in_state(SPX, State.FUTURE, NOW)]) is DeckState.WARNING
    for lost in (State.MISSING, State.DANGLING, State.INVALID):
        assert deck([fine, in_state(SPX, lost, NOW)]) is DeckState.PARTIAL_DEGRADATION
    assert deck([fine], reached=False) is DeckState.CRITICAL
    assert deck([fine], depth={"SPX": 2}) is DeckState.PARTIAL_DEGRADATION


@pytest.mark.parametrize(
    "states", list(itertools.product((State.STALE, State.MISSING, State.DANGLING, State.INVALID), repeat=2))
)
def test_no_usable_chain_is_critical_in_every_mixture(states: tuple[State, State]) -> None:
    records = [in_state(chain, state, NOW) for chain, state in zip((SPX, NDX), states, strict=True)]
    evaluated = report(records, NOW)
    assert evaluated.state is DeckState.CRITICAL
    assert evaluated.signals[0].text.startswith("no chain has a usable snapshot: all 2 ")


@pytest.mark.parametrize("stream", ["active", "quiet", "none", "within what clocks differ by"])
@pytest.mark.parametrize("stale", [True, False])
@pytest.mark.parametrize("market", ["open", "closed"])
def test_degraded_means_that_the_stream_runs_over_a_stale_snapshot(stream: str, stale: bool, market: str) -> None:
    source = SourceInfo("massive", market=market)
    first = record(SPX, NOW, age_ms=48_000 if stale else 1_000, source=source)
    stream_ts = {"active": START_S - STREAM_ACTIVE_S, "quiet": START_S - STREAM_ACTIVE_S - 0.001, "none": None}
    moment = stream_ts.get(stream, START_S + FUTURE_TOLERANCE_S)
    evaluated = report([first, record(SPX_MON, NOW, source=source)], NOW, last_frame=moment)
    degraded = stale and stream not in ("quiet", "none")
    assert ("stream-over-stale" in names(evaluated)) is degraded
    assert evaluated.state is (DeckState.DEGRADED if degraded else DeckState.WARNING if stale else DeckState.OK)
    if degraded:
        assert text_of(evaluated, "stream-over-stale") == "stream active while SPX 01-02 is STALE, 48 s"


FRAME, ENTRY = "last frame", "newest entry"


@pytest.mark.parametrize(
    ("parts", "active", "told"),
    [
        ({"last_frame": START_S + 3_600.0}, False, [FRAME]),
        ({"newest_entry": START_S + 3_600.0}, False, [ENTRY]),
        ({"last_frame": START_S + 2.001}, False, [FRAME]),
        ({"last_frame": START_S + 2.0}, True, []),
        ({"last_frame": START_S + 3_600.0, "newest_entry": START_S - 1.0}, True, [FRAME]),
        ({"last_frame": START_S - 60.0, "newest_entry": START_S - 1.0}, True, []),
        ({"last_frame": START_S - 1.0, "newest_entry": START_S - 60.0}, True, []),
        ({"last_frame": START_S - 60.0, "newest_entry": START_S - 60.0}, False, []),
    ],
)
def test_a_stream_stamped_in_the_future_is_unknown_and_told(
    parts: dict[str, float], active: bool, told: list[str]
) -> None:
    evaluated = report([in_state(SPX, State.STALE, NOW), record(NDX, NOW)], NOW, **parts)
    assert (evaluated.state is DeckState.DEGRADED) is active
    assert health_json(evaluated)["stream"]["active"] is active
    said = [signal.text for signal in evaluated.signals if signal.name == "stream-clock"]
    assert [text.partition("'s ")[2].partition(" is")[0] for text in said] == told
    assert all("s ahead of us: not counted" in text for text in said)


def test_a_stream_over_an_aging_snapshot_is_no_degradation() -> None:
    evaluated = report([in_state(SPX, State.AGING, NOW), record(SPX_MON, NOW)], NOW, last_frame=START_S)
    assert evaluated.state is DeckState.WARNING


def test_depth_names_what_is_lost_and_since_when() -> None:
    days = [ChainId("SPX", SPX.expiry + timedelta(days=n)) for n in range(5)]
    lost = [at_fault(record(c, later(n)), State.MISSING, later(n)) for n, c in enumerate(days[:4])]
    evaluated = report([*lost, record(days[4], later(9)), record(NDX, later(9))], later(9))
    assert text_of(evaluated, "depth") == "SPX depth 1 of 5: SPX 01-02, 01-03 and 2 more MISSING"
    [depth] = [s for s in evaluated.signals if s.name == "depth"]
    assert (depth.since, depth.severity) == (START_S, DeckState.PARTIAL_DEGRADATION)
    short = report([record(SPX, NOW)], NOW, depth={"SPX": 6})
    assert text_of(short, "depth") == "SPX depth 1 of 6: the publisher lists no more"
    assert "depth" not in names(report([in_state(SPX, State.STALE, NOW), record(NDX, NOW)], NOW))


def test_two_underlyings_are_told_apart() -> None:
    evaluated = report([in_state(SPX, State.STALE, NOW), in_state(NDX, State.STALE, NOW), record(SPX_MON, NOW)], NOW)
    assert [s.text for s in evaluated.signals] == ["SPX 01-02 STALE, 40 s old", "NDX 01-02 STALE, 40 s old"]


def test_an_outage_is_one_signal_with_its_beginning_and_no_depth_is_guessed() -> None:
    known = board([in_state(SPX, State.MISSING, NOW), record(NDX, NOW, age_ms=50_000)], NOW, reached=False)
    evaluated = evaluate(changed(known, polled=NOW.mono + 8), later(8))
    assert names(evaluated)[:1] == ["redis-unreachable"]
    assert "depth" not in names(evaluated) and "all-stale" not in names(evaluated)
    assert evaluated.signals[0].text == "Redis unreachable: connection refused"
    assert evaluated.signals[0].since == START_S
    assert [r.age_s for r in evaluated.statuses] == [11.0, 58.0]


def test_a_silent_poll_loop_is_said_with_the_moment_it_fell_silent() -> None:
    known = board([record(SPX, NOW)], NOW)
    assert evaluate(known, later(3.0)).state is DeckState.OK
    evaluated = evaluate(known, later(3.001))
    assert (evaluated.state, names(evaluated)) == (DeckState.CRITICAL, ["poll-silent"])
    assert evaluated.statuses[0].state is State.UNREACHABLE
    assert evaluate(known, later(60)).signals[0].since == pytest.approx(START_S)


def test_the_cause_comes_first_then_the_worst_and_nothing_lesser_is_dropped() -> None:
    stopped = heartbeat(SPX, SPX_MON, NDX, status=STOPPED)
    records = [in_state(SPX, State.STALE, NOW), in_state(SPX_MON, State.MISSING, NOW), record(NDX, NOW)]
    evaluated = report(records, NOW, beats=[stopped], last_frame=START_S)
    assert names(evaluated) == ["publisher-silent", "stream-over-stale", "depth", "stale"]
    ranks = [signal.severity.rank for signal in evaluated.signals[1:]]
    assert ranks == sorted(ranks, reverse=True)


def test_a_publisher_that_said_so_has_stopped_and_one_that_did_not_is_silent() -> None:
    for status, words in (
        (STOPPED, "publisher mock_massive has stopped"),
        ("running", "publisher mock_massive is silent"),
    ):
        known = board([record(SPX, NOW)], NOW, beats=[heartbeat(SPX, status=status)])
        gone = tuple(replace(p, alive=False, gone_since=START_S - 3.0) for p in known.publishers.known)
        evaluated = evaluate(changed(known, known=gone), NOW)
        assert [(s.text, s.since) for s in evaluated.signals] == [(words, START_S - 3.0)]
    assert names(report([record(SPX, NOW)], NOW, beats=[])) == ["publisher-unknown"]


def test_a_rolled_back_pointer_is_told_with_both_times() -> None:
    later_one = SnapshotId(SPX, (START_S + 10) * 1000)
    evaluated = report([replace(record(SPX, NOW), rolled_back_from=later_one)], NOW)
    assert text_of(evaluated, "rolled-back") == "SPX 01-02 ROLLED-BACK: from 10:00:10 to 10:00:00"


def test_what_redis_evicts_is_told_for_a_minute_and_how_it_would_evict_as_long_as_it_is_so() -> None:
    for policy, told in (("", False), ("noeviction", False), ("volatile-ttl", False), ("allkeys-lru", True)):
        evaluated = report([record(SPX, NOW)], NOW, server=Server("valkey 9", policy))
        assert names(evaluated) == ["eviction-policy"] * told
    for seconds, told in ((0.0, True), (59.999, True), (60.0, False)):
        evicting = Server("valkey 9", "volatile-ttl", 12, NOW.wall_s - seconds)
        evaluated = report([record(SPX, NOW)], NOW, server=evicting)
        assert [(s.text, s.since, s.severity) for s in evaluated.signals] == [
            (
                "Redis is full: 12 keys evicted since this watcher began; raise maxmemory",
                NOW.wall_s - seconds,
                DeckState.WARNING,
            )
        ] * told


def test_a_clock_step_is_told_with_the_moment_of_the_step() -> None:
    known = board([record(SPX, NOW)], NOW, step_s=-7.5, step_at=NOW.mono - 20)
    for seconds in (0, 2):
        [signal] = evaluate(changed(known, polled=NOW.mono + seconds), later(seconds)).signals
        assert signal.text == "this machine's clock stepped by -7.5 s: ages by wall clock may be off"
        assert signal.since == START_S - 20
    assert not report([record(SPX, NOW)], NOW, step_s=2.0).signals


STATES = st.sampled_from([s for s in State if s is not State.UNREACHABLE])
_FAULTS = (State.STALE, State.MISSING, State.DANGLING, State.INVALID)


@law
@given(states=st.lists(STATES, min_size=1, max_size=6), which=st.integers(0, 5), worse=st.sampled_from(_FAULTS))
def test_the_loss_of_a_chain_never_makes_the_deck_look_better(states: list[State], which: int, worse: State) -> None:
    chains = [ChainId("SPX", date(2026, 1, 2) + timedelta(days=n)) for n in range(len(states))]
    records = [in_state(c, s, NOW) for c, s in zip(chains, states, strict=True)]
    before = report(records, NOW)
    at = which % len(states)
    if states[at] in (State.FRESH, State.AGING):
        records[at] = in_state(chains[at], worse, NOW)
    assert report(records, NOW).state.rank >= before.state.rank


@law
@given(states=st.lists(STATES, max_size=5))
def test_each_state_that_is_not_fresh_is_named_in_a_signal(states: list[State]) -> None:
    chains = [ChainId("SPX", date(2026, 1, 2) + timedelta(days=n)) for n in range(len(states))]
    evaluated = report([in_state(c, s, NOW) for c, s in zip(chains, states, strict=True)], NOW)
    said = " ".join(signal.text for signal in evaluated.signals)
    for state in set(states) - {State.FRESH}:
        assert state in said or (state is State.MISSING and "depth" in names(evaluated))
    assert bool(evaluated.signals) is (not states or any(state is not State.FRESH for state in states))


def test_a_board_before_its_first_poll_alarms_nobody() -> None:
    assert evaluate(Board(), NOW).signals == ()


def test_signals_read_the_same_in_every_panel() -> None:
    evaluated = report(
        [record(SPX, NOW, age_ms=48_000, contracts=surface()), record(SPX_MON, NOW)], NOW, last_frame=START_S
    )
    texts = [signal.text for signal in evaluated.signals]
    panel = "\n".join(plain(line) for line in signal_lines(evaluated, 120))
    assert all(text in panel for text in texts)
    assert texts[0] in plain(trouble(evaluated, 120))
    assert [s["text"] for s in status_json(evaluated)["signals"]] == texts


def test_a_depth_that_lacks_what_has_passed_says_so() -> None:
    over = record(ChainId("SPX", date(2026, 1, 1)), NOW)
    evaluated = report([over], NOW)
    assert [signal.text for signal in evaluated.signals if signal.name == "depth"] == ["SPX depth 0 of 1: 1 PAST-DATED"]
