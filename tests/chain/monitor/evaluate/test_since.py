"""Since when: a condition keeps its beginning while it gets worse, and anything good ends it."""

import pytest
from msgspec.structs import replace

from chain.clock import Instant, ManualClock
from chain.model.keys import ChainId
from chain.model.snapshot import encode
from chain.monitor.board import ChainRecord
from chain.monitor.evaluate.flags import remembered
from chain.monitor.evaluate.report import ChainStatus
from chain.monitor.evaluate.signals import evaluate
from chain.monitor.heartbeat import SourceInfo
from chain.monitor.states import Flag, State
from chain.monitor.watch import record_updates
from tests.support.scenes import (
    SPX,
    START_NS,
    START_S,
    at_fault,
    board,
    item,
    manual_clock,
    received,
    snapshot,
    surface,
)

BROKEN = [State.MISSING, State.DANGLING, State.INVALID]


def taken(record: ChainRecord, clock: ManualClock, *, age_s: float = 0.0, one_sided: bool = False) -> ChainRecord:
    """Return the entry after a snapshot of this age was read."""
    contracts = [item(strike, "call") for strike in (6920, 6930)] if one_sided else surface()
    made = snapshot(SPX, clock.wall - round(age_s * 1e9), contracts)
    return remembered(
        record_updates.accept(record, received(made), encode(made), 60_000, Instant.now(clock)), Instant.now(clock)
    )


def read(record: ChainRecord, clock: ManualClock, *, reached: bool = True) -> ChainStatus:
    """Return the chain's reading now."""
    now = Instant.now(clock)
    [status] = evaluate(board([record], now, reached=reached), now).statuses
    return status


def since(record: ChainRecord, clock: ManualClock) -> tuple[State, float | None]:
    """Return a chain's state, and since when it holds in seconds after the scenes' beginning."""
    status = read(record, clock)
    return status.state, None if status.since is None else round(status.since - START_S, 3)


@pytest.mark.parametrize("state", BROKEN)
def test_what_is_lost_after_it_was_stale_is_lost_since_then(state: State) -> None:
    clock = manual_clock()
    record = taken(ChainRecord(SPX), clock)
    clock.advance(40)
    assert since(record, clock) == (State.STALE, 35)
    clock.advance(20)
    record = at_fault(record, state, Instant.now(clock))
    for worse in BROKEN:
        assert since(record, clock) == (record.fault.state if record.fault else None, 35)
        clock.advance(10)
        record = at_fault(record, worse, Instant.now(clock))


@pytest.mark.parametrize("state", BROKEN)
def test_what_is_lost_while_fresh_is_lost_since_it_was_noticed_and_no_age_moves_that(state: State) -> None:
    clock = manual_clock()
    record = taken(ChainRecord(SPX), clock)
    clock.advance(5)
    record = at_fault(record, state, Instant.now(clock))
    for _ in range(4):
        assert since(record, clock) == (state, 5)
        clock.advance(20)


def test_what_aged_out_in_an_outage_is_lost_since_its_age_says_so() -> None:
    clock = manual_clock()
    record = taken(ChainRecord(SPX), clock)
    clock.advance(60)  # meanwhile Redis was away: nothing was noticed
    assert read(record, clock, reached=False).state is State.UNREACHABLE
    assert since(at_fault(record, State.MISSING, Instant.now(clock)), clock) == (State.MISSING, 35)


def test_a_stale_snapshot_in_place_of_a_lost_one_ends_nothing() -> None:
    clock = manual_clock()
    record = taken(ChainRecord(SPX), clock)
    clock.advance(5)
    record = at_fault(record, State.MISSING, Instant.now(clock))
    clock.advance(50)
    record = taken(record, clock, age_s=40)
    assert since(record, clock) == (State.STALE, 5)
    clock.advance(10)
    record = taken(record, clock, age_s=36)
    assert since(record, clock) == (State.STALE, 5)


@pytest.mark.parametrize("age_s", [0.0, 22.0, 25.0])
def test_a_blip_of_good_ends_it(age_s: float) -> None:
    clock = manual_clock()
    record = taken(ChainRecord(SPX), clock)
    clock.advance(40)
    record = taken(at_fault(record, State.MISSING, Instant.now(clock)), clock, age_s=age_s)
    assert record.carried is None
    clock.advance(35 - age_s + 1)
    assert since(record, clock) == (State.STALE, 40 + 35 - age_s)


