"""Measures for alerts: of the chains that are named and no others, once a snapshot, and the same as everywhere."""

import pytest

from chain.analytics.measures.chain import ChainMeasures
from chain.analytics.measures.underlying import ACROSS, OF_A_CHAIN, TOTALS, underlying_measures
from chain.clock import Instant
from chain.model.keys import ChainId
from chain.monitor.alerts import derived as module
from chain.monitor.alerts.book import AlertBook
from chain.monitor.alerts.derived import DerivedMeasures
from chain.monitor.alerts.rule import AlertRule, ChainFilter, Limit, NumberWatch
from chain.monitor.analytics import chain_measures
from chain.monitor.board import ChainRecord
from tests.support.scenes import NDX, SPX, SPX_MON, START_NS, record, report

NOW = Instant(START_NS, 5_000.0)
RECORDS = [record(chain, NOW) for chain in (SPX, SPX_MON, NDX)]
LIMIT = Limit(0.2, 0.19)


def on(of: str, *chains: ChainFilter, total: bool = False) -> AlertRule:
    return AlertRule(of, NumberWatch(of, LIMIT, total), chains)


@pytest.fixture
def derived(monkeypatch: pytest.MonkeyPatch) -> list[ChainId]:
    """Return the chains whose measures are derived, as they are."""
    made: list[ChainId] = []

    def noted(one: ChainRecord) -> ChainMeasures | None:
        made.append(one.chain)
        return chain_measures(one)

    monkeypatch.setattr(module, "chain_measures", noted)
    return made


def test_the_names_that_can_be_watched_are_those_of_the_measures() -> None:
    found = chain_measures(RECORDS[0])
    assert found is not None
    assert set(OF_A_CHAIN) == set(found.measures)
    assert set(TOTALS) == set(underlying_measures([found]).totals)
    assert ACROSS == ("forward_vol",)


def test_only_chains_that_are_named_are_derived_and_each_snapshot_once(derived: list[ChainId]) -> None:
    measures = DerivedMeasures([on("atm_iv", ChainFilter("SPX", SPX.expiry)), on("rr25", ChainFilter("NDX"))])
    first = measures.update(report(RECORDS, NOW))
    again = measures.update(report(RECORDS, NOW))
    assert derived == [SPX, NDX]
    assert set(first.chains) == set(again.chains) == {SPX, NDX}
    assert first.chains[SPX]["atm_iv"].value == pytest.approx(0.14)
    measures.update(report([record(SPX, NOW, age_ms=1), *RECORDS[1:]], NOW))
    assert derived == [SPX, NDX, SPX]


def test_without_an_alert_on_a_measure_nothing_is_derived(derived: list[ChainId]) -> None:
    found = DerivedMeasures([AlertRule("old", NumberWatch("age", LIMIT))]).update(report(RECORDS, NOW))
    assert (found.chains, found.totals, derived) == ({}, {}, [])


def test_what_depends_on_neighbours_and_totals_takes_all_expirations_of_the_underlying(derived: list[ChainId]) -> None:
    named = ChainFilter("SPX", SPX_MON.expiry)
    measures = DerivedMeasures([on("forward_vol", named), on("gex_net", ChainFilter("SPX"), total=True)])
    found = measures.update(report(RECORDS, NOW))
    assert derived == [SPX, SPX_MON]
    assert measures.update(report(RECORDS, NOW)).totals["SPX"] is found.totals["SPX"]  # of the same snapshots
    parts = [part for one in RECORDS[:2] if (part := chain_measures(one)) is not None]
    across = underlying_measures(parts)
    assert found.chains[SPX_MON]["forward_vol"] == across.forward_vols[1]
    assert found.totals == {"SPX": across.totals}


def test_a_snapshot_of_which_nothing_can_be_derived_is_told_once_and_costs_no_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tried: list[ChainId] = []

    def failing(one: ChainRecord) -> ChainMeasures | None:
        tried.append(one.chain)
        if one.chain == SPX:
            raise ZeroDivisionError
        return chain_measures(one)

    monkeypatch.setattr(module, "chain_measures", failing)
    measures = DerivedMeasures([on("atm_iv")])
    for _ in range(3):
        assert set(measures.update(report(RECORDS, NOW)).chains) == {SPX_MON, NDX}
    assert tried == [SPX, SPX_MON, NDX]
    assert caplog.text.count("no measures of SPX 2026-01-02") == 1
    book = AlertBook([on("atm_iv")])
    book.on_report(report(RECORDS, NOW), measures.update(report(RECORDS, NOW)))
    assert [(each.subjects, each.why) for each in book.view().unjudged] == [((str(SPX),), "it cannot be derived")]
