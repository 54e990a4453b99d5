"""The tracker without a reader: whatever it is answered, in whatever order, it asks for little and never raises."""

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chain.clock import Instant
from chain.model.keys import ChainId, KeySchema, SnapshotId
from chain.model.snapshot import encode
from chain.monitor.board import Board
from chain.monitor.states import State
from chain.monitor.watch.port import (
    Answer,
    ContactLost,
    FetchAnswer,
    FetchRequest,
    PollAnswer,
    PollRequest,
    RecheckAnswer,
    RecheckRequest,
    Request,
)
from chain.monitor.watch.tracker import FETCH_BATCH, Tracker
from chain.redis.contract.kinds import SourceChange
from chain.redis.contract.store import Payload
from tests.support.scenes import NDX, SPX, SPX_MON, START_NS, START_S, heartbeat, law, snapshot

KEYS = KeySchema()
CHAINS = (SPX, SPX_MON, NDX)
BEAT = heartbeat(*CHAINS).encode()
SILENCE = dict.fromkeys(("massive:heartbeat", "mock_massive:heartbeat"))
ANNOUNCED = SILENCE | {"mock_massive:heartbeat": BEAT}


def at(seconds: float) -> Instant:
    return Instant(START_NS + round(seconds * 1e9), 5_000.0 + seconds)


def named(chain: ChainId, seconds: float) -> SnapshotId:
    return snapshot(chain, START_NS + round(seconds * 1e9)).id


def pointer(target: SnapshotId) -> bytes:
    return KEYS.snapshot(target).encode()


def payload(target: SnapshotId) -> Payload:
    return Payload(encode(snapshot(target.chain, target.ts_ms * 1_000_000)), 60_000)


class World:
    """What a Redis holds, as pointers and payloads; it answers a tracker's requests and counts them."""

    def __init__(self) -> None:
        self.pointers: dict[ChainId, bytes | None] = {}
        self.types: dict[ChainId, str] = {}
        self.payloads: dict[SnapshotId, Payload] = {}
        self.beats = ANNOUNCED
        self.asked: list[Request] = []
        self.now = 0.0
        self.lost = False

    def put(self, chain: ChainId, seconds: float) -> SnapshotId:
        """Publish a snapshot made so long after the beginning."""
        target = named(chain, seconds)
        self.pointers[chain], self.payloads[target] = pointer(target), payload(target)
        return target

    def answer(self, request: Request) -> Answer:
        self.asked.append(request)
        now = at(self.now)
        if self.lost:
            return ContactLost(now, now, "gone away")
        match request:
            case PollRequest():
                there = {chain: self.pointers.get(chain) for chain in request.chains}
                kept = {pointer(target) for target in self.payloads}
                gone = frozenset(key for key in request.held if key not in kept)
                return PollAnswer(now, now, there, gone, self.beats if request.heartbeats else {})
            case RecheckRequest():
                there = {chain: self.pointers.get(chain) for chain in request.chains}
                return RecheckAnswer(now, now, there, self.types)
            case FetchRequest():
                found = {target: self.payloads.get(target, Payload(None, None)) for target in request.snapshots}
                return FetchAnswer(now, now, found)

    def look(self, tracker: Tracker, seconds: float) -> Board:
        """Let a tracker look at a moment, and return its Board; `asked` is what that took."""
        self.now, self.asked = seconds, []
        request: Request | None = tracker.begin()
        while request is not None:
            assert len(self.asked) < 20, "a look without an end"
            request = tracker.on_answer(self.answer(request))
        return tracker.board()

    @property
    def kinds(self) -> list[str]:
        return [type(request).__name__.removesuffix("Request") for request in self.asked]


def states(board: Board) -> dict[ChainId, State | None]:
    """Return what is wrong with each chain; None where nothing is."""
    return {record.chain: record.fault.state if record.fault else None for record in board.chains.records}


