"""An hour of publishing and watching on a real Redis, faults included, and the same hour from its answers alone."""

import asyncio
import bisect
import random
import sqlite3
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path

import pytest
from redis.asyncio import Redis

from chain.clock import Instant, ManualClock
from chain.errors import InvalidSnapshotError
from chain.model.keys import ChainId, KeySchema, heartbeat_key
from chain.model.snapshot import decode, encode
from chain.monitor.board import Board
from chain.monitor.evaluate.signals import evaluate
from chain.monitor.heartbeat import STOPPED
from chain.monitor.states import State
from chain.monitor.watch.port import FetchRequest, PollRequest, Request
from chain.monitor.watch.redis_reader import RedisReader
from chain.monitor.watch.state import TrackerState
from chain.monitor.watch.watcher import Watcher
from chain.redis.connect.connection import RedisTarget
from chain.tasks import end
from chain.thresholds import HEARTBEAT_EVERY_S
from chaindeck.engine.replay.compose import ReplayOptions
from publisher.loop.publisher import Publisher
from publisher.mock.source import MockSource
from tape.play.boards import boards
from tape.play.player import Player
from tape.record.changes import Changes
from tape.store.facts import Moment, MomentKind
from tape.store.file import TapeFile
from tape.store.states import StatePace, state_moment
from tape.store.writer import TapeWriter
from tape.tools.looks import Led, looks
from tape.tools.scan import Damage
from tape.tools.verify import verify
from tape.tools.write import cut
from tests.support.contexts import context_of
from tests.support.recorded import Exchange, PlaybackReader, RecordingReader
from tests.support.replay_stage import replay_stage
from tests.support.scenes import NDX, START_NS, snapshot
from tests.support.servers import Server, Servers

HOUR_S = 3600
CYCLE_S = 15
FAULT_EVERY_S = 40
MOMENTS = 500
BEGAN = 5_000.0  # by the monotonic clock
SEED = 20_260_102
KEYS = KeySchema()


