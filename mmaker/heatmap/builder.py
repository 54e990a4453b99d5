"""The model of one underlying, kept up to date flush by flush; equal inputs give equal bytes, however they came in.

What is taken after any number of flushes depends on their outcome alone: not on how they were batched, nor on their
order across chains. The version is a digest of what the content is made from, so equal versions mean equal content.
"""

import hashlib
from datetime import date

from msgspec.structs import replace

from chain.model.keys import ChainId
from chain.monitor.states import State
from chain.pipeline.heatmap import ENCODER, HeatmapDiff, HeatmapModel, Tile
from mmaker.flush import ChainFlush
from mmaker.heatmap.chain import ChainTiles
from mmaker.heatmap.options import DEFAULT_OPTIONS, HeatmapOptions, widths_by_step


class HeatmapBuilder:
    """Keeps the model of one underlying. `take` brings it up to date, `model` gives it as taken."""

    def __init__(self, underlying: str, options: HeatmapOptions = DEFAULT_OPTIONS) -> None:
        self.underlying = underlying
        self._options = options
        self._chains: dict[date, ChainTiles] = {}
        self._gone: dict[str, Tile | None] = {}  # tiles of expirations that were dropped since the last take
        self._widths: tuple[float, ...] | None = None  # None: to be inferred again
        self._head = HeatmapModel(
            underlying=underlying, ts=0.0, version="", spot=None, atm=0, widths=(), expirations=()
        )

    @property
    def version(self) -> str:
        """The version as last taken; empty before the first."""
        return self._head.version

    @property
    def ts(self) -> float:
        """The time of the newest value in it, epoch seconds, as last taken."""
        return self._head.ts

    @property
    def chains(self) -> tuple[ChainId, ...]:
        """The chains in it, by expiration."""
        return tuple(ChainId(self.underlying, expiry) for expiry in sorted(self._chains))

    def update(self, flush: ChainFlush) -> None:
        """Take in a flush of one of the underlying's chains."""
        chain = self._chains.get(flush.chain.expiry)
        if chain is None:
            chain = self._chains[flush.chain.expiry] = ChainTiles(flush)
        before = chain.listed
        chain.update(flush)
        if chain.listed is not before:
            self._widths = None

    def judge(self, expiry: date, state: State, dte: int) -> None:
        """Say how fresh an expiration's snapshot is, and how many days it has left."""
        self._chains[expiry].judge(state, dte)

    def drop(self, expiry: date) -> None:
        """Leave out an expiration from now on, until it is flushed again."""
        self._gone |= dict.fromkeys(name for name, _ in self._chains.pop(expiry).tiles())
        self._widths = None

    def take(self) -> HeatmapDiff | None:
        """Bring the model up to date; return what changed since the last time, None if nothing did."""
        widths = self._widths = self._infer() if self._widths is None else self._widths
        changes, self._gone = self._gone, {}
        for _, expiry in self.chains:
            changes |= self._chains[expiry].refresh(widths, self._options.strikes)
        before, self._head = self._head, self._make_head(widths)
        if self._head.version == before.version:
            return None
        changed = {name: tile for name, tile in changes.items() if tile is not None}
        removed = sorted(name for name, tile in changes.items() if tile is None)
        return HeatmapDiff.to(self._head, before=before.version, changed=changed, removed=removed)

    def model(self) -> HeatmapModel:
        """Return the whole model as last taken, its tiles by name."""
        found = [named for each in self._chains.values() for named in each.tiles()]
        return replace(self._head, tiles=dict(sorted(found)))

    def _infer(self) -> tuple[float, ...]:
        own = self._options.widths.get(self.underlying)
        if own is not None:
            return tuple(map(float, own))
        strikes: dict[tuple[date, str], set[float]] = {}
        for expiry, chain in self._chains.items():
            for root, _, strike in chain.listed.values():
                strikes.setdefault((expiry, root), set()).add(strike)
        return widths_by_step(strikes.values())

    def _make_head(self, widths: tuple[float, ...]) -> HeatmapModel:
        """Return the model without its tiles. Spot and ATM are the newest snapshot's, of several the nearest date's."""
        chains = [self._chains[expiry] for _, expiry in self.chains]
        newest = max(chains, key=lambda chain: chain.meta.ts, default=None)
        head = HeatmapModel(
            underlying=self.underlying,
            ts=max((chain.newest_ms / 1000 or chain.meta.ts for chain in chains), default=0.0),
            version="",
            spot=newest.meta.spot if newest else None,
            atm=newest.meta.atm if newest else 0,
            widths=widths,
            expirations=tuple(chain.head() for chain in chains),
        )
        content = ENCODER.encode(head) + b"".join(chain.digest for chain in chains)
        return replace(head, version=hashlib.blake2b(content, digest_size=16).hexdigest())
