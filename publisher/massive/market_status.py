"""The market's state as the vendor reports it: open or closed, once a minute; holidays, once a day."""

from datetime import date, datetime, time
from typing import Any

from chain.clock import Clock
from chain.errors import ChaindeckError
from chain.model.calendar import CLOSE, EARLY_CLOSE, RULE, Calendar
from chain.model.keys import parse_expiry
from chain.model.session import AM_OPEN, NEW_YORK, new_york
from chain.text import clean
from publisher.massive.api.faults import VendorError
from publisher.massive.api.vendor import Vendor

STATUS_EVERY_S = 60.0
_NOW = "/v1/marketstatus/now"
_UPCOMING = "/v1/marketstatus/upcoming"
_EXCHANGES = ("NYSE", "NASDAQ")  # options follow them; over the counter they do not
_MOST_DAYS = 60  # years of holidays: a heartbeat carries them all


class MarketStatus:
    """Remembers the vendor's last answer; a failed request leaves it and is retried a minute later."""

    def __init__(self, vendor: Vendor, clock: Clock) -> None:
        self._vendor = vendor
        self._clock = clock
        self._now_due = self._upcoming_due = float("-inf")  # monotonic seconds
        self._holidays_of = ""  # the date in New York on which they were last read
        self.word = ""
        self.calendar = RULE  # with what the vendor lists of the coming holidays and half days

    async def refresh(self) -> None:
        """Make a request if one is due: at most one per call."""
        today = new_york(self._clock.wall_ns() / 1e9).date().isoformat()
        now = self._clock.monotonic()
        try:
            if now >= self._now_due:
                self._now_due = now + STATUS_EVERY_S
                self._take_now(await self._vendor.get(_NOW))
            elif self._holidays_of != today and now >= self._upcoming_due:
                self._upcoming_due = now + STATUS_EVERY_S
                self._take_upcoming(await self._vendor.get(_UPCOMING))
                self._holidays_of = today
        except VendorError:
            return  # counted and reported by the vendor's breaker; the last answer stays

    def _take_now(self, body: object) -> None:
        if isinstance(body, dict):
            self.word = clean(body.get("market") or "", 20)

    def _take_upcoming(self, body: object) -> None:
        """Read the list as far as possible; for an invalid row our own rule applies."""
        rows: list[Any] = body if isinstance(body, list) else []
        told: dict[date, time | None] = {}
        for row in rows:
            if isinstance(row, dict) and row.get("exchange") in _EXCHANGES and len(told) < _MOST_DAYS:
                try:
                    day = parse_expiry(str(row.get("date")))
                    told[day] = _close_of(row, day)
                except (ChaindeckError, ValueError, OverflowError):
                    self._vendor.counters["holidays_unread"] += 1
        self.calendar = Calendar(told)


def _close_of(row: dict[str, Any], day: date) -> time | None:
    """Return New York's time of the close on a listed day, None for a holiday; raise ValueError for anything else."""
    status, close = row.get("status"), row.get("close")
    if status == "closed":
        return None
    if status != "early-close":
        raise ValueError("neither closed nor early-close")
    if close is None:
        return EARLY_CLOSE
    told = datetime.fromisoformat(str(close)).astimezone(NEW_YORK)
    if told.date() != day or not AM_OPEN < told.time() <= CLOSE:
        raise ValueError("no close of that day's session")
    return told.time().replace(second=0, microsecond=0)
