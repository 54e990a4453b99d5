"""What the reader has chosen to look at: the selected chain, the frozen grid, and the grid's recent changes."""

from dataclasses import dataclass, field

from chain.analytics.headline import Headline, headline
from chain.model.grid import StrikeGrid, build_grid
from chain.model.keys import ChainId
from chain.monitor.board import Accepted, Board
from chain.monitor.provenance import made_at
from chain.monitor.signals import Reading, Report
from tui.grid_lines import NO_MARKS, Marks, changes

MARK_S = 3.0


@dataclass(slots=True)
class View:
    """The screen's own state; it belongs to the screen's thread."""

    selected: ChainId | None = None
    highest_first: bool = True
    frozen_at: float | None = None  # epoch seconds
    grid: StrikeGrid | None = None
    top: Headline | None = None
    shown: Accepted | None = None  # what the grid was built from
    marks: Marks = field(default_factory=dict)
    marked_at: float = 0.0  # monotonic seconds
    history: list[tuple[float, float]] = field(default_factory=list)  # monotonic seconds, age in seconds

    def choose(self, chain: ChainId | None) -> None:
        """Turn to another chain; a frozen view thaws, for it was frozen on the old one."""
        if chain != self.selected:
            self.selected = chain
            self.frozen_at = self.grid = self.top = self.shown = None
            self.marks = NO_MARKS
            self.history.clear()

    def settle(self, board: Board) -> None:
        """Keep a selection that still exists, or take the first chain there is."""
        chains = [entry.chain for entry in board.entries]
        if self.selected not in chains:
            same = [c for c in chains if self.selected and c.underlying == self.selected.underlying]
            self.choose(next(iter(same or chains), None))

    def step_chain(self, board: Board, by: int) -> None:
        """Move along the expirations of the selected underlying."""
        mine = [e.chain for e in board.entries if self.selected and e.chain.underlying == self.selected.underlying]
        if self.selected in mine:
            self.choose(mine[max(0, min(len(mine) - 1, mine.index(self.selected) + by))])

    def step_underlying(self, board: Board, by: int) -> None:
        """Move to another underlying, same place in the list of expirations where it has as many."""
        names = board.underlyings
        if self.selected is None or not names:
            return
        mine = [e.chain for e in board.entries if e.chain.underlying == self.selected.underlying]
        place = mine.index(self.selected) if self.selected in mine else 0
        at = names.index(self.selected.underlying) if self.selected.underlying in names else 0
        there = [e.chain for e in board.entries if e.chain.underlying == names[(at + by) % len(names)]]
        self.choose(there[min(place, len(there) - 1)])

    def reading(self, report: Report) -> Reading | None:
        """The selected chain's reading."""
        return next((r for r in report.readings if r.entry.chain == self.selected), None)

    def take(self, report: Report) -> None:
        """Bring the grid up to the newest valid snapshot unless the view is frozen, and remember the age."""
        reading = self.reading(report)
        now = report.now
        if reading is None:
            return
        if reading.age_s is not None:
            self.history = [point for point in self.history if now.mono - point[0] < 120]
            self.history.append((now.mono, reading.age_s))
        good = reading.entry.last_good
        if self.frozen_at is not None or good is None:
            return
        if self.grid is None or self.grid.snapshot.id != good.snapshot.id:
            fresh = build_grid(good.snapshot.open())
            same = self.shown is not None and self.shown.kind == good.kind  # between two sources nothing has moved
            in_sequence = self.grid and same and good.snapshot.ts - self.grid.snapshot.ts <= reading.limits.warn_s
            self.marks = changes(self.grid, fresh) if in_sequence else NO_MARKS
            self.marked_at = now.mono
            self.grid, self.shown = fresh, good
            self.top = headline(fresh, made_at(reading.entry, good), reading.entry.source.calendar)
        elif self.marks and now.mono - self.marked_at > MARK_S:
            self.marks = NO_MARKS
