"""The spots that were seen: what they have realised stands beside the measures, of the present and of the past."""

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from chain.analytics.measures.measure import Measure
from chain.analytics.realised import LEAST_RETURNS
from chain.clock import Instant, ManualClock
from chain.monitor.analytics import RecentAnalytics
from chain.monitor.heartbeat import SourceInfo
from chaindeck.engine.board_slot import BoardSlot
from chaindeck.engine.spots import SpotHistories, samples_of
from chaindeck.engine.travel.line import Kept
from chaindeck.engine.travel.traveller import Traveller
from tape.play.reel import FilePart, Reel
from tests.support.scenes import NDX, SPOT, SPX, SPX_MON, START_S, board, manual_clock, record, surface
from tests.support.tapes import instant
from tests.support.watched import Watched, taped
from tui.ports.time_travel import Stride

NOW = Instant.now(manual_clock())
MINUTES = 45
LOOK_S = 20


def zigzag(second: int) -> float:
    """Return a spot that moves a little more with every minute."""
    minute = second // 60
    return SPOT * math.exp(0.0001 * (minute + 1) * (minute % 2))


@pytest.fixture(scope="module")
def watched() -> Watched:
    """Three quarters of an hour from 10:00 on, a snapshot a minute."""
    seen = Watched(every=60, spot=zigzag)
    for second in range(0, MINUTES * 60, LOOK_S):
        seen.look(second)
    return seen


@pytest.fixture
def travel(watched: Watched, tmp_path: Path) -> Iterator[tuple[Traveller, BoardSlot]]:
    slot = BoardSlot()
    reel = Reel([FilePart(taped(tmp_path / "a.tape", watched))])
    traveller = Traveller(reel, slot, ManualClock(0), kept=lambda _: Kept("TAPE"), can_be_live=False)
    slot.select(SPX)
    slot.look_across(True)
    yield traveller, slot
    traveller.stop()


def realised(slot: BoardSlot) -> Measure:
    scene = slot.scene()
    assert scene is not None and scene.across is not None and scene.across.realised is not None
    return scene.across.realised


def settle(traveller: Traveller) -> None:
    """Let it do all that was asked for, and search the whole tape."""
    for _ in range(300):
        traveller.turn()


def test_the_newest_snapshot_of_an_underlying_that_has_a_spot_is_its_sample() -> None:
    bare = record(SPX_MON, NOW, age_ms=0, contracts=surface(chain=SPX_MON, spot=None))
    chains = [record(SPX, NOW, age_ms=5_000), bare, record(NDX, NOW, age_ms=1_000, contracts=surface(chain=NDX))]
    found = {record.chain: sample for record, sample in samples_of(board(chains, NOW))}
    assert set(found) == {SPX, NDX}
    assert (found[SPX].at, found[SPX].spot, found[SPX].source) == (START_S - 5, SPOT, "MOCK")


def test_a_recording_is_dated_by_its_own_time_so_one_look_again_and_again_is_one_sample() -> None:
    histories = SpotHistories()
    source = SourceInfo("capture", as_of=START_S - 86_400.0)
    for second in range(0, 1800, 60):
        now = Instant(NOW.wall_ns + second * 10**9, NOW.mono + second)
        histories.on_board(board([record(SPX, now, source=source)], now))
    _, across = RecentAnalytics().across(board([record(SPX, NOW)], NOW), SPX)
    told = histories.beside(across)
    assert told is not None and told.realised is not None
    assert (told.realised.value, told.realised.used, len(told.realised.snapshots)) == (None, 0, 1)


def test_without_a_spot_it_is_said_why_there_is_none() -> None:
    slot = BoardSlot()
    slot.select(SPX)
    slot.look_across(True)
    slot.put(board([record(SPX, NOW, contracts=surface(spot=None))], NOW))
    assert (realised(slot).value, realised(slot).note) == (None, "no snapshot has a spot")


def test_a_live_deck_has_it_after_so_many_minutes_and_not_before(watched: Watched) -> None:
    slot = BoardSlot()
    slot.select(SPX)
    slot.look_across(True)
    for shown in watched.boards:
        slot.put(shown)
        found = realised(slot)
        minutes = round(shown.clock.polled - instant(0).mono) // 60
        assert found.used == minutes
        assert (found.value is None) == (minutes < LEAST_RETURNS)
    scene = slot.scene()
    assert scene is not None and scene.across is not None
    [less] = scene.across.less_implied
    assert less.value == pytest.approx(found.value - scene.across.chains[0]["atm_iv"].value)  # type: ignore[operator]


def test_what_was_made_of_it_stays_the_same_object_until_a_sample_comes() -> None:
    slot = BoardSlot()
    slot.select(SPX)
    slot.look_across(True)
    shown = board([record(SPX, NOW)], NOW)
    slot.put(shown)
    before = slot.scene()
    slot.put(shown)
    after = slot.scene()
    assert before is not None and after is not None and before.across is after.across


def test_the_past_knows_nothing_of_what_came_after(watched: Watched, travel: tuple[Traveller, BoardSlot]) -> None:
    """What is told at an instant of the tape is what was told live at that instant."""
    traveller, slot = travel
    traveller.live()
    settle(traveller)
    live = BoardSlot()
    live.select(SPX)
    live.look_across(True)
    lived = []
    for shown in watched.boards:
        live.put(shown)
        lived.append(realised(live))
    for number in (len(lived) - 1, 70, 62, 30, 100, 0):
        traveller.seek(instant(number * LOOK_S).wall_ns)
        traveller.turn()
        assert realised(slot) == lived[number]
    assert len({one.value for one in lived}) > MINUTES - LEAST_RETURNS


def test_until_a_tape_is_searched_so_far_it_is_said_and_then_shown(travel: tuple[Traveller, BoardSlot]) -> None:
    traveller, slot = travel
    traveller.live()
    traveller.turn()  # moves, and searches nothing
    assert realised(slot).value is None and "is read up to here" in realised(slot).note
    settle(traveller)  # nobody asks for anything: it comes by itself
    assert realised(slot).value is not None


def test_steps_on_tell_it_anew(travel: tuple[Traveller, BoardSlot]) -> None:
    traveller, slot = travel
    traveller.seek(instant(1500).wall_ns)
    settle(traveller)
    first = realised(slot)
    traveller.step(Stride.SNAPSHOT, 1)
    traveller.turn()
    assert realised(slot).used == first.used + 1
