"""What spots had realised at an instant of the past: from what was seen up to it, and nothing that came after."""

from collections.abc import Sequence
from dataclasses import dataclass

from chain.analytics.measures.underlying import UnderlyingMeasures
from chain.analytics.realised import INTERVAL_S, unrealised, with_realised
from chaindeck.engine.spots import SpotHistories
from chaindeck.engine.travel.line import LineOfTime
from tape.play.reel import Part

_UNREAD = "the recording is read up to here while nothing is played"


@dataclass(slots=True)
class PastSpots:
    """Tells what the spots on a line of time have realised, as far as it is searched. Owned by one thread."""

    line: LineOfTime
    _awaited: int | None = None  # the instant up to which spots are wanted and not searched yet, epoch ns

    def beside(self, across: UnderlyingMeasures | None, parts: Sequence[Part], at: int) -> UnderlyingMeasures | None:
        """Return what an underlying's snapshots say with what its spots had realised at an instant, epoch ns."""
        self._awaited = None
        if across is None:
            return None
        snapshot = across.chains[0].snapshot
        if not self._is_searched(parts, at):
            self._awaited = at
            return with_realised(across, unrealised(snapshot, _UNREAD))
        found = SpotHistories()
        for spot in self.line.spots(parts, snapshot.chain.underlying, at):
            found.add(spot.underlying, spot.sample, spot.calendar)
        return found.beside(across)

    def has_come(self, parts: Sequence[Part]) -> bool:
        """Whether spots that were wanted and not searched are there now."""
        return self._awaited is not None and self._is_searched(parts, self._awaited)

    def _is_searched(self, parts: Sequence[Part], at: int) -> bool:
        """Whether all but what is too new for a sample is searched: the last look of all may be still to come."""
        searched = self.line.searched_to(parts)
        return searched is not None and searched >= at - round(INTERVAL_S * 1e9)
