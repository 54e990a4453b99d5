"""Root cause first: what can follow from what, and nothing lost on the way."""

import itertools
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.clock import Instant
from chain.monitor.evaluate.causality import CONSEQUENCES, explains, incidents, root_first
from chain.monitor.evaluate.report import HealthReport, Signal
from chain.monitor.evaluate.rules import SEVERITY
from chain.monitor.heartbeat import STOPPED, SourceInfo
from chain.monitor.states import DeckState, State
from chain.supervisor import PartState, PartStatus
from tests.support.scenes import NDX, SPX, SPX_MON, START_NS, START_S, heartbeat, in_state, law, record, report

NOW = Instant(START_NS, 5_000.0)


def signal(name: str, text: str, subject: str = "", concerns: Iterable[str] | None = None) -> Signal:
    """Return a signal as grave as its name."""
    return Signal(name, SEVERITY[name], text, None, subject, None if concerns is None else frozenset(concerns))


PARTS = ("watcher", "publisher", "heartbeat")

SIGNALS = st.lists(
    st.builds(
        signal,
        st.sampled_from(sorted(set(SEVERITY) - {"part-failed"})),
        st.just("words"),
        subject=st.sampled_from(["", "SPX", "NDX"]),
        concerns=st.sampled_from([None, (), ("SPX",), ("SPX", "NDX")]),
    )
    | st.builds(signal, st.just("part-failed"), st.just("words"), subject=st.sampled_from(PARTS)),
    max_size=12,
)


@law
@given(told=SIGNALS)
def test_nothing_is_lost_and_nothing_stands_before_its_cause(told: list[Signal]) -> None:
    ordered = root_first(told)
    assert sorted(map(id, ordered)) == sorted(map(id, told))
    for incident in incidents(told):
        assert not any(explains(cause, incident.root) for cause in told)
        assert all(one.severity.rank <= incident.severity.rank for one in (incident.root, *incident.follows))
        follows = [one.severity.rank for one in incident.follows]
        assert follows == sorted(follows, reverse=True)
    ranks = [incident.severity.rank for incident in incidents(told)]
    assert ranks == sorted(ranks, reverse=True)


def test_the_table_has_no_circle_and_knows_its_names() -> None:
    names = {*SEVERITY, *PARTS}
    assert set(CONSEQUENCES) <= names
    edges = {(cause, effect) for cause, effects in CONSEQUENCES.items() for effect in effects}
    edges |= {("part-failed", effect) for part in PARTS for effect in CONSEQUENCES[part]}
    assert {effect for _, effect in edges} <= set(SEVERITY)
    reached = set(edges)
    while longer := {(a, d) for (a, b), (c, d) in itertools.product(reached, edges) if b == c} - reached:
        reached |= longer
    assert not {pair for pair in reached if pair[0] == pair[1]}


def names(evaluated: HealthReport) -> list[str]:
    return [told.name for told in evaluated.signals]


@pytest.mark.parametrize("state", [State.STALE, State.MISSING, State.DANGLING])
def test_a_silent_publisher_comes_before_what_it_left_behind(state: State) -> None:
    records = [in_state(chain, state, NOW) for chain in (SPX, SPX_MON, NDX)]
    evaluated = report(records, NOW, beats=[heartbeat(SPX, SPX_MON, NDX, status=STOPPED)], last_frame=START_S)
    assert names(evaluated)[:2] == ["publisher-silent", "all-stale"]
    assert evaluated.state is DeckState.CRITICAL
    assert len(incidents(evaluated.signals)) == 1
    assert evaluated.signals[1].text == f"no chain has a usable snapshot: all 3 {state}"


def test_a_publisher_whose_place_another_took_explains_nothing() -> None:
    beats = [heartbeat(SPX, status=STOPPED), heartbeat(SPX, SPX_MON, service="massive", kind="massive")]
    records = [in_state(SPX, State.MISSING, NOW), record(SPX_MON, NOW, source=SourceInfo("massive"))]
    evaluated = report(records, NOW, beats=beats)
    assert names(evaluated)[0] == "depth"
    assert "publisher-silent" in names(evaluated)


def test_a_cause_explains_only_what_it_concerns() -> None:
    beats = [heartbeat(NDX, status=STOPPED), heartbeat(SPX, SPX_MON, service="massive", kind="massive")]
    records = [in_state(SPX, State.STALE, NOW), record(SPX_MON, NOW), in_state(NDX, State.MISSING, NOW)]
    evaluated = report(records, NOW, beats=beats)
    grouped = {
        incident.root.name: [one.subject for one in incident.follows] for incident in incidents(evaluated.signals)
    }
    assert grouped["publisher-silent"] == ["NDX"]
    assert grouped["stale"] == []


def test_the_first_of_a_chain_of_causes_leads() -> None:
    failed = PartStatus("watcher", PartState.FAILED, "ValueError: x", since=START_S)
    silent = report([record(SPX, NOW)], NOW, parts=(failed,), polled=NOW.mono - 9)
    assert names(silent)[:2] == ["part-failed", "poll-silent"]
    told = [signal(name, "words", concerns=("SPX",)) for name in ("failing", "source")]
    [incident] = incidents([signal("stale", "words", subject="SPX"), *told])
    assert (incident.root.name, [one.name for one in incident.follows]) == ("source", ["stale", "failing"])


@pytest.mark.parametrize("reached", [True, False])
def test_no_answer_of_redis_is_always_first(reached: bool) -> None:
    evaluated = report([record(SPX, NOW)], NOW, beats=[heartbeat(SPX, status=STOPPED)], reached=reached)
    assert names(evaluated)[0] == ("publisher-silent" if reached else "redis-unreachable")


def test_causes_that_have_no_consequence_do_not_push_away_graver_ones() -> None:
    evaluated = report(
        [in_state(SPX, State.MISSING, NOW), record(SPX_MON, NOW)], NOW, last_frame=START_S + 900, skew_s=None
    )
    assert names(evaluated)[0] == "depth"
    assert "stream-clock" in names(evaluated)
