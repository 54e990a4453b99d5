"""Source *massive*: the live vendor. A cycle asks for what it needs, concurrently, and gives whole slices or none."""

import asyncio
import math
from collections.abc import AsyncIterator, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from chain.clock import Clock
from chain.errors import ChaindeckError
from chain.model.fields import block, number
from chain.model.keys import ChainId, vendor_symbol
from chain.model.session import days_to_expiry, new_york
from chain.model.snapshot import Contract
from publisher.massive.faults import FaultKind, VendorError
from publisher.massive.market_status import MarketStatus
from publisher.massive.reply import Page
from publisher.massive.rows import (
    Band,
    Row,
    by_expiry,
    deep_enough,
    grid_of,
    is_sound,
    nearest_iv,
    newest_spot,
    parts,
    step_near,
    strikes_of,
    survey_band,
    without_nulls,
)
from publisher.massive.vendor import PAGE_ROWS, Params, Vendor
from publisher.slicing import EM_MULT, MIN_STRIKES_EACH_SIDE, ExpiryChain, cut, index_expiry, range_points
from publisher.source import ChainSlice, SourceError, SourceStatus, Survey

SURVEY_EVERY_S = 60.0
VIX_EVERY_S = 60.0
_CHAIN = "/v3/snapshot/options/{}"
_INDICES = "/v3/snapshot/indices"
_DRIFT = 0.003  # of spot: how far the ATM may move between asking and answering
_MORE_ROWS = 8  # than last time: strikes are listed through the day


@dataclass(slots=True)
class _Known:
    """What is remembered of one underlying between cycles."""

    spot: float
    expirations: tuple[date, ...] = ()
    iv: dict[date, float] = field(default_factory=dict)
    step: dict[date, float] = field(default_factory=dict)  # distance between strikes near the money
    density: dict[date, float] = field(default_factory=dict)  # rows a point of strike, both sides
    reach: dict[date, int] = field(default_factory=dict)  # of the last slice, points
    thin: set[date] = field(default_factory=set)  # list fewer strikes than a slice should have
    surveyed: float = -math.inf  # monotonic seconds


