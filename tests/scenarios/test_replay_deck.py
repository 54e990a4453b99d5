"""The deck beside a replay, on a real terminal: it shows what is played, REPLAY, and its keys and signals steer it."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from redis import Redis as SyncRedis

from chain.model.keys import REPLAY_PREFIX, KeySchema
from tests.support.product import on_terminal
from tests.support.replays import looks, pointer, tape_of
from tests.support.scenes import SPX, START_S
from tests.support.terminal import Terminal

pytestmark = pytest.mark.slow

GONE_S = 1_800  # when a pointer is gone, for ten seconds
POINTER = KeySchema(REPLAY_PREFIX).latest(SPX)


@pytest.fixture
def redis_sync(redis_url: str) -> Iterator[SyncRedis]:
    with SyncRedis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def terminal(redis_url: str, short_dir: Path, tmp_path: Path) -> Iterator[Terminal]:
    gone = {GONE_S: [pointer(SPX, None)]}
    tape = tape_of(tmp_path / "day.tape", looks(3_600, changed=gone))
    with on_terminal(short_dir, "replay", str(tape), "--redis-url", redis_url, "--speed", "5") as terminal:
        yield terminal


class Played:
    """What a replay has in Redis."""

    def __init__(self, redis: SyncRedis) -> None:
        self._redis = redis

    @property
    def snapshot_s(self) -> float | None:
        value = self._redis.get(POINTER)
        return int(value.rpartition(b":")[2]) / 1000 - START_S if isinstance(value, bytes) else None

    @property
    def source(self) -> dict[str, Any]:
        raw = self._redis.get("replay:heartbeat")
        found: dict[str, Any] = orjson.loads(raw)["source"] if isinstance(raw, bytes) else {}
        return found


def test_the_deck_shows_what_is_played_and_steers_it(terminal: Terminal, redis_sync: SyncRedis) -> None:
    played = Played(redis_sync)
    terminal.wait_for("[REPLAY]")
    terminal.wait_until(lambda: "all 2 chains fresh" in terminal.text, "what was fresh then to be fresh now")
    terminal.send(" ")
    terminal.wait_until(lambda: played.source["speed"] == 0.0, "space to pause it")
    stood = played.snapshot_s or 0.0
    terminal.send(".")
    terminal.wait_until(lambda: played.snapshot_s == stood + 10, "a step to the next snapshot")
    terminal.send(",")
    terminal.wait_until(lambda: played.snapshot_s == stood, "a step back")
    terminal.send(">")
    terminal.wait_until(lambda: played.snapshot_s == stood + 60, "a minute on")
    terminal.send("n")
    terminal.wait_until(lambda: played.snapshot_s is None, "the next change: a pointer is gone")
    terminal.wait_for("MISSING")
    terminal.send("n")
    terminal.wait_until(lambda: played.snapshot_s == GONE_S + 10, "the change after it")
    terminal.send("N")
    terminal.wait_until(lambda: played.snapshot_s is None, "the change before")
    terminal.send(",")
    terminal.wait_until(lambda: played.snapshot_s == GONE_S - 10, "the snapshot before")
    terminal.send("T")
    terminal.wait_for("go to a time")
    terminal.send("10:40:05")
    terminal.wait_for("> 10:40:05")
    terminal.send("\r")
    terminal.wait_until(lambda: played.snapshot_s == 2_400, "the time that was typed")
    terminal.wait_until(lambda: "ROLLED-BACK" not in terminal.text and "[REPLAY]" in terminal.text, "one clean board")
    terminal.send(" ")
    terminal.wait_until(lambda: played.source["speed"] == 5.0, "space to let it go on")
    terminal.send("+")
    terminal.wait_until(lambda: played.source["speed"] == 10.0, "it to go faster")
    terminal.tell(signal.SIGUSR1)
    terminal.wait_until(lambda: played.source["speed"] == 0.0, "a signal to pause it")
    stood = played.snapshot_s or 0.0
    terminal.tell(signal.SIGUSR2)
    terminal.wait_until(lambda: played.snapshot_s == stood + 10, "a signal to step it")
    terminal.send("q")
    assert terminal.wait() == 0
    assert not redis_sync.keys("massive:replay:chain:latest:*")
