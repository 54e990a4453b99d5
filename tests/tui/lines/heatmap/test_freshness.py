"""How old a model is, by the rules of snapshots; and why there is none, in words that say what to do."""

from typing import Any

import pytest
from msgspec.structs import replace

from chain.clock import Instant
from chain.monitor.board import CompositorStatus
from chain.monitor.evaluate.report import HealthReport
from chain.monitor.messages.compositor import CompositorBeat, ModelStatus
from chain.monitor.states import State
from tests.support.heatmaps import heatmap_model, view_of
from tests.support.scenes import SPX, START_NS, START_S, heartbeat, record, report
from tui.lines.heatmap.freshness import model_age, why_none
from tui.ports.board_source import HeatmapView

NOW = Instant(START_NS, 5_000.0)


def compositor(*, alive: bool = True, **beat: Any) -> CompositorStatus:
    made = CompositorBeat("mmaker", START_S, 7, "leading", START_S - 60.0, 0.2)
    return CompositorStatus(replace(made, **beat), NOW.mono, alive, None if alive else START_S - 5.0)


def board_report(**parts: Any) -> HealthReport:
    return report([record(SPX, NOW, age_ms=3_000)], NOW, **parts)


@pytest.mark.parametrize(
    ("age_s", "state"),
    [(21.999, State.FRESH), (22.001, State.AGING), (34.999, State.AGING), (35.001, State.STALE)],
)
def test_a_model_ages_as_its_snapshots_do(age_s: float, state: State) -> None:
    model = heatmap_model(ts=START_S - age_s)
    age = model_age(view_of(model), model, board_report())
    assert age.state is state
    assert age.age_s == pytest.approx(age_s, abs=0.001)
    assert age.is_current is (state is not State.STALE)


def test_a_model_is_as_old_as_its_newest_snapshot_where_no_value_is_newer() -> None:
    """Off hours the vendor's values are hours old, and the snapshot says that they are the newest there are."""
    model = replace(heatmap_model(ts=START_S - 2.0), ts=START_S - 7_200.0)
    assert model_age(view_of(model), model, board_report()).age_s == pytest.approx(2.0, abs=0.001)


def test_without_redis_nothing_is_known_of_now() -> None:
    model = heatmap_model(ts=START_S)
    age = model_age(view_of(model), model, board_report(reached=False))
    assert age.state is State.UNREACHABLE and not age.is_current


def test_a_silent_compositor_is_said_beside_a_model_that_is_fresh_yet() -> None:
    model = heatmap_model(ts=START_S)
    age = model_age(view_of(model), model, board_report(compositor=compositor(alive=False)))
    assert age.state is State.FRESH
    assert "been silent since 09:59:55" in age.words


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
    assert "has stopped since 09:59:55" in why_none(None, "SPX", gone)[0]


def test_before_the_first_poll_nothing_is_blamed() -> None:
    assert why_none(None, "SPX", None) == ("waiting for the first poll",)
