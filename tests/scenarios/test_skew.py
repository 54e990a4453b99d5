"""Clocks that lie apart: a publisher's or a reader's that is minutes off is told by whoever can know it."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
import redis as blocking
from msgspec.structs import replace
from redis.asyncio import Redis

from chain.clock import Instant, ManualClock, SystemClock
from chain.model.keys import KeySchema
from chain.monitor.evaluate.signals import evaluate
from chain.monitor.heartbeat import beat
from chain.monitor.states import DeckState, State
from chain.monitor.watch.redis_reader import RedisReader
from chain.monitor.watch.watcher import Watcher
from chain.redis.connect.connection import RedisTarget
from chain.redis.server.clock_skew import clock_skew_s
from chain.thresholds import FUTURE_TOLERANCE_S, HEARTBEAT_TTL_S
from tests.support.product import environment
from tests.support.scenes import SPX, board, changed, heartbeat, manual_clock, record

SMALL = ("--underlyings", "SPX", "--expirations", "2")
_SHIFTED = """
import sys, time
real, off_ns = time.time_ns, int(float(sys.argv.pop(1)) * 1e9)
time.time_ns = lambda: real() + off_ns
from chaindeck.start import main
main()
"""


@pytest.fixture
def server(redis_url: str) -> Iterator[blocking.Redis]:
    with blocking.Redis.from_url(redis_url) as client:
        yield client


def run_shifted(home: Path, seconds: float, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a command whose machine's wall clock is so far ahead."""
    return subprocess.run(
        [sys.executable, "-c", _SHIFTED, str(seconds), *arguments],
        env=environment(home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("seconds", [-120, -3_600])
def test_a_publisher_with_a_slow_clock_says_so_and_so_does_every_reader(
    server: blocking.Redis, redis_url: str, short_dir: Path, seconds: int
) -> None:
    ended = run_shifted(short_dir, seconds, "publish", "--once", "--redis-url", redis_url, *SMALL)
    assert f"this machine's clock is {-seconds} s behind Redis's" in ended.stderr
    assert ended.returncode == 1
    told = orjson.loads(server.get("mock_massive:heartbeat") or b"{}")
    assert "clock-skew" in [signal["name"] for signal in told["signals"]]
    read = run_shifted(short_dir, 0, "check", redis_url)
    assert read.returncode == 2
    [size] = re.findall(r"publisher mock_massive's clock is (\d+) s behind Redis's", read.stdout)
    assert -seconds <= int(size) <= -seconds + HEARTBEAT_TTL_S  # the beat was read some time after it was stamped


def test_a_reader_whose_own_clock_is_off_blames_no_publisher(
    server: blocking.Redis, redis_url: str, short_dir: Path
) -> None:
    assert run_shifted(short_dir, 0, "publish", "--once", "--redis-url", redis_url, *SMALL).returncode == 0
    for seconds, way in ((600, "ahead of"), (-600, "behind")):
        read = run_shifted(short_dir, seconds, "check", redis_url)
        assert f"this machine's clock is 600 s {way} Redis's" in read.stdout
        assert "publisher mock_massive's clock" not in read.stdout


async def test_a_user_who_may_not_ask_the_time_is_told_of_no_skew(redis: Redis, redis_url: str) -> None:
    await redis.acl_setuser("timeless", enabled=True, reset=True, nopass=True, keys=["*"], commands=["+@all", "-time"])
    client = RedisTarget(redis_url.replace("unix://", "unix://timeless:x@")).connect()
    try:
        assert await clock_skew_s(client, SystemClock()) is None
        polled = await Watcher(RedisReader(client, KeySchema(), SystemClock()), SystemClock()).poll_once()
        assert (polled.redis.health.ok, polled.redis.skew_s) == (True, None)
    finally:
        await client.aclose()
        await redis.acl_deluser("timeless")


async def test_only_this_machines_own_clock_is_held_against_redis(redis: Redis) -> None:
    now = SystemClock().wall_ns()
    assert await clock_skew_s(redis, ManualClock(now)) is None
    skew = await clock_skew_s(redis, ManualClock(now + 600 * 10**9, of_this_machine=True))
    assert skew == pytest.approx(600, abs=2)


# To the millisecond


def told(skew_s: float | None, ahead_s: float = 0.0) -> list[str]:
    now = Instant.now(manual_clock())
    made = board([record(SPX, now)], now, skew_s=skew_s)
    heard = tuple(replace(publisher, ahead_s=ahead_s) for publisher in made.publishers.known)
    judged = evaluate(changed(made, known=heard), now)
    return [signal.name for signal in judged.signals]


@pytest.mark.parametrize(("off", "expected"), [(0.0, []), (0.001, ["clock-skew"])])
@pytest.mark.parametrize("way", [-1, 1])
def test_our_own_clock_may_differ_by_as_much_as_clocks_do(off: float, expected: list[str], way: int) -> None:
    skew = way * (FUTURE_TOLERANCE_S + off)
    assert told(skew, -skew) == expected
    assert told(None) == []


@pytest.mark.parametrize(
    ("ahead_s", "expected"),
    [
        (FUTURE_TOLERANCE_S, []),
        (FUTURE_TOLERANCE_S + 0.001, ["publisher-clock"]),
        (-HEARTBEAT_TTL_S - FUTURE_TOLERANCE_S, []),
        (-HEARTBEAT_TTL_S - FUTURE_TOLERANCE_S - 0.001, ["publisher-clock"]),
    ],
)
def test_a_beat_may_be_as_old_as_its_key_lives(ahead_s: float, expected: list[str]) -> None:
    assert told(None, ahead_s) == expected
    assert told(1.5, ahead_s - 1.5) == expected


@pytest.mark.parametrize("skew_s", [-600.0, 600.0])
def test_a_publisher_on_a_machine_whose_clock_is_off_is_not_told_twice(skew_s: float) -> None:
    assert told(skew_s, 0.0) == told(skew_s, -9.0) == ["clock-skew"]
    assert sorted(told(skew_s, 60.0)) == ["clock-skew", "publisher-clock"]


async def test_a_heartbeat_from_the_future_is_told_with_the_size_of_the_skew(redis: Redis) -> None:
    clock = manual_clock()
    await beat(redis, heartbeat(SPX, ts=clock.wall / 1e9 + 90))
    judged = evaluate(await Watcher(RedisReader(redis, KeySchema(), clock), clock).poll_once(), Instant.now(clock))
    assert "publisher mock_massive's clock is 90 s ahead of this machine's" in [s.text for s in judged.signals]
    assert judged.state is not DeckState.OK
    assert judged.statuses[0].state is State.MISSING
