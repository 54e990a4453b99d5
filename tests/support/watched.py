"""A watcher of an invented Redis, for as long as one likes in no time: its answers, Boards and states."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from chain.clock import Instant
from chain.model.keys import ChainId, KeySchema, SnapshotId
from chain.monitor.board import Board
from chain.monitor.heartbeat import ChainPlan, Heartbeat, SourceInfo
from chain.monitor.messages.services import HEARTBEAT_KEYS
from chain.monitor.watch.port import (
    Answer,
    ContactLost,
    FetchAnswer,
    FetchRequest,
    PollAnswer,
    PollRequest,
    RecheckAnswer,
    Request,
)
from chain.monitor.watch.tracker import Tracker
from chain.redis.contract.kinds import KindRecord
from chain.redis.contract.store import Payload
from tape.record.backlog import Exchange, Known
from tape.record.changes import Changes
from tape.record.tap import Tap
from tape.store.facts import Moment, MomentKind
from tape.store.states import payloads_moment, state_moment
from tape.store.writer import TapeWriter
from tests.support.scenes import NDX, SPOT, SPX
from tests.support.tapes import instant, payload

KEYS = KeySchema()
CHAINS = (SPX, NDX)
LABEL = "invented"


@dataclass
class Watched:
    """Looks once a second; a snapshot of each chain comes every `every` seconds.

    `silent` are seconds in which nothing is published, `lost` those in which Redis does not answer, and `unseen` those
    in which nobody looks.
    """

    every: int = 10
    silent: range = range(0)
    lost: range = range(0)
    unseen: range = range(0)
    strikes: int = 6
    spot: Callable[[int], float] = lambda _: SPOT
    boards: list[Board] = field(default_factory=list)
    told: list[Exchange | Known] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tracker = Tracker(KEYS, LABEL)
        self.tap = Tap()
        self.tap.add(self)
        self._at = 0.0  # seconds after the beginning
        self._made: dict[ChainId, tuple[SnapshotId, bytes]] = {}

    def offer(self, request: Request, answer: Answer) -> None:
        """Keep what a recorder would."""
        self.told.append(Exchange(request, answer))

    def offer_state(self, state: object, *, begins: bool = False) -> None:
        """Keep what a recorder would."""
        self.told.append(Known(state, begins))  # type: ignore[arg-type]

    def look(self, second: int) -> None:
        """Let the watcher look at one second."""
        if second in self.unseen:
            return
        if second % self.every == 0 and second not in self.silent:
            for chain in CHAINS:
                of = SnapshotId(chain, instant(second).wall_ms)
                self._made[chain] = of, payload(second, chain, strikes=self.strikes, spot=self.spot(second))
        request: Request | None = self.tracker.begin()
        self._at = float(second)
        while request is not None:
            answer = self._answer(request, second)
            self.tap.on_answer(request, answer)
            request = self.tracker.on_answer(answer)
        self.boards.append(self.tracker.board(started=instant(0).mono))
        self.tap.on_look(self.tracker)

    def run(self, seconds: int) -> "Watched":
        """Let it look for so long."""
        for second in range(seconds):
            self.look(second)
        return self

    def _answer(self, request: Request, second: int) -> Answer:
        asked, received = instant(self._at), instant(self._at + 0.001)
        self._at += 0.002
        if second in self.lost:
            return ContactLost(asked, received, "nobody answers")
        match request:
            case PollRequest():
                found = {chain: self._made.get(chain) for chain in request.chains}
                pointers = {chain: KEYS.snapshot(made[0]).encode() if made else None for chain, made in found.items()}
                beats = self._beats(asked, second) if request.heartbeats else {}
                return PollAnswer(asked, received, pointers, heartbeats=beats)
            case FetchRequest():
                given = {of: Payload(self._made[of.chain][1], 60_000, kind_record=KindRecord("mock"))
                         for of in request.snapshots}  # fmt: skip
                return FetchAnswer(asked, received, given)
            case _:
                return RecheckAnswer(asked, received, dict.fromkeys(request.chains))

    def _beats(self, asked: Instant, second: int) -> dict[str, bytes | None]:
        at = asked.wall_s - second % 5
        plan = ChainPlan(expected=CHAINS, depth=1, cycle_ms=5.0)
        beat = Heartbeat("mock_massive", at, 7, "running", SourceInfo("mock"), plan).encode()
        return {key: beat if service == "mock_massive" else None for key, service in HEARTBEAT_KEYS.items()}


def moments(told: Iterable[Exchange | Known], *, states: bool = True) -> Iterator[Moment]:
    """Yield what a recorder writes of it."""
    changes = Changes(KEYS)
    yield Moment(MomentKind.RUN, instant(0), instant(0))
    for one in told:
        if isinstance(one, Exchange):
            yield changes.moment(*one)
        elif states:
            if one.begins:
                yield payloads_moment(one.state, KEYS)
            yield state_moment(one.state)


def taped(path: Path, watched: Watched, *, states: bool = True) -> Path:
    """Write a tape of what was watched."""
    with TapeWriter(path, {"prefix": KEYS.prefix, "redis": LABEL}) as tape:
        for moment in moments(watched.told, states=states):
            tape.add(moment)
    return path
