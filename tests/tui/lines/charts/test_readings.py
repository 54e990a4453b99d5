"""What the screen keeps of how long things took: each snapshot and each heartbeat once, for ten minutes."""

from msgspec.structs import replace

from chain.clock import Instant
from chain.model.keys import ChainId
from chain.monitor.board import PublisherStatus
from chain.monitor.evaluate.report import HealthReport
from tests.support.scenes import SPX, SPX_MON, START_NS, START_S, heartbeat, record, report
from tui.lines.charts.readings import WINDOW_S, Reading, Timings


def at(seconds: float) -> Instant:
    return Instant(START_NS + round(seconds * 1e9), 5_000.0 + seconds)


def seen(chain: ChainId, made_s: float, late_ms: int, now_s: float) -> HealthReport:
    """Return the report of a chain whose snapshot was made and first seen then, looked at later."""
    first = at(made_s + late_ms / 1000)
    return report([record(chain, first, age_ms=late_ms)], at(now_s))


def beaten(*beats: tuple[float, float | None], now_s: float) -> HealthReport:
    """Return the report of publishers by the time of their heartbeats and how long their cycles took, ms."""
    known = []
    for pid, (ts, ms) in enumerate(beats, 1):
        made = heartbeat(SPX, ts=START_S + ts)
        told = replace(made, pid=pid, chain=replace(made.chain, cycle_ms=ms))
        known.append(PublisherStatus(told, at(ts).mono, alive=True))
    return report([record(SPX, at(now_s))], at(now_s), known=tuple(known))


def test_a_snapshot_is_one_reading_however_often_it_is_looked_at() -> None:
    timings = Timings()
    for now in (1.0, 2.0, 3.0):
        timings.on_report(seen(SPX, 0.0, 400, now))
    timings.on_report(seen(SPX, 10.0, 700, 11.0))
    assert timings.seen_after(SPX) == (Reading(5_000.4, 400.0), Reading(5_010.7, 700.0))
    assert timings.seen_after(SPX_MON) == ()


def test_readings_are_kept_for_a_while() -> None:
    timings = Timings()
    timings.on_report(seen(SPX, 0.0, 0, 0.0))
    timings.on_report(seen(SPX, WINDOW_S, 0, WINDOW_S))
    assert len(timings.seen_after(SPX)) == 2
    timings.on_report(seen(SPX, WINDOW_S + 0.001, 0, WINDOW_S + 1))
    assert [reading.at for reading in timings.seen_after(SPX)] == [5_000.0 + WINDOW_S, 5_000.001 + WINDOW_S]


def test_chains_that_are_expected_no_longer_are_forgotten() -> None:
    timings = Timings()
    timings.on_report(report([record(SPX, at(0)), record(SPX_MON, at(0))], at(0)))
    timings.on_report(report([record(SPX, at(10))], at(10)))
    assert timings.seen_after(SPX_MON) == () and len(timings.seen_after(SPX)) == 2


def test_a_heartbeat_is_one_reading_of_its_publisher() -> None:
    timings = Timings()
    timings.on_report(beaten((0.0, 14.0), (0.0, None), now_s=0.0))
    timings.on_report(beaten((0.0, 14.0), (0.0, None), now_s=1.0))
    timings.on_report(beaten((5.0, 15.0), (5.0, 8.0), now_s=5.0))
    assert timings.cycles == {
        "mock_massive 1": (Reading(5_000.0, 14.0), Reading(5_005.0, 15.0)),
        "mock_massive 2": (Reading(5_005.0, 8.0),),
    }


def test_a_publisher_of_which_nothing_is_left_to_show_is_forgotten() -> None:
    timings = Timings()
    timings.on_report(beaten((0.0, 14.0), now_s=0.0))
    timings.on_report(beaten(now_s=WINDOW_S))
    assert list(timings.cycles) == ["mock_massive 1"]
    timings.on_report(beaten(now_s=WINDOW_S + 0.001))
    assert timings.cycles == {}
