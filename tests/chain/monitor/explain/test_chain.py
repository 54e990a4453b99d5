"""What the board says of a chain is explained figure by figure, as the Board evaluates it."""

import pytest

from chain.clock import Instant
from chain.monitor.analytics import DatedBoard, analytics_of
from chain.monitor.evaluate.signals import evaluate
from chain.monitor.explain.explain import explain
from chain.monitor.explain.question import ChainOf, Question
from chain.monitor.heartbeat import SourceInfo
from chain.monitor.states import State
from chain.thresholds import Thresholds
from tests.support.explained import question
from tests.support.scenes import SPOT, SPX, SPX_MON, board, in_state, manual_clock, record, surface


def test_every_figure_of_the_line_and_over_the_grid_is_there() -> None:
    clock = manual_clock()
    held = record(SPX, Instant.now(clock), age_ms=3_100)
    clock.advance(2.25)
    now = Instant.now(clock)
    found = explain(question(held, now, ChainOf()))
    [status] = evaluate(board([held], now), now).statuses
    top = analytics_of(held)
    assert top is not None and status.ttl_s == 57.75
    assert found.facts("state") == ["FRESH"]
    assert found.facts("age")[0] == "5.3 s, the worse of two"
    assert found.facts("ttl")[0].startswith("57.7 s: what Redis answered to PTTL massive:chain:latest:SPX:2026-01-02")
    assert found.facts("n") == ["6: length of contracts in the payload"]
    assert found.facts("±range") == ["50: range_points in the payload, points"]
    assert found.facts("dte") == ["0: days from New York's 2026-01-02 to 2026-01-02"]
    headline = (top.headline.straddle, top.headline.move, top.headline.atm_iv)
    for value, figure in zip(found.facts("value")[1:], headline, strict=True):
        assert float(value.split()[0]) == figure.value


def test_the_spot_leads_to_the_first_contract_that_carries_one() -> None:
    now = Instant.now(manual_clock())
    first, *rest = surface()
    held = record(SPX, now, contracts=[{**first, "underlying_asset": {"ticker": "I:SPX"}}, *rest])
    found = explain(question(held, now, ChainOf()))
    assert found.facts("value")[0] == f"{SPOT} points"
    assert found.facts("field") == ["contracts[1].underlying_asset.value"]
    without = explain(question(record(SPX, now, contracts=surface(spot=None)), now, ChainOf()))
    assert without.facts("missing")[0] == "no contract of the grid carries a price of its underlying"


@pytest.mark.parametrize("state", list(State))
def test_every_state_is_told_with_its_reason(state: State) -> None:
    now = Instant.now(manual_clock())
    held = in_state(SPX, state, now)
    shown = board([held], now, reached=state is not State.UNREACHABLE)
    found = explain(Question(ChainOf(), SPX, DatedBoard(shown, now), held.last_good))
    [status] = evaluate(shown, now).statuses
    assert found.facts("state") == [status.state]
    assert found.facts("why") == ([status.note] if status.note else [])


def test_limits_say_where_they_come_from() -> None:
    now = Instant.now(manual_clock())

    def limits(thresholds: Thresholds, ttl_ms: int = 60_000) -> list[str]:
        held = record(SPX, now, thresholds=thresholds, ttl_ms=ttl_ms)
        found = explain(question(held, now, ChainOf()))
        return [*found.facts("aging"), *found.facts("stale"), *found.facts("limits")]

    rule = "2 I + 2 and 3 I + 5 of the interval I = 10 s"
    assert limits(Thresholds()) == ["above 22 s", "above 35 s", f"{rule}, announced by its publisher"]
    assert limits(Thresholds(announced=False))[2] == f"{rule}, as nobody announces one"
    assert limits(Thresholds().limited(5, 9)) == ["above 5 s", "above 9 s", "set by an operator"]
    assert limits(Thresholds(), 20_000)[2].startswith("shares of the life that its pointer showed")


def test_a_chain_that_the_board_has_no_longer_says_so() -> None:
    now = Instant.now(manual_clock())
    found = explain(Question(ChainOf(), SPX_MON, DatedBoard(board([record(SPX, now)], now), now), None))
    assert "the Board has this chain no longer" in found.facts("missing")


def test_a_replays_age_is_by_its_own_clock() -> None:
    now = Instant.now(manual_clock())
    source = SourceInfo("replay", as_of=now.wall_s - 86_400, speed=1.0, heard_at=now.mono)
    held = record(SPX, now, age_ms=86_404_000, source=source)
    found = explain(question(held, now, ChainOf()))
    assert found.facts("age")[0] == "4.0 s, by the clock of the replay"
    assert found.facts("by sight") == []
