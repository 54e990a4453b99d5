"""The slot between engine and screen: the newest Board, one wake-up, and analytics on the filling side."""

from collections.abc import Callable
from datetime import date

import pytest

from chain.clock import Instant
from chain.model.keys import ChainId
from chain.monitor.alerts.alarm import Phase
from chain.monitor.alerts.book import AlertsView
from chain.monitor.analytics import DatedBoard, RecentAnalytics
from chain.monitor.explain.question import ChainOf, Question
from chaindeck.engine import board_slot
from chaindeck.engine.board_slot import BoardSlot
from tests.support.alerts import status
from tests.support.scenes import NDX, SPX, board, manual_clock, record
from tui.ports.alerts import AlertsShown, Call
from tui.ports.board_source import Scene

NOW = Instant.now(manual_clock())
SHOWN = board([record(SPX, NOW), record(NDX, NOW)], NOW)


def derived(slot: BoardSlot) -> set[ChainId]:
    scene = slot.scene()
    return set(scene.analytics) if scene else set()


def test_a_wake_up_is_due_once_until_the_board_is_fetched() -> None:
    slot, woken = BoardSlot(), list[int]()
    slot.subscribe(lambda: woken.append(slot.polls))
    slot.put(SHOWN)
    slot.put(SHOWN)
    assert woken == [1]
    assert slot.latest() is SHOWN
    slot.put(SHOWN)
    assert woken == [1, 3]


def test_what_is_selected_is_derived_by_whoever_fills_the_slot_and_wakes_the_reader() -> None:
    slot, waiting, woken = BoardSlot(), list[Callable[[], object]](), list[object]()
    slot.fill_by(waiting.append)
    slot.put(SHOWN)
    slot.subscribe(lambda: woken.append(derived(slot)))
    slot.select(NDX)
    slot.select(NDX)
    assert (len(waiting), derived(slot), woken) == (1, {SPX}, [])
    waiting.pop()()
    assert woken == [{SPX, NDX}]
    slot.select(SPX)
    waiting.pop()()
    assert len(woken) == 1  # it was there already


def test_a_board_is_handed_over_even_where_nothing_can_be_derived(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ValueError("no figures today")

    monkeypatch.setattr(RecentAnalytics, "update", broken)
    slot, woken = BoardSlot(), list[object]()
    slot.subscribe(lambda: woken.append(slot.latest()))
    with pytest.raises(ValueError, match="no figures"):
        slot.put(SHOWN)
    assert woken == [SHOWN]


def test_a_scene_of_the_past_stands_before_the_present_which_goes_on() -> None:
    slot, woken, selected = BoardSlot(), list[int](), list[ChainId | None]()
    slot.subscribe(lambda: woken.append(slot.polls))
    slot.on_select(selected.append)
    past = Scene(board([record(SPX, NOW)], NOW), as_of=NOW)
    slot.look_back(past)
    assert slot.scene() is past and slot.latest() is None
    slot.put(SHOWN)
    slot.select(SPX)
    slot.select(SPX)
    assert slot.scene() is past and slot.latest() is SHOWN
    assert selected == [SPX]
    slot.look_back(None)
    present = slot.scene()
    assert present is not None and (present.board, present.as_of) == (SHOWN, None)
    assert len(woken) == 3


def test_what_is_compared_is_derived_by_whoever_fills_the_slot_and_only_the_last_of_a_burst() -> None:
    slot, waiting = BoardSlot(), list[Callable[[], object]]()
    slot.put(SHOWN)
    slot.select(SPX)
    slot.fill_by(waiting.append)
    later = Instant(NOW.wall_ns + 60 * 10**9, NOW.mono + 60)
    moments = [DatedBoard(board([record(SPX, now), record(NDX, now)], now), now) for now in (NOW, later)]
    slot.compare((moments[0], moments[0]))
    slot.compare((moments[0], moments[1]))
    slot.compare((moments[0], moments[1]))
    woken = list[object]()
    slot.subscribe(lambda: woken.append(slot.scene()))
    assert len(waiting) == 2
    for derive in waiting:
        derive()
    [shown] = woken
    assert isinstance(shown, Scene) and shown.diff is not None and shown.diff.grid is not None
    assert shown.diff.after.at - shown.diff.before.at == 60
    assert shown.diff.grid.in_both == 6
    slot.select(ChainId("SPX", date(2026, 1, 30)))
    waiting.pop()()
    nothing = slot.scene()
    assert nothing is not None and nothing.diff is not None and nothing.diff.grid is None


def test_alerts_wake_the_reader_for_what_is_news_and_stand_beside_the_past_too() -> None:
    slot, woken = BoardSlot(), list[bool]()
    slot.put(SHOWN)
    slot.subscribe(lambda: woken.append(slot.scene() is not None))
    slot.put_alerts(AlertsShown(AlertsView((status(age_s=31.0),))))
    slot.put_alerts(AlertsShown(AlertsView((status(age_s=32.0),))))  # its Board comes next, and wakes
    assert len(woken) == 1
    slot.put_alerts(known := AlertsShown(AlertsView((status(age_s=32.0, phase=Phase.ACKNOWLEDGED),))))
    assert len(woken) == 2
    slot.look_back(Scene(SHOWN, as_of=NOW))
    scene = slot.scene()
    assert scene is not None
    assert (scene.alerts, scene.as_of) == (known, NOW)


def test_each_call_for_attention_is_made_once_and_the_newest_where_none_can_be() -> None:
    slot, woken = BoardSlot(), list[object]()
    slot.subscribe(lambda: woken.append(slot.take_calls()))
    slot.call_attention(Call(bell=True))
    assert woken == [(Call(bell=True),)]
    assert slot.take_calls() == ()
    for number in range(20):
        slot.call_attention(Call(notify=str(number)))
    assert [call.notify for call in slot.take_calls()] == [str(number) for number in range(12, 20)]


def test_a_question_is_answered_by_whoever_fills_the_slot_and_a_failure_is_handed_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slot, waiting = BoardSlot(), list[Callable[[], object]]()
    slot.fill_by(waiting.append)
    asked = Question(ChainOf(), SPX, DatedBoard(SHOWN, NOW), SHOWN.chains.records[0].last_good)
    answer = slot.explain(asked)
    assert not answer.done()
    waiting.pop()()
    assert answer.result(0).title == str(SPX)

    slot.explain(asked).cancel()
    waiting.pop()()  # who asked has closed the dialog: nothing fails of that

    def broken(_: object) -> None:
        raise ValueError("no reason")

    monkeypatch.setattr(board_slot, "explain", broken)
    failing = slot.explain(asked)
    waiting.pop()()
    with pytest.raises(ValueError, match="no reason"):
        failing.result(0)
