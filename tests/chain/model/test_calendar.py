"""Trading days and half days: the rule against a calendar library, and the vendor's word before the rule."""

from datetime import date, time, timedelta

import pytest
from holidays import financial_holidays
from holidays.constants import HALF_DAY

from chain.model.calendar import CLOSE, EARLY_CLOSE, RULE, Calendar, half_days, holidays

YEARS = range(2022, 2031)
ONE_OFF = {date(2025, 1, 9)}  # a day of mourning: no rule tells it beforehand, the vendor's list does


def test_full_holidays_are_those_of_the_calendar_library() -> None:
    theirs = set(financial_holidays("NYSE", years=YEARS))
    assert set().union(*map(holidays, YEARS)) == theirs - ONE_OFF
    assert theirs >= ONE_OFF


def test_half_days_are_those_of_the_calendar_library() -> None:
    theirs = set(financial_holidays("NYSE", years=YEARS, categories=(HALF_DAY,)))
    assert len(theirs) == 20
    assert set().union(*map(half_days, YEARS)) == theirs


def test_every_day_of_nine_years_closes_when_it_should() -> None:
    full = financial_holidays("NYSE", years=YEARS)
    half = financial_holidays("NYSE", years=YEARS, categories=(HALF_DAY,))
    day = date(2022, 1, 1)
    while day.year < 2031:
        shut = day.weekday() >= 5 or (day in full and day not in ONE_OFF)
        assert RULE.close_of(day) == (None if shut else EARLY_CLOSE if day in half else CLOSE), day
        day += timedelta(days=1)


@pytest.mark.parametrize(
    ("day", "close"),
    [
        (date(2026, 7, 2), CLOSE),  # the fourth is a Saturday: the third is the holiday, and the second a whole day
        (date(2026, 7, 3), None),
        (date(2027, 7, 2), CLOSE),  # the fourth is a Sunday
        (date(2027, 7, 5), None),
        (date(2027, 12, 23), CLOSE),
        (date(2027, 12, 24), None),
        (date(2027, 12, 31), CLOSE),
        (date(2026, 12, 24), EARLY_CLOSE),
        (date(2026, 11, 26), None),
        (date(2026, 11, 27), EARLY_CLOSE),
        (date(2026, 10, 12), CLOSE),  # no holiday of the exchange
        (date(2026, 11, 11), CLOSE),
        (date(2024, 3, 29), None),  # Good Friday
        (date(2027, 6, 18), None),  # Juneteenth of a Saturday
    ],
)
def test_weekends_move_holidays_and_take_half_days(day: date, close: time | None) -> None:
    assert RULE.close_of(day) == close


def test_what_was_told_goes_before_the_rule_both_ways() -> None:
    told = Calendar({date(2026, 11, 27): CLOSE, date(2026, 11, 30): None, date(2026, 12, 1): time(14, 0)})
    assert told.close_of(date(2026, 11, 27)) == CLOSE
    assert not told.is_trading_day(date(2026, 11, 30))
    assert told.close_of(date(2026, 12, 1)) == time(14, 0)
    assert told.close_of(date(2026, 12, 24)) == EARLY_CLOSE  # of what was not told, the rule
    assert told.trading_day_before(date(2026, 12, 1)) == date(2026, 11, 27)
