"""What the reader has chosen to look at: the selected chain, the frozen grid, and the grid's recent changes.

And of the past: how fast it is played, which two moments are compared, and how what changed is sorted.
"""

from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from chain.analytics.derive import ChainAnalytics
from chain.analytics.measures.gamma import AS_DERIVED, GexConvention
from chain.analytics.painted import PaintedGrid
from chain.clock import Instant
from chain.model.keys import ChainId
from chain.monitor.analytics import NO_ANALYTICS, AnalyticsByChain, ChainDiff, DatedBoard
from chain.monitor.board import Board, LastGood
from chain.monitor.evaluate.report import ChainStatus, HealthReport
from tui.lines.board.filter import NO_FILTER, BoardFilter
from tui.lines.charts.catalogue import ChartChoice
from tui.lines.charts.readings import Timings
from tui.lines.expirations import shown_of
from tui.lines.grid.changes import NO_CHANGES, Changes, changes
from tui.lines.grid.columns.sets import COLUMN_SETS, STANDARD, ColumnSet
from tui.lines.grid.cursor import GridCell
from tui.lines.grid.frame import Shown, is_past
from tui.lines.heatmap.choice import TileChoice
from tui.lines.measures.choice import MeasureChoice
from tui.lines.straddles.choice import StraddleChoice
from tui.lines.strip import Past
from tui.ports.board_source import StagedView
from tui.prefs import Prefs

CHANGE_SHOWN_S = 0.8
WINDOW_S = 120.0  # seconds of ages that are kept
_EVERY_S = 1.0
_MARKED_TO = 2.0  # speed; played faster, the past would have every figure marked all the time
_AWAITED_S = 0.3  # for so long what was shown before may stand until the analytics of another chain are there
_CHAINS_KEPT = 600  # histories; beyond, those that were looked at least recently are forgotten

Ages = Sequence[tuple[float, float]]  # monotonic seconds, age in seconds


@dataclass(slots=True)
class Histories:
    """The ages of the last two minutes of every chain, so that turning to one finds what came before; and timings."""

    timings: Timings = field(default_factory=Timings)
    _ages: "OrderedDict[ChainId, deque[tuple[float, float]]]" = field(default_factory=OrderedDict)
    _noted_at: float = float("-inf")

    def on_report(self, report: HealthReport) -> None:
        """Note the ages of a report, at most once a second."""
        now = report.now.mono
        if now - self._noted_at < _EVERY_S:
            return
        self._noted_at = now
        self.timings.on_report(report)
        for status in report.statuses[:_CHAINS_KEPT]:
            if status.age_s is not None:
                ages = self._ages.setdefault(status.chain, deque())
                ages.append((now, status.age_s))
                while now - ages[0][0] > WINDOW_S:
                    ages.popleft()
        expected = {status.chain for status in report.statuses}
        for chain in [chain for chain in self._ages if chain not in expected]:
            del self._ages[chain]

    def ages(self, chain: ChainId | None) -> Ages:
        """Return a chain's ages, oldest first."""
        return tuple(self._ages.get(chain, ())) if chain else ()


@dataclass(slots=True)
class Comparison:
    """Two moments that the reader has marked, and whether and how what changed between them is shown.

    Where only one is marked, the other is what is shown: from A to here, or from here to B.
    """

    a: DatedBoard | None = None
    b: DatedBoard | None = None
    on: bool = False
    by_size: bool = False

    def moments(self, here: DatedBoard | None) -> tuple[DatedBoard, DatedBoard] | None:
        """Return the moments to compare while they are shown; None without any mark."""
        before, after = self.a or here, self.b or here
        marked = self.a or self.b
        return (before, after) if self.on and marked and before and after else None


