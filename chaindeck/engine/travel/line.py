"""The line of time: what is recorded when, and the marks on it, which are searched for a little at a time."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from chain.monitor.evaluate.marks import Mark
from chaindeck.engine.travel.search import Searched, Spot
from tape.play.reel import Part, Reel, joined, spans_of
from tui.ports.time_travel import Span, Timeline


class Kept(NamedTuple):
    """Where the past is kept, and how far back it will go where it does not yet, both in words."""

    label: str
    reach: str = ""


class LineOfTime:
    """What is known of a reel's parts beside their Boards. Owned by one thread."""

    def __init__(self, reel: Reel) -> None:
        self._reel = reel
        self._searched: dict[Part, Searched] = {}
        self._spans: dict[Part, tuple[int, list[tuple[int, int]]]] = {}  # with the looks that they are of
        self._found = False

    def search(self, parts: Sequence[Part], is_enough: Callable[[], bool], *, grows: bool) -> bool:
        """Search parts for marks, in their order, until it is enough; return whether there is more to search.

        `grows`: to the last of them answers are added all the time.
        """
        before: Searched | None = None
        for part in parts:
            searched = self._searched.get(part)
            if searched is None:
                searched = self._searched[part] = Searched(part)
                searched.follow(before)
            before = searched
            player, is_last = None if searched.is_over else self._reel.player(part), part is self._reel.parts[-1]
            while player is not None and searched.go_on(player, grows=grows and is_last):
                self._found = True
                if is_enough():
                    return True
            searched.is_over = not is_last  # the last one may yet grow
        return False

    def take_found(self) -> bool:
        """Return whether anything was searched since this was last asked."""
        found, self._found = self._found, False
        return found

    def searched_to(self, parts: Sequence[Part]) -> int | None:
        """Return up to where marks of parts are known, epoch ns; None where nothing was searched."""
        searched = [self._searched[part].searched_to for part in parts if part in self._searched]
        return max((at for at in searched if at is not None), default=None)

    def knows(self, parts: Sequence[Part], at_ns: int, by: int) -> bool:
        """Return whether `by` marks of parts are known after an instant (epoch ns), or, below zero, all before it."""
        if by > 0:
            return sum(mark.at > at_ns for mark in self.marks(parts)) >= by
        searched = self.searched_to(parts)
        return searched is not None and searched >= at_ns

    def marks(self, parts: Sequence[Part]) -> list[Mark]:
        """Return the marks of parts, in the order of time."""
        found = [mark for part in parts if part in self._searched for mark in self._searched[part].marks]
        return sorted(found, key=lambda mark: mark.at)

    def spots(self, parts: Sequence[Part], underlying: str, until: int) -> list[Spot]:
        """Return the spots of an underlying that were seen on parts up to an instant, epoch ns, in their order."""
        known = (spot for part in parts if part in self._searched for spot in self._searched[part].spots)
        return sorted(
            (spot for spot in known if spot.underlying == underlying and spot.seen <= until), key=lambda spot: spot.seen
        )

    def told(self, parts: Sequence[Part], kept: Kept, trouble: str) -> Timeline:
        """Return the line of time of parts; what was let go of the reel is forgotten."""
        for gone in [known for known in self._searched if known not in self._reel.parts]:
            self._searched.pop(gone)
            self._spans.pop(gone, None)
        spans = joined(span for part in parts for span in self._spans_of(part))
        return Timeline(
            kept.label,
            tuple(Span(*span) for span in spans),
            tuple(self.marks(parts)),
            self.searched_to(parts),
            trouble or next(map(str, self._reel.unreadable.values()), ""),
            kept.reach,
            tuple(at for part in parts if part in self._searched for at in self._searched[part].clock),
        )

    def _spans_of(self, part: Part) -> list[tuple[int, int]]:
        length, known = self._spans.get(part, (-1, []))
        if length >= 0 and part is not self._reel.parts[-1]:
            return known
        player = self._reel.player(part)
        if player is not None and len(player) != length:
            self._spans[part] = len(player), spans_of(player)
        return self._spans.get(part, (0, []))[1]
