"""The evaluation of a Board at one instant: a status for each chain, and signals for what is wrong."""

from collections.abc import Iterable, Mapping
from functools import cached_property

from msgspec import Struct

from chain.clock import Instant
from chain.model.keys import ChainId
from chain.model.kinds import kind_phrase
from chain.monitor.board import Board, ChainRecord
from chain.monitor.evaluate.freshness import limits_of
from chain.monitor.states import DeckState, Flag, State, StreamState
from chain.thresholds import FUTURE_TOLERANCE_S, STREAM_ACTIVE_S, STREAM_KNOWN_S, Thresholds

_PRESENT = (State.FRESH, State.AGING, State.STALE, State.FUTURE)
_CURRENT = (State.FRESH, State.AGING)
_IN_USE = (State.FRESH, State.AGING, State.FUTURE, State.UNREACHABLE)


class ChainStatus(Struct, frozen=True):
    """One chain at one instant. Ages and TTL in seconds, `since` epoch seconds, None where unknown."""

    record: ChainRecord
    state: State
    flags: tuple[Flag, ...]
    age_s: float | None
    ttl_s: float | None
    dte: int
    since: float | None
    note: str = ""

    @property
    def chain(self) -> ChainId:
        """Which chain it is."""
        return self.record.chain

    @property
    def limits(self) -> Thresholds:
        """The limits of this chain's age."""
        return limits_of(self.record)

    @property
    def in_use(self) -> bool:
        """Whether this chain's snapshot may be used; unknown facts do not count against it."""
        return self.state in _IN_USE


class Signal(Struct, frozen=True):
    """Something that is wrong now, in words; `since` is epoch seconds, None if it was so before the first poll."""

    name: str
    severity: DeckState
    text: str
    since: float | None
    subject: str = ""  # the underlying it concerns, empty for the whole deck
    concerns: frozenset[str] | None = None  # the underlyings that can be affected, None for all


class Spot(Struct, frozen=True):
    """An underlying's price in points, with the age in seconds and the state of the snapshot it is from."""

    value: float
    age_s: float
    state: State

    @property
    def current(self) -> bool:
        """Whether the price can be shown alone; if not, its fault must be shown with it."""
        return self.state in _CURRENT


class HealthReport(Struct, frozen=True, dict=True):
    """A Board evaluated at one instant: statuses in the Board's order, signals root cause first."""

    now: Instant
    board: Board
    state: DeckState
    statuses: tuple[ChainStatus, ...]
    signals: tuple[Signal, ...]

    def statuses_of(self, underlying: str) -> tuple[ChainStatus, ...]:
        """The chains of one underlying, in the Board's order."""
        return self._groups.get(underlying, ())

    @cached_property
    def _groups(self) -> Mapping[str, tuple[ChainStatus, ...]]:
        return grouped(self.statuses)

    def spot(self, underlying: str) -> Spot | None:
        """Return an underlying's newest price in its snapshots; usable snapshots come first."""
        carrying = [
            Spot(good.summary.spot, status.age_s, status.state)
            for status in self.statuses_of(underlying)
            if status.age_s is not None and (good := status.record.last_good) and good.summary.spot is not None
        ]
        return min(carrying, key=lambda spot: (not spot.current, spot.age_s), default=None)

    @cached_property
    def played_s(self) -> float | None:
        """What the clock of a replay shows, epoch seconds; None where nothing is played."""
        return self.board.played_s(self.now)

    @property
    def stream(self) -> StreamState:
        """The stream's activity."""
        return stream_state(self.board, self.now, self.statuses)

    @property
    def sources(self) -> str:
        """What kinds of source the chains come from, as running text: `mock`, or `12 live, 6 mock`; empty for none."""
        return kind_phrase(status.record.source_word for status in self.statuses)

    def depth(self, underlying: str) -> tuple[int, int]:
        """Return how many expirations of an underlying have a valid snapshot, and how many should."""
        return sum(map(usable, self.statuses_of(underlying))), self.board.chains.depth.get(underlying, 0)


def grouped(statuses: Iterable[ChainStatus]) -> dict[str, tuple[ChainStatus, ...]]:
    """Return statuses by underlying, in their order."""
    groups: dict[str, list[ChainStatus]] = {}
    for status in statuses:
        groups.setdefault(status.chain.underlying, []).append(status)
    return {underlying: tuple(group) for underlying, group in groups.items()}


def usable(status: ChainStatus) -> bool:
    """Whether a chain has a valid snapshot of any age and has not expired: it counts towards depth."""
    return status.state in _PRESENT and Flag.PAST_DATED not in status.flags


def stream_age_s(board: Board, now: Instant) -> float | None:
    """Return how long ago the stream was last active, seconds; None if unknown.

    Activity stamped in the future beyond clock tolerance does not count: it would stay "active" until we caught up.
    """
    ages = [now.wall_s - at for at in (board.streams.last_frame, board.streams.newest_entry) if at is not None]
    honest = [max(0.0, age) for age in ages if age >= -FUTURE_TOLERANCE_S]
    return min(honest, default=None)


def stream_state(board: Board, now: Instant, statuses: Iterable[ChainStatus]) -> StreamState:
    """Return the stream's activity; a quiet one counts as closed while no chain's options trade."""
    age = stream_age_s(board, now)
    if age is None or age > STREAM_KNOWN_S:
        return StreamState.NONE
    if age <= STREAM_ACTIVE_S:
        return StreamState.ACTIVE
    flags = [status.flags for status in statuses]
    closed = bool(flags) and all(Flag.OFF_HOURS in these for these in flags)
    return StreamState.CLOSED if closed else StreamState.QUIET


def stream_active(board: Board, now: Instant) -> bool:
    """Return whether the stream is known to be running."""
    age = stream_age_s(board, now)
    return age is not None and age <= STREAM_ACTIVE_S
