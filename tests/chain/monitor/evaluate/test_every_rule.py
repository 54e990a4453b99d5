"""Every rule of the table, just short of what it is about, at it and just past it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from chain.clock import Instant
from chain.model.keys import ChainId
from chain.model.session import closing
from chain.model.snapshot import encode
from chain.monitor.board import Board, ChainRecord, PublisherStatus, RecorderStatus, Refusal
from chain.monitor.discovery import Search
from chain.monitor.evaluate.rules import RULES
from chain.monitor.evaluate.signals import evaluate
from chain.monitor.heartbeat import STOPPED, WITHDRAWN, Heartbeat, SourceInfo
from chain.monitor.messages.compositor import ModelStatus
from chain.monitor.messages.heartbeat import FeedBlock
from chain.monitor.messages.recorder import RecorderBeat
from chain.monitor.states import State
from chain.monitor.watch import record_updates
from chain.redis.contract.kinds import CHANGE_TOLD_S, SourceChange
from chain.redis.server.info import Server
from chain.supervisor import PartState, PartStatus
from chain.thresholds import (
    CLOCK_JUMP_S,
    COMPOSITOR_BEHIND,
    EVICTION_SHOWN_S,
    FUTURE_TOLERANCE_S,
    HEARTBEAT_TTL_S,
    LIFE_SLACK_MS,
    OLD_SOURCE_S,
    POLL_OVERDUE_S,
    RECORDER_BEHIND_S,
    RECORDER_FREE_BYTES,
    STARTING_S,
    STREAM_ACTIVE_S,
    Thresholds,
)
from tests.support.scenes import (
    NDX,
    SPX,
    START_NS,
    START_S,
    board,
    compositor,
    heartbeat,
    in_state,
    received,
    record,
    snapshot,
    surface,
)

NOW = Instant(START_NS, 5_000.0)
LIMITS = Thresholds()
ABOVE, FROM, BELOW, UP_TO = (False, False, True), (False, True, True), (True, False, False), (True, True, False)


@dataclass(frozen=True, slots=True)
class Edge:
    """A scene that moves past a limit by so many milliseconds, and whether its signal stands before, at and after."""

    scene: Callable[[int], Board]
    stands: tuple[bool, bool, bool]


def one(made: ChainRecord, **values: Any) -> Board:
    """Return a Board of one chain."""
    return board([made], NOW, **values)


def aged(limit_ms: int) -> Callable[[int], Board]:
    return lambda off: board([record(SPX, NOW, age_ms=limit_ms + off), record(NDX, NOW)], NOW)


def alone(off: int) -> Board:
    return one(record(SPX, NOW, age_ms=LIMITS.stale_ms + off))


def quotes_aged(off: int) -> Board:
    stamp = START_NS - round(OLD_SOURCE_S * 1e9) - off * 1_000_000
    quote = {"bid": 1.0, "ask": 1.2, "last_updated": stamp, "timeframe": "REAL-TIME"}
    return one(record(SPX, NOW, contracts=surface(last_quote=quote)))


def moved_back(off: int) -> Board:
    """Return a Board of a chain whose pointer moved from a snapshot to one that is older by `off`."""
    earlier = snapshot(SPX, START_NS - 9 * 10**9 - off * 1_000_000)
    first = record(SPX, NOW, age_ms=9_000)
    return one(record_updates.accept(first, received(earlier), encode(earlier), 60_000, NOW))


def made_at_close(off: int) -> Board:
    """Return a Board of a recorded snapshot that was made at the close of its last session."""
    close_s = closing(SPX.expiry, SourceInfo().calendar).timestamp()
    return one(record(SPX, NOW, source=SourceInfo("capture", as_of=close_s + off / 1000)))


def living(off: int) -> Board:
    """Return a Board of a chain whose snapshots live too short for the interval that is announced, by `off`."""
    limits = Thresholds(30.0, 120.0)
    return one(record(SPX, NOW, thresholds=limits, ttl_ms=limits.stale_ms - LIFE_SLACK_MS - off))


def changed_kind(off: int) -> Board:
    at = NOW.wall_s - CHANGE_TOLD_S - off / 1000
    return one(replace(record(SPX, NOW), change=SourceChange("massive", "mock", at)))


def ahead(off: int) -> Board:
    return one(record(SPX, NOW, age_ms=-round(FUTURE_TOLERANCE_S * 1000) - off))


def recorder(*, alive: bool = True, **values: Any) -> Board:
    """Return a Board with a recorder that beats so."""
    beat = RecorderBeat("massive:recorder", START_S, 7, "running", START_S - 60, **values)
    return one(record(SPX, NOW), recorder=RecorderStatus(beat, NOW.mono, alive, None if alive else START_S))


def composed(*, alive: bool = True, **values: Any) -> Board:
    """Return a Board with a compositor; `values` are of its beat."""
    return one(record(SPX, NOW), compositor=compositor(NOW, alive=alive, **values))


def heard(beat: Heartbeat, *, alive: bool = True, ahead_s: float = 0.0) -> Board:
    return one(record(SPX, NOW), known=(PublisherStatus(beat, NOW.mono, alive, ahead_s=ahead_s),))


def _beat(**values: Any) -> Heartbeat:
    return replace(heartbeat(SPX), **values)


def within(limit_s: float, off: int) -> float:
    """Return an age, seconds, past a limit by so many milliseconds."""
    return limit_s + off / 1000


FAILED = PartStatus("lease", PartState.FAILED, "ValueError: x", START_S - 4.0, 1)
LIVE = SourceInfo("massive")
STREAM = [in_state(SPX, State.STALE, NOW), record(NDX, NOW)]

# Signals that begin or end at a limit.
EDGES: dict[str, Edge] = {
    "aging": Edge(aged(LIMITS.warn_ms), ABOVE),
    "stale": Edge(aged(LIMITS.stale_ms), ABOVE),
    "all-stale": Edge(alone, ABOVE),
    "future": Edge(ahead, ABOVE),
    "old-source": Edge(quotes_aged, ABOVE),
    "rolled-back": Edge(moved_back, ABOVE),
    "past-dated": Edge(made_at_close, FROM),
    "limits-unfit": Edge(living, ABOVE),
    "source-changed": Edge(changed_kind, BELOW),
    "poll-silent": Edge(lambda off: one(record(SPX, NOW), polled=NOW.mono - within(POLL_OVERDUE_S, off)), ABOVE),
    "stream-over-stale": Edge(lambda off: board(STREAM, NOW, last_frame=START_S - within(STREAM_ACTIVE_S, off)), UP_TO),
    "stream-clock": Edge(
        lambda off: one(record(SPX, NOW), newest_entry=START_S + within(FUTURE_TOLERANCE_S, off)), ABOVE
    ),
    "clock-step": Edge(lambda off: one(record(SPX, NOW), step_s=-within(CLOCK_JUMP_S, off), step_at=NOW.mono), ABOVE),
    "clock-skew": Edge(lambda off: one(record(SPX, NOW), skew_s=-within(FUTURE_TOLERANCE_S, off)), ABOVE),
    "publisher-clock": Edge(lambda off: heard(heartbeat(SPX), ahead_s=within(FUTURE_TOLERANCE_S, off)), ABOVE),
    "eviction": Edge(
        lambda off: one(
            record(SPX, NOW), server=Server("valkey 9", evicted=7, evicted_at=START_S - within(EVICTION_SHOWN_S, off))
        ),
        BELOW,
    ),
    "starting": Edge(lambda off: board([], NOW, beats=[], started=NOW.mono - within(STARTING_S, off)), BELOW),
    "nothing-published": Edge(lambda off: board([], NOW, beats=[], started=NOW.mono - within(STARTING_S, off)), FROM),
    "recorder-behind": Edge(
        lambda off: recorder(missed=3, missed_at=NOW.wall_s - RECORDER_BEHIND_S - off / 1000), UP_TO
    ),
    "recorder-disk": Edge(lambda off: recorder(free=RECORDER_FREE_BYTES + off), BELOW),
    # One more of what is counted, and no millisecond.
    "compositor-behind": Edge(lambda off: composed(lag=COMPOSITOR_BEHIND + off), ABOVE),
    "stream-quiet": Edge(lambda off: one(record(SPX, NOW), last_frame=START_S - within(STREAM_ACTIVE_S, off)), ABOVE),
    "depth": Edge(lambda off: one(record(SPX, NOW), depth={"SPX": 1 + off}), ABOVE),
}

# Signals of something that is so or is not: the Board without it, and the same Board with it.
SWITCHES: dict[str, tuple[Board, Board]] = {
    "redis-unreachable": (one(record(SPX, NOW)), one(record(SPX, NOW), reached=False)),
    "dangling": (one(record(SPX, NOW)), one(in_state(SPX, State.DANGLING, NOW))),
    "invalid": (one(record(SPX, NOW)), one(in_state(SPX, State.INVALID, NOW))),
    "partial": (one(record(SPX, NOW)), one(record(SPX, NOW, contracts=surface()[::2]))),
    "failing": (one(record(SPX, NOW)), one(replace(record(SPX, NOW), last_error="vendor: 429"))),
    "mixed-sources": (
        board([record(SPX, NOW), record(NDX, NOW)], NOW),
        board([record(SPX, NOW), record(NDX, NOW, source=LIVE)], NOW),
    ),
    "part-failed": (
        heard(_beat(parts=(replace(FAILED, state=PartState.RUNNING),))),
        heard(_beat(parts=(FAILED,))),
    ),
    "publisher-unknown": (one(record(SPX, NOW)), one(record(SPX, NOW), beats=[])),
    "source": (
        heard(_beat(source=SourceInfo("mock"))),
        heard(_beat(source=SourceInfo("mock", last_error="vendor: 503"))),
    ),
    "heartbeat-refused": (
        one(record(SPX, NOW)),
        one(record(SPX, NOW), refusals=(Refusal("massive", "not JSON", START_S - 1.0),)),
    ),
    "heartbeat-misfit": (heard(_beat()), heard(_beat(left_out=("chain.depth: must be >= 1",)))),
    "publisher-silent": (heard(_beat()), heard(_beat(), alive=False)),
    "stream-failing": (
        heard(_beat(feed=FeedBlock("waiting", subscriptions=10))),
        heard(_beat(feed=FeedBlock("waiting", error="the vendor's host refuses connections", since=START_S))),
    ),
    "recorder-failing": (recorder(), recorder(error="disk full", failing_since=START_S)),
    "recorder-silent": (recorder(), recorder(alive=False)),
    "compositor-silent": (composed(), composed(alive=False)),
    "compositor-failing": (composed(), composed(error="out of memory")),
    "model-withheld": (
        composed(models=(ModelStatus("SPX"),)),
        composed(models=(ModelStatus("SPX", reason="SPX 01-02 is STALE"),)),
    ),
    "withdrawn": (heard(_beat()), heard(_beat(status=WITHDRAWN))),
    "eviction-policy": (
        one(record(SPX, NOW), server=Server("valkey 9", "volatile-ttl")),
        one(record(SPX, NOW), server=Server("valkey 9", "allkeys-lru")),
    ),
    "discovery": (one(record(SPX, NOW)), one(record(SPX, NOW), search=Search(error="SCAN is not allowed"))),
}


def names(made: Board) -> set[str]:
    return {signal.name for signal in evaluate(made, NOW).signals}


def test_every_rule_has_its_scenes() -> None:
    assert sorted([*EDGES, *SWITCHES]) == sorted(rule.name for rule in RULES)


@pytest.mark.parametrize("off", [-1, 0, 1])
@pytest.mark.parametrize("name", EDGES)
def test_a_signal_turns_at_its_limit(name: str, off: int) -> None:
    edge = EDGES[name]
    assert (name in names(edge.scene(off))) is edge.stands[off + 1]


@pytest.mark.parametrize("name", SWITCHES)
def test_a_signal_stands_where_what_it_is_about_does(name: str) -> None:
    without, with_it = SWITCHES[name]
    assert name not in names(without)
    assert name in names(with_it)


@pytest.mark.parametrize(("behind_ms", "off"), [(0, False), (1, True)])
def test_a_beat_as_old_as_its_key_lives_shows_no_wrong_clock(behind_ms: int, off: bool) -> None:
    """The other side of the publisher's clock: a beat may be old when it is first read, and only that."""
    behind = HEARTBEAT_TTL_S + FUTURE_TOLERANCE_S + behind_ms / 1000
    assert ("publisher-clock" in names(heard(heartbeat(SPX), ahead_s=-behind))) is off


@pytest.mark.parametrize(("expiry", "stands"), [(date(2026, 1, 1), True), (SPX.expiry, False)])
def test_a_chain_of_yesterday_is_past_whenever_it_was_made(expiry: date, stands: bool) -> None:
    assert ("past-dated" in names(one(record(ChainId("SPX", expiry), NOW, age_ms=1_000)))) is stands


def test_a_publisher_that_stopped_is_said_to_have() -> None:
    [told] = [
        s for s in evaluate(heard(_beat(status=STOPPED), alive=False), NOW).signals if s.name == "publisher-silent"
    ]
    assert told.text == "publisher mock_massive has stopped"
