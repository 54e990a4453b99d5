"""Realised volatility: the formula, which returns count, and that a history knows nothing of what comes after."""

import math
from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.analytics.measures.measure import FRACTION, Measure
from chain.analytics.measures.underlying import underlying_measures
from chain.analytics.realised import (
    GAP,
    INTERVAL_S,
    KEPT,
    LEAST_RETURNS,
    LONGEST_S,
    OUTSIDE,
    SpotSample,
    SpotSeries,
    realised_less_implied,
    realised_vol,
    unrealised,
    with_realised,
)
from chain.model.calendar import Calendar
from chain.model.keys import SnapshotId
from chain.model.session import NEW_YORK
from tests.support.measured import held_chain, measured
from tests.support.scenes import SPX, law

NOON = datetime(2026, 1, 2, 12, tzinfo=NEW_YORK).timestamp()
YEAR_S = 252 * 6.5 * 3600
R = 0.0005  # a return


def series_of(samples: Iterable[SpotSample]) -> SpotSeries:
    """Return the series that samples give, in the order in which they were seen."""
    found = SpotSeries()
    for sample in samples:
        found.add(sample)
    return found


def sample(at: float, spot: float = 6930.0, source: str = "MOCK") -> SpotSample:
    return SpotSample(at, spot, SnapshotId(SPX, round(at * 1000)), source)


def zigzag(returns: int, begin: float = NOON, every: float = INTERVAL_S, r: float = R) -> list[SpotSample]:
    """Return samples whose returns are r, -r, r ..."""
    return [sample(begin + every * at, 6930.0 * math.exp(r * (at % 2))) for at in range(returns + 1)]


def test_the_formula() -> None:
    found = realised_vol(zigzag(30))
    assert found.value == pytest.approx(math.sqrt(R**2 / INTERVAL_S * YEAR_S), rel=1e-12)
    assert found.value == pytest.approx(0.1567, abs=5e-5)  # 5 basis points a minute
    assert (found.unit, found.used, found.skipped, found.note) == (FRACTION, 30, {}, "")
    assert found.inputs["minutes"] == pytest.approx(30)
    assert found.inputs["standard_error"] == pytest.approx(0.156748 / math.sqrt(60), rel=1e-5)
    assert len(found.snapshots) == 31 and found.oldest.ts_ms == round(NOON * 1000)
    assert "252 sessions" in found.convention and "nights and gaps" in found.convention


def test_returns_of_longer_intervals_count_by_their_time() -> None:
    assert realised_vol(zigzag(30, every=240)).value == pytest.approx(math.sqrt(R**2 / 240 * YEAR_S))


@law
@given(st.floats(0.1, 1e6), st.floats(1e-6, 0.02), st.integers(LEAST_RETURNS, 60))
def test_it_knows_no_unit_of_spot_and_doubles_with_the_returns(scale: float, r: float, returns: int) -> None:
    plain = realised_vol(zigzag(returns, r=r))
    scaled = realised_vol([sample(one.at, one.spot * scale) for one in zigzag(returns, r=r)])
    doubled = realised_vol(zigzag(returns, r=2 * r))
    assert plain.value is not None and scaled.value is not None and doubled.value is not None
    assert scaled.value == pytest.approx(plain.value, rel=1e-6)
    assert doubled.value == pytest.approx(2 * plain.value, rel=1e-6)


def test_too_few_returns_give_no_number_and_say_so() -> None:
    few = realised_vol(zigzag(LEAST_RETURNS - 1))
    assert few.value is None and few.used == LEAST_RETURNS - 1 and few.note.startswith("19 of 20 returns so far")
    assert few.inputs["standard_error"] is None
    assert realised_vol(zigzag(LEAST_RETURNS)).value is not None
    one = realised_vol([sample(NOON)])
    assert (one.value, one.used, one.snapshots) == (None, 0, (sample(NOON).snapshot,))


def test_a_spot_that_does_not_move_is_no_volatility_of_zero() -> None:
    still = realised_vol(zigzag(30, r=0.0))
    assert still.value is None and still.note == "spot has not moved"


@pytest.mark.parametrize(("span", "counts"), [(LONGEST_S, True), (LONGEST_S + 0.001, False)])
def test_a_gap_is_left_out(span: float, *, counts: bool) -> None:
    first = zigzag(20)
    found = realised_vol([*first, sample(first[-1].at + span, 7100.0)])
    assert (found.used, found.skipped) == ((21, {}) if counts else (20, {GAP: 1}))