def full() -> tuple[World, Tracker]:
    """Return a world in which every chain is published, and a tracker that has read it."""
    world, tracker = World(), Tracker(KEYS)
    for chain in CHAINS:
        world.put(chain, -3)
    board = world.look(tracker, 0)
    assert world.kinds == ["Poll", "Poll", "Fetch"]  # the second of chains that the first one's heartbeat named
    assert states(board) == dict.fromkeys(CHAINS)
    return world, tracker


def test_where_nothing_moved_a_look_is_one_request_with_what_is_held() -> None:
    world, tracker = full()
    for second in (1, 2):
        world.look(tracker, second)
        [request] = world.asked
        assert request == PollRequest(CHAINS, tuple(pointer(named(chain, -3)) for chain in CHAINS))


def test_a_pointer_that_moved_is_fetched_alone_and_its_time_is_the_answers() -> None:
    world, tracker = full()
    target = world.put(SPX, 9)
    board = world.look(tracker, 10)
    assert world.asked[1:] == [FetchRequest((target,))]
    [record] = [record for record in board.chains.records if record.chain == SPX]
    assert record.last_good
    assert (record.last_good.snapshot.id, record.last_good.first_seen, record.deadline) == (target, 5_010.0, 5_070.0)
    assert (board.clock.polled, board.redis.health.answered) == (5_010.0, 5_010.0)


def test_an_absent_pointer_is_looked_at_twice_and_then_let_be() -> None:
    world, tracker = full()
    world.pointers[SPX] = None
    assert states(world.look(tracker, 1))[SPX] is State.MISSING
    assert world.asked[1:] == [RecheckRequest((SPX,))]
    assert states(world.look(tracker, 2))[SPX] is State.MISSING
    assert world.kinds == ["Poll"]


def test_a_pointer_of_another_type_is_looked_at_twice_each_time_for_it_reads_like_none() -> None:
    world, tracker = full()
    world.pointers[SPX], world.types[SPX] = None, "hash"
    for second in (1, 2):
        assert states(world.look(tracker, second))[SPX] is State.INVALID
        assert world.kinds == ["Poll", "Recheck"]
    del world.types[SPX]
    assert states(world.look(tracker, 3))[SPX] is State.MISSING


def test_a_payload_that_is_gone_earns_its_pointer_one_second_look() -> None:
    world, tracker = full()
    target = world.put(SPX, 1)
    there = world.payloads.pop(target)
    for second in (1, 2):  # it may come yet
        assert states(world.look(tracker, second))[SPX] is State.DANGLING
        assert world.kinds == ["Poll", "Fetch", "Recheck", "Fetch"]
    world.payloads[target] = there
    assert states(world.look(tracker, 3))[SPX] is None
    assert world.kinds == ["Poll", "Fetch"]


def test_a_payload_evicted_while_its_pointer_stands_is_dangling() -> None:
    world, tracker = full()
    del world.payloads[named(SPX, -3)]
    board = world.look(tracker, 1)
    assert states(board) == {SPX: State.DANGLING, SPX_MON: None, NDX: None}
    assert world.asked[1] == FetchRequest((named(SPX, -3),))


def test_chains_that_move_together_are_fetched_in_batches_and_looked_at_again_together() -> None:
    world, tracker = World(), Tracker(KEYS)
    chains = [ChainId("SPX", SPX.expiry + timedelta(day)) for day in range(2 * FETCH_BATCH - 5)]
    world.beats = SILENCE | {"mock_massive:heartbeat": heartbeat(*chains).encode()}
    for chain in chains:
        world.put(chain, -3)
    del world.payloads[named(chains[0], -3)], world.payloads[named(chains[-1], -3)]
    world.look(tracker, 0)
    assert world.kinds == ["Poll", "Poll", "Fetch", "Fetch", "Recheck", "Fetch"]
    assert [len(r.snapshots) for r in world.asked if isinstance(r, FetchRequest)] == [FETCH_BATCH, FETCH_BATCH - 5, 2]


