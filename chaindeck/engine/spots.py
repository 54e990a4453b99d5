"""The spots of the snapshots that were seen, and what they have realised; of the present, or up to an instant."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

from chain.analytics.measures.measure import Measure
from chain.analytics.measures.underlying import UnderlyingMeasures
from chain.analytics.realised import SpotSample, SpotSeries, realised_vol, unrealised, with_realised
from chain.model.calendar import RULE, Calendar
from chain.monitor.board import Board, ChainRecord
from chain.monitor.evaluate.provenance import made_at

_UNDERLYINGS = 64


def samples_of(board: Board) -> Iterator[tuple[ChainRecord, SpotSample]]:
    """Yield for each underlying the newest snapshot that has a spot, as a sample, and whose it is."""
    newest: dict[str, tuple[ChainRecord, SpotSample]] = {}
    for record in board.chains.records:
        good = record.last_good
        if good is None or good.summary.spot is None or good.summary.spot <= 0:
            continue
        sample = SpotSample(made_at(record, good), good.summary.spot, good.snapshot.id, record.source_word)
        known = newest.get(record.chain.underlying)
        if known is None or known[1].at < sample.at:
            newest[record.chain.underlying] = record, sample
    yield from newest.values()


@dataclass(slots=True)
class _Known:
    """What is known of one underlying, and what was last made of it."""

    series: SpotSeries = field(default_factory=SpotSeries)
    calendar: Calendar = RULE
    measure: Measure | None = None
    told: tuple[UnderlyingMeasures, UnderlyingMeasures] | None = None  # as it came, and with what was realised


@dataclass(slots=True)
class SpotHistories:
    """The spots of each underlying, a sample a minute. Owned by one thread."""

    _known: "OrderedDict[str, _Known]" = field(default_factory=OrderedDict)

    def on_board(self, board: Board) -> None:
        """Take the newest spots of a Board."""
        for record, sample in samples_of(board):
            self.add(record.chain.underlying, sample, record.source.calendar)

    def add(self, underlying: str, sample: SpotSample, calendar: Calendar = RULE) -> None:
        """Take a spot of an underlying; those seen least recently are let go."""
        known = self._known.setdefault(underlying, _Known())
        self._known.move_to_end(underlying)
        if known.series.add(sample) or known.calendar != calendar:
            known.calendar, known.measure = calendar, None
        while len(self._known) > _UNDERLYINGS:
            self._known.popitem(last=False)

    def beside(self, across: UnderlyingMeasures | None) -> UnderlyingMeasures | None:
        """Return what an underlying's snapshots say with what its spots have realised; the same while neither moves."""
        if across is None:
            return None
        first = across.chains[0].snapshot
        known = self._known.get(first.chain.underlying)
        if known is None:
            return with_realised(across, unrealised(first, "no snapshot has a spot"))
        if known.measure is None:
            known.measure, known.told = realised_vol(known.series.samples, known.calendar), None
        if known.told is None or known.told[0] is not across:
            known.told = across, with_realised(across, known.measure)
        return known.told[1]
