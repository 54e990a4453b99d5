"""What a chain remembers from poll to poll: first sight, faults, the time last seen, and pointers that go back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chain.clock import Instant, ManualClock
from chain.model.snapshot import Snapshot, encode
from chain.monitor.board import ChainRecord
from chain.monitor.evaluate.freshness import age_ms
from chain.monitor.heartbeat import SourceInfo
from chain.monitor.states import State
from chain.monitor.watch import record_updates
from chain.redis.contract.kinds import NO_RECORD, KindRecord
from tests.support.scenes import SPX, START_NS, START_S, at_fault, law, manual_clock, received, snapshot


def made(seconds: float) -> Snapshot:
    """Return a snapshot made so long after the scenes' beginning."""
    return snapshot(SPX, START_NS + round(seconds * 1e9))


def take(record: ChainRecord, what: Snapshot, clock: ManualClock, kind: KindRecord = NO_RECORD) -> ChainRecord:
    return record_updates.accept(record, received(what), encode(what), 60_000, Instant.now(clock), kind)


def gone(record: ChainRecord, clock: ManualClock, state: State = State.MISSING) -> ChainRecord:
    return at_fault(record, state, Instant.now(clock))


def shown(record: ChainRecord) -> float:
    """Return which snapshot the entry shows, seconds after the scenes' beginning."""
    assert record.last_good
    return record.last_good.snapshot.ts - START_S


def back_from(record: ChainRecord) -> float | None:
    held = record.rolled_back_from
    return None if held is None else held.ts_ms / 1000 - START_S


def test_the_same_snapshot_seen_again_keeps_its_first_sight() -> None:
    clock = manual_clock()
    first = take(ChainRecord(SPX), made(-3), clock)
    clock.advance(9)
    for again in (take(first, made(-3), clock), take(gone(first, clock), made(-3), clock)):
        assert again.last_good is first.last_good
        assert again.fault is None
    for fault in (State.DANGLING, State.INVALID):
        again = take(gone(first, clock, fault), made(-3), clock)
        assert again.last_good
        assert age_ms(again.last_good, Instant.now(clock)) == 12_000


def test_a_newer_snapshot_takes_over_and_the_deadline_is_the_pointers() -> None:
    clock = manual_clock()
    first = take(ChainRecord(SPX), made(-3), clock)
    clock.advance(10)
    second = take(first, made(9), clock)
    assert (shown(second), back_from(second)) == (9, None)
    assert second.deadline == clock.mono + 60
    assert second.pointer == made(9).id
    assert record_updates.accept(first, received(made(9)), encode(made(9)), None, Instant.now(clock)).deadline is None


def test_a_pointer_set_back_is_told_first_and_followed_at_its_next_move() -> None:
    clock = manual_clock()
    first = take(take(ChainRecord(SPX), made(0), clock), made(20), clock)
    back = take(first, made(10), clock)
    assert (shown(back), back_from(back)) == (20, 20)
    assert back.pointer == made(10).id
    confirmed = take(back, made(15), clock)
    assert (shown(confirmed), back_from(confirmed)) == (15, 20)  # still older than what was seen
    beyond = take(confirmed, made(21), clock)
    assert (shown(beyond), back_from(beyond)) == (21, None)


@pytest.mark.parametrize(("stamp", "back"), [(19.999, 20), (20.0, None), (20.001, None)])
def test_a_rollback_lasts_until_the_pointer_is_as_far_as_it_was(stamp: float, back: float | None) -> None:
    clock = manual_clock()
    followed = take(take(take(ChainRecord(SPX), made(20), clock), made(10), clock), made(15), clock)
    assert (shown(followed), back_from(followed)) == (15, 20)
    reached = take(followed, made(stamp), clock)
    assert (round(shown(reached), 3), back_from(reached)) == (stamp, back)