def test_what_could_not_be_read_is_read_at_the_next_look() -> None:
    world, tracker = full()
    target = world.put(SPX, 1)
    assert tracker.on_answer(world.answer(tracker.begin())) == FetchRequest((target,))
    assert tracker.on_answer(ContactLost(at(1), at(2), "gone away", "closed")) is None
    board = tracker.board()
    health = board.redis.health
    assert (health.ok, health.asked, health.answered, health.since) == (False, 5_000.0, 5_000.0, START_S + 2)
    assert health.error == "gone away"
    assert [change.text for change in board.transitions] == ["Redis unreachable: gone away"]
    back = world.look(tracker, 4)
    assert world.asked[1:] == [FetchRequest((target,))]
    assert back.transitions[0].text == "Redis back after 2.0 s: 3 chains FRESH again"


def test_a_second_answer_to_one_look_tells_heartbeats_once_and_a_reader_need_not_name_chains_in_order() -> None:
    world, tracker = World(), Tracker(KEYS)
    tracker.begin()
    follow_up = tracker.on_answer(PollAnswer(at(0), at(0), {}, heartbeats=ANNOUNCED))
    assert follow_up == PollRequest(CHAINS, heartbeats=False)
    targets = {chain: pointer(named(chain, -3)) for chain in (NDX, SPX_MON, SPX)}
    wanted = tracker.on_answer(PollAnswer(at(0), at(0), targets))
    assert isinstance(wanted, FetchRequest)
    assert {target.chain for target in wanted.snapshots} == set(CHAINS)
    assert world.asked == []


def test_a_payload_that_nobody_waits_for_is_let_be() -> None:
    world, tracker = full()
    target, old = world.put(SPX, 1), named(SPX, -9)
    assert tracker.on_answer(world.answer(tracker.begin())) == FetchRequest((target,))
    tracker.on_answer(FetchAnswer(at(1), at(1), {old: payload(old), target: payload(target)}))
    assert [record.pointer for record in tracker.board().chains.records if record.chain == SPX] == [target]


# Any answers in any order

POINTERS = st.one_of(
    st.none(),
    st.sampled_from([b"", b"elsewhere", b"\xff", *(pointer(named(c, s)) for c in CHAINS for s in (-9, -3, 0, 5))]),
)
BY_CHAIN = st.dictionaries(st.sampled_from(CHAINS), POINTERS)
PAYLOADS = st.one_of(
    st.sampled_from([Payload(None, None), Payload(None, 5, "refused"), Payload(b"", 5), Payload(b"{", None)]),
    st.sampled_from([payload(named(c, s)) for c in CHAINS for s in (-9, -3, 0, 5)]),
)
TARGETS = st.sampled_from([named(c, s) for c in CHAINS for s in (-9, -3, 0, 5)])
MOMENTS = st.floats(-100, 100).map(at)
ANSWERS: st.SearchStrategy[Answer] = st.one_of(
    st.builds(
        PollAnswer,
        MOMENTS,
        MOMENTS,
        BY_CHAIN,
        st.frozensets(st.sampled_from([b"x", *(pointer(named(c, -3)) for c in CHAINS)])),
        st.sampled_from([{}, SILENCE, ANNOUNCED, SILENCE | {"massive:heartbeat": b"{"}]),
        discovered=st.frozensets(st.sampled_from(CHAINS)),
    ),
    st.builds(RecheckAnswer, MOMENTS, MOMENTS, BY_CHAIN, st.dictionaries(st.sampled_from(CHAINS), st.just("list"))),
    st.builds(FetchAnswer, MOMENTS, MOMENTS, st.dictionaries(TARGETS, PAYLOADS)),
    st.builds(ContactLost, MOMENTS, MOMENTS, st.just("gone away")),
)