class Hour:
    """A mock publisher, a hand that breaks things, and a watcher whose reader is recorded; an hour takes seconds."""

    def __init__(self, server: Server, redis: Redis, eyes: Redis) -> None:
        self.clock = ManualClock(START_NS, BEGAN)
        self.dice = random.Random(SEED)
        self.server = server
        self.redis = redis
        source = MockSource(self.clock, seed=SEED, underlyings=("SPX",), mult=0.1)
        self.publisher = Publisher(redis, source, context_of(self.clock, interval_s=CYCLE_S), expirations=2)
        self.real = RedisReader(eyes, KEYS, self.clock, discover_after_s=20.0)
        self.reader = RecordingReader(self.real, self._before)
        self.watcher = Watcher(self.reader, self.clock, shown_as="an hour")
        self.boards: list[Board] = []
        self.states: list[TrackerState | None] = []  # what the watcher knew after each, where a recorder would ask
        self._pace, self._told = StatePace(), 0
        self._made = asyncio.Event()
        self._silent = False
        self._up = True
        self._cut_at_fetch = False
        self._pointers: dict[ChainId, list[bytes]] = {}
        self._damaged: set[str] = set()  # keys, until the next cycle

    async def run(self) -> None:
        """Let an hour go by, a second at a time."""
        tasks = [asyncio.create_task(self.watcher.run(self._take)), asyncio.create_task(self.real.discovery.run())]
        acts = self._plan()
        for second in range(HOUR_S):
            if second % CYCLE_S == 0:
                await self._cycle()
            elif second % HEARTBEAT_EVERY_S == 0 and self._up and not self._silent:
                await self.publisher.beat()
            for act in acts.get(second, ()):
                await act()
            self._made.clear()
            self.clock.advance(1.0)
            await asyncio.wait_for(self._made.wait(), 30)
        await end(tasks)

    async def _cycle(self) -> None:
        """Put right what was damaged, and publish; not while the publisher is silent, or Redis away."""
        if self._silent or not self._up:
            return
        if self._damaged:
            await self.redis.delete(*self._damaged)
            self._damaged.clear()
        await self.publisher.cycle()
        for chain in self.publisher.heartbeat().chain.expected:
            value = await self.redis.get(KEYS.latest(chain))
            if isinstance(value, bytes):
                self._pointers.setdefault(chain, []).append(value)

    def _take(self, board: Board) -> None:
        self.boards.append(board)
        due = self._pace.take_due()
        self.states.append(self.watcher.tracker.state() if due else None)
        self._made.set()

    def _plan(self) -> dict[int, list[Callable[[], Awaitable[None]]]]:
        plan: dict[int, list[Callable[[], Awaitable[None]]]] = {}
        small = [
            self.delete_pointer, self.delete_payload, self.garbage, self.wrong_type, self.roll_back, self.point_nowhere,
            self.odd_heartbeat, self.stream_frame,
        ]  # fmt: skip
        for turn, second in enumerate(range(FAULT_EVERY_S, HOUR_S, FAULT_EVERY_S)):
            act = small[turn] if turn < len(small) else self.dice.choice(small)
            plan.setdefault(second + self.dice.randrange(1, 20), []).append(act)
        for second, act in (
            (100, self.foreign_chain),
            (600, self.stop), (720, self.go_on),
            (900, self.lose), (915, self.find),
            (1500, self.step_forward), (1800, self.step_back),
            (2100, self.lose_at_fetch), (2118, self.find),
            (2700, self.fall_silent), (2790, self.go_on),
        ):  # fmt: skip
            plan.setdefault(second, []).append(act)
        return plan

    async def _before(self, request: Request) -> None:
        for told in self.reader.kept[self._told :]:
            self._pace.on_answer(*told)
        self._told = len(self.reader.kept)
        if self._cut_at_fetch and isinstance(request, FetchRequest):
            self._cut_at_fetch = False
            await self.lose()

    def _any(self) -> ChainId:
        chain = self.dice.choice([*self._pointers])
        self._damaged |= {KEYS.latest(chain), KEYS.source(chain)}
        return chain

    async def delete_pointer(self) -> None:
        await self.redis.delete(KEYS.latest(self._any()))

    async def delete_payload(self) -> None:
        await self.redis.delete(self._pointers[self._any()][-1])

    async def garbage(self) -> None:
        chain = self._any()
        key = f"{KEYS.snapshot_head(chain)}{self.clock.wall_ns() // 10**6}"
        await self.redis.set(key, b'{"ts": 1', px=60_000)
        await self.redis.set(KEYS.latest(chain), key, px=60_000)

    async def wrong_type(self) -> None:
        key = KEYS.latest(self._any())
        await self.redis.delete(key)
        await self.redis.lpush(key, "x")
        await self.redis.pexpire(key, 60_000)

    async def roll_back(self) -> None:
        chain = self._any()
        await self.redis.set(KEYS.latest(chain), self._pointers[chain][-3], px=60_000)

    async def point_nowhere(self) -> None:
        await self.redis.set(KEYS.latest(self._any()), b"elsewhere", px=60_000)

    async def odd_heartbeat(self) -> None:
        self._damaged.add(heartbeat_key("massive"))
        await self.redis.set(heartbeat_key("massive"), b"{", px=60_000)

    async def stream_frame(self) -> None:
        await self.redis.hset("massive:ws:analytics", "last_ts", str(self.clock.wall_ns() / 1e9))

    async def foreign_chain(self) -> None:
        made = snapshot(NDX, self.clock.wall_ns())
        await self.redis.set(KEYS.snapshot(made.id), encode(made))
        await self.redis.set(KEYS.latest(NDX), KEYS.snapshot(made.id))

    async def stop(self) -> None:
        self._silent = True
        await self.publisher.beat(STOPPED)

    async def fall_silent(self) -> None:
        self._silent = True

    async def go_on(self) -> None:
        self._silent = False

    async def step_forward(self) -> None:
        self.clock.step_wall(45)

    async def step_back(self) -> None:
        self.clock.step_wall(-45)

    async def lose(self) -> None:
        self._up = False
        self.server.kill()

    async def lose_at_fetch(self) -> None:
        self._cut_at_fetch = True

    async def find(self) -> None:
        self.server.start()
        self._up = True