def test_a_snapshot_older_by_a_millisecond_is_older_by_that_whatever_the_wall_clock_says() -> None:
    clock = manual_clock()
    good = take(ChainRecord(SPX), made(0), clock)
    clock.advance(10)
    clock.step_wall(-9)
    back = take(take(good, made(-0.001), clock), made(-0.002), clock)
    assert back.last_good
    assert age_ms(back.last_good, Instant.now(clock)) == 10_002


def test_a_pointer_that_returns_to_what_was_held_ends_the_rollback() -> None:
    clock = manual_clock()
    back = take(take(ChainRecord(SPX), made(20), clock), made(10), clock)
    returned = take(back, made(20), clock)
    assert (shown(returned), back_from(returned)) == (20, None)
    assert returned.last_good is back.last_good


def test_after_expiry_an_older_snapshot_is_simply_the_newest_there_is() -> None:
    clock = manual_clock()
    expired = gone(take(ChainRecord(SPX), made(20), clock), clock)
    assert back_from(expired) is None
    older = take(expired, made(10), clock)
    assert (shown(older), back_from(older)) == (10, None)


def test_a_rollback_ends_with_its_pointer() -> None:
    clock = manual_clock()
    back = take(take(ChainRecord(SPX), made(20), clock), made(10), clock)
    assert back_from(gone(back, clock)) is None


def test_since_is_when_the_fault_was_noticed_and_stays() -> None:
    clock = manual_clock()
    good = take(ChainRecord(SPX), made(0), clock)
    clock.advance(5)
    missing = gone(good, clock)
    assert missing.fault
    assert (missing.fault.since, missing.last_present) == (START_S + 5, START_S + 4)
    clock.advance(5)
    still = gone(missing, clock)
    assert still.fault
    assert (still.fault.since, still.last_present) == (START_S + 5, START_S + 4)
    clock.advance(5)
    worse = gone(still, clock, State.INVALID)
    assert worse.fault
    assert worse.fault.since == START_S + 5  # nothing good came in between


def test_a_fault_that_was_there_at_the_first_look_has_no_beginning() -> None:
    clock = manual_clock()
    for state in (State.MISSING, State.DANGLING, State.INVALID):
        record = gone(ChainRecord(SPX), clock, state)
        assert record.fault
        assert (record.fault.since, record.last_present) == (None, None)


@pytest.mark.parametrize("fault", [State.INVALID, State.DANGLING])
def test_a_pointer_that_could_not_be_used_was_there_all_the_same(fault: State) -> None:
    clock = manual_clock()
    broken = gone(take(ChainRecord(SPX), made(0), clock), clock, fault)
    clock.advance(30)
    missing = gone(gone(broken, clock, fault), clock)
    assert missing.last_present == START_S + 29  # the poll before, not the last good snapshot


def test_the_time_last_seen_outlives_other_faults() -> None:
    clock = manual_clock()
    missing = gone(take(ChainRecord(SPX), made(0), clock), clock)
    clock.advance(30)
    assert gone(missing, clock, State.INVALID).last_present == START_S - 1


def test_an_older_snapshot_is_at_least_as_much_older_as_its_stamp_says() -> None:
    clock = manual_clock()
    good = take(ChainRecord(SPX), made(0), clock)
    clock.advance(30)
    clock.step_wall(-30)
    older = take(gone(good, clock), made(-10), clock)
    assert older.last_good
    assert age_ms(older.last_good, Instant.now(clock)) == 40_000


def test_after_a_snapshot_from_the_future_the_first_honest_one_is_taken_at_its_word() -> None:
    clock = manual_clock()
    record = take(ChainRecord(SPX), made(3_600), clock)
    for _ in range(3):
        clock.advance(10)
        now = Instant.now(clock)
        record = take(record, made(now.wall_s - START_S - 1), clock)
        assert record.last_good
        assert (back_from(record), age_ms(record.last_good, now)) == (None, 1_000)