def at(hour: int, minute: int, second: float = 0.0, day: int = 2) -> float:
    return datetime(2026, 1, day, hour, minute, tzinfo=NEW_YORK).timestamp() + second


@pytest.mark.parametrize(
    ("begin", "used"),
    [
        (at(9, 30), 20),
        (at(9, 29, 59.9), 19),  # the first sample is before the open
        (at(15, 39, 59.9), 20),
        (at(15, 40), 19),  # at the close the session is over
        (at(12, 0, day=3), 0),  # a Saturday
        (at(12, 0, day=1), 0),  # New Year's Day
    ],
)
def test_only_regular_hours_count(begin: float, used: int) -> None:
    found = realised_vol(zigzag(20, begin))
    assert found.used == used and found.skipped == ({OUTSIDE: 20 - used} if used < 20 else {})


def test_the_calendar_that_is_told_decides() -> None:
    day = datetime(2026, 1, 2, tzinfo=NEW_YORK).date()
    assert realised_vol(zigzag(20), Calendar({day: None})).skipped == {OUTSIDE: 20}


def test_a_night_is_no_return() -> None:
    evening, morning = zigzag(15, at(15, 40)), zigzag(15, at(9, 31, day=5))
    found = realised_vol([*evening, *morning])
    assert (found.used, found.skipped) == (30, {OUTSIDE: 1}) and found.value is not None


def test_samples_that_are_too_near_are_not_taken() -> None:
    series = SpotSeries()
    assert [series.add(sample(NOON + second)) for second in (0, 59.999, 60, 119.9, 120)] == [
        *(True, False, True, False, True)
    ]
    assert [one.at - NOON for one in series.samples] == [0, 60, 120]


def test_never_of_a_mix_of_sources() -> None:
    series = series_of([*zigzag(5), sample(NOON + 360, source="LIVE")])
    assert [one.source for one in series.samples] == ["LIVE"]


def test_a_clock_that_steps_back_takes_what_is_later_with_it() -> None:
    series = series_of(zigzag(30))
    assert series.add(sample(NOON + 600.5)) and [one.at - NOON for one in series.samples[-2:]] == [540, 600]
    assert len(series.samples) == 11
    assert series.add(sample(NOON - 60)) and [one.at for one in series.samples] == [NOON - 60]


@law
@given(st.lists(st.tuples(st.floats(0, 50_000), st.sampled_from(["MOCK", "LIVE"])), min_size=1, max_size=80))
def test_a_series_ascends_is_of_one_source_and_ends_at_or_before_the_last_that_was_seen(
    seen: list[tuple[float, str]],
) -> None:
    series = SpotSeries()
    for at, source in seen:
        series.add(sample(NOON + at, source=source))
        times = [one.at for one in series.samples]
        assert times == sorted(times) and times[-1] <= NOON + at
        assert all(later - earlier >= INTERVAL_S for earlier, later in pairwise(times))
        assert {one.source for one in series.samples} == {source}


def test_it_is_bounded() -> None:
    series = series_of(zigzag(KEPT + 50))
    assert len(series.samples) == KEPT and series.samples[-1].at == NOON + INTERVAL_S * (KEPT + 50)


def test_less_implied_needs_both() -> None:
    chain = measured(*held_chain())
    realised = realised_vol(zigzag(30))
    found = realised_less_implied(realised, chain["atm_iv"])
    assert found.value == pytest.approx(0.15675 - 0.136, abs=1e-5)
    assert found.inputs["ratio"] == pytest.approx(0.15675 / 0.136, abs=1e-4)
    assert (found.inputs["realised_vol"], found.inputs["atm_iv"]) == (realised.value, chain["atm_iv"].value)
    assert set(found.snapshots) == {*realised.snapshots, chain.snapshot} and found.used == 2
    missing = realised_less_implied(unrealised(chain.snapshot, "not read"), chain["atm_iv"])
    assert (missing.value, missing.note) == (None, "not read")
    blank = Measure(None, FRACTION, "", (chain.snapshot,), 0, {}, {}, note="no IV at the ATM strike")
    assert realised_less_implied(realised, blank).note == "no IV at the ATM strike"


def test_beside_all_chains_of_an_underlying() -> None:
    across = underlying_measures([measured(*held_chain())])
    assert across.realised is None and across.less_implied == ()
    told = with_realised(across, realised_vol(zigzag(30)))
    assert told.realised is not None and told.realised.value == pytest.approx(0.1567, abs=5e-5)
    assert [one.value is not None for one in told.less_implied] == [True] and told.totals is across.totals
