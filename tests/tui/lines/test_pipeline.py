"""The pipeline in a line: calm when all is well, words when not, and never wider than the screen."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chain.clock import Instant
from chain.monitor.board import CompositorStatus
from chain.monitor.evaluate.report import HealthReport
from chain.monitor.messages.compositor import ModelStatus, StagedChain
from chain.monitor.messages.heartbeat import FeedBlock
from chain.pipeline.staging import StagingMeta
from tests.support.scenes import SPX, START_NS, START_S, compositor, heartbeat, law, record, report
from tui.lines.line import Role, length, plain
from tui.lines.pipeline import has_pipeline, pipeline_line
from tui.ports.board_source import StagedView

NOW = Instant(START_NS, 5_000.0)
CHAIN = StagedChain("SPX", "2026-01-02", "massive:chain:snapshot:SPX:2026-01-02:1", "5-0", START_S - 0.4)
MODEL = ModelStatus("SPX", "v1", START_S - 1.0, START_S - 0.8, 9_120)
ALARMS = (Role.CAUTION, Role.ALARM)


def composing(*, alive: bool = True, **beat: Any) -> CompositorStatus:
    return compositor(NOW, alive=alive, **({"chains": (CHAIN,), "models": (MODEL,)} | beat))


def piped(age_ms: int = 3_100, **parts: Any) -> HealthReport:
    running = {"last_frame": START_S - 0.2, "events_s": 212.4, "group_lag": 3, "compositor": composing()}
    return report([record(SPX, NOW, age_ms=age_ms)], NOW, **(running | parts))


def text(made: HealthReport, width: int = 120) -> str:
    return plain(pipeline_line(made, SPX, width))


def test_all_is_well_in_a_calm_line() -> None:
    made = piped()
    line = pipeline_line(made, SPX, 120)
    assert plain(line).startswith(
        " PIPELINE  snapshot 3.1 s › stream 0.2 s 212/s › staging 0.4 s lag 3 › model 0.8 s 9,120 tiles "
    )
    assert plain(line).endswith("[MOCK]")
    assert not any(span.role in ALARMS for span in line)


def test_at_eighty_columns_every_stage_keeps_its_age_with_rate_and_lag() -> None:
    shown = text(piped(), 80)
    for words in ("snapshot 3.1 s", "stream 0.2 s 212/s", "staging 0.4 s lag 3", "model 0.8 s"):
        assert words in shown
    assert "tiles" not in shown


def test_where_there_is_little_room_ages_and_the_source_remain() -> None:
    shown = text(piped(), 70)
    for words in ("snapshot 3.1 s", "stream 0.2 s", "staging 0.4 s", "model 0.8 s", "[MOCK]"):
        assert words in shown


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"age_ms": 48_200}, "snapshot STALE 48.2 s"),
        ({"last_frame": START_S - 34.0}, "stream quiet 34 s"),
        ({"last_frame": None}, "no stream"),
        ({"group_lag": 12_400}, "staging 12.4k behind"),
        ({"compositor": None}, "no compositor"),
        ({"compositor": composing(alive=False)}, "compositor silent since 10:00:00"),
        ({"compositor": composing(alive=False, status="stopped")}, "compositor stopped since 10:00:00"),
        ({"compositor": composing(error="OOM")}, "staging stands still: OOM"),
        ({"compositor": composing(chains=(StagedChain("SPX", "2026-01-02", reason="STALE"),))}, "not staged: STALE"),
        ({"compositor": composing(models=(ModelStatus("SPX", reason="no fresh chain"),))}, "no model: no fresh chain"),
        ({"compositor": composing(models=())}, "no model"),
    ],
)
def test_what_is_not_well_is_said_in_words(parts: dict[str, Any], words: str) -> None:
    assert words in text(piped(**parts))


def test_staging_that_may_not_be_read_costs_nothing_else() -> None:
    shown = plain(pipeline_line(piped(), SPX, 120, StagedView(SPX, fault="no right to the channel")))
    assert "staging not read: no right to the channel" in shown
    assert "stream 0.2 s" in shown and "model 0.8 s" in shown


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_past_is_never_taken_for_the_present(width: int) -> None:
    assert "AS OF 10:00:00" in plain(pipeline_line(piped(), SPX, width, at="10:00:00"))


def test_ages_go_on_between_two_beats() -> None:
    made = piped(compositor=CompositorStatus(composing().beat, NOW.mono - 2.0, True))
    assert "staging 2.4 s" in text(made) and "model 2.8 s" in text(made)


def test_staging_that_was_read_since_the_last_beat_is_as_old_as_it_is() -> None:
    made = piped(compositor=CompositorStatus(composing().beat, NOW.mono - 4.0, True))
    meta = StagingMeta(snapshot="", ts=START_S, atm=6930, position="9-0", flushed=START_S + 3.8)
    assert "staging 0.2 s" in plain(pipeline_line(made, SPX, 120, StagedView(SPX, meta)))
    assert "staging 4.4 s" in plain(pipeline_line(made, SPX, 120, StagedView(SPX._replace(underlying="NDX"), meta)))
    older = replace(meta, flushed=START_S - 60.0)
    assert "staging 4.4 s" in plain(pipeline_line(made, SPX, 120, StagedView(SPX, older)))


def test_where_nothing_stands_beside_the_snapshots_there_is_no_line() -> None:
    assert not has_pipeline(piped(last_frame=None, compositor=None))
    assert has_pipeline(piped(last_frame=None))
    assert has_pipeline(piped(compositor=None))


@law
@given(st.integers(20, 220), st.sampled_from([{}, {"compositor": composing(error="x" * 150)}, {"compositor": None}]))
def test_it_is_never_wider_than_the_screen(width: int, parts: dict[str, Any]) -> None:
    assert length(pipeline_line(piped(**parts), SPX, width)) == width


@pytest.mark.parametrize(
    ("feed", "last_frame", "words"),
    [
        (None, None, "stream off"),
        (FeedBlock("streaming", delayed=True), START_S, "stream 15-min delayed 0.0 s"),
        (FeedBlock("streaming"), START_S, "stream 0.0 s"),
    ],
)
def test_the_stream_of_live_data_says_that_it_is_off_or_late(
    feed: FeedBlock | None, last_frame: float | None, words: str
) -> None:
    beat = replace(heartbeat(SPX, kind="massive", service="massive"), feed=feed)
    made = report([record(SPX, NOW)], NOW, beats=[beat], last_frame=last_frame)
    assert f"› {words}" in plain(pipeline_line(made, SPX, 120))
