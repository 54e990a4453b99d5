"""`chaindeck record` as a process: how it ends."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
import redis as blocking

from chaindeck.exits import Exit
from tape.frames import read_frames
from tape.store.facts import FactKind
from tape.store.file import TapeFile
from tape.store.rows import StoredFact
from tests.support.product import run, start_logged
from tests.support.waiting import wait_until


@pytest.mark.parametrize("there", [True, False])
def test_a_redis_that_never_answers_is_said_and_ends_in_2(redis_url: str, short_dir: Path, there: bool) -> None:
    url = redis_url if there else "redis://127.0.0.1:1"
    ended = run(short_dir, "record", url, "--out", str(short_dir / "tapes"), "--for", "1")
    assert ended.returncode == (Exit.DONE if there else Exit.UNAVAILABLE), ended.stderr
    assert ("never answered" in ended.stderr) is not there
    assert ("recorded no answer" in ended.stderr) is not there
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("stream", [True, False])
def test_frames_of_the_stream_are_recorded_unless_told_otherwise(redis_url: str, short_dir: Path, stream: bool) -> None:
    command = ["record", redis_url, "--out", str(short_dir / "tapes"), "--for", "3"]
    log = short_dir / "log"
    recording = start_logged(short_dir, log, *command, *([] if stream else ["--no-stream"]))
    with blocking.Redis.from_url(redis_url) as client:
        wait_until(lambda: "recording massive" in log.read_text(), 20.0)
        numbers = count()

        def over() -> bool:
            client.xadd("massive:ws:stream", {"ts": "1766437800.5", "payload": b"[%d]" % next(numbers)})
            return recording.ended() is not None

        wait_until(over, 30.0, "the end of the recording")
        written = [(one.decode(), fields[b"payload"]) for one, fields in client.xrange("massive:ws:stream")]
    [tape] = (short_dir / "tapes").glob("*.tape")
    with TapeFile(tape) as file:
        facts = [fact for _, fact in _frames(file)]
        found = [entry for fact in facts for entry in read_frames(file.value(fact) or b"")]
    assert bool(found) is stream
    kept = [(entry.id, entry.payload) for entry in found]
    first = written.index(kept[0]) if kept else 0
    assert kept == written[first : first + len(kept)]  # a run without a gap


def _frames(file: TapeFile) -> Iterator[tuple[int, StoredFact]]:
    for number, _ in file.moments(1, 2**40):
        yield from ((number, fact) for fact in file.facts(number, number) if fact.kind == FactKind.FRAMES)
