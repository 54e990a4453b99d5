"""What publishers announce becomes the set of chains that are expected; what they take back is expected no more."""

import pytest
from msgspec.structs import replace

from chain.clock import Instant
from chain.model.keys import REPLAY_PREFIX, ChainId, KeySchema, heartbeat_key, standby_service
from chain.model.snapshot import encode
from chain.monitor.board import ChainRecord
from chain.monitor.heartbeat import STOPPED, WITHDRAWN, SourceInfo
from chain.monitor.states import State
from chain.monitor.watch import record_updates
from chain.monitor.watch.registry import ChainRegistry
from chain.redis.contract.kinds import KindRecord
from chain.thresholds import HEARTBEAT_TTL_S, Thresholds
from tests.support.scenes import NDX, SPX, SPX_MON, START_NS, START_S, at_fault, heartbeat, in_state, received, snapshot

KEYS = KeySchema()
NOW = Instant(START_NS, 5_000.0)
MOCK, LIVE = heartbeat_key("mock_massive"), heartbeat_key("massive")


def later(seconds: float) -> Instant:
    return Instant(NOW.wall_ns + round(seconds * 1e9), NOW.mono + seconds)


def heard(*chains: ChainId) -> ChainRegistry:
    """Return a registry that has heard of a mock publisher with these chains, a second long."""
    registry = ChainRegistry(KEYS)
    registry.on_heartbeats({MOCK: heartbeat(*chains).encode()}, NOW)
    return registry


def expected(registry: ChainRegistry) -> list[ChainId]:
    return list(registry.chains)


def told_as(kind: str, chain: ChainId) -> ChainRecord:
    """Return a chain of which a snapshot of this kind of source stands, and of which its publisher speaks."""
    made, source = snapshot(chain), SourceInfo(kind)
    return record_updates.accept(
        ChainRecord(chain, source=source), received(made), encode(made), 60_000, NOW, KindRecord(kind)
    )


def test_what_is_announced_is_expected_in_its_order_and_by_date() -> None:
    registry = heard(NDX, SPX_MON, SPX)
    assert expected(registry) == [NDX, SPX, SPX_MON]
    assert registry.depth == {"NDX": 3, "SPX": 3}  # what one publisher says holds for each of its underlyings
    registry.on_heartbeats({MOCK: heartbeat(NDX, SPX, depth=1, ts=START_S + 1.0).encode()}, later(1))
    assert expected(registry) == [NDX, SPX]
    assert registry.depth == {"NDX": 1, "SPX": 1}


def test_a_plan_of_fewer_than_it_names_is_as_deep_as_what_it_names() -> None:
    registry = ChainRegistry(KEYS)
    registry.on_heartbeats({MOCK: heartbeat(SPX, SPX_MON, NDX, depth=1).encode()}, NOW)
    assert registry.depth == {"SPX": 2, "NDX": 1}


@pytest.mark.parametrize(("seconds", "alive"), [(HEARTBEAT_TTL_S, True), (HEARTBEAT_TTL_S + 0.001, False)])
def test_a_beat_that_never_changes_dies_with_its_time_to_live(seconds: float, alive: bool) -> None:
    registry, raw = heard(SPX), heartbeat(SPX).encode()
    registry.on_heartbeats({MOCK: raw}, later(seconds))
    known = registry.publishers["mock_massive"]
    assert (known.alive, known.gone_since) == (alive, None if alive else START_S + seconds)


def test_a_publisher_is_gone_since_its_key_was_first_not_there() -> None:
    registry = heard(SPX)
    for seconds in (3.0, 4.0):
        registry.on_heartbeats({MOCK: None}, later(seconds))
        assert registry.publishers["mock_massive"].gone_since == START_S + 3.0
    assert expected(registry) == [SPX]


def test_how_far_a_publishers_clock_is_ahead_is_told_by_its_beat() -> None:
    registry = ChainRegistry(KEYS)
    registry.on_heartbeats({MOCK: heartbeat(SPX, ts=START_S + 7.25).encode()}, NOW)
    assert registry.publishers["mock_massive"].ahead_s == 7.25
    registry.on_heartbeats({MOCK: heartbeat(SPX, status=STOPPED, ts=START_S + 8.0).encode()}, later(2))
    known = registry.publishers["mock_massive"]
    assert (known.alive, known.gone_since, known.ahead_s) == (False, START_S + 2.0, 6.0)


