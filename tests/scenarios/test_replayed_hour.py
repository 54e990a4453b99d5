"""An hour of publishing and watching on a real Redis, faults included, and the same hour from its answers alone."""

import asyncio
import bisect
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from redis.asyncio import Redis

from chain.clock import Instant, ManualClock
from chain.model.keys import ChainId, KeySchema, heartbeat_key
from chain.model.snapshot import encode
from chain.monitor.board import Board
from chain.monitor.evaluate.signals import evaluate
from chain.monitor.heartbeat import STOPPED
from chain.monitor.states import State
from chain.monitor.watch.port import FetchRequest, PollRequest, Request
from chain.monitor.watch.redis_reader import RedisReader
from chain.monitor.watch.watcher import Watcher
from chain.redis.connect.connection import RedisTarget
from chain.thresholds import HEARTBEAT_EVERY_S
from publisher.loop.publisher import Publisher
from publisher.mock.source import MockSource
from tape.play.boards import board_at, boards
from tape.play.reader import TapeReader
from tape.record.changes import Changes
from tape.store.file import TapeFile
from tape.store.writer import TapeWriter
from tape.tools.verify import verify
from tests.support.contexts import context_of
from tests.support.recorded import Exchange, PlaybackReader, RecordingReader
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
        self.boards: list[Board] = []
        self._made = asyncio.Event()
        self._silent = False
        self._up = True
        self._cut_at_fetch = False
        self._pointers: dict[ChainId, list[bytes]] = {}
        self._damaged: set[str] = set()  # keys, until the next cycle

    async def run(self) -> None:
        """Let an hour go by, a second at a time."""
        watcher = Watcher(self.reader, self.clock, shown_as="an hour")
        tasks = [asyncio.create_task(watcher.run(self._take)), asyncio.create_task(self.real.discovery.run())]
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
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

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
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
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


@pytest.fixture(scope="module")
def tape_of_the_hour(hour: Hour, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The answers of the hour as a tape."""
    path = tmp_path_factory.mktemp("hour") / "hour.tape"
    changes = Changes(KEYS)
    with TapeWriter(path, {"prefix": KEYS.prefix}) as writer:
        for request, answer in hour.reader.kept:
            writer.add(changes.moment(request, answer))
    return path


def test_a_tape_of_the_hour_gives_its_boards_again(hour: Hour, tape_of_the_hour: Path) -> None:
    with TapeFile(tape_of_the_hour) as tape:
        assert verify(tape).sound
        assert_the_same(hour, [*boards(TapeReader(tape), "an hour", started=hour.boards[0].clock.started)])


def test_a_seek_into_the_tape_gives_the_state_of_that_moment(hour: Hour, tape_of_the_hour: Path) -> None:
    polled = [answer.asked.wall_ns for request, answer in hour.reader.kept if begins(request)]
    with TapeFile(tape_of_the_hour) as tape:
        reader = TapeReader(tape)
        for _ in range(80):
            at = hour.dice.randrange(len(polled))
            at = max(number for number, wall in enumerate(polled) if wall <= polled[at])
            lived, again = hour.boards[at], board_at(reader, polled[at], "an hour")
            assert again is not None
            for mine, theirs in zip(again.chains.records, lived.chains.records, strict=True):
                for part in ("chain", "pointer", "last_good", "deadline", "source", "thresholds", "trouble"):
                    assert getattr(mine, part) == getattr(theirs, part), f"{part} {at}"
                assert (mine.fault and mine.fault.state) == (theirs.fault and theirs.fault.state), at
            mine_known, known = ([replace(p, gone_since=None) for p in b.publishers.known] for b in (again, lived))
            assert mine_known == known  # since when one is silent follows from looks at which nothing was told
            assert again.streams == lived.streams
            now = instant(lived.clock.polled)
            told, states = ({s.record.chain: s.state for s in evaluate(b, now).statuses} for b in (again, lived))
            assert told == states
