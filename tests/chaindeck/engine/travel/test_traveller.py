"""Travelling on a tape: where moves lead, what is shown, and that of many moves the last is."""

from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.clock import ManualClock
from chain.monitor.analytics import ChainDiff, DatedBoard
from chain.monitor.evaluate.marks import Mark, MarkKind
from chain.monitor.evaluate.signals import evaluate
from chain.monitor.states import Level
from chaindeck.engine.board_slot import BoardSlot
from chaindeck.engine.travel.line import Kept
from chaindeck.engine.travel.traveller import Traveller
from chaindeck.engine.travel.walk import answered, stepped
from tape.play.reel import FilePart, Place, Reel
from tests.support.scenes import NDX, SPX
from tests.support.tapes import instant
from tests.support.waiting import wait_until
from tests.support.watched import LABEL, Watched, taped
from tui.ports.board_source import Scene
from tui.ports.time_travel import Stride

LENGTH = 300
GAP = range(120, 150)
SILENT = range(180, 240)
S = 10**9


class Trip:
    """A traveller on a tape, whose thread's turns a test takes by hand."""

    def __init__(self, path: Path, watched: Watched) -> None:
        self.clock = ManualClock(0)
        self.slot = BoardSlot()
        self.watched = watched
        self.reel = Reel([FilePart(path)])
        self.traveller = Traveller(self.reel, self.slot, self.clock, kept=lambda _: Kept("TAPE"), can_be_live=False)
        self.traveller.live()
        self.settle()

    def settle(self) -> None:
        for _ in range(2):
            self.traveller.turn()

    @property
    def scene(self) -> Scene:
        scene = self.slot.scene()
        assert scene is not None
        return scene

    def diff(self) -> ChainDiff | None:
        return self.scene.diff

    @property
    def number(self) -> int:
        """Which of the Boards of then is shown; it must be the very one, but for its label."""
        polled = [board.clock.polled for board in self.watched.boards]
        number = polled.index(self.scene.board.clock.polled)
        lived = self.watched.boards[number]
        assert (self.scene.board.chains, self.scene.board.transitions) == (lived.chains, lived.transitions)
        assert self.scene.as_of is not None and self.scene.as_of.mono == lived.clock.polled
        return number

    def step(self, stride: Stride, by: int) -> int:
        self.traveller.step(stride, by)
        self.settle()
        return self.number

    def stand(self, number: int) -> bool:
        """Stand at a look by its number."""
        self.traveller.step(Stride.LOOK, number - self.number)
        self.settle()
        return self.number == number

    def seek(self, second: float) -> int:
        self.traveller.seek(instant(second).wall_ns)
        self.settle()
        return self.number


@pytest.fixture(scope="module")
def trip(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trip]:
    watched = Watched(silent=SILENT, unseen=GAP).run(LENGTH)
    trip = Trip(taped(tmp_path_factory.mktemp("trip") / "a.tape", watched), watched)
    yield trip
    trip.traveller.stop()


def seconds_of(trip: Trip) -> list[int]:
    return [second for second in range(LENGTH) if second not in GAP]


def test_a_tape_is_opened_at_its_end_with_figures_of_its_own_instant(trip: Trip) -> None:
    trip.traveller.live()
    trip.settle()
    assert trip.number == len(trip.watched.boards) - 1
    report = evaluate(trip.scene.board, trip.scene.as_of)  # type: ignore[arg-type]
    assert [status.state for status in report.statuses] == ["FRESH", "FRESH"]
    assert trip.traveller.cursor().at == instant(LENGTH - 1).wall_ns
    assert trip.slot.latest() is None


@given(st.floats(-20, LENGTH + 20), st.integers(-400, 400))
@settings(max_examples=60)
def test_a_seek_finds_the_last_look_before_it_and_steps_lead_there_and_back(trip: Trip, second: float, by: int) -> None:
    seconds = seconds_of(trip)
    number = trip.seek(second)
    before = [at for at, one in enumerate(seconds) if instant(one).wall_ns <= instant(second).wall_ns]
    assert number == (before[-1] if before else 0)
    there = trip.step(Stride.LOOK, by)
    assert there == min(max(0, number + by), len(seconds) - 1)
    if there == number + by:
        assert trip.step(Stride.LOOK, -by) == number


