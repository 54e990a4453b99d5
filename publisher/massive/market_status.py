"""The market's state in the vendor's words: open or closed, asked once a minute, holidays once a day."""

from typing import Any

from chain.clock import Clock
from chain.model.session import new_york
from chain.text import clean
from publisher.massive.faults import VendorError
from publisher.massive.vendor import Vendor

STATUS_EVERY_S = 60.0
_NOW = "/v1/marketstatus/now"
_UPCOMING = "/v1/marketstatus/upcoming"


class MarketStatus:
    """Remembers the vendor's last word; a request that fails leaves it, to be asked again a minute later."""

    def __init__(self, vendor: Vendor, clock: Clock) -> None:
        self._vendor = vendor
        self._clock = clock
        self._now_due = self._upcoming_due = float("-inf")  # monotonic seconds
        self._holidays_of = ""  # the date in New York on which they were last told
        self.word = ""
        self.holidays: dict[str, str] = {}  # date to `closed` or `early-close`

    async def refresh(self) -> None:
        """Ask where it is due: at most one request a call."""
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
            return  # counted and told by the vendor's breaker; the last word stands

    def _take_now(self, body: object) -> None:
        if isinstance(body, dict):
            self.word = clean(body.get("market") or "", 20)

    def _take_upcoming(self, body: object) -> None:
        rows: list[Any] = body if isinstance(body, list) else []
        self.holidays = {
            clean(row.get("date"), 10): clean(row.get("status"), 12) for row in rows if isinstance(row, dict)
        }