def instant(moment: float) -> Instant:
    """Return a moment of the monotonic clock on both clocks, as if the wall clock never stepped."""
    return Instant(START_NS + round((moment - BEGAN) * 1e9), moment)


async def played(kept: list[Exchange], boards: int) -> list[Board]:
    """Return the Boards that a new watcher makes of recorded answers, under a clock of its own."""
    clock, again = ManualClock(0, BEGAN), list[Board]()
    watcher = Watcher(PlaybackReader(kept, KEYS, clock), clock, shown_as="an hour")
    task = asyncio.create_task(watcher.run(again.append))
    while len(again) < boards:
        await clock.run(100.0)
    await end([task])
    return again


@pytest.fixture(scope="module")
def hour() -> Hour:
    """An hour that has gone by."""

    async def lived() -> Hour:
        with Servers() as servers:
            server = servers.alone()
            async with RedisTarget(server.url).connect() as redis, RedisTarget(server.url).connect() as eyes:
                hour = Hour(server, redis, eyes)
                await hour.run()
        return hour

    return asyncio.run(lived())


def begins(request: Request) -> bool:
    """Whether a look begins with a request."""
    return isinstance(request, PollRequest) and request.heartbeats


def assert_the_same(hour: Hour, again: Sequence[Board]) -> None:
    """Hold that Boards made again are those that were made then, at random moments of the hour."""
    assert len(again) == len(hour.boards) >= HOUR_S
    polled = [board.clock.polled for board in hour.boards]
    for _ in range(MOMENTS):
        moment = hour.dice.uniform(polled[0], polled[-1])
        at = bisect.bisect_right(polled, moment) - 1
        assert again[at] == hour.boards[at], f"{moment - BEGAN:.0f} s after the beginning"
        assert evaluate(again[at], instant(moment)) == evaluate(hour.boards[at], instant(moment))


async def test_the_answers_of_an_hour_give_its_boards_again(hour: Hour) -> None:
    met = {status.state for board in hour.boards for status in evaluate(board, instant(board.clock.polled)).statuses}
    assert met == set(State)
    assert_the_same(hour, await played(hour.reader.kept, len(hour.boards)))


def written(hour: Hour, path: Path, *, states: bool) -> Path:
    """Write the answers of the hour on a tape, with what the watcher knew now and then, or without."""
    changes, looks = Changes(KEYS), iter(hour.states)
    with TapeWriter(path, {"prefix": KEYS.prefix}) as writer:
        began = hour.reader.kept[0][1].asked
        writer.add(Moment(MomentKind.RUN, began, began))
        for number, (request, answer) in enumerate(hour.reader.kept):
            writer.add(changes.moment(request, answer))
            last = number + 1 == len(hour.reader.kept) or begins(hour.reader.kept[number + 1][0])
            if last and (state := next(looks)) is not None and states:
                writer.add(state_moment(state))
    return path


@pytest.fixture(scope="module", params=[True, False], ids=["states on the tape", "states in memory"])
def tape_of_the_hour(
    request: pytest.FixtureRequest, hour: Hour, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TapeFile]:
    """The answers of the hour as a tape."""
    path = written(hour, tmp_path_factory.mktemp("hour") / "hour.tape", states=request.param)
    with TapeFile(path) as tape:
        assert verify(tape).sound
        yield tape


def test_a_tape_of_the_hour_gives_its_boards_again(hour: Hour, tape_of_the_hour: TapeFile) -> None:
    assert_the_same(hour, [*boards(tape_of_the_hour, "an hour")])