@given(st.integers(0, LENGTH - 1), st.sampled_from([Stride.MINUTE, Stride.SNAPSHOT, Stride.TRANSITION]))
@settings(max_examples=40)
def test_every_stride_goes_its_way_and_stays_at_the_end(trip: Trip, second: int, stride: Stride) -> None:
    seconds, before = seconds_of(trip), trip.seek(second)
    for by in (1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1):
        after = trip.step(stride, by)
        assert (after - before) * by >= 0
        if stride is Stride.MINUTE and after != before:
            assert (seconds[after] - seconds[before]) * by >= min(60, (seconds[-1] - seconds[before]) * by) - 30
        if stride is Stride.SNAPSHOT and 0 < after < len(seconds) - 1:
            assert seconds[after] % 10 == 0 and seconds[after] not in SILENT
        before = after


@given(st.lists(st.integers(-S, (LENGTH + 1) * S), min_size=1, max_size=6), st.integers(0, LENGTH - len(GAP) - 1))
@settings(max_examples=40)
def test_a_mark_between_two_looks_is_stepped_to_once_and_at_the_later_one(
    trip: Trip, after: list[int], number: int
) -> None:
    marks = [
        Mark(instant(0).wall_ns + at, MarkKind.STATE, Level.INFO, "FRESH to AGING", (SPX,)) for at in sorted(after)
    ]
    looks = [answered(trip.reel, Place(trip.reel.parts[0], n)) for n in range(LENGTH - len(GAP))]
    shown = sorted({min(bisect_left(looks, mark.at), len(looks) - 1) for mark in marks})

    def steps(way: int) -> list[int]:
        places = [Place(trip.reel.parts[0], number)]
        while (there := stepped(trip.reel, places[-1], Stride.TRANSITION, way, marks)) != places[-1]:
            places.append(there)
        return [place.number for place in places[1:]]

    assert steps(1) == [one for one in shown if one > number]
    late = marks[-1].at > looks[-1]  # what no look shows is behind the last
    assert steps(-1) == [one for one in shown if one < number][::-1] or late


def test_a_step_by_change_leads_to_the_first_look_that_shows_each_mark_and_says_where_there_is_none(
    trip: Trip,
) -> None:
    marks = [mark.at for mark in trip.traveller.timeline(10**12).marks]
    answered = [trip.scene.as_of.wall_ns for n in range(LENGTH - len(GAP)) if trip.stand(n) and trip.scene.as_of]
    expected = sorted({bisect_left(answered, at) for at in marks})
    trip.seek(0)
    forward = [trip.number, *(trip.step(Stride.TRANSITION, 1) for _ in expected)]
    assert [number for number in dict.fromkeys(forward) if number] == [number for number in expected if number]
    assert not trip.traveller.cursor().note or trip.step(Stride.TRANSITION, 1) == expected[-1]
    trip.step(Stride.TRANSITION, 1)
    assert trip.traveller.cursor().note == "no change after this"
    back = [trip.step(Stride.TRANSITION, -1) for _ in expected]
    assert [*dict.fromkeys(back)] == expected[-2::-1]
    assert trip.traveller.cursor().note == "no change before this"
    assert trip.step(Stride.LOOK, 1) and not trip.traveller.cursor().note


def test_the_line_of_time_has_its_gap_and_a_mark_for_what_happened(trip: Trip) -> None:
    line = trip.traveller.timeline(10**12)
    assert [(span.begin, span.end) for span in line.spans] == [
        (instant(0).wall_ns, instant(GAP.start - 1).wall_ns),
        (instant(GAP.stop).wall_ns, instant(LENGTH - 1).wall_ns),
    ]
    assert line.searched_to == line.end
    changed = [mark for mark in line.marks if mark.kind is MarkKind.STATE and {*mark.chains} == {SPX, NDX}]
    assert {mark.text for mark in changed} >= {"FRESH to AGING", "AGING to STALE", "STALE to FRESH"}
    assert [mark.at for mark in line.marks] == sorted(mark.at for mark in line.marks)
    assert any(mark.kind is MarkKind.RAISED for mark in line.marks)
    known = trip.traveller._line.marks(trip.reel.parts)  # of those of one instant the line shows the gravest alone
    assert any(mark.kind is MarkKind.ENDED for mark in known)
    assert len(trip.traveller.timeline(5).marks) <= 5