def test_snapshots_that_all_come_late_are_late_since_the_first_of_them() -> None:
    clock = manual_clock()
    record = taken(ChainRecord(SPX), clock, age_s=25)
    for _ in range(5):
        assert since(record, clock) == (State.AGING, -3)
        clock.advance(5)
        record = taken(record, clock, age_s=25)


def test_a_late_chain_that_goes_stale_is_stale_since_it_is() -> None:
    clock = manual_clock()
    record = taken(taken(ChainRecord(SPX), clock, age_s=25), clock, age_s=24)
    clock.advance(12)
    assert since(record, clock) == (State.STALE, 11)


def test_a_publisher_ahead_of_us_is_so_since_its_first_snapshot() -> None:
    clock = manual_clock()
    record = ChainRecord(SPX)
    for _ in range(3):
        record = taken(record, clock, age_s=-9)
        assert since(record, clock) == (State.FUTURE, 0)
        clock.advance(4)
    record = taken(record, clock)
    assert since(record, clock) == (State.FRESH, None)


def test_a_chain_that_flaps_begins_anew_each_time() -> None:
    clock = manual_clock()
    record = taken(ChainRecord(SPX), clock)
    for turn in range(4):
        record = at_fault(record, State.MISSING, Instant.now(clock))
        assert since(record, clock) == (State.MISSING, 10 * turn)
        clock.advance(10)
        record = taken(record, clock)
        assert since(record, clock) == (State.FRESH, None)


@pytest.mark.parametrize("step", [-3.0, 50.0])
def test_a_step_of_the_wall_clock_does_not_lengthen_what_lasts_beyond_the_step(step: float) -> None:
    clock = manual_clock()
    record = taken(ChainRecord(SPX), clock)
    clock.advance(40)
    clock.step_wall(step)
    status = read(record, clock)
    assert status.since is not None
    lasted = clock.wall / 1e9 - status.since
    assert lasted == pytest.approx(5 + max(0.0, step), abs=0.01)  # a step forward may age it, a step back takes nothing


# Flags


def flag_since(record: ChainRecord, flag: Flag) -> float | None:
    at = record.flagged.get(flag)
    return None if at is None else at - START_S


def test_a_flag_keeps_its_beginning_through_snapshots_and_a_blip_without_it_ends_it() -> None:
    clock = manual_clock()
    clock.advance(2)
    record = taken(ChainRecord(SPX), clock, age_s=2, one_sided=True)
    for _ in range(3):
        assert flag_since(record, Flag.PARTIAL) == 0  # its stamp: it was made so
        clock.advance(10)
        record = taken(record, clock, one_sided=True)
    clock.advance(1)
    record = taken(record, clock)
    assert not record.flagged
    clock.advance(10)
    assert flag_since(taken(record, clock, one_sided=True), Flag.PARTIAL) == 43


def test_a_snapshot_from_the_future_flags_nothing_in_the_future() -> None:
    clock = manual_clock()
    assert flag_since(taken(ChainRecord(SPX), clock, age_s=-60, one_sided=True), Flag.PARTIAL) == 0


def test_every_flag_that_is_a_fault_has_a_beginning_in_its_signal() -> None:
    clock = manual_clock()
    quote = {"bid": 1.0, "ask": 1.1, "last_updated": START_NS - 900 * 10**9}
    made = snapshot(SPX, clock.wall, [item(6930, "call", last_quote=quote)])
    record = record_updates.accept(
        ChainRecord(SPX, source=SourceInfo("mock"), last_error="vendor: 429"),
        received(made),
        encode(made),
        60_000,
        Instant.now(clock),
    )
    record = replace(record, rolled_back_from=made.id._replace(ts_ms=made.id.ts_ms + 5_000))
    record = remembered(record, Instant.now(clock))
    clock.advance(7)
    evaluated = evaluate(board([record], Instant.now(clock)), Instant.now(clock))
    told = {signal.name: signal.since for signal in evaluated.signals}
    assert told == dict.fromkeys(("partial", "failing", "old-source", "rolled-back"), float(START_S))


def test_a_signal_of_several_chains_began_with_the_first_of_them() -> None:
    clock = manual_clock()
    other = ChainId("SPX", SPX.expiry.replace(day=5))
    first = remembered(ChainRecord(SPX, last_error="503"), Instant.now(clock))
    clock.advance(3)
    second = remembered(ChainRecord(other, last_error="503"), Instant.now(clock))
    evaluated = evaluate(board([second, first], Instant.now(clock)), Instant.now(clock))
    assert [signal.since for signal in evaluated.signals if signal.name == "failing"] == [START_S]
