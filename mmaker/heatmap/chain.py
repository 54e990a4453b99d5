"""One expiration of the model: its mids, its tiles, and which of them have to be made again."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec import UNSET

from chain.model.contract import MAX_LEVEL
from chain.model.session import days_to_expiry
from chain.monitor.states import State
from chain.pipeline.heatmap import ENCODER, ModelExpiration, Tile
from chain.pipeline.staging import StagedContract, StagingMeta
from mmaker.flush import ChainFlush
from mmaker.heatmap.positions import ChainPositions, Listing, Place
from mmaker.heatmap.tiles import Mid, in_ticks

_NO_POSITIONS = ChainPositions((), (), {}, b"")


class _Layout(NamedTuple):
    """Which strikes of a listing have tiles."""

    atm: int
    strikes: int


class ChainTiles:
    """The tiles of one chain. `update` takes what was flushed, `refresh` makes again what depends on it."""

    def __init__(self, flush: ChainFlush) -> None:
        self.meta: StagingMeta = flush.meta
        self.listed: Mapping[str, Place] = {}
        self.newest_ms = 0  # of the mids that its tiles are made from
        self.digest = b""  # of all that its tiles are made from
        self._chain = flush.chain
        self._state: State = flush.state
        self._dte: int | None = None
        self._mids: dict[str, Mid] = {}
        self._dirty: set[str] = set()
        self._whole = True
        self._widths: tuple[float, ...] = ()
        self._listing: Listing | None = None  # None: to be made of what is listed now
        self._layout: _Layout | None = None
        self._positions = _NO_POSITIONS
        self._tiles: list[Tile | None] = []

    def update(self, flush: ChainFlush) -> None:
        """Take in a flush."""
        self.meta, self._state = flush.meta, flush.state
        if flush.whole or not self.listed:
            self._whole = True
            listed = {ticker: Place(each.root, each.side, each.strike) for ticker, each in flush.contracts.items()}
            if listed != self.listed:
                self.listed, self._listing = listed, None
            self._mids = {ticker: mid for ticker, each in flush.contracts.items() if (mid := _mid(each))}
            return
        for ticker in flush.dirty & self.listed.keys():
            mid = _mid(flush.contracts[ticker])
            if mid == self._mids.get(ticker):
                continue
            self._dirty.add(ticker)
            if mid:
                self._mids[ticker] = mid
            else:
                del self._mids[ticker]

    def judge(self, state: State, dte: int) -> None:
        """Say how fresh its snapshot is, and how many days are left."""
        self._state, self._dte = state, dte

    def refresh(self, widths: tuple[float, ...], strikes: int) -> dict[str, Tile | None]:
        """Return the tiles that differ from before by name, None for those that are gone."""
        layout = _Layout(self.meta.atm, strikes)
        if self._listing is None or widths != self._widths:
            listing = Listing(self._chain.expiry.isoformat(), self.listed, widths)
            self._listing, self._widths, self._layout = listing, widths, None
        if layout != self._layout:
            changed = self._lay_out(self._listing, layout)
        elif self._whole or self._dirty:
            changed = self._remake(range(len(self._tiles)) if self._whole else self._affected())
        else:
            return {}
        self._whole = False
        self._dirty.clear()
        self._seal()
        return changed

    def tiles(self) -> Iterator[tuple[str, Tile]]:
        """Yield its tiles by name."""
        for name, tile in zip(self._positions.names, self._tiles, strict=True):
            if tile is not None:
                yield name, tile

    def head(self) -> ModelExpiration:
        """Return what the model says of this expiration; days to expiry as of its snapshot unless it was judged."""
        expiry, meta = self._chain.expiry, self.meta
        dte = days_to_expiry(expiry, meta.ts) if self._dte is None else self._dte
        return ModelExpiration(expiry.isoformat(), dte, meta.snapshot, meta.position, self._state)

    def _lay_out(self, listing: Listing, layout: _Layout) -> dict[str, Tile | None]:
        before = dict(self.tiles())
        self._layout, self._positions = layout, listing.positions(layout.atm, layout.strikes)
        self._tiles = [position.tile(self._mids) for position in self._positions.positions]
        after = dict(self.tiles())
        changed: dict[str, Tile | None] = {name: tile for name, tile in after.items() if before.get(name) != tile}
        return changed | dict.fromkeys(before.keys() - after.keys())

    def _affected(self) -> Sequence[int]:
        by_ticker = self._positions.by_ticker
        return sorted({at for ticker in self._dirty for at in by_ticker.get(ticker, ())})

    def _remake(self, which: Sequence[int]) -> dict[str, Tile | None]:
        mids, names, positions, tiles = self._mids, self._positions.names, self._positions.positions, self._tiles
        changed: dict[str, Tile | None] = {}
        for at in which:
            tile = positions[at].tile(mids)
            if tile != tiles[at]:
                tiles[at] = changed[names[at]] = tile
        return changed

    def _seal(self) -> None:
        """Take the digest of what the tiles follow from, which is far less than they are: their names and the mids."""
        used = [self._mids.get(ticker) for ticker in self._positions.by_ticker]
        self.newest_ms = max((mid[1] for mid in used if mid), default=0)
        content = self._positions.digest + ENCODER.encode(used)
        self.digest = hashlib.blake2b(content, digest_size=16).digest()


def _mid(contract: StagedContract) -> Mid | None:
    """Return a contract's mid; None where it has none, or one that no option can have."""
    mid = contract.mid
    return (in_ticks(mid.value), mid.ts_ms) if mid is not UNSET and 0 <= mid.value <= MAX_LEVEL else None
