"""Expirations side by side: how each stands, how old what is shown is, and how long it runs on."""

import pytest

from chain.clock import Instant
from chain.model.keys import ChainId
from chain.monitor.analytics import RecentAnalytics
from chain.monitor.board import Board, ChainRecord
from chain.monitor.evaluate.signals import evaluate
from chain.monitor.states import State
from tests.support.scenes import NDX, SPX, SPX_MON, SPX_MONTHLY, board, in_state, manual_clock, record
from tui.lines import figures
from tui.lines.expirations import Expiration, expirations_of, in_view

NOW = Instant.now(manual_clock())


def found(shown: Board, held: Board | None = None, frozen_at: float | None = None) -> tuple[Expiration, ...]:
    known, _ = RecentAnalytics().across(held or shown, SPX)
    return expirations_of(evaluate(shown, NOW), "SPX", known, held or shown, frozen_at)


def test_all_expirations_of_one_underlying_also_those_without_a_snapshot() -> None:
    chains = [record(SPX, NOW), ChainRecord(SPX_MON), record(NDX, NOW), in_state(SPX_MONTHLY, State.STALE, NOW)]
    first, second, third = found(board(chains, NOW))
    assert [one.chain for one in (first, second, third)] == [SPX, SPX_MON, SPX_MONTHLY]
    assert (first.state.text, second.state.text, third.state.text) == ("FRESH", "MISSING", "STALE")
    assert second.analytics is None and second.age.text == "-" and second.runs == "3 DTE"
    assert (first.is_past, second.is_past, third.is_past) == (False, True, True)


def test_the_last_day_is_told_in_hours_and_minutes_and_how_it_settles() -> None:
    first, second = found(board([record(SPX, NOW), record(SPX_MON, NOW)], NOW))
    assert first.runs == "6h00m PM"  # at 10:00, to the close
    assert second.runs == "3 DTE PM"


@pytest.mark.parametrize(
    ("seconds", "words"), [(21_599.9, "5h59m"), (3_600, "1h00m"), (59.9, "0h00m"), (0.0, "over"), (-5.0, "over")]
)
def test_what_is_left_is_cut_to_the_minute(seconds: float, words: str) -> None:
    assert figures.time_left(seconds) == words


def test_a_frozen_view_shows_the_age_of_what_it_shows() -> None:
    old, new = board([record(SPX, NOW, age_ms=40_000)], NOW), board([record(SPX, NOW, age_ms=2_000)], NOW)
    [one] = found(new, held=old, frozen_at=NOW.wall_s)
    assert (one.state.text, one.age.text) == ("STALE", "40.0")
    assert one.analytics is not None and one.analytics.snapshot_id.ts_ms == NOW.wall_ms - 40_000
    [one] = found(new)
    assert (one.state.text, one.age.text) == ("FRESH", "2.0")


def test_the_chosen_column_is_always_in_view() -> None:
    columns = [ChainId("SPX", SPX.expiry)] * 6
    assert [list(range(6))[in_view(columns, chosen, 3)] for chosen in range(6)] == [
        *([[0, 1, 2]] * 3),
        *([1, 2, 3], [2, 3, 4], [3, 4, 5]),
    ]
    assert in_view(columns, 5, 9) == slice(0, 6) and in_view(columns, 2, 0) == slice(2, 3)
    assert in_view([], 0, 3) == slice(0, 1)
