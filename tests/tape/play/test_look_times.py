"""When the looks of a tape were: no time that a clock shows, or that is forged, hides the looks around it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.clock import Instant
from tape.memory import MemoryTape
from tape.play.look_times import LookTimes, first_look_ns, last_answer_ns
from tape.play.reel import FilePart, Place, Reel, tape_paths
from tape.store.codec import Packer
from tape.store.facts import Moment, MomentKind
from tape.store.file import TapeFile
from tape.store.rows import EARLIEST_NS, LATEST_NS
from tests.support.scenes import law
from tests.support.tapes import instant, moment, write

S = 10**9
YEAR_NS = 365 * 86_400 * S
NEVER = {"1677": -(2**63) + 1, "before the epoch": -1, "the epoch": 0, "2100": LATEST_NS + 1, "2262": 2**63 - 1}
ANOTHER = {"1970": EARLIEST_NS, "1990": 20 * YEAR_NS, "2090": 120 * YEAR_NS, "2099": LATEST_NS}


def at_wall(seconds: float, wall_ns: int) -> Moment:
    """Return a look whose wall clock shows another time than its monotonic one."""
    when = Instant(wall_ns, instant(seconds).mono)
    return replace(moment(seconds), asked=when, received=when)


def looks_of(told: list[Moment]) -> LookTimes:
    tape = MemoryTape("a tape", {}, Packer(), 1_000_000)
    for one in told:
        tape.writer.add(one)
    tape.writer.commit()
    return LookTimes(tape.file)


def recorded(looks: int, walls: Mapping[int, int]) -> list[Moment]:
    """Return a look a second, some of them at wall times of their own."""
    run = moment(0, kind=MomentKind.RUN, begins=False)
    return [run, *(at_wall(at, walls.get(at, instant(at).wall_ns)) for at in range(looks))]


@pytest.mark.parametrize("number", [0, 1, 7, 28, 29])
@pytest.mark.parametrize("wall_ns", [*NEVER.values(), *ANOTHER.values()], ids=[*NEVER, *ANOTHER])
def test_a_look_of_any_time_hides_no_other(number: int, wall_ns: int) -> None:
    times = looks_of(recorded(30, {number: wall_ns}))
    others = [at for at in range(30) if at != number]
    assert [times.number_at(instant(at).wall_ns) for at in others] == others
    assert [times.looks[at].asked_wall_ns for at in others] == [instant(at).wall_ns for at in others]


@pytest.mark.parametrize("number", [1, 7, 28])
@pytest.mark.parametrize("wall_ns", [*NEVER.values(), *ANOTHER.values()], ids=[*NEVER, *ANOTHER])
def test_a_look_between_others_is_where_its_monotonic_clock_puts_it(number: int, wall_ns: int) -> None:
    times = looks_of(recorded(30, {number: wall_ns}))
    assert [look.asked_wall_ns for look in times.looks] == [instant(at).wall_ns for at in range(30)]


def outnumbered(walls: Mapping[int, int]) -> dict[int, int]:
    """Return those wrong times by which more looks are right than wrong: else the wrong ones are believed."""
    kept: dict[int, int] = {}
    for at in sorted(walls):
        if 2 * (len(kept) + 1) < at + 1:
            kept[at] = walls[at]
    return kept


@law
@given(
    walls=st.dictionaries(st.integers(0, 59), st.sampled_from([*NEVER.values(), *ANOTHER.values()]), max_size=12),
    parts=st.integers(1, 60),
)
def test_looks_of_any_times_hide_none_that_is_believed(walls: dict[int, int], parts: int) -> None:
    """Whether they are read at once, or as they are written."""
    walls = outnumbered(walls)
    tape, told = MemoryTape("a tape", {}, Packer(), 1_000_000), recorded(60, walls)
    times = LookTimes(tape.file)
    for at in range(0, len(told), parts):
        for one in told[at : at + parts]:
            tape.writer.add(one)
        tape.writer.commit()
        assert times.refresh() is any(one.begins for one in told[at : at + parts])
    believed = [at for at in range(60) if at not in walls]
    assert [times.number_at(instant(at).wall_ns) for at in believed] == believed
    tape.close()


@pytest.mark.parametrize(("apart_ns", "own"), [(60 * S, True), (60 * S + 1, False)])
def test_a_clock_that_moves_by_a_minute_was_slow_and_by_more_it_was_set(apart_ns: int, own: bool) -> None:
    wall_ns = instant(7).wall_ns + apart_ns
    times = looks_of(recorded(30, {7: wall_ns}))
    assert times.looks[7].asked_wall_ns == (wall_ns if own else instant(7).wall_ns)


def test_a_clock_that_is_set_back_and_stays_so_is_believed_and_both_passes_are_reached() -> None:
    """Of times that there were twice, the later; the first pass went on for longer."""
    back = 600
    times = looks_of(recorded(1500, {at: instant(at - back).wall_ns for at in range(1000, 1500)}))
    assert times.looks[1499].asked_wall_ns == instant(899).wall_ns
    found = {at: times.number_at(instant(at).wall_ns) for at in (399, 400, 899, 900, 958, 959, 960, 999, 5000)}
    assert found == {399: 399, 400: 1000, 899: 1499, 900: 1499, 958: 1499, 959: 1499, 960: 960, 999: 999, 5000: 999}


def test_a_clock_that_was_wrong_for_longer_than_right_is_believed() -> None:
    walls = {at: instant(at).wall_ns - YEAR_NS for at in range(3, 6)}
    assert [look.asked_wall_ns for look in looks_of(recorded(9, walls)).looks[3:6]] == [*range_of(3, 6)]
    walls[6] = instant(6).wall_ns - YEAR_NS
    assert [look.asked_wall_ns for look in looks_of(recorded(9, walls)).looks[3:7]] == [*walls.values()]


def range_of(first: int, end: int) -> list[int]:
    return [instant(at).wall_ns for at in range(first, end)]


def test_another_run_of_a_recorder_has_clocks_of_its_own() -> None:
    """As in tapes that were joined: a machine's, one of another, and again the first one's."""
    told = recorded(9, {})
    other = [replace(one, asked=Instant(one.asked.wall_ns, one.asked.mono + 1e6)) for one in told[4:7]]
    run = told[0]
    times = looks_of([*told[:4], run, *other, run, *told[7:]])
    assert [look.asked_wall_ns for look in times.looks] == range_of(0, 9)


def test_two_looks_of_one_time_are_two_and_the_later_is_found() -> None:
    times = looks_of(recorded(9, {4: instant(3).wall_ns}))
    assert [times.number_at(instant(at).wall_ns) for at in (2, 3, 4, 5)] == [2, 4, 4, 5]


def test_an_instant_before_all_leads_to_the_first_and_one_after_all_to_the_last() -> None:
    times = looks_of(recorded(9, {}))
    wanted = (-(2**63), instant(0).wall_ns - 1, instant(8).wall_ns - 1, instant(8).wall_ns, 2**63 - 1)
    assert [times.number_at(wall_ns) for wall_ns in wanted] == [0, 0, 7, 8, 8]
    assert looks_of([]).number_at(0) == 0


@pytest.mark.parametrize("wall_ns", NEVER.values(), ids=NEVER)
def test_the_first_and_the_last_that_can_be_believed_are_told(tmp_path: Path, wall_ns: int) -> None:
    with TapeFile(write(tmp_path / "a.tape", recorded(9, {0: wall_ns, 8: wall_ns}))) as tape:
        assert first_look_ns(tape) == instant(1).wall_ns
        assert last_answer_ns(tape) == instant(7).wall_ns
    with TapeFile(write(tmp_path / "b.tape", recorded(2, {0: wall_ns, 1: wall_ns}))) as tape:
        assert (first_look_ns(tape), last_answer_ns(tape)) == (None, None)


@pytest.mark.parametrize("number", [0, 1, 2, 9])
@pytest.mark.parametrize("wall_ns", [*NEVER.values(), *ANOTHER.values()], ids=[*NEVER, *ANOTHER])
def test_in_a_folder_too_every_look_is_found(tmp_path: Path, number: int, wall_ns: int) -> None:
    write(tmp_path / "massive-2026-01-01.tape", [at_wall(at - 100, instant(at - 100).wall_ns) for at in range(9)])
    write(tmp_path / "massive-2026-01-02.tape", recorded(30, {number: wall_ns}))
    parts = [FilePart(path) for path in tape_paths(tmp_path)]
    reel = Reel(parts)
    for at in range(30):
        if at != number:
            assert reel.at(instant(at).wall_ns) == Place(parts[1], at)
    if number > 2 or wall_ns not in (ANOTHER["1970"], ANOTHER["1990"]):  # it would be before the part before it
        assert reel.at(instant(-96).wall_ns) == Place(parts[0], 4)
    reel.close()
