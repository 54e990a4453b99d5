"""Trading days and closing times of the New York exchanges: as the vendor lists them, else by rule."""

from calendar import FRIDAY, MONDAY, SATURDAY, SUNDAY, THURSDAY
from collections.abc import Mapping
from datetime import date, time, timedelta
from functools import lru_cache

from msgspec import Struct, field

CLOSE = time(16, 0)
EARLY_CLOSE = time(13, 0)


class Calendar(Struct, frozen=True):
    """When the exchanges close. `told` holds single dates as the vendor lists them, None for a closed day.

    They override the rule, which knows regular holidays and half days, but no unscheduled closures.
    """

    told: Mapping[date, time | None] = field(default_factory=dict)

    def close_of(self, day: date) -> time | None:
        """Return the time of day in New York at which a date's session closes, None if there is no session."""
        if day in self.told:
            return self.told[day]
        if not _by_rule(day):
            return None
        return EARLY_CLOSE if day in half_days(day.year) else CLOSE

    def is_trading_day(self, day: date) -> bool:
        """Return whether the exchanges open on a date."""
        return self.close_of(day) is not None

    def trading_day_before(self, day: date) -> date:
        """Return the last trading day before a date."""
        before = day - timedelta(days=1)
        while not self.is_trading_day(before):
            before -= timedelta(days=1)
        return before


RULE = Calendar()


@lru_cache(maxsize=16)
def holidays(year: int) -> frozenset[date]:
    """Return the full-day holidays of the New York Stock Exchange in a year (rule 7.2, as kept since 2022)."""
    new_year = date(year, 1, 1)
    memorial = date(year, 5, 31)
    days = {
        nth_weekday(year, 1, MONDAY, 3),  # Martin Luther King
        nth_weekday(year, 2, MONDAY, 3),  # Washington
        _easter(year) - timedelta(days=2),  # Good Friday
        memorial - timedelta(days=memorial.weekday()),
        _observed(date(year, 6, 19)),
        _observed(date(year, 7, 4)),
        nth_weekday(year, 9, MONDAY, 1),  # Labor
        nth_weekday(year, 11, THURSDAY, 4),  # Thanksgiving
        _observed(date(year, 12, 25)),
    }
    if new_year.weekday() != SATURDAY:  # the Friday before belongs to the old year's accounts and stays open
        days.add(_observed(new_year))
    return frozenset(days)


@lru_cache(maxsize=16)
def half_days(year: int) -> frozenset[date]:
    """Return the days that close at 13:00: the day after Thanksgiving, and the eves of 4 July and Christmas.

    An eve counts from Monday to Thursday: on a Friday it is itself the holiday kept for a Saturday.
    """
    after_thanksgiving = nth_weekday(year, 11, THURSDAY, 4) + timedelta(days=1)
    eves = {day for day in (date(year, 7, 3), date(year, 12, 24)) if day.weekday() < FRIDAY}
    return frozenset(eves | {after_thanksgiving})


def nth_weekday(year: int, month: int, weekday: int, nth: int) -> date:
    """Return the nth given weekday of a month."""
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


def _by_rule(day: date) -> bool:
    return day.weekday() < SATURDAY and day not in holidays(day.year)


def _observed(day: date) -> date:
    """Return when the exchange keeps a fixed holiday: Friday for a Saturday, Monday for a Sunday."""
    return day + timedelta(days={SATURDAY: -1, SUNDAY: 1}.get(day.weekday(), 0))


def _easter(year: int) -> date:
    """Return Easter Sunday by the anonymous Gregorian computus (Meeus, Astronomical Algorithms, chapter 8)."""
    golden = year % 19
    century, rest = divmod(year, 100)
    skipped, leap = divmod(century, 4)
    moon = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - skipped - moon + 15) % 30
    to_sunday = (32 + 2 * leap + 2 * (rest // 4) - epact - rest % 4) % 7
    late = (golden + 11 * epact + 22 * to_sunday) // 451
    month, day = divmod(epact + to_sunday - 7 * late + 114, 31)
    return date(year, month, day + 1)
