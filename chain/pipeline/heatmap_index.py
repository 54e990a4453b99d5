"""Which tiles a heatmap model has, by the axes along which a reader looks at them."""

import math
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from msgspec import Struct

from chain.errors import InvalidNameError
from chain.model.keys import parse_expiry
from chain.pipeline.heatmap import STRATEGIES, Strategy, Tile

_SIDE = re.compile(r"(call|put)(@[A-Z0-9.]{1,6})?", re.ASCII)
_BY_NAME: Mapping[str, Strategy] = {name: name for name in STRATEGIES}


class TileName(NamedTuple):
    """What a tile's name says; width and strike in points, `side` with the AM root where that shares a date."""

    strategy: Strategy
    expiration: str
    width: float
    strike: float
    side: str


class HeatmapIndex(Struct, frozen=True):
    """The values on each axis of a model, ascending.

    `strikes` are by expiration and side, `widths` by strategy.
    """

    expirations: tuple[str, ...] = ()
    sides: tuple[str, ...] = ()
    widths: Mapping[Strategy, tuple[float, ...]] = MappingProxyType({})
    strikes: Mapping[tuple[str, str], tuple[float, ...]] = MappingProxyType({})


NO_TILES = HeatmapIndex()


def read_tile_name(text: str) -> TileName | None:
    """Return what a tile's name says; None for a text that is no such name."""
    parts = text.split(":")
    strategy = _BY_NAME.get(parts[0])
    if strategy is None or len(parts) != 5 or not _SIDE.fullmatch(parts[4]):
        return None
    try:
        parse_expiry(parts[1])
        width, strike = float(parts[2]), float(parts[3])
    except (ValueError, InvalidNameError):
        return None
    return TileName(strategy, parts[1], width, strike, parts[4]) if math.isfinite(width + strike) else None


def index_of(names: Iterable[str]) -> HeatmapIndex:
    """Return the axes of the tiles with these names; a text that is no name is left out."""
    widths: dict[Strategy, set[float]] = {}
    strikes: dict[tuple[str, str], set[float]] = {}
    for tile in filter(None, map(read_tile_name, names)):
        widths.setdefault(tile.strategy, set()).add(tile.width)
        strikes.setdefault((tile.expiration, tile.side), set()).add(tile.strike)
    return HeatmapIndex(
        tuple(sorted({expiration for expiration, _ in strikes})),
        tuple(sorted({side for _, side in strikes}, key=lambda side: ("@" in side, side))),
        {strategy: tuple(sorted(found)) for strategy, found in widths.items()},
        {place: tuple(sorted(found)) for place, found in strikes.items()},
    )


def indexed(tiles: Mapping[str, Tile], before: Mapping[str, Tile], known: HeatmapIndex | None) -> HeatmapIndex:
    """Return the axes of tiles; those that are `known` of the tiles `before` where the names are the same."""
    return known if known is not None and tiles.keys() == before.keys() else index_of(tiles)
