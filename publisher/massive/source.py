"""Source *massive*: the live vendor. A cycle makes its requests concurrently, and gives complete windows or none."""

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, TypeVar

from msgspec.structs import replace

from chain.clock import Clock
from chain.errors import ChaindeckError
from chain.model.contract import number
from chain.model.keys import ChainId, parse_underlying, vendor_symbol
from chain.model.session import days_to_expiry, new_york, tradable
from chain.model.snapshot import Contract
from chain.model.summary import lopsided
from publisher.fields import block
from publisher.massive.api.faults import OF_SETTINGS, FaultKind, VendorError
from publisher.massive.api.reply import Page
from publisher.massive.api.vendor import PAGE_ROWS, Params, Vendor
from publisher.massive.market_status import MarketStatus
from publisher.massive.profile import Band, Filters, Profile, first_band, wider
from publisher.massive.rows import Row, check_rows, expiry_of, is_standard, newest_spot, without_nulls
from publisher.source import ChainWindow, SourceError, SourceStatus, Survey
from publisher.window import EM_MULT, ExpiryChain, atm_iv, cut, index_expiry

log = logging.getLogger(__name__)

SURVEY_EVERY_S = 300.0
VIX_EVERY_S = 60.0
_CHAIN = "/v3/snapshot/options/{}"
_INDICES = "/v3/snapshot/indices"
_TRIES = 3  # per window: as its profile suggests, wider, and everything listed
_NEXT_ROWS = 10  # the first row of a date proves that it is listed, unless it is an adjusted contract

T = TypeVar("T")


@dataclass(slots=True)
class _Known:
    """What is remembered of one underlying between cycles."""

    spot: float
    expirations: tuple[date, ...] = ()
    all_listed: bool = False  # whether nothing is listed beyond the expirations
    profiles: dict[date, Profile] = field(default_factory=dict)
    surveyed: float = -math.inf  # monotonic seconds


