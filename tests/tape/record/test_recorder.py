"""The recorder's thread: a file per trading day, nothing slowed, and a disk that is full told and survived."""

import logging
import random
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest

from chain.clock import Instant, ManualClock
from chain.model.keys import KeySchema, SnapshotId
from chain.monitor.watch.port import Answer, FetchAnswer, FetchRequest, PollAnswer, PollRequest, Request
from chain.redis.contract.store import Payload
from tape.errors import TapeError
from tape.play.boards import boards
from tape.record.backlog import Backlog
from tape.record.days import Retention, prune
from tape.record.reader import RecordingReader
from tape.record.recorder import RETRY_AFTER_S, Recorder
from tape.store.facts import FactKind, MomentKind
from tape.store.file import TapeFile
from tape.tools.verify import verify
from tests.support.recorded import PlaybackReader
from tests.support.scenes import SPX, manual_clock
from tests.support.tapes import payload, recording, write
from tests.support.waiting import wait_until
from tests.tape.store.test_tape import read

KEYS = KeySchema()
DAY_S = 86_400.0


@dataclass
class Feed:
    """Answers of an invented Redis with one chain, as a watcher would ask for them."""

    clock: ManualClock = field(default_factory=manual_clock)
    began: int = 0

    def __post_init__(self) -> None:
        self.began = self.clock.wall

    def poll(self, ts_ms: int) -> tuple[Request, Answer]:
        now = Instant.now(self.clock)
        pointer = KEYS.snapshot(SnapshotId(SPX, ts_ms)).encode()
        return PollRequest((SPX,)), PollAnswer(now, now, {SPX: pointer}, heartbeats={"massive:heartbeat": None})

    def fetch(self, ts_ms: int, raw: bytes | None = None) -> tuple[Request, Answer]:
        now, of = Instant.now(self.clock), SnapshotId(SPX, ts_ms)
        made = payload((self.clock.wall - self.began) / 1e9) if raw is None else raw
        return FetchRequest((of,)), FetchAnswer(now, now, {of: Payload(made, 60_000)})

    def look(self, recorder: Recorder, *, raw: bytes | None = None) -> None:
        """Let a second go by, and offer a new snapshot."""
        self.clock.advance(1.0)
        ts_ms = self.clock.wall // 10**6
        for exchange in (self.poll(ts_ms), self.fetch(ts_ms, raw)):
            recorder.offer(*exchange)


def settled(recorder: Recorder, answers: int) -> None:
    wait_until(lambda: recorder.status.answers + recorder.status.missed >= answers, 10, "the recorder")


def kinds(path: Path) -> list[str]:
    return [one.kind for one in read(path)]


def test_what_is_offered_is_on_the_tape_of_its_day(tmp_path: Path) -> None:
    feed = Feed()
    recorder = Recorder(tmp_path / "tapes", KEYS, feed.clock, {"redis": "unix"})
    recorder.start()
    for _ in range(5):
        feed.look(recorder)
    status = recorder.stop()
    path = tmp_path / "tapes" / "massive-2026-01-02.tape"
    assert (status.path, status.answers, status.missed, status.error) == (path, 10, 0, "")
    assert status.recorded_to == Instant.now(feed.clock).wall_s
    assert kinds(path) == [MomentKind.RUN, *[MomentKind.POLL, MomentKind.FETCH] * 5, MomentKind.END]
    with TapeFile(path) as tape:
        assert tape.about() == {"prefix": "massive", "redis": "unix"}
        assert verify(tape).sound
        assert len([*boards(tape)]) == 5


def test_a_new_day_in_new_york_begins_a_tape_with_all_that_is_in_force(tmp_path: Path) -> None:
    feed = Feed()
    recorder = Recorder(tmp_path, KEYS, feed.clock)
    recorder.start()
    feed.look(recorder)
    feed.clock.advance(14 * 3600 - 5)  # 10:00 and 14 hours: midnight there, and not in Greenwich
    recorder.offer(*feed.poll(1))
    feed.clock.advance(10)
    recorder.offer(*feed.poll(1))
    recorder.stop()
    first, second = (read(tmp_path / f"massive-2026-01-0{day}.tape") for day in (2, 3))
    assert [one.begins for one in first].count(True) == 2
    assert second[0].kind == MomentKind.RUN
    carried = [one for one in second if not one.begins and one.facts]
    assert all(one.received.wall_ns < second[0].received.wall_ns for one in carried)
    assert {fact.kind for one in carried for fact in one.facts} >= {FactKind.POINTER, FactKind.PAYLOAD}
    assert [one.begins for one in second].count(True) == 1


def test_a_recorder_that_comes_back_goes_on_with_the_days_tape(tmp_path: Path) -> None:
    feed = Feed()
    for _ in range(2):
        recorder = Recorder(tmp_path, KEYS, feed.clock)
        recorder.start()
        feed.look(recorder)
        recorder.stop()
    once = [MomentKind.RUN, MomentKind.POLL, MomentKind.FETCH, MomentKind.END]
    assert kinds(tmp_path / "massive-2026-01-02.tape") == once * 2