@law
@given(st.lists(st.one_of(ANSWERS, st.just("look"), st.just("board")), max_size=30))
def test_any_answers_in_any_order_give_boards_and_end_in_one_that_is_true(steps: list[Answer | str]) -> None:
    tracker = Tracker(KEYS)
    for step in steps:
        if step == "look":
            tracker.begin()
        elif isinstance(step, str):
            tracker.board()
        else:
            tracker.on_answer(step)
    world = World()
    latest = {chain: world.put(chain, 50) for chain in CHAINS}
    world.beats = SILENCE | {"mock_massive:heartbeat": heartbeat(*CHAINS, ts=START_S + 200).encode()}
    for second in (200, 201):  # a publisher that went back is believed at its second move
        board = world.look(tracker, second)
    assert board.redis.health.ok
    assert states(board) == dict.fromkeys(CHAINS)
    assert {record.chain: record.pointer for record in board.chains.records} == latest


@law
@given(st.lists(st.tuples(BY_CHAIN, st.frozensets(TARGETS), st.booleans()), max_size=12))
def test_a_look_asks_for_a_chain_at_most_twice_and_rechecks_it_once(
    looks: list[tuple[dict[ChainId, bytes | None], frozenset[SnapshotId], bool]],
) -> None:
    world, tracker = World(), Tracker(KEYS)
    for second, (pointers, there, lost) in enumerate(looks):
        world.pointers, world.lost = pointers, lost
        world.payloads = {target: payload(target) for target in there}
        world.look(tracker, second)
        rechecked = Counter(chain for r in world.asked if isinstance(r, RecheckRequest) for chain in r.chains)
        fetched = Counter(t.chain for r in world.asked if isinstance(r, FetchRequest) for t in r.snapshots)
        assert max(rechecked.values(), default=1) == 1
        assert max(fetched.values(), default=0) <= 2
        assert world.kinds.count("Recheck") <= 1
        assert len(world.asked) <= 5  # a poll, another, a fetch, the second look, and a fetch


@law
@given(st.lists(st.tuples(BY_CHAIN, st.frozensets(TARGETS), st.booleans()), max_size=12))
def test_the_same_answers_give_the_same_boards(
    looks: list[tuple[dict[ChainId, bytes | None], frozenset[SnapshotId], bool]],
) -> None:
    boards: list[list[Board]] = [[], []]
    for made in boards:
        world, tracker = World(), Tracker(KEYS)
        for second, (pointers, there, lost) in enumerate(looks):
            world.pointers, world.lost = pointers, lost
            world.payloads = {target: payload(target) for target in there}
            made.append(world.look(tracker, second))
    assert boards[0] == boards[1]


def test_a_change_of_source_is_acknowledged_once() -> None:
    world, tracker = full()
    registry = tracker.registry
    change = SourceChange("massive", "mock", START_S - 5.0)
    registry.chains[NDX].record = replace(registry.chains[NDX].record, change=change)
    assert tracker.acknowledge(at(1)) == [NDX]
    assert registry.chains[NDX].record.acknowledged == START_S - 5.0
    assert tracker.acknowledge(at(2)) == []
    records = world.look(tracker, 3).chains.records
    assert {one.chain for one in records if one.acknowledged is not None} == {NDX}


def test_what_is_not_allowed_is_on_each_board_and_in_the_log_when_it_changes(caplog: pytest.LogCaptureFixture) -> None:
    tracker, seen = Tracker(KEYS), []
    for refused in ("NOPERM", "NOPERM", "", ""):
        tracker.begin()
        tracker.on_answer(PollAnswer(at(0), at(0), {}, refused=refused))
        seen.append(tracker.board().redis.limits)
    assert seen == [("cannot hear heartbeats: NOPERM",)] * 2 + [()] * 2
    assert caplog.messages == ["cannot hear heartbeats: NOPERM", "can again hear heartbeats"]


def test_before_the_first_answer_a_board_knows_nothing_and_is_still_searching() -> None:
    board = Tracker(KEYS, "redis.example").board()
    assert (board.redis.label, board.redis.health.asked, board.chains.records) == ("redis.example", None, ())
    assert not board.chains.search.over