@dataclass(slots=True)
class View:
    """The screen's own state; it belongs to the screen's thread."""

    selected: ChainId | None = None
    wanted: BoardFilter = NO_FILTER  # which chains the board lists
    highest_first: bool = True
    columns: ColumnSet = STANDARD  # of the grid
    own: ColumnSet | None = None  # the reader's own columns
    bars: bool = True  # whether open interest and volume are drawn where there is room
    frozen_at: float | None = None  # epoch seconds
    analytics: ChainAnalytics | None = None  # of what is shown of the selected chain
    shown: LastGood | None = None  # the snapshot that they were derived from
    changed: Changes = field(default_factory=dict)  # since the snapshot before, shown for a moment
    changed_at: float = 0.0  # monotonic seconds
    painted: PaintedGrid | None = None  # the same with the stream's newer values, where there are any
    cell: GridCell | None = None  # under the grid's cursor; None while there is no grid
    backdrop: bool = False  # whether the reader wants to see the snapshot alone
    past: Past | None = None  # that what is shown is of the past
    speed: float = 1.0  # at which the past is played
    playing: float = 0.0  # the speed while it is played
    comparison: Comparison = field(default_factory=Comparison)
    diff: ChainDiff | None = None  # of the selected chain, between the moments that are compared
    gex: GexConvention = AS_DERIVED  # by which gamma exposure is told
    measure: MeasureChoice = field(default_factory=MeasureChoice)  # under the cursor on the page of measures
    straddle: StraddleChoice = field(default_factory=StraddleChoice)  # under the cursor on the page of straddles
    tile: TileChoice = field(default_factory=TileChoice)  # that is looked at on the heatmap
    charts: ChartChoice = field(default_factory=ChartChoice)  # what is looked at of the charts
    histories: Histories = field(default_factory=Histories)
    awaiting: bool = False  # whether the selected chain's analytics are on their way
    _awaited_from: float | None = None  # monotonic seconds
    _seen: float | None = None  # monotonic seconds at which the grid was last known to be in time

    @property
    def as_of(self) -> str:
        """The instant that is shown as a time of day; empty while that is the present."""
        return self.past.at if self.past else ""

    @property
    def _column_sets(self) -> dict[str, ColumnSet]:
        return COLUMN_SETS if self.own is None else {**COLUMN_SETS, self.own.name: self.own}

    def take(self, choices: Prefs) -> None:
        """Show the grid as is chosen; columns that are not chosen are the reader's own, where there are any."""
        self.highest_first, self.bars = choices.highest_first, choices.bars
        self.columns = self._column_sets.get(choices.columns or "", self.own or STANDARD)

    def next_columns(self) -> None:
        """Turn to the next choice of the grid's columns, the reader's own the last."""
        names = list(self._column_sets)
        self.columns = self._column_sets[names[(names.index(self.columns.name) + 1) % len(names)]]

    def turn_to(self, past: Past | None) -> None:
        """Show an instant of the past, or the present again; a frozen view follows again."""
        if (past is None) != (self.past is None):
            self.frozen_at = self._seen = None
        self.past = past

    def select(self, chain: ChainId | None) -> None:
        """Turn to another chain; a frozen view follows again, for it was frozen on the old one."""
        if chain != self.selected:
            self.selected = chain
            self.frozen_at = self.analytics = self.shown = self._seen = self._awaited_from = None
            self.changed = NO_CHANGES

    def keep_selection(self, board: Board) -> None:
        """Keep a selection that still exists, or select the first chain there is."""
        chains = [record.chain for record in board.chains.records]
        if self.selected not in chains:
            same = [c for c in chains if self.selected and c.underlying == self.selected.underlying]
            self.select(next(iter(same or chains), None))

    def step_chain(self, board: Board, by: int) -> None:
        """Move along the expirations of the selected underlying."""
        mine = [
            e.chain for e in board.chains.records if self.selected and e.chain.underlying == self.selected.underlying
        ]
        if self.selected in mine:
            self.select(mine[max(0, min(len(mine) - 1, mine.index(self.selected) + by))])

    def step_underlying(self, board: Board, by: int) -> None:
        """Move to another underlying, same place in the list of expirations where it has as many."""
        names = board.chains.underlyings
        if self.selected is None or not names:
            return
        mine = [e.chain for e in board.chains.records if e.chain.underlying == self.selected.underlying]
        place = mine.index(self.selected) if self.selected in mine else 0
        at = names.index(self.selected.underlying) if self.selected.underlying in names else 0
        there = [e.chain for e in board.chains.records if e.chain.underlying == names[(at + by) % len(names)]]
        self.select(there[min(place, len(there) - 1)])

    def paint(self, staged: StagedView | None) -> None:
        """Take the stream's values that stand on the snapshot that is shown; a frozen view and the past have none."""
        found = staged.painted if staged is not None and self.past is None and self.frozen_at is None else None
        shown = self.analytics
        self.painted = found if found is not None and shown is not None and found.of == shown.snapshot_id else None

    def status(self, report: HealthReport) -> ChainStatus | None:
        """Return how the selected chain stands; None where the Board no longer has it."""
        return next((r for r in report.statuses if r.record.chain == self.selected), None)

    def as_shown(self, status: ChainStatus, now: Instant) -> Shown:
        """Return how old what the grid shows is; frozen, that is another snapshot than the chain's newest."""
        return shown_of(status, self.shown, now, self.frozen_at)

    def on_report(
        self, report: HealthReport, analytics: AnalyticsByChain = NO_ANALYTICS, at: float | None = None
    ) -> None:
        """Show the newest valid snapshot once its analytics are there, unless frozen; remember the ages.

        `at`, monotonic seconds, is when it is shown, where that is not the instant of the report.
        """
        if self.past is None:
            self.histories.on_report(report)
        status, now = self.status(report), report.now
        at = now.mono if at is None else at
        self.awaiting = False
        good = status.record.last_good if status else None
        if status is None or self.frozen_at is not None or good is None:
            self._seen = None
            if good is None and self.frozen_at is None:  # none had been read by then
                self.analytics = self.shown = None
            return
        if self.shown is None or self.shown.snapshot.id != good.snapshot.id:
            fresh = analytics.get(status.chain)
            if fresh is None or fresh.snapshot_id != good.snapshot.id:
                self._await(at)
                return
            before = self.analytics.grid if self.analytics else None
            follows = self.playing <= _MARKED_TO and self._follows(good, status, now)
            self.changed = changes(before, fresh.grid) if follows else NO_CHANGES
            self.changed_at = at
            self.analytics, self.shown, self._awaited_from = fresh, good, None
        elif self.changed and at - self.changed_at >= CHANGE_SHOWN_S:
            self.changed = NO_CHANGES
        self._seen = None if is_past(status.state) else now.mono

    def _await(self, at: float) -> None:
        """Note that analytics are being derived: they come with the next wake-up, or something is wrong."""
        self._awaited_from = at if self._awaited_from is None else self._awaited_from
        self.awaiting = at - self._awaited_from <= _AWAITED_S
        if self.past and not self.awaiting:  # of another instant than the one that is named
            self.analytics = self.shown = None

    def _follows(self, good: LastGood, status: ChainStatus, now: Instant) -> bool:
        """Return whether a snapshot comes in its turn after the one shown: of one source, and without a gap.

        After a gap everything has changed, and that says nothing; after a step back rises would read as falls.
        """
        if self.shown is None or self._seen is None or self.shown.kind != good.kind or now.mono < self._seen:
            return False
        return max(good.snapshot.ts - self.shown.snapshot.ts, now.mono - self._seen) <= status.limits.warn_s