def test_two_recorders_of_a_prefix_do_not_write_into_one_folder(tmp_path: Path) -> None:
    first = Recorder(tmp_path, KEYS, manual_clock())
    first.start()
    with pytest.raises(TapeError, match="another recorder writes massive there"):
        Recorder(tmp_path, KEYS, manual_clock()).start()
    other = Recorder(tmp_path, KeySchema("massive:replay"), manual_clock())
    other.start()
    other.stop()
    first.stop()
    again = Recorder(tmp_path, KEYS, manual_clock())
    again.start()
    again.stop()


def test_a_folder_that_cannot_be_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TapeError, match="file"):
        Recorder(tmp_path / "file" / "tapes", KEYS, manual_clock()).start()


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_told_reading_goes_on_and_so_does_recording_when_there_is_room(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    feed = Feed()
    recorder = Recorder(tmp_path, KEYS, feed.clock)
    caplog.set_level(logging.WARNING)
    recorder.start()
    feed.look(recorder)
    settled(recorder, 2)
    dice = random.Random(4)
    with no_file_larger_than(150_000):
        for number in range(2, 42):
            feed.look(recorder, raw=dice.randbytes(30_000))
            settled(recorder, 2 * number)
    told = recorder.status
    assert told.error
    assert told.missed > 20
    assert told.failing_since and told.missed_at
    assert feed.began / 1e9 < told.failing_since <= told.missed_at <= feed.clock.wall / 1e9
    assert 0 < len(caplog.records) < told.missed / 4  # said when it begins, not for each answer
    feed.clock.advance(RETRY_AFTER_S)
    feed.look(recorder)
    status = recorder.stop()
    assert (status.error, status.failing_since, status.missed) == ("", None, told.missed)
    moments = read(tmp_path / "massive-2026-01-02.tape")
    counted = [one.about for one in moments if one.kind == MomentKind.MISSED]
    assert sum(int(str(about).split(":")[1].split(",")[0]) for about in counted) == status.missed
    last = [one for one in moments if one.begins][-1]
    assert last.received.wall_ns == feed.clock.wall
    assert [one.kind for one in moments].count(MomentKind.RUN) == 1  # the recorder was there all the time
    with TapeFile(tmp_path / "massive-2026-01-02.tape") as tape:
        assert verify(tape).sound


def test_a_tape_that_failed_is_tried_again_after_some_seconds_and_not_before(tmp_path: Path) -> None:
    feed, dice, offered = Feed(), random.Random(4), 0
    recorder = Recorder(tmp_path, KEYS, feed.clock)
    recorder.start()

    def look(raw: bytes | None = None) -> None:
        nonlocal offered
        feed.look(recorder, raw=raw)
        offered += 2
        settled(recorder, offered)

    with no_file_larger_than(150_000):
        while not recorder.status.error and offered < 80:
            look(dice.randbytes(30_000))
    failed = recorder.status
    assert failed.error
    feed.clock.advance(RETRY_AFTER_S - 3.0)  # a commit may have failed a second ago
    look()  # there is room now, and nobody has looked
    assert (recorder.status.error, recorder.status.missed) == (failed.error, failed.missed + 2)
    feed.clock.advance(RETRY_AFTER_S)
    look()
    status = recorder.stop()
    assert (status.error, status.missed, status.answers) == ("", failed.missed + 2, failed.answers + 2)


def test_what_cannot_wait_is_missed_and_never_waited_for() -> None:
    feed, backlog = Feed(), Backlog(100_000)
    for _ in range(5):
        backlog.offer(*feed.fetch(1, bytes(40_000)))
    assert len(backlog.take(0.0)) == 2
    assert (backlog.take_missed(), backlog.take_missed()) == (3, 0)
    backlog.offer(*feed.fetch(1, bytes(900_000)))  # larger than all, and alone
    assert len(backlog.take(0.0)) == 1
    assert backlog.take(0.01) == []


def days(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_retention_deletes_the_oldest_and_nothing_that_is_no_tape_of_the_prefix(tmp_path: Path) -> None:
    names = [f"massive-2026-01-0{day}.tape" for day in range(1, 6)]
    one = write(tmp_path / names[0], recording(5))
    for name in names[1:]:
        (tmp_path / name).write_bytes(one.read_bytes())
    others = ["massive.replay-2026-01-01.tape", "massive-2026-01-00.tape", "notes.txt"]
    for name in others[:2]:
        (tmp_path / name).write_bytes(one.read_bytes())
    (tmp_path / "notes.txt").write_text("keep")
    (tmp_path / "massive-2025-01-01.tape").write_text("no tape at all")
    size, today = one.stat().st_size, date(2026, 1, 5)
    assert prune(tmp_path, KEYS, Retention(), today) == []
    assert prune(tmp_path, KEYS, Retention(days=10**20, size=10**30), today) == []
    assert [path.name for path in prune(tmp_path, KEYS, Retention(days=4), today)] == names[:1]
    assert [path.name for path in prune(tmp_path, KEYS, Retention(size=2 * size), today)] == names[1:3]
    assert [path.name for path in prune(tmp_path, KEYS, Retention(days=0, size=0), today)] == names[3:4]
    assert days(tmp_path) == sorted([*others, names[4], "massive-2025-01-01.tape"])


async def test_a_reader_passes_answers_through_whatever_becomes_of_the_recorder(tmp_path: Path) -> None:
    feed = Feed()
    recorder = Recorder(tmp_path, KEYS, feed.clock, backlog_bytes=200_000)  # nobody writes: it was never started
    request, answer = feed.fetch(1, bytes(90_000))

    inner = PlaybackReader([(request, answer)] * 9, KEYS, feed.clock)
    reader = RecordingReader(inner, recorder.offer)
    assert reader.keys is KEYS
    assert reader.parts() == ()
    assert not await reader.search(1.0)
    for _ in range(9):
        assert await reader.ask(request) is answer


def test_answers_that_came_too_fast_are_told_and_counted_on_the_tape(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    feed = Feed()
    recorder = Recorder(tmp_path, KEYS, feed.clock, backlog_bytes=200_000)
    for _ in range(5):
        recorder.offer(*feed.fetch(1, bytes(90_000)))
    recorder.start()
    settled(recorder, 5)
    feed.look(recorder)
    status = recorder.stop()
    assert (status.answers, status.missed) == (4, 3)
    assert [record.message for record in caplog.records] == ["3 answers not recorded: the recorder could not keep up"]
    moments = read(tmp_path / "massive-2026-01-02.tape")
    counted = [one.about for one in moments if one.kind == MomentKind.MISSED]
    assert counted == ['{"count":3,"why":"the recorder could not keep up"}']


@dataclass
class HeldClock(ManualClock):
    """A clock at which the recorder's thread stops while it is held."""

    free: threading.Event = field(default_factory=threading.Event)
    stopped: threading.Event = field(default_factory=threading.Event)

    def monotonic(self) -> float:
        if threading.current_thread().name == "recorder" and not self.free.is_set():
            self.stopped.set()
            assert self.free.wait(10)
        return super().monotonic()


def test_what_came_too_fast_for_a_tape_that_is_open_stands_on_it_before_the_next_answer(tmp_path: Path) -> None:
    clock = HeldClock(manual_clock().wall, 5_000.0)
    feed = Feed(clock)
    recorder = Recorder(tmp_path, KEYS, clock, backlog_bytes=200_000)
    clock.free.set()
    recorder.start()
    feed.look(recorder)
    settled(recorder, 2)
    clock.free.clear()
    assert clock.stopped.wait(10)
    for _ in range(5):
        recorder.offer(*feed.fetch(1, bytes(90_000)))
    clock.free.set()
    settled(recorder, 7)
    status = recorder.stop()
    assert (status.answers, status.missed, status.error) == (4, 3, "")
    once = [MomentKind.RUN, MomentKind.POLL, MomentKind.FETCH]
    assert kinds(tmp_path / "massive-2026-01-02.tape") == [
        *once,
        MomentKind.MISSED,
        *[MomentKind.FETCH] * 2,
        MomentKind.END,
    ]


def test_an_old_tape_that_cannot_be_deleted_stops_no_recording(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    old = write(tmp_path / "massive-2025-12-01.tape", recording(3))
    old.with_name(f"{old.name}-wal").mkdir()
    feed = Feed()
    recorder = Recorder(tmp_path, KEYS, feed.clock, retention=Retention(days=7))
    recorder.start()
    feed.look(recorder)
    status = recorder.stop()
    assert (status.answers, status.missed, status.error) == (2, 0, "")
    assert [record.message.partition(":")[0] for record in caplog.records] == ["old tapes are not deleted"]


def test_a_file_that_is_no_tape_is_left_as_it_is_and_another_begun(tmp_path: Path) -> None:
    foreign = tmp_path / "massive-2026-01-02.tape"
    foreign.write_text("mine\n" * 99)
    feed = Feed()
    recorder = Recorder(tmp_path, KEYS, feed.clock)
    recorder.start()
    feed.look(recorder)
    feed.look(recorder)
    status = recorder.stop()
    assert status.path == tmp_path / "massive-2026-01-02.2.tape"
    assert (status.answers, status.missed, status.error) == (4, 0, "")
    assert foreign.read_text() == "mine\n" * 99
    assert kinds(status.path)[:2] == [MomentKind.RUN, MomentKind.POLL]