def test_at_any_moment_a_tape_gives_the_board_made_then(hour: Hour, tape_of_the_hour: TapeFile) -> None:
    """Wherever one has stood before: every look is sought at random, one from another."""
    player = Player(tape_of_the_hour, "an hour")
    assert len(player) == len(hour.boards)
    for _ in range(MOMENTS):
        number = hour.dice.randrange(len(player))
        played = player.at(number)
        assert played.board == hour.boards[number], number
        assert played.now.mono == hour.boards[number].clock.polled
    for _ in range(MOMENTS // 10):
        number = hour.dice.randrange(1, len(player) - 1)
        for step in (0, 1, -1, 0):
            assert player.at(number + step).board == hour.boards[number + step], number


def test_a_part_of_a_tape_gives_the_boards_made_then(hour: Hour, tape_of_the_hour: TapeFile, tmp_path: Path) -> None:
    looks = Player(tape_of_the_hour).reader.looks
    for part in range(4):
        first = hour.dice.randrange(len(looks) - 200)
        last = first + hour.dice.randrange(200)
        begin_ns, end_ns = looks[first].asked_wall_ns, looks[last].asked_wall_ns + 1
        within = [number for number, look in enumerate(looks) if begin_ns <= look.asked_wall_ns < end_ns]
        out = tmp_path / f"{part}.tape"
        assert cut(tape_of_the_hour.path, begin_ns, end_ns, out) == within[-1] - within[0] + 1
        with TapeFile(out) as tape:
            player = Player(tape, "an hour")
            for number in {0, len(player) - 1, *hour.dice.sample(range(len(player)), min(5, len(player)))}:
                assert player.at(number).board == hour.boards[within[0] + number], (within[0], number)


def test_an_instant_is_that_of_the_last_look_before_it(hour: Hour, tape_of_the_hour: TapeFile) -> None:
    asked = [answer.asked.wall_ns for request, answer in hour.reader.kept if begins(request)]
    player = Player(tape_of_the_hour)
    for _ in range(MOMENTS):
        wanted = hour.dice.randrange(min(asked) - 10**9, max(asked) + 10**9)
        before = [number for number, wall in enumerate(asked) if wall <= wanted]
        assert player.reader.number_at(wanted) == (max(before) if before else 0)


def test_states_that_cannot_be_believed_cost_time_and_no_truth(hour: Hour, tmp_path: Path) -> None:
    path = written(hour, tmp_path / "spoilt.tape", states=True)
    with sqlite3.connect(path) as file:
        of_states = "(SELECT id FROM subjects WHERE kind = 'state')"
        [spoilt] = file.execute(f"SELECT group_concat(id) FROM packed WHERE subject = {of_states}").fetchone()
        for number in hour.dice.sample([*map(int, spoilt.split(","))], 60):
            file.execute("UPDATE packed SET digest = zeroblob(8) WHERE id = ?", (number,))
    file.close()
    with TapeFile(path) as tape:
        player = Player(tape, "an hour")
        for _ in range(MOMENTS // 10):
            number = hour.dice.randrange(len(player))
            assert player.at(number).board == hour.boards[number], number


async def test_a_replay_of_the_hour_gives_its_payloads_again_byte_for_byte_and_in_order(
    tape_of_the_hour: TapeFile, redis: Redis, redis_url: str
) -> None:
    """At a hundred times its speed; what was no snapshot is left out, and told."""
    led = [each for look in looks(tape_of_the_hour, 0, _no_damage) for each in look.led.values()]
    valid = [each for each in led if is_snapshot(each)]
    assert len(valid) < len(led), "some of it was damaged on purpose"
    written: list[tuple[str, bytes]] = []
    fast = replay_stage(redis, redis_url, tape_of_the_hour.path, ReplayOptions(speed=100.0))
    async with fast as stage, redis.monitor() as monitor:
        await stage.run(HOUR_S / 100 + 1)
        assert stage.player.finished.is_set()
        await redis.echo("over")
        while (met := await monitor.next_command())["command"] != "ECHO over":
            words = met["command"].split(" ", 2)
            if words[0] == "SET" and ":chain:snapshot:" in words[1] and met["client_type"] != "lua":
                written.append((words[1], words[2].rpartition(" NX ")[0].encode()))
        counters = stage.replay.counters
    assert written == [(each.key.replace("massive:", "massive:replay:", 1), each.value) for each in valid]
    assert (counters["published"], counters["failed"]) == (len(valid), 0)
    assert len(led) - len(valid) <= counters["left_out"] < HOUR_S // FAULT_EVERY_S, "each once"


def is_snapshot(led: Led) -> bool:
    """Whether a payload is a snapshot that a reader would take."""
    try:
        return bool(decode(led.value, KEYS.parse_snapshot(led.key)).contracts)
    except InvalidSnapshotError:
        return False


def _no_damage(damage: Damage) -> None:
    pytest.fail(damage.what)
