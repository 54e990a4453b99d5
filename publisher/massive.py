"""Source *massive*: the live vendor. A cycle asks for what it needs, concurrently, and gives whole slices or none."""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from chain.clock import Clock
from chain.names import ChainId, parse_expiry, vendor_symbol
from chain.session import days_to_expiry, new_york
from chain.snapshot import Contract
from chain.summary import block, number, spot_of
from publisher.market_status import MarketStatus
from publisher.slicing import (
    EM_MULT,
    IV_USABLE,
    MIN_STRIKES_EACH_SIDE,
    ExpiryChain,
    cut,
    index_expiry,
    range_points,
)
from publisher.source import ChainSlice, SourceError, SourceStatus, Survey
from publisher.vendor import PAGE_ROWS, Params, Vendor
from publisher.vendor_faults import FaultKind, VendorError

SURVEY_EVERY_S = 60.0
VIX_EVERY_S = 60.0
_CHAIN = "/v3/snapshot/options/{}"
_INDICES = "/v3/snapshot/indices"
_DRIFT = 0.003  # of spot: how far the ATM may move between asking and answering
# Round strikes are listed in every expiration: the survey's band is one of them, half a grid to each side.
_GRIDS = ((25.0, 1.0), (200.0, 5.0), (1_000.0, 10.0), (10_000.0, 50.0), (math.inf, 100.0))


@dataclass(slots=True)
class _Known:
    """What is remembered of one underlying between cycles."""

    spot: float
    expirations: tuple[date, ...] = ()
    iv: dict[date, float] = field(default_factory=dict)
    step: dict[date, float] = field(default_factory=dict)  # distance between strikes near the money
    rows: dict[date, int] = field(default_factory=dict)  # how many rows the last slice took
    surveyed: float = -math.inf  # monotonic seconds


