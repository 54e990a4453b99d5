"""The expirations of an underlying side by side: how each stands, and what its snapshot says."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from chain.analytics.derive import ChainAnalytics
from chain.analytics.measures.measure import Measure
from chain.analytics.measures.underlying import UnderlyingMeasures
from chain.clock import Instant
from chain.model.keys import ChainId, SnapshotId
from chain.monitor.analytics import AnalyticsByChain
from chain.monitor.board import Board, LastGood
from chain.monitor.evaluate.freshness import age_ms
from chain.monitor.evaluate.report import ChainStatus, HealthReport
from chain.monitor.states import State
from tui.lines import figures
from tui.lines.board.words import STATE_ROLE
from tui.lines.grid.frame import Shown, is_past
from tui.lines.line import Role, Span


class Expiration(Struct, frozen=True):
    """One expiration, with or without a snapshot.

    `shown` is how old what is shown of it is; `left_s` seconds to the settlement of its root at the money.
    """

    status: ChainStatus
    shown: Shown
    analytics: ChainAnalytics | None = None
    left_s: float | None = None

    @property
    def chain(self) -> ChainId:
        """Which chain it is."""
        return self.status.chain

    @property
    def is_past(self) -> bool:
        """Whether what is shown of it was true once, and need not be now."""
        return is_past(self.shown.state)

    @property
    def day(self) -> str:
        """Its date as `01-02 Fri`."""
        return figures.day(self.chain.expiry)

    @property
    def runs(self) -> str:
        """How long it runs on: days to expiry, on the last of them hours and minutes; and how it settles."""
        maturity = self.analytics.measures.maturity if self.analytics else None
        days = f"{self.status.dte} DTE"
        if self.status.dte == 0 and self.left_s is not None:
            days = figures.time_left(self.left_s)
        return f"{days} {maturity.settles}" if maturity else days

    @property
    def state(self) -> Span:
        """Its state as a word."""
        return Span(self.shown.state, STATE_ROLE[self.shown.state])

    @property
    def age(self) -> Span:
        """How old what is shown of it is."""
        return Span(figures.age(self.shown.age_s), Role.TEXT)


def expirations_of(
    report: HealthReport, underlying: str, analytics: AnalyticsByChain, shown: Board, frozen_at: float | None
) -> tuple[Expiration, ...]:
    """Return the expirations of an underlying, in the Board's order, those without any snapshot included.

    `analytics` are of the Board that is `shown`, which is not that of the report where the view is frozen.
    """
    goods = {record.chain: record.last_good for record in shown.chains.records}
    now = report.now
    found = []
    for status in report.statuses_of(underlying):
        good = goods.get(status.chain)
        known = analytics.get(status.chain)
        if good is None or (known is not None and known.snapshot_id != good.snapshot.id):
            known = None  # of another snapshot than the age is told of
        left_s = None if known is None else _left_s(known, status, now)
        found.append(Expiration(status, shown_of(status, good, now, frozen_at), known, left_s))
    return tuple(found)


def _left_s(known: ChainAnalytics, status: ChainStatus, now: Instant) -> float | None:
    measures = known.measures
    if measures.maturity is None:
        return None
    return measures.maturity.seconds - (status.record.source.now_s(now) - measures.at)


def beside_chains(across: UnderlyingMeasures | None) -> Mapping[SnapshotId, Mapping[str, Measure]]:
    """Return the measures of each snapshot that it has only beside others."""
    if across is None:
        return {}
    found = {
        chain.snapshot: {"forward_vol": forward}
        for chain, forward in zip(across.chains, across.forward_vols, strict=True)
    }
    for chain, less in zip(across.chains, across.less_implied, strict=False):
        found[chain.snapshot]["realised_less_implied"] = less
    return found


def shown_of(status: ChainStatus, shown: LastGood | None, now: Instant, frozen_at: float | None) -> Shown:
    """Return how old what is shown of a chain is; frozen, that may be another snapshot than its newest."""
    good = status.record.last_good
    newest = good is None or shown is None or shown.snapshot.id == good.snapshot.id
    if shown is None or (newest and frozen_at is None):
        return Shown(status.state, status.age_s)
    age, limits = age_ms(shown, now, status.record.source), status.limits
    by_age = State.FRESH if age <= limits.warn_ms else State.AGING if age <= limits.stale_ms else State.STALE
    state = status.state if is_past(status.state) or status.state is State.FUTURE else by_age
    return Shown(state, age / 1000, frozen_at)


def in_view(columns: Sequence[object], chosen: int, room: int) -> slice:
    """Return which columns are shown where there is room for so many: the chosen one is among them."""
    most = max(1, min(room, len(columns)))
    first = max(0, min(chosen - most + 1, len(columns) - most))
    return slice(first, first + most)
