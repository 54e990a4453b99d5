"""Analytics of the chains on screen: derived once per snapshot, off the screen's thread."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from chain.analytics.derive import ChainAnalytics, derive
from chain.model.keys import ChainId
from chain.monitor.board import Board, ChainRecord
from chain.monitor.evaluate.provenance import made_at

_KEPT = 12  # chains; about 200 kB each

AnalyticsByChain = Mapping[ChainId, ChainAnalytics]
NO_ANALYTICS: AnalyticsByChain = MappingProxyType({})


def analytics_of(record: ChainRecord) -> ChainAnalytics | None:
    """Decode a chain's last good snapshot and return its analytics; None if it has none."""
    good = record.last_good
    return derive(good.snapshot.open(), made_at(record, good), record.source.calendar) if good else None


@dataclass(slots=True)
class RecentAnalytics:
    """The analytics of the chain that is looked at, and of those looked at before while nothing newer is known.

    Owned by one thread; what `update` returns is never changed.
    """

    _kept: "OrderedDict[ChainId, ChainAnalytics]" = field(default_factory=OrderedDict)

    def update(self, board: Board, selected: ChainId | None) -> AnalyticsByChain:
        """Return the analytics that hold for a Board; until a chain is selected its first is looked at."""
        records = {record.chain: record for record in board.chains.records}
        chain = next(iter(records), None) if selected is None else selected
        self._forget_outdated(records)
        if chain is not None and chain in records:
            found = self._kept.get(chain) or analytics_of(records[chain])
            if found is not None:
                self._kept[chain] = found
                self._kept.move_to_end(chain)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return MappingProxyType(dict(self._kept))

    def _forget_outdated(self, records: Mapping[ChainId, ChainRecord]) -> None:
        for chain, known in list(self._kept.items()):
            good = records[chain].last_good if chain in records else None
            if good is None or good.snapshot.id != known.snapshot_id:
                del self._kept[chain]
