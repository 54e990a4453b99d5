"""Measures of the chains that alerts name, derived once per snapshot and for no others."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from chain.analytics.measures.chain import ChainMeasures
from chain.analytics.measures.underlying import ACROSS, UnderlyingMeasures, underlying_measures
from chain.model.keys import ChainId, SnapshotId
from chain.monitor.alerts.readings import Derived, Measures
from chain.monitor.alerts.rule import AlertRule, NumberWatch
from chain.monitor.analytics import chain_measures
from chain.monitor.evaluate.report import ChainStatus, HealthReport

log = logging.getLogger(__name__)

NOTHING_DERIVED = Derived()
_ONCE = {"once": True}


@dataclass(slots=True)
class DerivedMeasures:
    """Keeps what was derived while its snapshots are the newest. Owned by one thread."""

    rules: Sequence[AlertRule]
    _chains: dict[ChainId, ChainMeasures] = field(default_factory=dict)
    _across: dict[str, UnderlyingMeasures] = field(default_factory=dict)
    _failed: dict[ChainId, SnapshotId] = field(default_factory=dict)  # of which nothing can be derived

    def update(self, report: HealthReport) -> Derived:
        """Return the measures that the alerts ask for, of the snapshots of a report."""
        measured = [(rule, rule.watch) for rule in self.rules if _measures(rule)]
        if not measured:
            return NOTHING_DERIVED
        across = {name for rule, watch in measured if _is_across(watch) for name in _underlyings(rule, report)}
        known: dict[ChainId, ChainMeasures] = {}
        for status in report.statuses:
            wanted = any(rule.admits(status.chain, status.dte) for rule, _ in measured)
            if (wanted or status.chain.underlying in across) and (found := self._derive(status)) is not None:
                known[status.chain] = found
        self._chains = known
        chains: dict[ChainId, Measures] = {chain: found.measures for chain, found in known.items()}
        totals = {name: self._together(name, chains) for name in across}
        return Derived(chains, {name: each for name, each in totals.items() if each})

    def _derive(self, status: ChainStatus) -> ChainMeasures | None:
        """Return a chain's measures; a snapshot of which none can be made is told once, and costs no other chain."""
        good, kept = status.record.last_good, self._chains.get(status.chain)
        if good is None or self._failed.get(status.chain) == good.snapshot.id:
            return None
        if kept is not None and kept.snapshot == good.snapshot.id:
            return kept
        try:
            return chain_measures(status.record)
        except Exception:
            log.exception("no measures of %s", status.chain, extra=_ONCE)
            self._failed[status.chain] = good.snapshot.id
            return None

    def _together(self, underlying: str, chains: dict[ChainId, Measures]) -> Measures:
        """Return the totals of an underlying, and add to its chains what depends on their neighbours."""
        parts = [found for chain, found in self._chains.items() if chain.underlying == underlying]
        across = self._across.get(underlying)
        if across is None or {part.snapshot for part in across.chains} != {part.snapshot for part in parts}:
            across = underlying_measures(parts)
        self._across[underlying] = across
        for part, forward in zip(across.chains, across.forward_vols, strict=True):
            chains[part.snapshot.chain] = {**part.measures, "forward_vol": forward}
        return across.totals


def _measures(rule: AlertRule) -> bool:
    return isinstance(rule.watch, NumberWatch) and rule.watch.is_measure


def _is_across(watch: object) -> bool:
    return isinstance(watch, NumberWatch) and (watch.total or watch.of in ACROSS)


def _underlyings(rule: AlertRule, report: HealthReport) -> Iterator[str]:
    return filter(rule.admits_underlying, report.board.chains.underlyings)
