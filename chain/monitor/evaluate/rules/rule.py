"""What a rule is, its input, and wording shared by several rules."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property

from msgspec import Struct

from chain.clock import Instant
from chain.monitor.board import Board
from chain.monitor.evaluate.report import ChainStatus, Signal, grouped
from chain.monitor.states import DeckState, Flag, State
from chain.thresholds import POLL_OVERDUE_S, STARTING_S


class RuleInput(Struct, frozen=True, dict=True):
    """A Board, the instant of its evaluation, and each of its chains as evaluated at that instant."""

    board: Board
    now: Instant
    statuses: tuple[ChainStatus, ...]

    @property
    def known(self) -> bool:
        """Whether Redis answered the last poll, and recently."""
        return blind_since(self.board, self.now) is None

    @cached_property
    def by_underlying(self) -> Mapping[str, Sequence[ChainStatus]]:
        """The chains in groups, in the Board's order."""
        return grouped(self.statuses)

    @cached_property
    def _flagged(self) -> Mapping[Flag, Sequence[ChainStatus]]:
        groups: dict[Flag, list[ChainStatus]] = {}
        for status in self.statuses:
            for flag in status.flags:
                groups.setdefault(flag, []).append(status)
        return groups

    @cached_property
    def _states(self) -> frozenset[State]:
        return frozenset(status.state for status in self.statuses)

    def flagged(self, flag: Flag) -> Sequence[ChainStatus]:
        """Return the chains that carry a flag, in the Board's order."""
        return self._flagged.get(flag, ())

    def in_state(self, state: State) -> Mapping[str, Sequence[ChainStatus]]:
        """Return the chains in one state by underlying, without empty groups."""
        if state not in self._states:
            return {}
        found = {name: [r for r in mine if r.state is state] for name, mine in self.by_underlying.items()}
        return {name: group for name, group in found.items() if group}

    @property
    def starting(self) -> bool:
        """Whether a continuous watcher has just started and found nothing: a publisher may be starting, too."""
        board, began = self.board, self.board.clock.started
        if began is None or board.chains.records or not board.redis.health.ok:
            return False
        return self.now.mono - began < STARTING_S


class Notice(Struct, frozen=True):
    """What a rule finds wrong, in words; `since` is epoch seconds, None if it was so before the first poll."""

    text: str
    since: float | None = None
    subject: str = ""  # the underlying it is about, empty for the whole deck
    concerns: Iterable[str] | None = None  # the underlyings that can be affected, None for all


class Rule(Struct, frozen=True):
    """One signal: its severity, and the function, named after it, that detects it in a Board."""

    severity: DeckState
    find: Callable[[RuleInput], Iterable[Notice]]

    @property
    def name(self) -> str:
        """The signal's name: the function's, with hyphens."""
        return self.find.__name__.replace("_", "-")

    def signals(self, inputs: RuleInput) -> list[Signal]:
        """Return a signal for each notice."""
        return [
            Signal(
                name=self.name,
                severity=self.severity,
                text=notice.text,
                since=notice.since,
                subject=notice.subject,
                concerns=None if notice.concerns is None else frozenset(notice.concerns),
            )
            for notice in self.find(inputs)
        ]


def poll_overdue_s(board: Board, now: Instant) -> float | None:
    """Return how long the poll loop has been silent, seconds; None while it runs, or before it starts."""
    overdue = now.mono - board.clock.polled
    return overdue if board.redis.health.asked is not None and overdue > POLL_OVERDUE_S else None


def blind_since(board: Board, now: Instant) -> float | None:
    """Return since when Redis has not answered, epoch seconds; None while it answers, or was never asked."""
    overdue = poll_overdue_s(board, now)
    if overdue is not None:
        return now.wall_s - overdue
    health = board.redis.health
    if health.asked is None or health.ok:
        return None
    return health.since if health.since is not None else now.wall_s


def apart(ahead_s: float) -> str:
    """Describe how far one clock is ahead of another, or behind it if negative."""
    return f"{abs(ahead_s):.0f} s {'ahead of' if ahead_s > 0 else 'behind'}"


def listed(statuses: Sequence[ChainStatus]) -> str:
    """Name up to two chains, grouped under their underlying, and count the rest."""
    shown = [f"{r.chain.underlying} {r.chain.expiry:%m-%d}" for r in statuses[:2]]
    if len(statuses) > 1 and statuses[0].chain.underlying == statuses[1].chain.underlying:
        shown[1] = f"{statuses[1].chain.expiry:%m-%d}"
    more = len(statuses) - 2
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def earliest(statuses: Iterable[ChainStatus]) -> float | None:
    """Return the earliest time at which one of these chains' states began, None if unknown."""
    return min((r.since for r in statuses if r.since is not None), default=None)


def oldest_s(statuses: Iterable[ChainStatus]) -> int:
    """Return the age of the oldest of these chains in whole seconds, never rounded up."""
    return math.floor(max(status.age_s or 0.0 for status in statuses))
