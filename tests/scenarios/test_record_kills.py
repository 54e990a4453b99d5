"""A recorder killed with -9 again and again, at any moment: every file opens, is sound, and lacks the last second.

`TEST_KILLS` says how many times, in all. Recorders are killed several at a time, each with a folder of its own.
"""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median

import pytest
from redis import Redis

from chain.monitor.watch.watcher import POLL_EVERY_S
from tape.play.reader import TapeReader
from tape.record.recorder import COMMIT_EVERY_S
from tape.store.file import TapeFile
from tape.tools.ndjson import payloads
from tape.tools.verify import verify
from tests.support.product import run, start, start_logged
from tests.support.waiting import wait_until
from tests.support.warm import WarmChild

PUBLISH = ("publish", "--underlyings", "SPX", "--expirations", "2", "--interval", "0.2", "--ttl", "60")
KILLS = int(os.environ.get("TEST_KILLS") or 12)
LANES = 8
MOST_LOST_S = COMMIT_EVERY_S + COMMIT_EVERY_S / 4  # the recorder wakes so often to see whether a commit is due
SLOW_MACHINE_S = 1.0

Lane = Callable[[random.Random, Path, int], list[float]]


@pytest.fixture
def publisher(short_dir: Path, redis_url: str) -> Iterator[None]:
    with start(short_dir, *PUBLISH, "--redis-url", redis_url) as process, Redis.from_url(redis_url) as redis:
        wait_until(lambda: redis.exists("mock_massive:heartbeat"), 20, "the publisher's first heartbeat")
        yield
        process.terminate()
        process.communicate()


def tape_in(folder: Path) -> Path | None:
    return next(iter(folder.glob("*.tape")), None)


def last_look_s(path: Path | None) -> float:
    """Return when the last look on a tape was asked for, epoch seconds; 0 where nothing is on it yet."""
    if path is None:
        return 0.0
    with TapeFile(path) as tape:
        looks = TapeReader(tape).looks
        return looks[-1].asked_wall_ns / 1e9 if looks else 0.0


def has_written_since(folder: Path, since_s: float) -> bool:
    return last_look_s(tape_in(folder)) > since_s


def recorded(path: Path) -> list[tuple[str, bytes]]:
    """Return the payloads of a tape that is sound, in their order."""
    with TapeFile(path) as tape:
        assert verify(tape).sound
        return [(key, raw) for _, key, raw in payloads(tape, lambda damage: pytest.fail(damage.what))]


def kill(recorder: WarmChild, log: Path) -> float:
    """Kill a recorder and return when, epoch seconds."""
    killed = time.time()
    os.kill(recorder.pid, signal.SIGKILL)
    assert recorder.ended(10) is not None
    told = log.read_text()
    assert "Traceback" not in told and "not recording" not in told
    return killed


def in_lanes(kills: int, folder: Path, lane: Lane) -> list[float]:
    """Run lanes side by side until there were so many kills in all; return what they measured."""
    shares = [kills // LANES + (number < kills % LANES) for number in range(LANES)]
    with ThreadPoolExecutor(LANES) as pool:
        lanes = [pool.submit(lane, random.Random(at), folder / str(at), share) for at, share in enumerate(shares)]
        return [measured for one in lanes for measured in one.result()]


def killed_while_it_records(home: Path, redis_url: str, dice: random.Random, folder: Path, kills: int) -> list[float]:
    """Return, for each kill, how long ago the first answer that is on no tape can have come, seconds."""
    before, lost, log = list[tuple[str, bytes]](), list[float](), home / f"{folder.name}.log"
    for _ in range(kills):
        began = time.time()
        recorder = start_logged(home, log, "record", redis_url, "--out", str(folder))
        wait_until(partial(has_written_since, folder, began), 30, "a look of this recorder")
        if not before:  # or there would be nothing that a later one could lose
            wait_until(lambda: any(recorded(path) for path in folder.glob("*.tape")), 30, "a payload")
        time.sleep(dice.uniform(0.0, 3.0))
        killed = kill(recorder, log)
        [path] = folder.glob("*.tape")
        now = recorded(path)
        assert now[: len(before)] == before
        lost.append(max(0.0, killed - last_look_s(path) - POLL_EVERY_S))
        before = now
    return lost


@pytest.mark.usefixtures("publisher")
def test_killed_at_any_moment_it_loses_the_last_second_at_most(short_dir: Path, redis_url: str) -> None:
    lost = in_lanes(KILLS, short_dir / "tapes", partial(killed_while_it_records, short_dir, redis_url))
    print(f"{len(lost)} kills; lost at most {max(lost):.3f} s, median {median(lost):.3f} s")
    assert len(lost) == KILLS
    assert max(lost) < MOST_LOST_S + SLOW_MACHINE_S
    assert median(lost) < MOST_LOST_S


def killed_while_it_begins(home: Path, redis_url: str, dice: random.Random, folder: Path, kills: int) -> list[float]:
    """Return how old each recorder became, seconds."""
    ages, log = list[float](), home / f"{folder.name}.log"
    for number in range(kills):
        own = folder / str(number)
        recorder = start_logged(home, log, "record", redis_url, "--out", str(own))
        wait_until(own.exists, 20, "its folder")
        began = time.time()
        time.sleep(dice.uniform(0.0, 0.15))
        ages.append(kill(recorder, log) - began)
        for path in own.glob("*.tape"):
            recorded(path)
        ended = run(home, "record", redis_url, "--out", str(own), "--for", "1.5")
        assert ended.returncode == 0, ended.stderr
        [path] = own.glob("*.tape")
        assert recorded(path)
    return ages


@pytest.mark.usefixtures("publisher")
def test_killed_while_it_begins_a_tape_it_leaves_one_or_none(short_dir: Path, redis_url: str) -> None:
    folder = short_dir / "tapes"
    folder.mkdir()
    assert len(in_lanes(KILLS, folder, partial(killed_while_it_begins, short_dir, redis_url))) == KILLS
