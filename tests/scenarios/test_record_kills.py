"""A recorder killed with -9 again and again, at any moment: every file opens, is sound, and lacks the last second."""

import random
import signal
import subprocess
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from redis import Redis

from tape.play.reader import TapeReader
from tape.store.file import TapeFile
from tape.tools.ndjson import payloads
from tape.tools.verify import verify
from tests.support.product import run, start
from tests.support.waiting import wait_until

PUBLISH = ("publish", "--underlyings", "SPX", "--expirations", "2", "--interval", "0.2", "--ttl", "60")
LOST_S = 1.0 + 0.25  # a commit a second, and how long the recorder may sleep before it looks whether one is due
POLL_S = 1.0
SLOW_MACHINE_S = 1.0


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
    """Return when a tape was last written to, epoch seconds; 0 where nothing is on it yet."""
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


def kill(recorder: "subprocess.Popen[str]") -> None:
    recorder.send_signal(signal.SIGKILL)
    _, told = recorder.communicate()
    assert "Traceback" not in told and "not recording" not in told


@pytest.mark.usefixtures("publisher")
@pytest.mark.parametrize("kills", [4, pytest.param(40, marks=pytest.mark.hostile)])
def test_killed_at_any_moment_it_loses_the_last_second_at_most(short_dir: Path, redis_url: str, kills: int) -> None:
    folder, dice, before = short_dir / "tapes", random.Random(7), list[tuple[str, bytes]]()
    for _ in range(kills):
        began = time.time()
        recorder = start(short_dir, "record", redis_url, "--out", str(folder))
        wait_until(partial(has_written_since, folder, began), 30, "a look of this recorder")
        later = last_look_s(tape_in(folder)) + dice.choice([-1.0, 0.5, 1.5])
        wait_until(partial(has_written_since, folder, later), 30, "another")
        time.sleep(dice.uniform(0.0, 1.0))
        killed = time.time()
        kill(recorder)
        path = tape_in(folder)
        assert path is not None
        now = recorded(path)
        assert now[: len(before)] == before
        assert killed - last_look_s(path) < LOST_S + POLL_S + SLOW_MACHINE_S
        before = now
    assert len(before) > kills
    assert len([*folder.glob("*.tape")]) == 1


@pytest.mark.usefixtures("publisher")
@pytest.mark.parametrize("kills", [4, pytest.param(40, marks=pytest.mark.hostile)])
def test_killed_while_it_begins_a_tape_it_leaves_one_or_none(short_dir: Path, redis_url: str, kills: int) -> None:
    folder, dice = short_dir / "tapes", random.Random(-kills)
    for number in range(kills):
        own = folder / str(number)
        recorder = start(short_dir, "record", redis_url, "--out", str(own))
        wait_until(own.exists, 20, "its folder")
        time.sleep(dice.uniform(0.0, 0.15))
        kill(recorder)
        for path in own.glob("*.tape"):
            recorded(path)
        ended = run(short_dir, "record", redis_url, "--out", str(own), "--for", "0.5")
        assert ended.returncode == 0, ended.stderr
        [path] = own.glob("*.tape")
        assert recorded(path)
