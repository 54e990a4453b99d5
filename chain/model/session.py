"""Trading dates in New York: what "today", "tradable", "open", days to expiry and a typed time mean."""

import re
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from chain.model.calendar import CLOSE, RULE, Calendar
from chain.text import clean

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

TYPED = "10:30, 10:30:15, -5m or 2026-01-02 10:30"
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)
_AWAY = re.compile(r"([+-])((?:\d{1,6}[hms])+)", re.ASCII)
_PART = re.compile(r"(\d+)([hms])")
_UNITS = {"h": "hours", "m": "minutes", "s": "seconds"}
_LONGEST = 40  # characters that a time can have

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


def typed_moment(text: str, *, day: date, near_ns: int) -> int:
    """Return the instant that `text` means, epoch ns; ValueError, with what is wrong in one line, where it means none.

    `10:30` and `10:30:15` are times of `day` in New York. `-5m`, `+90s` and `-1h30m` count from `near_ns`, epoch ns. A
    date and time as ISO 8601 spells them stands for itself, in New York unless it names an offset.
    """
    said = text.strip()
    clock, away = _CLOCK.fullmatch(said), _AWAY.fullmatch(said)
    try:
        if clock:
            hour, minute, second = (int(part or 0) for part in clock.groups())
            return _epoch_ns(datetime.combine(day, time(hour, minute, second), NEW_YORK))
        if away:
            length = sum((timedelta(**{_UNITS[u]: int(n)}) for n, u in _PART.findall(away[2])), timedelta())
            return near_ns + (1 if away[1] == "+" else -1) * round(length.total_seconds()) * 10**9
        if len(said) > len("2026-01-02"):  # a date alone is no instant
            moment = datetime.fromisoformat(said)
            return _epoch_ns(moment if moment.tzinfo else moment.replace(tzinfo=NEW_YORK))
    except (ValueError, OverflowError):
        pass
    raise ValueError(f"{clean(said, _LONGEST)!r} is no time: {TYPED}, in New York")


def recorded_moment(text: str, *, begin_ns: int, end_ns: int) -> int:
    """Return the instant, epoch ns, that `text` means of a recording; ValueError as `typed_moment` raises it.

    A time of day is of the recording's first day; `+5m` counts from its beginning, `-5m` from its end.
    """
    near_ns = end_ns if text.lstrip().startswith("-") else begin_ns
    return typed_moment(text, day=new_york(begin_ns / 1e9).date(), near_ns=near_ns)


def _epoch_ns(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000) * 1000
