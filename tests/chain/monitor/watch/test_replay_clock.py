"""A replay is as old as its own clock says, which its heartbeat tells; live data are never judged by any but ours."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis

from chain.clock import Instant, ManualClock
from chain.errors import DecodeError
from chain.model.keys import LIVE_PREFIX, REPLAY_PREFIX, ChainId, KeySchema
from chain.monitor.evaluate.report import ChainStatus, HealthReport
from chain.monitor.evaluate.signals import evaluate
from chain.monitor.heartbeat import beat, parse_heartbeat
from chain.monitor.states import Flag, State
from chain.monitor.watch.redis_reader import RedisReader
from chain.monitor.watch.watcher import Watcher
from chain.redis.connect.connection import RedisTarget
from chain.redis.contract.publish.records import KindRecords
from chain.redis.contract.publish.writer import snapshot_writer
from chain.thresholds import FUTURE_TOLERANCE_S, Thresholds
from tests.support.scenes import NDX, SPX, START_NS, START_S, heartbeat, snapshot

LATER_NS = 300 * 86_400 * 10**9  # by which our clock is ahead of the recording's
KEYS = KeySchema(REPLAY_PREFIX)
WARN_S, STALE_S = Thresholds().warn_s, Thresholds().stale_s


class Replay:
    """A hand that publishes under the replay's prefix as a replay does, and a watcher there."""

    def __init__(self, redis: Redis, client: Redis, keys: KeySchema = KEYS, *, service: str = "replay") -> None:
        self.redis = redis
        self.clock = ManualClock(START_NS + LATER_NS, 5_000.0)
        self.keys = keys
        self.service = service
        self.writer = snapshot_writer(redis, keys, kind="replay")
        self.watcher = Watcher(RedisReader(client, keys, self.clock), self.clock)

    async def tell(self, at_s: float, speed: float | None = 1.0, *chains: ChainId) -> None:
        """Beat: the replay's clock stands so many seconds after the scenes' beginning."""
        told: dict[str, Any] = {"ts": self.clock.wall / 1e9, "prefix": self.keys.prefix, "kind": "replay"}
        beats = heartbeat(*(chains or (SPX,)), service=self.service, as_of=START_S + at_s, speed=speed, **told)
        await beat(self.redis, beats)

    async def publish(self, at_s: float, chain: ChainId = SPX, ttl_s: float = 60.0) -> None:
        """Publish a snapshot made so many seconds after the scenes' beginning."""
        [end] = await self.writer.publish([snapshot(chain, START_NS + round(at_s * 1e9))], ttl_s)
        assert not end.failed, end.reason

    async def look(self) -> HealthReport:
        """Poll once, and judge the Board."""
        return evaluate(await self.watcher.poll_once(), Instant.now(self.clock))

    async def status(self) -> ChainStatus:
        """Return how the one chain stands."""
        [found] = (await self.look()).statuses
        return found


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Redis]:
    async with RedisTarget(redis_url).connect() as eyes:
        yield eyes


@pytest.fixture
def replay(redis: Redis, client: Redis) -> Replay:
    return Replay(redis, client)


@pytest.mark.parametrize(
    ("age_s", "state"),
    [
        (0.0, State.FRESH),
        (WARN_S, State.FRESH),
        (WARN_S + 0.001, State.AGING),
        (STALE_S, State.AGING),
        (STALE_S + 0.001, State.STALE),
    ],
)
@pytest.mark.parametrize("speed", [0.0, 0.1, 1.0, 60.0, 1000.0])
async def test_age_and_state_are_by_the_replays_clock(replay: Replay, age_s: float, state: State, speed: float) -> None:
    await replay.tell(age_s, speed)
    await replay.publish(0.0)
    found = await replay.status()
    assert found.state is state
    assert found.age_s == pytest.approx(age_s, abs=1e-6)
    assert Flag.REPLAY in found.flags


async def test_a_short_life_in_redis_tells_nothing_of_a_replays_limits(replay: Replay) -> None:
    await replay.tell(20.0, 60.0)
    await replay.publish(0.0, ttl_s=5.0)
    found = await replay.status()
    assert (found.state, found.limits.stale_s) == (State.FRESH, STALE_S)


