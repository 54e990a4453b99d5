"""Trading dates in New York: today counts until the close, days are calendar days, and clocks change twice a year."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.model.calendar import Calendar, half_days
from chain.model.session import (
    NEW_YORK,
    Settlement,
    days_to_expiry,
    new_york,
    options_trade,
    regular_hours,
    settlement,
    tradable,
    years_to_expiry,
)
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
    over = new_york(moment).hour >= (13 if today in half_days(today.year) else 16)
    assert (today in found) is (today in listed and not over)


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


BLACK_FRIDAY = date(2026, 11, 27)


def test_a_half_day_ends_at_one() -> None:
    assert years_to_expiry(BLACK_FRIDAY, at(2026, 11, 27, 12)) * YEAR_S == pytest.approx(3600)
    assert years_to_expiry(BLACK_FRIDAY, at(2026, 11, 27, 13, 30)) == 0
    assert tradable([BLACK_FRIDAY], at(2026, 11, 27, 12, 59, 59, 999_000)) == [BLACK_FRIDAY]
    assert tradable([BLACK_FRIDAY], at(2026, 11, 27, 13)) == []
    assert tradable([date(2026, 11, 25)], at(2026, 11, 25, 15, 59, 59, 999_000)) == [date(2026, 11, 25)]
    assert tradable([date(2026, 11, 25)], at(2026, 11, 25, 16)) == []


def test_who_is_told_of_another_close_goes_by_that() -> None:
    told = Calendar({BLACK_FRIDAY: time(16), date(2026, 11, 30): time(13)})
    assert tradable([BLACK_FRIDAY], at(2026, 11, 27, 15), told) == [BLACK_FRIDAY]
    assert tradable([date(2026, 11, 30)], at(2026, 11, 30, 13), told) == []
    assert years_to_expiry(date(2026, 11, 30), at(2026, 11, 30, 12), calendar=told) * YEAR_S == pytest.approx(3600)


def test_a_date_on_which_nothing_trades_expires_at_four_like_any() -> None:
    assert years_to_expiry(date(2026, 7, 3), at(2026, 7, 3, 15)) * YEAR_S == pytest.approx(3600)


@pytest.mark.parametrize(
    ("moment", "share", "ndx", "spx"),
    [
        (at(2026, 8, 14, 7, 30), False, False, True),  # the Friday before shares' longer hours
        (at(2026, 8, 14, 15, 59, 59), True, True, True),
        (at(2026, 8, 14, 16, 0), False, True, True),
        (at(2026, 8, 17, 7, 29, 59), False, False, True),
        (at(2026, 8, 17, 7, 30), True, False, True),
        (at(2026, 8, 17, 9, 24, 59), True, False, True),
        (at(2026, 8, 17, 9, 25), False, False, False),  # five minutes of quiet before the open
        (at(2026, 8, 17, 9, 30), True, True, True),
        (at(2026, 8, 17, 16, 14, 59), True, True, True),
        (at(2026, 8, 17, 16, 15), False, False, True),  # the curb session
        (at(2026, 8, 17, 17, 0), False, False, False),
        (at(2026, 8, 17, 20, 14, 59), False, False, False),
        (at(2026, 8, 17, 20, 15), False, False, True),  # the global session of the next day
        (at(2026, 8, 20, 20, 15), False, False, True),  # which on a Thursday is the last of the week
        (at(2026, 8, 21, 20, 15), False, False, False),  # Friday night
        (at(2026, 8, 23, 20, 15), False, False, True),  # Sunday night
        (at(2026, 11, 27, 13, 14, 59), True, True, True),
        (at(2026, 11, 27, 13, 15), False, False, False),  # no curb session on a half day
        (at(2026, 11, 26, 12, 0), False, False, False),  # Thanksgiving
        (at(2026, 3, 9, 9, 30), True, True, True),  # the day after the clocks changed
    ],
)
def test_options_have_hours_of_their_own(moment: float, share: bool, ndx: bool, spx: bool) -> None:
    found = [options_trade(name, moment, index=name != "TSLA") for name in ("TSLA", "NDX", "SPX")]
    assert found == [share, ndx, spx]


def test_the_regular_session_is_the_exchanges() -> None:
    assert [regular_hours(at(2026, 11, 27, *clock)) for clock in ((9, 29), (9, 30), (12, 59), (13, 0))] == [
        False,
        True,
        True,
        False,
    ]
