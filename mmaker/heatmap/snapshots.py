"""The model of snapshots alone: what it was at an instant of the past, or is without a stream. No Redis, no clock.

```
inputs = inputs_of(board, as_of).values()
model = model_of("SPX", inputs, keys)
```
"""

from collections.abc import Iterable

from chain.model.keys import ChainId, KeySchema, SnapshotId
from chain.model.placement import Misfit, placed
from chain.pipeline.heatmap import HeatmapModel
from chain.pipeline.staging import StagingMeta
from chain.redis.contract.stream.ids import START
from mmaker.flush import ChainFlush
from mmaker.heatmap.builder import HeatmapBuilder
from mmaker.heatmap.freshness import has_place
from mmaker.heatmap.options import DEFAULT_OPTIONS, HeatmapOptions
from mmaker.inputs import ChainInput
from mmaker.merge.backdrop import backdrop, ticker_of


class SnapshotModel:
    """The model of one underlying, instant by instant: what has not changed since the last one is not made again."""

    def __init__(self, underlying: str, keys: KeySchema, options: HeatmapOptions = DEFAULT_OPTIONS) -> None:
        self._underlying = underlying
        self._keys = keys
        self._builder = HeatmapBuilder(underlying, options)
        self._laid: dict[ChainId, SnapshotId] = {}

    def of(self, inputs: Iterable[ChainInput]) -> HeatmapModel:
        """Return the model of these chains; those of other underlyings are left out.

        Raises InvalidSnapshotError for a snapshot whose bytes are not those that were once read.
        """
        wanted = {each.chain: each for each in inputs if each.chain.underlying == self._underlying and has_place(each)}
        for chain in self._laid.keys() - wanted.keys():
            del self._laid[chain]
            self._builder.drop(chain.expiry)
        for chain, each in wanted.items():
            if each.snapshot is None:
                continue
            if self._laid.get(chain) != each.snapshot.id:
                self._builder.update(_flush(each, self._keys))
                self._laid[chain] = each.snapshot.id
            self._builder.judge(chain.expiry, each.state, each.dte)
        self._builder.take()
        return self._builder.model()


def model_of(
    underlying: str, inputs: Iterable[ChainInput], keys: KeySchema, options: HeatmapOptions = DEFAULT_OPTIONS
) -> HeatmapModel:
    """Return the model of an underlying's snapshots, each expiration with its state."""
    return SnapshotModel(underlying, keys, options).of(inputs)


def _flush(each: ChainInput, keys: KeySchema) -> ChainFlush:
    """Return a chain as staging shows it before the stream has painted anything."""
    assert each.snapshot is not None
    snapshot = each.snapshot.open()
    contracts = {
        ticker_of(at, each.chain.expiry): backdrop(item, at, snapshot.id.ts_ms).staged
        for item, at in placed(snapshot.contracts, each.chain)
        if not isinstance(at, Misfit)
    }
    meta = StagingMeta(
        snapshot=keys.snapshot(snapshot.id),
        ts=snapshot.ts,
        kind=each.kind,
        spot=each.spot,
        atm=snapshot.atm,
        position=str(START),
        flushed=snapshot.ts,
    )
    return ChainFlush(each.chain, meta, contracts, frozenset(contracts), whole=True, state=each.state)
