"""Trading dates in New York: today counts until the close, days are calendar days, and clocks change twice a year."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.model.session import NEW_YORK, Settlement, days_to_expiry, new_york, settlement, tradable, years_to_expiry
from tests.support.scenes import law

YEAR_S = 365 * 86_400
FRIDAY = date(2026, 1, 2)


def at(*parts: int) -> float:
    """Return epoch seconds of a wall time in New York."""
    return datetime(*parts, tzinfo=NEW_YORK).timestamp()  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("moment", "first"),
    [
        (at(2026, 1, 2, 0, 0), FRIDAY),
        (at(2026, 1, 2, 9, 30), FRIDAY),
        (at(2026, 1, 2, 15, 59, 59), FRIDAY),
        (at(2026, 1, 2, 16, 0), date(2026, 1, 5)),
        (at(2026, 1, 2, 23, 59, 59), date(2026, 1, 5)),
        (at(2026, 1, 3, 0, 0), date(2026, 1, 5)),
        (at(2026, 1, 1, 23, 59, 59), FRIDAY),
    ],
)
def test_today_is_tradable_until_four_in_the_afternoon(moment: float, first: date) -> None:
    listed = [date(2026, 1, 5), FRIDAY, date(2025, 12, 31), FRIDAY]
    assert tradable(listed, moment)[0] == first


def test_the_close_is_new_yorks_in_winter_and_in_summer() -> None:
    for day, utc_hour in ((date(2026, 1, 2), 21), (date(2026, 7, 2), 20)):
        close = datetime.fromisoformat(f"{day}T{utc_hour}:00:00+00:00").timestamp()
        assert tradable([day], close - 1) == [day]
        assert tradable([day], close) == []
        assert new_york(close).hour == 16


DATES = st.dates(date(2020, 1, 1), date(2035, 1, 1))


@law
@given(listed=st.lists(DATES, max_size=12), moment=st.floats(1.6e9, 2.0e9))
def test_tradable_dates_are_distinct_ascending_and_none_is_past(listed: list[date], moment: float) -> None:
    found = tradable(listed, moment)
    assert found == sorted(set(found))
    today = new_york(moment).date()
    assert set(found) - {today} == {day for day in listed if day > today}


@law
@given(day=DATES, moment=st.floats(1.6e9, 2.0e9))
def test_days_to_expiry_count_calendar_days(day: date, moment: float) -> None:
    assert new_york(moment).date() + timedelta(days=days_to_expiry(day, moment)) == day


def test_a_date_is_past_from_new_yorks_midnight_on() -> None:
    assert days_to_expiry(FRIDAY, at(2026, 1, 2, 23, 59, 59)) == 0
    assert days_to_expiry(FRIDAY, at(2026, 1, 3, 0, 0)) == -1
    assert days_to_expiry(FRIDAY, at(2025, 12, 26, 20, 0)) == 7


@pytest.mark.parametrize(
    ("root", "settles"), [("SPX", "AM"), ("SPXW", "PM"), ("NDX", "AM"), ("NDXP", "PM"), ("SPY", "PM"), ("XSP", "PM")]
)
def test_roots_settle_on_the_open_or_on_the_close(root: str, settles: Settlement) -> None:
    assert settlement(root) == settles


def test_time_to_expiry_ends_at_the_settlement() -> None:
    moment = at(2026, 1, 2, 9, 0)
    assert years_to_expiry(FRIDAY, moment, "PM") * YEAR_S == pytest.approx(7 * 3600)
    assert years_to_expiry(FRIDAY, moment, "AM") * YEAR_S == pytest.approx(1800)
    assert years_to_expiry(FRIDAY, at(2026, 1, 2, 9, 31), "AM") == 0
    assert years_to_expiry(FRIDAY, at(2026, 1, 2, 16, 0)) == 0
    assert years_to_expiry(FRIDAY, at(2026, 1, 9, 16, 0)) == 0


def test_the_night_the_clocks_change_is_an_hour_shorter() -> None:
    saturday_close = at(2026, 3, 7, 16, 0)
    monday = date(2026, 3, 9)
    assert years_to_expiry(monday, saturday_close) * YEAR_S == pytest.approx(47 * 3600)
    assert days_to_expiry(monday, saturday_close) == 2