def test_what_a_withdrawn_publisher_took_back_is_expected_no_more() -> None:
    """Its chains that are gone are nobody's any more; what is still there, or another's, stays."""
    registry = heard(SPX, SPX_MON, NDX)
    registry.chains[SPX].record = at_fault(told_as("mock", SPX), State.MISSING, NOW)
    registry.chains[SPX_MON].record = told_as("mock", SPX_MON)
    registry.chains[NDX].record = at_fault(told_as("massive", NDX), State.MISSING, NOW)
    told = heartbeat(status=WITHDRAWN, ts=START_S + 1.0).encode()
    registry.on_heartbeats({MOCK: told}, later(1))
    assert expected(registry) == [NDX, SPX_MON]


@pytest.mark.parametrize(
    ("parts", "standing_by"),
    [({}, 1), ({"status": STOPPED}, 0), ({"prefix": REPLAY_PREFIX}, 0)],
)
def test_a_standby_counts_while_it_beats_under_this_prefix_and_leads_nothing(
    parts: dict[str, str], standing_by: int
) -> None:
    service = standby_service("mock_massive")
    waiting = replace(heartbeat(SPX, service=service, **parts), pid=78)  # type: ignore[arg-type]
    registry = heard(SPX)
    registry.on_heartbeats({heartbeat_key(service): waiting.encode()}, NOW)
    assert registry.standbys == standing_by
    registry.on_heartbeats({MOCK: replace(heartbeat(SPX, ts=START_S + 1.0), pid=78).encode()}, later(1))
    assert registry.standbys == 0  # it leads now
    registry.on_heartbeats({heartbeat_key(service): None, MOCK: heartbeat(SPX).encode()}, later(2))
    assert registry.standbys == 0


def test_a_beat_of_another_prefix_announces_nothing() -> None:
    registry = ChainRegistry(KEYS)
    registry.on_heartbeats({MOCK: heartbeat(SPX, prefix=REPLAY_PREFIX).encode()}, NOW)
    assert (expected(registry), registry.publishers, registry.depth) == ([], {}, {})


def test_a_refused_beat_is_known_since_the_first_of_its_kind() -> None:
    registry = heard(SPX)
    for seconds, raw in ((2.0, b"nonsense"), (5.0, b"other nonsense")):
        registry.on_heartbeats({MOCK: raw}, later(seconds))
        assert registry.refused["mock_massive"].since == START_S + 2.0
    registry.on_heartbeats({MOCK: heartbeat(SPX, ts=START_S + 6.0).encode()}, later(6))
    assert registry.refused == {}


def test_what_is_found_is_expected_where_no_living_publisher_speaks() -> None:
    registry = heard(SPX)
    registry.add_discovered([SPX_MON, NDX], NOW)
    assert expected(registry) == [SPX, NDX]
    registry.on_heartbeats({MOCK: None}, later(1))
    registry.add_discovered([SPX_MON, NDX], later(1))
    assert expected(registry) == [SPX, SPX_MON, NDX]
    assert registry.depth == {"SPX": 1, "NDX": 1}


@pytest.mark.parametrize("state", [State.FRESH, State.STALE, State.DANGLING, State.INVALID, State.MISSING])
def test_of_a_day_that_has_passed_only_what_is_still_published_is_shown(state: State) -> None:
    registry = heard(SPX, SPX_MON)
    registry.chains[SPX].record = in_state(SPX, state, NOW)
    registry.chains[SPX_MON].record = in_state(SPX_MON, state, NOW)
    tomorrow = later(86_400)
    registry.on_heartbeats({}, tomorrow)
    shown = [one.chain for one in registry.shown()]
    assert shown == ([SPX_MON] if state is State.MISSING else [SPX, SPX_MON])
    assert expected(registry) == [SPX, SPX_MON]  # its publisher still announces it


def test_what_stands_there_keeps_the_words_of_whoever_published_it() -> None:
    """A mock that takes over from a live publisher speaks for a chain once it has published it, and not before."""
    registry = ChainRegistry(KEYS)
    live = heartbeat(SPX, NDX, service="massive", kind="massive", thresholds=Thresholds(7.0, 50.0))
    registry.on_heartbeats({LIVE: live.encode()}, NOW)
    registry.chains[SPX].record = replace(told_as("massive", SPX), thresholds=Thresholds(7.0, 50.0))
    registry.on_heartbeats({LIVE: None, MOCK: heartbeat(SPX, NDX).encode()}, later(1))
    kept, taken = registry.chains[SPX].record, registry.chains[NDX].record
    assert (kept.source.kind, kept.thresholds.interval_s) == ("massive", 7.0)
    assert (taken.source.kind, taken.thresholds) == ("mock", Thresholds())
    registry.chains[SPX].record = told_as("mock", SPX)
    registry.on_heartbeats({MOCK: heartbeat(SPX, NDX, ts=START_S + 2.0).encode()}, later(2))
    assert registry.chains[SPX].record.source.kind == "mock"
