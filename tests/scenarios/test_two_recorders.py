"""Recorders of one prefix beside each other: one heartbeat, the first one's, until it ends."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from redis import Redis

from tests.support.product import start_logged
from tests.support.waiting import wait_until
from tests.support.warm import WarmChild

KEY = "massive:recorder:heartbeat"
BESIDE = "records without a heartbeat"


@pytest.fixture
def redis_sync(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as client:
        yield client


def begin(home: Path, redis_url: str, name: str) -> tuple[WarmChild, Path]:
    """Start a recorder with a folder of its own; return it with its log."""
    log = home / f"{name}.log"
    return start_logged(home, log, "record", redis_url, "--out", str(home / name)), log


def end(recorder: WarmChild) -> None:
    os.kill(recorder.pid, signal.SIGTERM)
    ended = recorder.ended(10)
    assert ended and ended[0] == 0


def beat_of(redis: Redis) -> tuple[int, str]:
    """Return the process whose heartbeat stands, and its status."""
    raw = redis.get(KEY)
    assert raw is None or isinstance(raw, bytes)
    beat = orjson.loads(raw or b'{"pid":0,"status":""}')
    return beat["pid"], beat["status"]


def test_one_beats_and_the_other_once_the_first_has_ended(short_dir: Path, redis_url: str, redis_sync: Redis) -> None:
    first, _ = begin(short_dir, redis_url, "first")
    wait_until(lambda: beat_of(redis_sync)[0] == first.pid, 10, "the first one's heartbeat")
    brief, log = begin(short_dir, redis_url, "brief")
    wait_until(lambda: [*(short_dir / "brief").glob("*.tape")], 10, "a tape of one that does not stay")
    end(brief)
    assert "heartbeat" not in log.read_text()
    second, log = begin(short_dir, redis_url, "second")
    wait_until(lambda: BESIDE in log.read_text(), 10, "the second one to know the first")
    assert beat_of(redis_sync) == (first.pid, "running")
    end(first)
    wait_until(lambda: beat_of(redis_sync) == (second.pid, "running"), 10, "the second one's heartbeat")
    end(second)
    assert beat_of(redis_sync) == (second.pid, "stopped")
    assert len([*short_dir.glob("*/*.tape")]) == 3
