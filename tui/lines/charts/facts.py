"""What charts are made of: the measures that are looked at, and how old each part of them is."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from chain.analytics.measures.chain import ChainMeasures
from chain.analytics.measures.underlying import UnderlyingMeasures
from chain.model.keys import ChainId, SnapshotId
from chain.monitor.evaluate.report import ChainStatus, HealthReport
from tui.lines import figures
from tui.lines.grid.frame import is_past


class Part(NamedTuple):
    """A snapshot that something rests on, its age in seconds, and whether it may be true no longer."""

    snapshot: SnapshotId
    age_s: float
    past: bool


class Facts(NamedTuple):
    """The measures of an underlying, the chain that is chosen, and what of it the reader wants to see.

    `every`: all expirations, else the chosen one; `in_sd`: strikes by their distance from the forward. `expected` is
    how many expirations there should be.
    """

    across: UnderlyingMeasures | None
    chain: ChainId
    parts: Mapping[ChainId, Part]
    expected: int
    every: bool = True
    in_sd: bool = False

    @property
    def shown(self) -> tuple[ChainMeasures, ...]:
        """The chains that are looked at, of those that there are measures of."""
        chains = self.across.chains if self.across else ()
        return tuple(one for one in chains if self.every or one.snapshot.chain == self.chain)

    @property
    def subject(self) -> str:
        """What is looked at, in words."""
        if not self.every:
            return f"{self.chain.underlying} {figures.day(self.chain.expiry)}"
        count = len(self.shown)
        many = f"{count} of {self.expected}" if count < self.expected else f"all {count}"
        return f"{self.chain.underlying} {many} expirations"

    @property
    def why_none(self) -> str:
        """Why there are no measures; empty where there are some."""
        if self.shown:
            return ""
        return f"no snapshot of {self.chain if not self.every else self.chain.underlying} has been read yet"

    def past(self, chain: ChainId) -> bool:
        """Whether what is known of a chain may be true no longer."""
        return chain in self.parts and self.parts[chain].past

    def last_good(self, snapshots: Iterable[SnapshotId]) -> str:
        """Return that some of these snapshots may be true no longer, in words; empty where none is."""
        parts = self._parts(snapshots)
        old = [part for part in parts if part.past]
        if not old:
            return ""
        if len(parts) == 1:
            return f"LAST GOOD {figures.clock(old[0].snapshot.ts_ms / 1000)}"
        return f"{len(old)} of {len(parts)} LAST GOOD"

    def any_past(self, snapshots: Iterable[SnapshotId]) -> bool:
        """Whether some of these snapshots may be true no longer."""
        return any(part.past for part in self._parts(snapshots))

    def about(
        self, snapshots: Iterable[SnapshotId], used: int | None = None, skipped: Mapping[str, int] | None = None
    ) -> str:
        """Return what a chart rests on: snapshots and the age of the oldest, contracts used and skipped."""
        told = [sources(self._parts(snapshots))]
        if used is not None:
            told.append(counted(used, skipped or {}))
        return "; ".join(filter(None, told))

    def _parts(self, snapshots: Iterable[SnapshotId]) -> list[Part]:
        wanted = set(snapshots)
        return [part for part in self.parts.values() if part.snapshot in wanted]


def sources(parts: list[Part]) -> str:
    """Return snapshots in words, with the age of the oldest."""
    if not parts:
        return ""
    oldest = max(parts, key=lambda part: part.age_s)
    if len(parts) == 1:
        return f"snapshot {figures.clock(oldest.snapshot.ts_ms / 1000)}, {figures.how_old(oldest.age_s)} old"
    expiry = f"{oldest.snapshot.chain.expiry:%m-%d}"
    return f"{len(parts)} snapshots, the oldest {expiry} {figures.how_old(oldest.age_s)} old"


def counted(used: int, skipped: Mapping[str, int]) -> str:
    """Return how many contracts were used and skipped, and why."""
    reasons = ", ".join(f"{why} {count:,}" for why, count in sorted(skipped.items(), key=lambda item: -item[1]))
    left_out = f", {sum(skipped.values()):,} skipped: {reasons}" if skipped else ""
    return f"{used:,} contracts used{left_out}"


def part_of(measures: ChainMeasures, status: ChainStatus | None, report: HealthReport) -> Part:
    """Return how old the snapshot of some measures is: as its chain's status says, where that speaks of it."""
    good = status.record.last_good if status else None
    if status and good and status.age_s is not None and good.snapshot.id == measures.snapshot:
        return Part(measures.snapshot, status.age_s, is_past(status.state))
    age_s = max(0.0, report.board.now_s(report.now) - measures.snapshot.ts_ms / 1000)
    past = status is None or is_past(status.state) or age_s * 1000 > status.limits.stale_ms
    return Part(measures.snapshot, age_s, past)


def facts_of(
    across: UnderlyingMeasures | None, chain: ChainId, report: HealthReport, *, every: bool = True, in_sd: bool = False
) -> Facts:
    """Return what the charts of a chain's underlying are made of."""
    statuses = {status.chain: status for status in report.statuses_of(chain.underlying)}
    mine = (
        across if across and across.chains and across.chains[0].snapshot.chain.underlying == chain.underlying else None
    )
    found = mine.chains if mine else ()
    parts = {one.snapshot.chain: part_of(one, statuses.get(one.snapshot.chain), report) for one in found}
    return Facts(mine, chain, parts, len(statuses), every, in_sd)