@dataclass(frozen=True, slots=True)
class _Band:
    low: float
    high: float


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
        self._market = MarketStatus(vendor, clock)
        self._vix: tuple[float, float | None] | None = None  # monotonic seconds, fraction
        self._dropped = 0

    @property
    def underlyings(self) -> tuple[str, ...]:
        """As configured."""
        return self._underlyings

    def status(self) -> SourceStatus:
        """Describe the vendor's state in words, with the counters of requests and faults."""
        return SourceStatus(
            kind="massive",
            detail=self._vendor.host,
            market=self._market.word,
            trouble=self._vendor.breaker.words(),
            counters={f"vendor_{name}": value for name, value in self._vendor.counters.items()}
            | {"vendor_rows_dropped": self._dropped},
        )

    async def begin_cycle(self) -> None:
        """Ask for the market's state where that is due and no survey is."""
        if self._known and not any(self._survey_due(known) for known in self._known.values()):
            await self._market.refresh()

    async def survey(self, underlying: str) -> Survey:
        """Return spot and the listed expirations, from one request a minute."""
        known = self._known.get(underlying)
        if known is None:
            known = self._known[underlying] = _Known(await self._first_spot(underlying))
        if self._survey_due(known):
            await self._survey(underlying, known)
        return Survey(underlying, known.spot, self._now_s(), known.expirations)

    async def slice(self, survey: Survey, expiry: date) -> ChainSlice:
        """Return one expiry's whole slice; raise SourceError rather than give part of it."""
        known = self._known[survey.underlying]
        dte = days_to_expiry(expiry, survey.as_of)
        sigma = known.iv.get(expiry)
        if sigma is None:
            sigma = await self._vix_sigma()
        points = range_points(survey.spot, sigma, dte, self._mult)
        step = known.step.get(expiry, _grid(survey.spot) / 2)
        reach = max(points, math.ceil((MIN_STRIKES_EACH_SIDE + 1) * step)) + max(2 * step, _DRIFT * survey.spot)
        for last in (False, True):
            band = _Band(survey.spot - reach, survey.spot + reach)
            items = await self._fetch(survey.underlying, expiry, band, known)
            chain = index_expiry(items)
            piece = self._cut(survey.underlying, expiry, chain, band, points)
            if _covers(band, piece) and (last or _deep_enough(chain, piece)):
                self._learn(known, expiry, chain, piece, len(items))
                return piece
            reach *= 2
        raise VendorError(FaultKind.INCOMPLETE, f"fewer strikes than a slice needs within {reach / 2:.0f} points")

    @staticmethod
    def _cut(underlying: str, expiry: date, chain: ExpiryChain, band: _Band, points: int) -> ChainSlice:
        """Return the slice around the spot that came with the rows; raise where a whole side is missing."""
        sides = {block(item, "details").get("contract_type") for item in chain.contracts}
        if sides != {"call", "put"}:
            raise VendorError(FaultKind.INCOMPLETE, f"{len(chain.contracts)} contracts, of {len(sides)} side(s)")
        spot = _newest_spot(chain.contracts)
        if spot is None:
            spot = (band.low + band.high) / 2
        return cut(ChainId(underlying, expiry), chain, spot=spot, points=points)

    def _learn(self, known: _Known, expiry: date, chain: ExpiryChain, piece: ChainSlice, rows: int) -> None:
        """Remember what makes the next request for this expiry the right one."""
        known.spot = piece.spot
        known.rows[expiry] = rows
        near = sorted(chain.listed, key=lambda strike: abs(strike - piece.spot))[:6]
        gaps = [b - a for a, b in zip(sorted(near), sorted(near)[1:], strict=False)]
        if gaps:
            known.step[expiry] = min(gaps)

    async def _fetch(self, underlying: str, expiry: date, band: _Band, known: _Known) -> list[Contract]:
        """Return every contract of one expiry within a band, asked in as many parts as keep each within a page."""
        base: dict[str, str | float] = {"expiration_date": expiry.isoformat(), "limit": PAGE_ROWS, "sort": "ticker"}
        parts = _parts(band, self._estimate(band, expiry, known))
        path = _CHAIN.format(vendor_symbol(underlying))
        answers = await asyncio.gather(*(self._all_rows(path, base | part) for part in parts))
        unique: dict[str, Contract] = {}
        for row in (row for rows in answers for row in rows):
            details = block(row, "details")
            ticker = details.get("ticker")
            sound = isinstance(ticker, str) and isinstance(details.get("contract_type"), str)
            sound = sound and number(details.get("strike_price")) is not None
            if details.get("expiration_date") != expiry.isoformat() or not sound or ticker in unique:
                self._dropped += 1
                continue
            unique[str(ticker)] = _without_nulls(row)
        if not unique:
            raise VendorError(FaultKind.INCOMPLETE, "no contracts in the slice")
        return list(unique.values())

    async def _all_rows(self, path: str, params: Params) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        async for page in self._vendor.pages(path, params):
            rows += page.rows
        return rows

    def _estimate(self, band: _Band, expiry: date, known: _Known) -> int:
        """Return how many rows to expect, from the last slice or from the distance between strikes."""
        if expiry in known.rows:
            return known.rows[expiry] + 8
        step = known.step.get(expiry, _grid(known.spot) / 10)
        return math.ceil(2 * ((band.high - band.low) / step + 1))

    async def _first_spot(self, underlying: str) -> float:
        """Return the underlying's level from any one contract."""
        path = _CHAIN.format(vendor_symbol(underlying))
        async for page in self._vendor.pages(path, {"limit": 1}, most=1):
            spot = _newest_spot(page.rows)
            if spot is not None:
                return spot
            if page.rows:
                raise SourceError(f"{underlying}: the plan of this API key gives no price of the underlying")
        raise VendorError(FaultKind.UNKNOWN_SYMBOL, underlying)

    async def _survey(self, underlying: str, known: _Known) -> None:
        """Learn expirations, spot, and each expiry's ATM IV from calls at round strikes near spot, nearest date first.

        One page holds enough expirations; where it does not, pages are added until it does.
        """
        grid = _grid(known.spot)
        centre = round(known.spot / grid) * grid
        params: dict[str, str | int | float] = {
            "contract_type": "call",
            "expiration_date.gte": new_york(self._now_s()).date().isoformat(),
            "strike_price.gte": centre - grid / 2,
            "strike_price.lte": centre + grid / 2,
            "sort": "expiration_date",
            "order": "asc",
            "limit": PAGE_ROWS,
        }
        rows: list[dict[str, Any]] = []
        dates: list[date] = []
        async for page in self._vendor.pages(_CHAIN.format(vendor_symbol(underlying)), params):
            rows += page.rows
            dates = _dates(rows)
            if page.next_query is not None:
                dates = dates[:-1]  # the page may end inside its last date
            if len(dates) > self._depth:
                break
        if not dates:
            raise VendorError(FaultKind.UNKNOWN_SYMBOL, underlying)
        known.expirations = tuple(dates)
        known.spot = _newest_spot(rows) or known.spot
        known.iv |= _ivs(rows, known.spot)
        known.surveyed = self._clock.monotonic()

    async def _vix_sigma(self) -> float | None:
        """Return the volatility index as a fraction, asked at most once a minute; None where the plan has it not."""
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


