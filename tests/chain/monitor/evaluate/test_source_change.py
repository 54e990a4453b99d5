"""A chain whose source changes its kind: said with both kinds, for an hour or until acknowledged, never as a price."""

from dataclasses import replace

import pytest
from msgspec import structs

from chain.clock import Instant
from chain.model.snapshot import encode
from chain.monitor.analytics import RecentAnalytics
from chain.monitor.board import ChainRecord
from chain.monitor.evaluate.report import HealthReport
from chain.monitor.heartbeat import WITHDRAWN, SourceInfo
from chain.monitor.states import DeckState, Flag
from chain.monitor.watch import record_updates
from chain.redis.contract.kinds import KindRecord, SourceChange
from tests.support.scenes import NDX, SPX, heartbeat, received, record, report, snapshot
from tui.lines.grid.changes import NO_CHANGES
from tui.lines.strip import badge
from tui.view import View

NOW = Instant(1_767_366_000_000_000_000, 5_000.0)
HOUR_S = 3600.0
LIVE = SourceInfo("massive", "api.massive.com")


def names(evaluated: HealthReport) -> list[str]:
    return [signal.name for signal in evaluated.signals]


def taken(before: ChainRecord, kind_record: KindRecord, *, ahead_ms: int = 0) -> ChainRecord:
    """Return an entry after one more snapshot of a kind."""
    made = snapshot(SPX, NOW.wall_ns + ahead_ms * 1_000_000)
    return record_updates.accept(before, received(made), encode(made), 60_000, NOW, kind_record)


@pytest.mark.parametrize(("age_s", "told"), [(0.0, True), (HOUR_S - 0.001, True), (HOUR_S, False)])
def test_a_change_is_told_for_an_hour(age_s: float, told: bool) -> None:
    change = SourceChange("massive", "mock", NOW.wall_s - age_s)
    evaluated = report([structs.replace(record(SPX, NOW), change=change)], NOW)
    assert (Flag.SOURCE_CHANGED in evaluated.statuses[0].flags) is told
    assert ("source-changed" in names(evaluated)) is told
    if told:
        [signal] = [s for s in evaluated.signals if s.name == "source-changed"]
        assert "SOURCE CHANGED from live to mock at " in signal.text
        assert (signal.since, signal.severity) == (change.at, DeckState.WARNING)


def test_what_was_acknowledged_is_silent_and_the_next_change_is_not() -> None:
    change = SourceChange("unknown", "massive", NOW.wall_s - 5)
    known = structs.replace(record(SPX, NOW), change=change, acknowledged=change.at)
    assert "source-changed" not in names(report([known], NOW))
    again = structs.replace(known, change=SourceChange("massive", "mock", NOW.wall_s - 1))
    assert "source-changed" in names(report([again], NOW))


def test_an_older_snapshot_of_another_kind_is_no_rollback_and_no_price_change() -> None:
    mock = taken(ChainRecord(SPX), KindRecord("mock"))
    live = taken(mock, KindRecord("massive", SourceChange("mock", "massive", NOW.wall_s)), ahead_ms=-1_500)
    assert live.rolled_back_from is None
    assert live.last_good is not None
    assert (live.kind, live.last_good.snapshot.id.ts_ms) == ("massive", NOW.wall_ms - 1_500)
    view = View(selected=SPX)
    for told in (report([mock], NOW), report([live], NOW)):
        view.on_report(told, RecentAnalytics().update(told.board, SPX))
    assert view.analytics is not None
    assert view.analytics.snapshot_id == live.last_good.snapshot.id
    assert view.changed == NO_CHANGES
    same_kind = taken(taken(ChainRecord(SPX), KindRecord("mock")), KindRecord("mock"), ahead_ms=-1_500)
    assert same_kind.rolled_back_from is not None


def test_live_data_followed_by_what_records_nothing_are_unknown_since_then() -> None:
    live = taken(ChainRecord(SPX), KindRecord("massive"))
    other = taken(live, KindRecord(), ahead_ms=1)
    later = taken(other, KindRecord(), ahead_ms=2)
    assert later.kind == "unknown"
    assert later.change == other.change == SourceChange("massive", "unknown", NOW.wall_s)
    assert badge(report([later], NOW).board) == "[SOURCE ?]"


@pytest.mark.parametrize(
    ("kinds", "words"),
    [
        (("mock", "mock"), "mock"),
        (("massive", "massive"), "live"),
        (("massive", "mock"), "1 live, 1 mock"),
        (("unknown", "capture"), "1 source unknown, 1 capture"),
    ],
)
def test_a_mixture_names_all_its_kinds(kinds: tuple[str, str], words: str) -> None:
    records = [
        structs.replace(record(chain, NOW), source=LIVE if kind == "massive" else SourceInfo(kind))
        for chain, kind in zip((SPX, NDX), kinds, strict=True)
    ]
    evaluated = report(records, NOW)
    assert evaluated.sources == words
    recorded = [kind in ("mock", "capture") for kind in kinds]
    assert ("mixed-sources" in names(evaluated)) is (len(set(recorded)) > 1)


def test_one_that_withdrew_is_told_without_alarm_and_names_nothing() -> None:
    gone = structs.replace(
        heartbeat(), status=WITHDRAWN, source=SourceInfo("mock", last_error="live publisher massive is here")
    )
    live = structs.replace(heartbeat(SPX, service="massive", kind="massive"), source=LIVE)
    evaluated = report([structs.replace(record(SPX, NOW), source=LIVE)], NOW, beats=[live, gone])
    assert evaluated.state is DeckState.OK
    [signal] = evaluated.signals
    assert signal.name == "withdrawn"
    assert "mock publisher" in signal.text
    assert "live publisher massive is here" in signal.text
    assert badge(evaluated.board) == "[LIVE]"


def test_what_was_acknowledged_elsewhere_is_silent_here_and_what_redis_forgot_is_not() -> None:
    change = SourceChange("mock", "massive", NOW.wall_s - 5, recorded=True)
    told = taken(taken(ChainRecord(SPX), KindRecord("mock")), KindRecord("massive", change), ahead_ms=1)
    assert told.change == change
    assert taken(told, KindRecord("massive"), ahead_ms=2).change is None  # acknowledged: Redis no longer tells it
    emptied = record_updates.missing(told, NOW, None)
    assert taken(emptied, KindRecord("massive"), ahead_ms=2).change == change  # Redis began anew
    seen = structs.replace(told, change=replace(change, recorded=False))
    assert taken(seen, KindRecord("massive"), ahead_ms=2).change == change  # nobody but us knows of it
