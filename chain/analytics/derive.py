"""What is shown of one snapshot, computed in one step, so that the screen only formats."""

from msgspec import Struct

from chain.analytics.headline import Headline, headline_of
from chain.analytics.measures.chain import ChainMeasures, measures_of
from chain.model.calendar import RULE, Calendar
from chain.model.grid import StrikeGrid, build_grid
from chain.model.keys import SnapshotId
from chain.model.snapshot import Received


class ChainAnalytics(Struct, frozen=True):
    """The strike grid of one snapshot, what it says, and of that what stands over it. It holds none of the payload."""

    grid: StrikeGrid
    measures: ChainMeasures
    headline: Headline

    @property
    def snapshot_id(self) -> SnapshotId:
        """The snapshot that this was derived from."""
        return self.grid.snapshot.id


def derive(snapshot: Received, made_at: float, calendar: Calendar = RULE) -> ChainAnalytics:
    """Return what is shown of a snapshot that describes the instant `made_at`, epoch seconds."""
    grid = build_grid(snapshot)
    measures = measures_of(grid, made_at, calendar)
    return ChainAnalytics(grid, measures, headline_of(measures, grid.price_source))
