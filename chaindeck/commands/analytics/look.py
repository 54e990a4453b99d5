"""What the chains of one poll say: the measures of each and of each underlying, with the age of every snapshot."""

from collections.abc import Mapping

from msgspec import Struct

from chain.analytics.measures.chain import ChainMeasures
from chain.analytics.measures.measure import Measure
from chain.analytics.measures.underlying import UnderlyingMeasures, underlying_measures
from chain.model.keys import SnapshotId
from chain.monitor.analytics import chain_measures
from chain.monitor.evaluate.report import ChainStatus, HealthReport


class Expiry(Struct, frozen=True):
    """One chain of the board and its measures; None where it has no valid snapshot."""

    status: ChainStatus
    chain: ChainMeasures | None
    measures: Mapping[str, Measure]


class Underlying(Struct, frozen=True):
    """The chains of one underlying, those without a snapshot included, and what they say together."""

    symbol: str
    expiries: tuple[Expiry, ...]
    across: UnderlyingMeasures
    ages: Mapping[SnapshotId, float]  # seconds

    def age_of(self, measure: Measure) -> float:
        """Return the age of a measure's oldest snapshot, seconds."""
        return max(self.ages[one] for one in measure.snapshots)


def underlyings_of(report: HealthReport) -> list[Underlying]:
    """Return the underlyings of a report in its order, each with all that its chains say."""
    by_symbol: dict[str, list[ChainStatus]] = {}
    for status in report.statuses:
        by_symbol.setdefault(status.chain.underlying, []).append(status)
    return [_underlying(symbol, statuses) for symbol, statuses in by_symbol.items()]


def _underlying(symbol: str, statuses: list[ChainStatus]) -> Underlying:
    statuses = sorted(statuses, key=lambda status: status.chain.expiry)
    chains = {status.chain: chain_measures(status.record) for status in statuses}
    across = underlying_measures([chain for chain in chains.values() if chain is not None])
    forwards = dict(zip((chain.snapshot for chain in across.chains), across.forward_vols, strict=True))
    expiries = []
    ages: dict[SnapshotId, float] = {}
    for status in statuses:
        chain = chains[status.chain]
        if chain is None:
            expiries.append(Expiry(status, None, {}))
            continue
        ages[chain.snapshot] = status.age_s or 0.0
        expiries.append(Expiry(status, chain, {**chain.measures, "forward_vol": forwards[chain.snapshot]}))
    return Underlying(symbol, tuple(expiries), across, ages)
