"""Heatmap models of an invented surface, by the published formulas: what a compositor would publish."""

import math
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from hashlib import blake2b
from typing import Any

from msgspec.structs import replace

from chain.model.keys import ChainId, KeySchema, SnapshotId
from chain.pipeline.heatmap import ENCODER, HeatmapModel, Leg, ModelExpiration, Tile, tile_name
from chain.pipeline.heatmap_index import index_of
from tests.support.scenes import SPOT, START_S
from tui.ports.board_source import HeatmapView

WIDTHS = (20.0, 25.0, 30.0, 35.0, 40.0, 45.0, 50.0)
DATES = tuple(date(2026, 1, 2) + timedelta(days=days) for days in (0, 3, 4, 5, 6, 7))
STRIKES = tuple(float(strike) for strike in range(6830, 7035, 5))
POSITION = "1767366000100-0"


def mid(strike: float, side: str, day: date, *, spot: float = SPOT, at: float = START_S) -> float:
    """Return a price in points by Black-Scholes without interest, as ticks of 0.05 are quoted."""
    years = max((day - date(2026, 1, 2)).days + 0.25, 0.01) / 365
    vol = 0.136 * (1 + 1.1 * max(0.0, (spot - strike) / spot)) * math.sqrt(years)
    upper = math.log(spot / strike) / vol + vol / 2
    call = spot * _normal(upper) - strike * _normal(upper - vol)
    value = call if side == "call" else call - spot + strike
    return max(0.05, round(value * 20) / 20)


def _normal(value: float) -> float:
    return (1 + math.erf(value / math.sqrt(2))) / 2


def heatmap_model(
    *,
    underlying: str = "SPX",
    spot: float = SPOT,
    ts: float = START_S,
    dates: Sequence[date] = DATES,
    strikes: Sequence[float] = STRIKES,
    widths: Sequence[float] = WIDTHS,
    states: dict[date, str] | None = None,
    position: str = POSITION,
) -> HeatmapModel:
    """Return a model whose newest value is of `ts`, epoch seconds; the version tells it from any other."""
    keys, stamp = KeySchema(), round(ts * 1000)
    model = HeatmapModel(
        underlying=underlying,
        ts=ts,
        version="",
        spot=spot,
        atm=round(_nearest(strikes, spot)),
        widths=tuple(widths),
        expirations=tuple(
            ModelExpiration(
                day.isoformat(),
                (day - dates[0]).days,
                keys.snapshot(SnapshotId(ChainId(underlying, day), stamp)),
                position,
                (states or {}).get(day, "FRESH"),
            )
            for day in dates
        ),
        tiles={name: tile for day in dates for name, tile in _tiles(day, strikes, widths, spot, stamp)},
    )
    return versioned(model)


def _nearest(strikes: Sequence[float], spot: float) -> float:
    return min(strikes, key=lambda strike: abs(strike - spot))


def versioned(model: HeatmapModel, **changes: Any) -> HeatmapModel:
    """Return a model with some values changed and a version of its own."""
    made = replace(model, **changes)
    return replace(made, version=blake2b(ENCODER.encode(made), digest_size=8).hexdigest())


def view_of(model: HeatmapModel, fault: str = "") -> HeatmapView:
    """Return a model as the screen is given it."""
    return HeatmapView(model.underlying, model, fault, index_of(model.tiles))


def _tiles(
    day: date, strikes: Sequence[float], widths: Sequence[float], spot: float, stamp: int
) -> Iterator[tuple[str, Tile]]:
    for side in ("call", "put"):
        mids = {strike: mid(strike, side, day, spot=spot) for strike in strikes}
        for strike in strikes:
            single = mids[strike]
            yield (
                tile_name("single", day.isoformat(), 0, strike, side),
                Tile(single, None if side == "call" else strike - single, single, ((strike, 1),), stamp),
            )
            for width in widths:
                yield from _spreads(day, strike, width, side, mids, stamp)


def _spreads(
    day: date, strike: float, width: float, side: str, mids: dict[float, float], stamp: int
) -> Iterator[tuple[str, Tile]]:
    beyond = strike + width if side == "call" else strike - width
    legs_of: dict[str, tuple[Leg, ...]] = {
        "butterfly": ((strike - width, 1), (strike, -2), (strike + width, 1)),
        "vertical": ((strike, 1), (beyond, -1)),
    }
    for strategy, legs in legs_of.items():
        if any(leg not in mids for leg, _ in legs):
            continue
        debit = round(sum(quantity * mids[leg] for leg, quantity in legs), 4)
        name = tile_name("butterfly" if strategy == "butterfly" else "vertical", day.isoformat(), width, strike, side)
        if debit < 0:
            yield name, Tile(None, None, None, legs, stamp, na=True)
        else:
            yield name, Tile(debit, width - debit, debit, legs, stamp)