class MassiveSource:
    """Queries the vendor for a set of underlyings. Requests per cycle: one per window, and at most one more.

    A survey takes one request per expiration, since the vendor has no list of dates.
    """

    def __init__(
        self, vendor: Vendor, clock: Clock, underlyings: Sequence[str], *, depth: int, mult: float = EM_MULT
    ) -> None:
        self._vendor = vendor
        self._clock = clock
        self._symbols = {parse_underlying(name): vendor_symbol(name) for name in underlyings}
        self._depth = depth
        self._mult = mult
        self._known: dict[str, _Known] = {}
        self._walked: dict[str, list[date]] = {}  # expirations found by the last survey, complete or not
        self._unsurveyed: dict[str, ChaindeckError] = {}  # underlyings whose last survey failed, and why
        self._market = MarketStatus(vendor, clock)
        self._vix: tuple[float, float | None] | None = None  # monotonic seconds, fraction
        self._vix_asked = asyncio.Lock()

    in_memory = False

    @property
    def underlyings(self) -> tuple[str, ...]:
        """As configured."""
        return tuple(self._symbols)

    def status(self) -> SourceStatus:
        """Describe the vendor's state, with the counters of requests and faults."""
        unsurveyed = (f"{underlying}: {reason}" for underlying, reason in self._unsurveyed.items())
        refusals = {fault.kind for fault in self._unsurveyed.values() if isinstance(fault, VendorError)}
        return SourceStatus(
            kind="massive",
            detail=self._vendor.host,
            market=self._market.word,
            calendar=self._market.calendar,
            last_error=self._vendor.breaker.words() or "; ".join(unsurveyed),
            misconfigured=bool(refusals) and refusals <= OF_SETTINGS,
            counters={f"vendor_{name}": value for name, value in self._vendor.counters.items()},
        )

    async def begin_cycle(self) -> None:
        """Request the market's state if that is due and no survey is; after an outage windows come first."""
        surveys_due = not self._known or any(self._survey_due(known) for known in self._known.values())
        if not surveys_due and self._vendor.breaker.closed:
            await self._market.refresh()

    async def survey(self, underlying: str) -> Survey:
        """Return spot and the next expirations listed, as of a few minutes ago.

        If that fails, the last survey is used: windows are requested all the same, and `status` reports the failure.
        After an outage windows come first, since a failing survey must not delay them.
        """
        known = self._known.get(underlying)
        try:
            if known is None or (self._survey_due(known) and (self._vendor.breaker.closed or not known.expirations)):
                known = await self._survey(underlying, known)
        except ChaindeckError as fault:
            self._unsurveyed[underlying] = fault
            if known is None or not known.expirations:
                raise
        else:
            self._unsurveyed.pop(underlying, None)
        return Survey(underlying, known.spot, self._now_s(), known.expirations, self._market.calendar)

    async def fetch_window(self, survey: Survey, expiry: date) -> ChainWindow:
        """Return one expiry's whole window; raise SourceError rather than give part of it."""
        known = self._known[survey.underlying]
        chain_id = ChainId(survey.underlying, expiry)
        dte = days_to_expiry(expiry, survey.as_of)
        profile = known.profiles.get(expiry)
        band = profile.band(survey.spot) if profile else first_band(survey.spot, dte)
        for attempt in range(1, _TRIES + 1):
            chain = index_expiry(await self._fetch(chain_id, band, profile))
            if chain.listed:
                window = await self._cut(chain_id, chain, newest_spot(chain.contracts) or survey.spot, dte)
                more = wider(band, chain, window, last=attempt == _TRIES - 1)
                if more is None:
                    _check_sides(chain)
                    if profile and (doubt := profile.doubted(chain)):
                        known.profiles[expiry] = replace(profile, doubts=profile.doubts + 1)
                        raise VendorError(FaultKind.INCOMPLETE, doubt)
                    known.spot, known.profiles[expiry] = window.spot, Profile.of(chain, window)
                    _tell_lost_side(chain_id, known.profiles[expiry], profile)
                    return window
                band = more
            elif band.is_open:
                raise VendorError(FaultKind.INCOMPLETE, "no contracts in the slice")
            else:
                band = Band()
        raise VendorError(FaultKind.INCOMPLETE, f"the strikes around {survey.spot:g} change while they are asked for")

    async def _cut(self, chain_id: ChainId, chain: ExpiryChain, spot: float, dte: int) -> ChainWindow:
        """Return the window around a spot, by the volatility index where the chain has no volatility of its own."""
        otherwise = await self._vix_sigma() if atm_iv(chain, spot) is None else None
        return cut(chain_id, chain, spot=spot, dte=dte, mult=self._mult, otherwise=otherwise)

    async def _fetch(self, chain: ChainId, band: Band, profile: Profile | None) -> list[Contract]:
        """Return every contract of one expiry within a band, in as many requests as keep each within a page."""
        symbol = self._symbols[chain.underlying]
        base: Filters = {"expiration_date": chain.expiry.isoformat(), "limit": PAGE_ROWS, "sort": "ticker"}
        wanted = profile.parts(band) if profile else [band.filters()]
        answers = await _together([self._all_rows(_CHAIN.format(symbol), base | part) for part in wanted])
        unique: dict[str, Contract] = {}
        for rows in answers:
            check_rows(rows, symbol, lambda expiry: expiry == chain.expiry)
            for row in rows:  # pages may overlap
                unique.setdefault(row["details"]["ticker"], without_nulls(row))
        return list(unique.values())

    async def _all_rows(self, path: str, params: Params) -> list[Row]:
        """Return the rows of every page."""
        return [row async for page in self._pages(path, params) for row in page.rows]

    async def _pages(self, path: str, params: Params) -> AsyncIterator[Page]:
        """Yield pages; raise if a page adds nothing but has a successor, since such a listing may never end."""
        seen: set[object] = set()
        async for page in self._vendor.pages(path, params):
            tickers = {str(block(row, "details").get("ticker")) for row in page.rows}
            if page.next_query is not None and tickers <= seen:
                raise VendorError(FaultKind.INCOMPLETE, "a page adds no rows and leads on to another")
            seen |= tickers
            yield page

    async def _survey(self, underlying: str, known: _Known | None) -> _Known:
        """Find the next expirations, one more than are published, and spot; profiles of known ones are kept.

        Each date is found as the first after the previous one: nothing is assumed about strikes or calendars. Known
        dates are requested concurrently.
        """
        before = new_york(self._now_s()).date() - timedelta(days=1)
        guessed = [before, *self._walked.get(underlying, ())[: self._depth]]
        answers = dict(zip(guessed, await _together([self._next(underlying, day) for day in guessed]), strict=True))
        found: list[date] = []
        self._walked[underlying] = found  # a survey that takes too long continues from here
        rows: list[Row] = []
        while len(found) <= self._depth:
            answer = answers[before] if before in answers else await self._next(underlying, before)
            rows += answer
            dates = [expiry for row in answer if is_standard(row) and (expiry := expiry_of(row))]
            if not dates:
                break
            before = min(dates)
            found.append(before)
        if not rows:
            raise VendorError(FaultKind.UNKNOWN_SYMBOL, underlying)
        if not found:
            raise SourceError(f"{underlying}: the vendor lists adjusted contracts alone")
        spot = newest_spot(rows) or (known.spot if known else None)
        if spot is None:
            raise SourceError(f"{underlying}: the plan of this API key gives no price of the underlying")
        learnt = {expiry: profile for expiry, profile in known.profiles.items() if expiry in found} if known else {}
        fresh = _Known(spot, tuple(found), len(found) <= self._depth, learnt, self._clock.monotonic())
        self._known[underlying] = fresh
        return fresh

    async def _next(self, underlying: str, after: date) -> list[Row]:
        """Return rows of the first expiration after a date that has calls of 100 shares, and of no earlier one.

        If there is none, the rows that were found, or an empty list.
        """
        symbol = self._symbols[underlying]
        params: Params = {
            "contract_type": "call",
            "expiration_date.gt": after.isoformat(),
            "sort": "expiration_date",
            "order": "asc",
            "limit": _NEXT_ROWS,
        }
        rows: list[Row] = []
        async for page in self._pages(_CHAIN.format(symbol), params):
            check_rows(page.rows, symbol, lambda expiry: expiry > after)
            rows = page.rows or rows
            if any(map(is_standard, rows)):
                break
        return rows

    async def _vix_sigma(self) -> float | None:
        """Return the volatility index as a fraction, requested at most once a minute; None if the plan excludes it."""
        async with self._vix_asked:
            now = self._clock.monotonic()
            if self._vix is None or now - self._vix[0] > VIX_EVERY_S:
                level: float | None = None
                try:
                    body = await self._vendor.get(_INDICES, {"ticker": "I:VIX"})
                except VendorError:
                    body = None  # the next fallback is a fixed share of spot
                rows = body.get("results") if isinstance(body, dict) else None
                if isinstance(rows, list) and rows and isinstance(rows[0], dict):
                    level = number(rows[0].get("value"))
                self._vix = (now, level / 100 if level and 1 < level < 200 else None)
            return self._vix[1]

    def _survey_due(self, known: _Known) -> bool:
        """Whether a survey is due, or too few expirations are left."""
        few = len(tradable(known.expirations, self._now_s(), self._market.calendar)) < self._depth
        return self._clock.monotonic() - known.surveyed >= SURVEY_EVERY_S or (few and not known.all_listed)

    def _now_s(self) -> float:
        return self._clock.wall_ns() / 1e9

    async def aclose(self) -> None:
        """Close the vendor's connections."""
        await self._vendor.aclose()


def _tell_lost_side(chain: ChainId, now: Profile, before: Profile | None) -> None:
    """Log once that one side of a chain has collapsed: it is published, and readers call it PARTIAL."""
    calls, puts = len(now.calls), len(now.puts)
    if lopsided(calls, puts) and not (before and lopsided(len(before.calls), len(before.puts))):
        log.warning("%s is PARTIAL: the vendor gives %d calls beside %d puts around its spot", chain, calls, puts)


def _check_sides(chain: ExpiryChain) -> None:
    """Raise VendorError where calls or puts are missing as a whole."""
    sides = {item["details"]["contract_type"] for item in chain.contracts}
    if len(sides) < 2:
        raise VendorError(FaultKind.INCOMPLETE, f"{len(chain.contracts)} contracts, of {len(sides)} side(s)")


async def _together(jobs: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Return the jobs' results; if one fails, cancel the others and raise its error."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(job) for job in jobs]
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return [task.result() for task in tasks]
