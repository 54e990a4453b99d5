"""Recorded snapshots as of now, for consumers that know only live names and judge `ts` by their own clock."""

from collections.abc import Sequence

from chain.clock import Clock
from chain.model.snapshot import EncodedSnapshot, stamped

_MS_NS = 1_000_000


class Restamp:
    """Stamps snapshots with the time of a clock. Their contracts stay as they were, times of quotes included."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last_ns = 0

    def __call__(self, snapshots: Sequence[EncodedSnapshot]) -> Sequence[EncodedSnapshot]:
        """Return the same made now, and each time in a later millisecond than before: their keys differ by it."""
        if not snapshots:
            return ()
        self._last_ns = max(self._clock.wall_ns(), self._last_ns + _MS_NS)
        return [stamped(each, self._last_ns) for each in snapshots]