def _covers(band: _Band, piece: ChainSlice) -> bool:
    """Whether everything that the slice claims was asked for."""
    return band.low <= piece.atm - piece.range_points and piece.atm + piece.range_points <= band.high


def _deep_enough(chain: ExpiryChain, piece: ChainSlice) -> bool:
    """Whether there are as many strikes on each side as a slice should have."""
    below = sum(strike < piece.atm for strike in chain.listed)
    above = sum(strike > piece.atm for strike in chain.listed)
    return min(below, above) >= MIN_STRIKES_EACH_SIDE


def _grid(spot: float) -> float:
    return next(grid for limit, grid in _GRIDS if spot < limit)


def _parts(band: _Band, rows: int) -> list[dict[str, str | float]]:
    """Return the filters of each request: one, or one a side, or each side in as many strike bands as it takes."""
    whole: dict[str, str | float] = {"strike_price.gte": band.low, "strike_price.lte": band.high}
    if rows <= PAGE_ROWS:
        return [whole]
    bands = math.ceil(rows / 2 / PAGE_ROWS)
    width = (band.high - band.low) / bands
    parts: list[dict[str, str | float]] = []
    for number_ in range(bands):
        low, high = band.low + number_ * width, band.low + (number_ + 1) * width
        upper = "strike_price.lte" if number_ == bands - 1 else "strike_price.lt"
        parts += [{"contract_type": side, "strike_price.gte": low, upper: high} for side in ("call", "put")]
    return parts


def _dates(rows: Sequence[dict[str, Any]]) -> list[date]:
    texts = {block(row, "details").get("expiration_date") for row in rows}
    return sorted(parse_expiry(text) for text in texts if isinstance(text, str))


def _newest_spot(rows: Sequence[Contract]) -> float | None:
    """Return the underlying's latest level among rows that may come from different seconds."""
    best: tuple[float, float] | None = None
    for row in rows:
        spot = spot_of(row)
        stamp = number(block(row, "underlying_asset").get("last_updated")) or 0.0
        if spot is not None and spot > 0 and (best is None or stamp > best[0]):
            best = (stamp, spot)
    return best[1] if best else None


def _ivs(rows: Sequence[dict[str, Any]], spot: float) -> dict[date, float]:
    """Return, for each expiration, the usable IV of the strike nearest to spot."""
    by_date: dict[date, list[tuple[float, float]]] = {}
    for row in rows:
        details, iv = block(row, "details"), number(row.get("implied_volatility"))
        strike, text = number(details.get("strike_price")), details.get("expiration_date")
        if iv is None or strike is None or not isinstance(text, str) or not IV_USABLE[0] < iv < IV_USABLE[1]:
            continue
        by_date.setdefault(parse_expiry(text), []).append((abs(strike - spot), iv))
    return {expiry: min(found)[1] for expiry, found in by_date.items()}


def _without_nulls(row: Contract) -> Contract:
    """Return the vendor's object with null blocks left out, as the contract's readers need it."""
    if None not in row.values():
        return row
    return {name: value for name, value in row.items() if value is not None}