@pytest.mark.parametrize(("speed", "gone_on_s"), [(0.0, 0.0), (0.5, 2.0), (1.0, 4.0), (60.0, 4.0)])
async def test_between_two_beats_the_clock_goes_on_and_no_faster_than_ours(
    replay: Replay, speed: float, gone_on_s: float
) -> None:
    await replay.tell(3.0, speed)
    await replay.publish(0.0)
    await replay.look()
    replay.clock.advance(4.0)
    assert (await replay.status()).age_s == pytest.approx(3.0 + gone_on_s)


@pytest.mark.parametrize(
    ("speed", "tolerated_s"), [(0.0, FUTURE_TOLERANCE_S), (1.0, FUTURE_TOLERANCE_S), (60.0, 120.0)]
)
async def test_the_clock_is_known_as_well_as_clocks_are_in_its_own_time(
    replay: Replay, speed: float, tolerated_s: float
) -> None:
    await replay.tell(0.0, speed)
    await replay.publish(tolerated_s)
    assert (await replay.status()).state is State.FRESH
    await replay.publish(tolerated_s + 0.001)
    found = await replay.status()
    assert (found.state, found.note) == (State.FUTURE, f"its clock is {tolerated_s:.1f} s ahead of the replay's")


async def test_a_replay_that_goes_back_has_not_rolled_back(replay: Replay) -> None:
    await replay.tell(100.0)
    await replay.publish(100.0)
    assert (await replay.status()).state is State.FRESH
    await replay.tell(10.0)
    await KindRecords(replay.redis, KEYS).withdraw([SPX])
    await replay.publish(10.0)
    found = await replay.status()
    assert (found.state, found.age_s, found.flags) == (State.FRESH, 0.0, (Flag.REPLAY,))
    assert found.record.last_good is not None
    assert found.record.last_good.snapshot.id.ts_ms == START_S * 1000 + 10_000


async def test_without_its_clock_a_replay_is_as_old_as_it_is(replay: Replay) -> None:
    await replay.publish(0.0)
    await replay.watcher.reader.search(1.0)
    found = await replay.status()
    assert (found.state, found.flags[-1]) == (State.STALE, Flag.REPLAY)
    assert found.age_s == pytest.approx(LATER_NS / 1e9)


@pytest.mark.parametrize("speed", [0.0, 1.0, 1000.0])
async def test_among_live_names_no_clock_makes_an_old_snapshot_fresh(redis: Redis, client: Redis, speed: float) -> None:
    """Whoever beats there: what is shown by live names is as old as our own clock says."""
    forged = Replay(redis, client, KeySchema(LIVE_PREFIX), service="mock_massive")
    await forged.tell(1.0, speed)
    await forged.publish(0.0)
    found = await forged.status()
    assert found.state is State.STALE
    assert found.age_s == pytest.approx(LATER_NS / 1e9)


async def test_each_chain_counts_by_the_same_clock(replay: Replay) -> None:
    await replay.tell(30.0, 10.0, SPX, NDX)
    await replay.publish(0.0)
    await replay.publish(25.0, NDX)
    assert {status.chain: status.state for status in (await replay.look()).statuses} == {
        SPX: State.AGING,
        NDX: State.FRESH,
    }


def test_a_speed_without_a_clock_is_left_out() -> None:
    told = heartbeat(SPX, service="replay", kind="replay", speed=60.0)
    again = parse_heartbeat(told.encode(), "replay")
    assert again is not None
    assert (again.source.speed, again.left_out) == (None, ("source.speed: without the clock that goes on by it",))


@pytest.mark.parametrize("speed", [-1.0, float("inf"), 1e9])
def test_a_speed_that_makes_no_sense_is_left_out(speed: float) -> None:
    told = heartbeat(SPX, service="replay", kind="replay", as_of=float(START_S), speed=60.0)
    raw = told.encode().replace(
        b'"speed":60.0', b'"speed":%s' % (b"1e999" if speed == float("inf") else str(speed).encode())
    )
    try:
        again = parse_heartbeat(raw, "replay")
    except DecodeError:
        return  # no JSON number
    assert again is not None
    assert again.source.speed is None


def test_a_heartbeat_of_no_replay_says_nothing_of_a_speed() -> None:
    assert b"speed" not in heartbeat(SPX).encode()
