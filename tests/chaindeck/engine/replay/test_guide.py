"""What a replay's deck knows of its tape: the marks on it, and where each step leads, wherever the replay is."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chain.clock import ManualClock
from chain.monitor.evaluate.marks import MarkKind
from chaindeck.engine.replay.guide import Guide
from tests.support.replays import looks, pointer, tape_of
from tests.support.scenes import SPX, START_NS
from tests.support.tapes import instant
from tests.support.waiting import wait_until
from tui.ports.time_travel import Stride, Timeline

GONE_S, BACK_S, END_S = 33, 50, 120
ANSWERED_S, READ_S = 0.001, 0.011  # after a look was asked for: its answer, and its payloads
SILENT_S = 16  # its publisher beats but once


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two minutes, a snapshot of two chains every ten seconds; a pointer is gone for a while."""
    gone = {at: [pointer(SPX, None)] for at in (GONE_S, 40)}
    return tape_of(tmp_path_factory.mktemp("guide") / "day.tape", looks(END_S, changed=gone))


class Journey:
    """A guide, and a replay that stands at once where it is told to."""

    def __init__(self, path: Path) -> None:
        self.at_ns = START_NS
        self.clock = ManualClock(0)
        self.went: list[float] = []
        self.guide = Guide(path, Timeline("first"), self.clock, at=lambda: self.at_ns, go=self._go)

    def _go(self, wall_ns: int) -> None:
        self.at_ns = wall_ns
        self.went.append(round((wall_ns - START_NS) / 1e9, 3))

    def step(self, stride: Stride, *by: int, at_s: float | None = None) -> list[float]:
        """Take steps, from an instant or from where it is; return where they led."""
        if at_s is not None:
            self.at_ns = instant(at_s).wall_ns
        self.went.clear()
        for one in by:
            self.guide.step(stride, one)
        self.guide.turn()
        return self.went

    def look(self) -> Timeline:
        """Look at the timeline until all of it is known."""
        self.guide.timeline()
        while (wait_s := self.guide.turn()) is not None and wait_s < 1:
            pass
        return self.guide.timeline()


@pytest.fixture
def journey(tape: Path) -> Iterator[Journey]:
    journey = Journey(tape)
    yield journey
    journey.guide.stop()


def test_a_step_by_snapshot_goes_to_where_one_came_in_before_or_after(journey: Journey) -> None:
    assert journey.step(Stride.SNAPSHOT, 1, 1, -1, at_s=14.0) == [20 + READ_S, 30 + READ_S, 20 + READ_S]
    assert journey.step(Stride.SNAPSHOT, -1, at_s=29.5) == [20 + READ_S]
    assert journey.step(Stride.SNAPSHOT, -1, at_s=21.0) == [20 + READ_S]
    assert journey.step(Stride.SNAPSHOT, 3, at_s=0.0) == [30 + READ_S]


def test_a_step_by_minute_goes_a_minute(journey: Journey) -> None:
    assert journey.step(Stride.MINUTE, 1, -1, at_s=15.0) == [75 + ANSWERED_S, 15 + ANSWERED_S]


def test_a_step_by_change_goes_to_what_is_marked_and_says_where_there_is_nothing(journey: Journey) -> None:
    marked = [SILENT_S + ANSWERED_S, GONE_S + ANSWERED_S, BACK_S + READ_S]
    assert journey.step(Stride.TRANSITION, 1, 1, 1, at_s=14.0) == marked
    assert journey.guide.note == ""
    assert journey.step(Stride.TRANSITION, 1) == []
    assert journey.guide.note == "no change after this"
    assert journey.step(Stride.TRANSITION, -1, -1) == marked[1::-1]
    assert journey.guide.note == ""


def test_the_timeline_has_what_is_recorded_and_its_marks_once_somebody_looks(journey: Journey) -> None:
    assert journey.guide.turn() is None
    assert journey.guide.timeline() == Timeline("first")
    timeline = journey.look()
    assert (timeline.label, timeline.begin, timeline.end) == (
        "REPLAY day.tape",
        START_NS,
        instant(END_S - 1).wall_ns,
    )
    marked = {round((mark.at - START_NS) / 1e9) for mark in timeline.marks if mark.kind is MarkKind.STATE}
    assert {GONE_S, BACK_S} <= marked
    journey.clock.advance(3.0)
    assert journey.guide.turn() is None, "nobody looks any more"


def test_of_several_tapes_the_timeline_is_of_the_one_that_is_played(tmp_path: Path) -> None:
    tape_of(tmp_path / "massive-2026-01-02.tape", looks(25))
    tape_of(tmp_path / "massive-2026-01-03.tape", looks(25, begin=86_400))
    journey = Journey(tmp_path)
    assert journey.look().label == "REPLAY massive-2026-01-02.tape"
    assert journey.step(Stride.SNAPSHOT, 1, at_s=24.0) == [86_400 + READ_S]
    assert journey.look().label == "REPLAY massive-2026-01-03.tape"
    journey.guide.stop()


def test_its_thread_hears_what_is_asked_for_while_nobody_looks_at_the_timeline(tape: Path) -> None:
    journey = Journey(tape)
    journey.guide.start()
    try:
        journey.guide.step(Stride.SNAPSHOT, 1)
        wait_until(lambda: journey.went == [10 + READ_S], 10, "the step")
    finally:
        journey.guide.stop()
