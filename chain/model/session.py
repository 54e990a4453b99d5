"""Trading dates in New York: what "today", "tradable", "open" and days to expiry mean."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from chain.model.calendar import CLOSE, RULE, Calendar

NEW_YORK = ZoneInfo("America/New_York")
AM_OPEN = time(9, 30)
_AM_ROOTS = frozenset({"SPX", "NDX", "RUT", "VIX", "DJX"})  # settle on the morning of the date they carry

_LONGER_SHARE_HOURS = date(2026, 8, 17)  # from this date, options on shares trade early and late too
_SHARES_EARLY = time(7, 30)
_EARLY_ENDS = time(9, 25)  # of the early session of shares, and of the global one
_LATE_S = 15 * 60  # after the close: shares since that date, indices always
_CURB_ENDS = time(17, 0)
_GLOBAL_BEGINS = time(20, 15)  # on the evening before a trading day
_GLOBAL_HOURS = frozenset({"SPX", "XSP", "VIX", "RUT"})

Settlement = Literal["AM", "PM"]


def new_york(epoch_s: float) -> datetime:
    """Return an instant (epoch seconds) on New York's clock."""
    return datetime.fromtimestamp(epoch_s, NEW_YORK)


def closing(day: date, calendar: Calendar = RULE) -> datetime:
    """Return the instant at which a date's options expire: its session's close, 16:00 where it has none."""
    return datetime.combine(day, calendar.close_of(day) or CLOSE, NEW_YORK)


def tradable(expirations: Iterable[date], epoch_s: float, calendar: Calendar = RULE) -> list[date]:
    """Return the distinct dates not yet expired at `epoch_s`, ascending; today counts until its session's close."""
    now = new_york(epoch_s)
    first = now.date()
    today_over = now >= closing(first, calendar)
    return sorted({d for d in expirations if d > first or (d == first and not today_over)})


def days_to_expiry(expiry: date, epoch_s: float) -> int:
    """Return calendar days from New York's date at `epoch_s` to `expiry`; negative once past."""
    return (expiry - _date_in_minute(int(epoch_s // 60))).days


@lru_cache(maxsize=256)
def _date_in_minute(minute: int) -> date:
    """Return New York's date in a minute since the epoch; no day begins inside one."""
    return new_york(minute * 60).date()


def settlement(root: str) -> Settlement:
    """Return whether contracts of this root settle on the open (AM) or the close (PM) of their date."""
    return "AM" if root in _AM_ROOTS else "PM"


def years_to_expiry(expiry: date, epoch_s: float, settles: Settlement = "PM", calendar: Calendar = RULE) -> float:
    """Return calendar time to settlement in years of 365 days, never below zero."""
    at = datetime.combine(expiry, AM_OPEN, NEW_YORK) if settles == "AM" else closing(expiry, calendar)
    return max(0.0, at.timestamp() - epoch_s) / (365 * 86_400)


def regular_hours(epoch_s: float, calendar: Calendar = RULE) -> bool:
    """Return whether the exchanges' regular session runs at an instant."""
    now = new_york(epoch_s)
    close = calendar.close_of(now.date())
    return close is not None and AM_OPEN <= now.time() < close


def options_trade(underlying: str, epoch_s: float, *, index: bool, calendar: Calendar = RULE) -> bool:
    """Return whether options on an underlying trade at an instant, in any of their sessions.

    Index options trade a quarter of an hour past the close; those with global hours also in a curb session until 17:00
    and through the night before a trading day.
    """
    now = new_york(epoch_s)
    day, clock = now.date(), now.time()
    close = calendar.close_of(day)
    if underlying in _GLOBAL_HOURS and _in_global_hours(day, clock, calendar):
        return True
    if close is None:
        return False
    longer = index or day >= _LONGER_SHARE_HOURS
    last = (datetime.combine(day, close) + timedelta(seconds=_LATE_S if longer else 0)).time()
    if AM_OPEN <= clock < last:
        return True
    if index:
        return underlying in _GLOBAL_HOURS and close == CLOSE and last <= clock < _CURB_ENDS
    return longer and _SHARES_EARLY <= clock < _EARLY_ENDS


def _in_global_hours(day: date, clock: time, calendar: Calendar) -> bool:
    """Return whether the overnight session runs: from the evening before a trading day until its morning."""
    if clock >= _GLOBAL_BEGINS:
        return calendar.is_trading_day(day + timedelta(days=1))
    return clock < _EARLY_ENDS and calendar.is_trading_day(day)
