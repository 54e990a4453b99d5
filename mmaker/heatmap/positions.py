"""Which positions the listed contracts of a chain allow. A strike that is not listed is nobody's leg."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct

from chain.model.session import settlement
from chain.pipeline.heatmap import Strategy, tile_name
from chain.pipeline.ticker import Side
from mmaker.heatmap.options import THOUSANDTHS
from mmaker.heatmap.tiles import TICKS, Butterfly, Position, Single, Vertical

_TICKS_OF_A_STRIKE = TICKS // THOUSANDTHS
_SIDES: tuple[Side, ...] = ("call", "put")


class Place(NamedTuple):
    """Where a contract stands in its chain; strike in points."""

    root: str
    side: Side
    strike: float


class ChainPositions(Struct, frozen=True):
    """The positions of a chain in the order of their tiles' names, and which of them each contract is a leg of."""

    names: tuple[str, ...]
    positions: tuple[Position, ...]
    by_ticker: Mapping[str, tuple[int, ...]]
    digest: bytes  # of the names


class Listing:
    """What is listed of a chain. It keeps the positions at each strike: the ATM moves more often than listings do."""

    def __init__(self, expiration: str, listed: Mapping[str, Place], widths: Sequence[float]) -> None:
        """`listed`: the chain's contracts by ticker; `widths` in points."""
        self._expiration = expiration
        self._widths = [round(width * THOUSANDTHS) for width in widths]
        self._columns: dict[tuple[str, Side], dict[int, str]] = {}
        for ticker, (root, side, strike) in listed.items():
            self._columns.setdefault((root, side), {})[round(strike * THOUSANDTHS)] = ticker
        self._labels = _labels({root for root, _ in self._columns})
        self._rows: dict[int, dict[str, Position]] = {}

    def positions(self, atm: int, strikes: int) -> ChainPositions:
        """Return the positions at the `strikes` strikes nearest to the ATM; their legs may lie further out."""
        found: dict[str, Position] = {}
        for strike in _nearest({strike for column in self._columns.values() for strike in column}, atm, strikes):
            row = self._rows.get(strike)
            if row is None:
                row = self._rows[strike] = dict(self._at(strike))
            found |= row
        names = tuple(sorted(found))
        positions = tuple(found[name] for name in names)
        digest = hashlib.blake2b("\n".join(names).encode(), digest_size=16).digest()
        return ChainPositions(names, positions, _by_ticker(positions), digest)

    def _at(self, strike: int) -> Iterator[tuple[str, Position]]:
        for (root, side), column in self._columns.items():
            if strike in column:
                cell = _Cell(self._expiration, side, f"{side}{self._labels[root]}", strike)
                yield from _at(cell, column, self._widths)


def _nearest(strikes: Iterable[int], atm: int, count: int) -> list[int]:
    centre = atm * THOUSANDTHS
    return sorted(strikes, key=lambda strike: (abs(strike - centre), strike))[:count]


def _labels(roots: Iterable[str]) -> dict[str, str]:
    """Return what ends the side of each root's tiles: nothing for the one that is alone or settles in the afternoon."""
    first, *others = sorted(roots, key=lambda root: (settlement(root) == "AM", root)) or [""]
    return {first: ""} | {root: f"@{root}" for root in others}


class _Cell(NamedTuple):
    """One strike of one root and side; strike in thousandths."""

    expiration: str
    side: Side
    label: str
    strike: int

    def name(self, strategy: Strategy, width: int) -> str:
        return tile_name(strategy, self.expiration, width / THOUSANDTHS, self.strike / THOUSANDTHS, self.label)


def _at(cell: _Cell, column: Mapping[int, str], widths: Sequence[int]) -> Iterator[tuple[str, Position]]:
    """Yield the positions at one strike by name; `column` holds the tickers of its root and side by strike."""
    centre, own = column[cell.strike], cell.strike / THOUSANDTHS
    most = cell.strike * _TICKS_OF_A_STRIKE if cell.side == "put" else None
    yield cell.name("single", 0), Single(centre, most, ((own, 1),))
    for width in widths:
        lower, upper = cell.strike - width, cell.strike + width
        bound = width * _TICKS_OF_A_STRIKE
        if lower in column and upper in column:
            wings = ((lower / THOUSANDTHS, 1), (own, -2), (upper / THOUSANDTHS, 1))
            yield cell.name("butterfly", width), Butterfly(column[lower], centre, column[upper], bound, wings)
        out = upper if cell.side == "call" else lower
        if out in column:
            legs = ((own, 1), (out / THOUSANDTHS, -1))
            yield cell.name("vertical", width), Vertical(centre, column[out], bound, legs)


def _by_ticker(positions: Sequence[Position]) -> dict[str, tuple[int, ...]]:
    found: dict[str, list[int]] = {}
    for at, position in enumerate(positions):
        for ticker in position.tickers:
            found.setdefault(ticker, []).append(at)
    return {ticker: tuple(found[ticker]) for ticker in sorted(found)}
