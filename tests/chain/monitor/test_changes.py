"""Changes of state: looking only where one is possible finds what judging every chain at every instant finds."""

import math
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.clock import Instant, ManualClock
from chain.model.keys import ChainId
from chain.monitor import changes
from chain.monitor.board import ChainRecord
from chain.monitor.changes import StateChanges
from chain.monitor.evaluate.freshness import state_of, steady
from chain.monitor.states import State
from chain.thresholds import FUTURE_TOLERANCE_MS, Thresholds
from tests.support.scenes import SPX, SPX_MON, at_fault, board, law, manual_clock, record

LIMITS = Thresholds()
EDGES = [limit + by for limit in (0, FUTURE_TOLERANCE_MS, LIMITS.warn_ms, LIMITS.stale_ms) for by in (-1, 0, 1)]
MS = st.sampled_from(EDGES) | st.integers(0, 50_000)
FAULTS = st.sampled_from([State.MISSING, State.DANGLING, State.INVALID])
STEP = st.one_of(
    st.tuples(st.just("pass"), MS.filter(lambda ms: ms >= 0)),
    st.tuples(st.just("wall"), MS | MS.map(lambda ms: -ms)),
    st.tuples(st.just("read"), MS | MS.map(lambda ms: -ms)),
    st.tuples(st.just("fault"), FAULTS),
    st.tuples(st.just("lost"), st.none()),
)


def moved(clock: ManualClock, held: ChainRecord, step: tuple[str, Any]) -> ChainRecord:
    """Return the entry after a step: time passes, the wall clock is set, a snapshot of an age is read, or a fault."""
    match step:
        case ("pass", ms):
            clock.advance(ms / 1000)
        case ("wall", ms):
            clock.wall += ms * 1_000_000
        case ("read", age_ms):
            return record(held.chain, Instant.now(clock), age_ms=age_ms)
        case ("fault", state):
            return at_fault(held, state, Instant.now(clock))
    return held


def state_now(held: ChainRecord, clock: ManualClock) -> State:
    now = Instant.now(clock)
    return state_of(held, now.wall_ms, now.mono)[0]


@law
@given(st.lists(st.tuples(st.sampled_from([SPX, SPX_MON]), STEP), max_size=14))
def test_what_is_skipped_has_not_changed(steps: list[tuple[ChainId, tuple[str, Any]]]) -> None:
    clock, found = manual_clock(), StateChanges()
    records = {chain: record(chain, Instant.now(clock)) for chain in (SPX, SPX_MON)}
    known: dict[ChainId, State] = {}
    for chain, step in [(SPX, ("pass", 0)), *steps]:
        records[chain] = moved(clock, records[chain], step)
        now = Instant.now(clock)
        told = found.on_board(board(list(records.values()), now, reached=step[0] != "lost"), now)
        expected: dict[tuple[State, State], list[ChainId]] = {}
        if step[0] != "lost":
            for each, held in records.items():
                state = state_now(held, clock)
                if known.get(each, state) is not state:
                    expected.setdefault((known[each], state), []).append(each)
                known[each] = state
        assert told == expected


@law
@given(STEP, MS.filter(lambda ms: ms >= 0), MS | MS.map(lambda ms: -ms))
def test_a_state_holds_to_the_ends_of_its_time_and_not_beyond(first: tuple[str, Any], passed: int, set_by: int) -> None:
    clock = manual_clock()
    held = moved(clock, record(SPX, Instant.now(clock)), first)
    clock.advance(passed / 1000)
    clock.wall += set_by * 1_000_000
    wall_ms, mono, state = Instant.now(clock).wall_ms, clock.monotonic(), state_now(held, clock)
    while_steady = steady(held, state, mono)
    after, until, until_mono = while_steady
    assert while_steady.holds(wall_ms, mono)
    for end, beyond in ((after, after - 1), (until, until + 1)):
        if math.isfinite(end):
            assert state_of(held, int(end), mono)[0] is state
            assert state_of(held, int(beyond), mono)[0] is not state
            assert not while_steady.holds(int(beyond), mono)
    if math.isfinite(until_mono):
        assert state_of(held, wall_ms, until_mono)[0] is state
        assert state_of(held, wall_ms, until_mono + 0.001)[0] is not state


@pytest.mark.parametrize(
    ("limit_ms", "after"), [(LIMITS.warn_ms, State.AGING), (LIMITS.stale_ms, State.STALE)], ids=["aging", "stale"]
)
def test_a_state_is_judged_again_at_the_instant_it_can_change(limit_ms: int, after: State) -> None:
    clock, found = manual_clock(), StateChanges()
    held = record(SPX, Instant.now(clock), age_ms=limit_ms - 1)
    for passed, told in ((0.0, []), (0.001, []), (0.001, [after])):
        clock.advance(passed)
        now = Instant.now(clock)
        assert [state for _, state in found.on_board(board([held], now), now)] == told


def test_fresh_chains_are_not_judged_again_while_nothing_can_change() -> None:
    clock, found = manual_clock(), StateChanges()
    records = [record(SPX, Instant.now(clock)), record(SPX_MON, Instant.now(clock))]
    with patch.object(changes, "state_of", wraps=state_of) as evaluated:
        for _ in range(20):
            found.on_board(board(records, Instant.now(clock)), Instant.now(clock))
            clock.advance(1)
    assert evaluated.call_count == len(records)
