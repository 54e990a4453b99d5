"""`chaindeck record` as a process: how it ends."""

from pathlib import Path

import pytest

from chaindeck.exits import Exit
from tests.support.product import run


@pytest.mark.parametrize("there", [True, False])
def test_a_redis_that_never_answers_is_said_and_ends_in_2(redis_url: str, short_dir: Path, there: bool) -> None:
    url = redis_url if there else "redis://127.0.0.1:1"
    ended = run(short_dir, "record", url, "--out", str(short_dir / "tapes"), "--for", "1")
    assert ended.returncode == (Exit.DONE if there else Exit.UNAVAILABLE), ended.stderr
    assert ("never answered" in ended.stderr) is not there
    assert ("recorded no answer" in ended.stderr) is not there
    assert "Traceback" not in ended.stderr