class MassiveSource:
    """Draws on the vendor for a set of underlyings. Requests of a cycle: one a slice, and at most one beside them."""

    def __init__(
        self, vendor: Vendor, clock: Clock, underlyings: Sequence[str], *, depth: int, mult: float = EM_MULT
    ) -> None:
        self._vendor = vendor
        self._clock = clock
        self._underlyings = tuple(underlyings)
        self._depth = depth
        self._mult = mult
        self._known: dict[str, _Known] = {}
        self._unsurveyed: dict[str, str] = {}  # underlyings whose last survey failed, and why
        self._market = MarketStatus(vendor, clock)
        self._vix: tuple[float, float | None] | None = None  # monotonic seconds, fraction
        self._vix_asked = asyncio.Lock()
        self._dropped = 0

    at_hand = False

    @property
    def underlyings(self) -> tuple[str, ...]:
        """As configured."""
        return self._underlyings

    def status(self) -> SourceStatus:
        """Describe the vendor's state in words, with the counters of requests and faults."""
        unsurveyed = (f"{underlying}: {reason}" for underlying, reason in self._unsurveyed.items())
        return SourceStatus(
            kind="massive",
            detail=self._vendor.host,
            market=self._market.word,
            calendar=self._market.calendar,
            trouble=self._vendor.breaker.words() or "; ".join(unsurveyed),
            counters={f"vendor_{name}": value for name, value in self._vendor.counters.items()}
            | {"vendor_rows_dropped": self._dropped},
        )

    async def begin_cycle(self) -> None:
        """Ask for the market's state where that is due and no survey is; after an outage slices go first."""
        surveys_due = not self._known or any(self._survey_due(known) for known in self._known.values())
        if not surveys_due and self._vendor.breaker.closed:
            await self._market.refresh()

    async def survey(self, underlying: str) -> Survey:
        """Return spot and the listed expirations, from one request a minute.

        Where that fails, what is known stands: slices are asked for all the same, and `status` tells of the failure.
        After an outage slices go first, for a survey that fails must not keep them back.
        """
        known = self._known.get(underlying)
        try:
            if known is None:
                known = self._known[underlying] = _Known(await self._first_spot(underlying))
            if self._survey_due(known) and (self._vendor.breaker.closed or not known.expirations):
                await self._survey(underlying, known)
        except ChaindeckError as fault:
            self._unsurveyed[underlying] = str(fault)
            if known is None or not known.expirations:
                raise
        else:
            self._unsurveyed.pop(underlying, None)
        return Survey(underlying, known.spot, self._now_s(), known.expirations, self._market.calendar)

    async def slice(self, survey: Survey, expiry: date) -> ChainSlice:
        """Return one expiry's whole slice; raise SourceError rather than give part of it."""
        known = self._known[survey.underlying]
        sigma = known.iv.get(expiry)
        if sigma is None:
            sigma = await self._vix_sigma()
        points = range_points(survey.spot, sigma, days_to_expiry(expiry, survey.as_of), self._mult)
        step = known.step.get(expiry, grid_of(survey.spot) / 4)
        least = known.reach.get(expiry, math.ceil(2 * MIN_STRIKES_EACH_SIDE * step))  # far strikes may lie wider apart
        reach = max(points, least) + max(2 * step, _DRIFT * survey.spot)
        centre = survey.spot
        for wider in (2,) if expiry in known.thin else (1, 2):
            band = Band.around(centre, wider * reach)
            items = await self._fetch(survey.underlying, expiry, band, known)
            chain = index_expiry(items)
            centre = newest_spot(chain.contracts) or centre
            piece = self._cut(ChainId(survey.underlying, expiry), chain, centre, points)
            deep = deep_enough(chain, piece)
            if band.covers(piece) and (deep or wider == 2):
                self._learn(known, chain, piece, len(items) / band.width, deep=deep)
                return piece
        raise VendorError(FaultKind.INCOMPLETE, f"a slice of {piece.range_points} points around {piece.atm} needs more")

    @staticmethod
    def _cut(chain_id: ChainId, chain: ExpiryChain, spot: float, points: int) -> ChainSlice:
        """Return the slice around a spot; raise where a whole side is missing."""
        sides = {block(item, "details").get("contract_type") for item in chain.contracts}
        if sides != {"call", "put"}:
            raise VendorError(FaultKind.INCOMPLETE, f"{len(chain.contracts)} contracts, of {len(sides)} side(s)")
        return cut(chain_id, chain, spot=spot, points=points)

    @staticmethod
    def _learn(known: _Known, chain: ExpiryChain, piece: ChainSlice, density: float, *, deep: bool) -> None:
        """Remember what makes the next request for this expiry the right one."""
        expiry = piece.chain.expiry
        known.spot = piece.spot
        known.density[expiry] = density
        known.reach[expiry] = piece.range_points
        step = step_near(chain.listed, piece.spot)
        if step is not None:
            known.step[expiry] = step
        (known.thin.discard if deep else known.thin.add)(expiry)

    async def _fetch(self, underlying: str, expiry: date, band: Band, known: _Known) -> list[Contract]:
        """Return every contract of one expiry within a band, asked in as many parts as keep each within a page."""
        base: dict[str, str | float] = {"expiration_date": expiry.isoformat(), "limit": PAGE_ROWS, "sort": "ticker"}
        density = known.density.get(expiry, 4 / known.step.get(expiry, grid_of(known.spot) / 10))
        wanted = parts(band, math.ceil(density * band.width) + _MORE_ROWS)
        path = _CHAIN.format(vendor_symbol(underlying))
        answers = await _together([self._all_rows(path, base | part) for part in wanted])
        unique: dict[str, Contract] = {}
        for row in (row for rows in answers for row in rows):
            details = block(row, "details")
            ticker = str(details.get("ticker"))
            if details.get("expiration_date") != expiry.isoformat() or not is_sound(row) or ticker in unique:
                self._dropped += 1
                continue
            unique[ticker] = without_nulls(row)
        if not unique:
            raise VendorError(FaultKind.INCOMPLETE, "no contracts in the slice")
        return list(unique.values())

    async def _all_rows(self, path: str, params: Params) -> list[Row]:
        """Return the rows of every page."""
        return [row async for page in self._pages(path, params) for row in page.rows]

    async def _pages(self, path: str, params: Params) -> AsyncIterator[Page]:
        """Yield pages; raise where one adds nothing and yet leads on, for such a listing has no end."""
        seen: set[object] = set()
        async for page in self._vendor.pages(path, params):
            tickers = {str(block(row, "details").get("ticker")) for row in page.rows}
            if page.next_query is not None and tickers <= seen:
                raise VendorError(FaultKind.INCOMPLETE, "a page adds no rows and leads on to another")
            seen |= tickers
            yield page

    async def _first_spot(self, underlying: str) -> float:
        """Return the underlying's level from any one contract."""
        path = _CHAIN.format(vendor_symbol(underlying))
        async for page in self._vendor.pages(path, {"limit": 1}, most=1):
            spot = newest_spot(page.rows)
            if spot is not None:
                return spot
            if page.rows:
                raise SourceError(f"{underlying}: the plan of this API key gives no price of the underlying")
        raise VendorError(FaultKind.UNKNOWN_SYMBOL, underlying)

    async def _survey(self, underlying: str, known: _Known) -> None:
        """Learn expirations, spot, and each expiry's ATM IV from calls at round strikes near spot, nearest date first.

        One page holds enough expirations; where it does not, pages are added until it does.
        """
        band = survey_band(known.spot)
        params: dict[str, str | int | float] = {
            "contract_type": "call",
            "expiration_date.gte": new_york(self._now_s()).date().isoformat(),
            "strike_price.gte": band.low,
            "strike_price.lte": band.high,
            "sort": "expiration_date",
            "order": "asc",
            "limit": PAGE_ROWS,
        }
        rows: list[Row] = []
        found: dict[date, list[Row]] = {}
        async for page in self._pages(_CHAIN.format(vendor_symbol(underlying)), params):
            rows += page.rows
            found = by_expiry(rows)
            if page.next_query is not None and found:
                found.popitem()  # the page may end inside its last date
            if len(found) > self._depth:
                break
        if not found:
            raise VendorError(FaultKind.UNKNOWN_SYMBOL, underlying)
        known.spot = newest_spot(rows) or known.spot
        known.expirations = tuple(found)
        known.surveyed = self._clock.monotonic()
        self._take_outlines(known, found, band)

    @staticmethod
    def _take_outlines(known: _Known, found: dict[date, list[Row]], band: Band) -> None:
        """Take each expiry's IV, and where no slice has told better, how its strikes lie."""
        for expiry, rows in found.items():
            iv = nearest_iv(rows, known.spot)
            if iv is not None:
                known.iv[expiry] = iv
            step = step_near(strikes_of(rows), known.spot)
            if step is not None:
                known.step.setdefault(expiry, step)
                known.density.setdefault(expiry, 2 * len(rows) / (band.width + step))

    async def _vix_sigma(self) -> float | None:
        """Return the volatility index as a fraction, asked at most once a minute; None where the plan has it not."""
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
        return self._clock.monotonic() - known.surveyed >= SURVEY_EVERY_S

    def _now_s(self) -> float:
        return self._clock.wall_ns() / 1e9

    async def aclose(self) -> None:
        """Close the vendor's connections."""
        await self._vendor.aclose()


async def _together(jobs: Sequence[Coroutine[Any, Any, list[Row]]]) -> list[list[Row]]:
    """Return what the jobs give; where one fails, cancel the others and raise its error."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(job) for job in jobs]
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return [task.result() for task in tasks]
