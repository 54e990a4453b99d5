"""Analytics of the chains on screen: derived once per snapshot, off the screen's thread.

And what changed of such a chain between two instants that are compared.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from chain.analytics.derive import ChainAnalytics, derive
from chain.analytics.diff import GridDiff, diff
from chain.analytics.measures.chain import ChainMeasures
from chain.analytics.measures.gamma import AS_DERIVED, GexConvention
from chain.analytics.measures.underlying import UnderlyingMeasures, underlying_measures
from chain.clock import Instant
from chain.model.grid import StrikeGrid, build_grid
from chain.model.keys import ChainId
from chain.monitor.board import Board, ChainRecord, LastGood
from chain.monitor.evaluate.freshness import age_ms
from chain.monitor.evaluate.provenance import made_at

_KEPT = 12  # chains; about 200 kB each

AnalyticsByChain = Mapping[ChainId, ChainAnalytics]
NO_ANALYTICS: AnalyticsByChain = MappingProxyType({})


def analytics_of(record: ChainRecord) -> ChainAnalytics | None:
    """Decode a chain's last good snapshot and return its analytics; None if it has none."""
    good = record.last_good
    return derive(good.snapshot.open(), made_at(record, good), record.source.calendar) if good else None


def chain_measures(record: ChainRecord) -> ChainMeasures | None:
    """Decode a chain's last good snapshot and return its measures; None if it has none."""
    found = analytics_of(record)
    return found.measures if found else None


@dataclass(slots=True)
class RecentAnalytics:
    """The analytics of the chain that is looked at, and of those looked at before while nothing newer is known.

    Owned by one thread; what its methods return is never changed.
    """

    _kept: "OrderedDict[ChainId, ChainAnalytics]" = field(default_factory=OrderedDict)
    _gex: GexConvention = AS_DERIVED
    _told: dict[ChainId, tuple[ChainAnalytics, ChainAnalytics]] = field(default_factory=dict)  # derived, and told
    _across: tuple[tuple[ChainMeasures, ...], UnderlyingMeasures] | None = None

    def look(
        self, board: Board, selected: ChainId | None, gex: GexConvention = AS_DERIVED, *, across: bool
    ) -> tuple[AnalyticsByChain, UnderlyingMeasures | None]:
        """Return what is looked at: the selected chain, or `across` all expirations of its underlying."""
        self.tell_gex(gex)
        return self.across(board, selected) if across else (self.update(board, selected), None)

    def tell_gex(self, convention: GexConvention) -> None:
        """Have gamma exposure told by a convention from now on."""
        if convention != self._gex:
            self._gex = convention
            self._told.clear()

    def update(self, board: Board, selected: ChainId | None) -> AnalyticsByChain:
        """Return the analytics that hold for a Board; until a chain is selected its first is looked at."""
        records = {record.chain: record for record in board.chains.records}
        chain = next(iter(records), None) if selected is None else selected
        self._forget_outdated(records)
        if chain is not None and chain in records:
            self._keep(records[chain])
        self._forget_beyond(_KEPT)
        return self._known()

    def across(self, board: Board, selected: ChainId | None) -> tuple[AnalyticsByChain, UnderlyingMeasures | None]:
        """Return the analytics of all expirations of the selected chain's underlying, and what they say together."""
        records = {record.chain: record for record in board.chains.records}
        chain = next(iter(records), None) if selected is None else selected
        mine = [record for record in records.values() if chain and record.chain.underlying == chain.underlying]
        self._forget_outdated(records)
        for record in mine:
            self._keep(record)
        self._forget_beyond(max(_KEPT, len(mine)))
        known = self._known()
        measures = tuple(known[record.chain].measures for record in mine if record.chain in known)
        if not measures:
            return known, None
        made = self._across
        if made is None or [id(one) for one in made[0]] != [id(one) for one in measures]:
            self._across = made = (measures, underlying_measures(measures))
        return known, made[1]

    def _keep(self, record: ChainRecord) -> None:
        """Derive a chain unless it is known; it is the last to be forgotten."""
        found = self._kept.get(record.chain) or analytics_of(record)
        if found is not None:
            self._kept[record.chain] = found
            self._kept.move_to_end(record.chain)

    def _known(self) -> AnalyticsByChain:
        """Return what is kept, gamma exposure by the convention that is asked for."""
        if self._gex == AS_DERIVED:
            return MappingProxyType(dict(self._kept))
        for chain, derived in self._kept.items():
            held = self._told.get(chain)
            if held is None or held[0] is not derived:
                measures = derived.measures.told_in(self._gex)
                self._told[chain] = derived, replace(derived, measures=measures)
        self._told = {chain: held for chain, held in self._told.items() if chain in self._kept}
        return MappingProxyType({chain: self._told[chain][1] for chain in self._kept})

    def _forget_beyond(self, most: int) -> None:
        while len(self._kept) > most:
            self._kept.popitem(last=False)

    def _forget_outdated(self, records: Mapping[ChainId, ChainRecord]) -> None:
        for chain, known in list(self._kept.items()):
            good = records[chain].last_good if chain in records else None
            if good is None or good.snapshot.id != known.snapshot_id:
                del self._kept[chain]


class DatedBoard(Struct, frozen=True, eq=False):
    """A Board, and the instant by which it is evaluated."""

    board: Board
    now: Instant


class DiffSide(Struct, frozen=True):
    """One of two compared instants, epoch seconds: how old the chain's snapshot was then, and whose it is in a word."""

    at: float
    age_s: float | None = None
    source: str = ""


class ChainDiff(Struct, frozen=True):
    """What changed of a chain between two instants; no `grid` where at either there was no valid snapshot."""

    chain: ChainId
    before: DiffSide
    after: DiffSide
    grid: GridDiff | None = None


@dataclass(slots=True)
class Comparer:
    """Compares two moments; decodes each snapshot once while it is compared again. Owned by one thread."""

    _grids: list[tuple[LastGood, StrikeGrid]] = field(default_factory=list)  # of the last comparison
    _done: tuple[DatedBoard, DatedBoard, ChainId, ChainDiff] | None = None

    def update(self, before: DatedBoard, after: DatedBoard, chain: ChainId) -> ChainDiff:
        """Return what changed of a chain."""
        done = self._done
        if done is not None and done[0] is before and done[1] is after and done[2] == chain:
            return done[3]
        was, now = _record_of(before.board, chain), _record_of(after.board, chain)
        goods = [record.last_good for record in (was, now) if record is not None and record.last_good is not None]
        self._grids = [(good, self._grid(good)) for good in goods]
        found = ChainDiff(
            chain,
            _side(before, was),
            _side(after, now),
            diff(self._grids[0][1], self._grids[1][1]) if len(goods) == 2 else None,
        )
        self._done = (before, after, chain, found)
        return found

    def _grid(self, good: LastGood) -> StrikeGrid:
        kept = next((grid for known, grid in self._grids if known is good), None)
        return build_grid(good.snapshot.open()) if kept is None else kept


def _record_of(board: Board, chain: ChainId) -> ChainRecord | None:
    return next((record for record in board.chains.records if record.chain == chain), None)


def _side(moment: DatedBoard, record: ChainRecord | None) -> DiffSide:
    at = moment.board.now_s(moment.now)
    if record is None or record.last_good is None:
        return DiffSide(at)
    return DiffSide(at, age_ms(record.last_good, moment.now) / 1000, record.source_word)
