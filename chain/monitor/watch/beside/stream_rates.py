"""Frames and events a second, from the counts that the stream's writer keeps."""

from msgspec import Struct

from chain.redis.contract.stream.signs import StreamSigns

_OVER_S = 5.0  # a rate over less would jump with every burst


class Count(Struct, frozen=True):
    """The writer's counts at one poll, at a time in monotonic seconds; None where it keeps none."""

    at: float
    frames: int | None
    events: int | None


class StreamRates:
    """The counts of the last seconds. A count that falls is another writer's, and begins anew."""

    def __init__(self, counts: tuple[Count, ...] = ()) -> None:
        self.counts = counts

    def on_poll(self, signs: StreamSigns, at: float) -> None:
        """Take in the counts of a poll that was answered at `at`, monotonic seconds."""
        newest = Count(at, signs.frames, signs.events)
        if any(_fell(last.frames, newest.frames) or _fell(last.events, newest.events) for last in self.counts[-1:]):
            self.counts = ()
        within = tuple(count for count in self.counts if at - count.at <= _OVER_S)
        self.counts = (*(within or self.counts[-1:]), newest)

    @property
    def frames_s(self) -> float | None:
        """Frames a second; None where it is not known yet."""
        return self._rate([(count.at, count.frames) for count in self.counts])

    @property
    def events_s(self) -> float | None:
        """Events a second; None where it is not known yet."""
        return self._rate([(count.at, count.events) for count in self.counts])

    @staticmethod
    def _rate(counts: list[tuple[float, int | None]]) -> float | None:
        known = [(at, count) for at, count in counts if count is not None]
        if len(known) < 2:
            return None
        (began, first), (ended, last) = known[0], known[-1]
        return (last - first) / (ended - began) if ended > began else None


def _fell(before: int | None, after: int | None) -> bool:
    return before is not None and after is not None and after < before
