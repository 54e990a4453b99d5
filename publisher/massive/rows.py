"""What the vendor's rows tell of an underlying and its expirations, and how to ask for more: pure functions."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, Self

from chain.errors import InvalidNameError
from chain.model.fields import block, number, spot_of
from chain.model.keys import parse_expiry
from chain.model.snapshot import Contract
from publisher.massive.vendor import PAGE_ROWS
from publisher.slicing import IV_USABLE, MIN_STRIKES_EACH_SIDE, ExpiryChain
from publisher.source import ChainSlice

# Round strikes are listed in every expiration: a survey's band is one of them, half a grid to each side.
_GRIDS = ((25.0, 1.0), (200.0, 5.0), (1_000.0, 10.0), (10_000.0, 50.0), (math.inf, 100.0))
_NEAR = 6  # strikes nearest to spot, among which the distance between strikes is taken

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Band:
    """Strikes from `low` to `high`, both included."""

    low: float
    high: float

    @classmethod
    def around(cls, centre: float, reach: float) -> Self:
        """Return the band that reaches so far on each side; strikes are never below zero."""
        return cls(max(0.0, centre - reach), centre + reach)

    @property
    def width(self) -> float:
        """Points from end to end."""
        return self.high - self.low

    def covers(self, piece: ChainSlice) -> bool:
        """Whether everything that a slice claims to hold lies within."""
        return self.low <= max(0.0, piece.atm - piece.range_points) and piece.atm + piece.range_points <= self.high


def grid_of(spot: float) -> float:
    """Return the distance between strikes so round that every expiration lists them."""
    return next(grid for limit, grid in _GRIDS if spot < limit)


def survey_band(spot: float) -> Band:
    """Return the strikes around the round one nearest to spot."""
    grid = grid_of(spot)
    return Band.around(round(spot / grid) * grid, grid / 2)


def parts(band: Band, rows: int) -> list[dict[str, str | float]]:
    """Return the filters of each request for so many rows: one, or one a side, or each side in bands of a page each."""
    if rows <= PAGE_ROWS:
        return [{"strike_price.gte": band.low, "strike_price.lte": band.high}]
    bands = math.ceil(rows / 2 / PAGE_ROWS)
    edges = [band.low + band.width * at / bands for at in range(1, bands)]
    filters: list[dict[str, str | float]] = []
    for side in ("call", "put"):
        for low, high in zip([band.low, *edges], edges, strict=False):
            filters.append({"contract_type": side, "strike_price.gte": low, "strike_price.lt": high})
        last = edges[-1] if edges else band.low
        filters.append({"contract_type": side, "strike_price.gte": last, "strike_price.lte": band.high})
    return filters


def expiry_of(row: Row) -> date | None:
    """Return a row's expiration, None where it names none."""
    text = block(row, "details").get("expiration_date")
    try:
        return parse_expiry(text) if isinstance(text, str) else None
    except InvalidNameError:
        return None


def by_expiry(rows: Iterable[Row]) -> dict[date, list[Row]]:
    """Return the rows that name a contract and its expiration, each contract once, by date ascending."""
    found: dict[date, dict[str, Row]] = {}
    for row in rows:
        expiry = expiry_of(row)
        if expiry is not None and is_sound(row):
            found.setdefault(expiry, {})[row["details"]["ticker"]] = row
    return {expiry: list(found[expiry].values()) for expiry in sorted(found)}


def is_sound(row: Row) -> bool:
    """Whether a row names a contract: ticker, side and strike."""
    details = block(row, "details")
    named = isinstance(details.get("ticker"), str) and isinstance(details.get("contract_type"), str)
    return named and number(details.get("strike_price")) is not None


def newest_spot(rows: Iterable[Contract]) -> float | None:
    """Return the underlying's latest level among rows that may come from different seconds."""
    best: tuple[float, float] | None = None
    for row in rows:
        spot = spot_of(row)
        stamp = number(block(row, "underlying_asset").get("last_updated")) or 0.0
        if spot is not None and spot > 0 and (best is None or stamp > best[0]):
            best = (stamp, spot)
    return best[1] if best else None


def nearest_iv(rows: Iterable[Row], spot: float) -> float | None:
    """Return the usable IV of the strike nearest to spot, a fraction."""
    found = [
        (abs(strike - spot), iv)
        for row in rows
        if (iv := number(row.get("implied_volatility"))) is not None
        and IV_USABLE[0] < iv < IV_USABLE[1]
        and (strike := number(block(row, "details").get("strike_price"))) is not None
    ]
    return min(found)[1] if found else None


def strikes_of(rows: Iterable[Row]) -> list[float]:
    """Return the distinct strikes of rows, ascending."""
    strikes = (number(block(row, "details").get("strike_price")) for row in rows)
    return sorted({strike for strike in strikes if strike is not None})


def step_near(strikes: Sequence[float], spot: float) -> float | None:
    """Return the least distance between strikes near spot; None where there are fewer than two."""
    near = sorted(sorted(strikes, key=lambda strike: abs(strike - spot))[:_NEAR])
    return min((b - a for a, b in pairwise(near)), default=None)


def deep_enough(chain: ExpiryChain, piece: ChainSlice) -> bool:
    """Whether there are as many strikes on each side as a slice should have."""
    below = sum(strike < piece.atm for strike in chain.listed)
    above = sum(strike > piece.atm for strike in chain.listed)
    return min(below, above) >= MIN_STRIKES_EACH_SIDE


def without_nulls(row: Contract) -> Contract:
    """Return the vendor's object with null blocks left out, as the contract's readers need it."""
    if None not in row.values():
        return row
    return {name: value for name, value in row.items() if value is not None}