def test_a_snapshot_from_the_future_keeps_its_age_when_read_again_after_our_clock_has_caught_up() -> None:
    clock = manual_clock()
    record = take(ChainRecord(SPX), made(30), clock)
    clock.advance(31)
    again = take(gone(record, clock, State.DANGLING), made(30), clock)
    assert again.last_good
    assert age_ms(again.last_good, Instant.now(clock)) == 31_000


def test_among_snapshots_from_the_future_the_older_is_still_a_step_back() -> None:
    clock = manual_clock()
    record = take(take(ChainRecord(SPX), made(60), clock), made(50), clock)
    assert (shown(record), back_from(record)) == (60, 60)


def test_a_newer_snapshot_is_as_old_as_its_stamp_whatever_the_age_of_the_one_before() -> None:
    clock = manual_clock()
    first = take(ChainRecord(SPX), made(-3), clock)
    clock.advance(50)
    clock.step_wall(-40)
    newer = take(first, made(9.5), clock)
    assert newer.last_good
    assert age_ms(newer.last_good, Instant.now(clock)) == 500


def test_a_kind_told_for_the_first_time_begins_nothing_anew() -> None:
    clock = manual_clock()
    untold = take(ChainRecord(SPX), made(-3), clock)
    clock.advance(9)
    told = take(untold, made(-3), clock, KindRecord("mock"))
    assert told.last_good is untold.last_good
    assert told.change is None
    assert back_from(take(untold, made(-4), clock, KindRecord("mock"))) == -3


def test_a_replay_that_stands_still_reads_its_snapshot_once() -> None:
    clock = manual_clock()
    replay = ChainRecord(SPX, source=SourceInfo("replay", as_of=START_S, speed=0.0))
    first = take(replay, made(-3), clock)
    clock.advance(9)
    assert take(first, made(-3), clock).last_good is first.last_good
    assert shown(take(first, made(-3.001), clock)) == pytest.approx(-3.001)
    assert back_from(take(first, made(-3.001), clock)) is None


STEP = st.one_of(
    st.tuples(st.just("run"), st.integers(0, 30)),
    st.tuples(st.just("back"), st.integers(-60, 0)),
    st.tuples(st.just("see"), st.integers(-40, 40)),
    st.tuples(st.just("lose"), st.sampled_from([State.MISSING, State.DANGLING, State.INVALID])),
)


@law
@given(steps=st.lists(STEP, max_size=25))
def test_only_a_newer_snapshot_makes_a_chain_younger(steps: list[tuple[str, int | State]]) -> None:
    """Ages go on through loss, return, rollback and a wall clock that steps back; nothing is kept that was not seen."""
    clock = manual_clock()
    record = take(ChainRecord(SPX), made(-50), clock)
    seen = {-50}
    for step in steps:
        assert record.last_good
        before, was, from_future = shown(record), age_ms(record.last_good, Instant.now(clock)), record.last_good.ahead
        match step:
            case "run", int(seconds):
                clock.advance(seconds)
                was += seconds * 1000
            case "back", int(seconds):
                clock.step_wall(seconds)
            case "see", int(stamp):
                seen.add(stamp)
                record = take(record, made(stamp), clock)
            case "lose", State() as state:
                record = gone(record, clock, state)
        assert record.last_good
        assert shown(record) in seen
        assert record.rolled_back_from is None or record.pointer is None or record.pointer < record.rolled_back_from
        if shown(record) == before or (shown(record) < before and not from_future):
            assert age_ms(record.last_good, Instant.now(clock)) >= was


def test_an_entry_carries_its_announcement_through_every_step() -> None:
    clock = manual_clock()
    told = replace(take(ChainRecord(SPX), made(0), clock), last_error="vendor: 429")
    for step in (take(told, made(5), clock), gone(told, clock), gone(told, clock, State.INVALID)):
        assert (step.last_error, step.chain, step.source, step.thresholds) == (
            "vendor: 429",
            told.chain,
            told.source,
            told.thresholds,
        )