def test_of_many_moves_the_last_is_shown_and_no_other(trip: Trip) -> None:
    shown: list[int] = []
    trip.seek(0)
    trip.slot.scene()
    trip.slot.subscribe(lambda: shown.append(trip.number))
    for second in (10, 200, 30, 60):
        trip.traveller.seek(instant(second).wall_ns)
        assert trip.traveller.cursor().wanted == instant(second).wall_ns
    for _ in range(5):
        trip.traveller.step(Stride.LOOK, 1)
    trip.settle()
    assert shown == [65]
    assert trip.traveller.cursor().wanted is None
    trip.slot.subscribe(lambda: None)


@pytest.mark.parametrize("speed", [1, 10, 1_000])
def test_playing_passes_every_snapshot_and_pauses_at_the_end(trip: Trip, speed: int) -> None:
    trip.seek(0)
    trip.traveller.play(speed)
    for _ in range(40 + LENGTH * 13 // speed):
        trip.traveller.turn()
        trip.clock.advance(1 / 12)
    assert trip.number == len(trip.watched.boards) - 1
    assert trip.traveller.cursor().speed == 0.0
    recorded = {record.last_good.snapshot.id for board in trip.watched.boards for record in board.chains.records
                if record.last_good}  # fmt: skip
    assert trip.traveller.passed.count == len(recorded) - 2  # those of the first Board were there already


def test_a_gap_takes_no_time_when_it_is_played_over(trip: Trip) -> None:
    trip.seek(GAP.start - 2)
    trip.traveller.play(1)
    for _ in range(40):
        trip.traveller.turn()
        trip.clock.advance(1 / 12)
    assert GAP.stop <= seconds_of(trip)[trip.number] <= GAP.stop + 3
    trip.traveller.pause()
    trip.settle()
    at = trip.number
    trip.clock.advance(60)
    trip.settle()
    assert (trip.number, trip.traveller.cursor().speed) == (at, 0.0)


def test_what_is_selected_is_derived_of_the_past_too(trip: Trip) -> None:
    trip.seek(50)
    for chain in (SPX, NDX):
        trip.slot.select(chain)
        trip.settle()
        analytics = trip.scene.analytics[chain]
        assert analytics.snapshot_id.ts_ms == instant(50).wall_ms


def test_on_its_own_thread_it_answers_and_ends(tmp_path: Path) -> None:
    watched = Watched().run(30)
    trip = Trip(taped(tmp_path / "b.tape", watched, states=False), watched)
    trip.traveller.start()
    trip.traveller.seek(instant(7).wall_ns)
    wait_until(lambda: trip.number == 7)
    trip.traveller.stop()
    assert trip.scene.board.redis.label == LABEL


def test_what_is_compared_on_a_tape_is_derived_on_the_thread_that_travels(trip: Trip) -> None:
    moments = []
    trip.slot.select(SPX)
    for second in (20, 60):
        trip.seek(second)
        assert trip.scene.as_of is not None
        moments.append(DatedBoard(trip.scene.board, trip.scene.as_of))
    trip.slot.compare((moments[0], moments[1]))
    assert trip.diff() is None  # not yet: the screen's thread only asks
    trip.settle()
    found = trip.diff()
    assert found is not None and found.grid is not None
    assert (found.chain, found.before.at, found.after.at) == (SPX, moments[0].now.wall_s, moments[1].now.wall_s)
    assert (found.grid.after.ts - found.grid.before.ts, found.before.source) == (40.0, "MOCK")
    trip.slot.select(NDX)
    trip.settle()
    other = trip.diff()
    assert other is not None and other.chain == NDX
    trip.slot.compare(None)
    trip.settle()
    assert trip.diff() is None
