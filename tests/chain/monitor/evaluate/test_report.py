"""What a report answers when asked: an underlying's price, its depth, its chains, the sources, the stream's age."""

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from chain.clock import Instant
from chain.model.keys import ChainId
from chain.monitor.board import ChainRecord
from chain.monitor.evaluate.report import Spot, stream_active, stream_age_s, usable
from chain.monitor.heartbeat import SourceInfo
from chain.monitor.states import Flag, State
from chain.thresholds import FUTURE_TOLERANCE_S, STREAM_ACTIVE_S
from tests.support.scenes import (
    NDX,
    SPX,
    SPX_MON,
    SPX_MONTHLY,
    START_NS,
    START_S,
    board,
    in_state,
    record,
    report,
    surface,
)

NOW = Instant(START_NS, 5_000.0)


def priced(chain: ChainId, age_ms: int, spot: float | None) -> ChainRecord:
    """Return a chain whose snapshot of this age carries an underlying's price."""
    return record(chain, NOW, age_ms=age_ms, contracts=surface(chain=chain, spot=spot))


@pytest.mark.parametrize(
    ("first", "second", "third", "expected"),
    [
        # ages in milliseconds and prices; a negative age is a stamp from the future
        ((3_001, 6931.5), (1_002, 6932.5), (2_003, 6933.5), Spot(6932.5, 1.002, State.FRESH)),
        ((23_001, 6931.5), (36_002, 6932.5), (40_003, 6933.5), Spot(6931.5, 23.001, State.AGING)),
        ((21_001, 6931.5), (-9_000, 6932.5), (40_003, 6933.5), Spot(6931.5, 21.001, State.FRESH)),
        ((40_001, 6931.5), (36_002, 6932.5), (50_003, 6933.5), Spot(6932.5, 36.002, State.STALE)),
        ((3_001, 6931.5), (1_002, None), (2_003, 6933.5), Spot(6933.5, 2.003, State.FRESH)),
        ((3_001, None), (1_002, None), (2_003, None), None),
    ],
)
def test_the_price_of_an_underlying_is_the_newest_of_those_in_use_and_else_the_newest(
    first: tuple[int, float | None],
    second: tuple[int, float | None],
    third: tuple[int, float | None],
    expected: Spot | None,
) -> None:
    chains = zip((SPX, SPX_MON, SPX_MONTHLY), (first, second, third), strict=True)
    evaluated = report([priced(chain, *values) for chain, values in chains], NOW)
    assert evaluated.spot("SPX") == expected
    assert evaluated.spot("NDX") is None
    if expected:
        assert expected.current is (expected.state in (State.FRESH, State.AGING))


def test_a_chain_that_cannot_be_judged_gives_no_price_and_hinders_no_other() -> None:
    poisoned = record(SPX, NOW)
    assert poisoned.last_good
    poisoned = replace(poisoned, last_good=replace(poisoned.last_good, summary=None))
    evaluated = report([poisoned, priced(SPX_MON, 4_001, 6934.5)], NOW)
    assert evaluated.statuses[0].state is State.INVALID
    assert evaluated.spot("SPX") == Spot(6934.5, 4.001, State.FRESH)
    assert report([poisoned], NOW).spot("SPX") is None


@pytest.mark.parametrize("state", State)
def test_what_counts_as_depth_and_what_is_in_use(state: State) -> None:
    [status] = report([in_state(SPX, state, NOW)], NOW, reached=state is not State.UNREACHABLE).statuses
    assert status.state is state
    assert usable(status) is (state in (State.FRESH, State.AGING, State.STALE, State.FUTURE))
    assert status.in_use is (state in (State.FRESH, State.AGING, State.FUTURE, State.UNREACHABLE))


def test_depth_counts_neither_what_is_lost_nor_what_is_over() -> None:
    over = record(ChainId("SPX", date(2026, 1, 1)), NOW)
    records = [over, record(SPX, NOW), in_state(SPX_MON, State.STALE, NOW), in_state(SPX_MONTHLY, State.MISSING, NOW)]
    evaluated = report([*records, record(NDX, NOW)], NOW, depth={"SPX": 6, "NDX": 1})
    assert Flag.PAST_DATED in evaluated.statuses[0].flags
    assert [evaluated.depth(name) for name in ("SPX", "NDX", "TSLA")] == [(2, 6), (1, 1), (0, 0)]
    assert [status.chain for status in evaluated.statuses_of("SPX")] == [one.chain for one in records]
    assert evaluated.statuses_of("TSLA") == ()


def test_the_sources_of_a_report_are_counted_where_they_differ() -> None:
    live = SourceInfo("massive", "api.massive.com")
    mock, other = record(SPX, NOW), record(SPX_MON, NOW)
    assert report([mock, other], NOW).sources == "mock"
    assert report([mock, other, record(NDX, NOW, source=live)], NOW).sources == "2 mock, 1 live"
    assert report([], NOW).sources == ""


@pytest.mark.parametrize(
    ("frame_s", "entry_s", "age_s"),
    [
        (3.25, 7.5, 3.25),
        (7.5, 3.25, 3.25),
        (None, 7.5, 7.5),
        (7.5, None, 7.5),
        (None, None, None),
        (-1.5, 7.5, 0.0),
        (-FUTURE_TOLERANCE_S, None, 0.0),
        (-FUTURE_TOLERANCE_S - 0.001, None, None),
        (-FUTURE_TOLERANCE_S - 0.001, 7.5, 7.5),
    ],
)
def test_the_streams_age_is_that_of_its_newest_honest_sign(
    frame_s: float | None, entry_s: float | None, age_s: float | None
) -> None:
    """Each sign by how long ago it was, seconds; below zero it is stamped in our future."""
    signs = {"last_frame": frame_s, "newest_entry": entry_s}
    stamps: dict[str, Any] = {name: None if ago is None else START_S - ago for name, ago in signs.items()}
    seen = board([record(SPX, NOW)], NOW, **stamps)
    assert stream_age_s(seen, NOW) == (None if age_s is None else pytest.approx(age_s, abs=1e-6))
    assert stream_active(seen, NOW) is (age_s is not None and age_s <= STREAM_ACTIVE_S)
