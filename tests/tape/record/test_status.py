"""What is said of a recording: what it missed and when, since when it fails, its size and the room that is left."""

import shutil
from pathlib import Path

from chain.clock import ManualClock
from chain.model.keys import KeySchema
from chain.monitor.watch.tracker import Tracker
from tape.record.backlog import Backlog
from tape.record.recorder import Recorder
from tape.record.status import RecordingStatus
from tests.support.scenes import START_NS, START_S, manual_clock
from tests.support.waiting import wait_until

KEYS = KeySchema()


def test_what_is_missed_is_counted_with_the_time_of_the_last() -> None:
    once = RecordingStatus().with_missed(2, START_S)
    assert (once.missed, once.missed_at) == (2, START_S)
    assert once.with_missed(0, START_S + 9) is once
    twice = once.with_missed(1, START_S + 9)
    assert (twice.missed, twice.missed_at) == (3, START_S + 9)


def test_a_failure_that_goes_on_for_another_reason_keeps_its_beginning() -> None:
    failing = RecordingStatus().failing("disk full", START_S).failing("read-only", START_S + 5)
    assert (failing.error, failing.failing_since) == ("read-only", START_S)


def test_the_tape_is_measured_with_its_log_and_without_being_opened(tmp_path: Path) -> None:
    path = tmp_path / "a.tape"
    path.write_bytes(b"x" * 1_000)
    status = RecordingStatus(path=path)
    assert status.measured(tmp_path).size == 1_000
    path.with_name("a.tape-wal").write_bytes(b"y" * 24)
    measured = status.measured(tmp_path)
    assert measured.size == 1_024
    assert measured.free is not None and 0 < measured.free <= shutil.disk_usage(tmp_path).total


def test_what_cannot_be_measured_is_not_known(tmp_path: Path) -> None:
    measured = RecordingStatus(path=tmp_path / "gone" / "a.tape").measured(tmp_path / "gone")
    assert (measured.size, measured.free) == (None, None)
    assert RecordingStatus().measured(tmp_path).size is None


def test_a_recorder_knows_since_when_it_runs_and_how_much_room_there_is(tmp_path: Path) -> None:
    clock: ManualClock = manual_clock()
    recorder = Recorder(tmp_path, KEYS, clock)
    recorder.start()
    wait_until(lambda: recorder.status.free is not None, 5, "a measurement")
    assert (recorder.status.since, recorder.status.size) == (START_NS / 1e9, None)
    recorder.stop()


def test_states_wait_only_where_there_is_room_but_for_one_that_begins() -> None:
    backlog, state = Backlog(0), Tracker(KEYS).state()
    backlog.offer_state(state)
    assert backlog.take(0.0) == []
    backlog.offer_state(state, begins=True)
    assert len(backlog.take(0.0)) == 1
