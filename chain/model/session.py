"""Trading dates in New York: what "today", "tradable" and days to expiry mean."""

from collections.abc import Iterable
from datetime import date, datetime, time
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
CLOSE = time(16, 0)
AM_OPEN = time(9, 30)
_AM_ROOTS = frozenset({"SPX", "NDX", "RUT", "VIX", "DJX"})  # settle on the morning of the date they carry

Settlement = Literal["AM", "PM"]


def new_york(epoch_s: float) -> datetime:
    """Return an instant (epoch seconds) on New York's clock."""
    return datetime.fromtimestamp(epoch_s, NEW_YORK)


def tradable(expirations: Iterable[date], epoch_s: float) -> list[date]:
    """Return the distinct dates not yet expired at `epoch_s`, ascending; today counts until 16:00 New York."""
    now = new_york(epoch_s)
    first = now.date()
    today_over = now.time() >= CLOSE
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


def years_to_expiry(expiry: date, epoch_s: float, settles: Settlement = "PM") -> float:
    """Return calendar time to settlement in years of 365 days, never below zero."""
    at = datetime.combine(expiry, AM_OPEN if settles == "AM" else CLOSE, NEW_YORK)
    return max(0.0, at.timestamp() - epoch_s) / (365 * 86_400)
