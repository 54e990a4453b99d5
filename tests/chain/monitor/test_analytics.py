"""Analytics of the chains that somebody looks at: the newest of each, derived once, and not many kept."""

from datetime import timedelta

import pytest

from chain.analytics import derive
from chain.analytics.measures.gamma import AS_DERIVED, GexConvention, GexUnit
from chain.clock import Instant
from chain.model.keys import ChainId
from chain.model.snapshot import Received
from chain.monitor import analytics
from chain.monitor.analytics import RecentAnalytics, analytics_of
from chain.monitor.board import ChainRecord
from chain.monitor.states import State
from tests.support.scenes import NDX, SPOT, SPX, SPX_MON, board, in_state, manual_clock, record

NOW = Instant.now(manual_clock())


def test_until_a_chain_is_selected_the_first_is_looked_at() -> None:
    shown = board([record(SPX, NOW), record(NDX, NOW)], NOW)
    assert set(RecentAnalytics().update(shown, None)) == {SPX}
    assert set(RecentAnalytics().update(shown, NDX)) == {NDX}
    assert not RecentAnalytics().update(shown, SPX_MON)  # no longer on the Board
    assert not RecentAnalytics().update(board([], NOW), None)


def test_what_is_known_is_not_derived_again_and_what_is_outdated_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    derived: list[ChainId] = []
    real = analytics_of

    def counted(one: ChainRecord) -> derive.ChainAnalytics | None:
        derived.append(one.chain)
        return real(one)

    monkeypatch.setattr(analytics, "analytics_of", counted)
    recent, old = RecentAnalytics(), board([record(SPX, NOW), record(NDX, NOW)], NOW)
    first = recent.update(old, SPX)
    assert recent.update(old, NDX)[SPX] is first[SPX]
    assert recent.update(old, SPX)[SPX] is first[SPX]
    assert derived == [SPX, NDX]
    new = board([record(SPX, NOW, age_ms=-1_000), record(NDX, NOW)], NOW)
    assert set(recent.update(new, NDX)) == {NDX}  # the newer one of SPX is derived when it is looked at
    assert derived == [SPX, NDX]
    assert recent.update(new, SPX)[SPX].snapshot_id != first[SPX].snapshot_id
    assert set(first) == {SPX}  # what was handed out stays as it was


def test_a_chain_that_is_lost_keeps_the_analytics_of_its_last_good_snapshot() -> None:
    lost = board([in_state(SPX, State.MISSING, NOW)], NOW)
    good = lost.chains.records[0].last_good
    assert good is not None
    assert RecentAnalytics().update(lost, SPX)[SPX].snapshot_id == good.snapshot.id
    assert analytics_of(ChainRecord(SPX)) is None


def test_only_the_chains_seen_last_are_kept() -> None:
    chains = [ChainId("SPX", SPX.expiry + timedelta(days=number)) for number in range(20)]
    shown, recent = board([record(chain, NOW) for chain in chains], NOW), RecentAnalytics()
    for chain in chains:
        kept = recent.update(shown, chain)
    assert list(kept) == chains[-12:]


def test_analytics_hold_no_contract_of_the_payload() -> None:
    found = RecentAnalytics().update(board([record(SPX, NOW)], NOW), SPX)[SPX]
    assert not isinstance(found.grid.snapshot, Received)
    assert found.grid.spot == SPOT
    assert found.headline.straddle.value == pytest.approx(20.4)


def test_across_are_all_expirations_of_one_underlying_derived_once(monkeypatch: pytest.MonkeyPatch) -> None:
    chains = [ChainId("SPX", SPX.expiry + timedelta(days=number)) for number in range(20)]
    shown, recent = board([*(record(chain, NOW) for chain in chains), record(NDX, NOW)], NOW), RecentAnalytics()
    known, across = recent.across(shown, chains[3])
    assert list(known) == chains
    assert across is not None and [one.snapshot.chain for one in across.chains] == chains
    monkeypatch.setattr(analytics, "analytics_of", pytest.fail)
    assert recent.across(shown, chains[4])[1] is across  # nothing is newer
    monkeypatch.undo()
    other = recent.across(shown, NDX)[1]
    assert other is not None and [one.snapshot.chain for one in other.chains] == [NDX]


def test_gamma_exposure_is_told_by_the_convention_that_is_asked_for_and_nothing_is_derived_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown, recent = board([record(SPX, NOW), record(SPX_MON, NOW)], NOW), RecentAnalytics()
    plain, before = recent.across(shown, SPX)
    monkeypatch.setattr(analytics, "analytics_of", pytest.fail)
    shares = GexConvention(GexUnit.SHARES)
    recent.tell_gex(shares)
    told, across = recent.across(shown, SPX)
    assert before is not None and across is not None and across.gex is not None
    assert told[SPX].measures["gex_net"].unit == GexUnit.SHARES.words == across.totals["gex_net"].unit
    assert across.gex.convention == shares and told[SPX].grid is plain[SPX].grid
    assert recent.across(shown, SPX)[1] is across and recent.update(shown, SPX)[SPX] is told[SPX]
    recent.tell_gex(AS_DERIVED)
    again, back = recent.across(shown, SPX)
    assert again[SPX] is plain[SPX] and back is not None and back.totals == before.totals


def test_across_a_board_without_a_snapshot_there_is_nothing() -> None:
    assert RecentAnalytics().across(board([], NOW), None)[1] is None
    assert RecentAnalytics().across(board([ChainRecord(SPX)], NOW), SPX)[1] is None
