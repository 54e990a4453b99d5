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
from tests.support.product import on_terminal, run, start
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


def test_r_records_what_the_deck_shows_until_it_is_pressed_again(short_dir: Path, redis_url: str) -> None:
    publisher = start(short_dir, *PUBLISH, "--redis-url", redis_url)
    with on_terminal(short_dir, "watch", redis_url, columns=170) as terminal:
        terminal.wait_for("FRESH")
        terminal.send("r")
        terminal.wait_for("REC since")
        terminal.wait_for("MB")
        terminal.wait_for(".tape")
        time.sleep(1.5)  # a commit
        terminal.send("r")
        terminal.wait_for("recorded")
        terminal.send("q")
        assert terminal.wait() == 0
    publisher.send_signal(signal.SIGTERM)
    publisher.wait()
    assert publisher.stderr
    publisher.stderr.close()
    [path] = (short_dir / ".local/share/chaindeck/tapes").glob("*.tape")
    with TapeFile(path) as tape:
        assert verify(tape).sound
        assert all(record.last_good for record in [*boards(tape)][-1].chains.records)
