"""How old a model is, by the rules of snapshots; and why there is none, in words that say what to do."""

from collections.abc import Collection
from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from chain.clock import Instant
from chain.monitor.board import CompositorStatus
from chain.monitor.evaluate.report import HealthReport
from chain.monitor.messages.compositor import CompositorBeat, ModelStatus
from chain.monitor.states import State
from chain.pipeline.heatmap import HeatmapModel
from tests.support.heatmaps import DATES, heatmap_model, view_of
from tests.support.scenes import SPX, START_NS, START_S, heartbeat, record, report
from tui.lines.heatmap.freshness import ModelAge, judged, model_age, why_none
from tui.ports.board_source import HeatmapView

NOW = Instant(START_NS, 5_000.0)


def compositor(*, alive: bool = True, **beat: Any) -> CompositorStatus:
    made = CompositorBeat("mmaker", START_S, 7, "leading", START_S - 60.0, 0.2)
    return CompositorStatus(replace(made, **beat), NOW.mono, alive, None if alive else START_S - 5.0)


def board_report(**parts: Any) -> HealthReport:
    return report([record(SPX, NOW, age_ms=3_000)], NOW, **parts)


def aged(model: HeatmapModel, of: HealthReport, shown: Collection[date] = DATES) -> ModelAge:
    return model_age(view_of(model), judged(model, of), of, {day.isoformat() for day in shown})


@pytest.mark.parametrize(
    ("age_s", "state"),
    [(21.999, State.FRESH), (22.001, State.AGING), (34.999, State.AGING), (35.001, State.STALE)],
)
def test_a_model_ages_as_its_snapshots_do(age_s: float, state: State) -> None:
    model = heatmap_model(ts=START_S - age_s)
    age = aged(model, board_report())
    assert age.state is state
    assert age.age_s == pytest.approx(age_s, abs=0.001)
    assert age.is_current is (state is not State.STALE)


def test_a_model_is_as_old_as_its_newest_snapshot_where_no_value_is_newer() -> None:
    """Off hours the vendor's values are hours old, and the snapshot says that they are the newest there are."""
    model = replace(heatmap_model(ts=START_S - 2.0), ts=START_S - 7_200.0)
    assert aged(model, board_report()).age_s == pytest.approx(2.0, abs=0.001)


@pytest.mark.parametrize(
    ("of_snapshots_s", "state", "age_s"),
    [(3.0, State.FRESH, 0.5), (30.0, State.AGING, 30.0), (40.0, State.STALE, 40.0)],
)
def test_what_the_stream_adds_to_an_old_snapshot_makes_a_model_no_newer(
    of_snapshots_s: float, state: State, age_s: float
) -> None:
    model = replace(heatmap_model(ts=START_S - of_snapshots_s), ts=START_S - 0.5)
    age = aged(model, board_report())
    assert age.state is state
    assert age.age_s == pytest.approx(age_s, abs=0.001)


def test_a_page_of_an_expiration_whose_snapshot_is_stale_is_stale_though_others_are_fresh() -> None:
    model = heatmap_model(ts=START_S - 1.0, states={DATES[1]: "STALE"})
    assert aged(model, board_report(), [DATES[0]]).state is State.FRESH
    assert aged(model, board_report(), [DATES[1]]).state is State.STALE
    assert aged(model, board_report()).state is State.FRESH


def test_a_snapshot_beneath_a_model_grows_old_though_no_compositor_says_so() -> None:
    model = heatmap_model(ts=START_S - 50.0, states={DATES[2]: "INVALID", DATES[3]: "of a later version"})
    states = {each.expiration: each.state for each in judged(model, board_report()).expirations}
    assert states[DATES[0].isoformat()] is State.STALE
    assert states[DATES[2].isoformat()] is states[DATES[3].isoformat()] is State.INVALID


def test_without_redis_nothing_is_known_of_now() -> None:
    model = heatmap_model(ts=START_S)
    age = aged(model, board_report(reached=False))
    assert age.state is State.UNREACHABLE and not age.is_current


def test_a_silent_compositor_is_said_beside_a_model_that_is_fresh_yet() -> None:
    model = heatmap_model(ts=START_S)
    age = aged(model, board_report(compositor=compositor(alive=False)))
    assert age.state is State.FRESH
    assert "is silent since 09:59:55" in age.words


def test_where_nobody_makes_a_model_it_is_said_what_does() -> None:
    first, *more = why_none(None, "SPX", board_report())
    assert "no compositor" in first
    assert any("chaindeck mmaker" in line for line in more)
    assert not any("live" in line for line in more)
    live = board_report(beats=[heartbeat(SPX, service="massive", kind="massive")])
    assert any("off unless" in line for line in why_none(None, "SPX", live))


@pytest.mark.parametrize(
    ("view", "beat", "words"),
    [
        (HeatmapView("SPX", fault="NOPERM: no GET"), {}, "NOPERM: no GET"),
        (None, {"models": (ModelStatus("SPX", reason="its snapshots are STALE"),)}, "its snapshots are STALE"),
        (None, {"error": "OOM"}, "OOM"),
        (None, {}, "no heatmap model of SPX yet"),
    ],
)
def test_why_there_is_no_model_comes_from_whoever_knows(
    view: HeatmapView | None, beat: dict[str, Any], words: str
) -> None:
    assert words in why_none(view, "SPX", board_report(compositor=compositor(**beat)))[0]


def test_a_compositor_that_said_good_bye_has_stopped_and_is_not_silent() -> None:
    gone = board_report(compositor=compositor(alive=False, status="stopped"))
    assert "is stopped since 09:59:55" in why_none(None, "SPX", gone)[0]


def test_where_no_chain_is_published_that_is_the_reason() -> None:
    nothing = report([], NOW)
    assert why_none(None, "", nothing) == (nothing.signals[0].text,)
    assert "nothing is published" in why_none(None, "", nothing)[0]


def test_before_the_first_poll_nothing_is_blamed() -> None:
    assert why_none(None, "SPX", None) == ("waiting for the first poll",)
