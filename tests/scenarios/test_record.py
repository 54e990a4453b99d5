"""`chaindeck record` beside a real publisher: what consumers were shown is on the tape, byte for byte."""

import signal
import time
from pathlib import Path

import pytest
from redis import Redis

from tape.play.boards import boards
from tape.play.reader import TapeReader
from tape.store.file import TapeFile
from tape.tools.ndjson import payloads
from tape.tools.verify import verify
from tests.support.product import run, start
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

PUBLISH = ("publish", "--underlyings", "SPX", "--expirations", "2", "--interval", "0.5", "--ttl", "60")


def test_a_recording_holds_what_was_published_and_survives_a_kill(short_dir: Path, redis_url: str) -> None:
    folder = short_dir / "tapes"
    publisher = start(short_dir, *PUBLISH, "--redis-url", redis_url)
    recorder = start(short_dir, "record", redis_url, "--out", str(folder))
    with Redis.from_url(redis_url) as redis:
        wait_until(lambda: len(list(folder.glob("*.tape"))) == 1, 20, "a tape")
        [path] = folder.glob("*.tape")
        wait_until(lambda: looks(path) >= 3, 20, "three looks")
        recorder.send_signal(signal.SIGKILL)
        recorder.wait()
        told = run(short_dir, "record", redis_url, "--out", str(folder), "--for", "1.5")
        publisher.send_signal(signal.SIGTERM)
        publisher.wait()
        assert told.returncode == 0, told.stderr
        with TapeFile(path) as tape:
            assert verify(tape).sound
            read = [(key, raw) for _, key, raw in payloads(tape, lambda damage: pytest.fail(damage.what))]
            assert len(read) >= 4
            assert {key.split(":")[3] for key, _ in read} == {"SPX"}
            there = [(raw, redis.get(key)) for key, raw in read]
            assert there
            assert all(mine == theirs for mine, theirs in there)  # none of them has expired yet
            last = [*boards(tape)][-1]
            assert all(record.last_good for record in last.chains.records)
    for process in (publisher, recorder):
        assert process.stderr
        process.stderr.close()


def looks(path: Path) -> int:
    time.sleep(0.1)
    with TapeFile(path) as tape:
        return len(TapeReader(tape).looks)
